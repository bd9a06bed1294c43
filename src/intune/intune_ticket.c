/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  tickets: what a notification of later needs of a request, sealed; and the name our CA
 *           has towards Intune.
 * Not here: where tickets are kept (store/store_outbox.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none.
 *
 * Within the seal: a line with the version, a line with the transaction id, the request's DER. Not
 * JSON: the request holds the challenge, and a parser of ours leaves no copies.
 */
#include "intune/intune_challenge.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "platform/protect.h"
#include "platform/sealed_places.h"

#define PURPOSE SEALED_INTUNE_TICKET
#define VERSION_LINE "openndes intune ticket 1\n"
#define VERSION_BYTES (sizeof(VERSION_LINE) - 1)
#define PLAIN_MAX (VERSION_BYTES + 4 * LIMIT_TRANSACTION_ID_BYTES + 1 + LIMIT_CSR_BYTES)
#define KEY_BYTES 8 /* of the issuer's key identifier */

bool intune_ticket_seal(const char *data_folder, const struct intune_request *request,
                        struct buffer *ticket, struct error *err)
{
    struct buffer plain = BUFFER_INIT(PLAIN_MAX);
    bool ok = false;

    if (strchr(request->transaction_id, '\n') != NULL
        || strlen(request->transaction_id) > 4 * LIMIT_TRANSACTION_ID_BYTES) {
        return error_set(err, REASON_SYNTAX, "the transaction id is not printable text");
    }
    ok = buffer_append_text(&plain, VERSION_LINE, err)
         && buffer_append_text(&plain, request->transaction_id, err)
         && buffer_append_byte(&plain, '\n', err) && buffer_append_bytes(&plain, request->csr, err)
         && protect_seal(data_folder, PURPOSE, buffer_bytes(&plain), ticket, err);
    buffer_clear(&plain);
    return ok;
}

static bool ticket_damaged(struct error *err)
{
    return error_set(err, REASON_SYNTAX, "the ticket of a notification is of no known form");
}

static bool read_plain(struct bytes plain, struct intune_ticket *out, struct error *err)
{
    const uint8_t *id = NULL;
    const uint8_t *end = NULL;

    if (plain.len <= VERSION_BYTES || memcmp(plain.data, VERSION_LINE, VERSION_BYTES) != 0) {
        return ticket_damaged(err);
    }
    id = plain.data + VERSION_BYTES;
    end = memchr(id, '\n', plain.len - VERSION_BYTES);
    if (end == NULL || (size_t)(end - id) >= sizeof(out->transaction_id)
        || memchr(id, 0, (size_t)(end - id)) != NULL) {
        return ticket_damaged(err);
    }
    memcpy(out->transaction_id, id, (size_t)(end - id));
    out->transaction_id[end - id] = '\0';
    return buffer_append(&out->csr, end + 1, plain.len - (size_t)(end + 1 - plain.data), err);
}

bool intune_ticket_open(const char *data_folder, struct bytes ticket, struct intune_ticket *out,
                        struct error *err)
{
    struct intune_ticket opened = { .plain = SECRET_INIT, .csr = BUFFER_INIT(LIMIT_CSR_BYTES) };

    if (!protect_open(data_folder, PURPOSE, ticket, &opened.plain, err)
        || !read_plain(secret_bytes(&opened.plain), &opened, err)) {
        intune_ticket_clear(&opened);
        return false;
    }
    *out = opened;
    return true;
}

void intune_ticket_clear(struct intune_ticket *ticket)
{
    if (ticket != NULL) {
        secret_clear(&ticket->plain);
        buffer_clear(&ticket->csr);
        ticket->transaction_id[0] = '\0';
    }
}

/* ---- our CA's name --------------------------------------------------------------------------- */

/* The issuer's key as the certificate names it; without that, its name stands for it. */
static bool issuer_key(const X509 *cert, uint8_t key[KEY_BYTES], struct error *err)
{
    AUTHORITY_KEYID *authority = X509_get_ext_d2i(cert, NID_authority_key_identifier, NULL, NULL);
    const ASN1_OCTET_STRING *id = authority != NULL ? authority->keyid : NULL;
    uint8_t digest[DIGEST_SHA256_BYTES];
    unsigned char *name = NULL;
    int len = 0;
    bool ok = true;

    if (id != NULL && ASN1_STRING_length(id) >= KEY_BYTES) {
        memcpy(key, ASN1_STRING_get0_data(id), KEY_BYTES);
    } else {
        len = i2d_X509_NAME(X509_get_issuer_name(cert), &name);
        ok = len > 0 ? digest_sha256(bytes_of(name, (size_t)len), digest, err)
                     : error_set(err, REASON_CERT_UNREADABLE, "the issuer cannot be encoded");
        if (ok) {
            memcpy(key, digest, KEY_BYTES);
        }
    }
    OPENSSL_free(name);
    AUTHORITY_KEYID_free(authority);
    ERR_clear_error();
    return ok;
}

bool intune_ca_configuration(const char *ca_name, struct bytes certificate_der, char out[160],
                             struct error *err)
{
    X509 *cert = certificate_parse(certificate_der, err);
    uint8_t key[KEY_BYTES];
    char digits[2 * KEY_BYTES + 1];
    bool ok = cert != NULL && issuer_key(cert, key, err);

    if (ok) {
        text_hex(digits, sizeof(digits), bytes_of(key, sizeof(key)));
        ok = text_format(out, 160, "openndes:%s:%s", ca_name, digits)
             || error_set(err, REASON_LIMIT, "the CA's name is too long");
    }
    certificate_free(cert);
    return ok;
}
