/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/csr_builder.h"
#include "model/public_key.h"

static void spki_of(EVP_PKEY *key, struct buffer *out)
{
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    assert_true(len > 0);
    assert_done(buffer_append(out, der, (size_t)len, &err), &err, "");
    OPENSSL_free(der);
}

/* Both ways say the same about these bytes. */
static enum public_key_way compare(struct bytes spki, const char *name, size_t detail)
{
    struct public_key quick;
    struct public_key slow;
    struct error err = ERROR_INIT;
    bool read = public_key_read(spki, NULL, &quick, &err);
    bool expected = public_key_read_slowly(spki, &slow, NULL);
    enum public_key_way way = quick.way;

    if (read != expected) {
        fail_msg("%s %zu: %d instead of %d, %s", name, detail, read, expected, err.detail);
    }
    if (read) {
        assert_int_equal(EVP_PKEY_eq(quick.key, slow.key), 1);
        assert_int_equal(EVP_PKEY_get_base_id(quick.key), EVP_PKEY_get_base_id(slow.key));
        assert_int_equal(EVP_PKEY_get_bits(quick.key), EVP_PKEY_get_bits(slow.key));
        assert_memory_equal(quick.sha256, slow.sha256, sizeof(quick.sha256));
        assert_memory_equal(quick.spki_sha256, slow.spki_sha256, sizeof(quick.sha256));
        assert_int_equal(quick.facts.type, slow.facts.type);
        assert_int_equal(quick.facts.bits, slow.facts.bits);
        assert_int_equal(quick.facts.exponent_ok, slow.facts.exponent_ok);
        assert_int_equal(slow.way, PUBLIC_KEY_LIBRARY);
    } else {
        assert_null(quick.key);
    }
    EVP_PKEY_free(quick.key);
    EVP_PKEY_free(slow.key);
    return way;
}

static void read__every_kind__as_the_library(void **state)
{
    static const struct {
        const char *kind;
        enum public_key_way way;
    } cases[] = {
        { "RSA-1024", PUBLIC_KEY_PLAIN }, { "RSA-2048", PUBLIC_KEY_PLAIN },
        { "P-256", PUBLIC_KEY_LIBRARY },  { "P-384", PUBLIC_KEY_LIBRARY },
        { "P-521", PUBLIC_KEY_LIBRARY },  { "ED25519", PUBLIC_KEY_LIBRARY },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer spki = BUFFER_INIT(4096);
        EVP_PKEY *key = csr_builder_key(cases[i].kind);

        spki_of(key, &spki);
        assert_int_equal(compare(buffer_bytes(&spki), cases[i].kind, 0), cases[i].way);
        EVP_PKEY_free(key);
        buffer_clear(&spki);
    }
}

/* Numbers of few octets in all forms that are not quite the usual one. */
static void read__odd_forms__as_the_library(void **state)
{
#define ALGORITHM "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
    static const struct {
        const char *name;
        const char *der;
        size_t len;
        enum public_key_way way;
    } cases[] = {
#define CASE(name, text, way) { name, text, sizeof(text) - 1, way }
        CASE("plain", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x03",
             PUBLIC_KEY_PLAIN),
        CASE("with sign", "\x30\x1b" ALGORITHM "\x03\x0a\x00\x30\x07\x02\x02\x00\xff\x02\x01\x03",
             PUBLIC_KEY_PLAIN),
        CASE("no parameters",
             "\x30\x18\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
             "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x03",
             PUBLIC_KEY_LIBRARY),
        CASE("even modulus", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3e\x02\x01\x03",
             PUBLIC_KEY_LIBRARY),
        CASE("exponent one", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x01",
             PUBLIC_KEY_LIBRARY),
        CASE("even exponent", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x04",
             PUBLIC_KEY_LIBRARY),
        CASE("exponent of 33 bits",
             "\x30\x1e" ALGORITHM "\x03\x0d\x00\x30\x0a\x02\x01\x3f\x02\x05\x01\x00\x00\x00\x01",
             PUBLIC_KEY_LIBRARY),
        CASE("needless sign",
             "\x30\x1b" ALGORITHM "\x03\x0a\x00\x30\x07\x02\x02\x00\x3f\x02\x01\x03",
             PUBLIC_KEY_NOT_READ),
        CASE("negative", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\xff\x02\x01\x03",
             PUBLIC_KEY_NOT_READ),
        CASE("zero", "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x00\x02\x01\x03",
             PUBLIC_KEY_NOT_READ),
        CASE("long length", "\x30\x81\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x03",
             PUBLIC_KEY_LIBRARY),
        CASE("indefinite length",
             "\x30\x80" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x03\x00\x00",
             PUBLIC_KEY_LIBRARY),
        CASE("unused bits", "\x30\x1a" ALGORITHM "\x03\x09\x01\x30\x06\x02\x01\x3f\x02\x01\x02",
             PUBLIC_KEY_LIBRARY),
        CASE("a third number",
             "\x30\x1d" ALGORITHM "\x03\x0c\x00\x30\x09\x02\x01\x3f\x02\x01\x03\x02\x01\x03",
             PUBLIC_KEY_NOT_READ),
        CASE("octets behind",
             "\x30\x1a" ALGORITHM "\x03\x09\x00\x30\x06\x02\x01\x3f\x02\x01\x03\x05",
             PUBLIC_KEY_NOT_READ),
        CASE("octets behind the numbers",
             "\x30\x1c" ALGORITHM "\x03\x0b\x00\x30\x06\x02\x01\x3f\x02\x01\x03\x05\x00",
             PUBLIC_KEY_NOT_READ),
        CASE("nothing", "", PUBLIC_KEY_NOT_READ),
#undef CASE
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum public_key_way way =
            compare(bytes_of(cases[i].der, cases[i].len), cases[i].name, cases[i].len);

        if (way != cases[i].way) {
            fail_msg("%s: way %d, expected %d", cases[i].name, (int)way, (int)cases[i].way);
        }
    }
#undef ALGORITHM
}

