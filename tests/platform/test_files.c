/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/files.h"
#include "platform/threads.h"

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

static bool count_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    (void)name;
    (void)is_folder;
    (void)err;
    ++*(size_t *)context;
    return true;
}

/* Entries of the test's folder: a temporary file that was left behind is one too many. */
static size_t entries(const struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    size_t count = 0;

    assert_done(folder_list(folder->path, 1000, count_entry, &count, &err), &err, "");
    return count;
}

static void write__new_and_old__read_back(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(1000000);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char big[70000];

    test_folder_path(folder, "a.json", path);
    assert_false(file_exists(path));
    assert_done(file_write_atomic(path, bytes_of_text("one\r\n"), true, &err), &err, "");
    assert_true(file_exists(path));
    assert_false(folder_exists(path));
    assert_done(file_read(path, 5, &b, &err), &err, "");
    assert_string_equal(buffer_text(&b), "one\r\n"); /* no line end is translated */
    assert_done(file_write_atomic(path, bytes_of(NULL, 0), false, &err), &err, "");
    buffer_reset(&b);
    assert_done(file_read(path, 0, &b, &err), &err, "an empty file, limit 0");
    assert_int_equal(b.len, 0);
    memset(big, 'x', sizeof(big));
    big[100] = '\0';
    big[200] = '\x1a'; /* Ctrl-Z ends nothing */
    assert_done(file_write_atomic(path, bytes_of(big, sizeof(big)), true, &err), &err, "");
    assert_done(file_read(path, sizeof(big), &b, &err), &err, "");
    assert_true(bytes_equal(buffer_bytes(&b), bytes_of(big, sizeof(big))));
    assert_int_equal(entries(folder), 1);
    buffer_clear(&b);
}

static void read__limits__limit_and_one_more(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct buffer small = BUFFER_INIT(6);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_write(folder, "f", "12345");
    test_folder_path(folder, "f", path);
    assert_done(buffer_append_text(&b, "ab", &err), &err, "");
    assert_refused(file_read(path, 4, &b, &err), &err, REASON_FILE_TOO_LARGE, "");
    assert_string_equal(buffer_text(&b), "ab");
    error_clear(&err);
    assert_done(file_read(path, 5, &b, &err), &err, "");
    assert_string_equal(buffer_text(&b), "ab12345");
    assert_done(buffer_append_text(&small, "ab", &err), &err, "");
    assert_refused(file_read(path, 5, &small, &err), &err, REASON_LIMIT, "");
    assert_string_equal(buffer_text(&small), "ab");
    buffer_clear(&b);
    buffer_clear(&small);
}

static void read__missing_or_folder__said_so(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "missing.json", path);
    assert_refused(file_read(path, 10, &b, &err), &err, REASON_FILE_MISSING, "");
    assert_non_null(strstr(err.detail, "missing.json"));
    error_clear(&err);
    test_folder_path(folder, "missing/x", path);
    assert_refused(file_read(path, 10, &b, &err), &err, REASON_FILE_MISSING, "");
    error_clear(&err);
    assert_refused(file_read(folder->path, 10, &b, &err), &err, REASON_FILE_UNREADABLE, "");
    buffer_clear(&b);
}

