/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificates that wait for a remote validator: record, confirm, withhold, and what a
 *           crash has left.
 * Not here: certificates that are recorded at once (store_requests.c), the outbox
 *           (store_outbox.c).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     RFC 5280 5.3.1 (CRLReason); docs/intune.md.
 */
#include <stdlib.h>

#include "base/text.h"
#include "store/store_internal.h"

/* RFC 5280 5.3.1 */
#define CRL_SUPERSEDED 4
#define CRL_CESSATION 5

/* Rows of one commit at the start; there are hardly ever more than threads that decide. */
#define RECOVER_ROWS 1000

/* ---- recording ----------------------------------------------------------------------------- */

struct recording {
    const struct store_certificate *cert;
    struct bytes ticket;
    const struct store_refusal *interrupted;
    int64_t id;
};

static bool write_provisional(struct db *db, void *context, struct error *err)
{
    struct recording *r = context;
    const struct store_certificate *cert = r->cert;
    int64_t revoked_at = 0;

    if (!store_renewal_room(db, cert, err)
        || (cert->reservation != 0 && !store_password_spend(db, cert, err))) {
        return false;
    }
    if (!store_certificate_insert(db, cert, STORE_PROVISIONAL, err)
        || !store_serial_find(db, cert->request->ca_name, cert->info->serial, &r->id, &revoked_at,
                              err)) {
        return false;
    }
    return r->ticket.len == 0
           || store_notification_arm(db, cert, r->id, r->ticket, r->interrupted, err);
}

bool store_provisional_record(struct store *store, const struct store_certificate *cert,
                              struct bytes ticket, const struct store_refusal *interrupted,
                              int64_t *id, struct error *err)
{
    struct recording recording = { .cert = cert, .ticket = ticket, .interrupted = interrupted };

    if (!store_write_run(store, write_provisional, &recording, err)) {
        return false;
    }
    *id = recording.id;
    return true;
}

/* ---- one certificate's state --------------------------------------------------------------- */

struct state {
    bool found;
    enum store_certificate_state withheld;
    bool revoked;
};

static bool read_state(struct db *db, int64_t id, struct state *state, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_READ_STATE, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    bool ok = db_step(query, &state->found, err);
    if (ok && state->found) {
        state->withheld = (enum store_certificate_state)db_column_int(query, 0);
        state->revoked = db_column_int(query, 1) != 0;
    }
    db_query_end(query);
    return ok;
}

static bool release(struct db *db, int64_t id, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_RELEASE, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

/* Revoke what is provisional, and have the CRL made anew: the validator may know its serial. */
static bool withhold(struct db *db, int64_t id, int64_t now, int reason, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_WITHHOLD, &query, err)) {
        return false;
    }
    db_bind_int(query, 1, id);
    db_bind_int(query, 2, now);
    db_bind_int(query, 3, reason);
    db_bind_text(query, 4, STORE_BY_WITHHOLDING);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok && store_revocation_add(db, id, err);
}

static bool fail_settled(int64_t id, const struct state *state, struct error *err)
{
    return error_set(err, REASON_CERT_NOT_FOUND, "certificate %lld is provisional no more: %s",
                     (long long)id,
                     !state->found                       ? "there is no such row"
                     : state->withheld == STORE_WITHHELD ? "it was withheld"
                                                         : "it was confirmed");
}

/* ---- confirming ---------------------------------------------------------------------------- */

struct confirmation {
    int64_t id;
    const struct store_request_key *key;
    int64_t now;
    bool repeats;
    int64_t not_before; /* the same request confirmed since then was faster */
    enum store_record_result result;
};

static bool choose_result(struct db *db, struct confirmation *c, struct error *err)
{
    bool revoked = false;
    bool found = false;

    if (!store_request_revoked(db, c->key, &revoked, err)) {
        return false;
    }
    if (!revoked && c->repeats
        && !store_request_issued(db, c->key, c->not_before, &found, NULL, err)) {
        return false;
    }
    c->result = revoked ? STORE_WAS_REVOKED : found ? STORE_REPEATED : STORE_RECORDED;
    return true;
}

static bool write_confirmation(struct db *db, void *context, struct error *err)
{
    struct confirmation *c = context;
    struct state state = { 0 };

    if (!read_state(db, c->id, &state, err)) {
        return false;
    }
    if (state.found && state.withheld == STORE_IN_USE && state.revoked) {
        c->result = STORE_WAS_REVOKED; /* this one itself, by an administrator or the validator */
        return true;
    }
    if (!state.found || state.withheld != STORE_PROVISIONAL) {
        return fail_settled(c->id, &state, err);
    }
    if (!choose_result(db, c, err)) {
        return false;
    }
    switch (c->result) {
    case STORE_RECORDED:
        return release(db, c->id, err) && store_notification_settle(db, c->id, c->now, NULL, err)
               && store_notification_overtaken(db, c->key, err);
    case STORE_REPEATED:
        return withhold(db, c->id, c->now, CRL_SUPERSEDED, err)
               && store_notification_settle(db, c->id, c->now, NULL, err);
    case STORE_WAS_REVOKED:
        break;
    }
    /* The notification stays armed: why it is refused comes with store_provisional_withhold. */
    return withhold(db, c->id, c->now, CRL_CESSATION, err);
}

