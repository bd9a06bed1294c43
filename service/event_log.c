/* SPDX-License-Identifier: Apache-2.0 */
#include "service/event_log.h"

#include <pthread.h>
#include <stdlib.h>

#include "platform/clock.h"

#define MINUTE_US (INT64_C(60) * 1000 * 1000)

/* The minute of one event. */
struct event_minute {
    bool running;
    int64_t since_us;
    unsigned written;
    uint64_t held;           /* counted, not written */
    struct event_entry last; /* the last of these */
};

struct event_log {
    struct event_log_output output;
    pthread_mutex_t mutex; /* guards minutes; never held while an entry is written */
    size_t count;
    struct event_minute minutes[]; /* one for each event of the catalogue */
};

static void write_to_sink(void *context, const struct event_entry *entry)
{
    char text[EVENT_TEXT_BYTES];
    char more[EVENT_MORE_BYTES];
    struct eventlog_entry out = {
        .level = entry->info->level,
        .number = (uint16_t)entry->info->id,
        .text = text,
    };

    out.insert_count = event_entry_inserts(entry, more, out.inserts);
    event_entry_text(entry, text, sizeof(text));
    eventlog_report(context, &out);
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

/*
 * End a minute that is over (or `always`). True when it held something back: `summary` is then the
 * last of that, with the number of the others.
 */
static bool end_minute(struct event_minute *minute, int64_t now_us, bool always,
                       struct event_entry *summary)
{
    bool held;

    if (!minute->running || (!always && now_us - minute->since_us < MINUTE_US)) {
        return false;
    }
    held = minute->held != 0;
    if (held) {
        *summary = minute->last;
        summary->more = minute->held - 1;
    }
    minute->running = false;
    minute->written = 0;
    minute->held = 0;
    return held;
}

/* May this entry be written? Otherwise it is counted. */
static bool take_place(struct event_minute *minute, const struct event_entry *entry, int64_t now_us)
{
    if (!minute->running) {
        minute->running = true;
        minute->since_us = now_us;
    }
    if (minute->written < EVENT_LOG_PER_MINUTE) {
        minute->written++;
        return true;
    }
    minute->held++;
    minute->last = *entry;
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

/* The catalogue has the entry's event, so there is a minute for it. */
static void report(struct event_log *log, const struct event_entry *entry)
{
    struct event_minute *minute = &log->minutes[index_of(log, entry->info->id)];
    int64_t now_us = log->output.now_us(log->output.context);
    struct event_entry summary;
    bool held, pass;

    pthread_mutex_lock(&log->mutex);
    held = end_minute(minute, now_us, false, &summary);
    pass = take_place(minute, entry, now_us);
    pthread_mutex_unlock(&log->mutex);
    if (held) {
        log->output.write(log->output.context, &summary);
    }
    if (pass) {
        log->output.write(log->output.context, entry);
    }
}

void event_log_report(struct event_log *log, enum event_id id, const char *text)
{
    struct event_entry entry;

    if (log != NULL && event_entry_report(&entry, id, text)) {
        report(log, &entry);
    }
}

void event_log_failure(struct event_log *log, enum event_id id, const char *where,
                       const struct error *why)
{
    struct event_entry entry;

    if (log != NULL && event_entry_failure(&entry, id, where, why)) {
        report(log, &entry);
    }
}

static void end_minutes(struct event_log *log, bool always)
{
    int64_t now_us = log->output.now_us(log->output.context);
    struct event_entry summary;

    for (size_t i = 0; i < log->count; i++) {
        bool held;

        pthread_mutex_lock(&log->mutex);
        held = end_minute(&log->minutes[i], now_us, always, &summary);
        pthread_mutex_unlock(&log->mutex);
        if (held) {
            log->output.write(log->output.context, &summary);
        }
    }
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