/* Heads, signs and the exponent: every octet; of the modulus some. Also cut anywhere there. */
static void read__changed_octets__as_the_library(void **state)
{
    struct buffer spki = BUFFER_INIT(4096);
    EVP_PKEY *key = csr_builder_key("RSA-1024");
    size_t plain = 0;

    (void)state;
    spki_of(key, &spki);
    for (size_t i = 0; i < spki.len; i++) {
        bool modulus = i > 32 && i + 8 < spki.len;

        for (unsigned bit = 0; bit < 8 && (!modulus || bit == 0); bit++) {
            spki.data[i] ^= (uint8_t)(1u << bit);
            plain += compare(buffer_bytes(&spki), "octet", i) == PUBLIC_KEY_PLAIN;
            spki.data[i] ^= (uint8_t)(1u << bit);
        }
        (void)compare(bytes_of(spki.data, i), "cut", i);
    }
    assert_true(plain > 100); /* changed values are keys, too */
    EVP_PKEY_free(key);
    buffer_clear(&spki);
}

static void read__known_key__shared(void **state)
{
    struct buffer spki = BUFFER_INIT(4096);
    struct buffer other = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    EVP_PKEY *keys[2] = { csr_builder_key("P-256"), csr_builder_key("RSA-1024") };
    struct public_key known;
    struct public_key again;

    (void)state;
    spki_of(keys[0], &spki);
    spki_of(keys[1], &other);
    assert_done(public_key_read(buffer_bytes(&spki), NULL, &known, &err), &err, "known");
    assert_done(public_key_read(buffer_bytes(&spki), &known, &again, &err), &err, "again");
    assert_ptr_equal(again.key, known.key);
    assert_int_equal(again.way, PUBLIC_KEY_KNOWN);
    assert_memory_equal(again.sha256, known.sha256, sizeof(known.sha256));
    EVP_PKEY_free(again.key);
    assert_done(public_key_read(buffer_bytes(&other), &known, &again, &err), &err, "other");
    assert_ptr_not_equal(again.key, known.key);
    assert_int_equal(again.way, PUBLIC_KEY_PLAIN);
    EVP_PKEY_free(again.key);
    EVP_PKEY_free(known.key);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    buffer_clear(&spki);
    buffer_clear(&other);
}

/* The certificate holds the same octets as when the library encodes the key. */
static void put__every_kind__same_octets_and_digest(void **state)
{
    static const char *const kinds[] = { "RSA-2048", "P-256", "ED25519" };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct buffer spki = BUFFER_INIT(4096);
        struct error err = ERROR_INIT;
        EVP_PKEY *key = csr_builder_key(kinds[i]);
        X509 *cert = X509_new();
        unsigned char *der = NULL;
        uint8_t digest[DIGEST_SHA256_BYTES];
        uint8_t expected[DIGEST_SHA256_BYTES];
        int len = 0;

        assert_non_null(cert);
        spki_of(key, &spki);
        assert_done(public_key_put(cert, key, buffer_bytes(&spki), &err), &err, kinds[i]);
        len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
        assert_int_equal(len, spki.len);
        assert_memory_equal(der, spki.data, spki.len);
        assert_done(public_key_sha256_of(cert, digest, &err), &err, kinds[i]);
        assert_done(key_sha256(key, expected, &err), &err, kinds[i]);
        assert_memory_equal(digest, expected, sizeof(digest));
        OPENSSL_free(der);
        X509_free(cert);
        EVP_PKEY_free(key);
        buffer_clear(&spki);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__every_kind__as_the_library),
        cmocka_unit_test(read__odd_forms__as_the_library),
        cmocka_unit_test(read__changed_octets__as_the_library),
        cmocka_unit_test(read__known_key__shared),
        cmocka_unit_test(put__every_kind__same_octets_and_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
