/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "template/template_case.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))

static int make_key(void **state)
{
    *state = csr_builder_key("P-256");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

static void plan__ordinary_request__complete(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;
    struct cert_plan plan = { 0 };
    char subject[256];

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host");
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("host.example.com"));
    assert_int_equal(template_case_plan(&config, &b, &plan), REASON_NONE);
    name_format(plan.subject, subject, sizeof(subject));
    assert_string_equal(subject, "CN=host");
    assert_int_equal(sk_GENERAL_NAME_num(plan.san), 1);
    assert_int_equal(plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE); /* the key is EC */
    assert_int_equal(sk_ASN1_OBJECT_num(plan.eku), 1);
    assert_int_equal(OBJ_obj2nid(sk_ASN1_OBJECT_value(plan.eku, 0)), NID_client_auth);
    assert_true(plan.not_before == TEMPLATE_CASE_NOW - 3600);
    assert_true(plan.not_after == TEMPLATE_CASE_NOW + 365 * 86400);
    cert_plan_clear(&plan);
}

/* Extensions that would make a device somebody else: the plan has no place for them. */
static void plan__greedy_request__nothing_of_it_enters(void **state)
{
    static const struct {
        const char *oid;
        const char *der;
        size_t len;
    } greedy[] = {
        { "2.5.29.19", "\x30\x03\x01\x01\xff", 5 },                /* basicConstraints CA:TRUE */
        { "2.5.29.37", "\x30\x06\x06\x04\x55\x1d\x25\x00", 8 },    /* anyExtendedKeyUsage */
        { "1.3.6.1.4.1.311.20.2", "\x1e\x04\0C\0A", 6 },           /* template name, version 1 */
        { "1.3.6.1.4.1.311.21.7", "\x30\x04\x06\x02\x2a\x03", 6 }, /* template, version 2 */
        { "1.3.6.1.4.1.311.25.2", "\x30\x00", 2 },                 /* account SID */
        { "2.5.29.30", "\x30\x00", 2 },                            /* nameConstraints */
        { "2.5.29.32", "\x30\x06\x30\x04\x06\x02\x2a\x03", 8 },    /* certificatePolicies */
        { "2.5.29.31", "\x30\x00", 2 },                            /* CRL distribution points */
        { "1.3.6.1.5.5.7.1.1", "\x30\x00", 2 },   /* authority information access */
        { OID_KEY_USAGE, "\x03\x02\x01\x06", 4 }, /* keyCertSign, cRLSign */
    };
    struct template_config config = template_case_config();
    struct csr_builder b;
    struct cert_plan plan = { 0 };

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host");
    for (size_t i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++) {
        csr_builder_extension(&b, greedy[i].oid, true, bytes_of(greedy[i].der, greedy[i].len));
    }
    assert_int_equal(template_case_plan(&config, &b, &plan), REASON_NONE);
    assert_int_equal(plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE); /* the key is EC */
    assert_int_equal(sk_ASN1_OBJECT_num(plan.eku), 1);
    assert_int_equal(OBJ_obj2nid(sk_ASN1_OBJECT_value(plan.eku, 0)), NID_client_auth);
    assert_null(plan.san);
    cert_plan_clear(&plan);
}

static void plan__nobody_named__refused(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;

    csr_builder_init(&b, *state);
    template_case_expect(&config, &b, REASON_SUBJECT_EMPTY, "no subject, no SAN");
    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("host.example.com"));
    template_case_expect(&config, &b, REASON_NONE, "SAN only");
    config.san.unlisted = UNLISTED_DROP;
    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_URI, bytes_of_text("https://x/"));
    template_case_expect(&config, &b, REASON_SUBJECT_EMPTY, "SAN dropped");
    config.subject.append = TEXT("O=Example");
    csr_builder_init(&b, *state);
    template_case_expect(&config, &b, REASON_NONE, "the template's own");
}

