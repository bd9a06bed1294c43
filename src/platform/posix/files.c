/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "platform/posix/flush_folder.h"
#include "platform/posix/posix_error.h"

#define READ_CHUNK 16384u /* bytes */
#define MODE_PRIVATE 0600
#define MODE_SHARED 0644
#define TEMP_TRIES 8u /* a name of 64 random bits is hardly ever taken */
#define TEMP_NAME_MAX 32u

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_all(int fd, const char *path, size_t max_bytes, struct buffer *out,
                     struct error *err)
{
    uint8_t chunk[READ_CHUNK];
    size_t total = 0;
    bool ok = false;

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            (void)posix_error_file(err, POSIX_READ, errno, path);
            break;
        }
        if (got == 0) {
            ok = true;
            break;
        }
        if ((size_t)got > max_bytes - total) {
            (void)error_set(err, REASON_FILE_TOO_LARGE, "%s: more than %zu bytes", path, max_bytes);
            break;
        }
        if (!buffer_append(out, chunk, (size_t)got, err)) {
            (void)error_context(err, "%s", path);
            break;
        }
        total += (size_t)got;
    }
    secret_wipe(chunk, sizeof(chunk)); /* key files are read here too */
    return ok;
}

bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    struct stat info;
    size_t before = out->len;
    bool ok = false;
    /* non-blocking: opening a named pipe would otherwise wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return posix_error_file(err, POSIX_READ, errno, path);
    }
    if (fstat(fd, &info) != 0) {
        (void)posix_error_file(err, POSIX_READ, errno, path);
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        (void)error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file", path);
        goto out;
    }
    ok = read_all(fd, path, max_bytes, out, err);
out:
    (void)close(fd);
    if (!ok && out->data != NULL) {
        secret_wipe(out->data + before, out->len - before);
        out->len = before;
        out->data[before] = 0;
    }
    return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_all(int fd, struct bytes content, const char *path, struct error *err)
{
    while (content.len > 0) {
        ssize_t done = write(fd, content.data, content.len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return posix_error_file(err, POSIX_WRITE, errno, path);
        }
        content.data += done;
        content.len -= (size_t)done;
    }
    return true;
}

/* The folder part of a path: "a/b" -> "a", "b" -> ".", "/b" -> "/". */
static bool parent_of(const char *path, char out[FILE_PATH_MAX], struct error *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL) {
        return text_copy(out, FILE_PATH_MAX, ".");
    }
    if (len == 0) {
        return text_copy(out, FILE_PATH_MAX, "/");
    }
    if (len >= FILE_PATH_MAX) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    memcpy(out, path, len);
    out[len] = '\0';
    return true;
}

bool flush_folder_of(const char *path, struct error *err)
{
    char folder[FILE_PATH_MAX];
    int fd = -1;
    int rc = 0;

    if (!parent_of(path, folder, err)) {
        return false;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) {
        return true; /* a folder we may write to but not list; nothing more can be done */
    }
    if (fd < 0) {
        return posix_error_file(err, POSIX_WRITE, errno, folder);
    }
    rc = fsync(fd);
    if (rc != 0 && (errno == EINVAL || errno == EROFS)) {
        rc = 0; /* a file system that has no flush for folders */
    }
    if (rc != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, folder);
    }
    (void)close(fd);
    return rc == 0;
}

/* Create a file of a random name beside path; *name gets it. -1 on failure. */
static int open_temporary(const char *path, mode_t mode, char name[FILE_PATH_MAX + TEMP_NAME_MAX],
                          struct error *err)
{
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];

    for (unsigned i = 0; i < TEMP_TRIES; i++) {
        int fd = -1;

        if (!secret_random(random, sizeof(random), err)) {
            return -1;
        }
        text_hex(hex, sizeof(hex), bytes_of(random, sizeof(random)));
        if (!text_format(name, FILE_PATH_MAX + TEMP_NAME_MAX, "%s.%s.tmp", path, hex)) {
            (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
            return -1;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0) {
            return fd;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    (void)posix_error_file(err, POSIX_WRITE, errno, path);
    return -1;
}

/* Write a temporary file beside path and flush it. On failure nothing is left behind. */
static bool write_temporary(const char *path, struct bytes content, bool is_private,
                            char name[FILE_PATH_MAX + TEMP_NAME_MAX], struct error *err)
{
    mode_t mode = is_private ? MODE_PRIVATE : MODE_SHARED;
    bool ok = false;
    int fd = open_temporary(path, mode, name, err);

    if (fd < 0) {
        return false;
    }
    if (fchmod(fd, mode) != 0) { /* our umask is 077: see process_harden */
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        goto out;
    }
    if (!write_all(fd, content, path, err)) {
        goto out;
    }
    if (fsync(fd) != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        goto out;
    }
    ok = true;
out:
    if (close(fd) != 0 && ok) { /* NFS tells a full disk here */
        ok = posix_error_file(err, POSIX_WRITE, errno, path);
    }
    if (!ok) {
        (void)unlink(name);
    }
    return ok;
}

bool file_write_atomic(const char *path, struct bytes content, bool is_private, struct error *err)
{
    char temporary[FILE_PATH_MAX + TEMP_NAME_MAX];

    if (!write_temporary(path, content, is_private, temporary, err)) {
        return false;
    }
    if (rename(temporary, path) != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        (void)unlink(temporary);
        return false;
    }
    return flush_folder_of(path, err);
}

bool file_create_new(const char *path, struct bytes content, bool is_private, struct error *err)
{
    char temporary[FILE_PATH_MAX + TEMP_NAME_MAX];
    int number = 0;

    if (!write_temporary(path, content, is_private, temporary, err)) {
        return false;
    }
    /*
     * A rename that refuses is one step. Where the file system has none, a second name fails when
     * the path is taken, too; whoever is cut off before the first one goes leaves a file with two,
     * which counts as one that somebody else may reach.
     */
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        number = errno;
        if (number == EINVAL || number == ENOSYS) {
            number = link(temporary, path) == 0 ? 0 : errno;
        }
        (void)unlink(temporary);
    }
    if (number == EEXIST) {
        return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: it exists already", path);
    }
    if (number != 0) {
        return posix_error_file(err, POSIX_WRITE, number, path);
    }
    return flush_folder_of(path, err);
}

/* ---- names ----------------------------------------------------------------------------------- */

bool file_remove(const char *path, struct error *err)
{
    if (unlink(path) == 0) {
        return flush_folder_of(path, err);
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return true;
    }
    return posix_error_file(err, POSIX_WRITE, errno, path);
}

bool file_rename(const char *from, const char *to, struct error *err)
{
    if (rename(from, to) != 0) {
        int number = errno;

        if (number == ENOENT && !file_exists(from)) {
            return posix_error_file(err, POSIX_READ, number, from);
        }
        return posix_error_file(err, POSIX_WRITE, number, to);
    }
    return flush_folder_of(to, err) && flush_folder_of(from, err);
}

bool file_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool file_stamp(const char *path, struct file_stamp *out, struct error *err)
{
    struct stat info;
    struct file_stamp found = { 0, 0, 0, 0 };

    if (stat(path, &info) == 0) {
        found.modified_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
        found.changed_ns = (int64_t)info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec;
        found.size = (uint64_t)info.st_size;
        found.id = (uint64_t)info.st_ino;
    } else if (errno != ENOENT && errno != ENOTDIR) {
        return posix_error_file(err, POSIX_READ, errno, path);
    }
    *out = found;
    return true;
}

bool file_open_stays(void)
{
    return false;
}
