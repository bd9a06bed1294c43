/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_passwords.h"

#include <inttypes.h>
#include <string.h>

#include "platform/clock.h"
#include "base/text.h"
#include "store/store_internal.h"

#define LIST_LIMIT_DEFAULT 1000

/*
 * Rows of one commit that removes some: a fraction of a second, in which nobody else can write. Not
 * fewer: MACs lie anywhere in their index, so that each commit writes most of it.
 */
#define REMOVE_ROWS 10000
/* Old rows that go with each password that is added: more than come, so they cannot pile up. */
#define TIDY_ROWS 20

/* Order of PASSWORD_COLUMNS in store_sql.c. */
static struct store_password_row read_row(struct db_query *query)
{
    struct store_password_row row = {
        .id = db_column_int(query, 0),
        .scope = db_column_text(query, 1),
        .single = strcmp(db_column_text(query, 2), "single") == 0,
        .subject = db_column_text(query, 3),
        .peer = db_column_text(query, 4),
        .made_by = db_column_text(query, 5),
        .created_at = db_column_int(query, 6),
        .expires_at = db_column_int(query, 7),
        .spent_at = db_column_int(query, 8),
        .spent_ca = db_column_text(query, 9),
        .spent_serial = db_column_text(query, 10),
        .spent_peer = db_column_text(query, 11),
        .mac = db_column_bytes(query, 12),
        .sealed = db_column_bytes(query, 13),
    };
    return row;
}

/* Hand every row of a statement with its bindings to the visit. *count may be NULL. */
static bool visit_rows(struct db_query *query, store_password_visit *visit, void *context,
                       size_t *count, struct error *err)
{
    bool row = true;

    for (;;) {
        if (!db_step(query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        struct store_password_row found = read_row(query);
        if (count != NULL) {
            *count += 1;
        }
        if (!visit(context, &found, err)) {
            return false;
        }
    }
}

/* ---- adding ------------------------------------------------------------------------------- */

struct addition {
    const struct store_password *password;
    int64_t forget; /* old: by this time */
    int64_t max;
    bool keep_former; /* single */
    bool put;         /* single */
    int64_t id;
};

static bool run_tidy(struct db *db, enum store_sql statement, int64_t before, int64_t rows,
                     int64_t *changes, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, before);
    db_bind_int(query, 2, rows);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

static bool tidy(struct db *db, int64_t now, int64_t rows, int64_t *count, struct error *err)
{
    int64_t before = now - STORE_PASSWORD_KEEP_SECONDS;
    int64_t spent = 0;
    int64_t expired = 0;

    if (!run_tidy(db, STORE_SQL_TIDY_SPENT, before, rows, &spent, err)
        || !run_tidy(db, STORE_SQL_TIDY_EXPIRED, before, rows, &expired, err)) {
        return false;
    }
    *count = spent + expired;
    return true;
}

static bool check_room(struct db *db, const struct addition *a, struct error *err)
{
    struct db_query *query = NULL;
    int64_t outstanding = 0;
    bool row = false;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_COUNT_OUTSTANDING, &query, err)) goto out;
    db_bind_text(query, 1, a->password->scope);
    db_bind_int(query, 2, a->password->created_at);
    db_bind_int(query, 3, a->max);
    if (!db_step(query, &row, err)) goto out;
    outstanding = db_column_int(query, 0);
    if (outstanding >= a->max) {
        error_set(err, REASON_PASSWORD_CACHE_FULL,
                  "%" PRId64 " passwords are unused, no more are kept (ndes.PasswordMax); wait "
                  "until they are used or expire, or: openndes password purge",
                  outstanding);
        goto out;
    }
    ok = true;
out:
    db_query_end(query);
    return ok;
}

static bool insert(struct db *db, const struct store_password *p, const char *kind, int64_t *id,
                   struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_INSERT_PASSWORD, &query, err)) goto out;
    db_bind_text(query, 1, p->scope);
    db_bind_text(query, 2, kind);
    db_bind_bytes(query, 3, p->mac);
    if (p->sealed.len > 0) {
        db_bind_bytes(query, 4, p->sealed);
    }
    db_bind_text(query, 5, text_or_empty(p->subject));
    db_bind_text(query, 6, text_or_empty(p->peer));
    db_bind_text(query, 7, text_or_empty(p->made_by));
    db_bind_int(query, 8, p->created_at);
    db_bind_int(query, 9, p->expires_at);
    if (!db_step(query, &row, err)) goto out;
    *id = db_column_int(query, 0);
    ok = db_run(query, NULL, err);
