/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry.h"

bool registry_protect(const char *key, const char *sddl, struct error *err)
{
    (void)sddl;
    return error_set(err, REASON_WINDOWS_ONLY, "there is no registry for HKLM\\%s here", key);
}
