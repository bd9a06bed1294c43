/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/rotating_file.h"

#include <string.h>

#include "support/test_support.h"

#define NAME "lines.log"

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

static struct rotating_file *open_file(const struct test_folder *folder, int64_t max, int64_t files)
{
    struct rotating_file_options options = { folder->path, NAME, max, files, 1 };
    struct error err = ERROR_INIT;
    struct rotating_file *file = rotating_file_open(&options, &err);

    assert_done(file != NULL, &err, "");
    return file;
}

static void write_line(struct rotating_file *file, const char *line)
{
    struct error err = ERROR_INIT;

    assert_done(rotating_file_write(file, bytes_of_text(line), &err), &err, line);
}

/* NULL: the file must not be there. */
static void check_file(const struct test_folder *folder, const char *name, const char *content)
{
    struct buffer found = BUFFER_INIT(100000);
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_int_equal(file_exists(path), content != NULL);
    if (content != NULL) {
        test_folder_read(folder, name, &found);
        assert_string_equal(buffer_text(&found), content);
    }
    buffer_clear(&found);
}

/* What a killed process, a full disk or a power failure has left is ended before the next line. */
static void open__last_line_torn__next_one_is_a_line(void **state)
{
    static const struct {
        const char *left, *expected;
    } cases[] = {
        { "", "next\n" },
        { "whole\n", "whole\nnext\n" },
        { "whole\ntor", "whole\ntor\nnext\n" },
        { "t", "t\nnext\n" },
        { "\n", "\nnext\n" },
    };
    const struct test_folder *folder = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_folder_write(folder, NAME, cases[i].left);
        struct rotating_file *file = open_file(folder, 1000, 2);
        write_line(file, "next\n");
        rotating_file_close(file);
        check_file(folder, NAME, cases[i].expected);
    }
}

static void write__below_limit__appended(void **state)
{
    const struct test_folder *folder = *state;
    struct rotating_file *file = open_file(folder, 12, 2);

    write_line(file, "aaaaa\n");
    write_line(file, "bbbbb\n"); /* 12 exactly */
    rotating_file_close(file);
    check_file(folder, NAME, "aaaaa\nbbbbb\n");
    check_file(folder, NAME ".1", NULL);
}

static void write__beyond_limit__rotated_and_oldest_removed(void **state)
{
    const struct test_folder *folder = *state;
    struct rotating_file *file = open_file(folder, 6, 2);

    write_line(file, "aaaaa\n");
    write_line(file, "bbbbb\n");
    check_file(folder, NAME, "bbbbb\n");
    check_file(folder, NAME ".1", "aaaaa\n");
    write_line(file, "ccccc\n");
    write_line(file, "ddddd\n");
    check_file(folder, NAME, "ddddd\n");
    check_file(folder, NAME ".1", "ccccc\n");
    check_file(folder, NAME ".2", "bbbbb\n");
    check_file(folder, NAME ".3", NULL);
    rotating_file_close(file);
}

static void write__line_longer_than_limit__whole_in_its_own_file(void **state)
{
    const struct test_folder *folder = *state;
    struct rotating_file *file = open_file(folder, 4, 1);

    write_line(file, "a long line\n");
    write_line(file, "another long line\n");
    rotating_file_close(file);
    check_file(folder, NAME, "another long line\n");
    check_file(folder, NAME ".1", "a long line\n");
}

static void write__no_files_kept__begins_anew(void **state)
{
    const struct test_folder *folder = *state;
    struct rotating_file *file = open_file(folder, 6, 0);

    write_line(file, "aaaaa\n");
    write_line(file, "bbbbb\n");
    rotating_file_close(file);
    check_file(folder, NAME, "bbbbb\n");
    check_file(folder, NAME ".1", NULL);
}

static void open__file_there__goes_on_and_counts_it(void **state)
{
    const struct test_folder *folder = *state;

    test_folder_write(folder, NAME, "old\n");
    struct rotating_file *file = open_file(folder, 9, 1);
    write_line(file, "new1\n");
    check_file(folder, NAME, "old\nnew1\n");
    write_line(file, "new2\n");
    check_file(folder, NAME, "new2\n");
    check_file(folder, NAME ".1", "old\nnew1\n");
    rotating_file_close(file);
}

/* What stands in the way of the renaming is a folder with something in it. */
static void write__rotation_impossible__lines_go_on(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct rotating_file *file = NULL;

    test_folder_path(folder, NAME ".1", path);
    assert_done(folder_create(path, true, &err), &err, "");
    test_folder_write(folder, NAME ".1/x", "x");
    file = open_file(folder, 6, 1);
    write_line(file, "aaaaa\n");
    write_line(file, "bbbbb\n");
    write_line(file, "ccccc\n");
    rotating_file_close(file);
    check_file(folder, NAME, "aaaaa\nbbbbb\nccccc\n");
}

/* A command writes an audit record beside the service, and it is the one that rotates. */
static void write__other_process_rotated__follows(void **state)
{
    const struct test_folder *folder = *state;
    struct rotating_file *service = open_file(folder, 12, 3);
    struct rotating_file *command = NULL;

    write_line(service, "aaaaa\n");
    command = open_file(folder, 12, 3);
    write_line(command, "bbbbb\n");
    write_line(command, "ccccc\n");
    write_line(service, "ddddd\n");
    rotating_file_close(command);
    rotating_file_close(service);
    check_file(folder, NAME ".1", "aaaaa\nbbbbb\n");
    check_file(folder, NAME, "ccccc\nddddd\n");
}

static void open__folder_missing__made(void **state)
{
    const struct test_folder *folder = *state;
    char path[FILE_PATH_MAX];
    struct rotating_file_options options = { path, NAME, 100, 1, 0 };
    struct error err = ERROR_INIT;

    test_folder_path(folder, "logs", path);
    struct rotating_file *file = rotating_file_open(&options, &err);
    assert_done(file != NULL, &err, "");
    rotating_file_close(file);
    check_file(folder, "logs/" NAME, "");
}

static void open__impossible__error(void **state)
{
    const struct test_folder *folder = *state;
    char path[FILE_PATH_MAX];
    struct rotating_file_options options = { path, NAME, 100, 1, 0 };
    struct error err = ERROR_INIT;

    test_folder_write(folder, "logs", "a file where the folder should be");
    test_folder_path(folder, "logs", path);
    assert_null(rotating_file_open(&options, &err));
    assert_true(error_is_set(&err));
    error_clear(&err);
    options.max_bytes = 0;
    assert_null(rotating_file_open(&options, &err));
    assert_int_equal(err.reason, REASON_INTERNAL);
    rotating_file_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open__last_line_torn__next_one_is_a_line),
        TEST(write__below_limit__appended),
        TEST(write__beyond_limit__rotated_and_oldest_removed),
        TEST(write__line_longer_than_limit__whole_in_its_own_file),
        TEST(write__no_files_kept__begins_anew),
        TEST(open__file_there__goes_on_and_counts_it),
        TEST(write__rotation_impossible__lines_go_on),
        TEST(write__other_process_rotated__follows),
        TEST(open__folder_missing__made),
        TEST(open__impossible__error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
