/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A power failure before every call by which a file is replaced or made: the linker hands the calls
 * to us, and each rest is looked at. All our own files are written by these two functions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/disk_log.h"
#include "support/test_support.h"

#define NAME "file"
#define FILES 1024
#define MIXED 40u /* random outcomes of each moment */

/* ---- the calls ------------------------------------------------------------------------------- */

static struct disk_log *noted; /* NULL: nothing is noted */
static const char *root;
static char names[FILES][256]; /* of open files; "": not ours */
static bool is_folder[FILES];

/* Within our folder; "." for the folder itself; NULL: elsewhere. */
static const char *ours(const char *path)
{
    size_t len = noted != NULL ? strlen(root) : 0;

    if (noted == NULL || strncmp(path, root, len) != 0) {
        return NULL;
    }
    return path[len] == '\0' ? "." : path[len] == '/' ? path + len + 1 : NULL;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, mode_t mode);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

int __wrap_open64(const char *path, int flags, mode_t mode)
{
    const char *name = ours(path);
    int fd = __real_open64(path, flags, mode);

    if (fd >= 0 && fd < FILES) {
        is_folder[fd] = name != NULL && strcmp(name, ".") == 0;
        (void)snprintf(names[fd], sizeof(names[fd]), "%s", name != NULL ? name : "");
    }
    if (fd >= 0 && name != NULL && (flags & O_CREAT) != 0) {
        disk_log_new(noted, name);
    }
    return fd;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = __real_write(fd, data, len);

    if (noted != NULL && done > 0 && fd < FILES && names[fd][0] != '\0') {
        disk_log_write(noted, names[fd], at, bytes_of(data, (size_t)done));
    }
    return done;
}

int __wrap_fsync(int fd)
{
    if (noted != NULL && fd < FILES && is_folder[fd]) {
        disk_log_flush_names(noted, "");
    } else if (noted != NULL && fd < FILES && names[fd][0] != '\0') {
        disk_log_flush(noted, names[fd]);
    }
    return 0;
}

int __wrap_rename(const char *from, const char *to)
{
    if (ours(from) != NULL && ours(to) != NULL) {
        disk_log_rename(noted, ours(from), ours(to));
    }
    return __real_rename(from, to);
}

/* With the first name going next, a second name is what a rename is that replaces nothing. */
int __wrap_link(const char *from, const char *to)
{
    int result = __real_link(from, to);

    if (result == 0 && ours(from) != NULL) {
        disk_log_rename(noted, ours(from), ours(to));
    }
    return result;
}

int __wrap_unlink(const char *path)
{
    return __real_unlink(path);
}

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
            disk_log_given(log, NAME, bytes_of_text(old));
        }
        root = folder.path;
        noted = log;
        assert_done(replaced ? file_write_atomic(path, bytes_of_text(content), true, &err)
                             : file_create_new(path, bytes_of_text(content), true, &err),
                    &err, "write");
        noted = NULL;
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
