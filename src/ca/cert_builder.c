/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/cert_builder.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/secret.h"
#include "ca/asn1_time.h"
#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/ca_sign.h"
#include "model/csr.h"
#include "model/machine_pkey.h"
#include "model/public_key.h"

#define SID_EXTENSION_MAX 128u
#define KEY_USAGE_CA (KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)

/*
 * Random, positive, always 20 octets: the top bit is 0 for the sign and the next one 1, so that all
 * serials have one length and none is zero; 158 bits are random (RFC 5280 4.1.2.2).
 */
static bool set_serial(X509 *cert, struct error *err)
{
    uint8_t random[CERT_SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool ok = false;

    if (!secret_random(random, sizeof(random), err)) {
        return false;
    }
    random[0] = (uint8_t)((random[0] & 0x7fu) | 0x40u);
    number = BN_bin2bn(random, (int)sizeof(random), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok || ca_error_openssl(err, REASON_INTERNAL, "a serial number cannot be made");
}

static bool add_extension(X509 *cert, int nid, void *value, bool critical, struct error *err)
{
    if (value == NULL || X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) != 1) {
        return ca_error_openssl(err, REASON_INTERNAL, "the extension %s cannot be made",
                                OBJ_nid2sn(nid));
    }
    return true;
}

/* pathlen 0: our CAs sign end entities only, so nobody can hang another CA below a stolen one. */
static BASIC_CONSTRAINTS *make_basic_constraints(bool is_ca)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

    if (constraints != NULL && is_ca) {
        constraints->ca = 0xff;
        constraints->pathlen = ASN1_INTEGER_new();
        if (constraints->pathlen == NULL || ASN1_INTEGER_set(constraints->pathlen, 0) != 1) {
            BASIC_CONSTRAINTS_free(constraints);
            constraints = NULL;
        }
    }
    return constraints;
}

static bool add_basic_constraints(X509 *cert, bool is_ca, struct error *err)
{
    BASIC_CONSTRAINTS *constraints = make_basic_constraints(is_ca);
    /* Critical where it grants something (RFC 5280 4.2.1.9); old clients know it anyway. */
    bool ok = add_extension(cert, NID_basic_constraints, constraints, is_ca, err);

    BASIC_CONSTRAINTS_free(constraints);
    return ok;
}

static ASN1_BIT_STRING *make_key_usage(uint32_t usage)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    for (int i = 0; bits != NULL && i < 9; i++) {
        if ((usage & (1u << i)) != 0 && ASN1_BIT_STRING_set_bit(bits, i, 1) != 1) {
            ASN1_BIT_STRING_free(bits);
            bits = NULL;
        }
    }
    return bits;
}

static bool add_key_usage(X509 *cert, uint32_t usage, struct error *err)
{
    ASN1_BIT_STRING *bits = make_key_usage(usage);
    bool ok = add_extension(cert, NID_key_usage, bits, true, err);

    ASN1_BIT_STRING_free(bits);
    return ok;
}

/* SHA-1 over the key's bits: method 1 of RFC 5280 4.2.1.2, which clients may compute themselves. */
static bool add_subject_key_id(X509 *cert, struct error *err)
{
    ASN1_OCTET_STRING *key_id = ASN1_OCTET_STRING_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = false;

    if (key_id == NULL || X509_pubkey_digest(cert, EVP_sha1(), digest, &len) != 1
        || ASN1_OCTET_STRING_set(key_id, digest, (int)len) != 1) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a key identifier cannot be made");
        goto out;
    }
    ok = add_extension(cert, NID_subject_key_identifier, key_id, false, err);
out:
    ASN1_OCTET_STRING_free(key_id);
    return ok;
}

static bool add_authority_key_id(X509 *cert, const ASN1_OCTET_STRING *key_id, struct error *err)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool ok = false;

    if (authority != NULL) {
        authority->keyid = ASN1_OCTET_STRING_dup(key_id);
    }
    if (authority == NULL || authority->keyid == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
        goto out;
    }
    ok = add_extension(cert, NID_authority_key_identifier, authority, false, err);
out:
    AUTHORITY_KEYID_free(authority);
    return ok;
}

/* Owned; NULL when out of memory. */
static GENERAL_NAME *make_url(const char *url)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    if (name == NULL || text == NULL || ASN1_STRING_set(text, url, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    return name;
}

/* One place of the AIA; a NULL url is none. */
static bool push_access(AUTHORITY_INFO_ACCESS *access, int method, const char *url)
{
    ACCESS_DESCRIPTION *entry = NULL;
    GENERAL_NAME *name = NULL;

    if (url == NULL) {
        return true;
    }
    entry = ACCESS_DESCRIPTION_new();
    name = make_url(url);
    if (entry == NULL || name == NULL) {
        GENERAL_NAME_free(name);
        ACCESS_DESCRIPTION_free(entry);
        return false;
    }
    ASN1_OBJECT_free(entry->method);
    entry->method = OBJ_nid2obj(method);
    GENERAL_NAME_free(entry->location);
    entry->location = name;
    if (sk_ACCESS_DESCRIPTION_push(access, entry) <= 0) {
        ACCESS_DESCRIPTION_free(entry);
        return false;
    }
    return true;
}

static bool add_access(X509 *cert, const struct cert_order *order, struct error *err)
{
    AUTHORITY_INFO_ACCESS *access = NULL;
    bool ok = false;

    if (order->ocsp_url == NULL && order->ca_url == NULL) {
        return true;
    }
    access = AUTHORITY_INFO_ACCESS_new();
    if (access == NULL || !push_access(access, NID_ad_OCSP, order->ocsp_url)
        || !push_access(access, NID_ad_ca_issuers, order->ca_url)) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
        goto out;
    }
    ok = add_extension(cert, NID_info_access, access, false, err);
out:
    AUTHORITY_INFO_ACCESS_free(access);
    return ok;
}

