/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/eventlog.h"

#include <stdlib.h>
#include <syslog.h>

#include "base/text.h"

struct eventlog {
    char *source; /* syslog keeps the pointer */
};

struct eventlog *eventlog_open(const char *source)
{
    struct eventlog *log = calloc(1, sizeof(*log));

    if (log == NULL) {
        return NULL;
    }
    log->source = text_dup(source);
    if (log->source == NULL) {
        free(log);
        return NULL;
    }
    openlog(log->source, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    return log;
}

void eventlog_close(struct eventlog *log)
{
    if (log == NULL) {
        return;
    }
    closelog();
    free(log->source);
    free(log);
}

void eventlog_report(struct eventlog *log, const struct eventlog_entry *entry)
{
    static const int priorities[] = {
        [EVENTLOG_INFO] = LOG_INFO,
        [EVENTLOG_WARNING] = LOG_WARNING,
        [EVENTLOG_ERROR] = LOG_ERR,
    };

    if (log != NULL) {
        syslog(priorities[entry->level], "[%u] %.*s", (unsigned)entry->number,
               (int)EVENTLOG_TEXT_BYTES, entry->text);
    }
}
