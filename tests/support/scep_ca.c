/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scep_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static void must(bool ok, int line)
{
    if (!ok) {
        (void)fprintf(stderr, "%s:%d: certificate for tests cannot be made\n", __FILE__, line);
        ERR_print_errors_fp(stderr);
        abort();
    }
}
#define MUST(condition) must((condition), __LINE__)

static void set_subject(X509 *cert, const struct scep_cert_options *o)
{
    const unsigned char *at = o->name.data;
    X509_NAME *name = at != NULL ? d2i_X509_NAME(NULL, &at, (long)o->name.len) : X509_NAME_new();

    MUST(name != NULL);
    if (o->cn != NULL) {
        MUST(X509_NAME_add_entry_by_NID(name, NID_commonName,
                                        o->cn_type == 0 ? V_ASN1_UTF8STRING : o->cn_type,
                                        (const unsigned char *)o->cn, -1, -1, 0)
             == 1);
    }
    MUST(X509_set_subject_name(cert, name) == 1);
    X509_NAME_free(name);
}

static void set_serial(X509 *cert, const struct scep_cert_options *o)
{
    static const unsigned char one[] = { 1 };
    const unsigned char *content = o->serial != NULL ? o->serial : one;
    size_t len = o->serial != NULL ? o->serial_len : sizeof(one);
    unsigned char der[64] = { V_ASN1_INTEGER, (unsigned char)len };
    const unsigned char *at = der;
    ASN1_INTEGER *serial = NULL;

    MUST(len < sizeof(der) - 2);
    memcpy(der + 2, content, len);
    serial = d2i_ASN1_INTEGER(NULL, &at, (long)len + 2);
    MUST(serial != NULL && X509_set_serialNumber(cert, serial) == 1);
    ASN1_INTEGER_free(serial);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension = NULL;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    MUST(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void add_raw_extension(X509 *cert, const struct scep_cert_extension *e)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(e->oid, 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    MUST(oid != NULL && content != NULL
         && ASN1_OCTET_STRING_set(content, e->content.data, (int)e->content.len) == 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, e->critical ? 1 : 0, content);
    MUST(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(oid);
}

static void set_time(ASN1_TIME *time, const char *text, int days)
{
    if (text != NULL) {
        MUST(ASN1_TIME_set_string_X509(time, text) == 1);
    } else {
        MUST(X509_time_adj_ex(time, days, 0, NULL) != NULL);
    }
}

static void sign(X509 *cert, EVP_PKEY *key, const struct scep_cert_options *o)
{
    const EVP_MD *md = EVP_get_digestbyname(o->digest != NULL ? o->digest : "SHA256");
    const ASN1_BIT_STRING *signature = NULL;

    MUST(md != NULL && X509_sign(cert, key, md) > 0);
    if (o->break_signature) {
        X509_get0_signature(&signature, NULL, cert);
        signature->data[signature->length - 1] ^= 1;
    }
}

X509 *scep_cert_make(const struct scep_cert_options *o)
{
    X509 *cert = X509_new();
    int version = o->version == 0 ? 3 : o->version;
    bool default_days = o->days_from == 0 && o->days_to == 0;

    MUST(cert != NULL && X509_set_version(cert, version - 1) == 1);
    set_serial(cert, o);
    set_subject(cert, o);
    MUST(X509_set_issuer_name(cert, X509_get_subject_name(o->issuer != NULL ? o->issuer : cert))
         == 1);
    set_time(X509_getm_notBefore(cert), o->from, default_days ? -1 : o->days_from);
    set_time(X509_getm_notAfter(cert), o->to, default_days ? 30 : o->days_to);
    MUST(X509_set_pubkey(cert, o->key) == 1);
    if (o->key_id) {
        add_extension(cert, NID_subject_key_identifier, "hash");
    }
    if (o->ca) {
        add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    for (size_t i = 0; i < o->extension_count; i++) {
        add_raw_extension(cert, &o->extensions[i]);
    }
    sign(cert, o->issuer_key != NULL ? o->issuer_key : o->key, o);
    return cert;
}

void scep_test_ca_init(struct scep_test_ca *ca)
{
    static const enum scep_test_key ra_keys[2] = { SCEP_TEST_KEY_RA, SCEP_TEST_KEY_OLD_RA };
    struct scep_cert_options options = { .cn = "OpenNDES Test CA", .key_id = true, .ca = true };
    unsigned char serial[16] = { 0x4a };

    memset(ca, 0, sizeof(*ca));
    ca->key = scep_test_key(SCEP_TEST_KEY_CA);
    options.key = ca->key;
    ca->cert = scep_cert_make(&options);
    ca->set = ra_set_create();
    MUST(ca->set != NULL && ra_set_add_chain(ca->set, ca->cert, NULL));
    for (size_t i = 0; i < 2; i++) {
        struct scep_cert_options ra = { .cn = i == 0 ? "RA" : "Old RA",
                                        .issuer = ca->cert,
                                        .issuer_key = ca->key,
                                        .serial = serial,
                                        .serial_len = sizeof(serial),
                                        .key_id = true };

        serial[15] = (unsigned char)(i + 1);
        ca->ra_keys[i] = scep_test_key(ra_keys[i]);
        ra.key = ca->ra_keys[i];
        ca->ra_certs[i] = scep_cert_make(&ra);
        MUST(ra_set_add_ra(ca->set, ca->ra_certs[i], ca->ra_keys[i], NULL));
    }
}

void scep_test_ca_clear(struct scep_test_ca *ca)
{
    ra_set_unref(ca->set);
    for (size_t i = 0; i < 2; i++) {
        X509_free(ca->ra_certs[i]);
        EVP_PKEY_free(ca->ra_keys[i]);
    }
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    memset(ca, 0, sizeof(*ca));
}

void scep_test_pair_init(struct scep_test_pair *pair, const struct scep_test_ca *ca)
{
    unsigned char serial[16] = { 0x4b };
    struct scep_cert_options options = { .cn = "RA",
                                         .issuer = ca->cert,
                                         .issuer_key = ca->key,
                                         .serial = serial,
                                         .serial_len = sizeof(serial),
                                         .key_id = true };

    memset(pair, 0, sizeof(*pair));
    pair->sign.key = scep_test_key(SCEP_TEST_KEY_RA_3072);
    pair->decrypt.key = scep_test_key(SCEP_TEST_KEY_OTHER);
    options.key = pair->sign.key;
    serial[15] = 1;
    pair->sign.cert = scep_cert_make(&options);
    options.key = pair->decrypt.key;
    serial[15] = 2;
    pair->decrypt.cert = scep_cert_make(&options);
}

void scep_test_pair_clear(struct scep_test_pair *pair)
{
    X509_free(pair->sign.cert);
    EVP_PKEY_free(pair->sign.key);
    X509_free(pair->decrypt.cert);
    EVP_PKEY_free(pair->decrypt.key);
}

void scep_test_ca_issue(const struct scep_test_ca *ca, EVP_PKEY *key, const char *cn,
                        struct buffer *out)
{
    static const unsigned char serial[] = { 0x7f, 0x10, 0x20, 0x30 };
    struct scep_cert_options options = { .key = key,
                                         .cn = cn,
                                         .issuer = ca->cert,
                                         .issuer_key = ca->key,
                                         .serial = serial,
                                         .serial_len = sizeof(serial) };
    X509 *cert = scep_cert_make(&options);
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    MUST(len > 0 && buffer_append(out, der, (size_t)len, NULL));
    OPENSSL_free(der);
    X509_free(cert);
}
