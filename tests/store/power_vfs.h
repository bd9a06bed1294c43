/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a file system of SQLite that notes what is done to the database's files, so that a
 *           power failure can be played, and that fails where it is told to.
 * Not here: what a failure leaves (support/disk_log.h).
 * Owns:     nothing; the log is the test's.
 * Threads:  set up before connections are opened; then any.
 * Spec:     sqlite.org: vfs, rescode.
 */
#ifndef OPENNDES_TESTS_STORE_POWER_VFS_H
#define OPENNDES_TESTS_STORE_POWER_VFS_H

#include "support/disk_log.h"

/* Becomes the default of this program, over what was the default before. */
void power_vfs_register(void);
/* Files of this folder are noted; log NULL: no more. */
void power_vfs_record(struct disk_log *log, const char *folder);

enum power_call {
    POWER_OPEN,
    POWER_READ,
    POWER_WRITE,
    POWER_WRITE_SHORT, /* half of it is there */
    POWER_WRITE_FULL,  /* SQLITE_FULL, half of it is there */
    POWER_TRUNCATE,
    POWER_SYNC,
    POWER_SIZE,
    POWER_LOCK,
    POWER_DELETE,
    POWER_ACCESS,
    POWER_SHM_MAP,
    POWER_SHM_LOCK,
    POWER_CALLS
};
extern const char *const power_call_names[POWER_CALLS];

/*
 * The nth call of this kind from now on fails (1: the next), and the `more` calls behind it;
 * POWER_CALLS: none does.
 */
void power_vfs_fail(enum power_call call, unsigned nth, unsigned more);
void power_vfs_mend(void);                      /* no call fails any more */
unsigned power_vfs_failures(void);              /* calls that failed since power_vfs_fail */
unsigned power_vfs_calls(enum power_call call); /* since then */

#endif
