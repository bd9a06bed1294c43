/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/wide.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#define PREFIX L"\\\\?\\"
#define PREFIX_UNC L"\\\\?\\UNC\\"
#define PREFIX_DEVICE L"\\\\.\\"

static wchar_t *convert(const char *text, size_t len, DWORD flags)
{
    wchar_t *wide = NULL;
    int need = 0;

    if (len >= INT_MAX) {
        return NULL;
    }
    if (len > 0) {
        need = MultiByteToWideChar(CP_UTF8, flags, text, (int)len, NULL, 0);
        if (need <= 0) {
            return NULL;
        }
    }
    wide = malloc(((size_t)need + 1) * sizeof(*wide));
    if (wide == NULL) {
        return NULL;
    }
    if (need > 0) {
        (void)MultiByteToWideChar(CP_UTF8, flags, text, (int)len, wide, need);
    }
    wide[need] = L'\0';
    return wide;
}

wchar_t *wide_from_utf8(const char *text, struct error *err)
{
    wchar_t *wide = NULL;

    SetLastError(ERROR_SUCCESS);
    wide = convert(text, strlen(text), MB_ERR_INVALID_CHARS);
    if (wide == NULL && GetLastError() == ERROR_NO_UNICODE_TRANSLATION) {
        (void)error_set(err, REASON_SYNTAX, "a text is not UTF-8");
    } else if (wide == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a text");
    }
    return wide;
}

wchar_t *wide_from_utf8_lossy(const char *text, size_t len)
{
    return convert(text, len, 0);
}

bool wide_to_utf8(const wchar_t *text, struct buffer *out, struct error *err)
{
    int need = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);

    if (need <= 0) {
        return error_set(err, REASON_SYNTAX, "a text of the system is not UTF-16");
    }
    if (!buffer_reserve(out, (size_t)need - 1, err)) {
        return false;
    }
    /* the buffer keeps a byte for the NUL behind what was reserved */
    (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, (char *)out->data + out->len, need, NULL, NULL);
    out->len += (size_t)need - 1;
    return true;
}

/* GetFullPathNameW into owned memory: absolute, '\' only, no "..", no dots or spaces at the end. */
static wchar_t *full_path(const wchar_t *path)
{
    DWORD need = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *full = need > 0 ? malloc(((size_t)need + 1) * sizeof(*full)) : NULL;
    DWORD got = 0;

    if (full == NULL) {
        return NULL;
    }
    got = GetFullPathNameW(path, need + 1, full, NULL);
    if (got == 0 || got > need) { /* the current folder has changed in between */
        free(full);
        return NULL;
    }
    return full;
}

wchar_t *wide_path(const char *path, struct error *err)
{
    wchar_t *given = wide_from_utf8(path, err);
    wchar_t *full = NULL;
    wchar_t *result = NULL;
    const wchar_t *prefix = PREFIX;
    const wchar_t *rest = NULL;
    size_t size = 0;

    if (given == NULL) {
        return NULL;
    }
    if (wcsncmp(given, PREFIX, wcslen(PREFIX)) == 0) {
        return given; /* the caller knows what he does */
    }
    full = full_path(given);
    if (full == NULL) {
        (void)error_set(err, REASON_FILE_NOT_WRITABLE, "%s: not a usable path", path);
        goto out;
    }
    if (wcsncmp(full, PREFIX_DEVICE, wcslen(PREFIX_DEVICE)) == 0) {
        (void)error_set(err, REASON_FILE_NOT_WRITABLE,
                        "%s: Windows reserves this name for a device; choose another", path);
        goto out;
    }
    rest = full;
    if (full[0] == L'\\' && full[1] == L'\\') {
        prefix = PREFIX_UNC;
        rest = full + 2;
    }
    size = wcslen(prefix) + wcslen(rest) + 1;
    result = malloc(size * sizeof(*result));
    if (result == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a path");
        goto out;
    }
    memcpy(result, prefix, wcslen(prefix) * sizeof(*result));
    memcpy(result + wcslen(prefix), rest, (wcslen(rest) + 1) * sizeof(*result));
    /* "a\" is the folder "a"; only a drive's root keeps its '\' */
    if (size > 2 && result[size - 2] == L'\\' && result[size - 3] != L':') {
        result[size - 2] = L'\0';
    }
out:
    free(given);
    free(full);
    return result;
}
