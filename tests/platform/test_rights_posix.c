/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/rights.h"

#define NOBODY 65534
#define PATIENCE_US 10000000

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

/* A file with a mode; path gets where it is. */
static void put(const struct test_folder *folder, const char *name, mode_t mode,
                char path[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, bytes_of_text("x"), true, &err), &err, name);
    assert_int_equal(chmod(path, mode), 0);
}

static void make(const struct test_folder *folder, const char *name, mode_t mode,
                 char path[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    test_folder_path(folder, name, path);
    assert_done(folder_create(path, true, &err), &err, name);
    assert_int_equal(chmod(path, mode), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

/* The sentence ends in this command for the path. Done by hand here, by a shell in rights.sh. */
static void assert_mend(const struct error *err, const char *command, const char *path)
{
    char expected[FILE_PATH_MAX + 64];

    assert_true(text_format(expected, sizeof(expected), "mend it with: %s \"%s\"", command, path));
    assert_non_null(strstr(err->detail, expected));
}

static void mend_mode(const char *path, bool is_secret, struct error *err)
{
    assert_mend(err, is_secret ? "chmod go-rwx" : "chmod go-w", path);
    assert_int_equal(chmod(path, mode_of(path) & (is_secret ? ~077u : ~022u)), 0);
    error_clear(err);
    assert_done(rights_check(path, is_secret, err), err, path);
}

static void check__file_modes__table(void **state)
{
    const struct test_folder *folder = *state;
    static const struct {
        mode_t mode;
        bool is_secret;
        const char *says; /* NULL: fine */
    } cases[] = {
        { 0600, true, NULL },
        { 0400, true, NULL },
        { 0700, true, NULL },
        { 0644, false, NULL },
        { 0755, false, NULL },
        { 0640, false, NULL },
        { 0644, true, "everybody may read it" },
        { 0604, true, "everybody may read it" },
        { 0640, true, "group" },
        { 0660, false, "may change it" },
        { 0660, true, "may change it" },
        { 0620, true, "may change it" },
        { 0602, false, "everybody may change it" },
        { 0666, false, "everybody may change it" },
        { 0777, true, "everybody may change it" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        put(folder, "a file", cases[i].mode, path);
        if (cases[i].says == NULL) {
            assert_done(rights_check(path, cases[i].is_secret, &err), &err, "");
            continue;
        }
        assert_refused(rights_check(path, cases[i].is_secret, &err), &err, REASON_RIGHTS_UNSAFE,
                       cases[i].says);
        assert_non_null(strstr(err.detail, cases[i].says));
        mend_mode(path, cases[i].is_secret, &err);
    }
}

static void check__folder_modes__only_writing_counts(void **state)
{
    const struct test_folder *folder = *state;
    static const struct {
        mode_t mode;
        bool fine;
    } cases[] = {
        { 0700, true },  { 0755, true },  { 0750, true },
        { 0770, false }, { 0777, false }, { 01777, false }, /* others could add files of theirs */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        make(folder, "folder", cases[i].mode, path);
        if (cases[i].fine) {
            assert_done(rights_check(path, true, &err), &err, "");
        } else {
            assert_refused(rights_check(path, true, &err), &err, REASON_RIGHTS_UNSAFE, "");
            mend_mode(path, false, &err);
        }
    }
}

static void check__somebody_elses__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (geteuid() != 0) {
        test_skip("only root can give files away");
    }
    put(folder, "f", 0600, path);
    assert_int_equal(chown(path, NOBODY, NOBODY), 0);
    assert_refused(rights_check(path, false, &err), &err, REASON_RIGHTS_UNSAFE, "");
    assert_non_null(strstr(err.detail, "belongs to account"));
    assert_mend(&err, "chown 0", path);
    assert_int_equal(chown(path, 0, 0), 0);
    error_clear(&err);
    assert_done(rights_check(path, true, &err), &err, "");
}

static void check__links__refused_wherever_they_lead(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char target[FILE_PATH_MAX];
    char link_path[FILE_PATH_MAX];

    put(folder, "target", 0600, target);
    test_folder_path(folder, "link", link_path);
    assert_int_equal(symlink(target, link_path), 0);
    assert_refused(rights_check(link_path, false, &err), &err, REASON_REPARSE_POINT, "file");
    assert_non_null(strstr(err.detail, link_path));
    error_clear(&err);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink("nowhere", link_path), 0);
    assert_refused(rights_check(link_path, true, &err), &err, REASON_REPARSE_POINT, "dangling");
    error_clear(&err);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink(folder->path, link_path), 0);
    assert_refused(rights_check(link_path, true, &err), &err, REASON_REPARSE_POINT, "folder");
}

static void check__second_name_of_a_secret__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char other[FILE_PATH_MAX];

    put(folder, "s.key", 0600, path);
    test_folder_path(folder, "other", other);
    assert_int_equal(link(path, other), 0);
    assert_done(rights_check(path, false, &err), &err, "what everybody may read");
    assert_refused(rights_check(path, true, &err), &err, REASON_RIGHTS_UNSAFE, "");
    assert_mend(&err, "cp -p", path);
    error_clear(&err);
    assert_int_equal(unlink(other), 0);
    assert_done(rights_check(path, true, &err), &err, "");
}

