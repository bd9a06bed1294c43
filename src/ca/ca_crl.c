/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_crl.h"

#include <pthread.h>
#include <stdlib.h>

#include "ca/crl_builder.h"

#define CRL_BACKDATE_SECONDS 600 /* for clients whose clock is a little behind */
#define CRL_ATTEMPTS 4           /* how often another process may be faster in a row */

/* One CRL, never changed once it is made. */
struct crl_snapshot {
    struct store_crl facts;
    struct buffer der;
    unsigned references; /* under the lock of the handle */
};

struct ca_crl {
    const char *ca_name;
    const struct cert_issuer *issuer;
    struct store *store;
    int64_t validity;           /* seconds */
    int64_t renew;              /* seconds */
    pthread_mutex_t refreshing; /* one CRL is made at a time */
    pthread_mutex_t lock;       /* guards current and the references */
    struct crl_snapshot *current;
};

struct ca_crl *ca_crl_create(const struct ca_crl_options *options, struct error *err)
{
    struct ca_crl *crl = calloc(1, sizeof(*crl));

    if (crl == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CRL");
        return NULL;
    }
    crl->ca_name = options->ca_name;
    crl->issuer = options->issuer;
    crl->store = options->store;
    crl->validity = (options->validity_hours > 0 ? options->validity_hours : 1) * 3600;
    crl->renew = (options->renew_hours > 0 ? options->renew_hours : 0) * 3600;
    /* Else each look would make a new one. */
    if (crl->renew >= crl->validity) {
        crl->renew = crl->validity / 2;
    }
    (void)pthread_mutex_init(&crl->refreshing, NULL); /* cannot fail without attributes */
    (void)pthread_mutex_init(&crl->lock, NULL);
    return crl;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static struct crl_snapshot *snapshot_create(struct error *err)
{
    struct crl_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CRL");
        return NULL;
    }
    snapshot->der.max = CRL_BYTES_MAX;
    snapshot->references = 1;
    return snapshot;
}

static void snapshot_free(struct crl_snapshot *snapshot)
{
    if (snapshot != NULL) {
        buffer_clear(&snapshot->der);
        free(snapshot);
    }
}

static void snapshot_unref(struct ca_crl *crl, struct crl_snapshot *snapshot)
{
    bool last = false;

    if (snapshot == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&crl->lock);
    last = --snapshot->references == 0;
    (void)pthread_mutex_unlock(&crl->lock);
    if (last) {
        snapshot_free(snapshot);
    }
}

/* With a reference for the caller; NULL: none yet. */
static struct crl_snapshot *snapshot_current(struct ca_crl *crl)
{
    struct crl_snapshot *snapshot = NULL;

    (void)pthread_mutex_lock(&crl->lock);
    snapshot = crl->current;
    if (snapshot != NULL) {
        snapshot->references++;
    }
    (void)pthread_mutex_unlock(&crl->lock);
    return snapshot;
}

static void snapshot_publish(struct ca_crl *crl, struct crl_snapshot *take_snapshot)
{
    struct crl_snapshot *old = NULL;

    (void)pthread_mutex_lock(&crl->lock);
    old = crl->current;
    crl->current = take_snapshot;
    (void)pthread_mutex_unlock(&crl->lock);
    snapshot_unref(crl, old);
}

void ca_crl_free(struct ca_crl *crl)
{
    if (crl == NULL) {
        return;
    }
    snapshot_unref(crl, crl->current);
    (void)pthread_mutex_destroy(&crl->refreshing);
    (void)pthread_mutex_destroy(&crl->lock);
    free(crl);
}

int64_t ca_crl_end(struct ca_crl *crl)
{
    int64_t end = 0;

    (void)pthread_mutex_lock(&crl->lock);
    end = crl->current != NULL ? crl->current->facts.next_update : 0;
    (void)pthread_mutex_unlock(&crl->lock);
    return end;
}

