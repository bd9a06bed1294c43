/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/file_reader.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define READ_CHUNK 65536u /* bytes */
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define FILETIME_OF_1970 INT64_C(116444736000000000) /* FILETIME counts 100 ns from 1601 */

struct file_reader {
    HANDLE file;
    struct file_stamp stamp;
    uint64_t position;        /* of the next file_reader_read */
    char path[FILE_PATH_MAX]; /* for messages */
};

static bool open_path(struct file_reader *reader, const wchar_t *wide, struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    uint64_t time;

    /* whoever writes the file may rename it meanwhile */
    reader->file = CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING,
                               FILE_ATTRIBUTE_NORMAL, NULL);
    if (reader->file == INVALID_HANDLE_VALUE || !GetFileInformationByHandle(reader->file, &info)) {
        return win_error_file(err, WIN_READ, GetLastError(), reader->path);
    }
    if (GetFileType(reader->file) != FILE_TYPE_DISK) {
        return error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file",
                         reader->path);
    }
    time = (uint64_t)info.ftLastWriteTime.dwHighDateTime << 32 | info.ftLastWriteTime.dwLowDateTime;
    reader->stamp.modified_ns = ((int64_t)time - FILETIME_OF_1970) * 100;
    reader->stamp.size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    reader->stamp.id = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    return true;
}

struct file_reader *file_reader_open(const char *path, struct error *err)
{
    struct file_reader *reader = calloc(1, sizeof(*reader));
    wchar_t *wide = NULL;
    bool ok = false;

    if (reader == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        goto out;
    }
    reader->file = INVALID_HANDLE_VALUE;
    if (!text_copy(reader->path, sizeof(reader->path), path)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        goto out;
    }
    wide = wide_path(path, err);
    ok = wide != NULL && open_path(reader, wide, err);
out:
    free(wide);
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
    if (reader->file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(reader->file);
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
        OVERLAPPED place;
        size_t left = len - *got;
        DWORD done = 0;

        ZeroMemory(&place, sizeof(place));
        place.Offset = (DWORD)(offset + *got);
        place.OffsetHigh = (DWORD)((offset + *got) >> 32);
        if (!ReadFile(reader->file, to + *got, left < READ_CHUNK ? (DWORD)left : READ_CHUNK, &done,
                      &place)
            && GetLastError() != ERROR_HANDLE_EOF) {
            return win_error_file(err, WIN_READ, GetLastError(), reader->path);
        }
        if (done == 0) {
            break;
        }
        *got += done;
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
