/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_pending.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/store_internal.h"

#define LIST_LIMIT_DEFAULT 1000
#define MATCH_LIMIT 100
/* Rows of one commit that removes some: each has a request of some kilobytes. */
#define REMOVE_ROWS 1000

/* Order of PENDING_COLUMNS in store_sql.c. */
static struct store_pending_row read_row(struct db_query *query)
{
    struct store_pending_row row = {
        .id = db_column_int(query, 0),
        .state = (enum store_pending_state)db_column_int(query, 1),
        .request_id = db_column_text(query, 2),
        .template_name = db_column_text(query, 3),
        .ca_name = db_column_text(query, 4),
        .subject = db_column_text(query, 5),
        .peer = db_column_text(query, 6),
        .challenge_type = db_column_text(query, 7),
        .decided_by = db_column_text(query, 8),
        .note = db_column_text(query, 9),
        .created_at = db_column_int(query, 10),
        .expires_at = db_column_int(query, 11),
        .decided_at = db_column_int(query, 12),
        .transaction_id = db_column_bytes(query, 13),
        .signer_key_sha256 = db_column_bytes(query, 14),
        .csr_sha256 = db_column_bytes(query, 15),
        .csr_sha1 = db_column_bytes(query, 16),
        .csr_md5 = db_column_bytes(query, 17),
        .csr = db_column_bytes(query, 18),
        .renews = db_column_bytes(query, 19),
    };
    return row;
}

/* Hand every row of a statement with its bindings to the visit. *count may be NULL. */
static bool visit_rows(struct db_query *query, store_pending_visit *visit, void *context,
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
        struct store_pending_row found = read_row(query);
        if (count != NULL) {
            *count += 1;
        }
        if (!visit(context, &found, err)) {
            return false;
        }
    }
}

/* ---- finding ------------------------------------------------------------------------------ */

static bool query_key(struct db *db, enum store_sql statement, const struct store_request_key *key,
                      int64_t now, store_pending_visit *visit, void *context, bool *found,
                      struct error *err)
{
    struct db_query *query = NULL;
    size_t count = 0;

    if (!db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, key->transaction_id);
    db_bind_bytes(query, 2, bytes_of(key->signer_key_sha256, DIGEST_SHA256_BYTES));
    db_bind_text(query, 3, key->template_name);
    db_bind_text(query, 4, key->ca_name);
    db_bind_int(query, 5, now);
    if (statement == STORE_SQL_FIND_PENDING) {
        db_bind_bytes(query, 6, bytes_of(key->csr_sha256, DIGEST_SHA256_BYTES));
    }
    bool ok = visit_rows(query, visit, context, &count, err);
    *found = count > 0;
    db_query_end(query);
    return ok;
}

static bool read_key(struct store *store, enum store_sql statement,
                     const struct store_request_key *key, int64_t now, store_pending_visit *visit,
                     void *context, bool *found, struct error *err)
{
    struct db *db = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    ok = query_key(db, statement, key, now, visit, context, found, err);
out:
    store_readers_give(store->readers, db);
    return ok;
}

static bool ignore_row(void *context, const struct store_pending_row *row, struct error *err)
{
    (void)context;
    (void)row;
    (void)err;
    return true;
}

bool store_pending_kept(struct db *db, const struct store_request_key *key, int64_t now, bool *kept,
                        struct error *err)
{
    return query_key(db, STORE_SQL_FIND_PENDING, key, now, ignore_row, NULL, kept, err);
}

bool store_pending_find(struct store *store, const struct store_request_key *key, int64_t now,
                        store_pending_visit *visit, void *context, bool *found, struct error *err)
{
    return read_key(store, STORE_SQL_FIND_PENDING, key, now, visit, context, found, err);
}

bool store_pending_poll(struct store *store, const struct store_request_key *key, int64_t now,
                        store_pending_visit *visit, void *context, bool *found, struct error *err)
{
    return read_key(store, STORE_SQL_POLL_PENDING, key, now, visit, context, found, err);
}

