/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/ca_subject.h"
#include "ca/ca_validity.h"
#include "ca/cert_builder.h"
#include "model/csr.h"

#define OID_CERTIFICATE_REQUEST_AGENT "1.3.6.1.4.1.311.20.2.1"

bool ra_cert_check_options(const struct ra_cert_options *options, struct error *err)
{
    if (options->bits != 2048 && options->bits != 3072) {
        return error_set(err, REASON_USAGE, "an RA's key has 2048 or 3072 bits, not %u",
                         options->bits);
    }
    return ca_validity_check(options->validity_days, "RA", err);
}

/*
 * Windows looks for an RA certificate by its usages and gives up before the first request when they
 * are missing: Certificate Request Agent is what NDES's own RA has, serverAuth what
 * other clients accept.
 */
static EXTENDED_KEY_USAGE *make_eku(void)
{
    EXTENDED_KEY_USAGE *eku = sk_ASN1_OBJECT_new_null();
    ASN1_OBJECT *agent = OBJ_txt2obj(OID_CERTIFICATE_REQUEST_AGENT, 1);
    ASN1_OBJECT *server = OBJ_nid2obj(NID_server_auth);

    if (eku == NULL || agent == NULL || sk_ASN1_OBJECT_push(eku, agent) <= 0) {
        ASN1_OBJECT_free(agent);
        sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
        return NULL;
    }
    if (sk_ASN1_OBJECT_push(eku, server) <= 0) {
        sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
        return NULL;
    }
    return eku;
}

bool ra_cert_make(const struct cert_issuer *issuer, const struct ra_cert_options *options,
                  int64_t now, struct x509_st **cert, struct evp_pkey_st **key, struct error *err)
{
    struct cert_plan plan = {
        /* One certificate with both bits suits every client (RFC 8894 2.1.2). */
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT,
        .not_before = now - CA_BACKDATE_SECONDS,
        .not_after = ca_validity_end(now, options->validity_days),
    };
    struct cert_order order = { &plan, NULL, NULL, NULL };
    EVP_PKEY *new_key = NULL;
    X509 *new_cert = NULL;
    bool ok = false;

    plan.subject = ca_subject_ra(X509_get_subject_name(issuer->cert), err);
    if (plan.subject == NULL) {
        goto out;
    }
    plan.eku = make_eku();
    if (plan.eku == NULL) {
        (void)ca_error_openssl(err, REASON_NO_MEMORY, "out of memory for the RA's certificate");
        goto out;
    }
    new_key = ca_key_generate(options->bits == 3072 ? CA_KEY_RSA_3072 : CA_KEY_RSA_2048, err);
    if (new_key == NULL) {
        goto out;
    }
    order.key = new_key;
    new_cert = cert_builder_issue(issuer, &order, err);
    if (new_cert == NULL || !ra_cert_check(new_cert, new_key, issuer, err)) {
        goto out;
    }
    *cert = new_cert;
    *key = new_key;
    new_cert = NULL;
    new_key = NULL;
    ok = true;
out:
    X509_free(new_cert);
    EVP_PKEY_free(new_key);
    cert_plan_clear(&plan);
    return ok;
}

bool ra_cert_check(struct x509_st *cert, struct evp_pkey_st *key, const struct cert_issuer *issuer,
                   struct error *err)
{
    const uint32_t usages = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;

    /* Only RSA can be encrypted to by every SCEP client (RFC 8894 3.1). */
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048) {
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's key is not RSA with 2048 bits or more");
    }
    if (X509_check_private_key(cert, key) != 1) {
        ERR_clear_error();
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's certificate and key do not belong together");
    }
    /* Explicit bits: clients look for them. */
    if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) == 0
        || (X509_get_key_usage(cert) & usages) != usages) {
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's certificate lacks keyUsage digitalSignature or keyEncipherment");
    }
    if (!cert_issuer_signed(issuer, cert)) {
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's certificate was not issued by this CA");
    }
    return true;
}
