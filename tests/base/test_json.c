/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define B(literal)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define BYTES_MAX 10000u
#define DEPTH_MAX 4u

static struct json *parse(const char *text)
{
    struct error err = ERROR_INIT;
    struct json *v = json_value_parse(bytes_of_text(text), BYTES_MAX, DEPTH_MAX, &err);

    assert_done(v != NULL, &err, text);
    return v;
}

struct refused_case {
    const char *name;
    struct bytes text;
    enum reason reason;
    const char *detail; /* begins with */
};

static const struct refused_case refused[] = {
    { "empty", B(""), REASON_CONFIG_SYNTAX, "line 1" },
    { "only white space", B(" \n "), REASON_CONFIG_SYNTAX, "line " },
    { "only a BOM", B("\xef\xbb\xbf"), REASON_CONFIG_SYNTAX, "line 1" },
    { "two BOMs", B("\xef\xbb\xbf\xef\xbb\xbf{}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "cut", B("{\n\"a\": 1"), REASON_CONFIG_SYNTAX, "line 2" },
    { "trailing text", B("{}\n{}"), REASON_CONFIG_SYNTAX, "line 2" },
    { "trailing comma", B("{\n\"a\": 1,\n}"), REASON_CONFIG_SYNTAX, "line 3" },
    { "comment", B("{ /* x */ }"), REASON_CONFIG_SYNTAX, "line 1" },
    { "single quotes", B("{'a': 1}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "NaN", B("[NaN]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "leading zero", B("[01]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "hex", B("[0x10]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "integer over 64 bits", B("[9223372036854775808]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "real over the range", B("[1e400]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "duplicate key", B("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}"), REASON_CONFIG_DUPLICATE_KEY,
      "line 3" },
    { "duplicate key, escaped", B("{\"a\": 1, \"\\u0061\": 3}"), REASON_CONFIG_DUPLICATE_KEY,
      "line 1" },
    { "duplicate key deep down", B("{\"x\": [{\"a\": 1, \"a\": 1}]}"), REASON_CONFIG_DUPLICATE_KEY,
      "line 1" },
    { "NUL byte", B("{\"a\": \"b\0c\"}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "NUL escape", B("{\"a\": \"b\\u0000c\"}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "NUL in a key", B("{\"a\\u0000\": 1}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "line feed in a text", B("{\"a\": \"b\nc\"}"), REASON_CONFIG_SYNTAX, "line 1" },
    { "Latin-1", B("[\"M\xfcller\"]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "overlong UTF-8", B("[\"\xc0\xaf\"]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "surrogate in UTF-8", B("[\"\xed\xa0\x80\"]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "lone surrogate escape", B("[\"\\ud800\"]"), REASON_CONFIG_SYNTAX, "line 1" },
    { "UTF-16", B("\xff\xfe{\0}\0"), REASON_CONFIG_SYNTAX, "line 1" },
    { "one level too deep", B("[[[[[]]]]]"), REASON_LIMIT, "line 1" },
    { "one level too deep, objects", B("{\"a\":\n{\"a\":{\"a\":{\"a\":\n{}}}}}"), REASON_LIMIT,
      "line 3" },
    { "unbalanced", B("]]]]]"), REASON_CONFIG_SYNTAX, "line 1" },
};

static void json__bad_documents__refused_with_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused_case *c = &refused[i];
        struct error err = ERROR_INIT;
        struct json *v = json_value_parse(c->text, BYTES_MAX, DEPTH_MAX, &err);

        assert_refused(v != NULL, &err, c->reason, c->name);
        if (strncmp(err.detail, c->detail, strlen(c->detail)) != 0) {
            fail_msg("%s: \"%s\"", c->name, err.detail);
        }
    }
}

static void json__size__limit_and_one_more(void **state)
{
    struct error err = ERROR_INIT;
    struct json *v = json_value_parse(bytes_of_text("[1234]"), 6, 1, &err);

    (void)state;
    assert_non_null(v);
    json_value_free(v);
    assert_refused(json_value_parse(bytes_of_text("[1234]"), 5, 1, &err) != NULL, &err,
                   REASON_LIMIT, "");
    error_clear(&err);
    v = json_value_parse(bytes_of_text("12"), 2, 0, &err);
    assert_non_null(v);
    json_value_free(v);
    assert_refused(json_value_parse(bytes_of_text("[]"), 2, 0, &err) != NULL, &err, REASON_LIMIT,
                   "");
}

/* A million brackets must neither recurse nor take long. */
static void json__very_deep__stopped_early(void **state)
{
    static const char openings[] = "[{";
    size_t len = 1000000;
    uint8_t *text = malloc(len);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(openings) - 1; i++) {
        struct error err = ERROR_INIT;

        memset(text, openings[i], len);
        assert_refused(json_value_parse(bytes_of(text, len), len, 16, &err) != NULL, &err,
                       REASON_LIMIT, "");
    }
    free(text);
}

static void json__brackets_in_texts__do_not_nest(void **state)
{
    struct json *v = parse("[\"[[[[[[\\\"[[[[\", \"\\\\\", [[[\"]\"]]]]");

    (void)state;
    assert_int_equal(json_value_count(v), 3);
    json_value_free(v);
}

static void json__values__read_back(void **state)
{
    struct json *v = parse("\xef\xbb\xbf{\"n\": null, \"t\": true, \"f\": false, \"i\": -42,"
                           " \"r\": 1.5, \"s\": \"\\u00e4\\ud83d\\ude00\", \"a\": [1, 2],"
                           " \"o\": {\"x\": 1}}");
    static const enum json_kind kinds[] = { JSON_KIND_NULL,    JSON_KIND_BOOL,  JSON_KIND_BOOL,
                                            JSON_KIND_INTEGER, JSON_KIND_REAL,  JSON_KIND_TEXT,
                                            JSON_KIND_ARRAY,   JSON_KIND_OBJECT };
    static const char order[] = "ntfirsao";
    const char *key = NULL;
    struct json *member = NULL;
    void *it = NULL;
    size_t count = 0;

    (void)state;
    while (json_value_next(v, &it, &key, &member)) {
        assert_int_equal(key[0], order[count]); /* file order */
        assert_int_equal(json_value_kind(member), kinds[count]);
        assert_true(strlen(json_kind_name(kinds[count])) > 0);
        count++;
    }
    assert_int_equal(count, 8);
    assert_int_equal(json_value_kind(json_value_get(v, "not there")), JSON_KIND_NULL);
    assert_int_equal(json_value_count(v), 8);
    assert_true(json_value_bool(json_value_get(v, "t")));
    assert_false(json_value_bool(json_value_get(v, "f")));
    assert_int_equal(json_value_integer(json_value_get(v, "i")), -42);
    assert_string_equal(json_value_text(json_value_get(v, "s")), "\xc3\xa4\xf0\x9f\x98\x80");
    assert_null(json_value_text(json_value_get(v, "i")));
    assert_int_equal(json_value_integer(json_value_at(json_value_get(v, "a"), 1)), 2);
    assert_null(json_value_at(json_value_get(v, "a"), 2));
    assert_null(json_value_get(v, "missing"));
    json_value_free(v);
    json_value_free(NULL);
}

static void json__extreme_integers__are_exact(void **state)
{
    struct json *v = parse("[9223372036854775807, -9223372036854775808]");

    (void)state;
    assert_true(json_value_integer(json_value_at(v, 0)) == INT64_MAX);
    assert_true(json_value_integer(json_value_at(v, 1)) == INT64_MIN);
    json_value_free(v);
}

static void json__built__prints_in_order(void **state)
{
    struct json *o = json_value_new_object();
    struct json *a = json_value_new_array();
    struct buffer text = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(json_value_put_text(o, "z", "\xc3\xa4\"\n", &err), &err, "");
    assert_done(json_value_put_integer(o, "a", INT64_MIN, &err), &err, "");
    assert_done(json_value_push(a, json_value_new_bool(true), &err), &err, "");
    assert_done(json_value_put(o, "m", a, &err), &err, "");
    assert_done(json_value_put_bool(o, "b", false, &err), &err, "");
    assert_done(json_value_print(o, 0, &text, &err), &err, "");
    assert_string_equal(buffer_text(&text),
                        "{\"z\":\"\xc3\xa4\\\"\\n\",\"a\":-9223372036854775808,\"m\":[true],"
                        "\"b\":false}");
    buffer_reset(&text);
    assert_done(json_value_put_text(o, "a", "replaced", &err), &err, "");
    json_value_remove(o, "z");
    json_value_remove(o, "not there");
    assert_done(json_value_print(o, 2, &text, &err), &err, "");
    assert_string_equal(buffer_text(&text),
                        "{\n  \"a\": \"replaced\",\n  \"m\": [\n    true\n  ],\n"
                        "  \"b\": false\n}");
    buffer_clear(&text);
    json_value_free(o);
}

static void json__bad_building__refused_without_leak(void **state)
{
    struct json *o = json_value_new_object();
    struct json *t = json_value_new_text("x");
    struct error err = ERROR_INIT;

    (void)state;
    assert_null(json_value_new_text("\xff"));
    assert_refused(json_value_put_text(o, "a", "\xff", &err), &err, REASON_SYNTAX, "");
    error_clear(&err);
    assert_refused(json_value_put(o, "\xff", json_value_new_bool(true), &err), &err, REASON_SYNTAX,
                   "");
    error_clear(&err);
    assert_refused(json_value_put(o, "a", NULL, &err), &err, REASON_NO_MEMORY, "");
    error_clear(&err);
    assert_refused(json_value_push(o, json_value_new_bool(true), &err), &err, REASON_INTERNAL, "");
    error_clear(&err);
    assert_refused(json_value_put(t, "a", json_value_new_bool(true), &err), &err, REASON_INTERNAL,
                   "");
    assert_int_equal(json_value_count(o), 0);
    json_value_free(o);
    json_value_free(t);
}

static void json__print_over_the_limit__leaves_the_buffer(void **state)
{
    struct json *v = parse("[1, 2, 3]");
    struct buffer text = BUFFER_INIT(8);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&text, "ab", &err), &err, "");
    assert_refused(json_value_print(v, 0, &text, &err), &err, REASON_LIMIT, "");
    assert_string_equal(buffer_text(&text), "ab");
    buffer_clear(&text);
    json_value_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__bad_documents__refused_with_a_line),
        cmocka_unit_test(json__size__limit_and_one_more),
        cmocka_unit_test(json__very_deep__stopped_early),
        cmocka_unit_test(json__brackets_in_texts__do_not_nest),
        cmocka_unit_test(json__values__read_back),
        cmocka_unit_test(json__extreme_integers__are_exact),
        cmocka_unit_test(json__built__prints_in_order),
        cmocka_unit_test(json__bad_building__refused_without_leak),
        cmocka_unit_test(json__print_over_the_limit__leaves_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
