/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  notice that somebody probes an RA's key, guesses challenges or comes too often, and
 *           tell it once an hour in log, audit file and Event Log; the same for metrics.
 * Not here: who has to wait (endpoint/rate_limit.h).
 * Owns:     counts of one hour for each CA and template that has ever been configured; the limits
 *           of a minute, which it tells whose key seems to be probed.
 * Threads:  any thread; one short lock, which a request that is not refused never takes.
 * Spec:     configuration keys alarm.*; docs/rate-limits.md.
 *
 * An hour begins with the first message that is counted in it. What was sent away because of too
 * many before counts as well: a limit must not hide from the alarm that somebody goes on.
 */
#ifndef OPENNDES_SERVICE_ABUSE_WATCH_H
#define OPENNDES_SERVICE_ABUSE_WATCH_H

#include "audit/audit.h"
#include "audit/log.h"
#include "config/service_config.h"
#include "endpoint/rate_limit.h"
#include "service/event_log.h"

struct abuse_watch;

struct runtime;

/* Everything outlives the watch; log, audit and events may be NULL. */
struct abuse_watch_options {
    struct log *log;
    struct audit *audit;
    struct event_log *events;
    int64_t (*now_us)(void *context); /* NULL: the system's clock */
    void *context;
};

struct abuse_watch *abuse_watch_create(const struct abuse_watch_options *options,
                                       struct error *err); /* REASON_NO_MEMORY, _INTERNAL */
void abuse_watch_free(struct abuse_watch *watch);          /* NULL is allowed */
/* Borrowed; for the endpoints. */
struct rate_limit *abuse_watch_rate(struct abuse_watch *watch);
/* Templates, CAs and thresholds of a runtime count from now on. */
void abuse_watch_use(struct abuse_watch *watch, const struct runtime *runtime);

/* What is counted by itself; once for each name. Others are not counted. */
enum abuse_kind {
    ABUSE_UNPROCESSABLE, /* by CA: messages that could not be opened or proven */
    ABUSE_REFUSED        /* by template: refused challenges */
};
void abuse_watch_add(struct abuse_watch *watch, enum abuse_kind kind, const char *name);
/* The thresholds that count from now on. */
void abuse_watch_set(struct abuse_watch *watch, const struct service_config *config);

/* A request that was refused. */
struct abuse_fact {
    const char *template_name; /* "" none */
    const char *ca_name;       /* "" none */
    const struct error *why;
    bool unreadable; /* the envelope could not be opened, whatever `why` says */
    enum rate_kind limited;
    const struct ip_address *peer;
};
void abuse_watch_count(struct abuse_watch *watch, const struct abuse_fact *fact);

struct abuse_series {
    enum abuse_kind kind;
    const char *name;
    bool alarm;                   /* more than the threshold within the last hour */
    uint64_t limited[RATE_KINDS]; /* of a template: messages sent away, by limit */
};
typedef void abuse_visit(void *context, const struct abuse_series *series);
/* In the order in which they were added; the visitor must not call the watch. */
void abuse_watch_each(struct abuse_watch *watch, abuse_visit *visit, void *context);

#endif
