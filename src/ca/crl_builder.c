/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/crl_builder.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/asn1_time.h"
#include "ca/ca_error.h"
#include "ca/ca_sign.h"
#include "ca/der_writer.h"
#include "model/certificate.h"

/*
 * Entries are written as DER at once, and what is around them by OpenSSL: an X509_CRL of a hundred
 * thousand entries takes 60 MB for a list of 4 MB.
 */
#define ENTRY_BYTES_MAX 128
#define FRAME_BYTES_MAX 16384u
#define TBS_PIECES 4 /* header, head, entries, tail */
#define SERIAL_BYTES_MAX (SERIAL_TEXT_MAX / 2 + 1)

struct crl_builder {
    struct buffer entries; /* DER of each, one after the other */
    ASN1_TIME *time;       /* of the entry that is being written */
};

struct crl_builder *crl_builder_create(size_t expected, struct error *err)
{
    struct crl_builder *builder = calloc(1, sizeof(*builder));
    bool ok = builder != NULL;

    if (builder != NULL) {
        builder->entries.max = CRL_BYTES_MAX;
        builder->time = ASN1_TIME_new();
        ok = builder->time != NULL && buffer_reserve(&builder->entries, expected, err);
    }
    if (!ok) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CRL");
        crl_builder_free(builder);
        builder = NULL;
    }
    return builder;
}

void crl_builder_free(struct crl_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    buffer_clear(&builder->entries);
    ASN1_TIME_free(builder->time);
    free(builder);
}

/* ---- entries --------------------------------------------------------------------------------- */

/*
 * RFC 5280 5.3.1: unspecified is left out, 7 is unused, 8 (removeFromCRL) is for delta CRLs
 * only.
 */
static bool reason_is_written(int reason)
{
    return (reason >= CRL_REASON_KEY_COMPROMISE && reason <= CRL_REASON_CERTIFICATE_HOLD)
           || reason == CRL_REASON_PRIVILEGE_WITHDRAWN || reason == CRL_REASON_AA_COMPROMISE;
}

/* The content of an INTEGER, as short as it can be; 0: this is no serial number of a CA's. */
static size_t write_serial(uint8_t out[SERIAL_BYTES_MAX], const char *serial)
{
    uint8_t bytes[SERIAL_BYTES_MAX];
    size_t len = 0;
    size_t zeros = 0;
    size_t sign = 0;

    if (!text_unhex(bytes, sizeof(bytes) - 1, &len, bytes_of_text(serial)) || len == 0) {
        return 0;
    }
    while (zeros + 1 < len && bytes[zeros] == 0) {
        zeros++;
    }
    sign = (bytes[zeros] & 0x80u) != 0 ? 1 : 0;
    out[0] = 0;
    memcpy(out + sign, bytes + zeros, len - zeros);
    return sign + len - zeros;
}

static size_t write_reason(uint8_t *out, int reason)
{
    /* SEQUENCE OF Extension: reasonCode (2.5.29.21), an OCTET STRING around an ENUMERATED */
    static const uint8_t extension[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                         0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01 };

    memcpy(out, extension, sizeof(extension));
    out[sizeof(extension)] = (uint8_t)reason;
    return sizeof(extension) + 1;
}

bool crl_builder_add(struct crl_builder *builder, const char *serial, int64_t revoked_at,
                     int reason, struct error *err)
{
    uint8_t number[SERIAL_BYTES_MAX];
    uint8_t entry[ENTRY_BYTES_MAX];
    uint8_t header[DER_HEADER_MAX];
    size_t number_len = write_serial(number, serial);
    size_t len = 0;
    size_t header_len = 0;

    if (number_len == 0) {
        return error_set(err, REASON_SYNTAX,
                         "a revoked certificate's serial number is not hexadecimal");
    }
    if (!asn1_time_set(builder->time, revoked_at, err)) {
        return false;
    }
    len = der_header(entry, V_ASN1_INTEGER, number_len);
    memcpy(entry + len, number, number_len);
    len += number_len;
    len += der_header(entry + len, builder->time->type, (size_t)builder->time->length);
    memcpy(entry + len, builder->time->data, (size_t)builder->time->length);
    len += (size_t)builder->time->length;
    if (reason_is_written(reason)) {
        len += write_reason(entry + len, reason);
    }
    header_len = der_header(header, DER_SEQUENCE, len);
    return buffer_reserve(&builder->entries, header_len + len, err)
           && buffer_append(&builder->entries, header, header_len, err)
           && buffer_append(&builder->entries, entry, len, err);
}

/* ---- what is around them --------------------------------------------------------------------- */

static bool add_number(X509_EXTENSIONS **extensions, int64_t number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool ok = value != NULL && ASN1_INTEGER_set_int64(value, number) == 1
              && X509V3_add1_i2d(extensions, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) == 1;

    ASN1_INTEGER_free(value);
    return ok;
}

