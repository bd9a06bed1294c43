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
#include "model/name.h"

#define OID_CERTIFICATE_REQUEST_AGENT "1.3.6.1.4.1.311.20.2.1"

/*
 * Clients look for explicit bits (RFC 8894 2.1.2), and a pair is recognised by each member having
 * one bit and not the other.
 */
static const struct {
    uint32_t usage;
    const char *usage_text;
} roles[RA_CERT_ROLES] = {
    [RA_CERT_SINGLE] = { KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT,
                         "digitalSignature and keyEncipherment" },
    [RA_CERT_SIGN] = { KEY_USAGE_DIGITAL_SIGNATURE, "digitalSignature without keyEncipherment" },
    [RA_CERT_ENC] = { KEY_USAGE_KEY_ENCIPHERMENT, "keyEncipherment without digitalSignature" },
};

void ra_cert_clear(struct ra_cert *ra)
{
    X509_free(ra->cert);
    EVP_PKEY_free(ra->key);
    *ra = (struct ra_cert){ NULL, NULL };
}

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

bool ra_cert_make(const struct cert_issuer *issuer, const struct ra_cert_order *order,
                  struct ra_cert *out, struct error *err)
{
    struct cert_plan plan = {
        .key_usage = roles[order->role].usage,
        .not_before = order->now - CA_BACKDATE_SECONDS,
        .not_after = order->not_after,
    };
    struct cert_order cert_order = { .plan = &plan };
    struct ra_cert made = { NULL, NULL };
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
    made.key = ca_key_generate(order->bits == 3072 ? CA_KEY_RSA_3072 : CA_KEY_RSA_2048, err);
    if (made.key == NULL) {
        goto out;
    }
    cert_order.key = made.key;
    made.cert = cert_builder_issue(issuer, &cert_order, err);
    if (made.cert == NULL || !ra_cert_check(&made, order->role, issuer, err)) {
        goto out;
    }
    *out = made;
    made = (struct ra_cert){ NULL, NULL };
    ok = true;
out:
    ra_cert_clear(&made);
    cert_plan_clear(&plan);
    return ok;
}

/* OpenSSL numbers the bits as they stand in the first octet, model/csr.h from the first bit on. */
static bool has_usage(X509 *cert, enum ra_cert_role role)
{
    uint32_t found = X509_get_key_usage(cert);
    uint32_t usage = 0;

    if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) == 0) {
        return false;
    }
    usage |= (found & KU_DIGITAL_SIGNATURE) != 0 ? KEY_USAGE_DIGITAL_SIGNATURE : 0;
    usage |= (found & KU_KEY_ENCIPHERMENT) != 0 ? KEY_USAGE_KEY_ENCIPHERMENT : 0;
    return usage == roles[role].usage;
}

/* Which is the case of NDES's RA certificates beside a CA that is not the one they came from. */
static bool refuse_issuer(const X509 *cert, const struct cert_issuer *issuer, struct error *err)
{
    char by[200];
    char wanted[200];

    name_format(X509_get_issuer_name(cert), by, sizeof(by));
    name_format(X509_get_subject_name(issuer->cert), wanted, sizeof(wanted));
    return error_set(err, REASON_RA_UNSUITABLE,
                     "the RA's certificate was not issued by this CA, \"%s\", but by \"%s\": "
                     "devices would not believe it",
                     wanted, by);
}

bool ra_cert_check(const struct ra_cert *ra, enum ra_cert_role role,
                   const struct cert_issuer *issuer, struct error *err)
{
    /* Only RSA can be encrypted to by every SCEP client (RFC 8894 3.1). */
    if (EVP_PKEY_get_base_id(ra->key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(ra->key) < 2048) {
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's key is not RSA with 2048 bits or more");
    }
    if (X509_check_private_key(ra->cert, ra->key) != 1) {
        ERR_clear_error();
        return error_set(err, REASON_RA_UNSUITABLE,
                         "the RA's certificate and key do not belong together");
    }
    if (!has_usage(ra->cert, role)) {
        return error_set(err, REASON_RA_UNSUITABLE, "the RA's certificate must have keyUsage %s",
                         roles[role].usage_text);
    }
    if (!cert_issuer_signed(issuer, ra->cert)) {
        return refuse_issuer(ra->cert, issuer, err);
    }
    return true;
}
