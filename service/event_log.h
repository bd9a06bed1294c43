/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  entries in the system's event log, so many of each event in a minute and no more.
 * Not here: which events there are and their words (event_catalogue.h), writing an entry
 *           (platform/eventlog.h).
 * Owns:     a counter for each event.
 * Threads:  any thread may report and tick.
 * Spec:     docs/events.md.
 */
#ifndef OPENNDES_SERVICE_EVENT_LOG_H
#define OPENNDES_SERVICE_EVENT_LOG_H

#include "service/event_catalogue.h"

/*
 * Entries of one event within the minute that begins with the first of them. What comes after is
 * held back: the last of it is written once that minute is over, before the next entry or by
 * event_log_tick, and says how many more there were. A scanner must not push other programs'
 * entries out of the log.
 */
#define EVENT_LOG_PER_MINUTE 20u

struct event_log;

/* sink is borrowed; NULL: entries are dropped. NULL when out of memory. */
struct event_log *event_log_create(struct eventlog *sink);
/* Tells what is still counted. NULL is allowed. */
void event_log_free(struct event_log *log);

/* One entry with the event's level and words; log, text and where may be NULL. */
void event_log_report(struct event_log *log, enum event_id id, const char *text);
void event_log_failure(struct event_log *log, enum event_id id, const char *where,
                       const struct error *why);
/* Now and then, such as once a second: tells what was counted once its minute is over. */
void event_log_tick(struct event_log *log);

/* For tests: where entries go and which time it is. */
struct event_log_output {
    void (*write)(void *context, const struct event_entry *entry);
    int64_t (*now_us)(void *context); /* never jumps */
    void *context;
};
struct event_log *event_log_create_to(const struct event_log_output *output);

#endif
