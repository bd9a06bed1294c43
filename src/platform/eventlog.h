/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the system's log for what an operator must act on: Windows Event Log, syslog on POSIX.
 * Not here: our own log file (audit/log.h); which events exist and their words (service/).
 * Owns:     the handle.
 * Threads:  any thread may report.
 * Spec:     ReportEventW; RFC 5424 (syslog).
 */
#ifndef OPENNDES_PLATFORM_EVENTLOG_H
#define OPENNDES_PLATFORM_EVENTLOG_H

#include "base/error.h"

/*
 * One insert string, UTF-8, with NUL. ReportEvent takes 31839 characters for one of them and about
 * 60 KB for an entry, names of source and computer included: four of these stay far below both.
 */
#define EVENTLOG_INSERT_BYTES 4096u
#define EVENTLOG_INSERTS_MAX 4u
#define EVENTLOG_TEXT_BYTES 8192u /* one entry of syslog */

enum eventlog_level { EVENTLOG_INFO, EVENTLOG_WARNING, EVENTLOG_ERROR };

/* Everything is borrowed for the call. */
struct eventlog_entry {
    enum eventlog_level level;
    uint16_t number; /* what administrators filter by */
    /* For the message table: what %1 to %4 become, as many as the number's message has. */
    const char *inserts[EVENTLOG_INSERTS_MAX];
    size_t insert_count;
    const char *text; /* for syslog, which has no message table: the whole of it */
};

struct eventlog;
/*
 * Never fails hard: without a system log the handle drops what it is given. NULL only when out of
 * memory.
 */
struct eventlog *eventlog_open(const char *source);
void eventlog_close(struct eventlog *log); /* NULL is allowed */
/* One entry; what is too long is cut. log may be NULL. */
void eventlog_report(struct eventlog *log, const struct eventlog_entry *entry);

/* The message of a number in the message table: severity in the two upper bits, facility 0. */
uint32_t eventlog_message_id(enum eventlog_level level, uint16_t number);

/*
 * An insert as it can be given to the Event Log: control characters become spaces, and a percent
 * sign before a digit or another one gets a space behind it, because viewers take "%1" and "%%1"
 * in inserts for placeholders (an IPv6 address with a zone can look so). Cut at whole characters.
 */
void eventlog_clean_insert(char out[EVENTLOG_INSERT_BYTES], const char *text);

#endif
