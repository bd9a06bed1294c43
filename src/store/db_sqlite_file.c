/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the driver for SQLite 3: a database as a whole: whose it is, its size, a copy, is it
 *           sound?
 * Not here: connections, statements, transactions (db_sqlite.c).
 * Owns:     nothing.
 * Threads:  as db_sqlite.c says.
 * Spec:     sqlite.org: pragma, backup.
 */
#include "store/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- whose it is ------------------------------------------------------------------------- */

bool db_read_identity(struct db *db, struct db_identity *identity, struct error *err)
{
    bool own_transaction = !db_in_transaction(db);
    int64_t tables = 0;

    /* One view of the file: another process may be making it. */
    if (own_transaction && !db_execute(db, "BEGIN", err)) {
        return false;
    }
    bool ok = db_read_value(db, "PRAGMA application_id", &identity->application, NULL, 0, err)
              && db_read_value(db, "PRAGMA user_version", &identity->version, NULL, 0, err)
              && db_read_value(db, "SELECT count(*) FROM sqlite_master", &tables, NULL, 0, err);
    if (own_transaction) {
        db_rollback(db);
    }
    identity->empty = tables == 0;
    return ok;
}

bool db_write_identity(struct db *db, const struct db_identity *identity, struct error *err)
{
    char script[96];

    if (!text_format(script, sizeof script,
                     "PRAGMA application_id = %lld; PRAGMA user_version = %lld",
                     (long long)identity->application, (long long)identity->version)) {
        return error_set(err, REASON_INTERNAL, "schema version too long");
    }
    return db_execute(db, script, err);
}

bool db_page_count(struct db *db, int64_t *pages, struct error *err)
{
    return db_read_value(db, "PRAGMA page_count", pages, NULL, 0, err);
}

/* ---- copying ----------------------------------------------------------------------------- */

bool db_begin_reading(struct db *db, struct error *err)
{
    /* The transaction sees the database of its first read. */
    return db_execute(db, "BEGIN; SELECT count(*) FROM sqlite_schema", err);
}

/* In one go: nobody changes the source within its transaction, nobody else knows the copy. */
static int copy_pages(struct db *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from->handle, "main");
    int code = backup != NULL ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(to);
    int finish = sqlite3_backup_finish(backup);

    return code != SQLITE_DONE ? code : finish;
}

bool db_copy(struct db *db, const char *to, struct error *err)
{
    const struct db_options options = { .path = to, .busy_ms = db->busy_ms, .cache_kib = 2048 };
    struct db *copy = db_open(&options, err);
    bool ok = false;

    if (copy == NULL) {
        return false;
    }
    /* What is cut off is not used: no journal, no flush. */
    if (db_execute(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", err)) {
        int code = copy_pages(db, copy->handle);

        ok = code == SQLITE_OK || db_fail(copy, code, err);
    }
    db_close(copy);
    return ok;
}

/* Of a page that the disk did not give, which is a finding as damage is; 0: it is damage. */
static int code_of_finding(const char *finding)
{
    const char *found = strstr(finding, "error code=");
    long code = found != NULL ? strtol(strchr(found, '=') + 1, NULL, 10) : 0;
    bool damage = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;

    return damage ? 0 : (int)code;
}

bool db_check(struct db *db, bool thorough, struct error *err)
{
    const char *sql = thorough ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
    char finding[256] = "";

    if (!db_read_value(db, sql, NULL, finding, sizeof finding, err)) {
        return false;
    }
    int code = code_of_finding(finding);
    if (code != 0) {
        return db_fail(db, code, err);
    }
    if (strcmp(finding, "ok") != 0) {
        for (char *c = finding; *c != '\0'; c++) {
            *c = *c == '\n' ? ' ' : *c; /* a list, one finding on a line */
        }
        return error_set(err, REASON_STORE_CORRUPT,
                         "%s: the database is damaged; stop the service, move the file with its "
                         "-wal and -shm files away and restore the last backup (%s)",
                         db->path, finding);
    }
    return true;
}
