/* SPDX-License-Identifier: Apache-2.0 */
/* Each thing that makes Windows or Apple devices turn an RA down is told, and nothing else is. */
#include "ca/ra_suitability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ca/ca_fixture.h"

/* An RA certificate as OpenSSL's configuration language says it; NULL: as a good one has it. */
struct ra_case {
    const char *key_usage; /* "": none */
    const char *eku;       /* "": none */
    const char *constraints;
    bool subject_of_ca;
    bool no_key_ids;
    bool ec_key;
    bool sha1;
    bool negative_serial;
    const char *ca_eku; /* NULL: none */
    enum ra_cert_role role;
    const char *expected; /* part of the only sentence; NULL: none */
};

static const struct ra_case cases[] = {
    { .role = RA_CERT_SINGLE },
    { .role = RA_CERT_SIGN, .key_usage = "critical,digitalSignature" },
    { .role = RA_CERT_ENC, .key_usage = "critical,keyEncipherment" },
    /* Both bits suit each member of a pair, too. */
    { .role = RA_CERT_SIGN },
    { .role = RA_CERT_SINGLE, .eku = "serverAuth" },
    { .role = RA_CERT_SINGLE, .eku = "anyExtendedKeyUsage" },
    { .key_usage = "critical,digitalSignature", .expected = "-67731" },
    { .key_usage = "critical,keyEncipherment", .expected = "-67731" },
    { .key_usage = "", .expected = "-67731" },
    { .role = RA_CERT_SIGN, .key_usage = "keyEncipherment", .expected = "-67731" },
    { .role = RA_CERT_ENC, .key_usage = "digitalSignature", .expected = "-67731" },
    { .eku = "", .expected = "Certificate Request Agent" },
    { .eku = "clientAuth", .expected = "Certificate Request Agent" },
    { .constraints = "critical,CA:TRUE", .expected = "CA certificate itself" },
    { .subject_of_ca = true, .expected = "subject is that of the CA" },
    { .no_key_ids = true, .expected = "key identifier" },
    { .ec_key = true, .expected = "not RSA" },
    { .sha1 = true, .expected = "SHA-1" },
    { .negative_serial = true, .expected = "serial number" },
    { .ca_eku = "serverAuth", .expected = "CA's certificate has an extended key usage" },
};

static X509_NAME *make_name(const char *cn)
{
    X509_NAME *name = X509_NAME_new();

    assert_non_null(name);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0),
        1);
    return name;
}

static void put(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make(const char *cn, EVP_PKEY *key, int64_t serial)
{
    X509 *cert = X509_new();
    X509_NAME *name = make_name(cn);

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set_int64(X509_get_serialNumber(cert), serial), 1);
    assert_int_equal(X509_set_subject_name(cert, name), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 86400));
    X509_NAME_free(name);
    return cert;
}

static X509 *make_ca(const struct ra_case *c, EVP_PKEY *key)
{
    X509 *ca = make("Some CA", key, 1);

    assert_int_equal(X509_set_issuer_name(ca, X509_get_subject_name(ca)), 1);
    put(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
    put(ca, ca, NID_subject_key_identifier, "hash");
    if (c->ca_eku != NULL) {
        put(ca, ca, NID_ext_key_usage, c->ca_eku);
    }
    assert_true(X509_sign(ca, key, EVP_sha256()) > 0);
    return ca;
}

static X509 *make_ra(const struct ra_case *c, X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key)
{
    const char *usage =
        c->key_usage != NULL ? c->key_usage : "critical,digitalSignature,keyEncipherment";
    const char *eku = c->eku != NULL ? c->eku : "1.3.6.1.4.1.311.20.2.1";
    X509 *ra = make(c->subject_of_ca ? "Some CA" : "Some RA", key, c->negative_serial ? -5 : 4711);

    assert_int_equal(X509_set_issuer_name(ra, X509_get_subject_name(ca)), 1);
    put(ra, ca, NID_basic_constraints,
        c->constraints != NULL ? c->constraints : "critical,CA:FALSE");
    if (usage[0] != '\0') put(ra, ca, NID_key_usage, usage);
    if (eku[0] != '\0') put(ra, ca, NID_ext_key_usage, eku);
    if (!c->no_key_ids) {
        put(ra, ca, NID_subject_key_identifier, "hash");
        put(ra, ca, NID_authority_key_identifier, "keyid:always");
    }
    assert_true(X509_sign(ra, ca_key, c->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    return ra;
}

struct told {
    size_t count;
    char text[256];
};

static bool hear(void *context, const char *text, struct error *err)
{
    struct told *told = context;

    (void)err;
    told->count++;
    assert_true(strlen(text) < sizeof(told->text));
    memcpy(told->text, text, strlen(text) + 1);
    return true;
}

static void each_flaw__is_told_alone(void **state)
{
    EVP_PKEY *rsa = sample_key_rsa();
    EVP_PKEY *ec = sample_key_ec();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ra_case *c = &cases[i];
        X509 *ca = make_ca(c, rsa);
        X509 *ra = make_ra(c, ca, rsa, c->ec_key ? ec : rsa);
        struct told told = { 0, "" };
        struct error err = ERROR_INIT;

        assert_true(ra_suitability(ra, c->role, ca, hear, &told, &err));
        if (told.count != (c->expected != NULL ? 1u : 0u)
            || (c->expected != NULL && strstr(told.text, c->expected) == NULL)) {
            fail_msg("case %zu: %zu sentences, last: %s", i, told.count, told.text);
        }
        X509_free(ra);
        X509_free(ca);
    }
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static bool stop(void *context, const char *text, struct error *err)
{
    (void)context;
    (void)text;
    return error_set(err, REASON_LIMIT, "enough");
}

static void visitor__says_no__ends_the_walk(void **state)
{
    const struct ra_case c = { .eku = "", .no_key_ids = true };
    EVP_PKEY *key = sample_key_rsa();
    X509 *ca = make_ca(&c, key);
    X509 *ra = make_ra(&c, ca, key, key);
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(ra_suitability(ra, RA_CERT_SINGLE, ca, stop, NULL, &err));
    assert_int_equal(err.reason, REASON_LIMIT);
    X509_free(ra);
    X509_free(ca);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flaw__is_told_alone),
        cmocka_unit_test(visitor__says_no__ends_the_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
