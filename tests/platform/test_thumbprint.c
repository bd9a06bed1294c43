/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "platform/thumbprint.h"

#define DIGITS "0123456789abcdef0123456789abcdef01234567"

static void thumbprint__as_typed_or_pasted__is_read(void **state)
{
    static const char *const texts[] = {
        DIGITS,
        "0123456789ABCDEF0123456789ABCDEF01234567",
        "01 23 45 67 89 ab cd ef 01 23 45 67 89 ab cd ef 01 23 45 67",
        "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67",
        "\xe2\x80\x8e" DIGITS,
        " " DIGITS " ",
    };
    char out[THUMBPRINT_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error err = ERROR_INIT;

        assert_done(thumbprint_parse(texts[i], out, &err), &err, texts[i]);
        assert_string_equal(out, DIGITS);
    }
}

static void thumbprint__anything_else__is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "CN=RA",
        "0123456789abcdef0123456789abcdef0123456",
        DIGITS "8",
        DIGITS "89",
        "g123456789abcdef0123456789abcdef01234567",
        "\xe2\x80",
        "-" DIGITS,
        "0123456789abcdef0123456789abcdef0123456\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char out[THUMBPRINT_TEXT_MAX] = "before";
        struct error err = ERROR_INIT;

        assert_refused(thumbprint_parse(texts[i], out, &err), &err, REASON_USAGE, texts[i]);
        assert_string_equal(out, "before");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprint__as_typed_or_pasted__is_read),
        cmocka_unit_test(thumbprint__anything_else__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
