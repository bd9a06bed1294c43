/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/files.h"
#include "platform/process.h"

static void process__asked__knows_itself(void **state)
{
    (void)state;
    assert_int_not_equal(process_id(), 0);
    assert_int_equal(process_id(), process_id());
    assert_in_range(process_memory_bytes(), 100000, UINT64_C(1) << 44);
}

static void process__hardened__still_works(void **state)
{
    struct test_folder folder;

    (void)state;
    process_harden();
    process_harden();
    assert_in_range(process_memory_bytes(), 100000, UINT64_C(1) << 44);
    test_folder_create(&folder);
    test_folder_write(&folder, "x", "y");
    test_folder_remove(&folder);
}

static void program_path__is_this_test(void **state)
{
    struct buffer path = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(process_program_path(&path, &err));
    assert_non_null(strstr(buffer_text(&path), "test_process"));
    assert_true(file_exists(buffer_text(&path)));
    buffer_clear(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process__asked__knows_itself),
        cmocka_unit_test(process__hardened__still_works),
        cmocka_unit_test(program_path__is_this_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
