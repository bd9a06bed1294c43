/* SPDX-License-Identifier: Apache-2.0 */
/* Files written once and read piece by piece; names that must be new. */
#include <string.h>

#include "platform/file_reader.h"
#include "platform/file_stream.h"
#include "support/test_support.h"

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

static void writer__finished__read_back_in_pieces(void **state)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct file_writer *writer = NULL;
    struct file_reader *reader = NULL;
    char piece[8] = "";
    size_t got = 0;

    test_folder_path(*state, "x", path);
    writer = file_writer_create(path, &err);
    assert_done(writer != NULL, &err, "");
    assert_done(file_writer_write(writer, bytes_of_text("0123"), &err)
                    && file_writer_write(writer, bytes_of(NULL, 0), &err)
                    && file_writer_write(writer, bytes_of_text("456789"), &err)
                    && file_writer_finish(writer, &err),
                &err, "");
    file_writer_free(writer);

    reader = file_reader_open(path, &err);
    assert_done(reader != NULL, &err, "");
    assert_int_equal(file_reader_stamp(reader)->size, 10);
    for (int round = 0; round < 2; round++) {
        assert_done(file_reader_read(reader, piece, 7, &got, &err), &err, "");
        assert_int_equal(got, 7);
        assert_memory_equal(piece, "0123456", 7);
        assert_done(file_reader_read(reader, piece, 7, &got, &err), &err, "");
        assert_int_equal(got, 3);
        assert_memory_equal(piece, "789", 3);
        assert_done(file_reader_read(reader, piece, 7, &got, &err), &err, "");
        assert_int_equal(got, 0);
        file_reader_rewind(reader);
    }
    file_reader_close(reader);
}

static void writer__not_finished__nothing_stays(void **state)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct file_writer *writer = NULL;

    test_folder_path(*state, "x", path);
    writer = file_writer_create(path, &err);
    assert_done(writer != NULL && file_writer_write(writer, bytes_of_text("half"), &err), &err, "");
    file_writer_free(writer);
    assert_false(file_exists(path));
}

static void writer__name_is_taken__that_file_stays(void **state)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct buffer content = BUFFER_INIT(64);

    test_folder_write(*state, "x", "mine");
    test_folder_path(*state, "x", path);
    assert_refused(file_writer_create(path, &err) != NULL, &err, REASON_FILE_NOT_WRITABLE, "");
    assert_non_null(strstr(err.detail, "exists"));
    test_folder_read(*state, "x", &content);
    assert_bytes_text(buffer_bytes(&content), "mine");
    buffer_clear(&content);
}

static void reader__no_file__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "x", path);
    assert_refused(file_reader_open(path, &err) != NULL, &err, REASON_FILE_MISSING, "missing");
    error_clear(&err);
    assert_refused(file_reader_open(folder->path, &err) != NULL, &err, REASON_FILE_UNREADABLE,
                   "folder");
}

static void rename_new__name_is_free_or_taken(void **state)
{
    struct error err = ERROR_INIT;
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];
    char folder[FILE_PATH_MAX];
    struct buffer content = BUFFER_INIT(64);

    test_folder_write(*state, "a", "A");
    test_folder_path(*state, "a", from);
    test_folder_path(*state, "b", to);
    test_folder_path(*state, "c", folder);
    assert_done(file_rename_new(from, to, &err), &err, "");
    assert_false(file_exists(from));
    test_folder_write(*state, "a", "other");
    assert_refused(file_rename_new(from, to, &err), &err, REASON_FILE_NOT_WRITABLE, "file");
    test_folder_read(*state, "b", &content);
    assert_bytes_text(buffer_bytes(&content), "A");
    buffer_clear(&content);

    error_clear(&err);
    assert_done(folder_create_new(folder, &err), &err, "");
    assert_refused(folder_create_new(folder, &err), &err, REASON_FILE_NOT_WRITABLE, "folder");
    error_clear(&err);
    /* also an empty folder is not replaced */
    test_folder_path(*state, "d", from);
    assert_done(folder_create_new(from, &err), &err, "");
    assert_refused(file_rename_new(from, folder, &err), &err, REASON_FILE_NOT_WRITABLE, "folder");
    error_clear(&err);
    assert_done(folder_remove(folder, &err) && file_rename_new(from, folder, &err), &err, "");
    assert_true(folder_exists(folder));
    assert_false(folder_exists(from));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(writer__finished__read_back_in_pieces),  CASE(writer__not_finished__nothing_stays),
        CASE(writer__name_is_taken__that_file_stays), CASE(reader__no_file__refused),
        CASE(rename_new__name_is_free_or_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
