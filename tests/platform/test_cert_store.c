/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "platform/cert_store.h"

static bool count(void *context, const struct cert_store_entry *entry, struct error *err)
{
    size_t *seen = context;

    *seen += 1;
    return entry->der.len > 0 || error_set(err, REASON_INTERNAL, "an empty certificate");
}

static void machine_store__as_it_is__can_be_visited(void **state)
{
    struct error err = ERROR_INIT;
    size_t first = 0;
    size_t second = 0;

    (void)state;
    assert_done(cert_store_visit_machine(count, &first, &err), &err, "");
    assert_done(cert_store_visit_machine(count, &second, &err), &err, "");
    assert_int_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_store__as_it_is__can_be_visited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
