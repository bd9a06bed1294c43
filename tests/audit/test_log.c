/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/log.h"

#include <stdio.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/threads.h"
#include "support/test_support.h"

#define NAME "openndes.log"
#define LOG_MAX_BYTES (64u * 1024 * 1024)

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

static struct log *open_log(const struct test_folder *folder, enum log_level level)
{
    struct log_options options = {
        .folder = folder->path, .file_name = NAME, .level = level, .file_mb = 1, .files = 40
    };
    struct error err = ERROR_INIT;
    struct log *log = log_open(&options, &err);

    assert_done(log != NULL, &err, "");
    return log;
}

/* The one line of the log, without its time. */
static void check_line(const struct test_folder *folder, const char *expected, const char *name)
{
    struct buffer found = BUFFER_INIT(LOG_MAX_BYTES);
    char text[CLOCK_TEXT_MAX];
    int64_t seconds = 0;

    test_folder_read(folder, NAME, &found);
    assert_true(found.len > 25);
    /* "2026-01-31T12:34:56.789Z " */
    (void)snprintf(text, sizeof text, "%.19sZ", buffer_text(&found));
    assert_true(clock_parse(text, &seconds));
    assert_in_range(clock_now() - seconds, 0, 60);
    assert_int_equal(found.data[19], '.');
    assert_memory_equal(found.data + 23, "Z ", 2);
    if (strcmp(buffer_text(&found) + 25, expected) != 0) {
        fail_msg("%s: %s", name, buffer_text(&found));
    }
    buffer_clear(&found);
}

struct line_case {
    const char *name;
    enum log_level level;
    const char *text;
    const char *line;
};

static const struct line_case line_cases[] = {
    { "plain", LOG_LEVEL_INFO, "started", "info  started\n" },
    { "error", LOG_LEVEL_ERROR, "broken", "error broken\n" },
    { "warning", LOG_LEVEL_WARNING, "odd", "warn  odd\n" },
    { "debug", LOG_LEVEL_DEBUG, "detail", "debug detail\n" },
    { "empty", LOG_LEVEL_INFO, "", "info  \n" },
    { "line ends", LOG_LEVEL_INFO, "a\r\nb\n", "info  a\\x0d\\x0ab\\x0a\n" },
    { "terminal", LOG_LEVEL_INFO, "\x1b[2J\x7f\t", "info  \\x1b[2J\\x7f\\x09\n" },
    { "windows path", LOG_LEVEL_INFO, "\"C:\\ProgramData\\x\" isn't there",
      "info  \"C:\\ProgramData\\x\" isn't there\n" },
    { "escaped before", LOG_LEVEL_INFO, "a\\x0ab", "info  a\\x0ab\n" },
    { "letters", LOG_LEVEL_INFO, "Gr\xc3\xbc\xc3\x9f", "info  Gr\xc3\xbc\xc3\x9f\n" },
    { "not UTF-8", LOG_LEVEL_INFO, "a\xff", "info  a\\xff\n" },
    { "bidi", LOG_LEVEL_INFO, "a\xe2\x80\xae", "info  a\\u{202E}\n" },
    { "percent", LOG_LEVEL_INFO, "100%s", "info  100%s\n" },
};

static void line__any_text__one_line_of_this_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof line_cases / sizeof line_cases[0]; i++) {
        const struct line_case *c = &line_cases[i];
        void *own = NULL;

        set_up(&own);
        struct log *log = open_log(own, LOG_LEVEL_DEBUG);
        log_line(log, c->level, "%s", c->text);
        log_close(log);
        check_line(own, c->line, c->name);
        tear_down(&own);
    }
}

static void error__with_reason__id_and_detail_follow(void **state)
{
    struct error err = ERROR_INIT;
    struct log *log = open_log(*state, LOG_LEVEL_INFO);

    error_set(&err, REASON_STORE_FULL, "D:\\x: no\nspace");
    log_error(log, LOG_LEVEL_ERROR, &err, "request %d", 7);
    log_close(log);
    check_line(*state, "error request 7: store-full: D:\\x: no\\x0aspace\n", "");
}

