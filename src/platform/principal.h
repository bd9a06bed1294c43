/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a user or group of Windows that a list names.
 * Not here: who has signed in (user_token.h), what the list permits (mscep/).
 * Owns:     a principal owns its security identifier.
 * Threads:  immutable after creation; any thread.
 * Spec:     MS-DTYP 2.4.2 (SID). POSIX: no name is known; a SID that is well formed is, and nobody
 *           has it.
 */
#ifndef OPENNDES_PLATFORM_PRINCIPAL_H
#define OPENNDES_PLATFORM_PRINCIPAL_H

#include "base/error.h"

struct principal;

/*
 * The user, group or computer with this name ("CORP\\MDM admins", "alice@corp.example",
 * "Administrators") or SID ("S-1-5-32-544"). A name may have to be asked for at a domain
 * controller: this can take seconds. *out is NULL when this machine does not know it. Errors:
 * REASON_NO_MEMORY, REASON_SYNTAX (not UTF-8).
 */
MUST_USE bool principal_find(const char *name, struct principal **out, struct error *err);
void principal_free(struct principal *p); /* NULL is allowed */

#endif
