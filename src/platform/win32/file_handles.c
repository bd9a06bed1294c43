/* SPDX-License-Identifier: Apache-2.0 */
/* The handles of files.h: appending and locking. */
#include "platform/files.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define WRITE_CHUNK 65536u /* bytes */
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* Open a private file, made if missing. Everybody may read, rename and delete it meanwhile. */
static HANDLE open_private(const char *path, DWORD access, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    HANDLE file = INVALID_HANDLE_VALUE;
    wchar_t *wide = wide_path(path, err);

    if (wide != NULL && private_rights_init(&rights, false, err)) {
        file = CreateFileW(wide, access, SHARE_ALL, &rights.attributes, OPEN_ALWAYS,
                           FILE_ATTRIBUTE_NORMAL, NULL);
        if (file == INVALID_HANDLE_VALUE) {
            (void)win_error_file(err, WIN_WRITE, GetLastError(), path);
        }
    }
    private_rights_clear(&rights);
    free(wide);
    return file;
}

/* ---- appending ------------------------------------------------------------------------------- */

struct file_append {
    HANDLE file;
    uint64_t size;
    char path[FILE_PATH_MAX]; /* for messages */
};

static void ask_size(struct file_append *f)
{
    LARGE_INTEGER size;

    if (GetFileSizeEx(f->file, &size)) {
        f->size = (uint64_t)size.QuadPart;
    }
}

struct file_append *file_append_open(const char *path, struct error *err)
{
    struct file_append *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    f->file = INVALID_HANDLE_VALUE;
    if (!text_copy(f->path, sizeof(f->path), path)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        file_append_close(f);
        return NULL;
    }
    /* append without write: the system puts every write at the end */
    f->file = open_private(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, err);
    if (f->file == INVALID_HANDLE_VALUE) {
        file_append_close(f);
        return NULL;
    }
    ask_size(f);
    return f;
}

void file_append_close(struct file_append *f)
{
    if (f == NULL) {
        return;
    }
    if (f->file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(f->file);
    }
    free(f);
}

bool file_append_write(struct file_append *f, struct bytes data, struct error *err)
{
    bool ok = true;

    while (ok && data.len > 0) {
        DWORD chunk = data.len < WRITE_CHUNK ? (DWORD)data.len : WRITE_CHUNK;
        DWORD done = 0;

        ok = WriteFile(f->file, data.data, chunk, &done, NULL) && done > 0;
        if (!ok) {
            DWORD number = GetLastError();

            (void)win_error_file(err, WIN_WRITE, number != 0 ? number : ERROR_DISK_FULL, f->path);
        }
        data.data += done;
        data.len -= done;
    }
    /* asked for, not added up: a failed write may have left a part, and others may append too */
    ask_size(f);
    return ok;
}

uint64_t file_append_size(const struct file_append *f)
{
    return f->size;
}

/* ---- locking --------------------------------------------------------------------------------- */

struct file_lock {
    HANDLE file;
};

bool file_lock_try(const char *path, struct file_lock **out, bool *held, struct error *err)
{
    struct file_lock *lock = calloc(1, sizeof(*lock));
    OVERLAPPED first_byte;
    DWORD number = ERROR_SUCCESS;

    if (lock == NULL) {
        return error_set(err, REASON_NO_MEMORY, "%s: out of memory", path);
    }
    lock->file = open_private(path, GENERIC_READ | GENERIC_WRITE, err);
    if (lock->file == INVALID_HANDLE_VALUE) {
        free(lock);
        return false;
    }
    ZeroMemory(&first_byte, sizeof(first_byte));
    /* a lock and not a sharing mode: a virus scanner that looks at the file must not count */
    if (!LockFileEx(lock->file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                    &first_byte)) {
        number = GetLastError();
        file_lock_release(lock);
        if (number != ERROR_LOCK_VIOLATION && number != ERROR_IO_PENDING) {
            return win_error_file(err, WIN_WRITE, number, path);
        }
        *out = NULL;
        *held = false;
        return true;
    }
    *out = lock;
    *held = true;
    return true;
}

void file_lock_release(struct file_lock *lock)
{
    if (lock == NULL) {
        return;
    }
    (void)CloseHandle(lock->file); /* ends the lock */
    free(lock);
}
