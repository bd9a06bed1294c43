/* SPDX-License-Identifier: Apache-2.0 */
#include "model/certificate.h"

#include <limits.h>

#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/text.h"
#include "model/name.h"
#include "model/public_key.h"

#define SERIAL_BYTES_MAX 40u /* RFC 5280 allows 20; devices' self-signed certificates have more */
#define SECONDS_PER_DAY 86400

bool certificate_serial_format(const ASN1_INTEGER *serial, char text[SERIAL_TEXT_MAX],
                               struct error *err)
{
    struct bytes magnitude =
        bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    char digits[2 * SERIAL_BYTES_MAX + 1];
    bool negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;

    if (magnitude.len > SERIAL_BYTES_MAX) {
        return error_set(err, REASON_CERT_UNREADABLE, "serial number of %zu bytes", magnitude.len);
    }
    text_hex(digits, sizeof(digits), magnitude);
    if (!text_format(text, SERIAL_TEXT_MAX, "%s%s", negative ? "-" : "",
                     magnitude.len == 0 ? "00" : digits)) {
        return error_set(err, REASON_CERT_UNREADABLE, "serial number does not fit");
    }
    return true;
}

/* Without time_t and timegm: both differ between our platforms. */
bool certificate_time(const ASN1_TIME *time, int64_t *seconds, struct error *err)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int rest = 0;
    bool ok = false;

    if (epoch == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a time");
    }
    ok = ASN1_TIME_check(time) == 1 && ASN1_TIME_diff(&days, &rest, epoch, time) == 1;
    if (ok) {
        *seconds = (int64_t)days * SECONDS_PER_DAY + rest;
    } else {
        (void)error_set(err, crypto_memory_reason(REASON_CERT_UNREADABLE), "a time is malformed");
    }
    ASN1_TIME_free(epoch);
    return ok;
}

bool certificate_der(const X509 *cert, struct buffer *out, struct error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    bool ok = false;

    if (len <= 0) {
        (void)error_set(err, crypto_memory_reason(REASON_CERT_UNREADABLE),
                        "certificate cannot be encoded");
    } else {
        ok = buffer_append(out, der, (size_t)len, err);
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return ok;
}

bool certificate_info(const X509 *cert, struct certificate_info *out, struct error *err)
{
    struct certificate_info info = { 0 };
    struct buffer der = BUFFER_INIT(INT_MAX);
    bool ok = false;

    name_format(X509_get_subject_name(cert), info.subject, sizeof(info.subject));
    name_format(X509_get_issuer_name(cert), info.issuer, sizeof(info.issuer));
    if (!certificate_serial_format(X509_get0_serialNumber(cert), info.serial, err)
        || !certificate_time(X509_get0_notBefore(cert), &info.not_before, err)
        || !certificate_time(X509_get0_notAfter(cert), &info.not_after, err)
        || !certificate_der(cert, &der, err)
        || !digest_sha256(buffer_bytes(&der), info.sha256, err)) {
        goto out;
    }
    if (!public_key_sha256_of(cert, info.key_sha256, NULL)) {
        (void)error_set(err, crypto_memory_reason(REASON_CERT_UNREADABLE),
                        "public key cannot be read");
        goto out;
    }
    *out = info;
    ok = true;
out:
    buffer_clear(&der);
    ERR_clear_error();
    return ok;
}

/* The content of a SEQUENCE; *at moves behind its head, `whole` is head and content. */
static bool enter_sequence(const unsigned char **at, const unsigned char *end, struct bytes *whole)
{
    const unsigned char *begin = *at;
    long len = 0;
    int tag = 0;
    int class = 0;
    int form = ASN1_get_object(at, &len, &tag, &class, (long)(end - begin));

    *whole = bytes_of(begin, (size_t)(*at - begin) + (size_t)len);
    return form == V_ASN1_CONSTRUCTED && tag == V_ASN1_SEQUENCE && class == V_ASN1_UNIVERSAL;
}

bool certificate_signed_sha256(struct bytes der, uint8_t digest[DIGEST_SHA256_BYTES],
                               struct error *err)
{
    const unsigned char *at = der.data;
    struct bytes whole = { NULL, 0 };
    struct bytes content = { NULL, 0 };

    if (der.len == 0 || der.len > INT_MAX || !enter_sequence(&at, der.data + der.len, &whole)
        || !enter_sequence(&at, whole.data + whole.len, &content)) {
        ERR_clear_error();
        return error_set(err, REASON_CERT_UNREADABLE, "certificate is malformed");
    }
    return digest_sha256(content, digest, err);
}

static ASN1_STRING *signed_part(const X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    const unsigned char *at = der;
    struct bytes whole = { NULL, 0 };
    struct bytes content = { NULL, 0 };
    ASN1_STRING *part = NULL;

    if (len > 0 && enter_sequence(&at, der + len, &whole)
        && enter_sequence(&at, whole.data + whole.len, &content)) {
        part = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
        if (part != NULL && ASN1_STRING_set(part, content.data, (int)content.len) != 1) {
            ASN1_STRING_free(part);
            part = NULL;
        }
    }
    OPENSSL_free(der);
    return part;
}

bool certificate_signed_by(const X509 *cert, EVP_PKEY *key)
{
    const ASN1_BIT_STRING *signature = NULL;
    const X509_ALGOR *algorithm = NULL;
    ASN1_STRING *part = signed_part(cert);
    bool fits = false;

    X509_get0_signature(&signature, &algorithm, cert);
    fits = part != NULL && X509_ALGOR_cmp(algorithm, X509_get0_tbs_sigalg(cert)) == 0
           && ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), algorithm, signature, part, key) == 1;
    ASN1_STRING_free(part);
    ERR_clear_error();
    return fits;
}

X509 *certificate_parse(struct bytes der, struct error *err)
{
    const unsigned char *at = der.data;
    X509 *cert = NULL;

    if (der.data != NULL && der.len > 0 && der.len <= INT_MAX) {
        cert = d2i_X509(NULL, &at, (long)der.len);
    }
    if (cert == NULL || at != der.data + der.len) {
        (void)error_set(err, crypto_memory_reason(REASON_CERT_UNREADABLE),
                        cert == NULL ? "certificate is malformed" : "bytes behind the certificate");
        X509_free(cert);
        cert = NULL;
    }
    ERR_clear_error();
    return cert;
}

bool certificate_pem(const X509 *cert, struct buffer *out, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;
    bool ok = false;

    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        (void)error_set(err, crypto_memory_reason(REASON_CERT_UNREADABLE),
                        "certificate cannot be encoded");
        goto out;
    }
    len = BIO_get_mem_data(bio, &text);
    ok = len > 0 && buffer_append(out, text, (size_t)len, err);
out:
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

void certificate_free(struct x509_st *cert)
{
    X509_free(cert);
}
