/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr.h"

#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/crypto_memory.h"
#include "base/limits.h"
#include "model/csr_attributes.h"
#include "model/csr_parts.h"
#include "model/public_key.h"

static bool parse_subject(struct bytes raw, struct csr *csr, struct error *err)
{
    const unsigned char *at = raw.data;

    if (raw.len > LIMIT_DN_BYTES) {
        return error_set(err, REASON_LIMIT, "subject of %zu bytes, more than %u", raw.len,
                         LIMIT_DN_BYTES);
    }
    csr->subject = raw.data == NULL ? NULL : d2i_X509_NAME(NULL, &at, (long)raw.len);
    if (csr->subject == NULL || at != raw.data + raw.len) {
        return error_set(err,
                         csr->subject == NULL ? crypto_memory_reason(REASON_SYNTAX) : REASON_SYNTAX,
                         "subject is malformed");
    }
    return true;
}

static bool parse_key(struct bytes raw, const struct public_key *known, struct csr *csr,
                      struct error *err)
{
    struct public_key key;
    bool read = public_key_read(raw, known, &key, err);

    csr->key_way = key.way;
    if (!read) {
        return false;
    }
    csr->key = key.key;
    csr->key_type = key.facts.type;
    csr->key_bits =
        key.facts.type != KEY_TYPE_OTHER ? key.facts.bits : (unsigned)EVP_PKEY_get_bits(csr->key);
    csr->key_exponent_ok = key.facts.exponent_ok;
    memcpy(csr->key_sha256, key.sha256, sizeof(csr->key_sha256));
    csr->spki.max = LIMIT_CSR_BYTES;
    return buffer_append_bytes(&csr->spki, raw, err);
}

static bool parse_attributes(struct bytes raw, struct csr *csr, struct error *err)
{
    struct csr_attributes attributes = { 0 };

    if (!csr_attributes_parse(raw, &attributes, err)) {
        return false;
    }
    csr->san = attributes.san;
    csr->has_key_usage = attributes.has_key_usage;
    csr->key_usage = attributes.key_usage;
    csr->has_challenge = attributes.has_challenge;
    csr->challenge = attributes.challenge;
    return true;
}

static bool parse_info(struct bytes der, const struct public_key *known, struct csr *csr,
                       struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = csr_parts_info(der, err);
    bool ok = false;

    if (parts == NULL) {
        return false;
    }
    ok = parse_subject(der_parts_bytes(parts, CSR_INFO_SUBJECT, V_ASN1_SEQUENCE), csr, err)
         && parse_key(der_parts_bytes(parts, CSR_INFO_KEY, V_ASN1_SEQUENCE), known, csr, err)
         && (der_parts_count(parts) < CSR_INFO_PARTS
             || parse_attributes(der_parts_bytes(parts, CSR_INFO_ATTRIBUTES, V_ASN1_OTHER), csr,
                                 err));
    der_parts_free(parts);
    return ok;
}

bool csr_parse(struct bytes der, struct csr *csr, struct error *err)
{
    return csr_parse_for(der, NULL, csr, err);
}

bool csr_parse_for(struct bytes der, const struct public_key *known, struct csr *csr,
                   struct error *err)
{
    enum public_key_way way = PUBLIC_KEY_NOT_READ;
    STACK_OF(ASN1_TYPE) *parts = NULL;
    bool ok = false;

    csr_clear(csr);
    csr->der.max = LIMIT_CSR_BYTES;
    if (der.len > LIMIT_CSR_BYTES) {
        (void)error_set(err, REASON_LIMIT, "certification request of %zu bytes, more than %u",
                        der.len, LIMIT_CSR_BYTES);
        goto out;
    }
    parts = csr_parts_request(der, err);
    if (parts == NULL) {
        goto out;
    }
    ok = parse_info(der_parts_bytes(parts, CSR_PART_INFO, V_ASN1_SEQUENCE), known, csr, err)
         && buffer_append_bytes(&csr->der, der, err) && digest_sha256(der, csr->sha256, err);
out:
    der_parts_free(parts);
    ERR_clear_error();
    if (!ok) {
        way = csr->key_way;
        csr_clear(csr);
        csr->key_way = way;
    }
    return ok;
}

void csr_clear(struct csr *csr)
{
    size_t der_max = 0;

    if (csr == NULL) {
        return;
    }
    der_max = csr->der.max;
    buffer_clear(&csr->der); /* wipes */
    secret_clear(&csr->challenge);
    GENERAL_NAMES_free(csr->san);
    X509_NAME_free(csr->subject);
    EVP_PKEY_free(csr->key);
    buffer_clear(&csr->spki);
    memset(csr, 0, sizeof(*csr));
    csr->der.max = der_max;
}

bool csr_verify(const struct csr *csr, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    X509_ALGOR *algorithm = NULL;
    struct bytes raw = { NULL, 0 };
    const unsigned char *at = NULL;
    bool ok = false;

    if (csr->key == NULL || csr->key_type == KEY_TYPE_OTHER) {
        return error_set(err, REASON_SIGNATURE_WRONG, "key type cannot prove possession");
    }
    parts = csr_parts_request(buffer_bytes(&csr->der), err);
    if (parts == NULL) {
        goto out;
    }
    raw = der_parts_bytes(parts, CSR_PART_ALGORITHM, V_ASN1_SEQUENCE);
    at = raw.data;
    algorithm = d2i_X509_ALGOR(NULL, &at, (long)raw.len);
    /* over the bytes as received: a request in BER was signed by somebody who hashed just these */
    if (algorithm == NULL || at != raw.data + raw.len
        || ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), algorithm,
                            der_parts_string(parts, CSR_PART_SIGNATURE, V_ASN1_BIT_STRING),
                            der_parts_string(parts, CSR_PART_INFO, V_ASN1_SEQUENCE), csr->key)
               != 1) {
        (void)error_set(err, crypto_memory_reason(REASON_SIGNATURE_WRONG),
                        "self-signature does not fit the key");
        goto out;
    }
    ok = true;
out:
    X509_ALGOR_free(algorithm);
    der_parts_free(parts);
    ERR_clear_error();
    return ok;
}

const X509_NAME *csr_subject(const struct csr *csr)
{
    return csr->subject;
}

EVP_PKEY *csr_key(const struct csr *csr)
{
    return csr->key;
}
