/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define IO_CHUNK 65536u /* bytes */
#define TEMP_TRIES 8u   /* a name of 64 random bits is hardly ever taken */
#define TEMP_NAME_MAX 32u
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define FILETIME_OF_1970 INT64_C(116444736000000000) /* FILETIME counts 100 ns from 1601 */

/*
 * Virus scanners and backups open files for moments; a reader of ours does too. 20 tries with 5 to
 * 50 ms between them are less than one second in all.
 */
#define SHARING_TRIES 20u
#define SHARING_PAUSE_MS 5u
#define SHARING_PAUSE_MAX_MS 50u

/* True when it is worth trying again; has then waited a moment. */
static bool wait_for_others(DWORD number, unsigned tries)
{
    DWORD pause = SHARING_PAUSE_MS * (tries + 1);

    if (tries + 1 >= SHARING_TRIES
        || (number != ERROR_SHARING_VIOLATION && number != ERROR_LOCK_VIOLATION
            && number != ERROR_ACCESS_DENIED && number != ERROR_USER_MAPPED_FILE)) {
        return false;
    }
    Sleep(pause < SHARING_PAUSE_MAX_MS ? pause : SHARING_PAUSE_MAX_MS);
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_all(HANDLE file, const char *path, size_t max_bytes, struct buffer *out,
                     struct error *err)
{
    uint8_t chunk[IO_CHUNK / 4];
    size_t total = 0;
    bool ok = false;

    for (;;) {
        DWORD got = 0;

        if (!ReadFile(file, chunk, sizeof(chunk), &got, NULL)) {
            (void)win_error_file(err, WIN_READ, GetLastError(), path);
            break;
        }
        if (got == 0) {
            ok = true;
            break;
        }
        if (got > max_bytes - total) {
            (void)error_set(err, REASON_FILE_TOO_LARGE, "%s: more than %zu bytes", path, max_bytes);
            break;
        }
        if (!buffer_append(out, chunk, got, err)) {
            (void)error_context(err, "%s", path);
            break;
        }
        total += got;
    }
    secret_wipe(chunk, sizeof(chunk)); /* key files are read here too */
    return ok;
}

/* Open for reading; a file that somebody is replacing this moment is there at the next try. */
static HANDLE open_reading(const wchar_t *wide, const char *path, struct error *err)
{
    for (unsigned tries = 0;; tries++) {
        HANDLE file = CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING,
                                  FILE_FLAG_SEQUENTIAL_SCAN, NULL);
        DWORD number = GetLastError();

        if (file != INVALID_HANDLE_VALUE) {
            return file;
        }
        if (number == ERROR_ACCESS_DENIED && folder_exists(path)) {
            (void)error_set(err, REASON_FILE_UNREADABLE, "%s: this is a folder, not a file", path);
            return INVALID_HANDLE_VALUE;
        }
        if (number == ERROR_ACCESS_DENIED || !wait_for_others(number, tries)) {
            (void)win_error_file(err, WIN_READ, number, path);
            return INVALID_HANDLE_VALUE;
        }
    }
}

bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    size_t before = out->len;
    bool ok = false;
    wchar_t *wide = wide_path(path, err);

    if (wide == NULL) {
        return false;
    }
    file = open_reading(wide, path, err);
    if (file == INVALID_HANDLE_VALUE) {
        goto out;
    }
    if (GetFileType(file) != FILE_TYPE_DISK) {
        (void)error_set(err, REASON_FILE_UNREADABLE, "%s: this is not a regular file", path);
        goto out;
    }
    ok = read_all(file, path, max_bytes, out, err);
