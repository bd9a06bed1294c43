/* SPDX-License-Identifier: Apache-2.0 */
/* The part of registry.h that gives keys their rights. */
#include "platform/registry.h"

#include <stdlib.h>

#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <sddl.h>

#define KEY_RIGHTS (READ_CONTROL | WRITE_DAC | KEY_WOW64_64KEY)
#define LIST (DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION)

/* Also an existing key: whoever made it before us must not keep rights in it. */
static LSTATUS give(const wchar_t *key, PSECURITY_DESCRIPTOR descriptor)
{
    SECURITY_ATTRIBUTES attributes = { sizeof(attributes), descriptor, FALSE };
    LSTATUS rc = ERROR_SUCCESS;
    HKEY handle = NULL;
    bool may_own = true;

    rc = RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_RIGHTS | WRITE_OWNER, &attributes,
                         &handle, NULL);
    if (rc == ERROR_ACCESS_DENIED || rc == ERROR_INVALID_OWNER) {
        may_own = false;
        rc = RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_RIGHTS, NULL, &handle, NULL);
    }
    if (rc != ERROR_SUCCESS) {
        return rc;
    }
    if (!may_own
        || RegSetKeySecurity(handle, LIST | OWNER_SECURITY_INFORMATION, descriptor)
               != ERROR_SUCCESS) {
        rc = RegSetKeySecurity(handle, LIST, descriptor);
    }
    (void)RegCloseKey(handle);
    return rc;
}

bool registry_protect(const char *key, const char *sddl, struct error *err)
{
    wchar_t *wide_key = wide_from_utf8(key, err);
    wchar_t *wide_sddl = wide_from_utf8(sddl, err);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    if (wide_key == NULL || wide_sddl == NULL) {
        goto out;
    }
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide_sddl, SDDL_REVISION_1,
                                                              &descriptor, NULL)) {
        (void)win_error_set(err, REASON_INTERNAL, GetLastError(),
                            "access rights of a registry key cannot be made");
        goto out;
    }
    rc = give(wide_key, descriptor);
    ok = rc == ERROR_SUCCESS;
    if (!ok) {
        (void)win_error_set(
            err, rc == ERROR_ACCESS_DENIED ? REASON_NOT_PERMITTED : REASON_CONFIG_UNREADABLE,
            (uint32_t)rc, "rights of a registry key");
        (void)error_context(err, "registry HKLM\\%s", key);
    }
out:
    if (descriptor != NULL) {
        (void)LocalFree(descriptor);
    }
    free(wide_key);
    free(wide_sddl);
    return ok;
}