bool store_provisional_confirm(struct store *store, int64_t id, const struct store_request_key *key,
                               int64_t now, int64_t repeat_seconds,
                               enum store_record_result *result, struct error *err)
{
    struct confirmation confirmation = {
        .id = id,
        .key = key,
        .now = now,
        .repeats = repeat_seconds > 0,
        .not_before = store_repeats_since(now, repeat_seconds),
    };

    if (!store_write_run(store, write_confirmation, &confirmation, err)) {
        return false;
    }
    *result = confirmation.result;
    return true;
}

/* ---- withholding --------------------------------------------------------------------------- */

struct withholding {
    int64_t id;
    int64_t now;
    const struct store_refusal *why;
};

static bool write_withholding(struct db *db, void *context, struct error *err)
{
    const struct withholding *w = context;
    struct state state = { 0 };

    if (!read_state(db, w->id, &state, err)) {
        return false;
    }
    if (!state.found || (state.withheld == STORE_IN_USE && !state.revoked)) {
        return fail_settled(w->id, &state, err);
    }
    if (state.withheld == STORE_PROVISIONAL && !withhold(db, w->id, w->now, CRL_CESSATION, err)) {
        return false;
    }
    return store_notification_settle(db, w->id, w->now, w->why, err);
}

bool store_provisional_withhold(struct store *store, int64_t id, int64_t now,
                                const struct store_refusal *why, struct error *err)
{
    struct withholding withholding = { .id = id, .now = now, .why = why };

    return store_write_run(store, write_withholding, &withholding, err);
}

/* ---- after a crash ------------------------------------------------------------------------- */

/* One that the last run left behind. */
struct orphan {
    int64_t id;
    char *ca_name, *serial, *template_name, *request_id;
};

struct recovery {
    int64_t now, before;
    struct orphan *orphans; /* RECOVER_ROWS */
    size_t count;
};

static void forget_orphans(struct recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->orphans[i].ca_name);
        free(r->orphans[i].serial);
        free(r->orphans[i].template_name);
        free(r->orphans[i].request_id);
    }
    r->count = 0;
}

static bool copy_orphan(struct recovery *r, struct db_query *query, struct error *err)
{
    struct orphan *orphan = &r->orphans[r->count++];

    *orphan = (struct orphan){
        .id = db_column_int(query, 0),
        .ca_name = text_dup(db_column_text(query, 1)),
        .serial = text_dup(db_column_text(query, 2)),
        .template_name = text_dup(db_column_text(query, 3)),
        .request_id = text_dup(db_column_text(query, 4)),
    };
    return (orphan->ca_name != NULL && orphan->serial != NULL && orphan->template_name != NULL
            && orphan->request_id != NULL)
           || error_set(err, REASON_NO_MEMORY, "provisional certificates");
}

static bool list_orphans(struct db *db, struct recovery *r, struct error *err)
{
    struct db_query *query = NULL;
    bool row = true;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_LIST_PROVISIONAL, &query, err)) goto out;
    db_bind_int(query, 1, RECOVER_ROWS);
    db_bind_int(query, 2, r->before);
    for (;;) {
        if (!db_step(query, &row, err)) goto out;
        if (!row) {
            break;
        }
        if (!copy_orphan(r, query, err)) goto out;
    }
    ok = true;
out:
    db_query_end(query);
    return ok;
}

static bool write_recovery(struct db *db, void *context, struct error *err)
{
    struct recovery *r = context;

    forget_orphans(r);
    if (!list_orphans(db, r, err)) {
        return false;
    }
    for (size_t i = 0; i < r->count; i++) {
        int64_t id = r->orphans[i].id;

        if (!withhold(db, id, r->now, CRL_CESSATION, err)
            || !store_notification_drop_needless(db, id, NULL, err)) {
            return false;
        }
    }
    return store_notification_release(db, r->now, r->before, err);
}

static bool visit_orphans(const struct recovery *r, store_provisional_visit *visit, void *context,
                          struct error *err)
{
    for (size_t i = 0; visit != NULL && i < r->count; i++) {
        const struct orphan *orphan = &r->orphans[i];

        if (!visit(context, orphan->ca_name, orphan->serial, orphan->template_name,
                   orphan->request_id, err)) {
            return false;
        }
    }
    return true;
}

bool store_provisional_recover(struct store *store, int64_t now, int64_t before,
                               store_provisional_visit *visit, void *context, int64_t *count,
                               struct error *err)
{
    struct recovery recovery = { .now = now, .before = before };
    size_t found = 0;
    bool ok = false;

    *count = 0;
    recovery.orphans = calloc(RECOVER_ROWS, sizeof *recovery.orphans);
    if (recovery.orphans == NULL) {
        error_set(err, REASON_NO_MEMORY, "provisional certificates");
        goto out;
    }
    do {
        if (!store_write_run(store, write_recovery, &recovery, err)) goto out;
        found = recovery.count;
        *count += (int64_t)found;
        if (!visit_orphans(&recovery, visit, context, err)) goto out;
    } while (found == RECOVER_ROWS);
    ok = true;
out:
    forget_orphans(&recovery);
    free(recovery.orphans);
    return ok;
}
