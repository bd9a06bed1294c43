/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the metrics that are read in the moment of a scrape, because that costs nothing.
 * Not here: what has to be looked for in database, files and certificates (survey.h).
 * Owns:     nothing.
 * Threads:  any thread; takes locks that nobody holds while waiting for anything.
 * Spec:     docs/monitoring.md.
 */
#ifndef OPENNDES_SERVICE_METRICS_LIVE_H
#define OPENNDES_SERVICE_METRICS_LIVE_H

#include "http/http_server.h"
#include "service/abuse_watch.h"
#include "service/event_log.h"
#include "service/intune_watch.h"
#include "service/metrics.h"
#include "service/metrics_text.h"
#include "service/ocsp_counts.h"

struct metrics_live {
    struct metrics *metrics;
    struct ocsp_counts *ocsp;
    struct http_server *server; /* the devices' */
    struct worker_pool *pool;
    struct store *store;
    struct event_log *events;
    struct intune_seats *seats;
    struct intune_stats *intune;
    struct abuse_watch *abuse;
    int64_t started_at; /* seconds */
    int64_t started_us; /* monotonic */
};

void metrics_live_print(const struct metrics_live *live, struct metrics_text *text);

#endif
