/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a backup of a data folder consists of, collected at one moment: small files and
 *           opened secrets in memory, large files by name, the database pinned.
 * Not here: the archive (backup_write.h).
 * Owns:     contents, names, the pinned database.
 * Threads:  one owner. Commands that change settings, templates, accounts, CAs or certificates are
 *           kept out while it is collected, which takes a moment; the service goes on.
 * Spec:     docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_SET_H
#define OPENNDES_SERVICE_BACKUP_SET_H

#include "base/json.h"
#include "base/secret.h"
#include "service/backup_record.h"
#include "store/store_snapshot.h"

struct backup_item {
    struct backup_record record;
    struct secret content; /* of what is in memory */
    bool is_large;         /* read from the data folder when it is written; size is not known yet */
};

struct backup_set {
    const char *data; /* borrowed */
    bool with_logs;
    struct backup_item *items;
    size_t count;
    size_t cap;
    size_t memory;                   /* bytes of the contents */
    struct json *machine_keys;       /* files that name a key of the system's key store */
    struct json *left_out;           /* what lies there, or is used, and is not taken along */
    struct store_snapshot *snapshot; /* NULL: no database yet */
};

/*
 * Collect. Waits some seconds for a command that is changing something. out need not be
 * initialised. Errors: REASON_DATA_FOLDER_IN_USE (that command goes on), REASON_KEY_PROTECTION
 * (names the secret that does not open), REASON_LIMIT, REASON_STORE_*, file errors.
 */
MUST_USE bool backup_set_collect(const char *data, bool with_logs, struct backup_set *out,
                                 struct error *err);
void backup_set_clear(struct backup_set *set); /* NULL is allowed */

#endif
