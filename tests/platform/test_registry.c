/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "platform/registry.h"

static void registry__missing_value__is_no_failure(void **state)
{
    static const char key[] = "SOFTWARE\\OpenNDES\\no such key \xc3\xa4";
    struct buffer text = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    uint32_t number = 7;
    bool found = true;

    (void)state;
    assert_done(registry_read_text(key, "x", &text, &found, &err), &err, "");
    assert_false(found);
    found = true;
    assert_done(registry_read_u32(key, "x", &number, &found, &err), &err, "");
    assert_false(found);
    assert_int_equal(number, 7);
    assert_int_equal(text.len, 0);
    buffer_clear(&text);
}

static bool never(void *context, const struct registry_value *value, struct error *err)
{
    (void)context;
    return error_set(err, REASON_INTERNAL, "visited %s", value->name);
}

static void walk__missing_key__is_no_failure(void **state)
{
    struct error err = ERROR_INIT;
    bool found = true;

    (void)state;
    assert_done(registry_walk("SOFTWARE\\OpenNDES\\no such key", never, NULL, &found, &err), &err,
                "");
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry__missing_value__is_no_failure),
        cmocka_unit_test(walk__missing_key__is_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