static void line__over_4_kb__cut(void **state)
{
    struct log *log = open_log(*state, LOG_LEVEL_INFO);
    struct buffer found = BUFFER_INIT(LOG_MAX_BYTES);
    char text[10000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_line(log, LOG_LEVEL_INFO, "%s", text);
    memset(text, '\n', sizeof text - 1);
    log_line(log, LOG_LEVEL_INFO, "%s", text);
    log_close(log);
    test_folder_read(*state, NAME, &found);
    const char *end = strchr(buffer_text(&found), '\n');
    assert_non_null(end);
    assert_memory_equal(end - 5, "xx...", 5);
    assert_in_range(end - buffer_text(&found), 4000, 4200);
    assert_memory_equal(found.data + found.len - 8, "\\x0a...\n", 8);
    buffer_clear(&found);
}

static size_t count_lines(const struct test_folder *folder, const char *name)
{
    struct buffer found = BUFFER_INIT(LOG_MAX_BYTES);
    size_t lines = 0;

    test_folder_read(folder, name, &found);
    for (size_t i = 0; i < found.len; i++) {
        lines += found.data[i] == '\n';
    }
    buffer_clear(&found);
    return lines;
}

static void level__every_pair__only_important_enough_ones(void **state)
{
    size_t expected = 0;

    struct log *log = open_log(*state, LOG_LEVEL_ERROR);
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        log_set_level(log, (enum log_level)level);
        for (int line = LOG_LEVEL_ERROR; line <= LOG_LEVEL_DEBUG; line++) {
            assert_int_equal(log_enabled(log, (enum log_level)line), line <= level);
            log_line(log, (enum log_level)line, "x");
            expected += line <= level;
        }
    }
    log_close(log);
    assert_int_equal(count_lines(*state, NAME), expected);
}

static void line__no_log__nothing(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;

    log_line(NULL, LOG_LEVEL_ERROR, "x");
    log_error(NULL, LOG_LEVEL_ERROR, &err, "x");
    assert_false(log_enabled(NULL, LOG_LEVEL_ERROR));
    log_close(NULL);
}

static void open__without_folder__console_only(void **state)
{
    struct log_options options = { .level = LOG_LEVEL_INFO };
    struct error err = ERROR_INIT;
    struct log *log = log_open(&options, &err);
    (void)state;

    assert_done(log != NULL, &err, "");
    log_line(log, LOG_LEVEL_INFO, "nowhere");
    log_close(log);
}

/* ---- many threads ------------------------------------------------------------------------- */

#define THREADS 8
#define LINES 1250 /* of each: 10 000 */

struct liner {
    struct log *log;
    int number;
    pthread_t thread;
};

static void *write_lines(void *context)
{
    const struct liner *l = context;

    for (int i = 0; i < LINES; i++) {
        log_line(l->log, LOG_LEVEL_INFO, "thread %d line %05d %0300d end", l->number, i, 0);
    }
    return NULL;
}

/* Each line whole; per thread the lines in order over all files. */
static void check_lines(const char *text, int next[THREADS])
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        int thread = -1, line = -1;

        assert_non_null(end);
        assert_int_equal(end - text, 31 + 20 + 300 + 4);
        assert_memory_equal(end - 4, " end", 4);
        assert_int_equal(sscanf(text + 31, "thread %d line %d", &thread, &line), 2);
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(line, next[thread]);
        next[thread]++;
        text = end + 1;
    }
}

static void line__10000_from_8_threads_with_rotation__whole_and_in_order(void **state)
{
    const struct test_folder *folder = *state;
    struct liner liners[THREADS];
    struct error err = ERROR_INIT;
    int next[THREADS] = { 0 };
    struct log *log = open_log(folder, LOG_LEVEL_INFO);

    for (int i = 0; i < THREADS; i++) {
        liners[i] = (struct liner){ .log = log, .number = i };
        assert_done(thread_start(&liners[i].thread, "liner", write_lines, &liners[i], &err), &err,
                    "");
    }
    for (int i = 0; i < THREADS; i++) {
        thread_join(liners[i].thread);
    }
    log_close(log);

    /* 3.6 MB in files of 1 MB, the oldest has the highest number. */
    for (int i = 3; i >= 0; i--) {
        struct buffer found = BUFFER_INIT(LOG_MAX_BYTES);
        char name[32];

        (void)snprintf(name, sizeof name, NAME ".%d", i);
        if (i == 0) {
            name[strlen(NAME)] = '\0';
        }
        test_folder_read(folder, name, &found);
        assert_in_range(found.len, 1, 1024 * 1024);
        check_lines(buffer_text(&found), next);
        buffer_clear(&found);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(next[i], LINES);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__any_text__one_line_of_this_form),
        TEST(error__with_reason__id_and_detail_follow),
        TEST(line__over_4_kb__cut),
        TEST(level__every_pair__only_important_enough_ones),
        TEST(line__no_log__nothing),
        TEST(open__without_folder__console_only),
        TEST(line__10000_from_8_threads_with_rotation__whole_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
