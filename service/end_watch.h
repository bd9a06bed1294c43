/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what ends: how near is near (one table for the service and for "openndes check"), and
 *           telling it in log, audit file and Event Log, once at each threshold.
 * Not here: which things there are and when they end (ca_ends.h, listeners.h), renewing them.
 * Owns:     what has been told already.
 * Threads:  the main thread; the stages are pure functions.
 * Spec:     docs/events.md (121, 153), docs/ca.md.
 */
#ifndef OPENNDES_SERVICE_END_WATCH_H
#define OPENNDES_SERVICE_END_WATCH_H

#include "audit/audit.h"
#include "audit/log.h"
#include "service/event_log.h"

/* How near an end is. The later, the more urgent. */
enum end_stage {
    END_FAR,
    END_SOON,   /* within 60 days */
    END_NEAR,   /* within 30 */
    END_URGENT, /* within 7: from here on it is said what to do */
    END_PAST
};
#define END_DAY_SECONDS INT64_C(86400)

/*
 * within: seconds before its end from which a thing counts at all, because it is renewed by itself
 * before that as a rule; 0: from the first threshold on.
 */
enum end_stage end_stage(int64_t ends_at, int64_t within, int64_t now);

enum end_kind {
    END_KIND_CA,
    END_KIND_PARENT, /* a CA above a CA */
    END_KIND_RA,
    END_KIND_RA_SIGN,
    END_KIND_RA_ENC,
    END_KIND_TLS,
    END_KIND_CREDENTIAL, /* of the app registration in Entra */
    END_KINDS
};
/* "RA of CA"; "CA"; what a finding of check is called, with the name of a CA behind. */
const char *end_kind_name(enum end_kind kind);

/* One thing that ends; texts are borrowed. */
struct end_thing {
    enum end_kind kind;
    const char *name;   /* of the CA; "": none */
    const char *serial; /* of the certificate; "": none */
    int64_t ends_at;
    int64_t within;     /* as for end_stage */
    const char *remedy; /* one sentence with the command; NULL: the kind's own */
};
#define END_TEXT_MAX 512
/* The remedy, with the CA's name in it. Cut if it does not fit. */
void end_thing_remedy(const struct end_thing *thing, char *text, size_t size);

struct end_told;

struct end_watch {
    struct log *log;
    struct audit *audit; /* may be NULL, as the others */
    struct event_log *events;
    struct end_told *told;
    size_t told_count;
};
void end_watch_init(struct end_watch *watch, struct log *log, struct audit *audit,
                    struct event_log *events);
void end_watch_clear(struct end_watch *watch); /* NULL is allowed */

/*
 * Tell of a thing if it is time: when a threshold has been passed since it was told the last time
 * (or it was never told, or ends at another time now), and from seven days on once a day. A thing
 * that is no longer there is forgotten by end_watch_round, which begins a round.
 */
void end_watch_round(struct end_watch *watch);
/* True: it was told. */
bool end_watch_note(struct end_watch *watch, const struct end_thing *thing, int64_t now);

#endif
