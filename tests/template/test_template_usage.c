/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/objects.h>

#include "config/config_names.h"
#include "template/template_usage.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define SIGN KEY_USAGE_DIGITAL_SIGNATURE
#define ENCIPHER KEY_USAGE_KEY_ENCIPHERMENT

static void bits__sources__subset_or_refused(void **state)
{
    static const struct {
        const char *name;
        const char *allowed;
        enum key_usage_source source;
        bool asked;
        uint32_t wanted;
        uint32_t given; /* 0: refused */
    } cases[] = {
        { "template decides", "digitalSignature", KEY_USAGE_SOURCE_TEMPLATE, true, ENCIPHER, SIGN },
        { "CA asked, template decides", "digitalSignature,keyEncipherment",
          KEY_USAGE_SOURCE_TEMPLATE, true, KEY_USAGE_KEY_CERT_SIGN, SIGN | ENCIPHER },
        { "nothing asked", "digitalSignature,keyEncipherment", KEY_USAGE_SOURCE_CSR, false, 0,
          SIGN | ENCIPHER },
        { "a part asked", "digitalSignature,keyEncipherment", KEY_USAGE_SOURCE_CSR, true, ENCIPHER,
          ENCIPHER },
        { "all asked", "digitalSignature, keyEncipherment", KEY_USAGE_SOURCE_CSR, true,
          SIGN | ENCIPHER, SIGN | ENCIPHER },
        { "more asked", "digitalSignature", KEY_USAGE_SOURCE_CSR, true, SIGN | ENCIPHER, 0 },
        { "another asked", "digitalSignature", KEY_USAGE_SOURCE_CSR, true, ENCIPHER, 0 },
        { "CA asked", "digitalSignature", KEY_USAGE_SOURCE_CSR, true,
          SIGN | KEY_USAGE_KEY_CERT_SIGN, 0 },
        { "CRL asked", "digitalSignature", KEY_USAGE_SOURCE_CSR, true, KEY_USAGE_CRL_SIGN, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = { .key_usage = { TEXT(cases[i].allowed),
                                                         cases[i].source } };
        struct csr csr = { .has_key_usage = cases[i].asked, .key_usage = cases[i].wanted };
        struct template_usage usage;
        struct error err = ERROR_INIT;
        uint32_t bits = 0;

        assert_done(template_usage_init(&usage, &config, &err), &err, cases[i].name);
        if (cases[i].given != 0) {
            assert_done(template_usage_bits(&usage, &csr, &bits, &err), &err, cases[i].name);
            assert_int_equal(bits, cases[i].given);
        } else {
            assert_refused(template_usage_bits(&usage, &csr, &bits, &err), &err, REASON_KEY_USAGE,
                           cases[i].name);
        }
        template_usage_clear(&usage);
    }
}

/* RFC 8813 3: nothing is encrypted to a key on a curve. */
static void bits__ec_key__no_encipherment(void **state)
{
    static const struct {
        const char *name;
        const char *allowed;
        enum key_usage_source source;
        bool asked;
        uint32_t wanted;
        uint32_t given; /* 0: refused */
    } cases[] = {
        { "template decides", "digitalSignature,keyEncipherment", KEY_USAGE_SOURCE_TEMPLATE, false,
          0, SIGN },
        { "all of the template", "digitalSignature,keyEncipherment,dataEncipherment,keyAgreement",
          KEY_USAGE_SOURCE_TEMPLATE, false, 0, SIGN | KEY_USAGE_KEY_AGREEMENT },
        { "asked out of habit", "digitalSignature,keyEncipherment", KEY_USAGE_SOURCE_CSR, true,
          SIGN | ENCIPHER, SIGN },
        { "asked beside what is allowed", "digitalSignature", KEY_USAGE_SOURCE_CSR, true,
          SIGN | ENCIPHER, SIGN },
        { "asked for more", "digitalSignature", KEY_USAGE_SOURCE_CSR, true,
          SIGN | KEY_USAGE_KEY_AGREEMENT, 0 },
        { "nothing left of the template", "keyEncipherment", KEY_USAGE_SOURCE_TEMPLATE, false, 0,
          0 },
        { "nothing left of the request", "digitalSignature,keyEncipherment", KEY_USAGE_SOURCE_CSR,
          true, ENCIPHER, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = { .key_usage = { TEXT(cases[i].allowed),
                                                         cases[i].source } };
        struct csr csr = { .key_type = KEY_TYPE_EC,
                           .has_key_usage = cases[i].asked,
                           .key_usage = cases[i].wanted };
        struct template_usage usage;
        struct error err = ERROR_INIT;
        uint32_t bits = 0;

        assert_done(template_usage_init(&usage, &config, &err), &err, cases[i].name);
        if (cases[i].given != 0) {
            assert_done(template_usage_bits(&usage, &csr, &bits, &err), &err, cases[i].name);
            assert_int_equal(bits, cases[i].given);
        } else {
            assert_refused(template_usage_bits(&usage, &csr, &bits, &err), &err, REASON_KEY_USAGE,
                           cases[i].name);
        }
        template_usage_clear(&usage);
    }
}

/* Every word the configuration lets through means something here. */
static void init__words_of_the_configuration__known(void **state)
{
    (void)state;
    for (size_t i = 0; config_names_key_usage[i] != NULL; i++) {
        struct template_config config = { .key_usage = { TEXT(config_names_key_usage[i]), 0 } };
        struct template_usage usage;
        struct error err = ERROR_INIT;

        assert_done(template_usage_init(&usage, &config, &err), &err, config_names_key_usage[i]);
        assert_int_equal(usage.allowed & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN), 0);
        template_usage_clear(&usage);
    }
}

static void eku__lists__copied(void **state)
{
    static const struct {
        const char *list;
        int count; /* -1: refused */
    } cases[] = {
        { NULL, 0 },
        { "", 0 },
        { "clientAuth", 1 },
        { "clientAuth, serverAuth,1.3.6.1.4.1.311.20.2.2", 3 },
        { "emailProtection,codeSigning,ipsecEndSystem,ipsecTunnel,ipsecUser,ipsecIKE,capwapAC,"
          "capwapWTP,secureShellClient,secureShellServer,msSmartcardLogin,msEFS,pkInitClientAuth",
          13 },
        { "noSuchUsage", -1 },
        { "2.5.29.37.0", -1 },
        { "anyExtendedKeyUsage", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = { .key_usage = { TEXT("digitalSignature"), 0 },
                                          .eku = TEXT(cases[i].list) };
        struct template_usage usage;
        struct error err = ERROR_INIT;
        STACK_OF(ASN1_OBJECT) *copy = NULL;

        if (cases[i].count < 0) {
            assert_refused(template_usage_init(&usage, &config, &err), &err,
                           REASON_CONFIG_BAD_VALUE, cases[i].list);
            continue;
        }
        assert_done(template_usage_init(&usage, &config, &err), &err, "");
        assert_done(template_usage_eku(&usage, &copy, &err), &err, "");
        assert_int_equal(copy == NULL ? 0 : sk_ASN1_OBJECT_num(copy), cases[i].count);
        template_usage_clear(&usage);
        sk_ASN1_OBJECT_pop_free(copy, ASN1_OBJECT_free);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits__sources__subset_or_refused),
        cmocka_unit_test(bits__ec_key__no_encipherment),
        cmocka_unit_test(init__words_of_the_configuration__known),
        cmocka_unit_test(eku__lists__copied),
    };

    return cmocka_run_group_tests_name("template_usage", tests, NULL, NULL);
}
