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
    uint64_t position;        /* of the next file_reader_read */
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

/* At most len bytes, fewer only at the end of the file. */
static bool read_some(struct file_reader *reader, uint64_t offset, uint8_t *to, size_t len,
                      size_t *got, struct error *err)
{
    *got = 0;
    while (*got < len) {
        ssize_t done = pread(reader->fd, to + *got, len - *got, (off_t)(offset + *got));

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return posix_error_file(err, POSIX_READ, errno, reader->path);
        }
        if (done == 0) {
            break;
        }
        *got += (size_t)done;
    }
    return true;
}

bool file_reader_at(struct file_reader *reader, uint64_t offset, void *to, size_t len,
                    struct error *err)
{
    size_t got = 0;

    return read_some(reader, offset, to, len, &got, err)
           && (got == len
               || error_set(err, REASON_FILE_UNREADABLE, "%s: has become shorter", reader->path));
}

bool file_reader_read(struct file_reader *reader, void *data, size_t size, size_t *got,
                      struct error *err)
{
    bool ok = read_some(reader, reader->position, data, size, got, err);

    reader->position += *got;
    return ok;
}

void file_reader_rewind(struct file_reader *reader)
{
    reader->position = 0;
}
