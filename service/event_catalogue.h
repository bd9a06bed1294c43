/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  each event's level and words, and which event a refusal is.
 * Not here: the numbers (events.h), how many entries a minute (event_log.h).
 * Owns:     constant tables.
 * Threads:  pure functions.
 * Spec:     docs/events.md; NDES: observed.
 */
#ifndef OPENNDES_SERVICE_EVENT_CATALOGUE_H
#define OPENNDES_SERVICE_EVENT_CATALOGUE_H

#include "platform/eventlog.h"
#include "service/events.h"

/* Room for the longest text of event_text with a whole detail. */
#define EVENT_TEXT_BYTES 2048

struct event_info {
    enum event_id id;
    enum eventlog_level level; /* where NDES has the number: NDES's */
    bool ndes;                 /* NDES reports the same condition under the same number */
    const char *happened;      /* a sentence */
    const char *advice;        /* a sentence: what to do */
};

/* NULL where no event has this number. */
const struct event_info *event_info(enum event_id id);
size_t event_info_count(void);
const struct event_info *event_info_at(size_t index);

/* The event that a refused request is; 0: none, log and audit record are enough. */
enum event_id event_of_reason(enum reason reason);

/*
 * "<what happened> <where>. ErrorCode: 0x80070490. ErrorMessage: <detail> (<reason id>). <advice>":
 * code and message are the two that entries of NDES have. where (may be NULL) names client or CA.
 * Cut when size is too small, always with NUL; control characters of the detail become spaces.
 */
void event_text(char *text, size_t size, enum event_id id, const char *where,
                const struct error *why);

#endif
