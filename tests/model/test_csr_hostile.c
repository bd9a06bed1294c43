/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/csr.h"
#include "model/csr_builder.h"

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

/* A request with everything in it, small enough to try every byte. */
static void build_full(EVP_PKEY *key, struct buffer *der)
{
    struct csr_builder b;

    csr_builder_init(&b, key);
    csr_builder_rdn_pair(&b, "2.5.4.10", "o", OID_CN, "h");
    csr_builder_rdn(&b, OID_CN, TAG_BMP, bytes_of("\0x", 2));
    csr_builder_challenge(&b, TAG_BMP, bytes_of("\0s\0e", 4));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.b"));
    csr_builder_san_other(&b, OID_UPN, TAG_UTF8, bytes_of_text("u@r"));
    csr_builder_extension(&b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
    csr_builder_der(&b, der);
    csr_builder_clear(&b);
}

/* What a caller does with a request that was read. */
static void use(const struct csr *csr)
{
    struct buffer cn = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    char text[256];
    bool found = false;

    (void)!csr_verify(csr, &err);
    error_clear(&err);
    (void)!name_common_name(csr_subject(csr), &cn, &found, &err);
    name_format(csr_subject(csr), text, sizeof(text));
    (void)key_has_small_factor(csr_key(csr));
    buffer_clear(&cn);
}

/* Parse from memory of exactly this size, so that the sanitizer sees a read beyond it. */
static bool try_parse(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    bool ok = false;

    memcpy(copy, data, len);
    ok = csr_parse(bytes_of(copy, len), &csr, &err);
    free(copy);
    if (ok) {
        use(&csr);
    } else {
        assert_true(err.reason == REASON_SYNTAX || err.reason == REASON_LIMIT);
        assert_null(csr_key(&csr));
        assert_null(csr.challenge.data);
    }
    csr_clear(&csr);
    return ok;
}

static void parse__every_truncation__refused(void **state)
{
    struct buffer der = BUFFER_INIT(0);

    build_full(*state, &der);
    assert_true(try_parse(der.data, der.len));
    for (size_t len = 0; len < der.len; len++) {
        assert_false(try_parse(der.data, len));
    }
    buffer_clear(&der);
}

static void parse__trailing_bytes__refused(void **state)
{
    struct buffer der = BUFFER_INIT(0);
    struct error err = ERROR_INIT;

    build_full(*state, &der);
    assert_done(buffer_append_byte(&der, 0, &err), &err, "");
    assert_false(try_parse(der.data, der.len));
    assert_done(buffer_append(&der, "\x30\x00", 2, &err), &err, "");
    assert_false(try_parse(der.data, der.len));
    buffer_clear(&der);
}

static void parse__every_byte_mutated__no_crash(void **state)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x02, 0x30, 0x31, 0x7f, 0x80, 0x84, 0xa0, 0xff };
    struct buffer der = BUFFER_INIT(0);

    build_full(*state, &der);
    for (size_t i = 0; i < der.len; i++) {
        uint8_t good = der.data[i];

        for (size_t v = 0; v < sizeof(values); v++) {
            der.data[i] = values[v];
            (void)try_parse(der.data, der.len);
        }
        for (unsigned bit = 0; bit < 8; bit++) {
            der.data[i] = (uint8_t)(good ^ (1u << bit));
            (void)try_parse(der.data, der.len);
        }
        der.data[i] = good;
    }
    buffer_clear(&der);
}

/* Changes of several bytes at once, the same ones in each run. */
static void parse__random_mutations__no_crash(void **state)
{
    struct buffer der = BUFFER_INIT(0);
    uint32_t seed = 20240607;
    uint8_t *copy = NULL;

    build_full(*state, &der);
    copy = malloc(der.len);
    for (unsigned round = 0; round < 4000; round++) {
        memcpy(copy, der.data, der.len);
        for (unsigned change = 0; change <= round % 6; change++) {
            seed = seed * 1664525u + 1013904223u;
            copy[(seed >> 8) % der.len] = (uint8_t)(seed >> 24);
        }
        (void)try_parse(copy, der.len);
    }
    free(copy);
    buffer_clear(&der);
}