/* Nobody asks whether whoever answers such questions is revoked: it ends soon instead. */
static bool add_nocheck(X509 *cert, struct error *err)
{
    ASN1_NULL *null = ASN1_NULL_new();
    bool ok = add_extension(cert, NID_id_pkix_OCSP_noCheck, null, false, err);

    ASN1_NULL_free(null);
    return ok;
}

/* Owned; NULL when out of memory. */
static DIST_POINT *make_crl_point(const char *url)
{
    DIST_POINT *point = DIST_POINT_new();
    DIST_POINT_NAME *place = DIST_POINT_NAME_new();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = make_url(url);

    if (point == NULL || place == NULL || names == NULL || name == NULL
        || sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        GENERAL_NAMES_free(names);
        DIST_POINT_NAME_free(place);
        DIST_POINT_free(point);
        return NULL;
    }
    place->type = 0; /* fullName */
    place->name.fullname = names;
    point->distpoint = place;
    return point;
}

static bool add_crl_url(X509 *cert, const char *url, struct error *err)
{
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = make_crl_point(url);
    bool ok = false;

    if (points == NULL || point == NULL || sk_DIST_POINT_push(points, point) <= 0) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
        goto out;
    }
    point = NULL;
    ok = add_extension(cert, NID_crl_distribution_points, points, false, err);
out:
    DIST_POINT_free(point);
    CRL_DIST_POINTS_free(points);
    return ok;
}

/* Domain controllers map the certificate to this account ([MS-WCCE] 2.2.2.7.7.4). */
static bool add_sid(X509 *cert, const char *sid, struct error *err)
{
    struct buffer value = BUFFER_INIT(SID_EXTENSION_MAX);
    ASN1_OBJECT *type = OBJ_txt2obj(SID_EXTENSION_OID, 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    bool ok = false;

    if (!sid_extension_value(sid, &value, err)) {
        goto out;
    }
    if (type == NULL || content == NULL
        || ASN1_OCTET_STRING_set(content, value.data, (int)value.len) != 1) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
        goto out;
    }
    extension = X509_EXTENSION_create_by_OBJ(NULL, type, 0, content);
    if (extension == NULL || X509_add_ext(cert, extension, -1) != 1) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "the extension with the SID cannot be made");
        goto out;
    }
    ok = true;
out:
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(type);
    buffer_clear(&value);
    return ok;
}

static bool has_ocsp_signing(const struct cert_plan *plan)
{
    for (int i = 0; plan->eku != NULL && i < sk_ASN1_OBJECT_num(plan->eku); i++) {
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(plan->eku, i)) == NID_OCSP_sign) {
            return true;
        }
    }
    return false;
}

/* Never from a CSR, and never by a mistake in a template: the last line before the signature. */
static bool check_plan(const struct cert_order *order, struct error *err)
{
    const struct cert_plan *plan = order->plan;
    bool has_subject = plan->subject != NULL && X509_NAME_entry_count(plan->subject) > 0;

    if (plan->key_usage == 0
        || (plan->key_usage & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) != 0) {
        return error_set(err, REASON_INTERNAL,
                         "a certificate's plan has no key usage, or a CA's key usage");
    }
    if (plan->sid[0] != '\0' && !sid_is_domain_account(bytes_of_text(plan->sid))) {
        return error_set(err, REASON_INTERNAL, "a certificate's plan has a SID of no account");
    }
    if (has_ocsp_signing(plan) != order->ocsp_signer) {
        return error_set(err, REASON_INTERNAL,
                         "OCSPSigning is for the CA's own OCSP signer, and for nobody else");
    }
    if (!has_subject && (plan->san == NULL || sk_GENERAL_NAME_num(plan->san) == 0)) {
        return error_set(err, REASON_INTERNAL,
                         "a certificate's plan has neither a subject nor an alternative name");
    }
    return true;
}

/* What both kinds of certificate begin with. */
static X509 *start_certificate(const X509_NAME *subject, const X509_NAME *issuer, EVP_PKEY *key,
                               struct bytes spki, int64_t not_before, int64_t not_after,
                               struct error *err)
{
    X509 *cert = X509_new();
    bool ok = false;

    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1
        || X509_set_issuer_name(cert, issuer) != 1
        || (subject != NULL && X509_set_subject_name(cert, subject) != 1)
        || !public_key_put(cert, key, spki, NULL)) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a certificate cannot be put together");
        goto out;
    }
    ok = set_serial(cert, err) && asn1_time_set(X509_getm_notBefore(cert), not_before, err)
         && asn1_time_set(X509_getm_notAfter(cert), not_after, err);
