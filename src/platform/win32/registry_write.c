/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <wchar.h>

#include "platform/registry.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <sddl.h>

static bool failed(struct error *err, LSTATUS rc, const char *key)
{
    if (rc == ERROR_ACCESS_DENIED) {
        return error_set(err, REASON_NOT_PERMITTED,
                         "registry HKLM\\%s may not be written by this account; run the command "
                         "in a console that was started as administrator",
                         key);
    }
    (void)win_error_set(err, REASON_FILE_NOT_WRITABLE, (uint32_t)rc, "cannot be written");
    return error_context(err, "registry HKLM\\%s", key);
}

/* Owner and group stay as they are: only who may do what is given. */
static bool set_rights(HKEY open, const char *key, const char *sddl, struct error *err)
{
    wchar_t *wide = wide_from_utf8(sddl, err);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    LSTATUS rc = ERROR_SUCCESS;

    if (wide == NULL) {
        return false;
    }
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor,
                                                              NULL)) {
        rc = (LSTATUS)GetLastError();
    } else {
        rc = RegSetKeySecurity(open,
                               DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                               descriptor);
    }
    (void)LocalFree(descriptor);
    free(wide);
    return rc == ERROR_SUCCESS || failed(err, rc, key);
}

bool registry_make_key(const char *key, const char *sddl, struct error *err)
{
    wchar_t *wide = wide_from_utf8(key, err);
    HKEY open = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    if (wide == NULL) {
        return false;
    }
    rc = RegCreateKeyExW(HKEY_LOCAL_MACHINE, wide, 0, NULL, REG_OPTION_NON_VOLATILE,
                         KEY_SET_VALUE | KEY_WOW64_64KEY | (sddl != NULL ? WRITE_DAC : 0), NULL,
                         &open, NULL);
    if (rc != ERROR_SUCCESS) {
        (void)failed(err, rc, key);
    } else {
        ok = sddl == NULL || set_rights(open, key, sddl, err);
        (void)RegCloseKey(open);
    }
    free(wide);
    return ok;
}

static bool write_value(const char *key, const char *value, DWORD type, const void *data,
                        size_t size, struct error *err)
{
    wchar_t *wide_key = wide_from_utf8(key, err);
    wchar_t *wide_value = wide_from_utf8(value, err);
    HKEY open = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    if (wide_key != NULL && wide_value != NULL) {
        rc = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide_key, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &open);
        if (rc == ERROR_SUCCESS) {
            rc = RegSetValueExW(open, wide_value, 0, type, data, (DWORD)size);
            (void)RegCloseKey(open);
        }
        ok = rc == ERROR_SUCCESS || failed(err, rc, key);
    }
    free(wide_key);
    free(wide_value);
    return ok;
}

bool registry_write_text(const char *key, const char *value, const char *text, bool expandable,
                         struct error *err)
{
    wchar_t *wide = wide_from_utf8(text, err);
    bool ok = wide != NULL
              && write_value(key, value, expandable ? REG_EXPAND_SZ : REG_SZ, wide,
                             (wcslen(wide) + 1) * sizeof(*wide), err);

    free(wide);
    return ok;
}

bool registry_write_u32(const char *key, const char *value, uint32_t number, struct error *err)
{
    return write_value(key, value, REG_DWORD, &number, sizeof(number), err);
}

bool registry_remove_key(const char *key, struct error *err)
{
    wchar_t *wide = wide_from_utf8(key, err);
    LSTATUS rc = ERROR_SUCCESS;

    if (wide == NULL) {
        return false;
    }
    rc = RegDeleteKeyExW(HKEY_LOCAL_MACHINE, wide, KEY_WOW64_64KEY, 0);
    free(wide);
    return rc == ERROR_SUCCESS || rc == ERROR_FILE_NOT_FOUND || rc == ERROR_PATH_NOT_FOUND
           || failed(err, rc, key);
}