out:
    db_query_end(query);
    return ok;
}

static bool write_addition(struct db *db, void *context, struct error *err)
{
    struct addition *a = context;
    int64_t removed = 0;

    return tidy(db, a->forget, TIDY_ROWS, &removed, err) && check_room(db, a, err)
           && insert(db, a->password, "once", &a->id, err);
}

bool store_password_add(struct store *store, const struct store_password *password, int64_t max,
                        int64_t *id, struct error *err)
{
    struct addition addition = { .password = password,
                                 .forget = store_time_to_forget(store, password->created_at),
                                 .max = max };

    if (!store_write_run(store, write_addition, &addition, err)) {
        return false;
    }
    *id = addition.id;
    return true;
}

/* ---- finding ------------------------------------------------------------------------------ */

bool store_password_find(struct store *store, struct bytes mac, store_password_visit *visit,
                         void *context, bool *found, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    size_t count = 0;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_FIND_PASSWORD, &query, err)) goto out;
    db_bind_bytes(query, 1, mac);
    ok = visit_rows(query, visit, context, &count, err);
    *found = count > 0;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_password_list(struct store *store, const struct store_password_filter *filter,
                         store_password_visit *visit, void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_LIST_PASSWORDS, &query, err)) goto out;
    db_bind_int(query, 1, filter->before_id > 0 ? filter->before_id : INT64_MAX);
    db_bind_text(query, 2, filter->scope);
    db_bind_int(query, 3, filter->all ? 1 : 0);
    db_bind_int(query, 4, filter->now);
    db_bind_int(query, 5, filter->limit > 0 ? filter->limit : LIST_LIMIT_DEFAULT);
    ok = visit_rows(query, visit, context, NULL, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_password_counts(struct store *store, int64_t now, store_password_count_visit *visit,
                           void *context, struct error *err)
{
    return store_count_rows(store, STORE_SQL_COUNT_PASSWORDS, now, visit, context, err);
}

/* ---- spending ----------------------------------------------------------------------------- */

bool store_password_refuse(const struct store_password_row *row, struct error *err)
{
    char since[CLOCK_TEXT_MAX];
    char time[CLOCK_TEXT_MAX];

    if (row->spent_at != 0 && row->spent_serial[0] == '\0') {
        clock_format(row->spent_at, time);
        return error_set(err, REASON_CHALLENGE_USED,
                         "one-time password %" PRId64 " was used at %s for a request that an "
                         "administrator has to approve, from %s",
                         row->id, time, row->spent_peer);
    }
    if (row->spent_at != 0) {
        clock_format(row->spent_at, time);
        return error_set(err, REASON_CHALLENGE_USED,
                         "one-time password %" PRId64 " was used at %s for serial %s of CA %s, "
                         "from %s",
                         row->id, time, row->spent_serial, row->spent_ca, row->spent_peer);
    }
    clock_format(row->created_at, since);
    clock_format(row->expires_at, time);
    return error_set(err, REASON_CHALLENGE_EXPIRED,
                     "one-time password %" PRId64 " is good from %s to %s only", row->id, since,
                     time);
}

/* Why the row did not change. */
static bool explain_unspendable(void *context, const struct store_password_row *row,
                                struct error *err)
{
    (void)context;
    return store_password_refuse(row, err);
}

static bool say_why(struct db *db, int64_t id, struct error *err)
{
    struct db_query *query = NULL;

    if (db_query_begin(db, STORE_SQL_SHOW_PASSWORD, &query, err)) {
        db_bind_int(query, 1, id);
        if (visit_rows(query, explain_unspendable, NULL, NULL, err)) {
            error_set(err, REASON_CHALLENGE_REJECTED,
                      "one-time password %" PRId64 " was purged while the request was decided", id);
        }
    }
    db_query_end(query);
    return false;
}

bool store_password_spend(struct db *db, const struct store_certificate *cert, struct error *err)
{
    struct db_query *query = NULL;
    int64_t changes = 0;

    if (!db_query_begin(db, STORE_SQL_SPEND_PASSWORD, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, cert->reservation);
    db_bind_int(query, 2, cert->spent_at);
    db_bind_text(query, 3, cert->request->ca_name);
    db_bind_text(query, 4, cert->info->serial);
    db_bind_text(query, 5, text_or_empty(cert->peer));
    db_bind_int(query, 6, cert->spent_at + STORE_PASSWORD_EARLY_SECONDS);
    bool ok = db_run(query, &changes, err);
    db_query_end(query);
    if (!ok) {
        return false;
    }
    return changes == 1 || say_why(db, cert->reservation, err);
}

/* ---- removing ----------------------------------------------------------------------------- */

struct removal {
    const struct store_password_purge *purge; /* NULL: housekeeping */
    int64_t now;
    int64_t count;
};

static bool write_purge(struct db *db, void *context, struct error *err)
{
    struct removal *r = context;
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_PURGE_PASSWORDS, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, r->purge->id);
    db_bind_text(query, 2, r->purge->scope);
    db_bind_int(query, 3, r->purge->only_expired ? r->purge->now : INT64_MAX);
    db_bind_int(query, 4, REMOVE_ROWS);
    bool ok = db_run(query, &r->count, err);
    db_query_end(query);
    return ok;
}

static bool write_tidy(struct db *db, void *context, struct error *err)
{
    struct removal *r = context;

    return tidy(db, r->now, REMOVE_ROWS, &r->count, err);
}

/* Commit after commit, until one finds less than it may take. */
static bool remove_all(struct store *store, store_write *write, struct removal *removal,
                       int64_t *count, struct error *err)
{
    do {
        removal->count = 0;
        if (!store_write_run(store, write, removal, err)) {
            return false;
        }
        *count += removal->count;
    } while (removal->count >= REMOVE_ROWS);
    return true;
}

bool store_password_purge(struct store *store, const struct store_password_purge *purge,
                          int64_t *count, struct error *err)
{
    struct removal removal = { .purge = purge };

    *count = 0;
    return remove_all(store, write_purge, &removal, count, err);
}

bool store_password_tidy(struct store *store, int64_t now, int64_t *count, struct error *err)
{
    struct removal removal = { .now = store_time_to_forget(store, now) };
    int64_t removed = 0;
    bool ok = remove_all(store, write_tidy, &removal, &removed, err);

    if (count != NULL) {
        *count = removed;
    }
    return ok;
}

/* ---- the single password ------------------------------------------------------------------ */

static bool find_single(struct db *db, const char *scope, store_password_visit *visit,
                        void *context, bool *found, struct error *err)
{
    struct db_query *query = NULL;
    size_t count = 0;

    if (!db_query_begin(db, STORE_SQL_FIND_SINGLE, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, scope);
    bool ok = visit_rows(query, visit, context, &count, err);
    *found = count > 0;
    db_query_end(query);
    return ok;
}

bool store_password_get_single(struct store *store, const char *scope, store_password_visit *visit,
                               void *context, bool *found, struct error *err)
{
    struct db *db = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    ok = find_single(db, scope, visit, context, found, err);
out:
    store_readers_give(store->readers, db);
    return ok;
}

static bool take_id(void *context, const struct store_password_row *row, struct error *err)
{
    (void)err;
    *(int64_t *)context = row->id;
    return true;
}

static bool remove_single(struct db *db, const char *scope, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_REMOVE_SINGLE, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, scope);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

static bool write_forget(struct db *db, void *context, struct error *err)
{
    const struct store_password_purge *purge = context;

    return remove_single(db, purge->scope, err);
}

bool store_password_forget(struct store *store, const char *scope, struct error *err)
{
    struct store_password_purge purge = { .scope = scope };
    int64_t count = 0;

    return store_password_purge(store, &purge, &count, err)
           && store_write_run(store, write_forget, &purge, err);
}

static bool write_single(struct db *db, void *context, struct error *err)
{
    struct addition *a = context;
    const char *scope = a->password->scope;
    bool found = false;

    a->put = false;
    if (!find_single(db, scope, take_id, &a->id, &found, err)) {
        return false;
    }
    if (found && a->keep_former) {
        return true;
    }
    a->put = true;
    return remove_single(db, scope, err) && insert(db, a->password, "single", &a->id, err);
}

bool store_password_put_single(struct store *store, const struct store_password *password,
                               bool keep_former, bool *put, int64_t *id, struct error *err)
{
    struct addition addition = { .password = password, .keep_former = keep_former };

    if (!store_write_run(store, write_single, &addition, err)) {
        return false;
    }
    *put = addition.put;
    *id = addition.id;
    return true;
}
