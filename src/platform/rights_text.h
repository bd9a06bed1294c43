/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the access rights that everything of ours gets on Windows, as texts: the one place that
 *           says who they are for.
 * Not here: applying them (win32/), judging what is found (rights_judge.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     SDDL (MS-DTYP 2.5.1); service SIDs (MS-DTYP 2.4.2.4, S-1-5-80).
 */
#ifndef OPENNDES_PLATFORM_RIGHTS_TEXT_H
#define OPENNDES_PLATFORM_RIGHTS_TEXT_H

#include "base/error.h"

#define RIGHTS_SID_MAX 192u  /* bytes with NUL; "S-1-" and 15 numbers are 185 at most */
#define RIGHTS_SDDL_MAX 512u /* bytes with NUL */

enum rights_object {
    RIGHTS_FILE,
    RIGHTS_FOLDER,      /* the data folder and those in it: what is made inside gets the same */
    RIGHTS_REGISTRY_KEY /* the service reads it only */
};

/* Whom a new thing belongs to. An owner may always change the rights, unless they say otherwise. */
enum rights_owner {
    RIGHTS_OWNER_ADMINISTRATORS, /* made by an administrator's command */
    RIGHTS_OWNER_SERVICE,        /* made by the service, whatever account it runs as */
    RIGHTS_OWNER_CREATOR         /* made by a plain user: a data folder of one's own */
};

/*
 * The descriptor: SYSTEM and Administrators everything, the service's SID modify (a registry key:
 * read), nothing inherited from above. Owners get nothing by being owner, except plain users in
 * their own folders: their data is theirs. A registry key belongs to Administrators always.
 * Errors: REASON_INTERNAL.
 */
MUST_USE bool rights_text_sddl(enum rights_object object, enum rights_owner owner,
                               char out[RIGHTS_SDDL_MAX], struct error *err);
/*
 * The SID that Windows gives to a service of this name (ASCII, at most 256 characters): S-1-5-80
 * and the SHA-1 of the upper-case name in UTF-16LE as five numbers. Errors: REASON_INTERNAL.
 */
MUST_USE bool rights_text_service_sid(const char *service, char out[RIGHTS_SID_MAX],
                                      struct error *err);

#endif
