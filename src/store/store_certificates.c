/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the administrator's verbs: list, show, count, revoke certificates; revocation and
 *           history for validators and policies.
 * Not here: enrolment (store_requests.c, store_provisional.c), CRLs (store_crl.c).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     RFC 5280 5.3.1 (CRLReason).
 */
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/store_internal.h"

#define LIST_LIMIT_DEFAULT 1000

/* RFC 5280 5.3.1: 0 to 10 without 7, which is not used, and 8 (removeFromCRL), which is none. */
#define CRL_REASON_MAX 10
#define CRL_REASON_UNUSED 7
#define CRL_REASON_REMOVE 8

/* Order of ROW_COLUMNS in store_sql.c. */
static struct store_certificate_row read_row(struct db_query *query)
{
    struct store_certificate_row row = {
        .id = db_column_int(query, 0),
        .serial = db_column_text(query, 1),
        .ca_name = db_column_text(query, 2),
        .template_name = db_column_text(query, 3),
        .subject = db_column_text(query, 4),
        .peer = db_column_text(query, 5),
        .request_id = db_column_text(query, 6),
        .challenge_type = db_column_text(query, 7),
        .issued_at = db_column_int(query, 8),
        .not_before = db_column_int(query, 9),
        .not_after = db_column_int(query, 10),
        .revoked_at = db_column_int(query, 11),
        .revocation_reason = (int)db_column_int(query, 12),
        .transaction_id = db_column_bytes(query, 13),
        .der = db_column_bytes(query, 14),
        .withheld = (enum store_certificate_state)db_column_int(query, 15),
        .revoked_by = db_column_text(query, 16),
        .renews = db_column_bytes(query, 17),
    };
    return row;
}

static void bind_filter(struct db_query *query, const struct store_list_filter *filter)
{
    db_bind_int(query, 1, filter->before_id > 0 ? filter->before_id : INT64_MAX);
    db_bind_text(query, 2, filter->template_name);
    db_bind_text(query, 3, filter->ca_name);
    db_bind_text(query, 4, filter->subject_contains);
    db_bind_int(query, 5, filter->only_valid ? 1 : 0);
    db_bind_int(query, 6, filter->now);
    db_bind_int(query, 7, filter->only_revoked ? 1 : 0);
    db_bind_int(query, 8, filter->limit > 0 ? filter->limit : LIST_LIMIT_DEFAULT);
}

/* Hand every row of a statement with its bindings to the visit. */
static bool visit_rows(struct db_query *query, store_certificate_visit *visit, void *context,
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
        struct store_certificate_row found = read_row(query);
        if (!visit(context, &found, err)) {
            return false;
        }
    }
}

bool store_list_certificates(struct store *store, const struct store_list_filter *filter,
                             store_certificate_visit *visit, void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_LIST, &query, err)) goto out;
    bind_filter(query, filter);
    ok = visit_rows(query, visit, context, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_each_serial(struct store *store, const char *serial, store_certificate_visit *visit,
                       void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_LIST_SERIAL, &query, err)) goto out;
    db_bind_text(query, 1, serial);
    db_bind_int(query, 2, LIST_LIMIT_DEFAULT);
    ok = visit_rows(query, visit, context, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_serial_find(struct db *db, const char *ca_name, const char *serial, int64_t *id,
                       int64_t *revoked_at, struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_FIND_SERIAL, &query, err)) goto out;
    db_bind_text(query, 1, serial);
    db_bind_text(query, 2, ca_name);
    if (!db_step(query, &row, err)) goto out;
    if (!row) {
        error_set(err, REASON_CERT_NOT_FOUND, "no certificate with serial %s%s%s", serial,
                  ca_name != NULL ? " of CA " : "", ca_name != NULL ? ca_name : "");
        goto out;
    }
    *id = db_column_int(query, 0);
    *revoked_at = db_column_int(query, 1);
    if (!db_step(query, &row, err)) goto out;
    if (row) {
        error_set(err, REASON_USAGE,
                  "more than one CA has issued a certificate with serial %s: name the CA", serial);
        goto out;
    }
    ok = true;
out:
    db_query_end(query);
    return ok;
}

bool store_show_certificate(struct store *store, const char *ca_name, const char *serial,
                            store_certificate_visit *visit, void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    int64_t id = 0;
    int64_t revoked_at = 0;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!store_serial_find(db, ca_name, serial, &id, &revoked_at, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_SHOW, &query, err)) goto out;
    db_bind_int(query, 1, id);
    if (!db_step(query, &row, err)) goto out;
    if (!row) {
        error_set(err, REASON_CERT_NOT_FOUND, "serial %s has just been removed", serial);
        goto out;
    }
    struct store_certificate_row found = read_row(query);
    ok = visit(context, &found, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_successor(struct store *store, const char *ca_name, const char *serial,
                     char successor[SERIAL_TEXT_MAX], bool *found, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_FIND_SUCCESSOR, &query, err)) goto out;
    db_bind_text(query, 1, serial);
    db_bind_text(query, 2, ca_name);
    if (!db_step(query, found, err)) goto out;
    ok = !*found || text_copy(successor, SERIAL_TEXT_MAX, db_column_text(query, 0))
         || error_set(err, REASON_INTERNAL, "a serial number is too long");
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_subject_history(struct store *store, const char *template_name, const char *subject,
                           int64_t since, int64_t now, int64_t *count, int64_t *valid_until,
                           struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_HISTORY, &query, err)) goto out;
    db_bind_text(query, 1, subject);
    db_bind_text(query, 2, template_name);
    db_bind_int(query, 3, since);
    db_bind_int(query, 4, now);
    if (!db_step(query, &row, err)) goto out;
    *count = db_column_int(query, 0);
    *valid_until = db_column_int(query, 1);
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_count_certificates(struct store *store, int64_t *count, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_COUNT, &query, err)) goto out;
    if (!db_step(query, &row, err)) goto out;
    *count = db_column_int(query, 0);
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