/* Templates where one key waits with one transaction. */
struct waiting {
    struct bytes transaction_id;
    const uint8_t *signer_key_sha256;
    int64_t now;
    store_pending_template_visit *visit;
    void *context;
};

static void bind_waiting(struct db_query *query, const void *values)
{
    const struct waiting *waiting = values;

    db_bind_bytes(query, 1, waiting->transaction_id);
    db_bind_bytes(query, 2, bytes_of(waiting->signer_key_sha256, DIGEST_SHA256_BYTES));
    db_bind_int(query, 3, waiting->now);
}

static bool take_template(void *context, struct db_query *query, struct error *err)
{
    const struct waiting *waiting = context;

    return waiting->visit(waiting->context, db_column_text(query, 0), err);
}

bool store_pending_templates(struct store *store, struct bytes transaction_id,
                             const uint8_t signer_key_sha256[DIGEST_SHA256_BYTES], int64_t now,
                             store_pending_template_visit *visit, void *context, struct error *err)
{
    struct waiting waiting = { transaction_id, signer_key_sha256, now, visit, context };
    const struct store_walk walk = { STORE_SQL_PENDING_TEMPLATES, bind_waiting, &waiting,
                                     take_template, &waiting };

    return store_walk(store, &walk, err);
}

/* ---- recording ---------------------------------------------------------------------------- */

struct recording {
    const struct store_pending *pending;
    int64_t max;
    bool recorded;
};

static bool check_room(struct db *db, const struct recording *r, struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_COUNT_WAITING, &query, err)) goto out;
    db_bind_text(query, 1, r->pending->request->template_name);
    db_bind_int(query, 2, r->pending->now);
    db_bind_int(query, 3, r->max);
    if (!db_step(query, &row, err)) goto out;
    if (db_column_int(query, 0) >= r->max) {
        error_set(err, REASON_PENDING_FULL,
                  "%" PRId64 " requests of template %s wait for approval, no more may "
                  "(pending.max); decide about them: openndes request list --pending",
                  r->max, r->pending->request->template_name);
        goto out;
    }
    ok = true;
out:
    db_query_end(query);
    return ok;
}

/* The password goes with the request: whoever approves it shall not find it without one. */
static bool spend(struct db *db, const struct store_pending *p, struct error *err)
{
    static const struct certificate_info none_yet = { .serial = "" };
    const struct store_certificate cert = {
        .request = p->request,
        .info = &none_yet,
        .peer = p->peer,
        .reservation = p->reservation,
        .spent_at = p->now,
    };

    return p->reservation == 0 || store_password_spend(db, &cert, err);
}

static bool insert(struct db *db, const struct store_pending *p, struct error *err)
{
    const struct store_request_key *key = p->request;
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_INSERT_PENDING, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, text_or_empty(p->request_id));
    db_bind_text(query, 2, key->template_name);
    db_bind_text(query, 3, key->ca_name);
    db_bind_bytes(query, 4, key->transaction_id);
    db_bind_bytes(query, 5, bytes_of(key->signer_key_sha256, DIGEST_SHA256_BYTES));
    db_bind_bytes(query, 6, bytes_of(key->csr_sha256, DIGEST_SHA256_BYTES));
    db_bind_bytes(query, 7, bytes_of(p->csr_sha1, DIGEST_SHA1_BYTES));
    db_bind_bytes(query, 8, bytes_of(p->csr_md5, DIGEST_MD5_BYTES));
    db_bind_bytes(query, 9, p->csr);
    db_bind_text(query, 10, text_or_empty(p->subject));
    db_bind_text(query, 11, text_or_empty(p->peer));
    db_bind_text(query, 12, text_or_empty(p->challenge_type));
    if (p->renews.len > 0) {
        db_bind_bytes(query, 13, p->renews);
    }
    db_bind_int(query, 14, p->now);
    db_bind_int(query, 15, p->expires_at);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

/* Asked again here, where no other write can come in between: a device that is impatient sends the
   same twice. */
static bool write_recording(struct db *db, void *context, struct error *err)
{
    struct recording *r = context;
    const struct store_pending *p = r->pending;
    bool found = false;

    if (!store_pending_kept(db, p->request, p->now, &found, err)) {
        return false;
    }
    r->recorded = !found;
    return found || (check_room(db, r, err) && spend(db, p, err) && insert(db, p, err));
}

