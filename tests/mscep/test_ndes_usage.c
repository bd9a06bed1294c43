/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>

#include "base/limits.h"
#include "model/csr_builder.h"
#include "mscep/ndes_usage.h"

struct usage_case {
    const char *name;
    const char *bits; /* DER of the BIT STRING; NULL: no key usage asked for */
    size_t len;
    enum ndes_usage expected;
};

#define BITS(der) der, sizeof(der) - 1

static const struct usage_case cases[] = {
    { "none asked for", NULL, 0, NDES_USAGE_GENERAL },
    { "digitalSignature, keyEncipherment", BITS("\x03\x02\x05\xa0"), NDES_USAGE_GENERAL },
    { "digitalSignature", BITS("\x03\x02\x07\x80"), NDES_USAGE_SIGNATURE },
    { "keyEncipherment", BITS("\x03\x02\x05\x20"), NDES_USAGE_ENCRYPTION },
    { "digitalSignature, nonRepudiation", BITS("\x03\x02\x06\xc0"), NDES_USAGE_SIGNATURE },
    { "keyEncipherment, dataEncipherment", BITS("\x03\x02\x04\x30"), NDES_USAGE_ENCRYPTION },
    { "both and others", BITS("\x03\x02\x03\xf8"), NDES_USAGE_GENERAL },
    { "keyAgreement alone", BITS("\x03\x02\x03\x08"), NDES_USAGE_GENERAL },
    { "no bit set", BITS("\x03\x01\x00"), NDES_USAGE_GENERAL },
};

static void usage__each_request__template_of_ndes(void **state)
{
    EVP_PKEY *key = csr_builder_key("RSA-2048");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder builder;
        struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&builder, key);
        csr_builder_cn(&builder, "device");
        if (cases[i].bits != NULL) {
            csr_builder_extension(&builder, OID_KEY_USAGE, true,
                                  bytes_of(cases[i].bits, cases[i].len));
        }
        csr_builder_der(&builder, &der);
        assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].name);
        /* a BIT STRING without bits asks for nothing */
        assert_int_equal(csr.has_key_usage, cases[i].len > 3);
        if (ndes_usage_of(&csr) != cases[i].expected) {
            fail_msg("%s: %d", cases[i].name, (int)ndes_usage_of(&csr));
        }
        csr_clear(&csr);
        buffer_clear(&der);
        csr_builder_clear(&builder);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage__each_request__template_of_ndes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
