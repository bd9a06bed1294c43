/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  /healthz, /readyz and /metrics: their listeners, and a thread that looks after what the
 *           last two tell.
 * Not here: counters (metrics.h), what is looked at (survey.h).
 * Owns:     an HTTP server of its own and the thread.
 * Threads:  the main thread creates, tells and frees; requests are answered on the listener's I/O
 *           thread from what is known, and never wait for workers, database or disk.
 * Spec:     docs/monitoring.md.
 *
 * The server is apart from the devices' one: no number of their connections and requests keeps a
 * monitor out. Address lists do not count here; the listener's address is the limit.
 */
#ifndef OPENNDES_SERVICE_MANAGEMENT_H
#define OPENNDES_SERVICE_MANAGEMENT_H

#include "config/config_net.h"
#include "service/app.h"
#include "service/metrics_live.h"
#include "service/survey.h"

#define MANAGEMENT_LISTENERS 4u

struct management;

/* Everything outlives the management. */
struct management_options {
    struct listen_config listen[MANAGEMENT_LISTENERS];
    size_t listen_count;
    struct metrics_live live;
    struct survey_sources sources;
    struct survey_tls tls;
    struct log *log;
    struct event_log *events;
};

/*
 * Where to listen: what the command line names. Otherwise as configured (management.listen), unless
 * the command line names other listeners: whoever says where to serve devices has another service
 * running, perhaps. Errors: REASON_CONFIG_BAD_VALUE, REASON_USAGE (too many).
 */
MUST_USE bool management_plan(struct management_options *options, const struct app_options *asked,
                              const char *configured, struct error *err);
/*
 * Look once, then listen. A listener that cannot be opened is told in log and Event Log
 * (EVENT_MANAGEMENT_FAILED) and missed; so is everything when there is no memory. NULL: nobody
 * listens.
 */
struct management *management_start(const struct management_options *options);
/* Stops listening. NULL is allowed, here and below. */
void management_free(struct management *m);

/* Once a second: the main thread is alive, and what HTTPS presents. */
void management_tick(struct management *m, const struct survey_tls *tls);
/* The data folder has been read again, and it has worked or not. */
void management_reloaded(struct management *m, bool ok);
/* The service does not answer devices any more: not ready. */
void management_stopping(struct management *m);

/* Append a line "Metrics: http://127.0.0.1:9880/metrics" for each listener. */
MUST_USE bool management_urls(const struct management *m, struct buffer *out, struct error *err);

#endif
