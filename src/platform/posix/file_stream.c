/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/file_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/posix/posix_error.h"

#define MODE_FILE 0600
#define MODE_FOLDER 0700

static bool name_is_taken(struct error *err, const char *path)
{
    return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: it exists already", path);
}

/* Make a new or moved name durable. */
static bool flush_folder_of(const char *path, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char *slash = NULL;
    int fd = -1;
    int rc = 0;

    if (!text_copy(folder, sizeof(folder), path)) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES || posix_error_file(err, POSIX_WRITE, errno, folder);
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

/* ---- reading --------------------------------------------------------------------------------- */

struct file_reader {
    int fd;
    uint64_t size;
    char path[FILE_PATH_MAX]; /* for messages */
};

struct file_reader *file_reader_open(const char *path, struct error *err)
{
    struct file_reader *reader = calloc(1, sizeof(*reader));
    struct stat info;

    if (reader == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    /* Cut text will do: it is for messages. */
    (void)!text_format(reader->path, sizeof(reader->path), "%s", path);
    /* non-blocking: opening a named pipe would otherwise wait for its writer */
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (reader->fd < 0 || fstat(reader->fd, &info) != 0) {
        (void)posix_error_file(err, POSIX_READ, errno, path);
        file_reader_close(reader);
        return NULL;
    }
    if (!S_ISREG(info.st_mode)) {
        (void)error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file", path);
        file_reader_close(reader);
        return NULL;
    }
    reader->size = (uint64_t)info.st_size;
    return reader;
}

bool file_reader_read(struct file_reader *reader, void *data, size_t size, size_t *got,
                      struct error *err)
{
    *got = 0;
    while (*got < size) {
        ssize_t done = read(reader->fd, (uint8_t *)data + *got, size - *got);

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

bool file_reader_rewind(struct file_reader *reader, struct error *err)
{
    return lseek(reader->fd, 0, SEEK_SET) == 0
           || posix_error_file(err, POSIX_READ, errno, reader->path);
}

uint64_t file_reader_size(const struct file_reader *reader)
{
    return reader->size;
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