static void key__rules__held(void **state)
{
    static const struct {
        const char *name;
        unsigned bits;
        unsigned long factor;
        uint64_t exponent;
        enum reason reason;
    } cases[] = {
        { "2048", 2048, 7919, 65537, REASON_NONE },
        { "4096", 4096, 7919, 65537, REASON_NONE },
        { "2047", 2047, 7919, 65537, REASON_KEY_SIZE },
        { "1024", 1024, 7919, 65537, REASON_KEY_SIZE },
        { "4097", 4097, 7919, 65537, REASON_KEY_SIZE },
        { "e=1", 2048, 7919, 1, REASON_KEY_EXPONENT },
        { "e=3", 2048, 7919, 3, REASON_NONE },
        { "even e", 2048, 7919, 65536, REASON_KEY_EXPONENT },
        { "even modulus", 2048, 2, 65537, REASON_KEY_EXPONENT },
        { "modulus with the factor 3", 2048, 3, 65537, REASON_KEY_EXPONENT },
        { "modulus with the factor 251", 2048, 251, 65537, REASON_KEY_EXPONENT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        csr_builder_init(&b, NULL);
        csr_builder_cn(&b, "host");
        csr_builder_rsa_numbers(&b, cases[i].bits, cases[i].factor, cases[i].exponent);
        template_case_expect(&config, &b, cases[i].reason, cases[i].name);
    }
}

static void key__types_and_curves__only_listed(void **state)
{
    static const struct {
        const char *kind;
        const char *types;
        const char *curves;
        enum reason reason;
    } cases[] = {
        { "RSA-2048", "rsa", "P-256", REASON_NONE },
        { "RSA-2048", "ec", "P-256", REASON_KEY_TYPE },
        { "RSA-2048", "rsa", "", REASON_NONE },
        { "P-256", "rsa", "P-256", REASON_KEY_TYPE },
        { "P-256", "rsa, ec", "P-256", REASON_NONE },
        { "P-256", "ec", "P-384,P-521", REASON_KEY_SIZE },
        { "P-384", "ec", "P-256, P-384", REASON_NONE },
        { "P-384", "ec", "P-256", REASON_KEY_SIZE },
        { "P-521", "ec", "P-521", REASON_NONE },
        { "P-521", "rsa,ec", "P-256,P-384", REASON_KEY_SIZE },
        { "P-224", "rsa,ec", "P-256,P-384,P-521", REASON_KEY_TYPE },
        { "ED25519", "rsa", "P-256", REASON_KEY_TYPE },
        { "ED25519", "rsa,ec", "P-256", REASON_KEY_TYPE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        EVP_PKEY *key = csr_builder_key(cases[i].kind);
        struct csr_builder b;

        config.key.types = TEXT(cases[i].types);
        config.key.curves = TEXT(cases[i].curves);
        csr_builder_init(&b, key);
        csr_builder_cn(&b, "host");
        template_case_expect(&config, &b, cases[i].reason, cases[i].kind);
        EVP_PKEY_free(key);
    }
}

static void takes__types__as_listed(void **state)
{
    static const struct {
        const char *types;
        bool rsa;
        bool ec;
    } cases[] = { { "rsa", true, false }, { "ec", false, true }, { "ec,rsa", true, true } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct error err = ERROR_INIT;
        struct template *t = NULL;

        config.key.types = TEXT(cases[i].types);
        t = template_create(&config, &err);
        assert_done(t != NULL, &err, cases[i].types);
        assert_int_equal(template_takes(t, KEY_TYPE_RSA), cases[i].rsa);
        assert_int_equal(template_takes(t, KEY_TYPE_EC), cases[i].ec);
        assert_false(template_takes(t, KEY_TYPE_OTHER));
        template_free(t);
    }
}

/* What a setting allows and no more: short keys by exception, long ones to the end of the scale. */
static void key__rsa_sizes_of_settings__held(void **state)
{
    static const struct {
        unsigned bits;
        int64_t min;
        int64_t max;
        enum reason reason;
    } cases[] = {
        { 1024, 1024, 4096, REASON_NONE },     { 1023, 1024, 4096, REASON_KEY_SIZE },
        { 2048, 3072, 8192, REASON_KEY_SIZE }, { 3072, 3072, 8192, REASON_NONE },
        { 8192, 2048, 8192, REASON_NONE },     { 8192, 2048, 8191, REASON_KEY_SIZE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        config.key.rsa_min_bits = cases[i].min;
        config.key.rsa_max_bits = cases[i].max;
        csr_builder_init(&b, NULL);
        csr_builder_cn(&b, "host");
        csr_builder_rsa_numbers(&b, cases[i].bits, 7919, 65537);
        template_case_expect(&config, &b, cases[i].reason, "size");
    }
}

static void create__bad_settings__refused(void **state)
{
    struct template_config base = template_case_config();
    struct template_config cases[14];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cases[i] = base;
    }
    cases[n++].subject.attributes = TEXT("CN,NoSuchThing");
    cases[n++].subject.append = TEXT("Example");
    cases[n++].subject.append = TEXT("O=");
    cases[n++].subject.append = TEXT("NoSuchThing=x");
    cases[n++].subject.append = TEXT("C=Germany");
    cases[n++].san.types = TEXT("dns,x400");
    cases[n++].key.types = TEXT("");
    cases[n++].key.types = TEXT("dsa");
    cases[n++].key.curves = TEXT("P-224");
    cases[n++].key.curves = TEXT("");
    cases[n++].key.rsa_min_bits = 512;
    cases[n++].key_usage.allowed = TEXT("digitalSignature,keyCertSign");
    cases[n++].key_usage.allowed = TEXT("");
    cases[n++].eku = TEXT("clientAuth,anyExtendedKeyUsage");
    assert_int_equal(n, sizeof(cases) / sizeof(cases[0]));
    for (size_t i = 0; i < n; i++) {
        struct error err = ERROR_INIT;
        struct template *t = template_create(&cases[i], &err);

        if (t != NULL || err.reason != REASON_CONFIG_BAD_VALUE) {
            fail_msg("case %zu: %s", i, err.detail);
        }
    }
    template_free(NULL);
}

/* The public sample with a template an Intune profile would need. */
static void plan__intune_sample__fits_a_user_template(void **state)
{
    static const char path[] = OPENNDES_SHARED_DATA "/intune-2018-sample.csr.pem";
    struct template_config config = template_case_config();
    struct template *t = NULL;
    struct cert_plan plan = { 0 };
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    BIO *bio = BIO_new_file(path, "rb");
    X509_REQ *req = NULL;
    unsigned char *der = NULL;
    int len = 0;

    (void)state;
    if (bio == NULL) {
        test_skip("the shared sample intune-2018-sample.csr.pem is not on this machine");
    }
    req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    assert_done(csr_parse(bytes_of(der, (size_t)len), &csr, &err), &err, "");
    t = template_create(&config, &err);
    assert_refused(template_plan(t, &csr, TEMPLATE_CASE_NOW, &plan, &err), &err, REASON_SAN_TYPE,
                   "UPN is not listed");
    error_clear(&err);
    template_free(t);
    config.san.types = TEXT("upn");
    config.key_usage.source = KEY_USAGE_SOURCE_CSR;
    t = template_create(&config, &err);
    assert_done(template_plan(t, &csr, TEMPLATE_CASE_NOW, &plan, &err), &err, "");
    assert_int_equal(sk_GENERAL_NAME_num(plan.san), 1);
    assert_int_equal(plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    cert_plan_clear(&plan);
    template_free(t);
    csr_clear(&csr);
    OPENSSL_free(der);
    X509_REQ_free(req);
    BIO_free(bio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__ordinary_request__complete),
        cmocka_unit_test(plan__greedy_request__nothing_of_it_enters),
        cmocka_unit_test(plan__nobody_named__refused),
        cmocka_unit_test(key__rules__held),
        cmocka_unit_test(key__types_and_curves__only_listed),
        cmocka_unit_test(takes__types__as_listed),
        cmocka_unit_test(key__rsa_sizes_of_settings__held),
        cmocka_unit_test(create__bad_settings__refused),
        cmocka_unit_test(plan__intune_sample__fits_a_user_template),
    };

    return cmocka_run_group_tests_name("template", tests, make_key, free_key);
}
