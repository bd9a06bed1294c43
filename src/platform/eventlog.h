/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the system's log for what an operator must act on: Windows Event Log, syslog on POSIX.
 * Not here: our own log file (audit/log.h); which events exist (service/).
 * Owns:     the handle.
 * Threads:  any thread may report.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_EVENTLOG_H
#define OPENNDES_PLATFORM_EVENTLOG_H

#include "base/error.h"

enum eventlog_level { EVENTLOG_INFO, EVENTLOG_WARNING, EVENTLOG_ERROR };

struct eventlog;
/*
 * Never fails hard: without a system log the handle drops what it is given. NULL only when out of
 * memory.
 */
struct eventlog *eventlog_open(const char *source);
void eventlog_close(struct eventlog *log); /* NULL is allowed */
/* One entry; text is UTF-8, cut at 8 KB. log may be NULL. */
void eventlog_report(struct eventlog *log, enum eventlog_level level, uint32_t event_id,
                     const char *text);

#endif
