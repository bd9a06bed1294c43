/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "platform/files.h"

static int set_up(void **state)
{
    struct test_folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    test_folder_create(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    free(*state);
    return 0;
}

static void append__two_handles__nothing_is_overwritten(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    struct file_append *one = NULL;
    struct file_append *two = NULL;
    char path[FILE_PATH_MAX];

    test_folder_write(folder, "log", "old\n");
    test_folder_path(folder, "log", path);
    one = file_append_open(path, &err);
    assert_done(one != NULL, &err, "");
    assert_int_equal(file_append_size(one), 4);
    two = file_append_open(path, &err);
    assert_done(two != NULL, &err, "");
    assert_done(file_append_write(one, bytes_of_text("1\n"), &err), &err, "");
    assert_done(file_append_write(two, bytes_of_text("2\n"), &err), &err, "");
    assert_done(file_append_write(one, bytes_of_text("3\n"), &err), &err, "");
    assert_int_equal(file_append_size(one), 10);
    assert_done(file_append_write(one, bytes_of(NULL, 0), &err), &err, "");
    /* others may read meanwhile */
    test_folder_read(folder, "log", &b);
    assert_string_equal(buffer_text(&b), "old\n1\n2\n3\n");
    file_append_close(one);
    file_append_close(two);
    file_append_close(NULL);
    buffer_clear(&b);
}

/* What log rotation does: rename the open file away, begin a new one. */
static void append__renamed_while_open__goes_on(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    struct file_append *f = NULL;
    struct file_append *next = NULL;
    char path[FILE_PATH_MAX];
    char rotated[FILE_PATH_MAX];

    test_folder_path(folder, "log", path);
    test_folder_path(folder, "log.1", rotated);
    f = file_append_open(path, &err);
    assert_done(f != NULL, &err, "made when missing");
    assert_int_equal(file_append_size(f), 0);
    assert_done(file_append_write(f, bytes_of_text("a"), &err), &err, "");
    assert_done(file_rename(path, rotated, &err), &err, "");
    assert_done(file_append_write(f, bytes_of_text("b"), &err), &err, "");
    next = file_append_open(path, &err);
    assert_done(next != NULL, &err, "");
    assert_done(file_append_write(next, bytes_of_text("c"), &err), &err, "");
    file_append_close(f);
    file_append_close(next);
    test_folder_read(folder, "log.1", &b);
    assert_string_equal(buffer_text(&b), "ab");
    buffer_reset(&b);
    test_folder_read(folder, "log", &b);
    assert_string_equal(buffer_text(&b), "c");
    buffer_clear(&b);
}

static void append__big_piece__arrives_whole(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_append *f = NULL;
    size_t len = 200000;
    uint8_t *data = calloc(1, len);
    char path[FILE_PATH_MAX];

    assert_non_null(data);
    test_folder_path(folder, "log", path);
    f = file_append_open(path, &err);
    assert_done(f != NULL, &err, "");
    assert_done(file_append_write(f, bytes_of(data, len), &err), &err, "");
    assert_int_equal(file_append_size(f), len);
    file_append_close(f);
    free(data);
}

static void append__impossible_place__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "no/such/log", path);
    assert_refused(file_append_open(path, &err) != NULL, &err, REASON_FILE_NOT_WRITABLE, "");
    error_clear(&err);
    assert_refused(file_append_open(folder->path, &err) != NULL, &err, REASON_FILE_NOT_WRITABLE,
                   "");
}

static void lock__second_try__not_held_until_released(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_lock *one = NULL;
    struct file_lock *two = NULL;
    bool held = false;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "lock", path);
    assert_done(file_lock_try(path, &one, &held, &err), &err, "");
    assert_true(held);
    assert_non_null(one);
    assert_done(file_lock_try(path, &two, &held, &err), &err, "");
    assert_false(held);
    assert_null(two);
    file_lock_release(one);
    assert_done(file_lock_try(path, &two, &held, &err), &err, "");
    assert_true(held);
    file_lock_release(two);
    file_lock_release(NULL);
    assert_true(file_exists(path)); /* stays */
}

static void lock__impossible_place__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_lock *lock = NULL;
    bool held = true;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "no/such/lock", path);
    assert_refused(file_lock_try(path, &lock, &held, &err), &err, REASON_FILE_NOT_WRITABLE, "");
    assert_null(lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(append__two_handles__nothing_is_overwritten),
        TEST(append__renamed_while_open__goes_on),
        TEST(append__big_piece__arrives_whole),
        TEST(append__impossible_place__refused),
        TEST(lock__second_try__not_held_until_released),
        TEST(lock__impossible_place__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
