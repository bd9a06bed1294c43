/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the service does about Intune besides answering requests: certificates that the
 *           last run left unconfirmed, notifications, revocation, the credential's end; told in
 *           log, audit file and Event Log.
 * Not here: the duties themselves (intune/intune_keeper.h), the connection (runtime_intune.h).
 * Owns:     the keeper, the seats of those who wait for Intune, the counters.
 * Threads:  the main thread; intune_watch_wake from any.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_SERVICE_INTUNE_WATCH_H
#define OPENNDES_SERVICE_INTUNE_WATCH_H

#include "audit/audit.h"
#include "audit/log.h"
#include "intune/intune_challenge.h"
#include "intune/intune_keeper.h"
#include "service/event_log.h"

/* Everything outlives the watch. */
struct intune_watch_options {
    const char *data_folder;
    struct store *store;
    struct log *log;
    struct audit *audit;
    struct event_log *events;
};

/* Connections that settings have replaced, while requests still wait for them. */
#define INTUNE_WATCH_FORMER 16u

struct intune_watch {
    struct intune_watch_options options;
    struct intune_seats *seats;
    struct intune_stats *stats; /* of all its connections, one after the other */
    struct intune_keeper *keeper;
    struct intune_client *client;                      /* a reference: the one in use */
    struct intune_client *former[INTUNE_WATCH_FORMER]; /* references, the oldest first */
    size_t former_count;
};

/*
 * How many threads answer requests, how many of them may wait for Intune at the same time, and how
 * many may sign somebody in, so that the others are left for everybody else.
 */
struct intune_threads {
    unsigned workers;
    unsigned seats;
    unsigned slow;
};
struct intune_threads intune_watch_threads(const struct service_config *config,
                                           unsigned processors);

/* Withholds what the last run left provisional, then starts. Errors: REASON_STORE_*, _NO_MEMORY. */
MUST_USE bool intune_watch_start(struct intune_watch *watch,
                                 const struct intune_watch_options *options,
                                 const struct intune_threads *threads, struct error *err);
/* Now and then: withholds what could not be withheld when it had to be, as on a full disk. */
void intune_watch_tidy(struct intune_watch *watch, int64_t now);
/* The connection and settings that count from now on; client NULL: none. */
void intune_watch_use(struct intune_watch *watch, struct intune_client *client,
                      const struct service_config *config);
/* Now and then: connections of before that nobody needs any more go, with their secrets. */
void intune_watch_tick(struct intune_watch *watch);
/* A request was refused: perhaps there is something to tell. */
void intune_watch_wake(struct intune_watch *watch);
/* Calls under way end, also those of connections of before: nobody waits for them at a stop. */
void intune_watch_stop(struct intune_watch *watch);
void intune_watch_clear(struct intune_watch *watch); /* NULL is allowed */

#endif
