/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  each event's level and words, what an entry carries, and which event a refusal is.
 * Not here: the numbers (events.h), how many entries a minute (event_log.h), the words as Windows
 *           shows them in English and German (openndes.mc, which a test holds against this table).
 * Owns:     constant tables.
 * Threads:  pure functions.
 * Spec:     docs/events.md; NDES: observed.
 */
#ifndef OPENNDES_SERVICE_EVENT_CATALOGUE_H
#define OPENNDES_SERVICE_EVENT_CATALOGUE_H

#include "platform/eventlog.h"
#include "service/events.h"

/* Room for the longest text of an entry. */
#define EVENT_TEXT_BYTES 3072
#define EVENT_SUBJECT_BYTES 1024
#define EVENT_MESSAGE_BYTES (ERROR_DETAIL_MAX + 64)

/* Which inserts an event's message has, see event_entry_inserts. */
enum event_kind {
    EVENT_REPORT, /* a sentence about something that is no failure of ours */
    EVENT_FAILURE /* with error code and message, as entries of NDES have them */
};

struct event_info {
    enum event_id id;
    enum eventlog_level level; /* where NDES has the number: NDES's */
    bool ndes;                 /* NDES reports the same condition under the same number */
    enum event_kind kind;
    const char *happened; /* a sentence */
    const char *advice;   /* a sentence: what to do */
};

/* NULL where no event has this number. */
const struct event_info *event_info(enum event_id id);
size_t event_info_count(void);
const struct event_info *event_info_at(size_t index);

/* The event that a refused request is; 0: none, log and audit record are enough. */
enum event_id event_of_reason(enum reason reason);

/* One entry before it is put into words. */
struct event_entry {
    const struct event_info *info;
    char subject[EVENT_SUBJECT_BYTES]; /* client, CA or file; of a report: the text; "-": none */
    char code[16];                     /* "0x80070490" */
    char message[EVENT_MESSAGE_BYTES]; /* "<detail> (<reason id>)" */
    uint64_t more;                     /* so many more like this one were not written */
};

/*
 * Fill one in; what is too long is cut. False where no event has the number. where may be NULL.
 * Either may be called for either kind: a failure without a cause has the code 0x00000000.
 */
MUST_USE bool event_entry_failure(struct event_entry *entry, enum event_id id, const char *where,
                                  const struct error *why);
MUST_USE bool event_entry_report(struct event_entry *entry, enum event_id id, const char *text);

/*
 * What %1 to %4 of the message table become. A failure: code, message, subject, more; the first
 * two stand where entries of NDES have them. A report: subject, more. Returns how many; they point
 * into entry and more_text.
 */
#define EVENT_MORE_BYTES 24
size_t event_entry_inserts(const struct event_entry *entry, char more_text[EVENT_MORE_BYTES],
                           const char *inserts[EVENTLOG_INSERTS_MAX]);

/*
 * The whole entry as one English line, for syslog:
 * "<what happened> <subject>. ErrorCode: 0x80070490. ErrorMessage: <message>. <advice>", and
 * " N more like this in the last minute." when there were. Cut when size is too small, always with
 * NUL; control characters become spaces.
 */
void event_entry_text(const struct event_entry *entry, char *text, size_t size);

#endif