struct seen {
    char text[4096]; /* the paths' ends, each with reason */
    size_t prefix;
    size_t stop_after;
    size_t count;
};

static bool note(void *context, const char *path, const struct error *why, struct error *err)
{
    struct seen *seen = context;
    size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s %s\n", path + seen->prefix,
                   reason_id(why->reason));
    return ++seen->count != seen->stop_after || error_set(err, REASON_INTERNAL, "enough");
}

static void fill_unsafe(const struct test_folder *folder)
{
    char path[FILE_PATH_MAX];
    char other[FILE_PATH_MAX];

    make(folder, "ca", 0700, path);
    make(folder, "ca/default", 0770, path);
    put(folder, "ca/default/ca.crt", 0644, path);
    put(folder, "ca/default/ca.key", 0640, path);
    put(folder, "openndes.json", 0664, path);
    put(folder, "openndes.db-wal", 0644, path);
    put(folder, "notes.txt", 0666, path);
    put(folder, "protect.key", 0600, path);
    make(folder, "elsewhere", 0777, path);
    put(folder, "elsewhere/t.json", 0666, other);
    test_folder_path(folder, "templates", other);
    assert_int_equal(symlink(path, other), 0);
}

static void tree__unsafe_things__each_is_told(void **state)
{
    const struct test_folder *folder = *state;
    struct seen seen = { .prefix = strlen(folder->path) + 1 };
    struct error err = ERROR_INIT;

    fill_unsafe(folder);
    assert_done(rights_check_tree(folder->path, 100, note, &seen, &err), &err, "");
    assert_string_equal(seen.text, "ca/default rights-unsafe\n"
                                   "ca/default/ca.key rights-unsafe\n"
                                   "openndes.db-wal rights-unsafe\n"
                                   "openndes.json rights-unsafe\n"
                                   "templates reparse-point\n");
    seen = (struct seen){ .prefix = seen.prefix, .stop_after = 2 };
    assert_refused(rights_check_tree(folder->path, 100, note, &seen, &err), &err, REASON_INTERNAL,
                   "the visitor's own failure");
    assert_int_equal(seen.count, 2);
}

static void tree__folders_above__nobody_else_may_rename(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char above[FILE_PATH_MAX];
    char data[FILE_PATH_MAX];
    char by_link[FILE_PATH_MAX];
    char link_path[FILE_PATH_MAX];

    make(folder, "above", 0700, above);
    make(folder, "above/data", 0700, data);
    test_folder_path(folder, "link", link_path);
    test_folder_path(folder, "link/data", by_link);
    assert_int_equal(symlink(above, link_path), 0);
    for (size_t i = 0; i < 2; i++) {
        const char *path = i == 0 ? data : by_link;
        struct seen seen = { .prefix = 0 };

        assert_int_equal(chmod(above, 0700), 0);
        assert_done(rights_check_tree(path, 10, note, &seen, &err), &err, path);
        assert_int_equal(seen.count, 0);
        assert_int_equal(chmod(above, 01777), 0); /* as /tmp */
        assert_done(rights_check_tree(path, 10, note, &seen, &err), &err, path);
        assert_int_equal(seen.count, 0);
        assert_int_equal(chmod(above, 0777), 0);
        assert_done(rights_check_tree(path, 10, note, &seen, &err), &err, path);
        assert_int_equal(seen.count, 1);
        assert_non_null(strstr(seen.text, path));
    }
    if (geteuid() == 0) { /* a link of somebody else's on the way */
        struct seen seen = { .prefix = 0 };

        assert_int_equal(chmod(above, 0700), 0);
        assert_int_equal(lchown(link_path, NOBODY, NOBODY), 0);
        assert_done(rights_check_tree(by_link, 10, note, &seen, &err), &err, "");
        assert_int_equal(seen.count, 1);
    }
}

