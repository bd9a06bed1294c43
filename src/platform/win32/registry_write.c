/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <wchar.h>

#include "platform/registry.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

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

static bool is_missing(LSTATUS rc)
{
    return rc == ERROR_FILE_NOT_FOUND || rc == ERROR_PATH_NOT_FOUND;
}

bool registry_make_key(const char *key, struct error *err)
{
    wchar_t *wide = wide_from_utf8(key, err);
    HKEY open = NULL;
    LSTATUS rc = ERROR_SUCCESS;

    if (wide == NULL) {
        return false;
    }
    rc = RegCreateKeyExW(HKEY_LOCAL_MACHINE, wide, 0, NULL, REG_OPTION_NON_VOLATILE,
                         KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &open, NULL);
    if (rc == ERROR_SUCCESS) {
        (void)RegCloseKey(open);
    }
    free(wide);
    return rc == ERROR_SUCCESS || failed(err, rc, key);
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

bool registry_remove_value(const char *key, const char *value, struct error *err)
{
    wchar_t *wide_key = wide_from_utf8(key, err);
    wchar_t *wide_value = wide_from_utf8(value, err);
    HKEY open = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    if (wide_key != NULL && wide_value != NULL) {
        rc = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide_key, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &open);
        if (rc == ERROR_SUCCESS) {
            rc = RegDeleteValueW(open, wide_value);
            (void)RegCloseKey(open);
        }
        ok = rc == ERROR_SUCCESS || is_missing(rc) || failed(err, rc, key);
    }
    free(wide_key);
    free(wide_value);
    return ok;
}

static LSTATUS look_into(const wchar_t *key, bool *empty)
{
    HKEY open = NULL;
    DWORD keys = 0;
    DWORD values = 0;
    LSTATUS rc = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_READ | KEY_WOW64_64KEY, &open);

    if (rc == ERROR_SUCCESS) {
        rc = RegQueryInfoKeyW(open, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL,
                              NULL);
        (void)RegCloseKey(open);
    }
    *empty = keys == 0 && values == 0;
    return rc;
}

/* Windows itself refuses to remove a key that has keys below it. */
static bool remove_key(const char *key, bool only_empty, struct error *err)
{
    wchar_t *wide = wide_from_utf8(key, err);
    bool empty = true;
    LSTATUS rc = ERROR_SUCCESS;

    if (wide == NULL) {
        return false;
    }
    if (only_empty) {
        rc = look_into(wide, &empty);
    }
    if (rc == ERROR_SUCCESS && empty) {
        rc = RegDeleteKeyExW(HKEY_LOCAL_MACHINE, wide, KEY_WOW64_64KEY, 0);
    }
    free(wide);
    return rc == ERROR_SUCCESS || is_missing(rc) || failed(err, rc, key);
}

bool registry_remove_key(const char *key, struct error *err)
{
    return remove_key(key, false, err);
}

bool registry_remove_empty_key(const char *key, struct error *err)
{
    return remove_key(key, true, err);
}
