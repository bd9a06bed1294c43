/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <stdlib.h>

#include "platform/clock.h"
#include "platform/files.h"
#include "store/store_internal.h"
#include "store/store_schema.h"

#define BUSY_MS_DEFAULT 10000

/* An idle service stays small: readers touch few pages, the writer the newest ones. */
#define WRITER_CACHE_KIB 2048
#define READER_CACHE_KIB 256

/* Up to 64 MB the file is read through when it is opened: a fraction of a second. */
#define CHECKED_PAGES 16384

/* ---- open and close ---------------------------------------------------------------------- */

/* SQLite would make the file with the folder's default rights. */
static bool create_file(const char *path, struct error *err)
{
    static const struct bytes nothing = { NULL, 0 };
    struct error failure = ERROR_INIT;

    if (folder_exists(path)) {
        return error_set(err, REASON_STORE_FAILED,
                         "%s: this is a folder; remove it, or name another data folder", path);
    }
    if (file_create_new(path, nothing, true, &failure) || file_exists(path)) {
        return true; /* ours, or another process was faster */
    }
    /* The detail names the file and says what to do. */
    return error_set(
        err, failure.reason == REASON_DISK_FULL ? REASON_STORE_FULL : REASON_STORE_READ_ONLY,
        "cannot make the database: %s", failure.detail);
}

static bool check_soundness(struct db *db, struct error *err)
{
    int64_t pages = 0;

    if (!db_page_count(db, &pages, err)) {
        return false;
    }
    return pages > CHECKED_PAGES || db_check(db, false, err);
}

static struct store_writer *open_writer(const struct db_options *options, struct error *err)
{
    struct store_schema schema = store_schema_current();
    struct store_writer *writer = NULL;
    struct db *db = NULL;
    int64_t version = 0;

    if (!file_exists(options->path) && !create_file(options->path, err)) goto out;
    db = db_open(options, err);
    if (db == NULL) goto out;
    /* Look first: another program's file stays as it is. */
    if (!store_schema_inspect(db, &schema, &version, err)) goto out;
    if (version > 0 && !check_soundness(db, err)) goto out;
    if (!db_make_durable(db, err)) goto out;
    if (!store_schema_upgrade(db, &schema, err)) goto out;
    writer = store_writer_start(db, err);
    db = NULL; /* taken over */
out:
    db_close(db);
    return writer;
}

/* A file opened for reading only must be one the verbs can read as it is. */
static bool check_readable(struct store *store, const char *path, struct error *err)
{
    struct store_schema schema = store_schema_current();
    struct db *db = NULL;
    int64_t version = 0;
    bool ok = false;

    if (!file_exists(path)) {
        return error_set(err, REASON_STORE_FAILED,
                         "%s: there is no database; \"openndes init\" makes one, --data names "
                         "another data folder",
                         path);
    }
    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!store_schema_inspect(db, &schema, &version, err)) goto out;
    if (version < (int64_t)schema.count) {
        error_set(err, REASON_STORE_FAILED,
                  "%s: the database has schema version %lld, this program needs %zu; start the "
                  "service once, it upgrades the file",
                  path, (long long)version, schema.count);
        goto out;
    }
    if (!check_soundness(db, err)) goto out;
    ok = true;
out:
    store_readers_give(store->readers, db);
    return ok;
}

struct store *store_open(const struct store_options *options, struct error *err)
{
    struct db_options writer_options = {
        .path = options->path,
        .busy_ms = options->busy_ms > 0 ? options->busy_ms : BUSY_MS_DEFAULT,
        .cache_kib = WRITER_CACHE_KIB,
        .max_pages = options->max_pages,
        .texts = store_sql_texts,
        .text_count = STORE_SQL_END,
    };
    struct db_options reader_options;
    struct store *store = calloc(1, sizeof *store);
    bool ok = false;

    if (store == NULL) {
        error_set(err, REASON_NO_MEMORY, "store");
        goto out;
    }
    pthread_mutex_init(&store->clock_lock, NULL);
    (void)store_time_to_forget(store, 0); /* whatever it leaps to from now on */
    atomic_init(&store->hurry, false);
    writer_options.hurry = &store->hurry;
    reader_options = writer_options;
    reader_options.cache_kib = READER_CACHE_KIB;
    reader_options.max_pages = 0;
    store->readers = store_readers_create(&reader_options, options->readers, err);
    if (store->readers == NULL) goto out;
    if (options->read_only) {
        ok = check_readable(store, options->path, err);
    } else {
        store->writer = open_writer(&writer_options, err);
        ok = store->writer != NULL;
    }
out:
    if (!ok) {
        store_close(store);
        store = NULL;
    }
    return store;
}

void store_hurry(struct store *store)
{
    atomic_store_explicit(&store->hurry, true, memory_order_relaxed);
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    /* The writer's connection goes last: it may remove the log, a reader may not. */
    store_readers_free(store->readers);
    store_writer_stop(store->writer);
    pthread_mutex_destroy(&store->clock_lock);
    free(store);
}

int64_t store_time_to_forget(struct store *store, int64_t now)
{
    pthread_mutex_lock(&store->clock_lock);
    int64_t believed = believed_clock_read(&store->clock, clock_now(), clock_monotonic_us());
    pthread_mutex_unlock(&store->clock_lock);
    return now < believed ? now : believed;
}

bool store_walk(struct store *store, const struct store_walk *walk, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = true;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, walk->statement, &query, err)) goto out;
    walk->bind(query, walk->values);
    for (;;) {
        if (!db_step(query, &row, err)) goto out;
        if (!row) {
            break;
        }
        if (!walk->take(walk->context, query, err)) goto out;
    }
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

struct counting {
    store_count_visit *visit;
    void *context;
};

static void bind_now(struct db_query *query, const void *values)
{
    db_bind_int(query, 1, *(const int64_t *)values);
}

static bool take_count(void *context, struct db_query *query, struct error *err)
{
    const struct counting *counting = context;

    return counting->visit(counting->context, db_column_text(query, 0), db_column_int(query, 1),
                           db_column_int(query, 2), err);
}

bool store_count_rows(struct store *store, enum store_sql statement, int64_t now,
                      store_count_visit *visit, void *context, struct error *err)
{
    struct counting counting = { visit, context };
    const struct store_walk walk = { statement, bind_now, &now, take_count, &counting };

    return store_walk(store, &walk, err);
}

bool store_write_run(struct store *store, store_write *write, void *context, struct error *err)
{
    if (store->writer == NULL) {
        return error_set(err, REASON_STORE_READ_ONLY, "the database was opened for reading only");
    }
    return store_writer_run(store->writer, write, context, err);
}

void store_get_stats(struct store *store, struct store_stats *stats)
{
    struct store_writer_stats of_writer = { 0 };

    if (store->writer != NULL) {
        store_writer_get_stats(store->writer, &of_writer);
    }
    stats->writes = of_writer.writes;
    stats->commits = of_writer.commits;
    stats->failed_commits = of_writer.failed_commits;
    stats->waiting = of_writer.waiting;
    stats->commit_times = of_writer.commit_times;
    stats->last_failure = of_writer.last_failure;
    stats->last_end_us = of_writer.last_end_us;
    stats->busy_since_us = of_writer.busy_since_us;
}

bool store_check(struct store *store, struct error *err)
{
    struct db *db = NULL;

    if (!store_readers_take(store->readers, &db, err)) {
        return false;
    }
    bool ok = db_check(db, true, err);
    store_readers_give(store->readers, db);
    return ok;
}