out:
    if (file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(file);
    }
    if (!ok && out->data != NULL) {
        secret_wipe(out->data + before, out->len - before);
        out->len = before;
        out->data[before] = 0;
    }
    free(wide);
    return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_all(HANDLE file, struct bytes content, const char *path, struct error *err)
{
    while (content.len > 0) {
        DWORD chunk = content.len < IO_CHUNK ? (DWORD)content.len : IO_CHUNK;
        DWORD done = 0;

        if (!WriteFile(file, content.data, chunk, &done, NULL)) {
            return win_error_file(err, WIN_WRITE, GetLastError(), path);
        }
        if (done == 0) {
            return win_error_file(err, WIN_WRITE, ERROR_DISK_FULL, path);
        }
        content.data += done;
        content.len -= done;
    }
    return true;
}

/* Create a file of a random name beside path; *name gets it, owned. */
static HANDLE open_temporary(const char *path, bool is_private, wchar_t **name, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    HANDLE file = INVALID_HANDLE_VALUE;
    char utf8[FILE_PATH_MAX + TEMP_NAME_MAX];
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];
    DWORD number = ERROR_SUCCESS;

    if (is_private && !private_rights_init(&rights, false, err)) {
        return INVALID_HANDLE_VALUE;
    }
    for (unsigned i = 0; i < TEMP_TRIES && file == INVALID_HANDLE_VALUE; i++) {
        free(*name);
        *name = NULL;
        if (!secret_random(random, sizeof(random), err)) {
            break;
        }
        text_hex(hex, sizeof(hex), bytes_of(random, sizeof(random)));
        if (!text_format(utf8, sizeof(utf8), "%s.%s.tmp", path, hex)) {
            (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
            break;
        }
        *name = wide_path(utf8, err);
        if (*name == NULL) {
            break;
        }
        /* nobody may open it before it has its name */
        file = CreateFileW(*name, GENERIC_WRITE, 0, is_private ? &rights.attributes : NULL,
                           CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        number = GetLastError();
        if (file == INVALID_HANDLE_VALUE && number != ERROR_FILE_EXISTS) {
            (void)win_error_file(err, WIN_WRITE, number, path);
            break;
        }
    }
    private_rights_clear(&rights);
    return file;
}

/* Write a temporary file beside path and flush it. On failure nothing is left behind. */
static bool write_temporary(const char *path, struct bytes content, bool is_private, wchar_t **name,
                            struct error *err)
{
    HANDLE file = open_temporary(path, is_private, name, err);
    bool ok = false;

    if (file == INVALID_HANDLE_VALUE) {
        return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: no temporary file can be made", path);
    }
    ok = write_all(file, content, path, err);
    if (ok && !FlushFileBuffers(file)) {
        ok = win_error_file(err, WIN_WRITE, GetLastError(), path);
    }
    (void)CloseHandle(file);
    if (!ok) {
        (void)DeleteFileW(*name);
    }
    return ok;
}

/* Rename, durable when it returns; waits a moment for others who have one of the names open. */
static DWORD move_file(const wchar_t *from, const wchar_t *to, bool replace)
{
    DWORD flags = MOVEFILE_WRITE_THROUGH | (replace ? MOVEFILE_REPLACE_EXISTING : 0u);

    for (unsigned tries = 0;; tries++) {
        DWORD number = ERROR_SUCCESS;
        DWORD attributes = 0;

        if (MoveFileExW(from, to, flags)) {
            return ERROR_SUCCESS;
        }
        number = GetLastError();
        attributes = GetFileAttributesW(to);
        if (number == ERROR_ACCESS_DENIED && attributes != INVALID_FILE_ATTRIBUTES
            && (attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY)) != 0) {
            return number; /* waiting does not change that */
        }
        if (!wait_for_others(number, tries)) {
            return number;
        }
    }
}

bool file_write_atomic(const char *path, struct bytes content, bool is_private, struct error *err)
{
    wchar_t *to = wide_path(path, err);
    wchar_t *temporary = NULL;
    DWORD number = ERROR_SUCCESS;
    bool ok = false;

    if (to == NULL || !write_temporary(path, content, is_private, &temporary, err)) {
        goto out;
    }
    number = move_file(temporary, to, true);
    if (number != ERROR_SUCCESS) {
        (void)DeleteFileW(temporary);
        (void)win_error_file(err, WIN_WRITE, number, path);
        goto out;
    }
    ok = true;
out:
    free(to);
    free(temporary);
    return ok;
}

