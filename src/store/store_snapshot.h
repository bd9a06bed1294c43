/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a copy of the database as it was at one moment, while others go on writing.
 * Not here: what a backup does with it (service/backup_write.h).
 * Owns:     a connection that keeps the moment readable.
 * Threads:  one owner.
 * Spec:     sqlite.org: wal, backup.
 */
#ifndef OPENNDES_STORE_STORE_SNAPSHOT_H
#define OPENNDES_STORE_STORE_SNAPSHOT_H

#include "store/store.h"

struct store_snapshot;

/*
 * Hold this moment of the database: what others commit from now on does not belong to it. Takes
 * milliseconds. Nobody has to wait for it, but the -wal file grows until the end. NULL on failure.
 * Errors: REASON_STORE_*.
 */
struct store_snapshot *store_snapshot_begin(const char *path, struct error *err);
/*
 * Copy that moment to `to`, an empty file that is there and has its rights, and read the copy
 * through: a damaged database is no backup. Needs little memory. Errors: REASON_STORE_*.
 */
MUST_USE bool store_snapshot_copy(struct store_snapshot *snapshot, const char *to,
                                  struct error *err);
void store_snapshot_end(struct store_snapshot *snapshot); /* NULL is allowed */

/* The newest version of the schema that this program knows; store_open brings a file there. */
int64_t store_snapshot_schema(void);

#endif
