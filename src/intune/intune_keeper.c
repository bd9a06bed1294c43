/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_keeper.h"

#include <stdlib.h>

#include "base/text.h"
#include "intune/intune_keeper_rounds.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SECOND_MS INT64_C(1000)
#define DAY_SECONDS INT64_C(86400)
/* The outbox is looked at so often even when nobody says that there is something. */
#define IDLE_MS (60 * SECOND_MS)
/* After a failure of the store. */
#define STORE_FAILED_MS (30 * SECOND_MS)
#define FOREVER_MS (DAY_SECONDS * SECOND_MS)

struct intune_keeper {
    struct intune_keeper_options options;
    char *data_folder;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    bool woken;
    bool renewed;                 /* another client or other settings since the thread looked */
    struct intune_client *client; /* a reference; NULL: Intune is not used */
    struct intune_client *busy;   /* the thread's, during its calls; freed by it */
    int64_t keep_seconds;
    int64_t poll_ms; /* 0: never */
};

/* What the thread remembers. Moments are of the monotonic clock, in ms. */
struct duties {
    const struct intune_keeper_options *options;
    struct intune_client *client; /* of this turn */
    int64_t keep_seconds, poll_ms;

    int64_t deliver_at;
    unsigned outage_rounds; /* that delivered nothing, one after the other */
    bool told_delay;

    int64_t poll_at;
    enum reason poll_failure; /* REASON_NONE: the last look was good */
    int64_t poll_told_at;     /* as the others */

    int64_t credential_at;
};

