/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>

#include "model/csr_builder.h"
#include "model/usage_builder.h"
#include "mscep/ndes_ra_certs.h"

#define AGENT "1.3.6.1.4.1.311.20.2.1"

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

static void take(struct ndes_ra_certs *certs, const struct usage_spec *spec, EVP_PKEY *key,
                 bool has_key)
{
    struct x509_st *cert = usage_builder_make(spec, key);
    struct buffer der = BUFFER_INIT(65536);
    struct cert_store_entry entry = { .has_key = has_key };
    struct error err = ERROR_INIT;

    assert_done(certificate_der(cert, &der, &err), &err, "");
    entry.der = buffer_bytes(&der);
    assert_done(ndes_ra_certs_take(certs, &entry, &err), &err, spec->subject);
    certificate_free(cert);
    buffer_clear(&der);
}

static void ra_certs__roles__by_template_then_usage(void **state)
{
    static const struct {
        const char *name;
        struct usage_spec spec;
        bool found;
        bool signs;
        bool decrypts;
    } cases[] = {
        { "signature",
          { .subject = "H-MSCEP-RA",
            .key_usage = "digitalSignature",
            .eku = AGENT,
            .template_name = "EnrollmentAgentOffline" },
          true,
          true,
          false },
        { "encryption",
          { .subject = "H-MSCEP-RA",
            .key_usage = "keyEncipherment",
            .eku = AGENT,
            .template_name = "CEPEncryption" },
          true,
          false,
          true },
        { "both usages, named",
          { .subject = "a",
            .key_usage = "digitalSignature,keyEncipherment",
            .eku = AGENT,
            .template_name = "cepencryption" },
          true,
          false,
          true },
        { "usage alone",
          { .subject = "a", .key_usage = "keyEncipherment", .eku = AGENT },
          true,
          false,
          true },
        { "no usage", { .subject = "a", .eku = AGENT }, true, true, true },
        { "a server's",
          { .subject = "a", .key_usage = "digitalSignature", .eku = "serverAuth" },
          false,
          false,
          false },
        { "nothing", { .subject = "H-MSCEP-RA" }, false, false, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_ra_certs certs = { 0 };

        take(&certs, &cases[i].spec, *state, i % 2 == 0);
        if (certs.count != (cases[i].found ? 1u : 0u)) {
            fail_msg("%s", cases[i].name);
        }
        if (cases[i].found) {
            assert_int_equal(certs.items[0].signs, cases[i].signs);
            assert_int_equal(certs.items[0].decrypts, cases[i].decrypts);
            assert_int_equal(certs.items[0].has_key, i % 2 == 0);
        }
    }
}

static void ra_certs__facts__kept(void **state)
{
    struct usage_spec spec = { .subject = "H-MSCEP-RA",
                               .eku = AGENT,
                               .not_before = "20200101000000Z",
                               .not_after = "20220101000000Z" };
    struct ndes_ra_certs certs = { 0 };

    take(&certs, &spec, *state, true);
    assert_int_equal(certs.count, 1);
    assert_string_equal(certs.items[0].info.subject, "CN=H-MSCEP-RA");
    assert_int_equal(certs.items[0].info.not_after, 1640995200);
}

static void ra_certs__more_than_fit__counted(void **state)
{
    struct usage_spec spec = { .subject = "a", .eku = AGENT };
    struct ndes_ra_certs certs = { 0 };

    for (size_t i = 0; i < NDES_RA_CERTS_MAX + 2; i++) {
        take(&certs, &spec, *state, true);
    }
    assert_int_equal(certs.count, NDES_RA_CERTS_MAX);
    assert_int_equal(certs.left_out, 2);
}

static void ra_certs__garbage__passed_by(void **state)
{
    struct ndes_ra_certs certs = { 0 };
    struct cert_store_entry entry = { .der = bytes_of_text("no certificate") };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(ndes_ra_certs_take(&certs, &entry, &err), &err, "");
    entry.der = bytes_of(NULL, 0);
    assert_done(ndes_ra_certs_take(&certs, &entry, &err), &err, "");
    assert_int_equal(certs.count, 0);
}

static void ra_certs__this_machine__can_be_read(void **state)
{
    static struct ndes_ra_certs certs;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(ndes_ra_certs_read(&certs, &err), &err, "");
    assert_true(certs.count <= NDES_RA_CERTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ra_certs__roles__by_template_then_usage, make_key,
                                        free_key),
        cmocka_unit_test_setup_teardown(ra_certs__facts__kept, make_key, free_key),
        cmocka_unit_test_setup_teardown(ra_certs__more_than_fit__counted, make_key, free_key),
        cmocka_unit_test(ra_certs__garbage__passed_by),
        cmocka_unit_test(ra_certs__this_machine__can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
