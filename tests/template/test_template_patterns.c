/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "template/template_patterns.h"

static void patterns__lists__one_must_fit(void **state)
{
    static const struct {
        const char *list;
        const char *text;
        bool allowed;
        size_t count;
    } cases[] = {
        { NULL, "x", true, 0 },    { "", "x", true, 0 },      { " , ,", "x", true, 0 },
        { "a*", "abc", true, 1 },  { "a*", "xbc", false, 1 }, { "a*, x*", "xbc", true, 2 },
        { "a?,b", "a", false, 2 }, { "*", "", true, 1 },      { "b", "", false, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_patterns p;
        struct error err = ERROR_INIT;

        assert_done(template_patterns_init(&p, cases[i].list, &err), &err, cases[i].text);
        assert_int_equal(p.count, cases[i].count);
        assert_int_equal(template_patterns_allow(&p, bytes_of_text(cases[i].text)),
                         cases[i].allowed);
        template_patterns_clear(&p);
        assert_null(p.items);
    }
    template_patterns_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns__lists__one_must_fit),
    };

    return cmocka_run_group_tests_name("template_patterns", tests, NULL, NULL);
}
