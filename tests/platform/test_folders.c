/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
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

static void create__nested__and_again(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "a/b/c", path);
    assert_false(folder_exists(path));
    assert_done(folder_create(path, true, &err), &err, "");
    assert_true(folder_exists(path));
    assert_false(file_exists(path));
    assert_done(folder_create(path, true, &err), &err, "again");
    test_folder_path(folder, "x//y/", path);
    assert_done(folder_create(path, false, &err), &err, "slashes");
    test_folder_path(folder, "x/y", path);
    assert_true(folder_exists(path));
}

static void create__over_a_file__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_write(folder, "file", "x");
    test_folder_path(folder, "file", path);
    assert_refused(folder_create(path, true, &err), &err, REASON_FILE_NOT_WRITABLE, "");
    error_clear(&err);
    test_folder_path(folder, "file/below", path);
    assert_refused(folder_create(path, true, &err), &err, REASON_FILE_NOT_WRITABLE, "");
}

static void remove__only_empty_ones__missing_is_fine(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "missing", path);
    assert_done(folder_remove(path, &err), &err, "");
    test_folder_path(folder, "full/empty", path);
    assert_done(folder_create(path, true, &err), &err, "");
    test_folder_path(folder, "full", path);
    assert_refused(folder_remove(path, &err), &err, REASON_FILE_NOT_WRITABLE, "");
    assert_true(folder_exists(path));
    error_clear(&err);
    test_folder_path(folder, "full/empty", path);
    assert_done(folder_remove(path, &err), &err, "");
    assert_false(folder_exists(path));
}

struct listing {
    char text[1000];
    int stop_after;
};

static bool note(void *context, const char *name, bool is_folder, struct error *err)
{
    struct listing *l = context;
    size_t used = strlen(l->text);

    if (l->stop_after-- == 0) return error_set(err, REASON_SYNTAX, "enough");
    assert_true(
        text_format(l->text + used, sizeof(l->text) - used, "%s%s ", name, is_folder ? "/" : ""));
    return true;
}

static void list__entries__sorted_and_bounded(void **state)
{
    const struct test_folder *folder = *state;
    struct listing l = { "", 100 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_done(folder_list(folder->path, 0, note, &l, &err), &err, "empty, limit 0");
    assert_string_equal(l.text, "");
    test_folder_write(folder, "b.json", "");
    test_folder_write(folder, "a.json", "");
    test_folder_write(folder, "\xc3\xa4", "");
    test_folder_write(folder, ".hidden", "");
    test_folder_path(folder, "c", path);
    assert_done(folder_create(path, true, &err), &err, "");
    assert_done(folder_list(folder->path, 5, note, &l, &err), &err, "");
    assert_string_equal(l.text, ".hidden a.json b.json c/ \xc3\xa4 ");
    l.text[0] = '\0';
    assert_refused(folder_list(folder->path, 4, note, &l, &err), &err, REASON_LIMIT, "");
    assert_string_equal(l.text, "");
    error_clear(&err);
    l.stop_after = 2;
    assert_refused(folder_list(folder->path, 5, note, &l, &err), &err, REASON_SYNTAX, "");
    assert_string_equal(l.text, ".hidden a.json ");
    assert_string_equal(err.detail, "enough");
}

static void list__many__all_of_them(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct listing l = { "", 1000 };
    char name[16];

    for (int i = 99; i >= 0; i--) {
        assert_true(text_format(name, sizeof(name), "%02d", i));
        test_folder_write(folder, name, "");
    }
    assert_done(folder_list(folder->path, 100, note, &l, &err), &err, "");
    assert_int_equal(strlen(l.text), 300);
    assert_memory_equal(l.text, "00 01 02 ", 9);
    assert_memory_equal(l.text + 297, "99 ", 3);
}

static void list__missing_or_file__said_so(void **state)
{
    const struct test_folder *folder = *state;
    struct listing l = { "", 100 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "missing", path);
    assert_refused(folder_list(path, 10, note, &l, &err), &err, REASON_FILE_MISSING, "");
    error_clear(&err);
    test_folder_write(folder, "file", "");
    test_folder_path(folder, "file", path);
    assert_false(folder_list(path, 10, note, &l, &err));
    assert_true(error_is_set(&err));
}

static void free_bytes__folder_file_and_file_to_be__known(void **state)
{
    const struct test_folder *folder = *state;
    uint64_t bytes = 0;
    char path[FILE_PATH_MAX];

    assert_true(folder_free_bytes(folder->path, &bytes));
    assert_true(bytes > 0);
    test_folder_write(folder, "file", "x");
    test_folder_path(folder, "file", path);
    bytes = 0;
    assert_true(folder_free_bytes(path, &bytes));
    assert_true(bytes > 0);
    test_folder_path(folder, "file-to-be", path);
    bytes = 0;
    assert_true(folder_free_bytes(path, &bytes));
    assert_true(bytes > 0);
    test_folder_path(folder, "no/such/folder", path);
    assert_false(folder_free_bytes(path, &bytes));
}

static void default_data__is_absolute(void **state)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    assert_done(folder_default_data(path, &err), &err, "");
    assert_true(text_equal_nocase(path, "/var/lib/openndes")
                || text_equal_nocase(path, "C:\\ProgramData\\OpenNDES"));
}

static void absolute__forms__without_separator_at_the_end(void **state)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char again[FILE_PATH_MAX];

    (void)state;
    assert_done(path_absolute("a folder/", path, &err), &err, "");
    assert_true(path[0] == '/' || path[1] == ':');
    assert_true(strlen(path) > strlen("a folder") + 1);
    assert_string_equal(path + strlen(path) - strlen("a folder"), "a folder");
    assert_done(path_absolute(path, again, &err), &err, "");
    assert_string_equal(again, path);
    assert_done(path_absolute("/", path, &err), &err, "");
    assert_true(strcmp(path, "/") == 0 || strcmp(path + 1, ":\\") == 0);
}

static void absolute__too_long__refused(void **state)
{
    struct error err = ERROR_INIT;
    char given[FILE_PATH_MAX + 2];
    char path[FILE_PATH_MAX];

    (void)state;
    memset(given, 'a', sizeof(given));
    given[0] = '/';
    given[sizeof(given) - 1] = '\0';
    assert_false(path_absolute(given, path, &err));
    assert_int_equal(err.reason, REASON_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create__nested__and_again),
        TEST(create__over_a_file__refused),
        TEST(remove__only_empty_ones__missing_is_fine),
        TEST(list__entries__sorted_and_bounded),
        TEST(list__many__all_of_them),
        TEST(list__missing_or_file__said_so),
        TEST(free_bytes__folder_file_and_file_to_be__known),
        cmocka_unit_test(default_data__is_absolute),
        cmocka_unit_test(absolute__forms__without_separator_at_the_end),
        cmocka_unit_test(absolute__too_long__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
