/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "intune/intune_text.h"

static void json__any_text__is_what_a_parser_reads_back(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "a \"quoted\" \\ word",
        "line\nfeed\ttab\x01",
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
        "CN=a\\,b,O=\"x\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buffer out = BUFFER_INIT(1024);
        struct error err = ERROR_INIT;
        struct json *root = NULL;

        assert_done(intune_text_json(&out, texts[i], &err), &err, texts[i]);
        root = json_value_parse(buffer_bytes(&out), 1024, 4, &err);
        assert_non_null(root);
        assert_string_equal(json_value_text(root), texts[i]);
        json_value_free(root);
        buffer_clear(&out);
    }
}

static void json__no_utf8_or_no_room__leaves_the_buffer_as_it_was(void **state)
{
    struct buffer out = BUFFER_INIT(8);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&out, "ab", &err), &err, "");
    assert_refused(intune_text_json(&out, "\xff", &err), &err, REASON_SYNTAX, "");
    error_clear(&err);
    assert_refused(intune_text_json(&out, "longer than that", &err), &err, REASON_LIMIT, "");
    assert_int_equal(out.len, 2);
    buffer_clear(&out);
}

static void form__reserved_characters__are_escaped(void **state)
{
    struct buffer out = BUFFER_INIT(256);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(intune_text_form(&out, bytes_of_text("aZ09-._~ +/=&%\xc3\xa4"), &err), &err, "");
    assert_bytes_text(buffer_bytes(&out), "aZ09-._~%20%2B%2F%3D%26%25%C3%A4");
    buffer_clear(&out);
}

static void guid__two__are_random_of_version_4(void **state)
{
    char one[INTUNE_ID_MAX], two[INTUNE_ID_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(intune_text_guid(one, &err), &err, "");
    assert_done(intune_text_guid(two, &err), &err, "");
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        assert_true(dash ? one[i] == '-' : strchr("0123456789abcdef", one[i]) != NULL);
    }
}

struct show_case {
    const char *text;
    const char *secret;
    const char *shown;
};

static const struct show_case show_cases[] = {
    { "Invalid client secret provided.", "", "Invalid client secret provided." },
    { "id 2c1d8f6e-93b4-4b57-8f0d-6a7e5c3b2d10 stays", "",
      "id 2c1d8f6e-93b4-4b57-8f0d-6a7e5c3b2d10 stays" },
    { "thumbprint 0123456789ABCDEF0123456789ABCDEF01234567 stays", "",
      "thumbprint 0123456789ABCDEF0123456789ABCDEF01234567 stays" },
    { "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9eyJhbGciOiJSUzI1NiIs.x", "", "Bearer [...].x" },
    { "the secret kD~8Q~x is echoed, kD~8Q~x", "kD~8Q~x", "the secret [...] is echoed, [...]" },
    { "line\nfeed", "", "line\\x0afeed" },
};

static void show__what_could_be_a_secret__is_left_out(void **state)
{
    char shown[200];

    (void)state;
    for (size_t i = 0; i < sizeof(show_cases) / sizeof(show_cases[0]); i++) {
        intune_text_show_without(shown, sizeof(shown), bytes_of_text(show_cases[i].text),
                                 bytes_of_text(show_cases[i].secret));
        assert_string_equal(shown, show_cases[i].shown);
    }
}

static void show__long_text__is_cut(void **state)
{
    char shown[20];

    (void)state;
    intune_text_show(shown, sizeof(shown), bytes_of_text("one two three four five six"));
    assert_int_equal(strlen(shown), sizeof(shown) - 1);
    assert_string_equal(shown + sizeof(shown) - 4, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__any_text__is_what_a_parser_reads_back),
        cmocka_unit_test(json__no_utf8_or_no_room__leaves_the_buffer_as_it_was),
        cmocka_unit_test(form__reserved_characters__are_escaped),
        cmocka_unit_test(guid__two__are_random_of_version_4),
        cmocka_unit_test(show__what_could_be_a_secret__is_left_out),
        cmocka_unit_test(show__long_text__is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
