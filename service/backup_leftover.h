/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the unfinished folder of a restore: one restore at a time works in it, and what one
 *           that was cut off has left is removed, if it is certain that it was one.
 * Not here: filling it (backup_restore.h).
 * Owns:     the lock beside the folder, until it is released.
 * Threads:  one owner; other processes are kept out by the lock.
 * Spec:     docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_LEFTOVER_H
#define OPENNDES_SERVICE_BACKUP_LEFTOVER_H

#include "platform/files.h"

/*
 * FOLDER.lock. *cut_off: it was there already, so a restore did not get to its end. Errors:
 * REASON_RESTORE_TARGET (another restore is at it), file errors.
 */
MUST_USE bool backup_leftover_lock(const char *folder, struct file_lock **lock, bool *cut_off,
                                   struct error *err);
/* is_ours: what is still there was left by a restore, and the lock goes on telling so. */
void backup_leftover_unlock(const char *folder, bool is_ours, struct file_lock *lock);

/*
 * Under the lock. Only what a restore that was cut off makes, in folders that nobody else can
 * write, is removed: a link, a file that is not ours, one that is no part of a data folder, and
 * nothing is touched. Missing is fine. Errors: REASON_RESTORE_TARGET with what to do, file errors.
 */
MUST_USE bool backup_leftover_remove(const char *folder, bool cut_off, struct error *err);

/* Remove a folder that this process has made, where nobody else may write. */
MUST_USE bool backup_leftover_remove_own(const char *folder, struct error *err);

#endif
