/* SPDX-License-Identifier: Apache-2.0 */
/* The handles of files.h: appending and locking. */
#include "platform/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/posix/posix_error.h"

#define MODE_PRIVATE 0600

/*
 * Root's commands work in the folder of the account that serves: what root makes there belongs to
 * whoever owns the folder, or that account could no longer lock or log. Only what is made here and
 * now in the folder that was asked: another file may be somebody else's by a second name.
 */
static int make_for_owner(const char *path, int flags)
{
    char folder[FILE_PATH_MAX];
    struct stat info;
    char *slash = NULL;
    int at = -1;
    int fd = -1;

    if (!text_copy(folder, sizeof(folder), path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    at = open(slash != NULL ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return -1;
    }
    fd = openat(at, slash != NULL ? path + (slash - folder) + 1 : path, flags | O_EXCL,
                MODE_PRIVATE);
    if (fd >= 0 && fstat(at, &info) == 0 && info.st_uid != 0) {
        (void)!fchown(fd, info.st_uid, info.st_gid); /* failed: it stays root's */
    }
    (void)close(at);
    return fd;
}

/* Open a private file, made if missing. -1 and errno on failure. */
static int open_private(const char *path, int access)
{
    int flags = access | O_CREAT | O_CLOEXEC | O_NOCTTY;
    int fd = -1;

    if (geteuid() == 0) {
        fd = make_for_owner(path, flags);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return open(path, flags, MODE_PRIVATE);
}

/* ---- appending ------------------------------------------------------------------------------- */

struct file_append {
    int fd;
    uint64_t size;
    char path[FILE_PATH_MAX]; /* for messages */
};

struct file_append *file_append_open(const char *path, struct error *err)
{
    struct file_append *f = calloc(1, sizeof(*f));
    struct stat info;

    if (f == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    f->fd = -1;
    if (!text_copy(f->path, sizeof(f->path), path)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        file_append_close(f);
        return NULL;
    }
    f->fd = open_private(path, O_WRONLY | O_APPEND);
    if (f->fd < 0 || fstat(f->fd, &info) != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        file_append_close(f);
        return NULL;
    }
    f->size = (uint64_t)info.st_size;
    return f;
}

void file_append_close(struct file_append *f)
{
    if (f == NULL) {
        return;
    }
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    free(f);
}

bool file_append_write(struct file_append *f, struct bytes data, struct error *err)
{
    struct stat info;
    bool ok = true;

    while (ok && data.len > 0) {
        ssize_t done = write(f->fd, data.data, data.len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        ok = done >= 0;
        if (!ok) {
            (void)posix_error_file(err, POSIX_WRITE, errno, f->path);
            break;
        }
        data.data += done;
        data.len -= (size_t)done;
    }
    /* asked for, not added up: a failed write may have left a part, and others may append too */
    if (fstat(f->fd, &info) == 0) {
        f->size = (uint64_t)info.st_size;
    }
    return ok;
}

uint64_t file_append_size(const struct file_append *f)
{
    return f->size;
}

/* ---- locking --------------------------------------------------------------------------------- */

struct file_lock {
    int fd;
};

bool file_lock_try(const char *path, struct file_lock **out, bool *held, struct error *err)
{
    struct file_lock *lock = calloc(1, sizeof(*lock));
    int rc = 0;

    if (lock == NULL) {
        return error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
    }
    lock->fd = open_private(path, O_RDWR | O_NOFOLLOW);
    if (lock->fd < 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        free(lock);
        return false;
    }
    do {
        rc = flock(lock->fd, LOCK_EX | LOCK_NB);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        int number = errno;

        file_lock_release(lock);
        if (number != EWOULDBLOCK) {
            return posix_error_file(err, POSIX_WRITE, number, path);
        }
        *out = NULL;
        *held = false;
        return true;
    }
    *out = lock;
    *held = true;
    return true;
}

void file_lock_release(struct file_lock *lock)
{
    if (lock == NULL) {
        return;
    }
    (void)close(lock->fd);
    free(lock);
}
