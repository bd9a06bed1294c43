/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  counters of requests by template, operation and outcome, and how long they took.
 * Not here: what else is told (metrics_live.h, survey.h), the text (metrics_text.h).
 * Owns:     tables of a fixed size.
 * Threads:  one thread adds templates; any thread counts and reads: without a lock, without memory.
 * Spec:     none.
 *
 * Nobody outside can make a series: a template that is not configured is "-", operations and
 * reasons come from fixed sets. A series stays until the service ends, as counters never go back.
 */
#ifndef OPENNDES_SERVICE_METRICS_H
#define OPENNDES_SERVICE_METRICS_H

#include "base/error.h"
#include "base/histogram.h"

#define METRICS_TEMPLATES 1024u /* names that have ever been configured, at most */
#define METRICS_COUNTERS 8192u
#define METRICS_DURATIONS 4096u /* three operations of as many templates as there may be */

struct metrics;

struct metrics *metrics_create(struct error *err); /* REASON_NO_MEMORY */
void metrics_free(struct metrics *metrics);        /* NULL is allowed */

/* Requests of this template have a name from now on. */
void metrics_add_template(struct metrics *metrics, const char *name);

struct metrics_request {
    const char *template_name; /* any text, also from a path */
    const char *operation;     /* as log and audit name it; NULL: none */
    const char *result;        /* the same */
    enum reason reason;        /* REASON_NONE: not refused */
    int64_t duration_us;
};
void metrics_count(struct metrics *metrics, const struct metrics_request *request);
/* Requests for which there was no place any more in a table. */
uint64_t metrics_dropped(struct metrics *metrics);

/* One series as it is now; texts are constant or live as long as the metrics. */
struct metrics_series {
    const char *template_name; /* "-": none of ours */
    const char *operation;
    const char *result;               /* of a counter */
    const char *reason;               /* of a counter; "": not refused */
    uint64_t count;                   /* of a counter */
    struct histogram_values duration; /* of a duration */
};
typedef void metrics_visit(void *context, const struct metrics_series *series);
void metrics_each_counter(struct metrics *metrics, metrics_visit *visit, void *context);
void metrics_each_duration(struct metrics *metrics, metrics_visit *visit, void *context);

#endif
