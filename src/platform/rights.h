/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  who may read and change what lies in the data folder: give the rights, and verify them
 *           before anything there is trusted.
 * Not here: rights of a file at the moment it is made (files.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     SDDL; on Windows owner and DACL, on POSIX owner and mode.
 */
#ifndef OPENNDES_PLATFORM_RIGHTS_H
#define OPENNDES_PLATFORM_RIGHTS_H

#include "base/error.h"

/* Is it one of the two that say that somebody else may have been at work? */
bool rights_is_unsafe(const struct error *why);

/* Told of each thing that is not as it should be; path is whole. False ends the walk. */
typedef bool rights_visit(void *context, const char *path, const struct error *why,
                          struct error *err);

/*
 * Verify one file or folder: no reparse point (symbolic link, junction); owned by SYSTEM,
 * Administrators, the service's SID or the account that asks (POSIX: root or the account that
 * asks); nobody else may write, and where is_secret nobody else may read, nor may a secret file
 * have a second name. That others may list a folder counts on Windows, where new files inherit it.
 * A missing one is fine. Errors: REASON_RIGHTS_UNSAFE, REASON_REPARSE_POINT with a sentence that
 * names path and account.
 */
MUST_USE bool rights_check(const char *path, bool is_secret, struct error *err);
/*
 * The data folder and everything in it that holds keys, secrets, settings or state, at most
 * max_entries files; on POSIX also whether others may rename the folders above. What lies where
 * stands in rights_place.h; links are told and not followed. Every finding is visited. Errors: the
 * visitor's; what hinders reading; REASON_LIMIT.
 */
MUST_USE bool rights_check_tree(const char *folder, size_t max_entries, rights_visit *visit,
                                void *context, struct error *err);
/*
 * Give the whole folder the rights that new files get: SYSTEM, Administrators, the service's SID
 * and nobody else, nothing inherited from above; reparse points are refused, not followed, and on
 * Windows files with a second name, which is perhaps elsewhere. Idempotent. POSIX: modes 0700 and
 * 0600 of what this account owns.
 */
MUST_USE bool rights_protect_tree(const char *folder, size_t max_entries, struct error *err);
/*
 * Make an empty folder that somebody else may have prepared ours; one with something in it is
 * refused. On Windows it is another folder afterwards: who has opened the old one with the right to
 * change its rights keeps that, whatever rights it is given. Whether somebody was faster is for
 * rights_check to tell afterwards. Errors: REASON_FILE_NOT_WRITABLE, also where it is in use;
 * POSIX: as rights_protect_tree, REASON_LIMIT when it is not empty.
 */
MUST_USE bool rights_take_empty(const char *folder, struct error *err);

#endif
