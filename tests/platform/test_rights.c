/* SPDX-License-Identifier: Apache-2.0 */
/* What holds on both platforms. */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "platform/rights.h"

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

static void put(const struct test_folder *folder, const char *name)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, bytes_of_text("x"), true, &err), &err, name);
}

static void make(const struct test_folder *folder, const char *name)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_done(folder_create(path, true, &err), &err, name);
}

static bool unexpected(void *context, const char *path, const struct error *why, struct error *err)
{
    (void)context;
    (void)err;
    fail_msg("%s: %s", path, why->detail);
    return false;
}

static void check__what_we_make__is_safe(void **state)
{
    const struct test_folder *folder = *state;
    static const char *const names[] = { "plain", "appended", "lock" };
    struct error err = ERROR_INIT;
    struct file_append *append = NULL;
    struct file_lock *lock = NULL;
    char path[FILE_PATH_MAX];
    bool held = false;

    put(folder, "plain");
    test_folder_path(folder, "appended", path);
    append = file_append_open(path, &err);
    assert_done(append != NULL, &err, "");
    test_folder_path(folder, "lock", path);
    assert_done(file_lock_try(path, &lock, &held, &err), &err, "");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        test_folder_path(folder, names[i], path);
        assert_done(rights_check(path, true, &err), &err, names[i]);
    }
    assert_done(rights_check(folder->path, true, &err), &err, "the folder");
    file_append_close(append);
    file_lock_release(lock);
}

static void check__nothing_there__is_fine(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "missing", path);
    assert_done(rights_check(path, true, &err), &err, "file");
    test_folder_path(folder, "missing/below", path);
    assert_done(rights_check(path, true, &err), &err, "folder");
    assert_done(rights_check_tree(path, 10, unexpected, NULL, &err), &err, "tree");
}

static void tree__whole_folder_of_ours__no_findings(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;

    make(folder, "ca");
    make(folder, "ca/default");
    put(folder, "ca/default/ca.key");
    put(folder, "openndes.json");
    put(folder, "secrets.key");
    /* 5 entries below the folder */
    assert_done(rights_check_tree(folder->path, 5, unexpected, NULL, &err), &err, "");
    assert_refused(rights_check_tree(folder->path, 4, unexpected, NULL, &err), &err, REASON_LIMIT,
                   "one less");
    error_clear(&err);
    assert_done(rights_protect_tree(folder->path, 5, &err), &err, "");
    assert_done(rights_protect_tree(folder->path, 5, &err), &err, "again");
    assert_done(rights_check_tree(folder->path, 5, unexpected, NULL, &err), &err, "protected");
    assert_refused(rights_protect_tree(folder->path, 4, &err), &err, REASON_LIMIT, "one less");
}

static void protect__missing_folder__says_so(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "missing", path);
    assert_false(rights_protect_tree(path, 10, &err));
    assert_non_null(strstr(err.detail, "missing"));
}

static void protect__deep_folders__bounded(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;

    make(folder, "policies/2/3/4/5/6/7/8");
    assert_done(rights_protect_tree(folder->path, 100, &err), &err, "8");
    assert_done(rights_check_tree(folder->path, 100, unexpected, NULL, &err), &err, "8");
    make(folder, "policies/2/3/4/5/6/7/8/9");
    assert_refused(rights_protect_tree(folder->path, 100, &err), &err, REASON_LIMIT, "9");
    error_clear(&err);
    assert_refused(rights_check_tree(folder->path, 100, unexpected, NULL, &err), &err, REASON_LIMIT,
                   "9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check__what_we_make__is_safe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check__nothing_there__is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tree__whole_folder_of_ours__no_findings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(protect__missing_folder__says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(protect__deep_folders__bounded, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
