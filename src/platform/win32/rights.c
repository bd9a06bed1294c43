/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights of files. Everything is asked of and given to an open handle that follows no reparse
 * point: what was looked at is what is meant.
 */
#include "platform/rights.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/file_stream.h"
#include "platform/rights_object.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/rights_descriptor.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <aclapi.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
/* the folder itself, not what it leads to */
#define OPEN_ITSELF (FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
#define GIVEN                                                                                      \
    (OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION)
#define PRIVILEGES 3u
/* Room for the path of the data folder in a sentence of ERROR_DETAIL_MAX. */
#define REMEDY_MAX 512u
/* Content kept elsewhere by the system itself: deduplicated volumes, compressed system images. */
#define TAG_DEDUP 0x80000013u
#define TAG_WOF 0x80000017u

/* ---- what is it ------------------------------------------------------------------------------ */

static bool is_missing(DWORD number)
{
    return number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
}

static bool leads_elsewhere(HANDLE file)
{
    FILE_ATTRIBUTE_TAG_INFO tag = { 0, 0 };

    return !GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag, sizeof(tag))
           || (tag.ReparseTag != TAG_DEDUP && tag.ReparseTag != TAG_WOF);
}

static bool inspect(HANDLE file, const char *path, BY_HANDLE_FILE_INFORMATION *info,
                    struct error *err)
{
    if (!GetFileInformationByHandle(file, info)) {
        return win_error_file(err, WIN_READ, GetLastError(), path);
    }
    if ((info->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && leads_elsewhere(file)) {
        return error_set(err, REASON_REPARSE_POINT,
                         "%s is a link or junction; put the file or folder itself in its place",
                         path);
    }
    return true;
}

static bool check_names(const BY_HANDLE_FILE_INFORMATION *info, const char *path, struct error *err)
{
    return (info->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 || info->nNumberOfLinks <= 1
           || error_set(err, REASON_RIGHTS_UNSAFE,
                        "%s has another name elsewhere (%lu in all), where others may reach it; "
                        "find it with: fsutil hardlink list \"%s\" and remove that one",
                        path, (unsigned long)info->nNumberOfLinks, path);
}

/* ---- checking -------------------------------------------------------------------------------- */

static void remedy_text(const char *data_folder, char out[REMEDY_MAX])
{
    bool whole = data_folder != NULL
                 && text_format(out, REMEDY_MAX,
                                "mend it as an administrator with: "
                                "openndes --data \"%s\" service setup",
                                data_folder);

    whole =
        whole
        || text_copy(out, REMEDY_MAX, "mend it as an administrator with: openndes service setup");
    (void)whole;
}

static bool check_handle(HANDLE file, const char *path, const char *remedy, bool is_secret,
                         struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    char self[RIGHTS_SID_MAX];
    struct rights_subject subject = { self, false, is_secret };
    DWORD number = ERROR_SUCCESS;
    bool ok = false;

    if (!inspect(file, path, &info, err)) {
        return false;
    }
    subject.is_folder = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    private_rights_self(self);
    number = GetSecurityInfo(file, SE_FILE_OBJECT,
                             OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, NULL, NULL,
                             NULL, NULL, &descriptor);
    if (number != ERROR_SUCCESS) {
        return win_error_file(err, WIN_READ, number, path);
    }
    ok = rights_descriptor_check(descriptor, &subject, path, remedy, err);
    ok = ok && (!is_secret || check_names(&info, path, err));
    (void)LocalFree(descriptor);
    return ok;
}

bool rights_object_check(const char *data_folder, const char *path, bool is_secret,
                         struct error *err)
{
    wchar_t *wide = wide_path(path, err);
    HANDLE file = INVALID_HANDLE_VALUE;
    char remedy[REMEDY_MAX];
    bool ok = false;

    if (wide == NULL) {
        return false;
    }
    remedy_text(data_folder, remedy);
    file = CreateFileW(wide, READ_CONTROL | FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                       OPEN_ITSELF, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD number = GetLastError();

        ok = is_missing(number) || win_error_file(err, WIN_READ, number, path);
    } else {
        ok = check_handle(file, path, remedy, is_secret, err);
        (void)CloseHandle(file);
    }
    free(wide);
    return ok;
}

bool rights_object_check_above(const char *path, struct error *err)
{
    (void)path;
    (void)err;
    return true;
}

/* ---- giving ---------------------------------------------------------------------------------- */

/* The owner as far as it goes: the rights matter more, and Administrators can take what is left. */
static bool give(HANDLE file, const char *path, bool is_folder, bool may_own, struct error *err)
{
    struct private_rights rights = { { 0, NULL, FALSE } };
    PSECURITY_DESCRIPTOR descriptor = NULL;
    bool ok = false;

    if (!private_rights_init(&rights, is_folder, err)) {
        return error_context(err, "%s", path);
    }
    descriptor = rights.attributes.lpSecurityDescriptor;
    ok = (may_own && private_rights_owner() != RIGHTS_OWNER_CREATOR
          && SetKernelObjectSecurity(file, GIVEN, descriptor))
         || SetKernelObjectSecurity(file, GIVEN & ~(DWORD)OWNER_SECURITY_INFORMATION, descriptor);
    if (!ok) {
        (void)win_error_file(err, WIN_WRITE, GetLastError(), path);
    }
    private_rights_clear(&rights);
    return ok;
}

bool rights_object_protect(const char *path, bool *is_folder, struct error *err)
{
    const DWORD needed = READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES;
    BY_HANDLE_FILE_INFORMATION info;
    wchar_t *wide = wide_path(path, err);
    HANDLE file = INVALID_HANDLE_VALUE;
    bool may_own = true;
    bool ok = false;

    *is_folder = false;
    if (wide == NULL) {
        return false;
    }
    file =
        CreateFileW(wide, needed | WRITE_OWNER, SHARE_ALL, NULL, OPEN_EXISTING, OPEN_ITSELF, NULL);
    if (file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED) {
        may_own = false;
        file = CreateFileW(wide, needed, SHARE_ALL, NULL, OPEN_EXISTING, OPEN_ITSELF, NULL);
    }
    if (file == INVALID_HANDLE_VALUE) {
        (void)win_error_file(err, WIN_WRITE, GetLastError(), path);
        goto out;
    }
    if (!inspect(file, path, &info, err)) {
        goto out;
    }
    *is_folder = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    /* rights are the file's, whatever its names: a link to one of the system would change that */
    if (!check_names(&info, path, err)) {
        goto out;
    }
    ok = give(file, path, *is_folder, may_own, err);
out:
    if (file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(file);
    }
    free(wide);
    return ok;
}

/*
 * Not closed but made anew: whoever made it may still have it open, with the right to change its
 * rights whenever he likes.
 */
bool rights_take_empty(const char *folder, struct error *err)
{
    return folder_remove(folder, err) && folder_create_new(folder, err);
}

/* ---- privileges ------------------------------------------------------------------------------ */

struct rights_walk {
    HANDLE token;
    TOKEN_PRIVILEGES before[PRIVILEGES];
};

/*
 * An administrator holds these and has to switch them on: with them also a folder opens whose list
 * shuts Administrators out.
 */
struct rights_walk *rights_object_begin(void)
{
    static const wchar_t *const names[PRIVILEGES] = { L"SeBackupPrivilege", L"SeRestorePrivilege",
                                                      L"SeTakeOwnershipPrivilege" };
    struct rights_walk *walk = calloc(1, sizeof(*walk));

    if (walk == NULL) {
        return NULL;
    }
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES,
                          &walk->token)) {
        free(walk);
        return NULL;
    }
    for (size_t i = 0; i < PRIVILEGES; i++) {
        TOKEN_PRIVILEGES wanted = { 1, { { { 0, 0 }, SE_PRIVILEGE_ENABLED } } };
        DWORD size = 0;

        if (LookupPrivilegeValueW(NULL, names[i], &wanted.Privileges[0].Luid)) {
            (void)AdjustTokenPrivileges(walk->token, FALSE, &wanted, sizeof(walk->before[i]),
                                        &walk->before[i], &size);
        }
    }
    return walk;
}

void rights_object_end(struct rights_walk *walk)
{
    if (walk == NULL) {
        return;
    }
    for (size_t i = 0; i < PRIVILEGES; i++) {
        if (walk->before[i].PrivilegeCount > 0) { /* 0: nothing was changed */
            (void)AdjustTokenPrivileges(walk->token, FALSE, &walk->before[i], 0, NULL, NULL);
        }
    }
    (void)CloseHandle(walk->token);
    free(walk);
}
