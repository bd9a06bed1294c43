/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/product.h"
#include "base/text.h"
#include "platform/folder_names.h"
#include "platform/registry.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <shlobj.h>

#define DATA_FOLDER_NAME PRODUCT_NAME
#define NAME_BYTES_MAX 1024u /* a name has at most 255 UTF-16 units */

/* FOLDERID_ProgramData; the header only declares it, and libuuid would be one more library. */
static const GUID program_data = { 0x62ab5d82,
                                   0xfdc1,
                                   0x4dc3,
                                   { 0xa9, 0xdd, 0x07, 0x0d, 0x1d, 0x49, 0x5d, 0x97 } };

static bool is_folder_wide(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool folder_exists(const char *path)
{
    struct error ignored = ERROR_INIT;
    wchar_t *wide = wide_path(path, &ignored);
    bool exists = wide != NULL && is_folder_wide(wide);

    free(wide);
    return exists;
}

/* Behind the part of a path that cannot be created: drive, or server and share. */
static wchar_t *behind_root(wchar_t *path)
{
    static const wchar_t unc[] = L"\\\\?\\UNC\\";
    wchar_t *at = path;
    size_t separators = 1;

    if (wcsncmp(path, unc, wcslen(unc)) == 0) {
        at = path + wcslen(unc);
        separators = 2;
    } else if (wcsncmp(path, L"\\\\?\\", 4) == 0) {
        at = path + 4;
    }
    while (separators > 0 && *at != L'\0') {
        if (*at++ == L'\\') {
            separators--;
        }
    }
    return at;
}

/* One level. A folder that somebody else makes at the same moment is as good. */
static bool create_one(const wchar_t *wide, SECURITY_ATTRIBUTES *rights, const char *path,
                       struct error *err)
{
    DWORD number = ERROR_SUCCESS;

    if (is_folder_wide(wide) || CreateDirectoryW(wide, rights)) {
        return true;
    }
    number = GetLastError();
    if (number == ERROR_ALREADY_EXISTS && is_folder_wide(wide)) {
        return true;
    }
    if (number == ERROR_ALREADY_EXISTS) {
        return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: this is a file, not a folder", path);
    }
    return win_error_file(err, WIN_WRITE, number, path);
}

bool folder_create(const char *path, bool is_private, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    SECURITY_ATTRIBUTES *attributes = is_private ? &rights.attributes : NULL;
    wchar_t *wide = wide_path(path, err);
    bool ok = false;

    if (wide == NULL || (is_private && !private_rights_init(&rights, true, err))) {
        goto out;
    }
    for (wchar_t *at = behind_root(wide); *at != L'\0'; at++) {
        if (*at == L'\\' && at[1] != L'\0') {
            *at = L'\0';
            if (!create_one(wide, attributes, path, err)) {
                goto out;
            }
            *at = L'\\';
        }
    }
    ok = create_one(wide, attributes, path, err);
out:
    private_rights_clear(&rights);
    free(wide);
    return ok;
}

bool folder_remove(const char *path, struct error *err)
{
    wchar_t *wide = wide_path(path, err);
    DWORD number = ERROR_SUCCESS;
    bool ok = false;

    if (wide == NULL) {
        return false;
    }
    ok = RemoveDirectoryW(wide) != 0;
    number = GetLastError();
    if (!ok && (number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND)) {
        ok = true;
    }
    if (!ok) {
        (void)win_error_file(err, WIN_WRITE, number, path);
    }
    free(wide);
    return ok;
}

static bool add_entry(struct folder_names *names, const WIN32_FIND_DATAW *entry, struct error *err)
{
    struct buffer name = BUFFER_INIT(NAME_BYTES_MAX);
    bool ok = wide_to_utf8(entry->cFileName, &name, err)
              && folder_names_add(names, buffer_text(&name),
                                  (entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0, err);

    buffer_clear(&name);
    return ok;
}

static bool read_entries(const wchar_t *pattern, const char *path, struct folder_names *names,
                         struct error *err)
{
    WIN32_FIND_DATAW entry;
    DWORD number = ERROR_SUCCESS;
    bool ok = true;
    HANDLE find =
        FindFirstFileExW(pattern, FindExInfoBasic, &entry, FindExSearchNameMatch, NULL, 0);

    if (find == INVALID_HANDLE_VALUE) {
        number = GetLastError();
        /* the root of an empty drive has not even "." */
        return number == ERROR_FILE_NOT_FOUND && folder_exists(path)
                   ? true
                   : win_error_file(err, WIN_READ, number, path);
    }
    do {
        ok = add_entry(names, &entry, err);
    } while (ok && FindNextFileW(find, &entry));
    number = GetLastError();
    (void)FindClose(find);
    if (!ok) {
        return error_context(err, "%s", path);
    }
    return number == ERROR_NO_MORE_FILES ? true : win_error_file(err, WIN_READ, number, path);
}

bool folder_list(const char *path, size_t max_entries, folder_visit *visit, void *context,
                 struct error *err)
{
    struct folder_names names = FOLDER_NAMES_INIT(max_entries);
    char pattern[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    bool ok = false;

    if (!path_join(pattern, path, "*", err)) {
        return false;
    }
    wide = wide_path(pattern, err);
    ok = wide != NULL && read_entries(wide, path, &names, err)
         && folder_names_visit(&names, visit, context, err);
    folder_names_clear(&names);
    free(wide);
    return ok;
}

/* The folder that holds the path, with '\' at its end, which shares of servers need here. */
static wchar_t *folder_with_separator(const char *path)
{
    struct error ignored = ERROR_INIT;
    wchar_t *wide = wide_path(path, &ignored);
    wchar_t *grown = NULL;
    wchar_t *slash = NULL;
    size_t len = wide != NULL ? wcslen(wide) : 0;

    if (wide == NULL) return NULL;
    if (!is_folder_wide(wide)) { /* a file, or one to be: the system wants its folder */
        slash = wcsrchr(behind_root(wide), L'\\');
        (slash != NULL ? slash + 1 : behind_root(wide))[0] = L'\0';
        return wide;
    }
    if (wide[len - 1] == L'\\') return wide;
    grown = realloc(wide, (len + 2) * sizeof(*wide));
    if (grown == NULL) {
        free(wide);
        return NULL;
    }
    grown[len] = L'\\';
    grown[len + 1] = L'\0';
    return grown;
}

bool folder_free_bytes(const char *path, uint64_t *bytes)
{
    wchar_t *folder = folder_with_separator(path);
    ULARGE_INTEGER available;
    bool ok = folder != NULL && GetDiskFreeSpaceExW(folder, &available, NULL, NULL) != 0;

    if (ok) *bytes = available.QuadPart;
    free(folder);
    return ok;
}

/*
 * *found false: no service was set up here. A value that is no absolute path of a drive or a share
 * is refused rather than looked for in the current folder.
 */
static bool noted_folder(char path[FILE_PATH_MAX], bool *found, struct error *err)
{
    struct buffer noted = BUFFER_INIT(FILE_PATH_MAX);
    const char *text = NULL;
    bool ok =
        registry_read_text(PRODUCT_REGISTRY_KEY, PRODUCT_REGISTRY_DATA_DIR, &noted, found, err);

    text = buffer_text(&noted);
    *found = ok && *found && text[0] != '\0';
    if (*found
        && !((text[1] == ':' && (text[2] == '\\' || text[2] == '/'))
             || (text[0] == '\\' && text[1] == '\\'))) {
        ok = error_set(err, REASON_CONFIG_BAD_VALUE,
                       "registry HKLM\\%s, value %s: \"%s\" is no absolute path",
                       PRODUCT_REGISTRY_KEY, PRODUCT_REGISTRY_DATA_DIR, text);
    } else if (*found && !text_copy(path, FILE_PATH_MAX, text)) {
        ok = error_set(err, REASON_LIMIT, "registry HKLM\\%s, value %s is too long",
                       PRODUCT_REGISTRY_KEY, PRODUCT_REGISTRY_DATA_DIR);
    }
    buffer_clear(&noted);
    return ok;
}

static bool standard_folder(char path[FILE_PATH_MAX], struct error *err)
{
    struct buffer folder = BUFFER_INIT(FILE_PATH_MAX);
    PWSTR wide = NULL;
    bool ok = false;
    HRESULT hr = SHGetKnownFolderPath(&program_data, 0, NULL, &wide);

    if (FAILED(hr)) {
        (void)win_error_set(err, REASON_INTERNAL, (uint32_t)hr,
                            "Windows does not tell where ProgramData is; use --data");
        goto out;
    }
    if (!wide_to_utf8(wide, &folder, err)) {
        goto out;
    }
    ok = text_format(path, FILE_PATH_MAX, "%s\\%s", buffer_text(&folder), DATA_FOLDER_NAME);
    if (!ok) {
        (void)error_set(err, REASON_LIMIT, "the path of ProgramData is too long; use --data");
    }
out:
    CoTaskMemFree(wide);
    buffer_clear(&folder);
    return ok;
}

bool folder_default_data(char path[FILE_PATH_MAX], struct error *err)
{
    bool found = false;

    return noted_folder(path, &found, err) && (found || standard_folder(path, err));
}

bool path_absolute(const char *path, char out[FILE_PATH_MAX], struct error *err)
{
    struct buffer text = BUFFER_INIT(FILE_PATH_MAX);
    wchar_t *wide = wide_from_utf8(path, err);
    wchar_t full[FILE_PATH_MAX];
    DWORD len = 0;
    bool ok = false;

    if (wide == NULL) goto out;
    len = GetFullPathNameW(wide, FILE_PATH_MAX, full, NULL);
    if (len == 0 || len >= FILE_PATH_MAX) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes, or unusable: %.100s",
                        FILE_PATH_MAX - 1, path);
        goto out;
    }
    /* "C:\x\" is the folder "C:\x"; a drive keeps its separator */
    while (len > 3 && full[len - 1] == L'\\') {
        full[--len] = L'\0';
    }
    if (!wide_to_utf8(full, &text, err)) goto out;
    ok = text_copy(out, FILE_PATH_MAX, buffer_text(&text))
         || error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
out:
    buffer_clear(&text);
    free(wide);
    return ok;
}
