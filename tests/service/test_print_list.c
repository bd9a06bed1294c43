/* SPDX-License-Identifier: Apache-2.0 */
/* A list printed in pieces reads as one that was printed at once. */
#include "service/print_list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/json.h"

static struct json *row(int64_t id, const char *text)
{
    struct json *object = json_value_new_object();
    struct error err = ERROR_INIT;

    assert_true(json_value_put_integer(object, "id", id, &err));
    assert_true(json_value_put_text(object, "text", text, &err));
    return object;
}

static void print_list__json__same_as_one_array(void **state)
{
    static const char *const texts[] = { "", "a\nb", "  \"quoted\"", "\xc3\xa4" };
    struct buffer at_once = BUFFER_INIT(4096);
    struct print_list list;
    struct json *array = json_value_new_array();
    struct error err = ERROR_INIT;

    (void)state;
    print_list_begin(&list, true);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_true(json_value_push(array, row((int64_t)i, texts[i]), &err));
        assert_true(print_list_add_json(&list, row((int64_t)i, texts[i]), &err));
    }
    assert_int_equal(list.count, sizeof(texts) / sizeof(texts[0]));
    assert_true(json_value_print(array, 2, &at_once, &err));
    assert_true(buffer_append_text(&list.text, "\n]", &err));
    assert_string_equal(buffer_text(&list.text), buffer_text(&at_once));
    json_value_free(array);
    buffer_clear(&at_once);
    print_list_clear(&list);
}

static void print_list__value_that_is_none__refused(void **state)
{
    struct print_list list;
    struct error err = ERROR_INIT;

    (void)state;
    print_list_begin(&list, true);
    assert_false(print_list_add_json(&list, NULL, &err));
    assert_int_equal(err.reason, REASON_NO_MEMORY);
    assert_int_equal(list.count, 0);
    assert_int_equal(list.text.len, 0);
    print_list_clear(&list);
}

static void print_list__lines__as_they_come(void **state)
{
    struct print_list list;
    struct error err = ERROR_INIT;

    (void)state;
    print_list_begin(&list, false);
    assert_true(print_list_add_line(&list, &err, "%d %s\n", 1, "one"));
    assert_true(print_list_add_line(&list, &err, "%d %s\n", 2, "two"));
    assert_string_equal(buffer_text(&list.text), "1 one\n2 two\n");
    print_list_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_list__json__same_as_one_array),
        cmocka_unit_test(print_list__value_that_is_none__refused),
        cmocka_unit_test(print_list__lines__as_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
