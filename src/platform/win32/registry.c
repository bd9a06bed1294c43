/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry.h"

#include <stdlib.h>

#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define VALUE_MAX_BYTES 65536u /* UTF-16; the longest setting is a path */
#define GROW_TRIES 4u          /* the value may grow while it is read */

/* REG_EXPAND_SZ counts as REG_SZ here: RegGetValue expands it. */
#define TEXT_FLAGS (RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY)
#define NUMBER_FLAGS (RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY)

/* The failure of RegGetValue; "not there" is none. */
static bool read_failed(LSTATUS rc, const char *key, const char *value, struct error *err)
{
    switch (rc) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return true;
    case ERROR_UNSUPPORTED_TYPE:
    case ERROR_DATATYPE_MISMATCH:
        return error_set(err, REASON_CONFIG_WRONG_TYPE,
                         "registry HKLM\\%s, value \"%s\": the type of the value is wrong", key,
                         value);
    default:
        (void)win_error_set(err, REASON_CONFIG_UNREADABLE, (uint32_t)rc, value);
        return error_context(err, "registry HKLM\\%s", key);
    }
}

static LSTATUS get_text(const wchar_t *key, const wchar_t *value, wchar_t **text)
{
    LSTATUS rc = ERROR_MORE_DATA;

    for (unsigned i = 0; rc == ERROR_MORE_DATA && i < GROW_TRIES; i++) {
        DWORD size = 0;

        free(*text);
        *text = NULL;
        rc = RegGetValueW(HKEY_LOCAL_MACHINE, key, value, TEXT_FLAGS, NULL, NULL, &size);
        if (rc != ERROR_SUCCESS) {
            return rc;
        }
        if (size > VALUE_MAX_BYTES) {
            return ERROR_BUFFER_OVERFLOW;
        }
        *text = calloc((size_t)size / sizeof(wchar_t) + 2, sizeof(wchar_t));
        if (*text == NULL) {
            return ERROR_OUTOFMEMORY;
        }
        rc = RegGetValueW(HKEY_LOCAL_MACHINE, key, value, TEXT_FLAGS, NULL, *text, &size);
    }
    return rc;
}

bool registry_read_text(const char *key, const char *value, struct buffer *out, bool *found,
                        struct error *err)
{
    wchar_t *wide_key = wide_from_utf8(key, err);
    wchar_t *wide_value = wide_from_utf8(value, err);
    wchar_t *text = NULL;
    bool ok = false;
    LSTATUS rc = ERROR_SUCCESS;

    *found = false;
    if (wide_key == NULL || wide_value == NULL) {
        goto out;
    }
    rc = get_text(wide_key, wide_value, &text);
    if (rc != ERROR_SUCCESS) {
        ok = read_failed(rc, key, value, err);
        goto out;
    }
    ok = wide_to_utf8(text, out, err);
    *found = ok;
out:
    free(wide_key);
    free(wide_value);
    free(text);
    return ok;
}

bool registry_read_u32(const char *key, const char *value, uint32_t *out, bool *found,
                       struct error *err)
{
    wchar_t *wide_key = wide_from_utf8(key, err);
    wchar_t *wide_value = wide_from_utf8(value, err);
    DWORD number = 0;
    DWORD size = sizeof(number);
    bool ok = false;
    LSTATUS rc = ERROR_SUCCESS;

    *found = false;
    if (wide_key == NULL || wide_value == NULL) {
        goto out;
    }
    rc = RegGetValueW(HKEY_LOCAL_MACHINE, wide_key, wide_value, NUMBER_FLAGS, NULL, &number, &size);
    if (rc != ERROR_SUCCESS) {
        ok = read_failed(rc, key, value, err);
        goto out;
    }
    *out = number;
    *found = true;
    ok = true;
out:
    free(wide_key);
    free(wide_value);
    return ok;
}
