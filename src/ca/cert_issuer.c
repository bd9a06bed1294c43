/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/cert_issuer.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "model/certificate.h"
#include "platform/clock.h"

static bool check_certificate(X509 *cert, const char *what, struct error *err)
{
    uint32_t flags = X509_get_extension_flags(cert);

    if ((flags & EXFLAG_INVALID) != 0) {
        return ca_error_openssl(err, REASON_CERT_UNREADABLE, "%s: an extension is malformed", what);
    }
    if (X509_get_version(cert) != X509_VERSION_3 || (flags & EXFLAG_CA) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "%s is not a CA certificate: basicConstraints does not say CA:TRUE", what);
    }
    /* Without the extension all usages are allowed; X509_get_key_usage gives all bits then. */
    if ((X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "%s must not sign certificates: keyUsage lacks keyCertSign", what);
    }
    if (X509_NAME_entry_count(X509_get_subject_name(cert)) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "%s has an empty subject, which a CA must not have", what);
    }
    return true;
}

/* The certificate's own identifier, or by method 1 of RFC 5280 4.2.1.2 when it has none. */
static ASN1_OCTET_STRING *make_key_id(X509 *cert, struct error *err)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(cert);
    ASN1_OCTET_STRING *key_id = own != NULL ? ASN1_OCTET_STRING_dup(own) : ASN1_OCTET_STRING_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (key_id != NULL && own == NULL
        && (X509_pubkey_digest(cert, EVP_sha1(), digest, &len) != 1
            || ASN1_OCTET_STRING_set(key_id, digest, (int)len) != 1)) {
        ASN1_OCTET_STRING_free(key_id);
        key_id = NULL;
    }
    if (key_id == NULL) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "the CA's key identifier cannot be made");
    }
    return key_id;
}

bool cert_issuer_init(struct cert_issuer *issuer, struct x509_st *cert, struct evp_pkey_st *key,
                      const char *what, struct error *err)
{
    struct certificate_info info;
    ASN1_OCTET_STRING *key_id = NULL;

    if (!check_certificate(cert, what, err) || !ca_key_check(key, err)) {
        return false;
    }
    if (X509_check_private_key(cert, key) != 1) {
        ERR_clear_error();
        return error_set(err, REASON_KEY_MISMATCH, "%s and the private key do not belong together",
                         what);
    }
    if (!certificate_info(cert, &info, err)) {
        return error_context(err, "%s", what);
    }
    key_id = make_key_id(cert, err);
    if (key_id == NULL) {
        return false;
    }
    (void)X509_up_ref(cert);
    (void)EVP_PKEY_up_ref(key);
    *issuer = (struct cert_issuer){
        .cert = cert,
        .key = key,
        .digest = ca_key_digest(key),
        .key_id = key_id,
        .not_before = info.not_before,
        .not_after = info.not_after,
        .may_sign_crl = (X509_get_key_usage(cert) & KU_CRL_SIGN) != 0,
    };
    return true;
}

void cert_issuer_clear(struct cert_issuer *issuer)
{
    if (issuer == NULL) {
        return;
    }
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    ASN1_OCTET_STRING_free(issuer->key_id);
    *issuer = (struct cert_issuer){ 0 };
}

bool cert_issuer_check_time(const struct cert_issuer *issuer, int64_t now, struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    if (now > issuer->not_after) {
        clock_format(issuer->not_after, text);
        return error_set(err, REASON_CA_EXPIRED,
                         "the CA's certificate ended at %s; renew it or make a new CA", text);
    }
    if (now < issuer->not_before) {
        clock_format(issuer->not_before, text);
        return error_set(err, REASON_CA_NOT_YET_VALID,
                         "the CA's certificate begins at %s; is this machine's clock right?", text);
    }
    return true;
}

bool cert_issuer_signed(const struct cert_issuer *issuer, const struct x509_st *cert)
{
    bool ours = false;

    if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer->cert)) != 0) {
        return false;
    }
    ERR_set_mark();
    ours = X509_verify((X509 *)cert, issuer->key) == 1;
    ERR_pop_to_mark();
    return ours;
}
