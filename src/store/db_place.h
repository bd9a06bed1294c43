/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  notice that a database that is open is no longer the file that its path names: moved,
 *           removed, replaced by a backup. A system that allows that goes on writing into a file
 *           that nobody will ever open again, and says that all is well.
 * Not here: the connection (db.h).
 * Owns:     nothing.
 * Threads:  one owner.
 * Spec:     sqlite.org/howtocorrupt.html 2.4 (files unlinked or renamed while in use).
 */
#ifndef OPENNDES_STORE_DB_PLACE_H
#define OPENNDES_STORE_DB_PLACE_H

#include "platform/files.h"

struct db_place {
    const char *path;        /* borrowed, as long as the place */
    char log[FILE_PATH_MAX]; /* the write-ahead log beside it */
    uint64_t file_id;
    uint64_t log_id; /* 0: not looked at yet */
};

/* After the database was opened. Errors: REASON_LIMIT, file errors. */
MUST_USE bool db_place_note(struct db_place *place, const char *path, struct error *err);
/*
 * After a commit, before anybody is told that it is durable. Errors: REASON_STORE_FAILED, with what
 * to do.
 */
MUST_USE bool db_place_check(struct db_place *place, struct error *err);

#endif
