/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  all locks by which commands keep each other out of a data folder, at once.
 * Not here: what is done meanwhile (backup_set.h).
 * Owns:     the locks.
 * Threads:  one owner.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_LOCKS_H
#define OPENNDES_SERVICE_BACKUP_LOCKS_H

#include "platform/files.h"

#define BACKUP_LOCKS_MAX 6u

struct backup_locks {
    struct file_lock *held[BACKUP_LOCKS_MAX];
    size_t count;
};

/*
 * Take them; nobody waits for two, so an order is not needed. Waits at most wait_ms for others.
 * out need not be initialised. Errors: REASON_DATA_FOLDER_IN_USE, file errors: then none is held.
 */
MUST_USE bool backup_locks_take(const char *data, int64_t wait_ms, struct backup_locks *out,
                                struct error *err);
void backup_locks_release(struct backup_locks *locks);

#endif