/* ---- revocation -------------------------------------------------------------------------- */

struct revocation {
    const char *ca_name;
    const char *serial;
    int reason;
    const char *by;
    bool may_come_again;
    int64_t at;
    bool again;
};

static bool mark_revoked(struct db *db, int64_t id, const struct revocation *r, int64_t *changes,
                         struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_REVOKE, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    db_bind_int(query, 2, r->at);
    db_bind_int(query, 3, r->reason);
    db_bind_text(query, 4, r->by);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

static bool run_count(struct db *db, enum store_sql statement, int64_t id, int64_t *changes,
                      struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, STORE_META_REVOCATIONS);
    db_bind_int(query, 2, id);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

bool store_revocation_add(struct db *db, int64_t id, struct error *err)
{
    int64_t changes = 0;

    if (!run_count(db, STORE_SQL_INCREMENT_COUNT, id, &changes, err)) {
        return false;
    }
    return changes > 0 || run_count(db, STORE_SQL_START_COUNT, id, &changes, err);
}

/* One that is on hold: for good now, whoever has put it there. */
static bool mark_final(struct db *db, int64_t id, const struct revocation *r, int64_t *changes,
                       struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_REVOKE_HELD, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    db_bind_int(query, 2, r->reason);
    db_bind_text(query, 3, r->by);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

/* It is revoked already: by whoever asks for it, which is fine, or by somebody else? */
static bool check_again(struct db *db, int64_t id, int64_t revoked_at, struct revocation *r,
                        struct error *err)
{
    struct db_query *query = NULL;
    char since[CLOCK_TEXT_MAX];
    bool row = false;
    bool ok = false;

    clock_format(revoked_at, since);
    if (!db_query_begin(db, STORE_SQL_READ_REVOKED_BY, &query, err)) goto out;
    db_bind_int(query, 1, id);
    if (!db_step(query, &row, err)) goto out;
    r->again = r->may_come_again && strcmp(db_column_text(query, 0), r->by) == 0;
    if (!r->again) {
        error_set(err, REASON_CERT_ALREADY_REVOKED, "serial %s is revoked since %s (by %s)",
                  r->serial, since, db_column_text(query, 0));
        goto out;
    }
    ok = true;
out:
    db_query_end(query);
    return ok;
}

static bool write_revocation(struct db *db, void *context, struct error *err)
{
    struct revocation *r = context;
    int64_t id = 0;
    int64_t revoked_at = 0;
    int64_t changes = 0;

    r->again = false;
    if (!store_serial_find(db, r->ca_name, r->serial, &id, &revoked_at, err)
        || !mark_revoked(db, id, r, &changes, err)) {
        return false;
    }
    if (changes == 0 && r->reason != STORE_REASON_HOLD && !mark_final(db, id, r, &changes, err)) {
        return false;
    }
    return changes > 0 ? store_revocation_add(db, id, err)
                       : check_again(db, id, revoked_at, r, err);
}

static bool revoke(struct store *store, struct revocation *revocation, struct error *err)
{
    int reason = revocation->reason;

    if (reason < 0 || reason > CRL_REASON_MAX || reason == CRL_REASON_UNUSED
        || reason == CRL_REASON_REMOVE) {
        return error_set(err, REASON_USAGE, "%d is not a reason for revocation (RFC 5280 5.3.1)",
                         reason);
    }
    revocation->at = revocation->at > 0 ? revocation->at : clock_now();
    return store_write_run(store, write_revocation, revocation, err);
}

bool store_revoke_certificate(struct store *store, const char *ca_name, const char *serial,
                              int reason, int64_t now, struct error *err)
{
    struct revocation revocation = {
        .ca_name = ca_name,
        .serial = serial,
        .reason = reason,
        .by = STORE_BY_ADMINISTRATOR,
        .at = now,
    };

    return revoke(store, &revocation, err);
}

bool store_revoke_for(struct store *store, const char *ca_name, const char *serial, int reason,
                      const char *by, int64_t now, bool *again, struct error *err)
{
    struct revocation revocation = {
        .ca_name = ca_name,
        .serial = serial,
        .reason = reason,
        .by = by,
        .may_come_again = true,
        .at = now,
    };

    if (!revoke(store, &revocation, err)) {
        return false;
    }
    *again = revocation.again;
    return true;
}

/* ---- hold ---------------------------------------------------------------------------------- */

struct release {
    const char *ca_name;
    const char *serial;
};

static bool write_release(struct db *db, void *context, struct error *err)
{
    const struct release *r = context;
    struct db_query *query = NULL;
    int64_t id = 0;
    int64_t revoked_at = 0;
    int64_t changes = 0;

    if (!store_serial_find(db, r->ca_name, r->serial, &id, &revoked_at, err)
        || !db_query_begin(db, STORE_SQL_RELEASE_HELD, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    bool ok = db_run(query, &changes, err);
    db_query_end(query);
    if (ok && changes == 0) {
        return error_set(err, REASON_CERT_NOT_HELD, "serial %s is not on hold: %s", r->serial,
                         revoked_at == 0 ? "it is not revoked" : "it is revoked for good");
    }
    return ok && store_revocation_add(db, id, err);
}

bool store_release_certificate(struct store *store, const char *ca_name, const char *serial,
                               struct error *err)
{
    struct release release = { .ca_name = ca_name, .serial = serial };

    return store_write_run(store, write_release, &release, err);
}
