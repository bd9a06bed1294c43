/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sealed.h"

#include "store/store_internal.h"

struct sealed_column {
    const char *name;
    enum store_sql list;
    enum store_sql update;
};

static const struct sealed_column columns[STORE_SEALED_COLUMNS] = {
    [STORE_SEALED_PASSWORD] = { "password.sealed", STORE_SQL_LIST_SEALED_PASSWORDS,
                                STORE_SQL_UPDATE_SEALED_PASSWORD },
    [STORE_SEALED_TICKET] = { "notification.ticket", STORE_SQL_LIST_TICKETS,
                              STORE_SQL_UPDATE_TICKET },
};

const char *store_sealed_name(enum store_sealed_column column)
{
    return columns[column].name;
}

static bool list_column(struct db *db, enum store_sealed_column column, store_sealed_visit *visit,
                        void *context, struct error *err)
{
    struct db_query *query = NULL;
    bool row = true;
    bool ok = db_query_begin(db, columns[column].list, &query, err);

    while (ok && row) {
        ok = db_step(query, &row, err);
        if (ok && row) {
            struct store_sealed_row found = {
                .column = column,
                .id = db_column_int(query, 0),
                .scope = db_column_text(query, 1),
                .sealed = db_column_bytes(query, 2),
            };
            ok = visit(context, &found, err);
        }
    }
    db_query_end(query);
    return ok;
}

bool store_sealed_list(struct store *store, store_sealed_visit *visit, void *context,
                       struct error *err)
{
    struct db *db = NULL;
    bool ok = store_readers_take(store->readers, &db, err);

    for (int column = 0; ok && column < STORE_SEALED_COLUMNS; column++) {
        ok = list_column(db, (enum store_sealed_column)column, visit, context, err);
    }
    store_readers_give(store->readers, db);
    return ok;
}

struct replacement {
    const struct store_sealed_row *rows;
    size_t count;
};

static bool replace_one(struct db *db, const struct store_sealed_row *row, struct error *err)
{
    struct db_query *query = NULL;
    int64_t changes = 0;

    if (!db_query_begin(db, columns[row->column].update, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, row->id);
    db_bind_bytes(query, 2, row->sealed);
    bool ok = db_run(query, &changes, err);
    db_query_end(query);
    return ok
           && (changes == 1
               || error_set(err, REASON_STORE_FAILED, "the database has no %s with id %lld",
                            columns[row->column].name, (long long)row->id));
}

static bool write_replacement(struct db *db, void *context, struct error *err)
{
    const struct replacement *replacement = context;

    for (size_t i = 0; i < replacement->count; i++) {
        if (!replace_one(db, &replacement->rows[i], err)) {
            return false;
        }
    }
    return true;
}

bool store_sealed_replace(struct store *store, const struct store_sealed_row *rows, size_t count,
                          struct error *err)
{
    struct replacement replacement = { rows, count };

    return store_write_run(store, write_replacement, &replacement, err);
}
