/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char document[] = "\xef\xbb\xbf\n"                                        /* 1 */
                               "{\n"                                                   /* 2 */
                               "  \"enabled\": true,\n"                                /* 3 */
                               "  \"text\": \"{ \\\"challenge\\\": [1, 2] } \\\\\",\n" /* 4 */
                               "  \"challenge\": {\n"                                  /* 5 */
                               "    \"type\": \"static\", \"x\": {\n"                  /* 6 */
                               "      \"y\": null } },\n"                              /* 7 */
                               "  \"empty\": {}, \"none\": [],\n"                      /* 8 */
                               "  \"list\": [\n"                                       /* 9 */
                               "    1,\n"                                              /* 10 */
                               "    [2, 3], { \"k\":\n"                                /* 11 */
                               "      [ -1.5e3,\n"                                     /* 12 */
                               "        \"last\" ] }\n"                                /* 13 */
                               "  ],\n"                                                /* 14 */
                               "  \"with.dot\": { \"in\":\n"                           /* 15 */
                               "      1 },\n"                                          /* 16 */
                               "  \"\\u00e4\\ud83d\\ude00\\n\\/\": 1,\n"               /* 17 */
                               "  \"end\": 0\n"                                        /* 18 */
                               "}\n";

static const struct {
    const char *path;
    size_t line;
} cases[] = {
    { "", 2 },
    { "enabled", 3 },
    { "text", 4 },
    { "challenge", 5 },
    { "challenge.type", 6 },
    { "challenge.x", 6 },
    { "challenge.x.y", 7 },
    { "empty", 8 },
    { "none", 8 },
    { "list", 9 },
    { "list.0", 10 },
    { "list.1", 11 },
    { "list.1.1", 11 },
    { "list.2", 11 },
    { "list.2.k", 11 },
    { "list.2.k.0", 12 },
    { "list.2.k.1", 13 },
    { "with.dot", 15 },
    { "with.dot.in", 15 },
    { "\xc3\xa4\xf0\x9f\x98\x80\n/", 17 },
    { "end", 18 },
    /* not there */
    { "missing", 0 },
    { "enable", 0 },
    { "enabled2", 0 },
    { "enabled.x", 0 },
    { "challenge.missing", 0 },
    { "empty.x", 0 },
    { "none.0", 0 },
    { "list.3", 0 },
    { "list.2.k.2", 0 },
    { "list.x", 0 },
    { "list.-1", 0 },
    { "list.18446744073709551616", 0 },
    { ".", 0 },
    { "list.", 9 }, /* nothing behind the dot: the list itself */
};

static void line__paths__found_where_they_stand(void **state)
{
    struct error err = ERROR_INIT;
    struct json *v = json_value_parse(bytes_of_text(document), sizeof(document), 8, &err);

    (void)state;
    assert_done(v != NULL, &err, "the document itself");
    json_value_free(v);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t line = json_text_line(bytes_of_text(document), cases[i].path);

        if (line != cases[i].line) fail_msg("\"%s\": line %u", cases[i].path, (unsigned)line);
    }
}

/* Each prefix in exactly its own memory, so that a sanitizer sees a byte read too far. */
static void line__cut_documents__stay_in_bounds(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(document); len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1);

        assert_non_null(copy);
        memcpy(copy, document, len);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            assert_true(json_text_line(bytes_of(copy, len), cases[i].path) <= 19);
        }
        free(copy);
    }
}

static void line__hostile_text__ends(void **state)
{
    static const char *const texts[] = {
        "{{{{", "[[[[",     "{\"",  "{\"a\\",   "{\"a\":\"\\",        "[\"",   "{\"a\"}", "{]",
        "[}",   "{\"a\":]", "\xff", "{\"\\u12", "{\"\\ud800\\u\":1}", "[,,,,]"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)json_text_line(bytes_of_text(texts[i]), "a.b.0");
        (void)json_text_line(bytes_of_text(texts[i]), "7");
    }
    assert_int_equal(json_text_line(bytes_of("{\"x\":[\0,\0],\"a\":1}", 17), "a"), 1);
    assert_int_equal(json_text_line(bytes_of(NULL, 0), "a"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__paths__found_where_they_stand),
        cmocka_unit_test(line__cut_documents__stay_in_bounds),
        cmocka_unit_test(line__hostile_text__ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
