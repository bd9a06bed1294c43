/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/certificate.h"
#include "model/certificate_usage.h"
#include "model/csr_builder.h"
#include "model/usage_builder.h"

#define AGENT "1.3.6.1.4.1.311.20.2.1"
#define B(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

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

static void usage__certificates__told(void **state)
{
    static const struct {
        const char *name;
        struct usage_spec spec;
        struct certificate_usage expected;
        bool agent;
    } cases[] = {
        { "nothing", { .subject = "a" }, { false, false, false, "" }, false },
        { "RA that signs",
          { .subject = "a",
            .key_usage = "digitalSignature",
            .eku = AGENT,
            .template_name = "EnrollmentAgentOffline" },
          { true, true, false, "EnrollmentAgentOffline" },
          true },
        { "RA that decrypts",
          { .subject = "a",
            .key_usage = "keyEncipherment",
            .eku = "clientAuth," AGENT,
            .template_name = "CEPEncryption" },
          { true, false, true, "CEPEncryption" },
          true },
        { "other uses",
          { .subject = "a", .key_usage = "keyAgreement", .eku = "clientAuth" },
          { true, false, false, "" },
          false },
        { "newer template",
          { .subject = "a",
            .template_der = B("\x30\x0b\x06\x06\x2b\x06\x01\x04\x01\x05\x02\x01\x64") },
          { false, false, false, "1.3.6.1.4.1.5" },
          false },
        { "template name that is a number",
          { .subject = "a", .template_name_der = B("\x02\x01\x05") },
          { false, false, false, "" },
          false },
        { "template name that is null",
          { .subject = "a", .template_name_der = B("\x05\x00") },
          { false, false, false, "" },
          false },
        { "template name with a NUL",
          { .subject = "a",
            .template_name_der = B("\x0c\x03"
                                   "a\0b") },
          { false, false, false, "" },
          false },
        { "bytes behind the template name",
          { .subject = "a",
            .template_name_der = B("\x0c\x01"
                                   "a\0") },
          { false, false, false, "" },
          false },
        { "template that is no sequence",
          { .subject = "a", .template_der = B("\x04\x01\x00") },
          { false, false, false, "" },
          false },
        { "empty template", { .subject = "a", .template_der = B("") }, { 0 }, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = usage_builder_make(&cases[i].spec, *state);
        struct certificate_usage usage;
        struct error err = ERROR_INIT;

        assert_done(certificate_usage_read(cert, &usage, &err), &err, cases[i].name);
        assert_int_equal(usage.has_key_usage, cases[i].expected.has_key_usage);
        assert_int_equal(usage.digital_signature, cases[i].expected.digital_signature);
        assert_int_equal(usage.key_encipherment, cases[i].expected.key_encipherment);
        assert_string_equal(usage.ad_template, cases[i].expected.ad_template);
        if (certificate_usage_has_eku(cert, AGENT) != cases[i].agent) {
            fail_msg("%s: extended key usage", cases[i].name);
        }
        certificate_free(cert);
    }
}

static void usage__key_usage_twice__refused(void **state)
{
    struct usage_spec spec = { .subject = "a", .key_usage = "digitalSignature" };
    X509 *cert = usage_builder_make(&spec, *state);
    X509_EXTENSION *again = X509_EXTENSION_dup(X509_get_ext(cert, 0));
    struct certificate_usage usage;
    struct error err = ERROR_INIT;

    assert_int_equal(X509_add_ext(cert, again, -1), 1);
    assert_refused(certificate_usage_read(cert, &usage, &err), &err, REASON_CERT_UNREADABLE, "");
    X509_EXTENSION_free(again);
    certificate_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usage__certificates__told, make_key, free_key),
        cmocka_unit_test_setup_teardown(usage__key_usage_twice__refused, make_key, free_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
