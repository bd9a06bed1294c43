/* SPDX-License-Identifier: Apache-2.0 */
/* Health and size of the database. */
#include "store/store_internal.h"

struct probe {
    int64_t now;
};

static bool run_probe(struct db *db, enum store_sql statement, const struct probe *probe,
                      int64_t *changes, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, STORE_META_PROBE);
    db_bind_int(query, 2, probe->now);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

static bool write_probe(struct db *db, void *context, struct error *err)
{
    const struct probe *probe = context;
    int64_t changes = 0;

    return run_probe(db, STORE_SQL_UPDATE_PROBE, probe, &changes, err)
           && (changes > 0 || run_probe(db, STORE_SQL_INSERT_PROBE, probe, &changes, err));
}

bool store_probe(struct store *store, int64_t now, struct error *err)
{
    struct probe probe = { .now = now };

    return store_write_run(store, write_probe, &probe, err);
}

bool store_read_gauges(struct store *store, struct store_gauges *gauges, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_READ_GAUGES, &query, err)) goto out;
    if (!db_step(query, &row, err)) goto out;
    *gauges = (struct store_gauges){
        .certificates = db_column_int(query, 0),
        .revoked = db_column_int(query, 1),
        .provisional = db_column_int(query, 2),
        .notifications = db_column_int(query, 3),
        .oldest_notification_at = db_column_int(query, 4),
    };
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}
