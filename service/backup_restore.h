/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make a data folder out of a backup, whole or not at all, sealed for this machine.
 * Not here: making a backup (backup_write.h), the command (cmd_restore.c).
 * Owns:     the unfinished folder DATA.restoring, until it returns; what a restore that was cut off
 *           has left there is removed first (backup_leftover.h).
 * Threads:  one owner; one restore of a data folder at a time, whichever process.
 * Spec:     docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_RESTORE_H
#define OPENNDES_SERVICE_BACKUP_RESTORE_H

#include "base/json.h"

struct backup_restore_order {
    const char *data; /* not there yet, or an empty folder */
    const char *file;
    struct bytes password;
};

/* What an administrator is told besides the manifest. */
struct backup_restore_result {
    struct json *manifest; /* owned */
    int64_t passwords;     /* one-time passwords that could be redeemed now */
    bool has_public_url;
    bool has_intune_certificate;
};

/*
 * The whole backup is read and verified before the first byte is written, and again while it is
 * written. Errors: REASON_RESTORE_TARGET (something is there), REASON_BACKUP_*,
 * REASON_STORE_CORRUPT, REASON_DISK_FULL, file errors. result is all zero on failure, and nothing
 * is left behind.
 */
MUST_USE bool backup_restore(const struct backup_restore_order *order,
                             struct backup_restore_result *result, struct error *err);
void backup_restore_result_clear(struct backup_restore_result *result);

#endif
