/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the driver for SQLite 3: connections, statements, transactions.
 * Not here: the database as a whole (db_sqlite_file.c), our tables and statements (store_schema.c,
 *           store_sql.c).
 * Owns:     one connection, its prepared statements.
 * Threads:  SQLite's own locks are off (NOMUTEX): a connection belongs to one thread at a time.
 * Spec:     sqlite.org: rescode, pragma, wal.
 */
#include "store/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/db_outcome.h"

/* A lock is asked for again after so long: short, because a busy service leaves only small gaps
   between its commits, and the command line has to find one. */
#define DB_BUSY_STEP_MS 3

/* Whoever is in a hurry gives another process time for one commit and no more. */
#define DB_HURRY_MS 250

/* A file that cannot be opened is tried again for a quarter of a second. */
#define DB_OPEN_ATTEMPTS 10
#define DB_OPEN_STEP_MS 25

static const char *const db_own_texts[DB_OWN_COUNT] = {
    [DB_OWN_VIEW] = "BEGIN",
    /* IMMEDIATE: a transaction that first reads and then writes can fail in between. */
    [DB_OWN_BEGIN] = "BEGIN IMMEDIATE",
    [DB_OWN_COMMIT] = "COMMIT",
    [DB_OWN_ROLLBACK] = "ROLLBACK",
    [DB_OWN_PART_BEGIN] = "SAVEPOINT part",
    [DB_OWN_PART_KEEP] = "RELEASE part",
    [DB_OWN_PART_UNDO] = "ROLLBACK TO part",
};

/* ---- failures ---------------------------------------------------------------------------- */

bool db_fail(const struct db *db, int code, struct error *err)
{
    const char *message = sqlite3_errstr(code);
    int extended = code;
    int system = 0;

    if (db->handle != NULL && (sqlite3_errcode(db->handle) & 0xff) == (code & 0xff)) {
        extended = sqlite3_extended_errcode(db->handle);
        message = sqlite3_errmsg(db->handle);
        system = sqlite3_system_errno(db->handle);
    }
    struct db_outcome outcome = db_outcome_of(db->folder, extended);
    if (system != 0) {
        return error_set(err, outcome.reason, "%s: %s (SQLite %d, system %d: %s)", db->path,
                         outcome.sentence, extended, system, message);
    }
    return error_set(err, outcome.reason, "%s: %s (SQLite %d: %s)", db->path, outcome.sentence,
                     extended, message);
}

/* ---- waiting for locks ------------------------------------------------------------------- */

static bool wait_is_over(const struct db *db)
{
    bool hurry = db->hurry != NULL && atomic_load_explicit(db->hurry, memory_order_relaxed);
    int64_t ms = hurry && db->busy_ms > DB_HURRY_MS ? DB_HURRY_MS : db->busy_ms;

    return clock_monotonic_us() - db->busy_since_us >= ms * 1000;
}

static void start_waiting(struct db *db)
{
    db->busy_since_us = clock_monotonic_us();
}

/* SQLite asks whether to try a lock again. Its own handler waits ever longer, up to 100 ms, and
   would then miss the gaps between a busy service's commits. */
static int on_busy(void *context, int tries)
{
    struct db *db = context;

    if (tries == 0) {
        start_waiting(db);
    }
    if (wait_is_over(db)) {
        return 0;
    }
    sqlite3_sleep(DB_BUSY_STEP_MS);
    return 1;
}

/* ---- statements -------------------------------------------------------------------------- */

static bool prepare(struct db *db, const char *text, struct db_query *query, struct error *err)
{
    query->db = db;
    query->bind_code = SQLITE_OK;
    if (query->statement != NULL) {
        return true;
    }
    int code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                  &query->statement, NULL);
    return code == SQLITE_OK || db_fail(db, code, err);
}

bool db_query_begin(struct db *db, size_t number, struct db_query **query, struct error *err)
{
    if (number >= db->text_count) {
        return error_set(err, REASON_INTERNAL, "no statement %zu", number);
    }
    if (!prepare(db, db->texts[number], &db->queries[number], err)) {
        return false;
    }
    *query = &db->queries[number];
    return true;
}

void db_query_end(struct db_query *query)
{
    if (query == NULL || query->statement == NULL) {
        return;
    }
    sqlite3_reset(query->statement); /* its result repeats what the step has said */
    sqlite3_clear_bindings(query->statement);
    query->bind_code = SQLITE_OK;
}

static void note_binding(struct db_query *query, int code)
{
    if (query->bind_code == SQLITE_OK) {
        query->bind_code = code;
    }
}

void db_bind_int(struct db_query *query, int parameter, int64_t value)
{
    note_binding(query, sqlite3_bind_int64(query->statement, parameter, value));
}

void db_bind_text(struct db_query *query, int parameter, const char *text)
{
    note_binding(query, sqlite3_bind_text(query->statement, parameter, text, -1, SQLITE_STATIC));
}

