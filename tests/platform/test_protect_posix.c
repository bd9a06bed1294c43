/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/protect.h"

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

static void seal_into(const struct test_folder *folder, struct buffer *sealed)
{
    struct error err = ERROR_INIT;

    assert_done(protect_seal(folder->path, "p", bytes_of_text("secret"), sealed, &err), &err, "");
}

static void seal__twice__differs_and_hides(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer a = BUFFER_INIT(1000);
    struct buffer b = BUFFER_INIT(1000);
    struct stat info;
    char path[FILE_PATH_MAX];

    seal_into(folder, &a);
    seal_into(folder, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.data + 6, b.data + 6, a.len - 6);
    assert_null(memmem(a.data, a.len, "secret", 6));
    test_folder_path(folder, "protect.key", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    buffer_clear(&a);
    buffer_clear(&b);
}

static void open__any_bit_changed__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(1000);
    struct secret plain = SECRET_INIT;

    seal_into(folder, &sealed);
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        struct error err = ERROR_INIT;

        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                       REASON_KEY_PROTECTION, "");
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_clear(&sealed);
}

static void key_file__others_may_read__refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0644, 0660, 0666, 0601, 0610 };
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(1000);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    seal_into(folder, &sealed);
    test_folder_path(folder, "protect.key", path);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        error_clear(&err);
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_refused(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                       REASON_KEY_PROTECTION, "");
        assert_non_null(strstr(err.detail, "chmod 600"));
        error_clear(&err);
        assert_refused(protect_seal(folder->path, "p", bytes_of_text("x"), &sealed, &err), &err,
                       REASON_KEY_PROTECTION, "");
    }
    error_clear(&err);
    assert_int_equal(chmod(path, 0400), 0);
    assert_done(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err, "");
    buffer_clear(&sealed);
    secret_clear(&plain);
}

static void key_file__lost_or_other__refused_and_not_made_anew(void **state)
{
    static const char *const contents[] = {
        "",
        "\n",
        "AAAA\n",
        "not base64 at all",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAA\n"
    };
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(1000);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    seal_into(folder, &sealed);
    test_folder_path(folder, "protect.key", path);
    assert_done(file_remove(path, &err), &err, "");
    assert_refused(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                   REASON_KEY_PROTECTION, "");
    assert_non_null(strstr(err.detail, "backup"));
    assert_false(file_exists(path));
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        error_clear(&err);
        assert_done(file_write_atomic(path, bytes_of_text(contents[i]), true, &err), &err, "");
        assert_refused(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                       REASON_KEY_PROTECTION, contents[i]);
    }
    error_clear(&err);
    assert_done(file_remove(path, &err), &err, "");
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_refused(protect_seal(folder->path, "p", bytes_of_text("x"), &sealed, &err), &err,
                   REASON_KEY_PROTECTION, "a link");
    error_clear(&err);
    assert_refused(protect_seal("/no/such/folder", "p", bytes_of_text("x"), &sealed, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "no folder");
    buffer_clear(&sealed);
}

#define PROCESSES 6

/* All start at once on a folder without key: each must be able to open what the others sealed. */
static void key_file__made_by_many_processes__is_one(void **state)
{
    const struct test_folder *folder = *state;
    pid_t children[PROCESSES];
    char name[32];
    char byte = 0;
    int start[2];

    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct buffer sealed = BUFFER_INIT(1000);
            struct error err = ERROR_INIT;
            char path[FILE_PATH_MAX];
            bool ok = false;

            (void)close(start[1]);
            ok = read(start[0], &byte, 1) == 0 /* everybody sees the end at once */
                 && text_format(name, sizeof(name), "sealed.%d", i)
                 && path_join(path, folder->path, name, &err)
                 && protect_seal(folder->path, "p", bytes_of_text("secret"), &sealed, &err)
                 && file_write_atomic(path, buffer_bytes(&sealed), true, &err);
            buffer_clear(&sealed);
            _exit(ok ? 0 : 1);
        }
    }
    (void)close(start[0]);
    (void)close(start[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        struct buffer sealed = BUFFER_INIT(1000);
        struct secret plain = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_true(text_format(name, sizeof(name), "sealed.%d", i));
        test_folder_read(folder, name, &sealed);
        assert_done(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                    name);
        assert_string_equal((char *)plain.data, "secret");
        buffer_clear(&sealed);
        secret_clear(&plain);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seal__twice__differs_and_hides),
        TEST(open__any_bit_changed__refused),
        TEST(key_file__others_may_read__refused),
        TEST(key_file__lost_or_other__refused_and_not_made_anew),
        TEST(key_file__made_by_many_processes__is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
