/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the access rights that a private file or folder gets at the moment it is made, and whom
 *           it then belongs to.
 * Not here: their text (rights_text.h); what exists already (rights.h).
 * Owns:     the security descriptor.
 * Threads:  a struct belongs to one thread at a time.
 * Spec:     SDDL.
 */
#ifndef OPENNDES_PLATFORM_WIN32_PRIVATE_RIGHTS_H
#define OPENNDES_PLATFORM_WIN32_PRIVATE_RIGHTS_H

#include "platform/rights_text.h"

#include <windows.h>

struct private_rights {
    SECURITY_ATTRIBUTES attributes; /* pass &attributes while the struct lives */
};

/*
 * SYSTEM, Administrators and the service's SID, so that the service reads what an administrator's
 * command has made and the other way round; nothing inherited from above; what is made inside a
 * folder gets the same. Errors: REASON_FILE_NOT_WRITABLE, REASON_INTERNAL.
 */
MUST_USE bool private_rights_init(struct private_rights *rights, bool is_folder, struct error *err);
void private_rights_clear(struct private_rights *rights);

/*
 * Whom things made by this process can belong to: the service's SID where the token has it, else
 * Administrators where the token may use that group, else the user.
 */
enum rights_owner private_rights_owner(void);
/*
 * From now on files that get no descriptor of ours (SQLite makes such) belong to the same as those
 * that do. What fails is no reason not to serve.
 */
void private_rights_adopt(void);
/* The SID of the account that this process runs as; "" when Windows does not tell. */
void private_rights_self(char out[RIGHTS_SID_MAX]);

#endif
