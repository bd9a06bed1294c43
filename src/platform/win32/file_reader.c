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

bool file_reader_at(struct file_reader *reader, uint64_t offset, void *to, size_t len,
                    struct error *err)
{
    uint8_t *next = to;

    while (len > 0) {
        OVERLAPPED place;
        DWORD chunk = len < READ_CHUNK ? (DWORD)len : READ_CHUNK;
        DWORD got = 0;

        ZeroMemory(&place, sizeof(place));
        place.Offset = (DWORD)offset;
        place.OffsetHigh = (DWORD)(offset >> 32);
        if (!ReadFile(reader->file, next, chunk, &got, &place)
            && GetLastError() != ERROR_HANDLE_EOF) {
            return win_error_file(err, WIN_READ, GetLastError(), reader->path);
        }
        if (got == 0) {
            return error_set(err, REASON_FILE_UNREADABLE, "%s: has become shorter", reader->path);
        }
        next += got;
        len -= got;
        offset += got;
    }
    return true;
}
