/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/crl_builder.h"

#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/asn1_time.h"
#include "ca/ca_error.h"
#include "model/machine_pkey.h"

struct crl_builder {
    X509_CRL *crl;
};

struct crl_builder *crl_builder_create(struct error *err)
{
    struct crl_builder *builder = calloc(1, sizeof(*builder));

    if (builder != NULL) {
        builder->crl = X509_CRL_new();
    }
    if (builder == NULL || builder->crl == NULL) {
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
    X509_CRL_free(builder->crl);
    free(builder);
}

/*
 * RFC 5280 5.3.1: unspecified is left out, 7 is unused, 8 (removeFromCRL) is for delta CRLs
 * only.
 */
static bool reason_is_written(int reason)
{
    return (reason >= CRL_REASON_KEY_COMPROMISE && reason <= CRL_REASON_CERTIFICATE_HOLD)
           || reason == CRL_REASON_PRIVILEGE_WITHDRAWN || reason == CRL_REASON_AA_COMPROMISE;
}

static bool add_reason(X509_REVOKED *entry, int reason)
{
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    bool ok = value != NULL && ASN1_ENUMERATED_set(value, reason) == 1
              && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, X509V3_ADD_APPEND) == 1;

    ASN1_ENUMERATED_free(value);
    return ok;
}

static bool set_serial(X509_REVOKED *entry, const char *serial)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *integer = NULL;
    int digits = BN_hex2bn(&number, serial);
    bool ok = false;

    if (digits > 0 && serial[digits] == 0) {
        integer = BN_to_ASN1_INTEGER(number, NULL);
    }
    ok = integer != NULL && X509_REVOKED_set_serialNumber(entry, integer) == 1;
    ASN1_INTEGER_free(integer);
    BN_free(number);
    return ok;
}

bool crl_builder_add(struct crl_builder *builder, const char *serial, int64_t revoked_at,
                     int reason, struct error *err)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_new();
    bool ok = false;

    if (entry == NULL || time == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CRL entry");
        goto out;
    }
    if (!set_serial(entry, serial)) {
        (void)ca_error_openssl(err, REASON_SYNTAX,
                               "a revoked certificate's serial number is not hexadecimal");
        goto out;
    }
    if (!asn1_time_set(time, revoked_at, err)) {
        goto out;
    }
    if (X509_REVOKED_set_revocationDate(entry, time) != 1
        || (reason_is_written(reason) && !add_reason(entry, reason))
        || X509_CRL_add0_revoked(builder->crl, entry) != 1) {
        (void)ca_error_openssl(err, REASON_NO_MEMORY, "a CRL entry cannot be made");
        goto out;
    }
    entry = NULL; /* the CRL has it */
    ok = true;
out:
    ASN1_TIME_free(time);
    X509_REVOKED_free(entry);
    return ok;
}

static bool add_number(X509_CRL *crl, int64_t number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool ok = value != NULL && ASN1_INTEGER_set_int64(value, number) == 1
              && X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) == 1;

    ASN1_INTEGER_free(value);
    return ok;
}

static bool add_authority_key_id(X509_CRL *crl, const ASN1_OCTET_STRING *key_id)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool ok = false;

    if (authority != NULL) {
        authority->keyid = ASN1_OCTET_STRING_dup(key_id);
        ok = authority->keyid != NULL
             && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0,
                                      X509V3_ADD_DEFAULT)
                    == 1;
    }
    AUTHORITY_KEYID_free(authority);
    return ok;
}

static bool set_times(X509_CRL *crl, int64_t this_update, int64_t next_update, struct error *err)
{
    ASN1_TIME *time = ASN1_TIME_new();
    bool ok = time != NULL && asn1_time_set(time, this_update, err)
              && X509_CRL_set1_lastUpdate(crl, time) == 1 && asn1_time_set(time, next_update, err)
              && X509_CRL_set1_nextUpdate(crl, time) == 1;

    ASN1_TIME_free(time);
    return ok || ca_error_openssl(err, REASON_NO_MEMORY, "a CRL's times cannot be set");
}

static bool append_der(X509_CRL *crl, struct buffer *der, struct error *err)
{
    unsigned char *data = NULL;
    int len = i2d_X509_CRL(crl, &data);
    bool ok = false;

    if (len <= 0) {
        return ca_error_openssl(err, REASON_SIGN_FAILED, "a CRL cannot be written as DER");
    }
    ok = buffer_append(der, data, (size_t)len, err);
    OPENSSL_free(data);
    return ok;
}

bool crl_builder_sign(struct crl_builder *builder, const struct cert_issuer *issuer, int64_t number,
                      int64_t this_update, int64_t next_update, struct buffer *der,
                      struct error *err)
{
    X509_CRL *crl = builder->crl;

    if (!set_times(crl, this_update, next_update, err)) {
        return false;
    }
    if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1
        || X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) != 1
        || !add_authority_key_id(crl, issuer->key_id) || !add_number(crl, number)
        || X509_CRL_sort(crl) != 1 || X509_CRL_sign(crl, issuer->key, issuer->digest) <= 0) {
        (void)ca_error_openssl(err, REASON_SIGN_FAILED, "the CRL cannot be signed");
        machine_pkey_explain(issuer->key, err);
        return false;
    }
    return append_der(crl, der, err);
}

bool crl_builder_made_by(struct bytes der, const struct cert_issuer *issuer)
{
    const unsigned char *p = der.data;
    X509_CRL *crl = NULL;
    bool ours = false;

    ERR_set_mark();
    if (der.len > 0 && der.len <= CRL_BYTES_MAX) {
        crl = d2i_X509_CRL(NULL, &p, (long)der.len);
    }
    ours = crl != NULL && p == der.data + der.len
           && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer->cert)) == 0
           && X509_CRL_verify(crl, issuer->key) == 1;
    X509_CRL_free(crl);
    ERR_pop_to_mark();
    return ours;
}
