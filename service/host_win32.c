/* SPDX-License-Identifier: Apache-2.0 */
#include <windows.h>

#include "service/host.h"

/*
 * The control handler gets no context, so its events are the one piece of process-wide state: set
 * once before any other thread runs.
 */
static HANDLE host_stop_event;
static HANDLE host_reload_event;
static HANDLE host_finished_event;

/*
 * Windows ends the process when this returns for a closed console or a shutdown: wait for a clean
 * end, as long as it lets us.
 */
#define HOST_FINISH_MS 15000

static BOOL WINAPI host_control(DWORD control)
{
    if (control == CTRL_BREAK_EVENT) {
        SetEvent(host_reload_event);
        return TRUE;
    }
    SetEvent(host_stop_event);
    if (control != CTRL_C_EVENT) {
        WaitForSingleObject(host_finished_event, HOST_FINISH_MS);
    }
    return TRUE;
}

bool host_start(struct error *err)
{
    host_stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    host_reload_event = CreateEventW(NULL, FALSE, FALSE, NULL);
    host_finished_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (host_stop_event == NULL || host_reload_event == NULL || host_finished_event == NULL) {
        return error_set(err, REASON_INTERNAL, "events cannot be made: error %lu", GetLastError());
    }
    /*
     * A parent that ignores Ctrl-C hands that on; a server started from a script must stop all the
     * same.
     */
    SetConsoleCtrlHandler(NULL, FALSE);
    if (!SetConsoleCtrlHandler(host_control, TRUE)) {
        return error_set(err, REASON_INTERNAL, "no control handler: error %lu", GetLastError());
    }
    return true;
}

enum host_event host_wait(int64_t timeout_ms)
{
    HANDLE events[2] = { host_stop_event, host_reload_event };

    switch (WaitForMultipleObjects(2, events, FALSE, (DWORD)timeout_ms)) {
    case WAIT_OBJECT_0:
        return HOST_STOP;
    case WAIT_OBJECT_0 + 1:
        return HOST_RELOAD;
    default:
        return HOST_TICK;
    }
}

void host_finished(void)
{
    SetEvent(host_finished_event);
}
