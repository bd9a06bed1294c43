/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make an encrypted backup of a data folder, also while the service runs; check one.
 * Not here: getting it back (backup_restore.h), the command (cmd_backup.c).
 * Owns:     the unfinished file and the database's copy, until it returns.
 * Threads:  one backup of a data folder at a time, whichever process.
 * Spec:     docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_WRITE_H
#define OPENNDES_SERVICE_BACKUP_WRITE_H

#include "base/crypto_scrypt.h"
#include "base/json.h"

struct backup_write_order {
    const char *data;
    const char *file; /* must not be there; FILE.partial is written and renamed */
    struct bytes password;
    struct scrypt_cost cost;
    bool with_logs;
};

/*
 * *manifest is owned: what is in the backup, and what is not. Errors: REASON_FILE_NOT_WRITABLE (it
 * exists), REASON_DATA_FOLDER_IN_USE, REASON_KEY_PROTECTION, REASON_STORE_*, REASON_DISK_FULL, file
 * errors. Nothing is left behind.
 */
MUST_USE bool backup_write(const struct backup_write_order *order, struct json **manifest,
                           struct error *err);

/* Read a whole backup and check all of it. Errors: backup_file.h, backup_record.h. */
MUST_USE bool backup_write_verify(const char *file, struct bytes password, struct json **manifest,
                                  struct error *err);

/* Remove the copy of the database that a backup which was cut off has left; a running one's stays. */
MUST_USE bool backup_write_tidy(const char *data, struct error *err);

#endif
