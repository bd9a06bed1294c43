/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics_live.h"

#include "base/text.h"
#include "openndes_version.h"
#include "platform/clock.h"
#include "platform/process.h"

static void print_process(const struct metrics_live *live, struct metrics_text *text)
{
    const struct metrics_label version[] = { { "version", OPENNDES_VERSION }, { NULL, NULL } };

    metrics_text_begin(text, METRIC_BUILD_INFO);
    metrics_text_number(text, version, 1);
    metrics_text_single(text, METRIC_START_TIME, (uint64_t)live->started_at);
    metrics_text_begin(text, METRIC_UPTIME);
    metrics_text_seconds(text, NULL, (uint64_t)(clock_monotonic_us() - live->started_us));
    metrics_text_single(text, METRIC_RESIDENT, process_memory_bytes());
}

/* ---- requests -------------------------------------------------------------------------------- */

static void print_counter(void *context, const struct metrics_series *series)
{
    const struct metrics_label labels[] = { { "template", series->template_name },
                                            { "operation", series->operation },
                                            { "result", series->result },
                                            { "reason", series->reason },
                                            { NULL, NULL } };

    metrics_text_number(context, labels, series->count);
}

static void print_duration(void *context, const struct metrics_series *series)
{
    const struct metrics_label labels[] = { { "template", series->template_name },
                                            { "operation", series->operation },
                                            { NULL, NULL } };

    metrics_text_histogram(context, labels, &series->duration);
}

static void print_requests(const struct metrics_live *live, struct metrics_text *text)
{
    metrics_text_begin(text, METRIC_REQUESTS);
    metrics_each_counter(live->metrics, print_counter, text);
    metrics_text_begin(text, METRIC_DURATION);
    metrics_each_duration(live->metrics, print_duration, text);
    metrics_text_single(text, METRIC_DROPPED, metrics_dropped(live->metrics));
}

/* ---- limits and alarms ----------------------------------------------------------------------- */

static void print_limited(void *context, const struct abuse_series *series)
{
    for (unsigned kind = RATE_NONE + 1; kind < RATE_KINDS; kind++) {
        const struct metrics_label labels[] = { { "template", series->name },
                                                { "kind", rate_kind_name((enum rate_kind)kind) },
                                                { NULL, NULL } };

        if (series->kind == ABUSE_REFUSED) {
            metrics_text_number(context, labels, series->limited[kind]);
        }
    }
}

static void print_alarm(void *context, const struct abuse_series *series)
{
    const struct metrics_label labels[] = {
        { "kind", series->kind == ABUSE_REFUSED ? "refused" : "unprocessable" },
        { "name", series->name },
        { NULL, NULL }
    };

    metrics_text_number(context, labels, series->alarm ? 1 : 0);
}

