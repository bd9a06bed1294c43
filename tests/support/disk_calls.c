/* SPDX-License-Identifier: Apache-2.0 */
#include "support/disk_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test_support.h"

#define FILES 1024
#define NAME_BYTES 1024
#define CONTENT_MAX (64u * 1024u * 1024u)
#define ENTRIES_MAX 1000u

const char *const disk_call_names[DISK_CALLS] = {
    "create", "write", "short write", "flush", "close", "rename/link", "remove", "folder"
};

static struct disk_log *noted; /* NULL: nothing is noted */
static const char *root;
static struct {
    char path[NAME_BYTES]; /* "": not open, or of no interest */
    bool is_folder, is_written;
} files[FILES];

/* ---- failing --------------------------------------------------------------------------------- */

static struct {
    enum disk_call call;
    unsigned wait, more, failures;
    unsigned met[DISK_CALLS];
    int number;
} fault = { .call = DISK_CALLS };

static bool fails(enum disk_call call)
{
    fault.met[call]++;
    if (fault.call != call) {
        return false;
    }
    if (fault.wait == 0 || --fault.wait > 0) {
        return false;
    }
    fault.failures++;
    if (fault.more > 0) {
        fault.more--;
        fault.wait = 1;
    }
    errno = fault.number;
    return true;
}

void disk_calls_fail(enum disk_call call, unsigned nth, unsigned more, int number)
{
    fault.call = call;
    fault.wait = nth;
    fault.more = more;
    fault.number = number;
    fault.failures = 0;
    memset(fault.met, 0, sizeof(fault.met));
}

void disk_calls_mend(void)
{
    fault.call = DISK_CALLS;
}

unsigned disk_calls_failures(void)
{
    return fault.failures;
}

unsigned disk_calls_met(enum disk_call call)
{
    return fault.met[call];
}

/* ---- noting ---------------------------------------------------------------------------------- */

/* Within our folder; "" for the folder itself; NULL: elsewhere, or nothing is noted. */
static const char *ours(const char *path)
{
    size_t len = noted != NULL ? strlen(root) : 0;

    if (noted == NULL || strncmp(path, root, len) != 0) {
        return NULL;
    }
    return path[len] == '\0' ? "" : path[len] == '/' ? path + len + 1 : NULL;
}

struct given {
    const char *path;
};

static bool give(void *context, const char *name, bool is_folder, struct error *err)
{
    const struct given *folder = context;
    struct buffer content = BUFFER_INIT(CONTENT_MAX);
    char path[FILE_PATH_MAX];
    bool ok = path_join(path, folder->path, name, err);

    if (ok && is_folder) {
        struct given below = { path };

        disk_log_given_folder(noted, ours(path));
        ok = folder_list(path, ENTRIES_MAX, give, &below, err);
    } else if (ok) {
        ok = file_read(path, CONTENT_MAX, &content, err);
        disk_log_given(noted, ours(path), buffer_bytes(&content));
    }
    buffer_clear(&content);
    return ok;
}

void disk_calls_record(struct disk_log *log, const char *folder)
{
    struct given all = { folder };
    struct error err = ERROR_INIT;

    noted = log;
    root = folder;
    assert_done(folder_list(folder, ENTRIES_MAX, give, &all, &err), &err, folder);
}

void disk_calls_end(void)
{
    noted = NULL;
}

/* ---- the calls ------------------------------------------------------------------------------- */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, mode_t mode);
int __real_openat64(int at, const char *path, int flags, ...);
int __wrap_openat64(int at, const char *path, int flags, mode_t mode);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);

/* path: whole. */
static int opened(int fd, const char *path, bool is_new)
{
    struct stat info;

    if (fd < 0) {
        return fd;
    }
    if (fd >= FILES || fstat(fd, &info) != 0
        || snprintf(files[fd].path, NAME_BYTES, "%s", path) >= NAME_BYTES) {
        fail_msg("%s: open files, or their names, are too many", path);
        return fd;
    }
    files[fd].is_folder = S_ISDIR(info.st_mode);
    files[fd].is_written = false;
    if (is_new && ours(path) != NULL) {
        disk_log_new(noted, ours(path));
    }
    return fd;
}

static bool makes_new(int flags, bool exists)
{
    return (flags & O_CREAT) != 0 && !exists;
}