/* Thousands of nested or empty elements: time and stack stay bounded. */
static void parse__bombs__refused_quickly(void **state)
{
    static const uint8_t openings[] = { 0x30, 0x80 };
    uint8_t *bomb = malloc(LIMIT_CSR_BYTES);

    (void)state;
    for (size_t i = 0; i < LIMIT_CSR_BYTES; i++) { /* 30 80 30 80 ... */
        bomb[i] = openings[i % 2];
    }
    assert_false(try_parse(bomb, LIMIT_CSR_BYTES));
    memset(bomb, 0, LIMIT_CSR_BYTES); /* SEQUENCE of NULLs with no end */
    bomb[0] = 0x30;
    bomb[1] = 0x80;
    assert_false(try_parse(bomb, LIMIT_CSR_BYTES));
    for (size_t i = 4; i < LIMIT_CSR_BYTES; i += 2) { /* SEQUENCE of many NULLs */
        bomb[i] = 0x05;
        bomb[i + 1] = 0x00;
    }
    bomb[1] = 0x82;
    bomb[2] = (uint8_t)((LIMIT_CSR_BYTES - 4) >> 8);
    bomb[3] = (uint8_t)(LIMIT_CSR_BYTES - 4);
    assert_false(try_parse(bomb, LIMIT_CSR_BYTES));
    free(bomb);
}

static void parse__explicit_curve__refused(void **state)
{
    char encoding[] = "explicit";
    EVP_PKEY *key = csr_builder_key("P-256");
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding), 1);
    csr_builder_init(&b, key);
    csr_builder_der(&b, &der);
    assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, REASON_SYNTAX, "");
    csr_builder_clear(&b);
    buffer_clear(&der);
    EVP_PKEY_free(key);
}

static void parse__point_not_on_curve__refused(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(*state, &spki);

    spki[len - 1] ^= 1;
    csr_builder_init(&b, NULL);
    assert_done(buffer_append(&b.spki, spki, (size_t)len, &err), &err, "");
    csr_builder_der(&b, &der);
    assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, REASON_SYNTAX, "");
    OPENSSL_free(spki);
    csr_builder_clear(&b);
    buffer_clear(&der);
}

static void parse__other_curves_and_keys__kept_apart(void **state)
{
    static const char *const kinds[] = { "P-224", "ED25519" };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = csr_builder_key(kinds[i]);
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, key);
        csr_builder_der(&b, &der);
        assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, kinds[i]);
        assert_int_equal(csr.key_type, KEY_TYPE_OTHER);
        assert_refused(csr_verify(&csr, &err), &err, REASON_SIGNATURE_WRONG, kinds[i]);
        csr_clear(&csr);
        csr_builder_clear(&b);
        buffer_clear(&der);
        EVP_PKEY_free(key);
    }
}

static void parse__rsa_numbers__read_without_use(void **state)
{
    static const struct {
        const char *name;
        unsigned bits;
        uint64_t exponent;
        enum reason reason;
        bool exponent_ok;
    } cases[] = {
        { "16384 bits", 16384, 65537, REASON_LIMIT, false },
        { "8192 bits", 8192, 65537, REASON_NONE, true },
        { "e=1", 2048, 1, REASON_NONE, false },
        { "even e", 2048, 65538, REASON_NONE, false },
        { "512 bits", 512, 3, REASON_NONE, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, NULL);
        csr_builder_rsa_numbers(&b, cases[i].bits, 0, cases[i].exponent);
        csr_builder_der(&b, &der);
        if (cases[i].reason != REASON_NONE) {
            assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].reason,
                           cases[i].name);
        } else {
            assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].name);
            assert_int_equal(csr.key_bits, cases[i].bits);
            assert_int_equal(csr.key_exponent_ok, cases[i].exponent_ok);
            assert_refused(csr_verify(&csr, &err), &err, REASON_SIGNATURE_WRONG, cases[i].name);
        }
        csr_clear(&csr);
        csr_builder_clear(&b);
        buffer_clear(&der);
    }
}

static void parse__names_with_nul__kept_for_the_template(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    char text[64];

    csr_builder_init(&b, *state);
    csr_builder_rdn(&b, OID_CN, TAG_UTF8, bytes_of("a\0b", 3));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of("good.example\0.evil.example", 26));
    csr_builder_der(&b, &der);
    assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
    assert_int_equal(ASN1_STRING_length(sk_GENERAL_NAME_value(csr.san, 0)->d.dNSName), 26);
    name_format(csr_subject(&csr), text, sizeof(text));
    assert_string_equal(text, "CN=a\\x00b");
    csr_clear(&csr);
    csr_builder_clear(&b);
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__every_truncation__refused),
        cmocka_unit_test(parse__trailing_bytes__refused),
        cmocka_unit_test(parse__every_byte_mutated__no_crash),
        cmocka_unit_test(parse__random_mutations__no_crash),
        cmocka_unit_test(parse__bombs__refused_quickly),
        cmocka_unit_test(parse__explicit_curve__refused),
        cmocka_unit_test(parse__point_not_on_curve__refused),
        cmocka_unit_test(parse__other_curves_and_keys__kept_apart),
        cmocka_unit_test(parse__rsa_numbers__read_without_use),
        cmocka_unit_test(parse__names_with_nul__kept_for_the_template),
    };

    return cmocka_run_group_tests_name("csr_hostile", tests, make_key, free_key);
}