out:
    if (!ok) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

static bool add_leaf_extensions(X509 *cert, const struct cert_issuer *issuer,
                                const struct cert_order *order, struct error *err)
{
    const struct cert_plan *plan = order->plan;
    bool no_subject = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0;

    return add_basic_constraints(cert, false, err) && add_key_usage(cert, plan->key_usage, err)
           && (plan->eku == NULL || add_extension(cert, NID_ext_key_usage, plan->eku, false, err))
           /* RFC 5280 4.2.1.6: the only name there is must be understood */
           && (plan->san == NULL
               || add_extension(cert, NID_subject_alt_name, plan->san, no_subject, err))
           && (plan->sid[0] == '\0' || add_sid(cert, plan->sid, err))
           && add_subject_key_id(cert, err) && add_authority_key_id(cert, issuer->key_id, err)
           && (order->crl_url == NULL || add_crl_url(cert, order->crl_url, err))
           && add_access(cert, order, err) && (!order->ocsp_signer || add_nocheck(cert, err));
}

static bool sign(X509 *cert, EVP_PKEY *key, const EVP_MD *digest, struct error *err)
{
    if (!ca_sign_certificate(cert, key, digest)) {
        (void)ca_error_openssl(err, REASON_SIGN_FAILED, "the CA's key does not sign");
        machine_pkey_explain(key, err);
        return false;
    }
    return true;
}

/* The plan's times within the issuer's. */
static bool cut_times(const struct cert_issuer *issuer, const struct cert_plan *plan,
                      int64_t *not_before, int64_t *not_after, struct error *err)
{
    if (plan->not_before > plan->not_after) {
        return error_set(err, REASON_INTERNAL, "a certificate's plan ends before it begins");
    }
    if (plan->not_before > issuer->not_after) {
        return cert_issuer_check_time(issuer, plan->not_before, err);
    }
    if (plan->not_after < issuer->not_before) {
        return cert_issuer_check_time(issuer, plan->not_after, err);
    }
    *not_before = plan->not_before > issuer->not_before ? plan->not_before : issuer->not_before;
    *not_after = plan->not_after < issuer->not_after ? plan->not_after : issuer->not_after;
    return true;
}

struct x509_st *cert_builder_issue(const struct cert_issuer *issuer, const struct cert_order *order,
                                   struct error *err)
{
    X509 *cert = NULL;
    int64_t not_before = 0;
    int64_t not_after = 0;

    if (!check_plan(order, err) || !cut_times(issuer, order->plan, &not_before, &not_after, err)) {
        return NULL;
    }
    cert = start_certificate(order->plan->subject, X509_get_subject_name(issuer->cert), order->key,
                             order->spki, not_before, not_after, err);
    if (cert == NULL || !add_leaf_extensions(cert, issuer, order, err)
        || !sign(cert, issuer->key, issuer->digest, err)) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

struct x509_st *cert_builder_root(const struct X509_name_st *subject, struct evp_pkey_st *key,
                                  int64_t not_before, int64_t not_after, struct error *err)
{
    X509 *cert =
        start_certificate(subject, subject, key, bytes_of(NULL, 0), not_before, not_after, err);

    /* No EKU: it would limit what is below (and one client broke on it). */
    if (cert == NULL || !add_basic_constraints(cert, true, err)
        || !add_key_usage(cert, KEY_USAGE_CA, err) || !add_subject_key_id(cert, err)
        || !sign(cert, key, ca_key_digest(key), err)) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

struct X509_req_st *cert_builder_ca_request(const struct X509_name_st *subject,
                                            struct evp_pkey_st *key, struct error *err)
{
    X509_REQ *req = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    BASIC_CONSTRAINTS *constraints = make_basic_constraints(true);
    ASN1_BIT_STRING *usage = make_key_usage(KEY_USAGE_CA);
    bool ok = false;

    if (req == NULL || constraints == NULL || usage == NULL
        || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1
        || X509_REQ_set_subject_name(req, subject) != 1 || X509_REQ_set_pubkey(req, key) != 1
        || X509V3_add1_i2d(&extensions, NID_basic_constraints, constraints, 1, X509V3_ADD_DEFAULT)
               != 1
        || X509V3_add1_i2d(&extensions, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) != 1
        || X509_REQ_add_extensions(req, extensions) != 1
        || X509_REQ_sign(req, key, ca_key_digest(key)) <= 0) {
        (void)ca_error_openssl(err, REASON_SIGN_FAILED, "the request for the CA cannot be made");
        goto out;
    }
    ok = true;
out:
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    BASIC_CONSTRAINTS_free(constraints);
    ASN1_BIT_STRING_free(usage);
    if (!ok) {
        X509_REQ_free(req);
        req = NULL;
    }
    return req;
}
