/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A power failure before every call by which a file is replaced or made; each rest is looked at.
 * All our own files are written by these two functions.
 */
#include <string.h>

#include "support/disk_calls.h"
#include "support/test_support.h"

#define NAME "file"
#define MIXED 40u /* random outcomes of each moment */

/* ---- the rests ------------------------------------------------------------------------------- */

/* What the file may hold; NULL: it may be missing. */
static bool allowed(const char *path, const char *first, const char *second)
{
    struct buffer found = BUFFER_INIT(100000);
    struct error err = ERROR_INIT;
    bool ok = false;

    if (!file_exists(path)) {
        return first == NULL || second == NULL;
    }
    assert_done(file_read(path, 100000, &found, &err), &err, path);
    ok = (first != NULL && strcmp(buffer_text(&found), first) == 0)
         || (second != NULL && strcmp(buffer_text(&found), second) == 0);
    buffer_clear(&found);
    return ok;
}

static size_t play(const struct disk_log *log, const char *old, const char *new)
{
    struct disk_state *state = disk_state_create(log);
    size_t cuts = 0;
    size_t number = 0;

    do {
        for (unsigned i = 0; i < MIXED + DISK_MIXED; i++) {
            enum disk_fate fate = i < DISK_MIXED ? (enum disk_fate)i : DISK_MIXED;
            struct test_folder folder;
            char path[FILE_PATH_MAX];

            test_folder_create(&folder);
            disk_state_cut(state, fate, i * 7919 + (unsigned)number, folder.path);
            test_folder_path(&folder, NAME, path);
            bool promised = disk_state_promises(state) > 0;
            if (!allowed(path, promised ? new : old, new)) {
                fail_msg("power fails after %s (fate %u): %s",
                         number > 0 ? disk_log_tell(log, number - 1) : "nothing", (unsigned)fate,
                         promised ? "what was promised is not there" : "neither old nor new");
            }
            test_folder_remove(&folder);
            cuts++;
        }
        number++;
    } while (disk_state_next(state));
    disk_state_free(state);
    return cuts;
}

static void files__power_fails_anywhere__old_or_new_and_whole(void **state)
{
    static char content[3000];

    (void)state;
    memset(content, 'n', sizeof(content) - 1);
    for (int replaced = 0; replaced < 2; replaced++) {
        const char *old = replaced ? "the old content" : NULL;
        struct disk_log *log = disk_log_create();
        struct error err = ERROR_INIT;
        struct test_folder folder;
        char path[FILE_PATH_MAX];

        test_folder_create(&folder);
        test_folder_path(&folder, NAME, path);
        if (replaced) {
            test_folder_write(&folder, NAME, old);
        }
        disk_calls_record(log, folder.path);
        assert_done(replaced ? file_write_atomic(path, bytes_of_text(content), true, &err)
                             : file_create_new(path, bytes_of_text(content), true, &err),
                    &err, "write");
        disk_calls_end();
        disk_log_promise(log, 1);
        assert_true(disk_log_count(log) >= 5);
        print_message("    %zu operations, %zu failures of the power\n", disk_log_count(log),
                      play(log, old, content));
        disk_log_free(log);
        test_folder_remove(&folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files__power_fails_anywhere__old_or_new_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
