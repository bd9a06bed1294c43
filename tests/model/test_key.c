/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "model/csr_builder.h"
#include "model/key.h"

static void spki_of(EVP_PKEY *key, struct buffer *out)
{
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    assert_true(len > 0);
    assert_done(buffer_append(out, der, (size_t)len, &err), &err, "");
    OPENSSL_free(der);
}

static void inspect__known_keys__right_facts(void **state)
{
    static const struct {
        const char *kind;
        enum key_type type;
        unsigned bits;
    } cases[] = {
        { "RSA-1024", KEY_TYPE_RSA, 1024 }, { "RSA-2048", KEY_TYPE_RSA, 2048 },
        { "P-256", KEY_TYPE_EC, 256 },      { "P-384", KEY_TYPE_EC, 384 },
        { "P-521", KEY_TYPE_EC, 521 },      { "ED25519", KEY_TYPE_OTHER, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer spki = BUFFER_INIT(4096);
        struct error err = ERROR_INIT;
        struct key_facts facts = { KEY_TYPE_OTHER, 99, false };
        EVP_PKEY *key = csr_builder_key(cases[i].kind);

        spki_of(key, &spki);
        assert_done(key_inspect(buffer_bytes(&spki), &facts, &err), &err, cases[i].kind);
        assert_int_equal(facts.type, cases[i].type);
        assert_int_equal(facts.bits, cases[i].bits);
        assert_true(facts.exponent_ok);
        assert_false(key_has_small_factor(key));
        EVP_PKEY_free(key);
        buffer_clear(&spki);
    }
}

static void inspect__rsa_numbers__judged(void **state)
{
    static const struct {
        const char *name;
        unsigned bits;
        uint64_t exponent;
        bool exponent_ok;
        enum reason reason;
    } cases[] = {
        { "e=3", 2048, 3, true, REASON_NONE },
        { "e=65537", 2048, 65537, true, REASON_NONE },
        { "e=2^32-1", 2048, 0xffffffffUL, true, REASON_NONE },
        { "e=2^32+1", 2048, 0x100000001, false, REASON_NONE },
        { "e=1", 2048, 1, false, REASON_NONE },
        { "e=2", 2048, 2, false, REASON_NONE },
        { "e=65536", 2048, 65536, false, REASON_NONE },
        { "e=0", 2048, 0, false, REASON_SYNTAX },
        { "8192 bits", LIMIT_RSA_BITS_MAX, 65537, true, REASON_NONE },
        { "8193 bits", LIMIT_RSA_BITS_MAX + 1, 65537, true, REASON_LIMIT },
        { "16384 bits", 16384, 65537, true, REASON_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct error err = ERROR_INIT;
        struct key_facts facts = { KEY_TYPE_OTHER, 0, false };

        csr_builder_init(&b, NULL);
        csr_builder_rsa_numbers(&b, cases[i].bits, 7919, cases[i].exponent);
        if (cases[i].reason != REASON_NONE) {
            assert_refused(key_inspect(buffer_bytes(&b.spki), &facts, &err), &err, cases[i].reason,
                           cases[i].name);
        } else {
            assert_done(key_inspect(buffer_bytes(&b.spki), &facts, &err), &err, cases[i].name);
            assert_int_equal(facts.bits, cases[i].bits);
            assert_int_equal(facts.exponent_ok, cases[i].exponent_ok);
        }
        csr_builder_clear(&b);
    }
}

/*
 * X9.62 has an encoding for the point at infinity, and the library takes it for a key: one that
 * needs no private half, since everybody can make signatures that fit it.
 */
static void inspect__ec_point_at_infinity__refused(void **state)
{
    static const uint8_t infinity[] = { 0x30, 0x19, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                        0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x02, 0x00, 0x00 };
    const unsigned char *at = infinity;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)sizeof(infinity));
    struct key_facts facts = { KEY_TYPE_OTHER, 0, true };
    struct error err = ERROR_INIT;

    (void)state;
    assert_non_null(key); /* otherwise there is nothing to guard against */
    assert_refused(key_inspect(bytes_of(infinity, sizeof(infinity)), &facts, &err), &err,
                   REASON_SYNTAX, "infinity");
    EVP_PKEY_free(key);
}

