/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  judge the entries of a Windows access list: who gets what he should not have.
 * Not here: reading lists from files (win32/), modes of POSIX (posix/rights.c).
 * Owns:     nothing.
 * Threads:  pure functions; both platforms compile them.
 * Spec:     MS-DTYP 2.4.4 (ACE), 2.4.3 (access mask), 2.4.2.4 (well-known SIDs).
 */
#ifndef OPENNDES_PLATFORM_RIGHTS_JUDGE_H
#define OPENNDES_PLATFORM_RIGHTS_JUDGE_H

#include "base/error.h"

/* One entry as it stands in the list. */
struct rights_entry {
    uint8_t type;
    uint8_t flags;
    uint32_t mask;
    const char *sid; /* "S-1-5-18"; NULL: the type is not one whose SID is known */
};

/* What is looked at, and by whom. */
struct rights_subject {
    const char *self; /* SID of the account that asks */
    bool is_folder;
    bool is_secret;
};

enum rights_verdict {
    RIGHTS_FINE,
    RIGHTS_MAY_READ,  /* somebody else may read a secret */
    RIGHTS_MAY_CHANGE /* somebody else may change it, remove it, or give himself the right to */
};

/* SYSTEM, Administrators, the service's SID, TrustedInstaller, the account that asks. */
bool rights_judge_trusted(const char *sid, const char *self);
/*
 * What an entry gives to others. Deny entries give nothing. On a folder, entries that are only
 * there to be inherited count as well: files that are made inside would get them. Types that are
 * not plain (object, callback, unknown) give what their mask says to somebody unknown.
 */
enum rights_verdict rights_judge_entry(const struct rights_entry *entry,
                                       const struct rights_subject *subject);

#endif
