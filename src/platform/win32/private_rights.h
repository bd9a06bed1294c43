/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the access rights that a private file or folder gets at the moment it is made.
 * Not here: the data folder's rights for the service account (installer/, service/).
 * Owns:     the security descriptor.
 * Threads:  a struct belongs to one thread at a time.
 * Spec:     SDDL.
 */
#ifndef OPENNDES_PLATFORM_WIN32_PRIVATE_RIGHTS_H
#define OPENNDES_PLATFORM_WIN32_PRIVATE_RIGHTS_H

#include "base/error.h"

#include <windows.h>

struct private_rights {
    SECURITY_ATTRIBUTES attributes; /* pass &attributes while the struct lives */
};

/*
 * Owner, SYSTEM and Administrators, nothing inherited from above; what is made inside a folder gets
 * the same. Errors: REASON_FILE_NOT_WRITABLE.
 */
MUST_USE bool private_rights_init(struct private_rights *rights, bool is_folder, struct error *err);
void private_rights_clear(struct private_rights *rights);

#endif