static int64_t now_ms(void)
{
    return clock_monotonic_us() / 1000;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- delivery -------------------------------------------------------------------------------- */

static void store_failed(struct duties *d, const struct error *why)
{
    d->deliver_at = now_ms() + STORE_FAILED_MS;
    if (why->reason != REASON_STOPPING && !d->told_delay) {
        d->told_delay = true;
        intune_keeper_tell(d->options, INTUNE_NEWS_DELAYED,
                           "the database of waiting notifications cannot be used", why);
    }
}

/* When is the next one due? The wall clock may jump, so the wait is short. */
static void plan_delivery(struct duties *d)
{
    struct error why = ERROR_INIT;
    int64_t waiting = 0;
    int64_t next_due = 0;
    int64_t wait = IDLE_MS;

    if (!store_outbox_counts(d->options->store, &waiting, &next_due, &why)) {
        store_failed(d, &why);
        return;
    }
    if (waiting > 0) {
        int64_t seconds = next_due - clock_now();

        wait = earlier(seconds > 0 ? seconds * SECOND_MS : 0, IDLE_MS);
    }
    d->deliver_at = now_ms() + wait;
}

static void do_delivery(struct duties *d)
{
    struct intune_round round = { 0 };
    struct error why = ERROR_INIT;

    if (!intune_deliver_round(d->options, d->client, clock_now(), d->keep_seconds, &d->told_delay,
                              &round, &why)) {
        store_failed(d, &why);
        return;
    }
    if (round.delayed > 0 && round.delivered == 0 && round.lost == 0) {
        /* Also what was added meanwhile waits: the order stays, and Intune is left in peace. */
        d->deliver_at = now_ms() + intune_deliver_backoff(d->outage_rounds) * SECOND_MS;
        d->outage_rounds++;
        return;
    }
    d->outage_rounds = 0;
    plan_delivery(d);
}

/* ---- revocation ------------------------------------------------------------------------------ */

/* Once per kind of failure, and once a day as long as it lasts. */
static void tell_poll_failure(struct duties *d, const struct error *why)
{
    int64_t now = now_ms();

    if (why->reason == REASON_STOPPING
        || (d->poll_failure == why->reason && now - d->poll_told_at < DAY_SECONDS * SECOND_MS)) {
        return;
    }
    d->poll_failure = why->reason;
    d->poll_told_at = now;
    intune_keeper_tell(d->options, INTUNE_NEWS_POLL_FAILED, why->detail, why);
}

static void do_poll(struct duties *d)
{
    struct intune_round round = { 0 };
    struct error why = ERROR_INIT;

    if (intune_revoke_round(d->options, d->client, clock_now(), &round, &why)) {
        d->poll_failure = REASON_NONE;
    } else {
        tell_poll_failure(d, &why);
    }
    d->poll_at = now_ms() + d->poll_ms;
}

/* ---- the credential -------------------------------------------------------------------------- */

/* The client remembers the answer. */
static void do_credential(struct duties *d)
{
    (void)intune_credential_end(d->client, clock_now());
    d->credential_at = now_ms() + DAY_SECONDS * SECOND_MS;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int64_t next_at(const struct duties *d)
{
    int64_t next = earlier(d->deliver_at, d->credential_at);

    return d->poll_ms > 0 ? earlier(next, d->poll_at) : next;
}

/* The caller holds the lock. What was changed from outside counts from here on. */
static void take_changes(struct intune_keeper *keeper, struct duties *d)
{
    int64_t now = now_ms();

    if (keeper->woken && d->outage_rounds == 0) {
        d->deliver_at = earlier(d->deliver_at, now);
    }
    keeper->woken = false;
    if (keeper->renewed) {
        /* Perhaps it is what was wrong before: everything is tried at once. */
        d->keep_seconds = keeper->keep_seconds;
        d->poll_ms = keeper->poll_ms;
        d->outage_rounds = 0;
        d->deliver_at = now;
        d->poll_at = now;
        d->credential_at = now;
    }
    keeper->renewed = false;
}

/* The caller holds the lock; false at the end. */
static bool wait_for_work(struct intune_keeper *keeper, struct duties *d)
{
    for (;;) {
        int64_t wait = FOREVER_MS;

        if (keeper->stopping) {
            return false;
        }
        if (keeper->client != NULL) {
            take_changes(keeper, d);
            wait = next_at(d) - now_ms();
        }
        if (wait <= 0) {
            return true;
        }
        (void)thread_cond_wait_ms(&keeper->changed, &keeper->lock, wait);
    }
}

/* One duty at a time, the one that has waited longest: the end and new settings are seen in
   between, and thousands of notifications do not keep a revocation waiting. */
static void do_what_is_due(struct duties *d)
{
    int64_t next = next_at(d);

    if (d->poll_ms > 0 && d->poll_at == next) {
        do_poll(d);
    } else if (d->credential_at == next) {
        do_credential(d);
    } else {
        do_delivery(d);
    }
}

static void *keeper_main(void *context)
{
    struct intune_keeper *keeper = context;
    struct duties duties = { .options = &keeper->options };

    (void)pthread_mutex_lock(&keeper->lock);
    while (wait_for_work(keeper, &duties)) {
        duties.client = intune_client_ref(keeper->client);
        keeper->busy = duties.client;
        (void)pthread_mutex_unlock(&keeper->lock);

        do_what_is_due(&duties);

        (void)pthread_mutex_lock(&keeper->lock);
        keeper->busy = NULL;
        (void)pthread_mutex_unlock(&keeper->lock);
        intune_client_unref(duties.client);
        (void)pthread_mutex_lock(&keeper->lock);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* ---- the owner's side ------------------------------------------------------------------------ */

struct intune_keeper *intune_keeper_create(const struct intune_keeper_options *options,
                                           struct error *err)
{
    struct intune_keeper *keeper = calloc(1, sizeof(*keeper));
    bool ok = false;

    if (keeper == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for Intune's keeper");
        return NULL;
    }
    if (!thread_cond_init(&keeper->changed, err)) {
        free(keeper);
        return NULL;
    }
    (void)pthread_mutex_init(&keeper->lock, NULL);
    keeper->options = *options;
    keeper->data_folder = text_dup(options->data_folder);
    keeper->options.data_folder = keeper->data_folder;
    if (keeper->data_folder == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for Intune's keeper");
        goto out;
    }
    keeper->started = thread_start(&keeper->thread, "intune-keeper", keeper_main, keeper, err);
    ok = keeper->started;
out:
    if (!ok) {
        intune_keeper_free(keeper);
        keeper = NULL;
    }
    return keeper;
}

void intune_keeper_use(struct intune_keeper *keeper, struct intune_client *client,
                       const struct service_config *config)
{
    struct intune_client *former = NULL;
    int64_t keep_seconds = keeper->keep_seconds; /* written in here alone */
    int64_t poll_ms = keeper->poll_ms;

    (void)pthread_mutex_lock(&keeper->lock);
    former = keeper->client;
    keeper->client = client != NULL ? intune_client_ref(client) : NULL;
    if (client != NULL) {
        keeper->keep_seconds = config->intune.notification_hours * 3600;
        keeper->poll_ms = config->intune.revocation_minutes * 60 * SECOND_MS;
    }
    /* A reload for other reasons is none to ask Intune at once. */
    if (former != client || keep_seconds != keeper->keep_seconds || poll_ms != keeper->poll_ms) {
        keeper->renewed = true;
    }
    (void)pthread_cond_signal(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    intune_client_unref(former);
}

void intune_keeper_wake(struct intune_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->woken = true;
    (void)pthread_cond_signal(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
}

/* The client is told to stop only here, where the service ends: others share it. */
static void stop(struct intune_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    if (keeper->busy != NULL) {
        intune_client_stop(keeper->busy);
    }
    (void)pthread_cond_signal(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    thread_join(keeper->thread);
}

void intune_keeper_free(struct intune_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    if (keeper->started) {
        stop(keeper);
    }
    intune_client_unref(keeper->client);
    (void)pthread_mutex_destroy(&keeper->lock);
    (void)pthread_cond_destroy(&keeper->changed);
    free(keeper->data_folder);
    free(keeper);
}
