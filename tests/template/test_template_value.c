/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "template/template_value.h"

#define A62 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void host__forms__judged(void **state)
{
    static const struct {
        const char *text;
        bool plain;
        bool wildcard;
    } cases[] = {
        { "a", true, true },
        { "host", true, true },
        { "host.example.com", true, true },
        { "HOST_1.example-2.com", true, true },
        { "10.0.0.1", true, true },
        { "xn--hst-sna.example", true, true },
        { A62 "a.b", true, true },
        { A62 "aa.b", false, false },
        { "", false, false },
        { ".", false, false },
        { ".a", false, false },
        { "a.", false, false },
        { "a..b", false, false },
        { "-a", false, false },
        { "a-", false, false },
        { "a.-b", false, false },
        { "a b", false, false },
        { "a/b", false, false },
        { "a:1", false, false },
        { "a@b", false, false },
        { "\xc3\xa4", false, false },
        { "*", false, false },
        { "*.", false, false },
        { "*.com", false, false },
        { "*.example.com", false, true },
        { "*.*.example.com", false, false },
        { "a.*.com", false, false },
        { "*a.example.com", false, false },
        { "**.example.com", false, false },
    };
    char longest[255];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes text = bytes_of_text(cases[i].text);

        if (template_value_is_host(text, false) != cases[i].plain
            || template_value_is_host(text, true) != cases[i].wildcard) {
            fail_msg("%s", cases[i].text);
        }
    }
    for (size_t i = 0; i < sizeof(longest); i++) { /* a.a.a. ... */
        longest[i] = i % 2 == 0 ? 'a' : '.';
    }
    assert_true(template_value_is_host(bytes_of(longest, 253), false));
    assert_false(template_value_is_host(bytes_of(longest, 255), false));
    assert_false(template_value_is_host(bytes_of("a\0b", 3), false));
}

static void email__forms__judged(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "a@b", true },
        { "first.last+tag@mail.example.com", true },
        { "o'brien@example.com", true },
        { A62 "aa@b", true },
        { A62 "aaa@b", false },
        { "", false },
        { "@", false },
        { "@b", false },
        { "a@", false },
        { "a", false },
        { "a@b@c", false },
        { "a b@c", false },
        { "\"a\"@b", false },
        { "a<b>@c", false },
        { "a,b@c", false },
        { "a@.b", false },
        { "a@*.example.com", false },
        { "a@[10.0.0.1]", false },
        { "\xc3\xa4@b", false },
        { "a\n@b", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (template_value_is_email(bytes_of_text(cases[i].text)) != cases[i].good) {
            fail_msg("%s", cases[i].text);
        }
    }
}

static void uri__forms__judged(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "https://example.com", true },
        { "urn:x", true },
        { "ID:Microsoft Endpoint", false },
        { "IDENTIFIER:x", true },
        { "a+b-c.d:x", true },
        { "a:[::1]", true },
        { "", false },
        { ":", false },
        { ":x", false },
        { "a:", false },
        { "a", false },
        { "1a:x", false },
        { "+a:x", false },
        { "a b:x", false },
        { "a:x y", false },
        { "a:\"", false },
        { "a:<x>", false },
        { "a:x\n", false },
        { "a:\xc3\xa4", false },
        { "a:\x7f", false },
    };
    static char longest[2050];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (template_value_is_uri(bytes_of_text(cases[i].text)) != cases[i].good) {
            fail_msg("%s", cases[i].text);
        }
    }
    memset(longest, 'a', sizeof(longest));
    longest[1] = ':';
    assert_true(template_value_is_uri(bytes_of(longest, 2048)));
    assert_false(template_value_is_uri(bytes_of(longest, 2049)));
    assert_false(template_value_is_uri(bytes_of("a:x\0y", 5)));
}

static void upn__forms__judged(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "a@b", true },
        { "user@example.com", true },
        { "\xc3\xa4@\xc3\xb6", true },
        { "", false },
        { "@", false },
        { "ab", false },
        { "@ab", false },
        { "ab@", false },
        { "a@b@c", false },
        { "a b@c", false },
        { "a@b ", false },
        { "a\xc2\xa0@b", false },
        { "a\t@b", false },
        { "a@\xe2\x80\xae"
          "b",
          false },
        { "a@\xff", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (template_value_is_upn(bytes_of_text(cases[i].text)) != cases[i].good) {
            fail_msg("%s", cases[i].text);
        }
    }
    assert_false(template_value_is_upn(bytes_of("a@b\0c", 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host__forms__judged),
        cmocka_unit_test(email__forms__judged),
        cmocka_unit_test(uri__forms__judged),
        cmocka_unit_test(upn__forms__judged),
    };

    return cmocka_run_group_tests_name("template_value", tests, NULL, NULL);
}