void db_bind_bytes(struct db_query *query, int parameter, struct bytes bytes)
{
    /* A NULL pointer would bind SQL NULL, but no bytes are still bytes. */
    const void *data = bytes.data != NULL ? bytes.data : (const void *)"";
    note_binding(query,
                 sqlite3_bind_blob64(query->statement, parameter, data, bytes.len, SQLITE_STATIC));
}

/* A text that found no room reads as none, and "no subject" means "any" in more than one table. */
static int hand_over(sqlite3_stmt *s)
{
    bool whole = true;

    for (int i = 0; whole && i < sqlite3_data_count(s); i++) {
        whole = sqlite3_column_type(s, i) != SQLITE_TEXT || sqlite3_column_text(s, i) != NULL;
    }
    return whole ? SQLITE_ROW : SQLITE_NOMEM; /* what was handed over stays until the next step */
}

bool db_step(struct db_query *query, bool *row, struct error *err)
{
    if (query->bind_code != SQLITE_OK) {
        return db_fail(query->db, query->bind_code, err);
    }
    int code = sqlite3_step(query->statement);
    code = code == SQLITE_ROW ? hand_over(query->statement) : code;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return db_fail(query->db, code, err);
    }
    *row = code == SQLITE_ROW;
    return true;
}

bool db_run(struct db_query *query, int64_t *changes, struct error *err)
{
    bool row = true;

    while (row) {
        if (!db_step(query, &row, err)) {
            return false;
        }
    }
    if (changes != NULL) {
        *changes = sqlite3_changes64(query->db->handle);
    }
    return true;
}

int64_t db_column_int(struct db_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

const char *db_column_text(struct db_query *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return text != NULL ? (const char *)text : "";
}

struct bytes db_column_bytes(struct db_query *query, int column)
{
    const void *data = sqlite3_column_blob(query->statement, column);
    return bytes_of(data, (size_t)sqlite3_column_bytes(query->statement, column));
}

bool db_execute(struct db *db, const char *script, struct error *err)
{
    int code = sqlite3_exec(db->handle, script, NULL, NULL, NULL);
    return code == SQLITE_OK || db_fail(db, code, err);
}

bool db_read_value(struct db *db, const char *sql, int64_t *number, char *text, size_t size,
                   struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        const char *value = (const char *)sqlite3_column_text(statement, 0);
        if (number != NULL) {
            *number = sqlite3_column_int64(statement, 0);
        }
        if (text != NULL) {
            (void)!text_format(text, size, "%s", value != NULL ? value : "");
        }
        code = text != NULL && value == NULL ? SQLITE_NOMEM : SQLITE_OK;
    } else if (code == SQLITE_DONE) {
        code = SQLITE_ERROR; /* no row: not what the statement promises */
    }
    bool ok = code == SQLITE_OK || db_fail(db, code, err);
    sqlite3_finalize(statement);
    return ok;
}

/* ---- transactions ------------------------------------------------------------------------ */

/* How long the log is now. In the place of SQLite's own, which would move it into the database. */
static int on_commit(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = context;

    (void)handle;
    (void)name;
    db->log_pages = pages;
    return SQLITE_OK;
}

int64_t db_log_pages(const struct db *db)
{
    return db->log_pages;
}

