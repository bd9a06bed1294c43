/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"

#define B(literal)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

/* RFC 4648 10 */
static const struct {
    const char *plain;
    const char *encoded;
} vectors[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

static void base64__rfc4648_vectors__both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct buffer b = BUFFER_INIT(100);
        struct error err = ERROR_INIT;

        assert_done(base64_encode(bytes_of_text(vectors[i].plain), &b, &err), &err, "");
        assert_string_equal(buffer_text(&b), vectors[i].encoded);
        buffer_reset(&b);
        for (int mode = BASE64_STRICT; mode <= BASE64_TOLERANT; mode++) {
            buffer_reset(&b);
            assert_done(
                base64_decode(bytes_of_text(vectors[i].encoded), (enum base64_mode)mode, &b, &err),
                &err, vectors[i].encoded);
            assert_bytes_text(buffer_bytes(&b), vectors[i].plain);
        }
        buffer_clear(&b);
    }
}

struct decode_case {
    const char *name;
    struct bytes text;
    const char *strict; /* hex of the result, NULL: refused */
    const char *tolerant;
};

/* What clients put into a GET, after percent decoding. */
static const struct decode_case cases[] = {
    { "plus and slash", B("+/+/"), "fbffbf", "fbffbf" },
    { "plus became a space (proxy)", B(" / /"), NULL, "fbffbf" },
    { "base64url letters", B("-_-_"), NULL, "fbffbf" },
    { "mixed alphabets", B("-/+_"), NULL, "fbffbf" },
    { "line break (Cisco, sscep)", B("Zm9v\nYmFy\n"), NULL, "666f6f626172" },
    { "CR LF every four", B("Zm9v\r\nYmFy\r\n"), NULL, "666f6f626172" },
    { "tab", B("Zm\t9v"), NULL, "666f6f" },
    { "line break in the padding", B("Zg=\n=\n"), NULL, "66" },
    { "padding missing", B("Zg"), NULL, "66" },
    { "padding missing, two bytes", B("Zm8"), NULL, "666f" },
    { "half of the padding", B("Zg="), NULL, "66" },
    { "too much padding", B("Zg==="), NULL, NULL },
    { "too much padding, two bytes", B("Zm8=="), NULL, NULL },
    { "padding behind a full group", B("Zm9v="), NULL, NULL },
    { "padding alone", B("="), NULL, NULL },
    { "four paddings", B("===="), NULL, NULL },
    { "letter behind padding", B("Zg==Zg=="), NULL, NULL },
    { "padding in the middle", B("Z=g="), NULL, NULL },
    { "space behind padding is a plus", B("Zg== "), NULL, NULL },
    { "one letter alone", B("Z"), NULL, NULL },
    { "five letters", B("Zm9vY"), NULL, NULL },
    { "bits that belong to no byte", B("Zh=="), NULL, "66" },
    { "bits that belong to no byte, two", B("Zm9="), NULL, "666f" },
    { "percent sign left over", B("Zm9v%0A"), NULL, NULL },
    { "NUL", B("Zm9v\0"), NULL, NULL },
    { "NUL in the middle", B("Zm\0v"), NULL, NULL },
    { "high byte", B("Zm9\xc3"), NULL, NULL },
    { "BOM", B("\xef\xbb\xbfZm9v"), NULL, NULL },
    { "form feed is no white space here", B("Zm9v\f"), NULL, NULL },
    { "comma (UTF-7 imap)", B("Zm9,"), NULL, NULL },
    { "only white space", B("\r\n\t"), NULL, "" },
};

static void base64__odd_texts__decoded_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        const struct decode_case *c = &cases[i / 2];
        enum base64_mode mode = i % 2 == 0 ? BASE64_STRICT : BASE64_TOLERANT;
        const char *expected = mode == BASE64_STRICT ? c->strict : c->tolerant;
        struct buffer b = BUFFER_INIT(100);
        struct error err = ERROR_INIT;
        char hex[100];
        size_t used = 0;

        assert_done(buffer_append_text(&b, "keep", &err), &err, "");
        if (expected == NULL) {
            assert_refused(base64_decode(c->text, mode, &b, &err), &err, REASON_BASE64, c->name);
            assert_string_equal(buffer_text(&b), "keep");
        } else {
            assert_done(base64_decode(c->text, mode, &b, &err), &err, c->name);
            hex[0] = '\0';
            for (size_t n = 4; n < b.len; n++) {
                used += (size_t)snprintf(hex + used, sizeof(hex) - used, "%02x", b.data[n]);
            }
            assert_string_equal(hex, expected);
        }
        buffer_clear(&b);
    }
}

static void base64__every_length__comes_back(void **state)
{
    uint8_t data[300];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t len = 0; len <= sizeof(data); len++) {
        struct buffer text = BUFFER_INIT(400);
        struct buffer back = BUFFER_INIT(300);
        struct error err = ERROR_INIT;

        assert_done(base64_encode(bytes_of(data, len), &text, &err), &err, "");
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_done(base64_decode(buffer_bytes(&text), BASE64_STRICT, &back, &err), &err, "");
        assert_true(bytes_equal(buffer_bytes(&back), bytes_of(data, len)));
        buffer_clear(&text);
        buffer_clear(&back);
    }
}

static void base64__limit__holds_to_the_byte(void **state)
{
    struct error err = ERROR_INIT;
    struct buffer six = BUFFER_INIT(6);
    struct buffer five = BUFFER_INIT(5);
    struct buffer eight = BUFFER_INIT(8);
    struct buffer seven = BUFFER_INIT(7);

    (void)state;
    assert_done(base64_decode(bytes_of_text("Zm9vYmFy"), BASE64_STRICT, &six, &err), &err, "");
    assert_refused(base64_decode(bytes_of_text("Zm9vYmFy"), BASE64_STRICT, &five, &err), &err,
                   REASON_LIMIT, "");
    assert_int_equal(five.len, 0);
    error_clear(&err);
    assert_done(base64_encode(bytes_of_text("foobar"), &eight, &err), &err, "");
    assert_refused(base64_encode(bytes_of_text("foobar"), &seven, &err), &err, REASON_LIMIT, "");
    assert_int_equal(seven.len, 0);
    buffer_clear(&six);
    buffer_clear(&five);
    buffer_clear(&eight);
    buffer_clear(&seven);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64__rfc4648_vectors__both_ways),
        cmocka_unit_test(base64__odd_texts__decoded_or_refused),
        cmocka_unit_test(base64__every_length__comes_back),
        cmocka_unit_test(base64__limit__holds_to_the_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