static bool add_authority_key_id(X509_EXTENSIONS **extensions, const ASN1_OCTET_STRING *key_id)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool ok = false;

    if (authority != NULL) {
        authority->keyid = ASN1_OCTET_STRING_dup(key_id);
        ok = authority->keyid != NULL
             && X509V3_add1_i2d(extensions, NID_authority_key_identifier, authority, 0,
                                X509V3_ADD_DEFAULT)
                    == 1;
    }
    AUTHORITY_KEYID_free(authority);
    return ok;
}

static bool append_extensions(struct buffer *out, const struct cert_issuer *issuer, int64_t number,
                              struct error *err)
{
    struct buffer list = BUFFER_INIT(FRAME_BYTES_MAX);
    X509_EXTENSIONS *extensions = NULL;
    bool ok = false;

    if (!add_authority_key_id(&extensions, issuer->key_id) || !add_number(&extensions, number)) {
        (void)ca_error_openssl(err, REASON_NO_MEMORY, "a CRL's extensions cannot be made");
        goto out;
    }
    ok = der_append_item(&list, extensions, ASN1_ITEM_rptr(X509_EXTENSIONS), err)
         && der_append_header(out, DER_CONTEXT(0), list.len, err)
         && buffer_append_bytes(out, buffer_bytes(&list), err);
out:
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    buffer_clear(&list);
    return ok;
}

static bool append_time(struct buffer *out, int64_t seconds, struct error *err)
{
    ASN1_TIME *time = ASN1_TIME_new();
    bool ok = time != NULL ? asn1_time_set(time, seconds, err)
                                 && der_append_item(out, time, ASN1_ITEM_rptr(ASN1_TIME), err)
                           : error_set(err, REASON_NO_MEMORY, "out of memory for a CRL");

    ASN1_TIME_free(time);
    return ok;
}

struct facts {
    int64_t number, this_update, next_update;
};

/* TBSCertList without its own header and its entries. */
struct frame {
    struct buffer head; /* up to the header of revokedCertificates */
    struct buffer tail; /* crlExtensions */
    struct buffer sign; /* the AlgorithmIdentifier */
};

static void frame_clear(struct frame *frame)
{
    buffer_clear(&frame->head);
    buffer_clear(&frame->tail);
    buffer_clear(&frame->sign);
}

static bool make_frame(struct frame *frame, const struct crl_builder *builder,
                       const struct cert_issuer *issuer, const struct facts *facts,
                       struct error *err)
{
    static const uint8_t version_2[] = { V_ASN1_INTEGER, 1, X509_CRL_VERSION_2 };
    size_t entries = builder->entries.len;

    return ca_sign_algorithm(issuer->key, issuer->digest, &frame->sign, err)
           && buffer_append(&frame->head, version_2, sizeof(version_2), err)
           && buffer_append_bytes(&frame->head, buffer_bytes(&frame->sign), err)
           && der_append_item(&frame->head, X509_get_subject_name(issuer->cert),
                              ASN1_ITEM_rptr(X509_NAME), err)
           && append_time(&frame->head, facts->this_update, err)
           && append_time(&frame->head, facts->next_update, err)
           /* RFC 5280 5.1.2.6: absent when nothing is revoked */
           && (entries == 0 || der_append_header(&frame->head, DER_SEQUENCE, entries, err))
           && append_extensions(&frame->tail, issuer, facts->number, err);
}

/* ---- signing --------------------------------------------------------------------------------- */

/* The pieces of the TBSCertList, its header first. */
static bool append_crl(struct buffer *out, const struct bytes pieces[TBS_PIECES],
                       const struct buffer *algorithm, const struct buffer *signature,
                       struct error *err)
{
    size_t len = algorithm->len + signature->len;
    bool ok = true;

    for (size_t i = 0; i < TBS_PIECES; i++) {
        len += pieces[i].len;
    }
    /* one allocation of the right size: the list is large */
    ok = buffer_reserve(out, len + DER_HEADER_MAX, err)
         && der_append_header(out, DER_SEQUENCE, len, err);
    for (size_t i = 0; ok && i < TBS_PIECES; i++) {
        ok = buffer_append_bytes(out, pieces[i], err);
    }
    return ok && buffer_append_bytes(out, buffer_bytes(algorithm), err)
           && buffer_append_bytes(out, buffer_bytes(signature), err);
}

