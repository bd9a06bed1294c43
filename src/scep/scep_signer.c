/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_signer.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/crypto_memory.h"
#include "base/limits.h"
#include "model/certificate.h"
#include "model/public_key.h"
#include "scep/ber.h"

/*
 * The extension is read here and not by X509_get0_subject_key_id, which would parse all extensions
 * of a certificate that anybody may have sent.
 */
static bool key_id_fits(const X509 *cert, const ASN1_OCTET_STRING *key_id)
{
    struct bytes wanted =
        bytes_of(ASN1_STRING_get0_data(key_id), (size_t)ASN1_STRING_length(key_id));
    int at = X509_get_ext_by_NID(cert, NID_subject_key_identifier, -1);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (at >= 0) {
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
        struct ber_reader r = ber_reader_of(
            bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), 1);
        struct ber_element id;

        return ber_expect(&r, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &id, NULL) && ber_at_end(&r)
               && !id.constructed && bytes_equal(id.content, wanted);
    }
    /* RFC 5280 4.2.1.2 (1): what the extension would hold */
    return X509_pubkey_digest(cert, EVP_sha1(), digest, &len) == 1
           && bytes_equal(bytes_of(digest, len), wanted);
}

static bool fits(const X509 *cert, const ASN1_OCTET_STRING *key_id, const X509_NAME *issuer,
                 const ASN1_INTEGER *serial)
{
    if (key_id != NULL) {
        return key_id_fits(cert, key_id);
    }
    return issuer != NULL && serial != NULL
           && ASN1_INTEGER_cmp(X509_get0_serialNumber(cert), serial) == 0
           && X509_NAME_cmp(X509_get_issuer_name(cert), issuer) == 0;
}

X509 *scep_signer_find(CMS_ContentInfo *cms, CMS_SignerInfo *info, struct error *err)
{
    STACK_OF(X509) *certs = CMS_get1_certs(cms);
    ASN1_OCTET_STRING *key_id = NULL;
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    X509 *found = NULL;

    if (CMS_SignerInfo_get0_signer_id(info, &key_id, &issuer, &serial) != 1) {
        (void)error_set(err, REASON_CMS_NO_SIGNER_CERT, "signer identifier cannot be read");
        goto out;
    }
    for (int i = 0; i < sk_X509_num(certs) && found == NULL; i++) {
        X509 *cert = sk_X509_value(certs, i);

        if (fits(cert, key_id, issuer, serial)) {
            (void)X509_up_ref(cert);
            found = cert;
        }
    }
    if (found == NULL) {
        (void)error_set(err, REASON_CMS_NO_SIGNER_CERT, "none of %d certificates is the signer's",
                        sk_X509_num(certs));
    }
out:
    sk_X509_pop_free(certs, X509_free);
    return found;
}

static bool read_key(X509 *cert, struct public_key *out, struct error *err)
{
    struct error inner = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool ok = len > 0 && public_key_read(bytes_of(der, (size_t)len), NULL, out, &inner);

    OPENSSL_free(der);
    return ok
           || error_set(err,
                        inner.reason == REASON_NO_MEMORY
                            ? inner.reason
                            : crypto_memory_reason(REASON_CMS_SIGNER_KEY),
                        "signer's key: %s", inner.detail);
}

static bool harmless(const struct scep_message_facts *facts)
{
    const struct key_facts key = { facts->signer_key_type, facts->signer_key_bits,
                                   facts->signer_key_exponent_ok };

    return key_is_bounded(&key);
}

bool scep_signer_facts(X509 *cert, struct scep_message_facts *facts, struct public_key *take_key,
                       struct error *err)
{
    bool ok = false;

    if (!read_key(cert, take_key, err)) {
        return false;
    }
    facts->signer = cert;
    facts->signer_key = take_key->key;
    facts->signer_key_type = take_key->facts.type;
    facts->signer_key_bits = take_key->facts.bits;
    facts->signer_key_exponent_ok = take_key->facts.exponent_ok;
    memcpy(facts->signer_key_sha256, take_key->sha256, sizeof(facts->signer_key_sha256));
    facts->signer_self_signed =
        harmless(facts)
        && X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(cert)) == 0
        && certificate_signed_by(cert, take_key->key);
    /* "not self-signed" is what a certificate that vouches looks like: never for want of memory */
    ok = facts->signer_self_signed || !crypto_memory_failed()
         || error_set(err, REASON_NO_MEMORY, "out of memory for the signer's certificate");
    ERR_clear_error();
    return ok;
}

bool scep_signer_key_allowed(const struct scep_message_facts *facts, enum algorithm_level level,
                             struct error *err)
{
    /* 1024 bits: Apple's default when a profile says nothing, and old appliances */
    unsigned min_bits = level == ALGORITHM_LEVEL_MODERN ? 2048 : LIMIT_RSA_BITS_MIN;

    if (facts->signer_key_type == KEY_TYPE_EC) {
        return true; /* P-256 and more: as good as RSA with 3072 bits */
    }
    if (facts->signer_key_type != KEY_TYPE_RSA) {
        return error_set(err, REASON_SIGNER_KEY_NOT_ALLOWED,
                         "signer's key is neither RSA nor on P-256, P-384 or P-521");
    }
    if (!harmless(facts) || facts->signer_key_bits < min_bits) {
        return error_set(err, REASON_SIGNER_KEY_NOT_ALLOWED,
                         "signer's RSA key of %u bits, exponent %s", facts->signer_key_bits,
                         facts->signer_key_exponent_ok ? "good" : "out of range");
    }
    return true;
}