bool file_create_new(const char *path, struct bytes content, bool is_private, struct error *err)
{
    wchar_t *to = wide_path(path, err);
    wchar_t *temporary = NULL;
    DWORD number = ERROR_SUCCESS;
    bool ok = false;

    if (to == NULL || !write_temporary(path, content, is_private, &temporary, err)) {
        goto out;
    }
    number = move_file(temporary, to, false);
    if (number != ERROR_SUCCESS) {
        (void)DeleteFileW(temporary);
        if (GetFileAttributesW(to) != INVALID_FILE_ATTRIBUTES) {
            number = ERROR_ALREADY_EXISTS;
        }
        (void)win_error_file(err, WIN_WRITE, number, path);
        goto out;
    }
    ok = true;
out:
    free(to);
    free(temporary);
    return ok;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_missing(DWORD number)
{
    return number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
}

bool file_remove(const char *path, struct error *err)
{
    wchar_t *wide = wide_path(path, err);
    bool ok = false;

    if (wide == NULL) {
        return false;
    }
    for (unsigned tries = 0; !ok; tries++) {
        DWORD number = ERROR_SUCCESS;

        ok = DeleteFileW(wide) != 0;
        number = GetLastError();
        ok = ok || is_missing(number);
        if (!ok && (folder_exists(path) || !wait_for_others(number, tries))) {
            (void)win_error_file(err, WIN_WRITE, number, path);
            break;
        }
    }
    free(wide);
    return ok;
}

bool file_rename(const char *from, const char *to, struct error *err)
{
    wchar_t *wide_from = wide_path(from, err);
    wchar_t *wide_to = wide_path(to, err);
    DWORD number = ERROR_SUCCESS;
    bool ok = false;

    if (wide_from == NULL || wide_to == NULL) {
        goto out;
    }
    number = move_file(wide_from, wide_to, true);
    ok = number == ERROR_SUCCESS;
    if (!ok && is_missing(number) && !file_exists(from)) {
        (void)win_error_file(err, WIN_READ, number, from);
    } else if (!ok) {
        (void)win_error_file(err, WIN_WRITE, number, to);
    }
out:
    free(wide_from);
    free(wide_to);
    return ok;
}

bool file_exists(const char *path)
{
    struct error ignored = ERROR_INIT;
    wchar_t *wide = wide_path(path, &ignored);
    DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;

    free(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool file_stamp(const char *path, struct file_stamp *out, struct error *err)
{
    struct file_stamp found = { 0, 0, 0, 0 };
    BY_HANDLE_FILE_INFORMATION info;
    FILE_BASIC_INFO basic;
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD number = ERROR_SUCCESS;
    bool ok = false;
    wchar_t *wide = wide_path(path, err);

    if (wide == NULL) {
        return false;
    }
    /* attributes only: needs no sharing from whoever has it open */
    file = CreateFileW(wide, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
    number = GetLastError();
    if (file != INVALID_HANDLE_VALUE && GetFileInformationByHandle(file, &info)) {
        uint64_t time = (uint64_t)info.ftLastWriteTime.dwHighDateTime << 32
                        | info.ftLastWriteTime.dwLowDateTime;

        found.modified_ns = ((int64_t)time - FILETIME_OF_1970) * 100;
        found.size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
        found.id = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
        if (GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof(basic))
            && basic.ChangeTime.QuadPart != 0) {
            found.changed_ns = (basic.ChangeTime.QuadPart - FILETIME_OF_1970) * 100;
        }
        ok = true;
    } else if (file == INVALID_HANDLE_VALUE && is_missing(number)) {
        ok = true;
    } else {
        (void)win_error_file(err, WIN_READ, number, path);
    }
    if (file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(file);
    }
    if (ok) {
        *out = found;
    }
    free(wide);
    return ok;
}

bool file_open_stays(void)
{
    return true;
}
