/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/eventlog.h"

#include <stdlib.h>
#include <string.h>

#include "platform/win32/wide.h"

#include <windows.h>

struct eventlog {
    HANDLE source; /* NULL: reports are dropped */
};

struct eventlog *eventlog_open(const char *source)
{
    struct eventlog *log = calloc(1, sizeof(*log));
    wchar_t *name = wide_from_utf8_lossy(source, strlen(source));

    if (log == NULL || name == NULL) {
        free(log);
        free(name);
        return NULL;
    }
    log->source = RegisterEventSourceW(NULL, name);
    free(name);
    return log;
}

void eventlog_close(struct eventlog *log)
{
    if (log == NULL) {
        return;
    }
    if (log->source != NULL) {
        (void)DeregisterEventSource(log->source);
    }
    free(log);
}

/* NULL when out of memory. */
static wchar_t *wide_insert(const char *text)
{
    char clean[EVENTLOG_INSERT_BYTES];

    eventlog_clean_insert(clean, text);
    return wide_from_utf8_lossy(clean, strlen(clean));
}

void eventlog_report(struct eventlog *log, const struct eventlog_entry *entry)
{
    static const WORD types[] = {
        [EVENTLOG_INFO] = EVENTLOG_INFORMATION_TYPE,
        [EVENTLOG_WARNING] = EVENTLOG_WARNING_TYPE,
        [EVENTLOG_ERROR] = EVENTLOG_ERROR_TYPE,
    };
    wchar_t *wide[EVENTLOG_INSERTS_MAX] = { NULL };
    const wchar_t *strings[EVENTLOG_INSERTS_MAX];
    size_t count = entry->insert_count;

    if (log == NULL || log->source == NULL) {
        return;
    }
    count = count > EVENTLOG_INSERTS_MAX ? EVENTLOG_INSERTS_MAX : count;
    for (size_t i = 0; i < count; i++) {
        wide[i] = wide_insert(entry->inserts[i]);
        /* rather an entry with a hole than none: memory may be what the entry is about */
        strings[i] = wide[i] != NULL ? wide[i] : L"-";
    }
    (void)ReportEventW(log->source, types[entry->level], 0,
                       eventlog_message_id(entry->level, entry->number), NULL, (WORD)count, 0,
                       count == 0 ? NULL : strings, NULL);
    for (size_t i = 0; i < count; i++) {
        free(wide[i]);
    }
}