bool store_pending_record(struct store *store, const struct store_pending *pending, int64_t max,
                          bool *recorded, struct error *err)
{
    struct recording recording = { .pending = pending, .max = max };

    if (!store_write_run(store, write_recording, &recording, err)) {
        return false;
    }
    *recorded = recording.recorded;
    return true;
}

/* ---- listing ------------------------------------------------------------------------------ */

bool store_pending_list(struct store *store, const struct store_pending_filter *filter,
                        store_pending_visit *visit, void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_LIST_PENDING, &query, err)) goto out;
    db_bind_text(query, 1, filter->template_name);
    db_bind_int(query, 2, filter->all ? 1 : 0);
    db_bind_int(query, 3, filter->now);
    db_bind_int(query, 4, filter->limit > 0 ? filter->limit : LIST_LIMIT_DEFAULT);
    db_bind_int(query, 5, filter->before_id > 0 ? filter->before_id : INT64_MAX);
    ok = visit_rows(query, visit, context, NULL, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

static bool is_prefix(const char *text)
{
    return strlen(text) >= STORE_PENDING_PREFIX
           && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

bool store_pending_match(struct store *store, const char *text, int64_t now,
                         store_pending_visit *visit, void *context, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    uint64_t id = 0;
    bool ok = false;

    if (!text_parse_u64(bytes_of_text(text), INT64_MAX, &id)) {
        id = 0; /* no row's */
    }
    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_MATCH_PENDING, &query, err)) goto out;
    db_bind_int(query, 1, (int64_t)id);
    db_bind_text(query, 2, text);
    db_bind_text(query, 3, is_prefix(text) ? text : NULL);
    db_bind_int(query, 4, now);
    db_bind_int(query, 5, MATCH_LIMIT);
    ok = visit_rows(query, visit, context, NULL, err);
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_pending_counts(struct store *store, int64_t now, store_pending_count_visit *visit,
                          void *context, struct error *err)
{
    return store_count_rows(store, STORE_SQL_PENDING_COUNTS, now, visit, context, err);
}

/* ---- deciding ----------------------------------------------------------------------------- */

/* Why the row did not change. Always sets err. */
struct explanation {
    int64_t now;
    enum store_pending_state *state; /* NULL: not asked for */
};

static bool explain(void *context, const struct store_pending_row *row, struct error *err)
{
    static const char *const words[] = { "waits", "was approved", "was denied", "was issued" };
    const struct explanation *e = context;
    char time[CLOCK_TEXT_MAX];
    char by[64];

    if (e->state != NULL) {
        *e->state = row->state;
    }
    if (row->expires_at <= e->now) {
        clock_format(row->expires_at, time);
        return error_set(err, REASON_REQUEST_MISSING,
                         "request %" PRId64 " waited until %s and is forgotten", row->id, time);
    }
    clock_format(row->decided_at, time);
    text_escape(by, sizeof(by), bytes_of_text(row->decided_by));
    return error_set(err, REASON_REQUEST_NOT_PENDING,
                     "request %" PRId64 " does not wait for a decision: it %s%s%s%s%s", row->id,
                     words[row->state], row->state == STORE_PENDING_WAITS ? "" : " at ",
                     row->state == STORE_PENDING_WAITS ? "" : time, by[0] != '\0' ? " by " : "",
                     by);
}

static bool say_why(struct db *db, int64_t id, int64_t now, enum store_pending_state *state,
                    struct error *err)
{
    struct explanation explanation = { now, state };
    struct db_query *query = NULL;

    if (db_query_begin(db, STORE_SQL_SHOW_PENDING, &query, err)) {
        db_bind_int(query, 1, id);
        if (visit_rows(query, explain, &explanation, NULL, err)) {
            error_set(err, REASON_REQUEST_MISSING, "no request %" PRId64 " waits", id);
        }
    }
    db_query_end(query);
    return false;
}

static bool write_decision(struct db *db, void *context, struct error *err)
{
    const struct store_pending_decision *d = context;
    struct db_query *query = NULL;
    int64_t changes = 0;

    if (!db_query_begin(db, STORE_SQL_DECIDE_PENDING, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, d->id);
    db_bind_int(query, 2, d->approve ? STORE_PENDING_APPROVED : STORE_PENDING_DENIED);
    db_bind_int(query, 3, d->now);
    db_bind_text(query, 4, text_or_empty(d->by));
    db_bind_text(query, 5, text_or_empty(d->note));
    /* an approval can be taken back until the certificate is there */
    db_bind_int(query, 6, d->approve ? STORE_PENDING_WAITS : STORE_PENDING_APPROVED);
    bool ok = db_run(query, &changes, err);
    db_query_end(query);
    return ok && (changes == 1 || say_why(db, d->id, d->now, NULL, err));
}

bool store_pending_decide(struct store *store, const struct store_pending_decision *decision,
                          struct error *err)
{
    struct store_pending_decision copy = *decision;

    return store_write_run(store, write_decision, &copy, err);
}

bool store_pending_settle(struct db *db, const struct store_certificate *cert, bool *issued_before,
                          struct error *err)
{
    enum store_pending_state state = STORE_PENDING_WAITS;
    struct error why = ERROR_INIT;
    struct db_query *query = NULL;
    int64_t changes = 0;

    *issued_before = false;
    if (!db_query_begin(db, STORE_SQL_SETTLE_PENDING, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, cert->pending);
    db_bind_int(query, 2, cert->issued_at);
    bool ok = db_run(query, &changes, err);
    db_query_end(query);
    if (!ok || changes == 1) {
        return ok;
    }
    (void)!say_why(db, cert->pending, cert->issued_at, &state, &why);
    if (why.reason == REASON_REQUEST_NOT_PENDING && state == STORE_PENDING_ISSUED) {
        *issued_before = true;
        return true;
    }
    if (why.reason == REASON_REQUEST_NOT_PENDING || why.reason == REASON_REQUEST_MISSING) {
        /* as the device is to hear it */
        return error_set(
            err, state == STORE_PENDING_DENIED ? REASON_REQUEST_DENIED : REASON_POLL_UNKNOWN,
            "the approval was taken back while the certificate was made: %s", why.detail);
    }
    return error_set(err, why.reason, "%s", why.detail);
}

/* ---- removing ----------------------------------------------------------------------------- */

struct removal {
    const char *template_name; /* NULL: whatever has ended */
    int64_t now;
    int64_t count;
};

static bool write_removal(struct db *db, void *context, struct error *err)
{
    struct removal *r = context;
    struct db_query *query = NULL;

    if (!db_query_begin(
            db, r->template_name == NULL ? STORE_SQL_TIDY_PENDING : STORE_SQL_FORGET_PENDING,
            &query, err)) {
        return false;
    }
    if (r->template_name == NULL) {
        db_bind_int(query, 1, r->now);
    } else {
        db_bind_text(query, 1, r->template_name);
    }
    db_bind_int(query, 2, REMOVE_ROWS);
    bool ok = db_run(query, &r->count, err);
    db_query_end(query);
    return ok;
}

/* Commit after commit, until one finds less than it may take. */
static bool remove_all(struct store *store, struct removal *removal, int64_t *count,
                       struct error *err)
{
    *count = 0;
    do {
        removal->count = 0;
        if (!store_write_run(store, write_removal, removal, err)) {
            return false;
        }
        *count += removal->count;
    } while (removal->count >= REMOVE_ROWS);
    return true;
}

bool store_pending_tidy(struct store *store, int64_t now, int64_t *count, struct error *err)
{
    struct removal removal = { .now = store_time_to_forget(store, now) };
    int64_t removed = 0;
    bool ok = remove_all(store, &removal, &removed, err);

    if (count != NULL) {
        *count = removed;
    }
    return ok;
}

bool store_pending_forget(struct store *store, const char *template_name, struct error *err)
{
    struct removal removal = { .template_name = template_name };
    int64_t removed = 0;

    return remove_all(store, &removal, &removed, err);
}