bool ca_crl_append(struct ca_crl *crl, struct buffer *out, int64_t *next_update, struct error *err)
{
    struct crl_snapshot *snapshot = snapshot_current(crl);
    bool ok = false;

    if (snapshot == NULL) {
        return error_set(err, REASON_CA_NOT_READY, "the CA \"%s\" has made no CRL yet",
                         crl->ca_name);
    }
    ok = buffer_append_bytes(out, buffer_bytes(&snapshot->der), err);
    if (ok) {
        *next_update = snapshot->facts.next_update;
    }
    snapshot_unref(crl, snapshot);
    return ok;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool is_due(const struct ca_crl *crl, const struct store_crl *facts, int64_t revocations,
                   int64_t now)
{
    /* Near its end; but a CRL that ends with the CA cannot be followed by a longer one. */
    bool ends =
        now >= facts->next_update - crl->renew && facts->next_update < crl->issuer->not_after;
    /* Dated in the future: the clock was wrong when it was made. */
    bool ahead = facts->this_update > now;

    return facts->revocation_count != revocations || ends || ahead;
}

static bool add_revoked(void *context, const char *serial, int64_t revoked_at, int reason,
                        struct error *err)
{
    return crl_builder_add(context, serial, revoked_at, reason, err);
}

static bool build(struct ca_crl *crl, const struct store_crl *facts, int64_t now,
                  struct buffer *der, struct error *err)
{
    struct crl_builder *builder = crl_builder_create(err);
    /* One that expires stays on the list until a CRL after its end: RFC 5280 3.3. */
    int64_t not_expired_at = now - crl->validity;
    bool ok =
        builder != NULL
        && store_list_revoked(crl->store, crl->ca_name, not_expired_at, add_revoked, builder, err)
        && crl_builder_sign(builder, crl->issuer, facts->number, facts->this_update,
                            facts->next_update, der, err);

    crl_builder_free(builder);
    return ok;
}

/*
 * Numbers only grow (RFC 5280 5.2.3), and not below the seconds since 1970: so they also stay above
 * those of a database that was lost or restored, and of the program a CA was taken over from.
 */
static void choose_facts(const struct ca_crl *crl, int64_t last_number, int64_t revocations,
                         int64_t now, struct store_crl *facts)
{
    facts->number = last_number + 1 > now ? last_number + 1 : now;
    facts->revocation_count = revocations;
    facts->this_update = now - CRL_BACKDATE_SECONDS;
    facts->next_update = now + crl->validity;
    if (facts->this_update < crl->issuer->not_before) {
        facts->this_update = crl->issuer->not_before;
    }
    if (facts->next_update > crl->issuer->not_after) {
        facts->next_update = crl->issuer->not_after;
    }
}

/* The kept CRL, if there is one: *kept is a snapshot of it, NULL when it is not our key's. */
static bool load_kept(struct ca_crl *crl, struct crl_snapshot **kept, int64_t *number,
                      struct error *err)
{
    struct crl_snapshot *snapshot = snapshot_create(err);
    bool found = false;
    bool ok = false;

    if (snapshot == NULL
        || !store_get_crl(crl->store, crl->ca_name, &snapshot->facts, &snapshot->der, &found,
                          err)) {
        goto out;
    }
    *number = found ? snapshot->facts.number : 0;
    /* A CA of the same name may have been made anew, or somebody wrote into the database. */
    if (found && crl_builder_made_by(buffer_bytes(&snapshot->der), crl->issuer)) {
        *kept = snapshot;
        snapshot = NULL;
    }
    ok = true;
out:
    snapshot_free(snapshot);
    return ok;
}

/*
 * One attempt: take what another process or an earlier run has kept if it will do, else make one.
 * *done is false when another process was faster in keeping its own.
 */
static bool renew(struct ca_crl *crl, int64_t now, bool *done, bool *made, struct error *err)
{
    struct crl_snapshot *kept = NULL;
    struct crl_snapshot *fresh = NULL;
    int64_t number = 0;
    int64_t revocations = 0;
    bool ok = false;

    /* The count before the list: what is revoked in between is listed now and counted next time. */
    if (!store_revocation_count(crl->store, crl->ca_name, &revocations, err)) goto out;
    if (!load_kept(crl, &kept, &number, err)) goto out;
    if (kept != NULL && !is_due(crl, &kept->facts, revocations, now)) {
        snapshot_publish(crl, kept);
        kept = NULL;
        *done = true;
        ok = true;
        goto out;
    }
    fresh = snapshot_create(err);
    if (fresh == NULL) goto out;
    choose_facts(crl, number, revocations, now, &fresh->facts);
    if (!build(crl, &fresh->facts, now, &fresh->der, err)) goto out;
    if (!store_put_crl(crl->store, crl->ca_name, &fresh->facts, buffer_bytes(&fresh->der), done,
                       err)) {
        goto out;
    }
    if (*done) {
        snapshot_publish(crl, fresh);
        fresh = NULL;
        *made = true;
    }
    ok = true;
out:
    snapshot_free(kept);
    snapshot_free(fresh);
    return ok;
}

/* A cheap look that needs neither the kept CRL nor a signature. */
static bool current_is_due(struct ca_crl *crl, int64_t now, bool *due, struct error *err)
{
    struct crl_snapshot *snapshot = snapshot_current(crl);
    int64_t revocations = 0;
    bool ok = store_revocation_count(crl->store, crl->ca_name, &revocations, err);

    if (ok) {
        *due = snapshot == NULL || is_due(crl, &snapshot->facts, revocations, now);
    }
    snapshot_unref(crl, snapshot);
    return ok;
}

bool ca_crl_refresh(struct ca_crl *crl, int64_t now, bool *made, struct error *err)
{
    bool due = false;
    bool new_one = false;
    bool done = false;
    bool ok = false;

    (void)pthread_mutex_lock(&crl->refreshing);
    if (!current_is_due(crl, now, &due, err)) goto out;
    if (due && !cert_issuer_check_time(crl->issuer, now, err)) goto out;
    for (int i = 0; due && !done; i++) {
        if (i == CRL_ATTEMPTS) {
            (void)error_set(err, REASON_STORE_BUSY,
                            "other processes keep making CRLs of the CA \"%s\"", crl->ca_name);
            goto out;
        }
        if (!renew(crl, now, &done, &new_one, err)) goto out;
    }
    *made = new_one;
    ok = true;
out:
    (void)pthread_mutex_unlock(&crl->refreshing);
    return ok;
}
