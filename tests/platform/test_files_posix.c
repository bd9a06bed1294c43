/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void modes__whatever_the_umask__as_promised(void **state)
{
    static const mode_t masks[] = { 0, 022, 077 };
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    mode_t before = umask(0);

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        (void)umask(masks[i]);
        test_folder_path(folder, "f", path);
        assert_done(file_write_atomic(path, bytes_of_text("x"), true, &err), &err, "");
        assert_int_equal(mode_of(path), 0600);
        assert_done(file_write_atomic(path, bytes_of_text("x"), false, &err), &err, "");
        assert_int_equal(mode_of(path), 0644);
        assert_done(file_remove(path, &err), &err, "");
        assert_done(file_create_new(path, bytes_of_text("x"), true, &err), &err, "");
        assert_int_equal(mode_of(path), 0600);
        assert_done(file_remove(path, &err), &err, "");
        test_folder_path(folder, "p/q", path);
        assert_done(folder_create(path, true, &err), &err, "");
        assert_int_equal(mode_of(path), 0700);
        assert_done(folder_remove(path, &err), &err, "");
        test_folder_path(folder, "p", path);
        assert_int_equal(mode_of(path), 0700);
        assert_done(folder_remove(path, &err), &err, "");
        assert_done(folder_create(path, false, &err), &err, "");
        assert_int_equal(mode_of(path), 0755);
        assert_done(folder_remove(path, &err), &err, "");
    }
    (void)umask(before);
}

static void read__named_pipe__refused_without_waiting(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(10);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "fifo", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(file_read(path, 10, &b, &err), &err, REASON_FILE_UNREADABLE, "");
    buffer_clear(&b);
}

static void write__over_a_link__replaces_the_link(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(10);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_write(folder, "target", "old");
    test_folder_path(folder, "link", path);
    assert_int_equal(symlink("target", path), 0);
    assert_done(file_write_atomic(path, bytes_of_text("new"), true, &err), &err, "");
    test_folder_read(folder, "target", &b);
    assert_string_equal(buffer_text(&b), "old");
    buffer_clear(&b);
}

static void lock__behind_a_link__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_lock *lock = NULL;
    bool held = false;
    char path[FILE_PATH_MAX];

    test_folder_write(folder, "target", "");
    test_folder_path(folder, "link", path);
    assert_int_equal(symlink("target", path), 0);
    assert_refused(file_lock_try(path, &lock, &held, &err), &err, REASON_FILE_NOT_WRITABLE, "");
}

static void lock__other_process__ends_with_it(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_lock *lock = NULL;
    bool held = true;
    char path[FILE_PATH_MAX];
    char byte = 0;
    int to_parent[2];
    int to_child[2];
    int status = 0;
    pid_t child = -1;

    test_folder_path(folder, "lock", path);
    assert_int_equal(pipe(to_parent), 0);
    assert_int_equal(pipe(to_child), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool ok = file_lock_try(path, &lock, &held, &err) && held;

        ok = ok && write(to_parent[1], "x", 1) == 1 && read(to_child[0], &byte, 1) == 1;
        _exit(ok ? 0 : 1); /* without releasing */
    }
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    assert_done(file_lock_try(path, &lock, &held, &err), &err, "");
    assert_false(held);
    assert_int_equal(write(to_child[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_done(file_lock_try(path, &lock, &held, &err), &err, "");
    assert_true(held);
    file_lock_release(lock);
    for (int i = 0; i < 2; i++) {
        (void)close(to_parent[i]);
        (void)close(to_child[i]);
    }
}

static void write__full_disk__told_apart(void **state)
{
    struct error err = ERROR_INIT;
    struct file_append *f = NULL;

    (void)state;
    if (!folder_exists("/dev")) test_skip("no /dev");
    f = file_append_open("/dev/full", &err);
    if (f == NULL) test_skip("no /dev/full");
    assert_refused(file_append_write(f, bytes_of_text("x"), &err), &err, REASON_DISK_FULL, "");
    assert_non_null(strstr(err.detail, "free space"));
    file_append_close(f);
}

static void write__no_right__told_apart(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    int status = 0;
    pid_t child = -1;

    if (geteuid() != 0) test_skip("needs root to become somebody else");
    test_folder_path(folder, "x", path);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool ok = setuid(65534) == 0 && !file_write_atomic(path, bytes_of_text("x"), true, &err)
                  && err.reason == REASON_FILE_NOT_WRITABLE
                  && strstr(err.detail, "permission") != NULL;

        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static uid_t owner_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_uid;
}

/* A backup or an audit record that root makes must not shut the service's account out. */
static void handles__made_by_root__belong_to_the_owner_of_the_folder(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct file_append *log = NULL;
    struct file_lock *lock = NULL;
    char path[FILE_PATH_MAX];
    bool held = false;

    if (geteuid() != 0) test_skip("needs root to become somebody else");
    test_folder_write(folder, "old", "");
    assert_int_equal(chown(folder->path, 65534, 65534), 0);
    test_folder_path(folder, "lock", path);
    assert_done(file_lock_try(path, &lock, &held, &err), &err, "");
    assert_true(held);
    assert_int_equal(owner_of(path), 65534);
    assert_int_equal(mode_of(path), 0600);
    file_lock_release(lock);
    test_folder_path(folder, "log", path);
    log = file_append_open(path, &err);
    assert_done(log != NULL, &err, "");
    assert_int_equal(owner_of(path), 65534);
    file_append_close(log);
    test_folder_path(folder, "old", path); /* one that is there stays whose it is */
    log = file_append_open(path, &err);
    assert_done(log != NULL, &err, "");
    assert_int_equal(owner_of(path), 0);
    file_append_close(log);
    assert_int_equal(chown(folder->path, 0, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(modes__whatever_the_umask__as_promised),
        TEST(read__named_pipe__refused_without_waiting),
        TEST(write__over_a_link__replaces_the_link),
        TEST(lock__behind_a_link__refused),
        TEST(lock__other_process__ends_with_it),
        TEST(write__full_disk__told_apart),
        TEST(write__no_right__told_apart),
        TEST(handles__made_by_root__belong_to_the_owner_of_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
