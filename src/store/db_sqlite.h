/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a connection to SQLite, for the two files that make up its driver.
 * Not here: what others may use (db.h).
 * Owns:     nothing.
 * Threads:  as db_sqlite.c says.
 * Spec:     none.
 */
#ifndef OPENNDES_STORE_DB_SQLITE_H
#define OPENNDES_STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "platform/files.h"
#include "store/db.h"

/* Statements every connection needs. */
enum db_own_text {
    DB_OWN_VIEW,
    DB_OWN_BEGIN,
    DB_OWN_COMMIT,
    DB_OWN_ROLLBACK,
    DB_OWN_PART_BEGIN,
    DB_OWN_PART_KEEP,
    DB_OWN_PART_UNDO,
    DB_OWN_COUNT
};

struct db_query {
    struct db *db;
    sqlite3_stmt *statement;
    int bind_code; /* of the first binding that failed */
};

struct db {
    sqlite3 *handle;
    char *path;
    char folder[FILE_PATH_MAX]; /* of the file */
    int64_t busy_ms;
    int64_t busy_since_us;    /* begin of the current wait for a lock */
    const atomic_bool *hurry; /* NULL: never */
    int64_t log_pages;        /* after the last commit of this connection */
    const char *const *texts;
    size_t text_count;
    struct db_query *queries; /* one per text */
    struct db_query own[DB_OWN_COUNT];
};

/* Turn a result code into our error. Returns false. */
bool db_fail(const struct db *db, int code, struct error *err);

/* One statement that gives one value: a PRAGMA. text (may be NULL) gets at most size bytes. */
MUST_USE bool db_read_value(struct db *db, const char *sql, int64_t *number, char *text,
                            size_t size, struct error *err);

#endif