static void print_abuse(const struct metrics_live *live, struct metrics_text *text)
{
    metrics_text_begin(text, METRIC_RATE_LIMITED);
    abuse_watch_each(live->abuse, print_limited, text);
    metrics_text_begin(text, METRIC_ALARM);
    abuse_watch_each(live->abuse, print_alarm, text);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void print_http(const struct metrics_live *live, struct metrics_text *text)
{
    struct http_server_stats server;
    struct worker_pool_stats pool;

    http_server_get_stats(live->server, &server);
    metrics_text_single(text, METRIC_CONNECTIONS, server.connections);
    metrics_text_single(text, METRIC_ACCEPTED, server.accepted);
    metrics_text_single(text, METRIC_RUNNING, server.running);
    metrics_text_single(text, METRIC_BUSY_REFUSED, server.busy_refused);
    metrics_text_single(text, METRIC_CUT, server.cut);
    metrics_text_single(text, METRIC_HANDSHAKES, server.handshakes_failed);
    worker_pool_get_stats(live->pool, &pool);
    metrics_text_single(text, METRIC_WORKERS, pool.threads);
    metrics_text_single(text, METRIC_WORKERS_BUSY, pool.busy);
    metrics_text_single(text, METRIC_QUEUE, pool.waiting);
    metrics_text_single(text, METRIC_QUEUE_CAPACITY, pool.capacity);
}

/* ---- database -------------------------------------------------------------------------------- */

static void print_store(const struct metrics_live *live, struct metrics_text *text)
{
    struct store_stats store;

    store_get_stats(live->store, &store);
    metrics_text_single(text, METRIC_COMMITS, (uint64_t)store.commits);
    metrics_text_single(text, METRIC_RECORDS, (uint64_t)store.writes);
    metrics_text_single(text, METRIC_STORE_FAILURES, (uint64_t)store.failed_commits);
    metrics_text_single(text, METRIC_STORE_WAITING, (uint64_t)store.waiting);
    metrics_text_begin(text, METRIC_COMMIT_TIME);
    metrics_text_histogram(text, NULL, &store.commit_times);
}

/* ---- Intune ---------------------------------------------------------------------------------- */

static void print_calls(const struct intune_stats *stats, enum intune_action action,
                        struct metrics_text *text)
{
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        uint64_t count = intune_stats_ended(stats, action, (enum reason)reason);
        const struct metrics_label labels[] = {
            { "action", intune_action_name(action) },
            { "result", reason == REASON_NONE ? "ok" : "failed" },
            { "reason", reason == REASON_NONE ? "" : reason_id((enum reason)reason) },
            { NULL, NULL }
        };

        if (count > 0) {
            metrics_text_number(text, labels, count);
        }
    }
}

static void print_intune(const struct metrics_live *live, struct metrics_text *text)
{
    struct histogram_values times;
    unsigned seats = 0;
    unsigned used = 0;

    metrics_text_begin(text, METRIC_INTUNE_CALLS);
    for (unsigned i = 0; i < INTUNE_ACTIONS; i++) {
        print_calls(live->intune, (enum intune_action)i, text);
    }
    metrics_text_begin(text, METRIC_INTUNE_TIME);
    for (unsigned i = 0; i < INTUNE_ACTIONS; i++) {
        const struct metrics_label labels[] = { { "action", intune_action_name(i) },
                                                { NULL, NULL } };

        intune_stats_times(live->intune, (enum intune_action)i, &times);
        if (times.count > 0) {
            metrics_text_histogram(text, labels, &times);
        }
    }
    metrics_text_begin(text, METRIC_INTUNE_LAST);
    for (unsigned i = 0; i < INTUNE_ACTIONS; i++) {
        const struct metrics_label labels[] = { { "action", intune_action_name(i) },
                                                { NULL, NULL } };

        metrics_text_time(text, labels, intune_stats_last_success(live->intune, i));
    }
    intune_seats_read(live->seats, &seats, &used);
    metrics_text_single(text, METRIC_INTUNE_SEATS, seats);
    metrics_text_single(text, METRIC_INTUNE_SEATS_USED, used);
}

/* ---- events ---------------------------------------------------------------------------------- */

static const char *level_name(enum eventlog_level level)
{
    switch (level) {
    case EVENTLOG_INFO:
        return "information";
    case EVENTLOG_WARNING:
        return "warning";
    case EVENTLOG_ERROR:
        break;
    }
    return "error";
}

static void print_events(const struct metrics_live *live, struct metrics_text *text)
{
    char number[16];

    metrics_text_begin(text, METRIC_EVENTS);
    for (size_t i = 0; i < event_info_count(); i++) {
        const struct event_info *info = event_info_at(i);
        const struct metrics_label labels[] = { { "event", number },
                                                { "level", level_name(info->level) },
                                                { NULL, NULL } };

        if (text_format(number, sizeof(number), "%u", (unsigned)info->id)) {
            metrics_text_number(text, labels, event_log_reported(live->events, i));
        }
    }
}

void metrics_live_print(const struct metrics_live *live, struct metrics_text *text)
{
    print_process(live, text);
    print_requests(live, text);
    print_abuse(live, text);
    print_http(live, text);
    ocsp_counts_print(live->ocsp, text);
    print_store(live, text);
    print_intune(live, text);
    print_events(live, text);
}
