/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_crl.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ca/crl_builder.h"

#define CRL_BACKDATE_SECONDS 600 /* for clients whose clock is a little behind */
#define GROWTH_BYTES 4096u       /* of a list from one time to the next */
#define CRL_ATTEMPTS 4           /* how often another process may be faster in a row */

/* One CRL, never changed once it is made. */
struct crl_copy {
    struct store_crl facts;
    struct buffer der;
    atomic_uint references;
};

struct ca_crl {
    const char *ca_name;
    const struct cert_issuer *issuer;
    struct store *store;
    int64_t validity;           /* seconds */
    int64_t renew;              /* seconds */
    pthread_mutex_t refreshing; /* one CRL is made at a time */
    pthread_mutex_t lock;       /* guards current */
    struct crl_copy *current;
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

/* ---- copies ---------------------------------------------------------------------------------- */

static struct crl_copy *copy_create(struct error *err)
{
    struct crl_copy *copy = calloc(1, sizeof(*copy));

    if (copy == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CRL");
        return NULL;
    }
    copy->der.max = CRL_BYTES_MAX;
    atomic_init(&copy->references, 1);
    return copy;
}

static void copy_free(struct crl_copy *copy)
{
    if (copy != NULL) {
        buffer_clear(&copy->der);
        free(copy);
    }
}

void ca_crl_release(struct crl_copy *copy)
{
    if (copy != NULL && atomic_fetch_sub(&copy->references, 1) == 1) {
        copy_free(copy);
    }
}

/* With a reference for the caller; NULL: none yet. */
static struct crl_copy *copy_current(struct ca_crl *crl)
{
    struct crl_copy *copy = NULL;

    (void)pthread_mutex_lock(&crl->lock);
    copy = crl->current;
    if (copy != NULL) {
        (void)atomic_fetch_add(&copy->references, 1);
    }
    (void)pthread_mutex_unlock(&crl->lock);
    return copy;
}

static void copy_publish(struct ca_crl *crl, struct crl_copy *take_copy)
{
    struct crl_copy *old = NULL;

    (void)pthread_mutex_lock(&crl->lock);
    old = crl->current;
    crl->current = take_copy;
    (void)pthread_mutex_unlock(&crl->lock);
    ca_crl_release(old);
}

void ca_crl_free(struct ca_crl *crl)
{
    if (crl == NULL) {
        return;
    }
    ca_crl_release(crl->current);
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

struct crl_copy *ca_crl_hold(struct ca_crl *crl, struct bytes *der, struct error *err)
{
    struct crl_copy *copy = copy_current(crl);

    if (copy == NULL) {
        (void)error_set(err, REASON_CA_NOT_READY, "the CA \"%s\" has made no CRL yet",
                        crl->ca_name);
        return NULL;
    }
    *der = buffer_bytes(&copy->der);
    return copy;
}

bool ca_crl_append(struct ca_crl *crl, struct buffer *out, int64_t *next_update, struct error *err)
{
    struct bytes der = { NULL, 0 };
    struct crl_copy *copy = ca_crl_hold(crl, &der, err);
    bool ok = copy != NULL && buffer_append_bytes(out, der, err);

    if (ok) {
        *next_update = copy->facts.next_update;
    }
    ca_crl_release(copy);
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

/* The next one is about as large; 0: unknown. */
static size_t size_of_current(struct ca_crl *crl)
{
    struct crl_copy *copy = copy_current(crl);
    size_t len = copy != NULL ? copy->der.len + GROWTH_BYTES : 0;

    ca_crl_release(copy);
    return len;
}

static bool build(struct ca_crl *crl, const struct store_crl *facts, int64_t now,
                  struct buffer *der, struct error *err)
{
    struct crl_builder *builder = crl_builder_create(size_of_current(crl), err);
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

/*
 * The kept CRL, if it is one that can be handed out now: *kept is a copy of it, else NULL. Its
 * megabytes are read only if its facts do not say already that another one is due.
 */
static bool load_kept(struct ca_crl *crl, int64_t revocations, int64_t now, struct crl_copy **kept,
                      int64_t *number, struct error *err)
{
    struct crl_copy *copy = copy_create(err);
    bool found = false;
    bool ok = false;

    if (copy == NULL || !store_get_crl(crl->store, crl->ca_name, &copy->facts, NULL, &found, err)) {
        goto out;
    }
    if (found && !is_due(crl, &copy->facts, revocations, now)
        && !store_get_crl(crl->store, crl->ca_name, &copy->facts, &copy->der, &found, err)) {
        goto out;
    }
    *number = found ? copy->facts.number : 0;
    /* A CA of the same name may have been made anew, or somebody wrote into the database. */
    if (found && !is_due(crl, &copy->facts, revocations, now)
        && crl_builder_made_by(buffer_bytes(&copy->der), crl->issuer)) {
        *kept = copy;
        copy = NULL;
    }
    ok = true;
out:
    copy_free(copy);
    return ok;
}

/*
 * One attempt: take what another process or an earlier run has kept if it will do, else make one.
 * *done is false when another process was faster in keeping its own.
 */
static bool renew(struct ca_crl *crl, int64_t now, bool *done, bool *made, struct error *err)
{
    struct crl_copy *kept = NULL;
    struct crl_copy *fresh = NULL;
    int64_t number = 0;
    int64_t revocations = 0;
    bool ok = false;

    /* The count before the list: what is revoked in between is listed now and counted next time. */
    if (!store_revocation_count(crl->store, crl->ca_name, &revocations, err)) goto out;
    if (!load_kept(crl, revocations, now, &kept, &number, err)) goto out;
    if (kept != NULL) {
        copy_publish(crl, kept);
        kept = NULL;
        *done = true;
        ok = true;
        goto out;
    }
    fresh = copy_create(err);
    if (fresh == NULL) goto out;
    choose_facts(crl, number, revocations, now, &fresh->facts);
    if (!build(crl, &fresh->facts, now, &fresh->der, err)) goto out;
    if (!store_put_crl(crl->store, crl->ca_name, &fresh->facts, buffer_bytes(&fresh->der), done,
                       err)) {
        goto out;
    }
    if (*done) {
        copy_publish(crl, fresh);
        fresh = NULL;
        *made = true;
    }
    ok = true;
out:
    copy_free(fresh);
    return ok;
}

/* A cheap look that needs neither the kept CRL nor a signature. */
static bool current_is_due(struct ca_crl *crl, int64_t now, bool *due, struct error *err)
{
    struct crl_copy *copy = copy_current(crl);
    int64_t revocations = 0;
    bool ok = store_revocation_count(crl->store, crl->ca_name, &revocations, err);

    if (ok) {
        *due = copy == NULL || is_due(crl, &copy->facts, revocations, now);
    }
    ca_crl_release(copy);
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
