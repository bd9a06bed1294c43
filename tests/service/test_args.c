/* SPDX-License-Identifier: Apache-2.0 */
#include "service/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
    bool flag;
    const char *text;
    struct arg_repeated repeated;
    struct args args;
    struct error err;
};

static bool parse(struct parsed *p, int argc, const char *const *argv)
{
    const struct arg_option options[] = {
        { "--flag", ARG_FLAG, &p->flag },
        { "--text", ARG_TEXT, &p->text },
        { "--many", ARG_REPEATED, &p->repeated },
    };
    char *copy[64];

    memset(p, 0, sizeof(*p));
    for (int i = 0; i < argc; i++) {
        copy[i] = (char *)(uintptr_t)argv[i];
    }
    return args_parse(argc, copy, options, 3, &p->args, &p->err);
}

static void arguments__mixed__are_sorted(void **state)
{
    const char *argv[] = {
        "a", "--flag", "--text", "v", "--many=x", "-", "--many", "y", "--", "--b"
    };
    struct parsed p;

    (void)state;
    assert_true(parse(&p, 10, argv));
    assert_true(p.flag);
    assert_string_equal(p.text, "v");
    assert_int_equal(p.repeated.count, 2);
    assert_string_equal(p.repeated.values[1], "y");
    assert_int_equal(p.args.count, 3);
    assert_string_equal(p.args.positional[0], "a");
    assert_string_equal(p.args.positional[1], "-");
    assert_string_equal(p.args.positional[2], "--b");
}

static void arguments__wrong__are_refused_as_usage(void **state)
{
    static const char *const cases[][3] = {
        { "--unknown", NULL, NULL },      { "--text", NULL, NULL }, { "--flag=1", NULL, NULL },
        { "--text=a", "--text=b", NULL }, { "-x", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed p;
        int argc = 0;

        while (argc < 3 && cases[i][argc] != NULL) {
            argc++;
        }
        if (parse(&p, argc, cases[i]) || p.err.reason != REASON_USAGE) {
            fail_msg("%s was taken", cases[i][0]);
        }
    }
}

static void unknown_option__with_value__does_not_show_the_value(void **state)
{
    const char *argv[] = { "--passphrase=topsecret" };
    struct parsed p;

    (void)state;
    assert_false(parse(&p, 1, argv));
    assert_null(strstr(p.err.detail, "topsecret"));
}

static void repeated_option__over_its_limit__is_refused(void **state)
{
    const char *argv[ARGS_REPEAT_MAX + 1];
    struct parsed p;

    (void)state;
    for (size_t i = 0; i <= ARGS_REPEAT_MAX; i++) {
        argv[i] = "--many=x";
    }
    assert_true(parse(&p, ARGS_REPEAT_MAX, argv));
    assert_false(parse(&p, ARGS_REPEAT_MAX + 1, argv));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments__mixed__are_sorted),
        cmocka_unit_test(arguments__wrong__are_refused_as_usage),
        cmocka_unit_test(unknown_option__with_value__does_not_show_the_value),
        cmocka_unit_test(repeated_option__over_its_limit__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
