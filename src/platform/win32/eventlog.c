/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/eventlog.h"

#include <stdlib.h>
#include <string.h>

#include "platform/win32/wide.h"

#include <windows.h>

#define EVENT_TEXT_MAX 8192u /* bytes; ReportEvent takes 31839 characters */

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

void eventlog_report(struct eventlog *log, enum eventlog_level level, uint32_t event_id,
                     const char *text)
{
    static const WORD types[] = {
        [EVENTLOG_INFO] = EVENTLOG_INFORMATION_TYPE,
        [EVENTLOG_WARNING] = EVENTLOG_WARNING_TYPE,
        [EVENTLOG_ERROR] = EVENTLOG_ERROR_TYPE,
    };
    wchar_t *wide = NULL;
    const wchar_t *strings[1];
    size_t len = strlen(text);

    if (log == NULL || log->source == NULL) {
        return;
    }
    if (len > EVENT_TEXT_MAX) {
        len = EVENT_TEXT_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) { /* whole characters */
            len--;
        }
    }
    wide = wide_from_utf8_lossy(text, len);
    if (wide == NULL) {
        return;
    }
    strings[0] = wide;
    (void)ReportEventW(log->source, types[level], 0, event_id, NULL, 1, 0, strings, NULL);
    free(wide);
}
