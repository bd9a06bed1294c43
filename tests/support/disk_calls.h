/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the calls by which this program changes files: noted, so that a power failure between
 *           them can be played, and failing where they are told to.
 * Not here: what a power failure leaves (disk_log.h), calls of SQLite (store/power_vfs.h).
 * Owns:     nothing; the log is the test's.
 * Threads:  one.
 * Spec:     the linker's --wrap: openndes_test_disk_calls of tests/support/disk_calls.cmake.
 */
#ifndef OPENNDES_TESTS_SUPPORT_DISK_CALLS_H
#define OPENNDES_TESTS_SUPPORT_DISK_CALLS_H

#include "support/disk_log.h"

/* Note what is in this folder, and from now on each call on it; root is borrowed. */
void disk_calls_record(struct disk_log *log, const char *root);
void disk_calls_end(void); /* note no more */

enum disk_call {
    DISK_CALL_CREATE,
    DISK_CALL_WRITE,
    DISK_CALL_WRITE_SHORT, /* half of it is there */
    DISK_CALL_FLUSH,
    DISK_CALL_CLOSE, /* of a file that was written */
    DISK_CALL_NAME,  /* rename, link */
    DISK_CALL_REMOVE,
    DISK_CALL_FOLDER, /* made, or removed */
    DISK_CALLS
};
extern const char *const disk_call_names[DISK_CALLS];

/*
 * The nth call of this kind from now on (1: the next) and the `more` behind it fail with an errno;
 * DISK_CALLS: none does.
 */
void disk_calls_fail(enum disk_call call, unsigned nth, unsigned more, int number);
void disk_calls_mend(void);                   /* none fails any more */
unsigned disk_calls_failures(void);           /* since disk_calls_fail */
unsigned disk_calls_met(enum disk_call call); /* calls of this kind since then */

#endif
