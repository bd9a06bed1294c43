/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/win_error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#include <windows.h>

#define SYSTEM_TEXT_MAX 256              /* UTF-16 units */
#define NUMBER_DISK_QUOTA_EXCEEDED 1295u /* missing in the headers of MinGW-w64 10 */

struct number_row {
    uint32_t number;
    enum reason read;
    enum reason write;
    const char *sentence;
};

static const struct number_row rows[] = {
    { ERROR_FILE_NOT_FOUND, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE,
      "no such file or folder" },
    { ERROR_PATH_NOT_FOUND, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE,
      "no such file or folder" },
    { ERROR_INVALID_DRIVE, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE, "no such drive" },
    { ERROR_BAD_NETPATH, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE,
      "the network path cannot be reached" },
    { ERROR_BAD_NET_NAME, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE,
      "there is no such network share" },
    { ERROR_ACCESS_DENIED, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "no permission, or in use; give the account of the service access to it" },
    { ERROR_SHARING_VIOLATION, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "another program (a virus scanner, a backup, an editor) has it open; close it there" },
    { ERROR_LOCK_VIOLATION, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "another program has locked it; close it there" },
    { ERROR_USER_MAPPED_FILE, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "another program has it open; close it there" },
    { ERROR_WRITE_PROTECT, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the disk is write-protected" },
    { ERROR_DISK_FULL, REASON_DISK_FULL, REASON_DISK_FULL, "the disk is full; free space on it" },
    { ERROR_HANDLE_DISK_FULL, REASON_DISK_FULL, REASON_DISK_FULL,
      "the disk is full; free space on it" },
    { NUMBER_DISK_QUOTA_EXCEEDED, REASON_DISK_FULL, REASON_DISK_FULL,
      "the disk quota of this account is used up; raise it or free space" },
    { ERROR_FILE_EXISTS, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "it exists already" },
    { ERROR_ALREADY_EXISTS, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE, "it exists already" },
    { ERROR_DIR_NOT_EMPTY, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the folder is not empty" },
    { ERROR_DIRECTORY, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "this is a file, not a folder" },
    { ERROR_INVALID_NAME, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the name holds characters that Windows does not allow" },
    { ERROR_FILENAME_EXCED_RANGE, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the name is too long" },
    { ERROR_TOO_MANY_OPEN_FILES, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "too many open files" },
    { ERROR_CRC, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the disk reports an error; look at the System event log" },
    { ERROR_IO_DEVICE, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE,
      "the disk reports an error; look at the System event log" },
    { ERROR_NOT_ENOUGH_MEMORY, REASON_NO_MEMORY, REASON_NO_MEMORY, "out of memory" },
    { ERROR_OUTOFMEMORY, REASON_NO_MEMORY, REASON_NO_MEMORY, "out of memory" },
    { ERROR_NO_SYSTEM_RESOURCES, REASON_NO_MEMORY, REASON_NO_MEMORY, "out of system resources" },
};

void win_error_text(uint32_t number, char *text, size_t size)
{
    wchar_t wide[SYSTEM_TEXT_MAX];
    char utf8[3 * SYSTEM_TEXT_MAX + 1];
    struct bytes trimmed;
    DWORD len = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                               number, 0, wide, SYSTEM_TEXT_MAX, NULL);
    int bytes = 0;

    if (len > 0) {
        bytes =
            WideCharToMultiByte(CP_UTF8, 0, wide, (int)len, utf8, (int)sizeof(utf8), NULL, NULL);
    }
    trimmed = text_trim(bytes_of(utf8, bytes > 0 ? (size_t)bytes : 0));
    if (trimmed.len == 0) {
        (void)snprintf(text, size, "error %lu", (unsigned long)number);
        return;
    }
    text_escape(text, size, trimmed);
}

bool win_error_set(struct error *err, enum reason reason, uint32_t number, const char *what)
{
    char text[SYSTEM_TEXT_MAX];

    win_error_text(number, text, sizeof(text));
    return error_set(err, reason, "%s: %s (error %lu)", what, text, (unsigned long)number);
}

bool win_error_file(struct error *err, enum win_access access, uint32_t number, const char *path)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number) {
            return error_set(err, access == WIN_READ ? rows[i].read : rows[i].write, "%s: %s", path,
                             rows[i].sentence);
        }
    }
    return win_error_set(
        err, access == WIN_READ ? REASON_FILE_UNREADABLE : REASON_FILE_NOT_WRITABLE, number, path);
}
