/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_outbox.h"

#include "store/store_internal.h"

/* Nobody waits for so long: the clock was ahead when it was put off, and is right again. */
#define DUE_BEYOND_SECONDS 86400

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- notifications of provisional certificates --------------------------------------------- */

struct addition {
    const char *template_name;
    struct bytes transaction_id, ticket;
    bool validated;
    const struct store_refusal *why;
    int64_t certificate_id; /* armed; 0: due at once */
    int64_t now;
    int64_t max;
    bool added;
};

static bool insert(struct db *db, const struct addition *a, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_INSERT_NOTIFICATION, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, a->certificate_id);
    db_bind_text(query, 2, a->template_name);
    db_bind_bytes(query, 3, a->transaction_id);
    db_bind_bytes(query, 4, a->ticket);
    db_bind_int(query, 5, a->validated ? 1 : 0);
    db_bind_int(query, 6, a->why->hresult);
    db_bind_text(query, 7, text_or_empty(a->why->reason));
    db_bind_text(query, 8, text_or_empty(a->why->detail));
    db_bind_int(query, 9, a->now);
    db_bind_int(query, 10, a->certificate_id == 0 ? a->now : 0);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_notification_arm(struct db *db, const struct store_certificate *cert,
                            int64_t certificate_id, struct bytes ticket,
                            const struct store_refusal *interrupted, struct error *err)
{
    const struct addition addition = {
        .template_name = cert->request->template_name,
        .transaction_id = cert->request->transaction_id,
        .ticket = ticket,
        .validated = true,
        .why = interrupted,
        .certificate_id = certificate_id,
        .now = cert->issued_at,
    };

    return insert(db, &addition, err);
}

bool store_notification_drop_needless(struct db *db, int64_t certificate_id, const char *reason,
                                      struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_DROP_NEEDLESS, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, certificate_id);
    db_bind_text(query, 2, text_or_empty(reason));
    db_bind_int(query, 3, LIMIT_NOTIFICATIONS);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_notification_settle(struct db *db, int64_t certificate_id, int64_t now,
                               const struct store_refusal *why, struct error *err)
{
    enum store_sql statement =
        why != NULL ? STORE_SQL_SETTLE_NOTIFICATION : STORE_SQL_DROP_NOTIFICATION;
    struct db_query *query = NULL;

    if ((why != NULL && !store_notification_drop_needless(db, certificate_id, why->reason, err))
        || !db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, certificate_id);
    if (why != NULL) {
        db_bind_int(query, 2, now);
        db_bind_int(query, 3, why->hresult);
        db_bind_text(query, 4, text_or_empty(why->reason));
        db_bind_text(query, 5, text_or_empty(why->detail));
    }
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_notification_overtaken(struct db *db, const struct store_request_key *key,
                                  struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_DROP_OVERTAKEN, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, key->transaction_id);
    db_bind_text(query, 2, key->template_name);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_notification_release(struct db *db, int64_t now, int64_t before, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_RELEASE_NOTIFICATIONS, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, now);
    db_bind_int(query, 2, before);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

/* ---- adding -------------------------------------------------------------------------------- */

/* Does the same wait to be told already? A device repeats its request every few minutes. */
static bool is_waiting(struct db *db, const struct addition *a, bool *waits, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_FIND_NOTIFICATION, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, a->transaction_id);
    db_bind_text(query, 2, a->template_name);
    db_bind_text(query, 3, text_or_empty(a->why->reason));
    bool ok = db_step(query, waits, err);
    db_query_end(query);
    return ok;
}

static bool has_room(struct db *db, const struct addition *a, bool *room, struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;

    if (!db_query_begin(db, STORE_SQL_COUNT_NOTIFICATIONS, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, a->validated ? 1 : 0);
    db_bind_int(query, 2, a->max);
    bool ok = db_step(query, &row, err);
    *room = ok && db_column_int(query, 0) < a->max;
    db_query_end(query);
    return ok;
}

static bool write_addition(struct db *db, void *context, struct error *err)
{
    struct addition *a = context;
    bool waits = false;
    bool room = false;

    a->added = false;
    if (!is_waiting(db, a, &waits, err) || !has_room(db, a, &room, err)) {
        return false;
    }
    if (waits || !room) {
        return true;
    }
    a->added = true;
    return insert(db, a, err);
}

bool store_outbox_add(struct store *store, const char *template_name, struct bytes transaction_id,
                      struct bytes ticket, bool validated, const struct store_refusal *why,
                      int64_t now, int64_t max, bool *added, struct error *err)
{
    struct addition addition = {
        .template_name = template_name,
        .transaction_id = transaction_id,
        .ticket = ticket,
        .validated = validated,
        .why = why,
        .now = now,
        .max = max,
    };

    if (!store_write_run(store, write_addition, &addition, err)) {
        return false;
    }
    *added = addition.added;
    return true;
}

/* ---- delivery ------------------------------------------------------------------------------ */

/* Order of STORE_SQL_LIST_DUE. */
static struct store_outbox_row read_row(struct db_query *query)
{
    struct store_outbox_row row = {
        .id = db_column_int(query, 0),
        .template_name = db_column_text(query, 1),
        .transaction_id = db_column_bytes(query, 2),
        .ticket = db_column_bytes(query, 3),
        .hresult = (uint32_t)db_column_int(query, 4),
        .reason = db_column_text(query, 5),
        .detail = db_column_text(query, 6),
        .created_at = db_column_int(query, 7),
        .attempts = db_column_int(query, 8),
    };
    return row;
}

static bool visit_rows(struct db_query *query, store_outbox_visit *visit, void *context,
                       struct error *err)
{
    bool row = true;

    for (;;) {
        if (!db_step(query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        struct store_outbox_row found = read_row(query);
        if (!visit(context, &found, err)) {
            return false;
        }
    }
}

bool store_outbox_due(struct store *store, int64_t now, int64_t limit, store_outbox_visit *visit,
                      void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_LIST_DUE, &query, err)) goto out;
    db_bind_int(query, 1, now);
    db_bind_int(query, 2, limit);
    db_bind_int(query, 3, DUE_BEYOND_SECONDS);
    ok = visit_rows(query, visit, context, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_outbox_waits(struct store *store, int64_t id, bool *waits, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_IS_WAITING, &query, err)) goto out;
    db_bind_int(query, 1, id);
    ok = db_step(query, waits, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

struct change {
    int64_t id;
    int64_t due_at;
};

static bool write_removal(struct db *db, void *context, struct error *err)
{
    const struct change *change = context;
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_REMOVE_NOTIFICATION, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, change->id);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_outbox_remove(struct store *store, int64_t id, struct error *err)
{
    struct change change = { .id = id };

    return store_write_run(store, write_removal, &change, err);
}

static bool write_retry(struct db *db, void *context, struct error *err)
{
    const struct change *change = context;
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_RETRY_NOTIFICATION, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, change->id);
    db_bind_int(query, 2, change->due_at);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

bool store_outbox_retry(struct store *store, int64_t id, int64_t due_at, struct error *err)
{
    struct change change = { .id = id, .due_at = due_at };

    return store_write_run(store, write_retry, &change, err);
}

bool store_outbox_counts(struct store *store, int64_t *waiting, int64_t *next_due,
                         struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_READ_OUTBOX, &query, err)) goto out;
    if (!db_step(query, &row, err)) goto out;
    *waiting = db_column_int(query, 0);
    *next_due = db_column_int(query, 1);
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}
