/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit_reader.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/text.h"
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

static struct audit_reader *open_reader(const struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    struct audit_reader *reader = audit_reader_open(folder->path, &err);

    assert_done(reader != NULL, &err, "");
    return reader;
}

/* The next record's "n", or "end". */
static void check_next(struct audit_reader *reader, const char *expected)
{
    struct error err = ERROR_INIT;
    struct json *record = NULL;

    assert_done(audit_reader_next(reader, &record, &err), &err, expected);
    if (record == NULL) {
        assert_string_equal("end", expected);
        return;
    }
    assert_string_equal(json_value_text(json_value_get(record, "n")), expected);
    json_value_free(record);
}

/* All "n" up to the end, joined by commas. */
static void check_all(const struct test_folder *folder, const char *expected, uint64_t damaged)
{
    struct audit_reader *reader = open_reader(folder);
    struct buffer found = BUFFER_INIT(1u << 20);
    struct error err = ERROR_INIT;
    struct json *record = NULL;

    for (;;) {
        assert_done(audit_reader_next(reader, &record, &err), &err, "");
        if (record == NULL) {
            break;
        }
        assert_done(buffer_printf(&found, &err, "%s%s", found.len > 0 ? "," : "",
                                  json_value_text(json_value_get(record, "n"))),
                    &err, "");
        json_value_free(record);
    }
    assert_string_equal(buffer_text(&found), expected);
    assert_int_equal(audit_reader_damaged(reader), damaged);
    /* the end stays the end */
    assert_done(audit_reader_next(reader, &record, &err), &err, "");
    assert_null(record);
    audit_reader_close(reader);
    buffer_clear(&found);
}

static void next__no_files__end(void **state)
{
    const struct test_folder *folder = *state;

    check_all(folder, "", 0);
    test_folder_write(folder, "audit.jsonl", "");
    check_all(folder, "", 0);
    audit_reader_close(NULL);
}

static void next__rotated_files__newest_first(void **state)
{
    const struct test_folder *folder = *state;

    test_folder_write(folder, "audit.jsonl", "{\"n\":\"5\"}\n{\"n\":\"6\"}\n");
    test_folder_write(folder, "audit.jsonl.1", "{\"n\":\"3\"}\r\n{\"n\":\"4\"}\r\n");
    test_folder_write(folder, "audit.jsonl.2", "{\"n\":\"1\"}\n{\"n\":\"2\"}\n");
    test_folder_write(folder, "audit.jsonl.10", "{\"n\":\"behind a gap of several\"}\n");
    check_all(folder, "6,5,4,3,2,1", 0);
}

/* In the middle of a rotation, or when nothing was written since. */
static void next__one_number_free__goes_on(void **state)
{
    const struct test_folder *folder = *state;

    test_folder_write(folder, "audit.jsonl.1", "{\"n\":\"2\"}\n");
    test_folder_write(folder, "audit.jsonl.3", "{\"n\":\"1\"}\n");
    check_all(folder, "2,1", 0);
}

static void next__torn_and_foreign_lines__left_out_and_counted(void **state)
{
    const struct test_folder *folder = *state;

    test_folder_write(folder, "audit.jsonl",
                      "{\"n\":\"1\"}\n"
                      "{\"n\":\"torn by a pow\n"
                      "\n"
                      "[\"no object\"]\n"
                      "{\"n\":\"2\",\"n\":\"twice\"}\n"
                      "{\"n\":\"3\"}\n"
                      "{\"n\":\"4\",\"torn");
    check_all(folder, "3,1", 4);
    /* whole, but for its line end */
    test_folder_write(folder, "audit.jsonl", "{\"n\":\"1\"}\n{\"n\":\"2\"}");
    check_all(folder, "2,1", 0);
}

static void next__binary_garbage__left_out_and_counted(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct buffer content = BUFFER_INIT(1u << 20);
    char path[FILE_PATH_MAX];

    assert_done(buffer_append_text(&content, "{\"n\":\"1\"}\n", &err), &err, "");
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t byte = (uint8_t)(i * 7 + i / 256);

        assert_done(buffer_append_byte(&content, byte == '\n' ? 0 : byte, &err), &err, "");
    }
    assert_done(buffer_append_text(&content, "\n{\"n\":\"2\"}\n", &err), &err, "");
    test_folder_path(folder, "audit.jsonl", path);
    assert_done(file_write_atomic(path, buffer_bytes(&content), false, &err), &err, "");
    check_all(folder, "2,1", 1);
    buffer_clear(&content);
}

/* {"n":"<name>","x":"aaa..."} with so many bytes in all, without line end. */
static void append_long(struct buffer *out, const char *name, size_t bytes)
{
    struct error err = ERROR_INIT;
    size_t before = out->len;

    assert_done(buffer_printf(out, &err, "{\"n\":\"%s\",\"x\":\"", name), &err, "");
    while (out->len - before < bytes - 2) {
        assert_done(buffer_append_byte(out, 'a', &err), &err, "");
    }
    assert_done(buffer_append_text(out, "\"}", &err), &err, "");
}

