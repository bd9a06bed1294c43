/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what nobody waits for, in a thread of its own: failure notifications are delivered,
 *           revocation requests fetched and answered, once a day a credential's end asked for.
 * Not here: the calls (intune_client.h), the rows (store/store_outbox.h), log and events
 *           (the owner's callback); who is told of an end (intune_credential_end_told).
 * Owns:     its thread.
 * Threads:  the verbs from one thread; the callback comes from the keeper's.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_KEEPER_H
#define OPENNDES_INTUNE_INTUNE_KEEPER_H

#include "intune/intune_client.h"
#include "store/store_outbox.h"

struct intune_keeper;

enum intune_news {
    INTUNE_NEWS_DELIVERED,   /* a failure notification arrived; text: transaction, reason */
    INTUNE_NEWS_LOST,        /* given up after intune.notification_hours */
    INTUNE_NEWS_DELAYED,     /* could not be delivered now; once per outage */
    INTUNE_NEWS_REVOKED,     /* one certificate, at Intune's request; serial and CA are set */
    INTUNE_NEWS_NOT_REVOKED, /* asked for, not possible: the CA's database failed */
    INTUNE_NEWS_POLL_FAILED  /* revocation requests could not be fetched or answered */
};

struct intune_news_item {
    enum intune_news news;
    const char *text;
    const char *serial, *ca_name; /* revocations; NULL otherwise */
    const struct error *why;      /* NULL: none */
};

struct intune_keeper_options {
    const char *data_folder;
    struct store *store;
    void (*news)(void *context, const struct intune_news_item *item);
    void *context;
};

/* Starts the thread, which sleeps until there is a client. */
struct intune_keeper *intune_keeper_create(const struct intune_keeper_options *options,
                                           struct error *err);
/*
 * The client and settings that count from now on; NULL: Intune is not used. References are taken.
 */
void intune_keeper_use(struct intune_keeper *keeper, struct intune_client *client,
                       const struct service_config *config);
/* There is something new to deliver. Any thread. */
void intune_keeper_wake(struct intune_keeper *keeper);
/* Ends running calls and the thread. NULL is allowed. */
void intune_keeper_free(struct intune_keeper *keeper);

/* One round of each duty, for tests and without a thread; now in seconds. */
struct intune_round {
    unsigned delivered, delayed, lost;
    unsigned revoked, answered, foreign; /* foreign: of another CA, left to whoever it belongs to */
};
MUST_USE bool intune_keeper_deliver(const struct intune_keeper_options *options,
                                    struct intune_client *client, int64_t now, int64_t keep_seconds,
                                    struct intune_round *round, struct error *err);
MUST_USE bool intune_keeper_revoke(const struct intune_keeper_options *options,
                                   struct intune_client *client, int64_t now,
                                   struct intune_round *round, struct error *err);

#endif
