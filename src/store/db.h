/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the narrow contract of a database driver: connection, prepared statement, transaction,
 *           and what a failure means.
 * Not here: our tables and statements (store_schema.h, store_sql.h), threads (store_writer.h).
 * Owns:     one connection and its prepared statements.
 * Threads:  a connection belongs to one thread at a time.
 * Spec:     none; db_sqlite.c is the only driver.
 *
 * Errors of every function: REASON_STORE_CORRUPT, _READ_ONLY, _FULL, _BUSY, _DUPLICATE (a unique
 * index says no), _FAILED, REASON_NO_MEMORY. The detail names the file and says how to mend it.
 */
#ifndef OPENNDES_STORE_DB_H
#define OPENNDES_STORE_DB_H

#include <stdatomic.h>

#include "base/buffer.h"

struct db;
struct db_query;

struct db_options {
    const char *path;
    bool read_only;
    int64_t busy_ms;          /* how long a lock of another connection is waited for */
    const atomic_bool *hurry; /* true: a moment only; borrowed, NULL: never */
    int64_t cache_kib;        /* pages kept in memory */
    int64_t max_pages;        /* the file cannot grow beyond; 0: no limit */
    const char *const *texts; /* statements by number, borrowed; prepared when first used */
    size_t text_count;
};

/* Open an existing file (an empty one is an empty database). Nothing is written yet. */
struct db *db_open(const struct db_options *options, struct error *err);
void db_close(struct db *db); /* NULL is allowed */
const char *db_path(const struct db *db);

/* Who made the file, and which shape its tables have. */
struct db_identity {
    int64_t application;
    int64_t version;
    bool empty; /* no tables at all */
};
MUST_USE bool db_read_identity(struct db *db, struct db_identity *identity, struct error *err);
/* Part of the open transaction. */
MUST_USE bool db_write_identity(struct db *db, const struct db_identity *identity,
                                struct error *err);

/* Writing from now on survives a power failure once db_commit has returned; readers do not wait. */
MUST_USE bool db_make_durable(struct db *db, struct error *err);

/*
 * A statement of the table, ready for bindings. Borrowed; give it back with db_query_end before the
 * same number is taken again, at the latest before the transaction ends.
 */
MUST_USE bool db_query_begin(struct db *db, size_t number, struct db_query **query,
                             struct error *err);
void db_query_end(struct db_query *query); /* NULL is allowed */

/*
 * Parameters count from 1. Bytes and texts are borrowed until db_query_end. A binding that fails is
 * reported by the next step, so that a list of bindings reads as a list.
 */
void db_bind_int(struct db_query *query, int parameter, int64_t value);
void db_bind_text(struct db_query *query, int parameter, const char *text); /* NULL: SQL NULL */
void db_bind_bytes(struct db_query *query, int parameter, struct bytes bytes);

/* Next row; *row is false at the end. */
MUST_USE bool db_step(struct db_query *query, bool *row, struct error *err);
/* All steps of a statement without rows; *changes (may be NULL) gets the number of rows changed. */
MUST_USE bool db_run(struct db_query *query, int64_t *changes, struct error *err);

/* Columns count from 0. Borrowed until the next step. NULL reads as 0, "" and no bytes. */
int64_t db_column_int(struct db_query *query, int column);
const char *db_column_text(struct db_query *query, int column);
struct bytes db_column_bytes(struct db_query *query, int column);

/* Statements without parameters and rows, for the schema. */
MUST_USE bool db_execute(struct db *db, const char *script, struct error *err);

/* Several statements that read one state of the file and lock it once. Nothing is written. */
MUST_USE bool db_view_begin(struct db *db, struct error *err);
void db_view_end(struct db *db);
/* A transaction that may write, from its first moment on: waits for other writers, bounded. */
MUST_USE bool db_begin(struct db *db, struct error *err);
/* True: durable. False: nothing of the transaction is there; after a power failure in this moment
   all of it may be. */
MUST_USE bool db_commit(struct db *db, struct error *err);
void db_rollback(struct db *db); /* also without a transaction */
/* False when a failure has undone the transaction on its own (disk full, for example). */
bool db_in_transaction(const struct db *db);
/* One part of a transaction that can be undone alone; not nested. */
MUST_USE bool db_part_begin(struct db *db, struct error *err);
MUST_USE bool db_part_keep(struct db *db, struct error *err);
MUST_USE bool db_part_undo(struct db *db, struct error *err);

/*
 * A durable connection's log grows until somebody moves it into the database: its length in pages
 * after this connection's last commit, and moving as much as nobody reads any more. The latter
 * never waits for others, and not within a transaction.
 */
int64_t db_log_pages(const struct db *db);
void db_trim_log(struct db *db);

/*
 * Hold what the database says now: until db_close this connection reads nothing newer. Others go on
 * writing.
 */
MUST_USE bool db_begin_reading(struct db *db, struct error *err);
/*
 * Copy the database as this connection reads it to `to`, an empty file that is there; little memory
 * whatever its size. The copy is flushed by nobody.
 */
MUST_USE bool db_copy(struct db *db, const char *to, struct error *err);

/* Pages of the file. */
MUST_USE bool db_page_count(struct db *db, int64_t *pages, struct error *err);
/* Read the whole file; thorough also compares indexes with tables. Errors: REASON_STORE_CORRUPT. */
MUST_USE bool db_check(struct db *db, bool thorough, struct error *err);

#endif
