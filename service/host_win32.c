/* SPDX-License-Identifier: Apache-2.0 */
#include <windows.h>

#include "base/product.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "service/host.h"
#include "service/host_state.h"

/*
 * Control handlers get no context, so their events and the service are the one piece of
 * process-wide state: set once before any other thread runs.
 */
static HANDLE host_stop_event;
static HANDLE host_reload_event;
static HANDLE host_finished_event;

/* Being a service; all zero in a console. */
static struct {
    host_body *body;
    void *context;
    struct error *err; /* of whoever called host_service, who waits */
    bool ok;
    bool began; /* the manager has called service_main */
    SERVICE_STATUS_HANDLE status;
    struct host_state *state;
    HANDLE ended_event; /* service_main looks at nothing any more */
} host_svc;

/*
 * Windows ends the process when this returns for a closed console or a shutdown: wait for a clean
 * end, as long as it lets us.
 */
#define HOST_FINISH_MS 15000
/* Between the last report and the end of the thread that has made it. */
#define HOST_END_MS 5000

static bool make_events(struct error *err)
{
    host_stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    host_reload_event = CreateEventW(NULL, FALSE, FALSE, NULL);
    host_finished_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return (host_stop_event != NULL && host_reload_event != NULL && host_finished_event != NULL)
           || error_set(err, REASON_INTERNAL, "events cannot be made: error %lu", GetLastError());
}

/* ---- in a console --------------------------------------------------------------------------- */

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
    if (!make_events(err)) {
        return false;
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

/* ---- as a service --------------------------------------------------------------------------- */

/* A host_report_sink. */
static void tell_manager(void *context, const struct host_report *report)
{
    static const DWORD states[] = {
        [HOST_PHASE_STARTING] = SERVICE_START_PENDING,
        [HOST_PHASE_RUNNING] = SERVICE_RUNNING,
        [HOST_PHASE_STOPPING] = SERVICE_STOP_PENDING,
        [HOST_PHASE_STOPPED] = SERVICE_STOPPED,
    };
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = states[report->phase],
        .dwCheckPoint = report->checkpoint,
        .dwWaitHint = report->wait_ms,
    };

    (void)context;
    if (report->phase == HOST_PHASE_RUNNING) {
        status.dwControlsAccepted =
            SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
    }
    if (report->exit_code != 0) {
        /* together with the flag for exit codes this makes Windows take the failure actions */
        status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
        status.dwServiceSpecificExitCode = (DWORD)report->exit_code;
    }
    (void)SetServiceStatus(host_svc.status, &status);
}

/* In the main thread, which must be free for the next order at once. */
static DWORD WINAPI service_order(DWORD order, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    switch (order) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
        host_state_stopping(host_svc.state, clock_monotonic_us());
        SetEvent(host_stop_event);
        return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
        SetEvent(host_reload_event);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE: /* the manager answers from what it was told last */
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

/* Opening and closing take their time in the service's thread; this one says so meanwhile. */
static void *tick_main(void *context)
{
    HANDLE end = context;

    while (WaitForSingleObject(end, HOST_CHECKPOINT_US / 1000) == WAIT_TIMEOUT) {
        host_state_tick(host_svc.state, clock_monotonic_us());
    }
    return NULL;
}

/* The body with its ticker, and the last report when both have ended. */
static void run_service(void)
{
    HANDLE end = CreateEventW(NULL, TRUE, FALSE, NULL);
    pthread_t ticker;
    bool ticks = end != NULL && thread_start(&ticker, "svc-ticker", tick_main, end, host_svc.err);

    if (end == NULL) {
        error_set(host_svc.err, REASON_NO_MEMORY, "event of the ticker");
    }
    host_svc.ok = ticks && host_svc.body(host_svc.context, host_svc.err);
    host_state_stopping(host_svc.state, clock_monotonic_us());
    if (ticks) {
        SetEvent(end);
        thread_join(ticker);
    }
    if (end != NULL) {
        (void)CloseHandle(end);
    }
    host_state_stopped(host_svc.state, host_svc.ok ? 0 : error_exit_code(host_svc.err));
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    static const wchar_t name[] = L"" PRODUCT_SERVICE;

    (void)argc;
    (void)argv;
    host_svc.began = true;
    host_svc.status = RegisterServiceCtrlHandlerExW(name, service_order, NULL);
    if (host_svc.status == NULL) {
        error_set(host_svc.err, REASON_SERVICE_CONTROL, "no control handler: error %lu",
                  GetLastError());
    } else {
        host_svc.state = host_state_create(tell_manager, NULL, clock_monotonic_us(), host_svc.err);
        if (host_svc.state != NULL) {
            run_service();
        } else { /* the dispatcher waits for STOPPED, whoever says so */
            const struct host_report end = { .phase = HOST_PHASE_STOPPED,
                                             .exit_code = error_exit_code(host_svc.err) };

            tell_manager(NULL, &end);
        }
    }
    SetEvent(host_svc.ended_event);
}

static bool connection_failed(DWORD number, struct error *err)
{
    if (number == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
        return error_set(err, REASON_USAGE,
                         "\"run --service\" is for Windows, which starts the service with it: use "
                         "openndes service start, or run without --service");
    }
    return error_set(err, REASON_SERVICE_CONTROL,
                     "no connection to the service control manager: error %lu", number);
}

bool host_service(host_body *body, void *context, struct error *err)
{
    wchar_t name[] = L"" PRODUCT_SERVICE;
    const SERVICE_TABLE_ENTRYW table[] = { { name, service_main }, { NULL, NULL } };

    if (!make_events(err)) {
        return false;
    }
    host_svc.body = body;
    host_svc.context = context;
    host_svc.err = err;
    host_svc.ended_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (host_svc.ended_event == NULL) {
        return error_set(err, REASON_NO_MEMORY, "event of the service");
    }
    if (!StartServiceCtrlDispatcherW(table)) {
        return connection_failed(GetLastError(), err);
    }
    /* the manager lets go when it has read STOPPED; its thread may still be in the call */
    if (!host_svc.began
        || WaitForSingleObject(host_svc.ended_event, HOST_END_MS) != WAIT_OBJECT_0) {
        return error_set(err, REASON_SERVICE_CONTROL, "the service did not end in good order");
    }
    host_state_free(host_svc.state);
    host_svc.state = NULL;
    return host_svc.ok;
}

void host_ready(void)
{
    if (host_svc.state != NULL) {
        host_state_running(host_svc.state, clock_monotonic_us());
    }
}

/* ---- both ----------------------------------------------------------------------------------- */

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
