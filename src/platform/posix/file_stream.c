/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/file_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/posix/flush_folder.h"
#include "platform/posix/posix_error.h"

#define MODE_FILE 0600
#define MODE_FOLDER 0700

static bool name_is_taken(struct error *err, const char *path)
{
    return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: it exists already", path);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct file_writer {
    int fd;
    bool is_finished;
    char path[FILE_PATH_MAX];
};

struct file_writer *file_writer_create(const char *path, struct error *err)
{
    struct file_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    if (!text_copy(writer->path, sizeof(writer->path), path)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        free(writer);
        return NULL;
    }
    writer->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_FILE);
    if (writer->fd < 0) {
        if (errno == EEXIST) {
            (void)name_is_taken(err, path);
        } else {
            (void)posix_error_file(err, POSIX_WRITE, errno, path);
        }
        free(writer);
        return NULL;
    }
    return writer;
}

bool file_writer_write(struct file_writer *writer, struct bytes data, struct error *err)
{
    while (data.len > 0) {
        ssize_t done = write(writer->fd, data.data, data.len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return posix_error_file(err, POSIX_WRITE, errno, writer->path);
        }
        data.data += done;
        data.len -= (size_t)done;
    }
    return true;
}

bool file_writer_finish(struct file_writer *writer, struct error *err)
{
    bool ok = fsync(writer->fd) == 0;

    if (!ok) {
        (void)posix_error_file(err, POSIX_WRITE, errno, writer->path);
    }
    if (close(writer->fd) != 0 && ok) { /* NFS tells a full disk here */
        ok = posix_error_file(err, POSIX_WRITE, errno, writer->path);
    }
    writer->fd = -1;
    writer->is_finished = ok;
    return ok && flush_folder_of(writer->path, err);
}

void file_writer_free(struct file_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->fd >= 0) {
        (void)close(writer->fd);
    }
    if (!writer->is_finished) {
        (void)unlink(writer->path);
    }
    free(writer);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Without a rename that refuses: a second name for a file refuses too; a folder has no second. */
static int rename_in_steps(const char *from, const char *to)
{
    struct stat info;

    if (lstat(from, &info) != 0) {
        return errno;
    }
    if (!S_ISDIR(info.st_mode)) {
        return link(from, to) == 0 && unlink(from) == 0 ? 0 : errno;
    }
    /* a folder replaces nothing but an empty folder */
    return lstat(to, &info) == 0 ? EEXIST : rename(from, to) == 0 ? 0 : errno;
}

bool file_rename_new(const char *from, const char *to, struct error *err)
{
    int number = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;

    if (number == EINVAL || number == ENOSYS) { /* the file system or the kernel lacks it */
        number = rename_in_steps(from, to);
    }
    if (number == EEXIST || number == ENOTEMPTY) {
        return name_is_taken(err, to);
    }
    if (number != 0) {
        return posix_error_file(err, POSIX_WRITE, number, to);
    }
    return flush_folder_of(to, err) && flush_folder_of(from, err);
}

bool folder_create_new(const char *path, struct error *err)
{
    if (mkdir(path, MODE_FOLDER) != 0) {
        return errno == EEXIST ? name_is_taken(err, path)
                               : posix_error_file(err, POSIX_WRITE, errno, path);
    }
    return flush_folder_of(path, err);
}
