/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full for a while (as a limit of the process), files of another process. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "audit/log.h"
#include "support/test_support.h"

#define FILE_MAX_BYTES (4u * 1024 * 1024)

static int set_up(void **state)
{
    static struct test_folder folder;

    test_folder_create(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    return 0;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void log__disk_full_for_a_while__says_how_many_are_lost(void **state)
{
    const struct test_folder *folder = *state;
    struct log_options options = { .folder = folder->path,
                                   .file_name = "x.log",
                                   .level = LOG_LEVEL_INFO,
                                   .file_mb = 1,
                                   .files = 1 };
    struct error err = ERROR_INIT;
    struct buffer found = BUFFER_INIT(FILE_MAX_BYTES);
    struct log *log = log_open(&options, &err);

    assert_done(log != NULL, &err, "");
    (void)signal(SIGXFSZ, SIG_IGN); /* the write fails instead */
    log_line(log, LOG_LEVEL_INFO, "first");
    limit_file_size(60); /* the second line is torn */
    for (int i = 0; i < 5; i++) {
        log_line(log, LOG_LEVEL_INFO, "lost line number %d", i);
    }
    limit_file_size(RLIM_INFINITY);
    log_line(log, LOG_LEVEL_INFO, "last");
    log_close(log);

    test_folder_read(folder, "x.log", &found);
    const char *lines[8] = { 0 };
    size_t count = 0;
    for (char *c = (char *)found.data; count < 8 && c != NULL && *c != '\0'; count++) {
        lines[count] = c;
        c = strchr(c, '\n');
        if (c != NULL) {
            *c++ = '\0';
        }
    }
    assert_int_equal(count, 4);
    assert_string_equal(lines[0] + 25, "info  first");
    assert_int_equal(strlen(lines[1]), 60 - 37); /* what fitted */
    assert_string_equal(lines[2] + 25,
                        "warn  5 lines before this one are lost: the log could not be written");
    assert_string_equal(lines[3] + 25, "info  last");
    buffer_clear(&found);
}

static void audit__disk_full__error_then_works(void **state)
{
    const struct test_folder *folder = *state;
    struct audit_options options = { folder->path, 1, 1 };
    struct audit_record record = { .event = "enroll" };
    struct error err = ERROR_INIT;
    struct audit *audit = audit_open(&options, &err);

    assert_done(audit != NULL, &err, "");
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_file_size(1);
    bool ok = audit_write(audit, &record, &err);
    limit_file_size(RLIM_INFINITY);
    assert_false(ok);
    assert_non_null(strstr(err.detail, "audit record not written"));
    error_clear(&err);
    assert_done(audit_write(audit, &record, &err), &err, "");
    audit_close(audit);

    struct buffer found = BUFFER_INIT(FILE_MAX_BYTES);
    test_folder_read(folder, "audit.jsonl", &found);
    assert_memory_equal(found.data, "{\n{\"time\":", 10);
    buffer_clear(&found);
}

static void files__made_by_us__readable_by_nobody_else(void **state)
{
    const struct test_folder *folder = *state;
    struct audit_options options = { folder->path, 1, 1 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct stat info;
    mode_t old = umask(0);
    struct audit *audit = audit_open(&options, &err);

    (void)umask(old);
    assert_done(audit != NULL, &err, "");
    audit_close(audit);
    test_folder_path(folder, "audit.jsonl", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(log__disk_full_for_a_while__says_how_many_are_lost),
        TEST(audit__disk_full__error_then_works),
        TEST(files__made_by_us__readable_by_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