static void next__huge_line__at_the_limit_read_beyond_left_out(void **state)
{
    static const size_t sizes[] = { 65535, 65536, 65537, AUDIT_READER_LINE_MAX };
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct buffer content = BUFFER_INIT(16u << 20);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        buffer_reset(&content);
        append_long(&content, "1", sizes[i]);
        assert_done(buffer_append_text(&content, "\n{\"n\":\"2\"}\n", &err), &err, "");
        append_long(&content, "3", sizes[i]);
        assert_done(buffer_append_text(&content, "\n", &err), &err, "");
        test_folder_write(folder, "audit.jsonl", buffer_text(&content));
        check_all(folder, "3,2,1", 0);
    }
    buffer_reset(&content);
    append_long(&content, "1", 3u * AUDIT_READER_LINE_MAX);
    assert_done(buffer_append_text(&content, "\n{\"n\":\"2\"}\n", &err), &err, "");
    append_long(&content, "3", AUDIT_READER_LINE_MAX + 1);
    assert_done(buffer_append_text(&content, "\n{\"n\":\"4\"}\n", &err), &err, "");
    append_long(&content, "5", 5u * AUDIT_READER_LINE_MAX);
    test_folder_write(folder, "audit.jsonl", buffer_text(&content));
    check_all(folder, "4,2", 3);
    buffer_clear(&content);
}

static void next__many_lines__none_lost_at_the_edge_of_a_block(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer content = BUFFER_INIT(16u << 20);
    struct error err = ERROR_INIT;
    struct audit_reader *reader = NULL;
    char name[16];

    for (unsigned i = 0; i < 30000; i++) {
        assert_done(buffer_printf(&content, &err, "{\"n\":\"%u\"}\n", i), &err, "");
    }
    test_folder_write(folder, "audit.jsonl", buffer_text(&content));
    reader = open_reader(folder);
    for (unsigned i = 30000; i > 0; i--) {
        assert_true(text_format(name, sizeof(name), "%u", i - 1));
        check_next(reader, name);
    }
    check_next(reader, "end");
    assert_int_equal(audit_reader_damaged(reader), 0);
    audit_reader_close(reader);
    buffer_clear(&content);
}

static void rename_in(const struct test_folder *folder, const char *from, const char *to)
{
    struct error err = ERROR_INIT;
    char old[FILE_PATH_MAX];
    char new[FILE_PATH_MAX];

    test_folder_path(folder, from, old);
    test_folder_path(folder, to, new);
    assert_done(file_rename(old, new, &err), &err, from);
}

/* Two rotations while the first file is read: nothing twice, nothing lost. */
static void next__rotated_meanwhile__goes_on_behind_the_same_file(void **state)
{
    const struct test_folder *folder = *state;
    struct audit_reader *reader = NULL;

    test_folder_write(folder, "audit.jsonl", "{\"n\":\"3\"}\n{\"n\":\"4\"}\n");
    test_folder_write(folder, "audit.jsonl.1", "{\"n\":\"1\"}\n{\"n\":\"2\"}\n");
    reader = open_reader(folder);
    check_next(reader, "4");
    rename_in(folder, "audit.jsonl.1", "audit.jsonl.3");
    rename_in(folder, "audit.jsonl", "audit.jsonl.2");
    test_folder_write(folder, "audit.jsonl.1", "{\"n\":\"5\"}\n");
    test_folder_write(folder, "audit.jsonl", "{\"n\":\"6\"}\n");
    check_next(reader, "3");
    check_next(reader, "2");
    check_next(reader, "1");
    check_next(reader, "end");
    audit_reader_close(reader);
}

/* What audit.h writes, hostile text with it, is read again. */
static void next__record_of_the_writer__whole(void **state)
{
    const struct test_folder *folder = *state;
    struct audit_options options = { .folder = folder->path, .file_mb = 1, .files = 2 };
    static const uint8_t id[] = { 0x00, 0xff, '\n' };
    struct audit_record written = {
        .event = "enroll",
        .result = "refused",
        .request_id = "7f-1",
        .subject = "CN=a\nb\"c\\\x1b[2J\xff",
        .transaction_id = { id, sizeof(id) },
        .reason = REASON_CHALLENGE_REJECTED,
    };
    struct error err = ERROR_INIT;
    struct audit *audit = audit_open(&options, &err);
    struct audit_reader *reader = NULL;
    struct json *record = NULL;

    assert_done(audit != NULL, &err, "");
    assert_done(audit_write(audit, &written, &err), &err, "");
    audit_close(audit);
    reader = open_reader(folder);
    assert_done(audit_reader_next(reader, &record, &err), &err, "");
    assert_non_null(record);
    assert_string_equal(json_value_text(json_value_get(record, "subject")),
                        "CN=a\nb\"c\\\x1b[2J\xef\xbf\xbd");
    assert_string_equal(
        json_value_text(json_value_get(json_value_get(record, "transaction_id"), "hex")), "00ff0a");
    json_value_free(record);
    audit_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(next__no_files__end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(next__rotated_files__newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(next__one_number_free__goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(next__torn_and_foreign_lines__left_out_and_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(next__binary_garbage__left_out_and_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(next__huge_line__at_the_limit_read_beyond_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(next__many_lines__none_lost_at_the_edge_of_a_block, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(next__rotated_meanwhile__goes_on_behind_the_same_file,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(next__record_of_the_writer__whole, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("audit_reader", tests, NULL, NULL);
}
