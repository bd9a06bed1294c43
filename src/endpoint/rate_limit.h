/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how many SCEP messages and refused challenges of an address count in a minute, and who
 *           has to wait.
 * Not here: the answer (pki_operation.c), alarms (service/abuse_watch.h), sign-ins (mscep/).
 * Owns:     counts of all templates and CAs, in memory of a fixed size; one per process, so that
 *           they outlive a reload.
 * Threads:  any thread; each call takes one short lock.
 * Spec:     configuration keys rate.*; docs/rate-limits.md.
 *
 * A minute begins with the first message that is counted in it. What is refused because of a limit
 * is not counted again: whoever keeps asking gets through when the minute is over. Messages that
 * are looked at by several threads in the same moment may go beyond a limit by as many.
 */
#ifndef OPENNDES_ENDPOINT_RATE_LIMIT_H
#define OPENNDES_ENDPOINT_RATE_LIMIT_H

#include "base/ip_prefix.h"

/*
 * Messages of one address that could not be opened or proven, in a minute, while somebody seems to
 * probe the RA's key (rate_limit_guard): an attack needs tens of thousands.
 */
#define RATE_UNPROCESSABLE_PER_MINUTE 5

struct rate_limit;
/* What counts by itself: one template, or one CA with its RA. Lives as long as the rate_limit. */
struct rate_scope;

enum rate_scope_kind { RATE_SCOPE_TEMPLATE, RATE_SCOPE_CA };

/* Which limit was met. */
enum rate_kind {
    RATE_NONE,
    RATE_ADDRESS,       /* rate.address_per_minute */
    RATE_TEMPLATE,      /* rate.per_minute */
    RATE_CHALLENGES,    /* rate.refused_per_minute */
    RATE_UNPROCESSABLE, /* RATE_UNPROCESSABLE_PER_MINUTE */
    RATE_KINDS
};

/* A template's limits; 0: any number. */
struct rate_rule {
    int64_t address_per_minute;
    int64_t per_minute;
    int64_t refused_per_minute;
};

/* Which counts a message belongs to. All borrowed; template and CA from rate_limit_scope. */
struct rate_subject {
    struct rate_limit *limit; /* NULL: nothing is limited */
    struct rate_scope *template;
    struct rate_scope *ca;
    struct rate_rule rule;
};

struct rate_verdict {
    enum rate_kind kind;         /* RATE_NONE: go on */
    unsigned seconds;            /* until it is worth trying again, 1..60 */
    unsigned challenges_seconds; /* not 0: a challenge of this address is not looked at so long */
};

/* now_us NULL: the system's clock. Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct rate_limit *rate_limit_create(int64_t (*now_us)(void *context), void *context,
                                     struct error *err);
void rate_limit_free(struct rate_limit *limit);  /* NULL is allowed; nobody uses a scope any more */
const char *rate_kind_name(enum rate_kind kind); /* "address", "template", ...; for metrics */

/* Found by name without case, or made. NULL: REASON_NO_MEMORY. */
struct rate_scope *rate_limit_scope(struct rate_limit *limit, enum rate_scope_kind kind,
                                    const char *name, struct error *err);

/* A message has come from this address: may it be looked at? Counts it if so. */
struct rate_verdict rate_limit_request(const struct rate_subject *subject,
                                       const struct ip_address *peer);
/* The same as an error. Errors: REASON_RATE_LIMITED. */
MUST_USE bool rate_verdict_check(const struct rate_verdict *verdict,
                                 const struct rate_subject *subject, const struct ip_address *peer,
                                 struct error *err);
/* For a message that brings a challenge. Errors: REASON_CHALLENGES_THROTTLED. */
MUST_USE bool rate_verdict_check_challenge(const struct rate_verdict *verdict,
                                           const struct rate_subject *subject,
                                           const struct ip_address *peer, struct error *err);

/*
 * Does this refusal look like guessing? A challenge that nobody gave out, that belongs to somebody
 * else, or that only looks like Intune's. One that is used, expired or missing guesses nothing.
 */
bool rate_reason_is_guess(enum reason reason);
/* What came of a message that was looked at. */
void rate_limit_result(const struct rate_subject *subject, const struct ip_address *peer,
                       enum reason reason);

/*
 * Somebody seems to probe this CA's RA key: for so long addresses whose messages could not be
 * processed are slowed down. Others notice nothing.
 */
void rate_limit_guard(struct rate_limit *limit, const char *ca_name, int64_t seconds);

#endif