static void tree__the_data_folder_is_a_link__told_and_not_followed(void **state)
{
    const struct test_folder *folder = *state;
    struct seen seen = { .prefix = 0 };
    struct error err = ERROR_INIT;
    char data[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    make(folder, "data", 0700, data);
    put(folder, "data/openndes.json", 0666, path);
    test_folder_path(folder, "link", path);
    assert_int_equal(symlink(data, path), 0);
    assert_done(rights_check_tree(path, 10, note, &seen, &err), &err, "");
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.text, "reparse-point"));
    assert_refused(rights_protect_tree(path, 10, &err), &err, REASON_REPARSE_POINT, "");
}

static void protect__unsafe_things__closed_except_links(void **state)
{
    const struct test_folder *folder = *state;
    struct seen seen = { .prefix = 0 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char outside[FILE_PATH_MAX];

    fill_unsafe(folder);
    assert_refused(rights_protect_tree(folder->path, 100, &err), &err, REASON_REPARSE_POINT, "");
    error_clear(&err);
    test_folder_path(folder, "templates", path);
    assert_int_equal(unlink(path), 0);
    assert_done(rights_protect_tree(folder->path, 100, &err), &err, "");
    assert_done(rights_check_tree(folder->path, 100, note, &seen, &err), &err, "");
    assert_string_equal(seen.text, "");
    test_folder_path(folder, "elsewhere/t.json", outside);
    assert_int_equal(mode_of(outside), 0600);
    test_folder_path(folder, "elsewhere", outside);
    assert_int_equal(mode_of(outside), 0700);
    assert_int_equal(mode_of(folder->path), 0700);
}

static void protect__link_to_another_folder__that_one_stays(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char other[FILE_PATH_MAX];
    char data[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    make(folder, "other", 0755, other);
    make(folder, "data", 0755, data);
    test_folder_path(folder, "data/logs", path);
    assert_int_equal(symlink(other, path), 0);
    assert_refused(rights_protect_tree(data, 100, &err), &err, REASON_REPARSE_POINT, "");
    assert_int_equal(mode_of(other), 0755);
    assert_int_equal(mode_of(data), 0700); /* what is safe is not put off */
}

/* chmod leaves time and content as they are; a file that was refused has to be read again. */
static void stamp__mode_changed__differs(void **state)
{
    const struct test_folder *folder = *state;
    struct file_stamp before;
    struct file_stamp after;
    struct error err = ERROR_INIT;
    int64_t started = clock_monotonic_us();
    char path[FILE_PATH_MAX];

    put(folder, "f", 0666, path);
    assert_done(file_stamp(path, &before, &err), &err, "");
    do { /* the clock of files ticks every few milliseconds */
        assert_int_equal(chmod(path, 0600), 0);
        assert_done(file_stamp(path, &after, &err), &err, "");
    } while (file_stamp_equal(&before, &after) && clock_monotonic_us() - started < PATIENCE_US);
    assert_int_equal(before.modified_ns, after.modified_ns);
    assert_false(file_stamp_equal(&before, &after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check__file_modes__table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check__folder_modes__only_writing_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(check__somebody_elses__refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check__links__refused_wherever_they_lead, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(check__second_name_of_a_secret__refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tree__unsafe_things__each_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tree__folders_above__nobody_else_may_rename, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tree__the_data_folder_is_a_link__told_and_not_followed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(protect__unsafe_things__closed_except_links, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(protect__link_to_another_folder__that_one_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(stamp__mode_changed__differs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