static void write__impossible_places__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "no/such/folder", path);
    assert_refused(file_write_atomic(path, bytes_of_text("x"), true, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    error_clear(&err);
    test_folder_path(folder, "folder", path);
    assert_done(folder_create(path, true, &err), &err, "");
    assert_refused(file_write_atomic(path, bytes_of_text("x"), true, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    error_clear(&err);
    assert_refused(file_create_new(path, bytes_of_text("x"), true, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    assert_int_equal(entries(folder), 1);
}

static void create_new__taken__leaves_it(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "key", path);
    assert_done(file_create_new(path, bytes_of_text("first"), true, &err), &err, "");
    assert_refused(file_create_new(path, bytes_of_text("second"), true, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    assert_non_null(strstr(err.detail, "exists"));
    test_folder_read(folder, "key", &b);
    assert_string_equal(buffer_text(&b), "first");
    assert_int_equal(entries(folder), 1);
    buffer_clear(&b);
}

#define RACERS 8

struct racer {
    const char *path;
    char content[16];
    bool won;
};

static void *race(void *context)
{
    struct racer *racer = context;
    struct error err = ERROR_INIT;

    racer->won = file_create_new(racer->path, bytes_of_text(racer->content), true, &err);
    return NULL;
}

static void create_new__many_at_once__one_wins(void **state)
{
    const struct test_folder *folder = *state;
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    int winners = 0;

    test_folder_path(folder, "race", path);
    for (int i = 0; i < RACERS; i++) {
        racers[i].path = path;
        racers[i].won = false;
        assert_true(text_format(racers[i].content, sizeof(racers[i].content), "racer %d", i));
        assert_done(thread_start(&threads[i], "racer", race, &racers[i], &err), &err, "");
    }
    for (int i = 0; i < RACERS; i++) {
        thread_join(threads[i]);
    }
    test_folder_read(folder, "race", &b);
    for (int i = 0; i < RACERS; i++) {
        if (racers[i].won) {
            winners++;
            assert_string_equal(buffer_text(&b), racers[i].content);
        }
    }
    assert_int_equal(winners, 1);
    assert_int_equal(entries(folder), 1);
    buffer_clear(&b);
}

struct reader {
    const char *path;
    int reads;
    int torn;
    int failed;
};

#define REPLACED_BYTES 20000u
#define READS 200

/* Every read sees one content from beginning to end, and always a file. */
static void *read_all_the_time(void *context)
{
    struct reader *reader = context;

    while (reader->reads < READS) {
        struct buffer b = BUFFER_INIT(REPLACED_BYTES);
        struct error err = ERROR_INIT;

        if (!file_read(reader->path, REPLACED_BYTES, &b, &err)) {
            reader->failed++;
        } else if (b.len != REPLACED_BYTES || b.data[0] != b.data[REPLACED_BYTES - 1]) {
            reader->torn++;
        }
        buffer_clear(&b);
        reader->reads++;
    }
    return NULL;
}

static void write__while_others_read__never_torn_nor_missing(void **state)
{
    const struct test_folder *folder = *state;
    struct reader reader = { NULL, 0, 0, 0 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char content[REPLACED_BYTES];
    pthread_t thread;

    test_folder_path(folder, "busy", path);
    memset(content, 'a', sizeof(content));
    assert_done(file_write_atomic(path, bytes_of(content, sizeof(content)), true, &err), &err, "");
    reader.path = path;
    assert_done(thread_start(&thread, "reader", read_all_the_time, &reader, &err), &err, "");
    for (int i = 0; i < 50; i++) {
        memset(content, 'a' + i % 26, sizeof(content));
        assert_done(file_write_atomic(path, bytes_of(content, sizeof(content)), true, &err), &err,
                    "");
    }
    thread_join(thread);
    assert_int_equal(reader.torn, 0);
    assert_int_equal(reader.failed, 0);
}

static void remove_and_rename__files__also_missing_ones(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    test_folder_path(folder, "from", from);
    test_folder_path(folder, "to", to);
    assert_done(file_remove(from, &err), &err, "missing is fine");
    assert_refused(file_rename(from, to, &err), &err, REASON_FILE_MISSING, "");
    error_clear(&err);
    test_folder_write(folder, "from", "new");
    test_folder_write(folder, "to", "old");
    assert_done(file_rename(from, to, &err), &err, "replaces");
    assert_false(file_exists(from));
    test_folder_read(folder, "to", &b);
    assert_string_equal(buffer_text(&b), "new");
    assert_done(file_remove(to, &err), &err, "");
    assert_false(file_exists(to));
    assert_refused(file_remove(folder->path, &err), &err, REASON_FILE_NOT_WRITABLE, "a folder");
    buffer_clear(&b);
}

static void stamp__changes__are_noticed(void **state)
{
    const struct test_folder *folder = *state;
    const struct file_stamp zero = { 0, 0, 0, 0 };
    struct file_stamp missing = { 1, 1, 1, 1 };
    struct file_stamp first;
    struct file_stamp again;
    struct file_stamp replaced;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "stamp", path);
    assert_done(file_stamp(path, &missing, &err), &err, "");
    assert_true(file_stamp_equal(&missing, &zero));
    test_folder_write(folder, "stamp", "12345");
    assert_done(file_stamp(path, &first, &err), &err, "");
    assert_done(file_stamp(path, &again, &err), &err, "");
    assert_true(file_stamp_equal(&first, &again));
    assert_false(file_stamp_equal(&first, &zero));
    assert_int_equal(first.size, 5);
    assert_true(first.modified_ns > INT64_C(1700000000) * 1000000000);
    /* same size, perhaps the same moment: replacing makes another file */
    test_folder_write(folder, "stamp", "54321");
    assert_done(file_stamp(path, &replaced, &err), &err, "");
    assert_false(file_stamp_equal(&first, &replaced));
}

static void names__beyond_ascii_and_long__work(void **state)
{
    static const char *const names[] = { "\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80.json", "with space",
                                         "a.b.c" };
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char deep[FILE_PATH_MAX];
    char part[101];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        test_folder_write(folder, names[i], names[i]);
        buffer_reset(&b);
        test_folder_read(folder, names[i], &b);
        assert_string_equal(buffer_text(&b), names[i]);
    }
    /* more than the 260 characters of old Windows */
    memset(part, 'd', sizeof(part) - 1);
    part[sizeof(part) - 1] = '\0';
    memcpy(deep, folder->path, sizeof(deep));
    for (int i = 0; i < 4; i++) {
        assert_done(path_join(path, deep, part, &err), &err, "");
        memcpy(deep, path, sizeof(deep));
    }
    assert_done(folder_create(deep, true, &err), &err, "");
    assert_done(path_join(path, deep, "file", &err), &err, "");
    assert_true(strlen(path) > 400);
    assert_done(file_write_atomic(path, bytes_of_text("deep"), true, &err), &err, "");
    buffer_reset(&b);
    assert_done(file_read(path, 10, &b, &err), &err, "");
    assert_string_equal(buffer_text(&b), "deep");
    buffer_clear(&b);
}

static void join__paths__bounded(void **state)
{
    char out[FILE_PATH_MAX];
    char name[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(path_join(out, "a", "b", &err), &err, "");
    assert_string_equal(out, "a/b");
    assert_done(path_join(out, "a/", "b", &err), &err, "");
    assert_string_equal(out, "a/b");
    assert_done(path_join(out, "/", "b", &err), &err, "");
    assert_string_equal(out, "/b");
    assert_done(path_join(out, "", "b", &err), &err, "");
    assert_string_equal(out, "b");
    memset(name, 'n', sizeof(name));
    name[FILE_PATH_MAX - 3] = '\0'; /* with "d/" and NUL exactly FILE_PATH_MAX */
    assert_done(path_join(out, "d", name, &err), &err, "");
    assert_int_equal(strlen(out), FILE_PATH_MAX - 1);
    name[FILE_PATH_MAX - 3] = 'n';
    name[FILE_PATH_MAX - 2] = '\0';
    assert_refused(path_join(out, "d", name, &err), &err, REASON_LIMIT, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(write__new_and_old__read_back),
        TEST(read__limits__limit_and_one_more),
        TEST(read__missing_or_folder__said_so),
        TEST(write__impossible_places__refused),
        TEST(create_new__taken__leaves_it),
        TEST(create_new__many_at_once__one_wins),
        TEST(write__while_others_read__never_torn_nor_missing),
        TEST(remove_and_rename__files__also_missing_ones),
        TEST(stamp__changes__are_noticed),
        TEST(names__beyond_ascii_and_long__work),
        cmocka_unit_test(join__paths__bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
