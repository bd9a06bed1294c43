/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/posix/posix_error.h"

#include <errno.h>
#include <string.h>

struct errno_row {
    int number;
    enum reason read;
    enum reason write;
    const char *sentence;
};

static const struct errno_row rows[] = {
    { ENOENT, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE, "no such file or folder" },
    { ENOTDIR, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE,
      "a part of the path is a file, not a folder" },
    { EACCES, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "no permission; give the account of the service access to it" },
    { EPERM, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "no permission; give the account of the service access to it" },
    { EROFS, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the file system is mounted read-only" },
    { ENOSPC, REASON_DISK_FULL, REASON_DISK_FULL, "the disk is full; free space on it" },
    { EDQUOT, REASON_DISK_FULL, REASON_DISK_FULL,
      "the disk quota of this account is used up; raise it or free space" },
    { EFBIG, REASON_FILE_TOO_LARGE, REASON_FILE_NOT_WRITABLE,
      "the file would pass the size limit of the file system or account" },
    { EISDIR, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "this is a folder, not a file" },
    { EEXIST, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "it exists already" },
    { ENOTEMPTY, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "the folder is not empty" },
    { ENAMETOOLONG, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "the name is too long" },
    { ELOOP, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "too many symbolic links" },
    { EMFILE, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "too many open files; raise the limit of the service (LimitNOFILE)" },
    { ENFILE, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "too many open files on this machine" },
    { EIO, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the disk reports an error; look at the kernel log" },
};

bool posix_error_file(struct error *err, enum posix_access access, int number, const char *path)
{
    char text[128] = "";

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number) {
            return error_set(err, access == POSIX_READ ? rows[i].read : rows[i].write, "%s: %s",
                             path, rows[i].sentence);
        }
    }
    return error_set(err, access == POSIX_READ ? REASON_FILE_UNREADABLE : REASON_FILE_NOT_WRITABLE,
                     "%s: %s (error %d)", path, strerror_r(number, text, sizeof(text)), number);
}