void db_trim_log(struct db *db)
{
    /* Without waiting for anybody. What cannot be done now can be done later. */
    (void)sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static bool run_own(struct db *db, enum db_own_text which, struct error *err)
{
    struct db_query *query = &db->own[which];

    if (!prepare(db, db_own_texts[which], query, err)) {
        return false;
    }
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool db_view_begin(struct db *db, struct error *err)
{
    return run_own(db, DB_OWN_VIEW, err);
}

void db_view_end(struct db *db)
{
    struct error ignored = ERROR_INIT;

    if (!run_own(db, DB_OWN_COMMIT, &ignored)) {
        db_rollback(db);
    }
}

bool db_begin(struct db *db, struct error *err)
{
    /* whatever happens then, the way back is ready, and needs no memory */
    return prepare(db, db_own_texts[DB_OWN_ROLLBACK], &db->own[DB_OWN_ROLLBACK], err)
           && run_own(db, DB_OWN_BEGIN, err);
}

bool db_commit(struct db *db, struct error *err)
{
    return run_own(db, DB_OWN_COMMIT, err);
}

void db_rollback(struct db *db)
{
    if (db_in_transaction(db)) {
        (void)run_own(db, DB_OWN_ROLLBACK, &(struct error)ERROR_INIT);
    }
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

bool db_part_begin(struct db *db, struct error *err)
{
    return run_own(db, DB_OWN_PART_BEGIN, err);
}

bool db_part_keep(struct db *db, struct error *err)
{
    return run_own(db, DB_OWN_PART_KEEP, err);
}

bool db_part_undo(struct db *db, struct error *err)
{
    return run_own(db, DB_OWN_PART_UNDO, err) && run_own(db, DB_OWN_PART_KEEP, err);
}

/* ---- the connection ---------------------------------------------------------------------- */

bool db_make_durable(struct db *db, struct error *err)
{
    char mode[16] = "";
    bool again = true;

    /* Two processes that make a new file at once can meet here where SQLite does not wait. */
    for (start_waiting(db); again;) {
        struct error attempt = ERROR_INIT;
        bool ok = db_read_value(db, "PRAGMA journal_mode = WAL", NULL, mode, sizeof mode, &attempt);
        again = !ok && attempt.reason == REASON_STORE_BUSY && !wait_is_over(db);
        if (!ok && !again) {
            *err = attempt;
            return false;
        }
        if (again) {
            sqlite3_sleep(DB_BUSY_STEP_MS);
        }
    }
    if (!text_equal_nocase(mode, "wal")) {
        return error_set(err, REASON_STORE_FAILED,
                         "%s: the file system has no shared memory for the database; move the data "
                         "folder to a local disk (journal mode %s)",
                         db->path, mode);
    }
    sqlite3_wal_hook(db->handle, on_commit, db);
    return db_execute(db,
                      "PRAGMA synchronous = FULL;" /* the log is flushed at each commit */
                      "PRAGMA journal_size_limit = 16777216;"
                      "PRAGMA secure_delete = FAST", /* nothing secret is stored in clear */
                      err);
}

static bool configure(struct db *db, const struct db_options *options, struct error *err)
{
    char script[256];

    /* What a file says is data: no triggers or views that call what they should not. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_busy_handler(db->handle, on_busy, db);
    if (!text_format(script, sizeof script,
                     "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                     "PRAGMA cell_size_check = ON; PRAGMA cache_size = -%lld",
                     (long long)options->cache_kib)) {
        return error_set(err, REASON_INTERNAL, "settings too long");
    }
    if (!db_execute(db, script, err)) {
        return false;
    }
    if (options->max_pages == 0) {
        return true;
    }
    if (!text_format(script, sizeof script, "PRAGMA max_page_count = %lld",
                     (long long)options->max_pages)) {
        return error_set(err, REASON_INTERNAL, "settings too long");
    }
    return db_execute(db, script, err);
}

/* SQLite opens a file for reading when it may not write it, and says so only here. */
static bool check_writable(struct db *db, struct error *err)
{
    return sqlite3_db_readonly(db->handle, "main") == 0 || db_fail(db, SQLITE_READONLY, err);
}

static bool note_folder(struct db *db, struct error *err)
{
    size_t len = strlen(db->path);

    while (len > 0 && db->path[len - 1] != '/' && db->path[len - 1] != '\\') {
        len--;
    }
    if (!text_format(db->folder, sizeof db->folder, "%.*s", (int)len, len > 0 ? db->path : "")) {
        return error_set(err, REASON_LIMIT, "%s: the path is too long", db->path);
    }
    return len > 0 || text_copy(db->folder, sizeof db->folder, ".");
}

static struct db *open_once(const struct db_options *options, struct error *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
                | (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    struct db *db = calloc(1, sizeof *db);
    bool ok = false;

    if (db == NULL) {
        error_set(err, REASON_NO_MEMORY, "database connection");
        goto out;
    }
    db->path = text_dup(options->path);
    db->queries = calloc(options->text_count + 1, sizeof *db->queries);
    if (db->path == NULL || db->queries == NULL) {
        error_set(err, REASON_NO_MEMORY, "database connection");
        goto out;
    }
    if (!note_folder(db, err)) goto out;
    db->busy_ms = options->busy_ms;
    db->hurry = options->hurry;
    db->texts = options->texts;
    db->text_count = options->text_count;

    int code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);
    if (code != SQLITE_OK) {
        db_fail(db, code, err);
        goto out;
    }
    if (!configure(db, options, err)) goto out;
    if (!options->read_only && !check_writable(db, err)) goto out;
    ok = true;
out:
    if (!ok) {
        db_close(db);
        db = NULL;
    }
    return db;
}

/* Windows refuses a file for a moment while another process has just made it, or a virus scanner
   looks at it; SQLite then says that it cannot be written, or opened. */
struct db *db_open(const struct db_options *options, struct error *err)
{
    struct error attempt = ERROR_INIT;
    struct db *db = open_once(options, &attempt);

    for (int i = 1; db == NULL && i < DB_OPEN_ATTEMPTS; i++) {
        if (attempt.reason != REASON_STORE_READ_ONLY) {
            break;
        }
        sqlite3_sleep(DB_OPEN_STEP_MS);
        error_clear(&attempt);
        db = open_once(options, &attempt);
    }
    if (db == NULL) {
        *err = attempt;
    }
    return db;
}

void db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < db->text_count; i++) {
        sqlite3_finalize(db->queries[i].statement);
    }
    for (size_t i = 0; i < DB_OWN_COUNT; i++) {
        sqlite3_finalize(db->own[i].statement);
    }
    /* The last connection moves the log into the database and removes it. */
    sqlite3_close_v2(db->handle);
    free(db->queries);
    free(db->path);
    free(db);
}

const char *db_path(const struct db *db)
{
    return db->path;
}
