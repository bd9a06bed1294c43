/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the tables, version by version, and the way from an older version to ours.
 * Not here: statements on the tables (store_sql.h).
 * Owns:     the list of steps.
 * Threads:  constants; a connection belongs to one thread.
 * Spec:     docs of PRAGMA user_version and application_id.
 */
#ifndef OPENNDES_STORE_STORE_SCHEMA_H
#define OPENNDES_STORE_STORE_SCHEMA_H

#include "store/db.h"

/* "ONDS": marks the file as ours. */
#define STORE_SCHEMA_APPLICATION 0x4f4e4453

/* Step i (from 0) brings a file of version i to version i + 1. A released step is never edited. */
struct store_schema {
    const char *const *steps;
    size_t count;
};

struct store_schema store_schema_current(void);

/*
 * Is this our file, and one we understand? *version gets its version, 0 for a new one.
 * Errors: REASON_STORE_SCHEMA_NEWER, REASON_STORE_FAILED (another program's), REASON_STORE_*.
 */
MUST_USE bool store_schema_inspect(struct db *db, const struct store_schema *schema,
                                   int64_t *version, struct error *err);

/* Bring the file to the newest version, one transaction per step. Errors: as above. */
MUST_USE bool store_schema_upgrade(struct db *db, const struct store_schema *schema,
                                   struct error *err);

#endif
