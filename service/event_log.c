/* SPDX-License-Identifier: Apache-2.0 */
#include "service/event_log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "platform/clock.h"

#define MINUTE_US (INT64_C(60) * 1000 * 1000)

/* The minute of one event. */
struct event_minute {
    bool running;
    int64_t since_us;
    unsigned written;
    uint64_t held; /* counted, not written */
    enum eventlog_level level;
    uint64_t reported; /* since the start, whether written or held back */
};

/* What is to be told about a minute that is over. */
struct event_summary {
    enum event_id id;
    enum eventlog_level level;
    uint64_t held; /* 0: nothing */
};

struct event_log {
    struct event_log_output output;
    pthread_mutex_t mutex; /* guards minutes; never held while an entry is written */
    size_t count;
    struct event_minute minutes[]; /* one for each event of the catalogue */
};

static void write_to_sink(void *context, enum eventlog_level level, enum event_id id,
                          const char *text)
{
    eventlog_report(context, level, (uint32_t)id, text);
}

static int64_t monotonic_us(void *context)
{
    (void)context;
    return clock_monotonic_us();
}

struct event_log *event_log_create_to(const struct event_log_output *output)
{
    size_t count = event_info_count();
    struct event_log *log = calloc(1, sizeof(*log) + count * sizeof(log->minutes[0]));

    if (log == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&log->mutex, NULL) != 0) {
        free(log);
        return NULL;
    }
    log->output = *output;
    log->count = count;
    return log;
}

struct event_log *event_log_create(struct eventlog *sink)
{
    struct event_log_output output = { write_to_sink, monotonic_us, sink };

    return event_log_create_to(&output);
}

/* End a minute that is over (or `always`); what it held back is handed out to be told. */
static struct event_summary end_minute(struct event_minute *minute, enum event_id id,
                                       int64_t now_us, bool always)
{
    struct event_summary summary = { id, minute->level, 0 };

    if (minute->running && (always || now_us - minute->since_us >= MINUTE_US)) {
        summary.held = minute->held;
        *minute = (struct event_minute){ .reported = minute->reported };
    }
    return summary;
}

static void write_summary(struct event_log *log, const struct event_summary *summary)
{
    char text[80];

    if (summary->held != 0
        && text_format(text, sizeof(text), "%" PRIu64 " more like this in the last minute",
                       summary->held)) {
        log->output.write(log->output.context, summary->level, summary->id, text);
    }
}

/* May this entry be written? Otherwise it is counted. */
static bool take_place(struct event_minute *minute, enum eventlog_level level, int64_t now_us)
{
    if (!minute->running) {
        *minute = (struct event_minute){ .running = true,
                                         .since_us = now_us,
                                         .reported = minute->reported };
    }
    minute->reported++;
    if (minute->written < EVENT_LOG_PER_MINUTE) {
        minute->written++;
        return true;
    }
    minute->held++;
    minute->level = level;
    return false;
}

static size_t index_of(const struct event_log *log, enum event_id id)
{
    size_t i = 0;

    while (i < log->count && event_info_at(i)->id != id) {
        i++;
    }
    return i;
}

void event_log_report(struct event_log *log, enum eventlog_level level, enum event_id id,
                      const char *text)
{
    struct event_summary summary;
    int64_t now_us;
    size_t index;
    bool pass;

    if (log == NULL) {
        return;
    }
    index = index_of(log, id);
    if (index == log->count) {
        return; /* not in the catalogue, which a test compares with events.h */
    }
    now_us = log->output.now_us(log->output.context);
    pthread_mutex_lock(&log->mutex);
    summary = end_minute(&log->minutes[index], id, now_us, false);
    pass = take_place(&log->minutes[index], level, now_us);
    pthread_mutex_unlock(&log->mutex);
    write_summary(log, &summary);
    if (pass) {
        log->output.write(log->output.context, level, id, text);
    }
}

void event_log_failure(struct event_log *log, enum event_id id, const char *where,
                       const struct error *why)
{
    const struct event_info *info = event_info(id);
    char text[EVENT_TEXT_BYTES];

    if (log == NULL || info == NULL) {
        return;
    }
    event_text(text, sizeof(text), id, where, why);
    event_log_report(log, info->level, id, text);
}

static void end_minutes(struct event_log *log, bool always)
{
    int64_t now_us = log->output.now_us(log->output.context);

    for (size_t i = 0; i < log->count; i++) {
        struct event_summary summary;

        pthread_mutex_lock(&log->mutex);
        summary = end_minute(&log->minutes[i], event_info_at(i)->id, now_us, always);
        pthread_mutex_unlock(&log->mutex);
        write_summary(log, &summary);
    }
}

uint64_t event_log_reported(struct event_log *log, size_t index)
{
    uint64_t reported = 0;

    pthread_mutex_lock(&log->mutex);
    reported = log->minutes[index].reported;
    pthread_mutex_unlock(&log->mutex);
    return reported;
}

void event_log_tick(struct event_log *log)
{
    if (log != NULL) {
        end_minutes(log, false);
    }
}

void event_log_free(struct event_log *log)
{
    if (log == NULL) {
        return;
    }
    end_minutes(log, true);
    pthread_mutex_destroy(&log->mutex);
    free(log);
}
