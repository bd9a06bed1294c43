/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/console.h"
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
    (void)fclose(stdin); /* Windows removes no open file */
    test_folder_remove(*state);
    free(*state);
    return 0;
}

/* Standard input comes from a file with this content; each time another one, it stays open. */
static void feed(const struct test_folder *folder, size_t number, const char *content, size_t len)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char name[32];

    assert_true(text_format(name, sizeof(name), "input.%u", (unsigned)number));
    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, bytes_of(content, len), true, &err), &err, "");
    assert_non_null(freopen(path, "rb", stdin));
    assert_false(console_input_is_terminal());
}

static const struct {
    const char *input;
    size_t len;
    const char *expected; /* NULL: refused */
} lines[] = {
    { "secret\n", 7, "secret" },
    { "secret\r\n", 8, "secret" },
    { "secret", 6, "secret" }, /* the last line without its end */
    { "\n", 1, "" },
    { "\r\n", 2, "" },
    { "12345678\n", 9, "12345678" }, /* the limit */
    { "12345678\r\n", 10, "12345678" },
    { "12345678", 8, "12345678" },
    { "123456789\n", 10, NULL },
    { "1234567890123456789012345678901234567890\n", 41, NULL },
    { " a b \n", 6, " a b " }, /* spaces belong to it */
    { "a\rb\n", 4, "a\rb" },
    { "\xc3\xa4\xe2\x82\xac\n", 6, "\xc3\xa4\xe2\x82\xac" },
    { "\xef\xbb\xbf"
      "12345678\n",
      12, "12345678" },
    { "M\xfcller\n", 7, NULL },
    { "a\0b\n", 4, NULL },
    { "", 0, NULL },
};

static void read_secret__lines__taken_or_refused(void **state)
{
    const struct test_folder *folder = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct secret s = SECRET_INIT;
        struct error err = ERROR_INIT;
        bool ok = false;

        feed(folder, i, lines[i].input, lines[i].len);
        ok = console_read_secret("unused", 8, &s, &err);
        if (lines[i].expected == NULL) {
            assert_refused(ok, &err, REASON_USAGE, lines[i].input);
            assert_null(s.data);
            continue;
        }
        assert_done(ok, &err, lines[i].input);
        assert_string_equal((char *)s.data, lines[i].expected);
        assert_int_equal(s.len, strlen(lines[i].expected));
        secret_clear(&s);
    }
}

static void read_secret__several_calls__one_line_each(void **state)
{
    static const char input[] = "one\r\nfar too long for the limit\nthree";
    const struct test_folder *folder = *state;
    struct secret s = SECRET_INIT;
    struct error err = ERROR_INIT;

    feed(folder, 1000, input, sizeof(input) - 1);
    assert_done(console_read_secret("", 8, &s, &err), &err, "");
    assert_string_equal((char *)s.data, "one");
    assert_refused(console_read_secret("", 8, &s, &err), &err, REASON_USAGE, "");
    error_clear(&err);
    assert_done(console_read_secret("", 8, &s, &err), &err, "");
    assert_string_equal((char *)s.data, "three");
    assert_refused(console_read_secret("", 8, &s, &err), &err, REASON_USAGE, "the end");
    secret_clear(&s);
}

#define WRITERS 4
#define LINES 200

static void *write_lines(void *context)
{
    char line[64];

    memset(line, *(const char *)context, sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (int i = 0; i < LINES; i++) {
        console_printf(CONSOLE_ERR, "%s\xc3\xa4\n", line);
    }
    return NULL;
}

/* Last: standard error stays redirected. */
static void write__many_threads__whole_pieces(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer b = BUFFER_INIT(1000000);
    struct error err = ERROR_INIT;
    pthread_t threads[WRITERS];
    char letters[WRITERS] = { 'a', 'b', 'c', 'd' };
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "output", path);
    assert_non_null(freopen(path, "wb", stderr));
    for (int i = 0; i < WRITERS; i++) {
        assert_done(thread_start(&threads[i], "writes", write_lines, &letters[i], &err), &err, "");
    }
    for (int i = 0; i < WRITERS; i++) {
        thread_join(threads[i]);
    }
    console_write(CONSOLE_ERR, bytes_of_text("end"));
    console_write(CONSOLE_ERR, bytes_of(NULL, 0));
    test_folder_read(folder, "output", &b);
    (void)fclose(stderr);
    assert_int_equal(b.len, WRITERS * LINES * 66 + 3);
    for (size_t at = 0; at + 66 <= b.len; at += 66) {
        for (size_t i = 1; i < 63; i++) {
            assert_int_equal(b.data[at + i], b.data[at]);
        }
        assert_memory_equal(b.data + at + 63, "\xc3\xa4\n", 3);
    }
    buffer_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_secret__lines__taken_or_refused),
        cmocka_unit_test(read_secret__several_calls__one_line_each),
        cmocka_unit_test(write__many_threads__whole_pieces),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