bool crl_builder_sign(struct crl_builder *builder, const struct cert_issuer *issuer, int64_t number,
                      int64_t this_update, int64_t next_update, struct buffer *der,
                      struct error *err)
{
    const struct facts facts = { number, this_update, next_update };
    struct frame frame = { BUFFER_INIT(FRAME_BYTES_MAX), BUFFER_INIT(FRAME_BYTES_MAX),
                           BUFFER_INIT(FRAME_BYTES_MAX) };
    struct buffer signature = BUFFER_INIT(FRAME_BYTES_MAX);
    struct bytes pieces[TBS_PIECES];
    uint8_t header[DER_HEADER_MAX];
    bool ok = false;

    if (!make_frame(&frame, builder, issuer, &facts, err)) goto out;
    pieces[0] =
        bytes_of(header, der_header(header, DER_SEQUENCE,
                                    frame.head.len + builder->entries.len + frame.tail.len));
    pieces[1] = buffer_bytes(&frame.head);
    pieces[2] = buffer_bytes(&builder->entries);
    pieces[3] = buffer_bytes(&frame.tail);
    ok = ca_sign_pieces(issuer->key, issuer->digest, pieces, TBS_PIECES, &signature, err)
         && append_crl(der, pieces, &frame.sign, &signature, err);
out:
    buffer_clear(&signature);
    frame_clear(&frame);
    return ok;
}

/* ---- looking at one that is kept ------------------------------------------------------------- */

/* The next element of *rest, which moves on; *content (may be NULL) gets what is inside. */
static bool next_element(struct bytes *rest, int tag, struct bytes *whole, struct bytes *content)
{
    const unsigned char *p = rest->data;
    long len = 0;
    int found = 0;
    int class = 0;
    int flags = ASN1_get_object(&p, &len, &found, &class, (long)rest->len);

    if (rest->len == 0 || (flags & 0x81) != 0 || class != V_ASN1_UNIVERSAL || found != tag
        || len < 0) {
        return false; /* an error, or no length */
    }
    *whole = bytes_of(rest->data, (size_t)(p - rest->data) + (size_t)len);
    if (content != NULL) {
        *content = bytes_of(p, (size_t)len);
    }
    *rest = bytes_of(p + len, rest->len - whole->len);
    return true;
}

static bool names_issuer(struct bytes name, const struct cert_issuer *issuer)
{
    const unsigned char *p = name.data;
    X509_NAME *parsed = d2i_X509_NAME(NULL, &p, (long)name.len);
    bool same = parsed != NULL && X509_NAME_cmp(parsed, X509_get_subject_name(issuer->cert)) == 0;

    X509_NAME_free(parsed);
    return same;
}

static bool verifies(struct bytes signed_part, struct bytes algorithm, struct bytes signature,
                     const struct cert_issuer *issuer)
{
    struct buffer ours = BUFFER_INIT(FRAME_BYTES_MAX);
    struct error ignored = ERROR_INIT;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    /* a BIT STRING begins with the number of unused bits */
    bool ok = ctx != NULL && ca_sign_algorithm(issuer->key, issuer->digest, &ours, &ignored)
              && bytes_equal(buffer_bytes(&ours), algorithm) && signature.len > 1
              && signature.data[0] == 0
              && EVP_DigestVerifyInit(ctx, NULL, issuer->digest, NULL, issuer->key) == 1
              && EVP_DigestVerify(ctx, signature.data + 1, signature.len - 1, signed_part.data,
                                  signed_part.len)
                     == 1;

    EVP_MD_CTX_free(ctx);
    buffer_clear(&ours);
    return ok;
}

/* Its entries are not looked at: the signature says that they are what we have written. */
bool crl_builder_made_by(struct bytes der, const struct cert_issuer *issuer)
{
    struct bytes rest = der;
    struct bytes whole = { NULL, 0 };
    struct bytes list = { NULL, 0 };
    struct bytes tbs = { NULL, 0 };
    struct bytes algorithm = { NULL, 0 };
    struct bytes signature = { NULL, 0 };
    struct bytes name = { NULL, 0 };
    bool ours = false;

    ERR_set_mark();
    ours = der.len > 0 && der.len <= CRL_BYTES_MAX
           && next_element(&rest, V_ASN1_SEQUENCE, &whole, &list) && rest.len == 0
           && next_element(&list, V_ASN1_SEQUENCE, &tbs, &rest)
           && next_element(&list, V_ASN1_SEQUENCE, &algorithm, NULL)
           && next_element(&list, V_ASN1_BIT_STRING, &whole, &signature)
           && list.len == 0
           /* inside of what is signed: version, algorithm, issuer */
           && next_element(&rest, V_ASN1_INTEGER, &whole, NULL)
           && next_element(&rest, V_ASN1_SEQUENCE, &whole, NULL) && bytes_equal(whole, algorithm)
           && next_element(&rest, V_ASN1_SEQUENCE, &name, NULL) && names_issuer(name, issuer)
           && verifies(tbs, algorithm, signature, issuer);
    ERR_pop_to_mark();
    return ours;
}