int __wrap_open64(const char *path, int flags, mode_t mode)
{
    bool is_new = makes_new(flags, access(path, F_OK) == 0);

    if (is_new && fails(DISK_CALL_CREATE)) {
        return -1;
    }
    return opened(__real_open64(path, flags, mode), path, is_new);
}

int __wrap_openat64(int at, const char *path, int flags, mode_t mode)
{
    bool is_new = makes_new(flags, faccessat(at, path, F_OK, 0) == 0);
    char whole[2 * NAME_BYTES];

    if (is_new && fails(DISK_CALL_CREATE)) {
        return -1;
    }
    (void)snprintf(whole, sizeof(whole), "%s/%s", at >= 0 && at < FILES ? files[at].path : "",
                   path);
    return opened(__real_openat64(at, path, flags, mode), whole, is_new);
}

static const char *name_of(int fd)
{
    return fd >= 0 && fd < FILES && files[fd].path[0] != '\0' ? ours(files[fd].path) : NULL;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    bool is_file = fd >= 0 && fd < FILES && files[fd].path[0] != '\0';
    off_t at = 0;
    ssize_t done;

    if (is_file && fails(DISK_CALL_WRITE)) {
        return -1;
    }
    if (is_file && len > 1 && fails(DISK_CALL_WRITE_SHORT)) {
        len /= 2; /* the next one fails */
        fault.call = DISK_CALL_WRITE;
        fault.wait = 1;
    }
    /* where it ends is where it was written, appended or not */
    done = __real_write(fd, data, len);
    at = lseek(fd, 0, SEEK_CUR);
    if (is_file && done > 0) {
        files[fd].is_written = true;
    }
    if (done > 0 && name_of(fd) != NULL) {
        disk_log_write(noted, name_of(fd), at - done, bytes_of(data, (size_t)done));
    }
    return done;
}

/* The real disk's time would be most of a test. */
int __wrap_fsync(int fd)
{
    const char *name = name_of(fd);

    if (fails(DISK_CALL_FLUSH)) {
        if (name != NULL && !files[fd].is_folder) {
            disk_log_flush_failed(noted, name);
        }
        return -1;
    }
    if (name != NULL && files[fd].is_folder) {
        disk_log_flush_names(noted, name);
    } else if (name != NULL) {
        disk_log_flush(noted, name);
    }
    return 0;
}

int __wrap_close(int fd)
{
    bool was_written = fd >= 0 && fd < FILES && files[fd].path[0] != '\0' && files[fd].is_written;

    if (fd >= 0 && fd < FILES) {
        files[fd].path[0] = '\0';
    }
    if (was_written && fails(DISK_CALL_CLOSE)) {
        int number = errno;

        (void)__real_close(fd);
        errno = number;
        return -1;
    }
    return __real_close(fd);
}

static int renamed(int result, const char *from, const char *to)
{
    if (result == 0 && ours(from) != NULL && ours(to) != NULL) {
        disk_log_rename(noted, ours(from), ours(to));
    }
    return result;
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(DISK_CALL_NAME) ? -1 : renamed(__real_rename(from, to), from, to);
}

int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    return fails(DISK_CALL_NAME)
               ? -1
               : renamed(__real_renameat2(from_at, from, to_at, to, flags), from, to);
}

int __wrap_link(const char *from, const char *to)
{
    int result = fails(DISK_CALL_NAME) ? -1 : __real_link(from, to);

    if (result == 0 && ours(from) != NULL && ours(to) != NULL) {
        disk_log_link(noted, ours(from), ours(to), __real_link);
    }
    return result;
}

int __wrap_unlink(const char *path)
{
    bool exists = access(path, F_OK) == 0;
    int result = exists && fails(DISK_CALL_REMOVE) ? -1 : __real_unlink(path);

    if (result == 0 && ours(path) != NULL) {
        disk_log_remove(noted, ours(path));
    }
    return result;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    bool exists = access(path, F_OK) == 0;
    int result = !exists && fails(DISK_CALL_FOLDER) ? -1 : __real_mkdir(path, mode);

    if (result == 0 && ours(path) != NULL) {
        disk_log_folder(noted, ours(path));
    }
    return result;
}

int __wrap_rmdir(const char *path)
{
    bool exists = access(path, F_OK) == 0;
    int result = exists && fails(DISK_CALL_FOLDER) ? -1 : __real_rmdir(path);

    if (result == 0 && ours(path) != NULL) {
        disk_log_remove(noted, ours(path));
    }
    return result;
}
