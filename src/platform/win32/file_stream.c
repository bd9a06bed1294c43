/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/file_stream.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define IO_CHUNK 65536u /* bytes */
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* A virus scanner looks at what has just been written: 20 times 50 ms. */
#define MOVE_TRIES 20u
#define MOVE_PAUSE_MS 50u

static bool name_is_taken(struct error *err, const char *path)
{
    return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: it exists already", path);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct file_writer {
    HANDLE file;
    wchar_t *wide;
    bool is_finished;
    char path[FILE_PATH_MAX]; /* for messages */
};

static bool create_file(struct file_writer *writer, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    DWORD number = ERROR_SUCCESS;

    if (!private_rights_init(&rights, false, err)) {
        return false;
    }
    /* nobody may open it before it is finished */
    writer->file = CreateFileW(writer->wide, GENERIC_WRITE, 0, &rights.attributes, CREATE_NEW,
                               FILE_ATTRIBUTE_NORMAL, NULL);
    number = GetLastError();
    private_rights_clear(&rights);
    if (writer->file != INVALID_HANDLE_VALUE) {
        return true;
    }
    return number == ERROR_FILE_EXISTS || number == ERROR_ALREADY_EXISTS
               ? name_is_taken(err, writer->path)
               : win_error_file(err, WIN_WRITE, number, writer->path);
}

struct file_writer *file_writer_create(const char *path, struct error *err)
{
    struct file_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    writer->file = INVALID_HANDLE_VALUE;
    (void)!text_format(writer->path, sizeof(writer->path), "%s", path);
    writer->wide = wide_path(path, err);
    if (writer->wide == NULL || !create_file(writer, err)) {
        writer->is_finished = true; /* what lies there is not ours */
        file_writer_free(writer);
        return NULL;
    }
    return writer;
}

bool file_writer_write(struct file_writer *writer, struct bytes data, struct error *err)
{
    while (data.len > 0) {
        DWORD chunk = data.len < IO_CHUNK ? (DWORD)data.len : IO_CHUNK;
        DWORD done = 0;

        if (!WriteFile(writer->file, data.data, chunk, &done, NULL) || done == 0) {
            DWORD number = GetLastError();

            return win_error_file(err, WIN_WRITE, number != 0 ? number : ERROR_DISK_FULL,
                                  writer->path);
        }
        data.data += done;
        data.len -= done;
    }
    return true;
}

bool file_writer_finish(struct file_writer *writer, struct error *err)
{
    bool ok = FlushFileBuffers(writer->file) != 0;

    if (!ok) {
        (void)win_error_file(err, WIN_WRITE, GetLastError(), writer->path);
    }
    (void)CloseHandle(writer->file);
    writer->file = INVALID_HANDLE_VALUE;
    writer->is_finished = ok;
    return ok;
}

void file_writer_free(struct file_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(writer->file);
    }
    if (!writer->is_finished) {
        (void)DeleteFileW(writer->wide);
    }
    free(writer->wide);
    free(writer);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct file_reader {
    HANDLE file;
    uint64_t size;
    char path[FILE_PATH_MAX]; /* for messages */
};

static bool open_file(struct file_reader *reader, const wchar_t *wide, struct error *err)
{
    LARGE_INTEGER size;

    reader->file = CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING,
                               FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (reader->file == INVALID_HANDLE_VALUE) {
        DWORD number = GetLastError();

        return number == ERROR_ACCESS_DENIED && folder_exists(reader->path)
                   ? error_set(err, REASON_FILE_UNREADABLE, "%s: this is a folder, not a file",
                               reader->path)
                   : win_error_file(err, WIN_READ, number, reader->path);
    }
    if (GetFileType(reader->file) != FILE_TYPE_DISK || !GetFileSizeEx(reader->file, &size)) {
        return error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file",
                         reader->path);
    }
    reader->size = (uint64_t)size.QuadPart;
    return true;
}

struct file_reader *file_reader_open(const char *path, struct error *err)
{
    struct file_reader *reader = calloc(1, sizeof(*reader));
    wchar_t *wide = NULL;
    bool ok = false;

    if (reader == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    reader->file = INVALID_HANDLE_VALUE;
    (void)!text_format(reader->path, sizeof(reader->path), "%s", path);
    wide = wide_path(path, err);
    ok = wide != NULL && open_file(reader, wide, err);
    free(wide);
    if (!ok) {
        file_reader_close(reader);
        return NULL;
    }
    return reader;
}

bool file_reader_read(struct file_reader *reader, void *data, size_t size, size_t *got,
                      struct error *err)
{
    *got = 0;
    while (*got < size) {
        DWORD chunk = size - *got < IO_CHUNK ? (DWORD)(size - *got) : IO_CHUNK;
        DWORD done = 0;

        if (!ReadFile(reader->file, (uint8_t *)data + *got, chunk, &done, NULL)) {
            return win_error_file(err, WIN_READ, GetLastError(), reader->path);
        }
        if (done == 0) {
            break;
        }
        *got += done;
    }
    return true;
}

bool file_reader_rewind(struct file_reader *reader, struct error *err)
{
    LARGE_INTEGER begin = { .QuadPart = 0 };

    return SetFilePointerEx(reader->file, begin, NULL, FILE_BEGIN)
           || win_error_file(err, WIN_READ, GetLastError(), reader->path);
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
    if (reader->file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(reader->file);
    }
    free(reader);
}

/* ---- names ----------------------------------------------------------------------------------- */

static DWORD move_new(const wchar_t *from, const wchar_t *to)
{
    for (unsigned tries = 1;; tries++) {
        DWORD number = ERROR_SUCCESS;

        if (MoveFileExW(from, to, MOVEFILE_WRITE_THROUGH)) {
            return ERROR_SUCCESS;
        }
        number = GetLastError();
        if (GetFileAttributesW(to) != INVALID_FILE_ATTRIBUTES) {
            return ERROR_ALREADY_EXISTS;
        }
        if (tries == MOVE_TRIES
            || (number != ERROR_SHARING_VIOLATION && number != ERROR_ACCESS_DENIED)) {
            return number;
        }
        Sleep(MOVE_PAUSE_MS);
    }
}

bool file_rename_new(const char *from, const char *to, struct error *err)
{
    wchar_t *wide_from = wide_path(from, err);
    wchar_t *wide_to = wide_path(to, err);
    bool ok = false;

    if (wide_from != NULL && wide_to != NULL) {
        DWORD number = move_new(wide_from, wide_to);

        ok = number == ERROR_SUCCESS
             || (number == ERROR_ALREADY_EXISTS ? name_is_taken(err, to)
                                                : win_error_file(err, WIN_WRITE, number, to));
    }
    free(wide_from);
    free(wide_to);
    return ok;
}

bool folder_create_new(const char *path, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    wchar_t *wide = wide_path(path, err);
    bool ok = false;

    if (wide != NULL && private_rights_init(&rights, true, err)) {
        ok = CreateDirectoryW(wide, &rights.attributes) != 0;
        if (!ok) {
            DWORD number = GetLastError();

            (void)(number == ERROR_ALREADY_EXISTS || number == ERROR_FILE_EXISTS
                       ? name_is_taken(err, path)
                       : win_error_file(err, WIN_WRITE, number, path));
        }
    }
    private_rights_clear(&rights);
    free(wide);
    return ok;
}
