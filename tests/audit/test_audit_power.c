/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails, and the disk, while a log is rotated: no older line is lost or there twice, and
 * the next line is written.
 */
#include <stdio.h>
#include <string.h>

#include "audit/rotating_file.h"
#include "support/file_flow.h"
#include "support/test_support.h"

#define NAME "audit.jsonl"
#define KEPT 2

/* Filled to its size: the next line goes to a new file. */
static const char *const old_lines[] = { "current, current, current\n", "first, first, first\n",
                                         "second, second, second\n" };
static const char new_line[] = "new, new, new, new\n";

static struct rotating_file *open_log(const char *folder, struct error *err)
{
    const struct rotating_file_options options = {
        .folder = folder, .name = NAME, .max_bytes = 44, .files = KEPT
    };

    return rotating_file_open(&options, err);
}

static void name_of(int number, char name[32])
{
    if (number > 0) {
        (void)snprintf(name, 32, NAME ".%d", number);
    } else {
        (void)snprintf(name, 32, NAME);
    }
}

static void prepare(const char *folder)
{
    struct test_folder place;
    char name[32];

    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    for (int i = 0; i <= KEPT; i++) {
        name_of(i, name);
        test_folder_write(&place, name, old_lines[i]);
    }
}

static bool write_line(const char *folder, struct error *err)
{
    struct rotating_file *file = open_log(folder, err);
    bool ok = file != NULL && rotating_file_write(file, bytes_of_text(new_line), err);

    rotating_file_close(file);
    return ok;
}

/* How often a line stands in all files; those that are only part of one count as nothing. */
static unsigned count(const char *folder, const char *line)
{
    struct test_folder place;
    unsigned found = 0;
    char name[32];

    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    for (int i = 0; i <= KEPT; i++) {
        struct buffer content = BUFFER_INIT(4096);
        char path[FILE_PATH_MAX];

        name_of(i, name);
        test_folder_path(&place, name, path);
        if (file_exists(path)) {
            test_folder_read(&place, name, &content);
            for (const char *at = strstr(buffer_text(&content), line); at != NULL;
                 at = strstr(at + 1, line)) {
                found++;
            }
        }
        buffer_clear(&content);
    }
    return found;
}

static enum flow_rest look(const char *folder, const char *name)
{
    for (size_t i = 0; i < KEPT; i++) {
        if (count(folder, old_lines[i]) != 1) {
            fail_msg("%s: the line \"%.7s...\" is there %u times", name, old_lines[i],
                     count(folder, old_lines[i]));
        }
    }
    assert_true(count(folder, old_lines[KEPT]) <= 1);
    return count(folder, new_line) > 0 ? FLOW_NEW : FLOW_OLD;
}

/* Lines are not flushed one by one: records are on the disk when the system has written them. */
static const struct file_flow flow = { "audit rotation", prepare, write_line, look,
                                       REASON_NONE,      true };

static void rotation__power_fails_anywhere__no_line_lost_or_twice(void **state)
{
    (void)state;
    file_flow_power(&flow);
}

static void rotation__disk_fails_anywhere__no_line_lost_or_twice(void **state)
{
    (void)state;
    file_flow_faults(&flow);
}

static int set_up(void **state)
{
    (void)state;
    file_flow_set_up();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation__power_fails_anywhere__no_line_lost_or_twice),
        cmocka_unit_test(rotation__disk_fails_anywhere__no_line_lost_or_twice),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
