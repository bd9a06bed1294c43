/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/file_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/posix/posix_error.h"

struct file_reader {
    int fd;
    struct file_stamp stamp;
    char path[FILE_PATH_MAX]; /* for messages */
};

static bool open_path(struct file_reader *reader, struct error *err)
{
    struct stat info;

    /* non-blocking: opening a named pipe would otherwise wait for its writer */
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (reader->fd < 0 || fstat(reader->fd, &info) != 0) {
        return posix_error_file(err, POSIX_READ, errno, reader->path);
    }
    if (!S_ISREG(info.st_mode)) {
        return error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file",
                         reader->path);
    }
    reader->stamp.modified_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    reader->stamp.size = (uint64_t)info.st_size;
    reader->stamp.id = (uint64_t)info.st_ino;
    return true;
}

struct file_reader *file_reader_open(const char *path, struct error *err)
{
    struct file_reader *reader = calloc(1, sizeof(*reader));
    bool ok = false;

    if (reader == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        goto out;
    }
    reader->fd = -1;
    if (!text_copy(reader->path, sizeof(reader->path), path)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        goto out;
    }
    ok = open_path(reader, err);
out:
    if (!ok) {
        file_reader_close(reader);
        reader = NULL;
    }
    return reader;
}

void file_reader_close(struct file_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    free(reader);
}

const struct file_stamp *file_reader_stamp(const struct file_reader *reader)
{
    return &reader->stamp;
}

bool file_reader_at(struct file_reader *reader, uint64_t offset, void *to, size_t len,
                    struct error *err)
{
    uint8_t *next = to;

    while (len > 0) {
        ssize_t got = pread(reader->fd, next, len, (off_t)offset);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return posix_error_file(err, POSIX_READ, errno, reader->path);
        }
        if (got == 0) {
            return error_set(err, REASON_FILE_UNREADABLE, "%s: has become shorter", reader->path);
        }
        next += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}
