/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "base/utf16.h"

#define B(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static void utf16__texts__become_utf8(void **state)
{
    static const struct {
        const char *name;
        struct bytes in;
        bool little;
        const char *out;
    } cases[] = {
        { "empty", { NULL, 0 }, true, "" },
        { "little", B("a\0\xac\x20"), true, "a\xe2\x82\xac" },
        { "big", B("\0a\x20\xac"), false, "a\xe2\x82\xac" },
        { "pair", B("\x3d\xd8\x00\xde"), true, "\xf0\x9f\x98\x80" },
        { "pair, big", B("\xd8\x3d\xde\x00"), false, "\xf0\x9f\x98\x80" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(100);
        struct error err = ERROR_INIT;

        assert_done(utf16_append_utf8(cases[i].in, cases[i].little, &out, &err), &err,
                    cases[i].name);
        assert_string_equal(buffer_text(&out), cases[i].out);
        buffer_clear(&out);
    }
}

static void utf16__malformed__is_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes in;
        enum reason reason;
    } cases[] = {
        { "half a character", B("a\0b"), REASON_SYNTAX },
        { "high alone", B("\x3d\xd8"), REASON_SYNTAX },
        { "high, then a letter", B("\x3d\xd8z\0"), REASON_SYNTAX },
        { "low alone", B("\x00\xdez\0"), REASON_SYNTAX },
        { "too long", B("a\0b\0c\0d\0e\0"), REASON_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(4);
        struct error err = ERROR_INIT;

        assert_refused(utf16_append_utf8(cases[i].in, true, &out, &err), &err, cases[i].reason,
                       cases[i].name);
        buffer_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf16__texts__become_utf8),
        cmocka_unit_test(utf16__malformed__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