static void inspect__malformed__refused(void **state)
{
    static const struct {
        const char *name;
        const char *der;
        size_t len;
    } cases[] = {
        { "nothing", "", 0 },
        { "empty sequence", "\x30\x00", 2 },
        { "no key", "\x30\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 17 },
        { "key not a sequence",
          "\x30\x14\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x03\x00\x05"
          "\x00",
          22 },
        { "negative modulus",
          "\x30\x1a\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x09\x00\x30\x06"
          "\x02\x01\x81\x02\x01\x03",
          28 },
        { "EC without parameters",
          "\x30\x0f\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x03\x02"
          "\x00\x04",
          17 },
        { "EC with NULL",
          "\x30\x11\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x05\x00\x03\x02"
          "\x00\x04",
          19 },
        { "EC with a sequence",
          "\x30\x11\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00\x03"
          "\x02\x00\x04",
          19 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        struct key_facts facts = { KEY_TYPE_OTHER, 0, false };

        assert_refused(key_inspect(bytes_of(cases[i].der, cases[i].len), &facts, &err), &err,
                       REASON_SYNTAX, cases[i].name);
    }
}

static void small_factor__bad_moduli__found(void **state)
{
    static const struct {
        unsigned long factor;
        bool found;
    } cases[] = { { 2, true }, { 3, true }, { 997, true } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        const unsigned char *at = NULL;
        EVP_PKEY *key = NULL;

        csr_builder_init(&b, NULL);
        csr_builder_rsa_numbers(&b, 2048, cases[i].factor, 65537);
        at = b.spki.data;
        key = d2i_PUBKEY(NULL, &at, (long)b.spki.len);
        assert_non_null(key);
        assert_int_equal(key_has_small_factor(key), cases[i].found);
        EVP_PKEY_free(key);
        csr_builder_clear(&b);
    }
}

static void sha256__no_key__refused(void **state)
{
    struct error err = ERROR_INIT;
    uint8_t digest[DIGEST_SHA256_BYTES];

    (void)state;
    assert_refused(key_sha256(NULL, digest, &err), &err, REASON_SYNTAX, "");
}

/* A modulus of the form that the broken generator gives: 65537^a + k * primorial. */
static EVP_PKEY *roca_key(unsigned long power, unsigned long add)
{
    static const unsigned primes[] = { 2,   3,   5,   7,   11,  13,  17,  19,  23,  29,
                                       31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
                                       73,  79,  83,  89,  97,  101, 103, 107, 109, 113,
                                       127, 131, 137, 139, 149, 151, 157, 163, 167 };
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *primorial = BN_new();
    BIGNUM *n = BN_new();
    BIGNUM *e = BN_new();
    BIGNUM *a = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(BN_set_word(primorial, 1), 1);
    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
        assert_int_equal(BN_mul_word(primorial, primes[i]), 1);
    }
    assert_int_equal(BN_set_word(e, 65537), 1);
    assert_int_equal(BN_set_word(a, power), 1);
    assert_int_equal(BN_mod_exp(n, e, a, primorial, ctx), 1);
    assert_int_equal(BN_lshift(primorial, primorial, 1800), 1); /* even: n stays odd */
    assert_int_equal(BN_add(n, n, primorial), 1);
    assert_int_equal(BN_add_word(n, add), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(from), 1);
    assert_int_equal(EVP_PKEY_fromdata(from, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(from);
    BN_free(primorial);
    BN_free(n);
    BN_free(e);
    BN_free(a);
    BN_CTX_free(ctx);
    return key;
}

static void roca__keys__told_from_sound_ones(void **state)
{
    static const char *const sound[] = { "RSA-2048", "RSA-1024", "P-256", "ED25519" };

    (void)state;
    for (unsigned long power = 1; power < 200; power += 37) {
        EVP_PKEY *key = roca_key(power, 0);

        assert_true(key_is_roca(key));
        EVP_PKEY_free(key);
        key = roca_key(power, 2); /* its neighbour */
        assert_false(key_is_roca(key));
        EVP_PKEY_free(key);
    }
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
        EVP_PKEY *key = csr_builder_key(sound[i]);

        assert_false(key_is_roca(key));
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inspect__known_keys__right_facts),
        cmocka_unit_test(inspect__rsa_numbers__judged),
        cmocka_unit_test(inspect__ec_point_at_infinity__refused),
        cmocka_unit_test(inspect__malformed__refused),
        cmocka_unit_test(small_factor__bad_moduli__found),
        cmocka_unit_test(roca__keys__told_from_sound_ones),
        cmocka_unit_test(sha256__no_key__refused),
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
