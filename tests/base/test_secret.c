/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define BLOCK 64u /* of SHA-256 */

static void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
    char hex[200];

    text_hex(hex, sizeof(hex), bytes_of(data, len));
    assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples and NIST CAVP short messages. */
static void sha256__known_answers__match(void **state)
{
    static const struct {
        const char *message;
        const char *digest;
    } vectors[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
          "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    uint8_t digest[DIGEST_SHA256_BYTES];
    struct error err = ERROR_INIT;
    char *million = malloc(1000000);

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_done(digest_sha256(bytes_of_text(vectors[i].message), digest, &err), &err, "");
        assert_hex(digest, sizeof(digest), vectors[i].digest);
    }
    assert_done(digest_sha256(bytes_of(NULL, 0), digest, &err), &err, "");
    assert_hex(digest, sizeof(digest), vectors[0].digest);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    assert_done(digest_sha256(bytes_of(million, 1000000), digest, &err), &err, "");
    assert_hex(digest, sizeof(digest),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

/* FIPS 198-1 written down from the standard, over digest_sha256. */
static void reference_hmac(struct bytes key, struct bytes message, uint8_t mac[SECRET_MAC_BYTES])
{
    struct buffer inner = BUFFER_INIT(1000);
    struct buffer outer = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;
    uint8_t block[BLOCK] = { 0 };

    if (key.len > BLOCK) {
        assert_true(digest_sha256(key, block, &err));
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        assert_true(buffer_append_byte(&inner, block[i] ^ 0x36, &err));
        assert_true(buffer_append_byte(&outer, block[i] ^ 0x5c, &err));
    }
    assert_true(buffer_append_bytes(&inner, message, &err));
    assert_true(digest_sha256(buffer_bytes(&inner), mac, &err));
    assert_true(buffer_append(&outer, mac, SECRET_MAC_BYTES, &err));
    assert_true(digest_sha256(buffer_bytes(&outer), mac, &err));
    buffer_clear(&inner);
    buffer_clear(&outer);
}

/* RFC 4231: key byte, its count, message, HMAC-SHA-256. Checks the reference above. */
static void hmac__rfc4231__reference_matches(void **state)
{
    static const struct {
        uint8_t key_byte;
        size_t key_len;
        const char *message;
        const char *mac;
    } vectors[] = {
        { 0x0b, 20, "Hi There",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { 0xaa, 131,
          "This is a test using a larger than block-size key and a larger than block-size data. "
          "The key needs to be hashed before being used by the HMAC algorithm.",
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    };
    uint8_t key[131];
    uint8_t mac[SECRET_MAC_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        memset(key, vectors[i].key_byte, sizeof(key));
        reference_hmac(bytes_of(key, vectors[i].key_len), bytes_of_text(vectors[i].message), mac);
        assert_hex(mac, sizeof(mac), vectors[i].mac);
    }
    reference_hmac(bytes_of_text("Jefe"), bytes_of_text("what do ya want for nothing?"), mac);
    assert_hex(mac, sizeof(mac),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* Our MAC is HMAC over context, NUL, message; constants made with another implementation. */
static void mac__known_answers__match(void **state)
{
    static const struct {
        const char *key;
        const char *context;
        const char *message;
        const char *mac;
    } vectors[] = {
        { "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", "", "",
          "aa4cfc7944e286ad35d9a680690923f0921474f413860e3a74922763df82841a" },
        { "", "ctx", "abc", "78fd34e44e0a1e804df0dfefb521b9aeccc95a9201cfabe25f68c726aa6b4c2d" },
        { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
          "password", "Hi There",
          "96b633506a221c120c4fe5a291c1f44581bef3c4b6d41e00827fb0d08b87d216" },
    };
    uint8_t mac[SECRET_MAC_BYTES];
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_done(secret_mac(bytes_of_text(vectors[i].key), vectors[i].context,
                               bytes_of_text(vectors[i].message), mac, &err),
                    &err, "");
        assert_hex(mac, sizeof(mac), vectors[i].mac);
    }
    assert_done(secret_mac(bytes_of(NULL, 0), "ctx", bytes_of_text("abc"), mac, &err), &err, "");
    assert_hex(mac, sizeof(mac), vectors[1].mac);
}

static void mac__all_key_sizes__equal_the_reference(void **state)
{
    uint8_t key[200];
    uint8_t message[203] = "ctx";
    uint8_t ours[SECRET_MAC_BYTES];
    uint8_t reference[SECRET_MAC_BYTES];
    struct error err = ERROR_INIT;

    (void)state;
    memset(key, 0x5a, sizeof(key));
    for (size_t i = 4; i < sizeof(message); i++) {
        message[i] = (uint8_t)i;
    }
    for (size_t len = 0; len < sizeof(key); len++) {
        assert_true(secret_mac(bytes_of(key, len), "ctx", bytes_of(message + 4, len), ours, &err));
        reference_hmac(bytes_of(key, len), bytes_of(message, len + 4), reference);
        assert_memory_equal(ours, reference, sizeof(ours));
    }
}

static void mac__contexts__are_separate(void **state)
{
    uint8_t a[SECRET_MAC_BYTES];
    uint8_t b[SECRET_MAC_BYTES];
    struct error err = ERROR_INIT;
    struct bytes key = bytes_of_text("key");

    (void)state;
    assert_true(secret_mac(key, "ab", bytes_of_text("c"), a, &err));
    assert_true(secret_mac(key, "a", bytes_of_text("bc"), b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_true(secret_mac(key, "", bytes_of_text("abc"), b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void secret__set__copies_and_replaces(void **state)
{
    struct secret s = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(secret_bytes(&s).len, 0);
    assert_done(secret_set(&s, "challenge", 9, &err), &err, "");
    assert_string_equal((char *)s.data, "challenge");
    assert_done(secret_set(&s, s.data + 3, 3, &err), &err, "from itself");
    assert_string_equal((char *)s.data, "lle");
    assert_done(secret_set(&s, NULL, 0, &err), &err, "");
    assert_int_equal(s.len, 0);
    assert_non_null(s.data);
    secret_clear(&s);
    assert_null(s.data);
    secret_clear(&s);
    secret_clear(NULL);
}

static void secret__taken_from_buffer__leaves_it_empty(void **state)
{
    struct buffer b = BUFFER_INIT(100);
    struct secret s = SECRET_INIT;
    struct error err = ERROR_INIT;
    uint8_t *memory = NULL;

    (void)state;
    assert_done(buffer_append_text(&b, "a long secret of before", &err), &err, "");
    buffer_reset(&b);
    assert_done(buffer_append_text(&b, "short", &err), &err, "");
    memory = b.data;
    assert_done(secret_take_buffer(&s, &b, &err), &err, "");
    assert_ptr_equal(s.data, memory);
    assert_string_equal((char *)s.data, "short");
    assert_null(b.data);
    /* what stood there before is gone: secret_clear would not reach it */
    assert_int_equal(s.data[6], 0);
    assert_int_equal(s.data[20], 0);
    assert_done(secret_take_buffer(&s, &b, &err), &err, "empty");
    assert_int_equal(s.len, 0);
    secret_clear(&s);
}

static void secret__equal__compares(void **state)
{
    (void)state;
    assert_true(secret_equal(bytes_of_text("abc"), bytes_of_text("abc")));
    assert_true(secret_equal(bytes_of(NULL, 0), bytes_of_text("")));
    assert_false(secret_equal(bytes_of_text("abc"), bytes_of_text("abd")));
    assert_false(secret_equal(bytes_of_text("abc"), bytes_of_text("abcd")));
    assert_false(secret_equal(bytes_of_text(""), bytes_of_text("a")));
    assert_false(secret_equal(bytes_of("a\0b", 3), bytes_of("a\0c", 3)));
}

static void secret__wipe__zeroes(void **state)
{
    char text[] = "secret";

    (void)state;
    secret_wipe(text, sizeof(text));
    assert_memory_equal(text, "\0\0\0\0\0\0\0", sizeof(text));
    secret_wipe(NULL, 0);
}

static void random__twice__differs(void **state)
{
    uint8_t a[32] = { 0 };
    uint8_t b[32] = { 0 };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(secret_random(a, sizeof(a), &err), &err, "");
    assert_done(secret_random(b, sizeof(b), &err), &err, "");
    assert_memory_not_equal(a, b, sizeof(a));
    assert_done(secret_random(a, 0, &err), &err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256__known_answers__match),
        cmocka_unit_test(hmac__rfc4231__reference_matches),
        cmocka_unit_test(mac__known_answers__match),
        cmocka_unit_test(mac__all_key_sizes__equal_the_reference),
        cmocka_unit_test(mac__contexts__are_separate),
        cmocka_unit_test(secret__set__copies_and_replaces),
        cmocka_unit_test(secret__taken_from_buffer__leaves_it_empty),
        cmocka_unit_test(secret__equal__compares),
        cmocka_unit_test(secret__wipe__zeroes),
        cmocka_unit_test(random__twice__differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
