/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/service_control.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/win32/service_handle.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#define POLL_MS 100u
#define GONE_MS 5000     /* a removed service stays as long as somebody has it open */
#define CONFIG_MAX 8192u /* what the system itself allows for a service's configuration */

/* ---- asking --------------------------------------------------------------------------------- */

static enum service_state state_of(DWORD state)
{
    switch (state) {
    case SERVICE_STOPPED:
        return SERVICE_STATE_STOPPED;
    case SERVICE_START_PENDING:
        return SERVICE_STATE_STARTING;
    case SERVICE_RUNNING:
        return SERVICE_STATE_RUNNING;
    case SERVICE_STOP_PENDING:
        return SERVICE_STATE_STOPPING;
    default:
        return SERVICE_STATE_OTHER;
    }
}

/* One that may not be looked at lives. */
static bool process_is_gone(DWORD id)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, id);
    bool gone = process == NULL ? GetLastError() == ERROR_INVALID_PARAMETER
                                : WaitForSingleObject(process, 0) == WAIT_OBJECT_0;

    if (process != NULL) {
        (void)CloseHandle(process);
    }
    return gone;
}

/* The manager may not have noticed yet that a process was killed: its service runs no more. */
static bool query(const struct service_handle *handle, SERVICE_STATUS_PROCESS *status,
                  struct error *err)
{
    DWORD size = 0;

    if (!QueryServiceStatusEx(handle->service, SC_STATUS_PROCESS_INFO, (BYTE *)status,
                              sizeof(*status), &size)) {
        return service_handle_failed(err, GetLastError(), "the state of the service");
    }
    if (status->dwCurrentState == SERVICE_RUNNING && status->dwProcessId != 0
        && process_is_gone(status->dwProcessId)) {
        status->dwCurrentState = SERVICE_STOPPED;
        status->dwWin32ExitCode = ERROR_PROCESS_ABORTED;
        status->dwProcessId = 0;
    }
    return true;
}

static bool copy_text(const wchar_t *wide, char *out, size_t size, struct error *err)
{
    struct buffer text = BUFFER_INIT(3 * CONFIG_MAX);
    bool ok = wide == NULL || wide_to_utf8(wide, &text, err);

    if (ok && !text_copy(out, size, buffer_text(&text))) {
        ok = error_set(err, REASON_LIMIT,
                       "the service's command line or account is longer than %zu "
                       "bytes",
                       size);
    }
    buffer_clear(&text);
    return ok;
}

static bool read_config(const struct service_handle *handle, struct service_status *out,
                        struct error *err)
{
    SERVICE_DELAYED_AUTO_START_INFO delayed = { FALSE };
    QUERY_SERVICE_CONFIGW *config = calloc(1, CONFIG_MAX);
    DWORD size = 0;
    bool ok = false;

    if (config == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the service's configuration");
    }
    if (!QueryServiceConfigW(handle->service, config, CONFIG_MAX, &size)) {
        (void)service_handle_failed(err, GetLastError(), "the configuration of the service");
        goto out;
    }
    out->automatic = config->dwStartType == SERVICE_AUTO_START;
    /* older systems do not know it: then it is not delayed */
    (void)QueryServiceConfig2W(handle->service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
                               (BYTE *)&delayed, sizeof(delayed), &size);
    out->delayed = delayed.fDelayedAutostart != FALSE;
    ok = copy_text(config->lpBinaryPathName, out->command, sizeof(out->command), err)
         && copy_text(config->lpServiceStartName, out->account, sizeof(out->account), err);
out:
    free(config);
    return ok;
}

bool service_control_status(const char *name, struct service_status *out, struct error *err)
{
    struct service_handle handle;
    SERVICE_STATUS_PROCESS status;
    bool ok = false;

    *out = (struct service_status){ .state = SERVICE_STATE_MISSING };
    if (!service_handle_open(&handle, name, SC_MANAGER_CONNECT,
                             SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, err)) {
        goto out;
    }
    if (handle.service == NULL) {
        ok = true;
        goto out;
    }
    if (!query(&handle, &status, err)) goto out;
    if (!read_config(&handle, out, err)) goto out;
    out->state = state_of(status.dwCurrentState);
    out->process_id = status.dwProcessId;
    out->exit_code = status.dwWin32ExitCode;
    out->service_code = status.dwServiceSpecificExitCode;
    ok = true;
out:
    service_handle_close(&handle);
    return ok;
}

/* ---- start ---------------------------------------------------------------------------------- */

static bool not_in_time(const char *verb, int64_t timeout_ms, struct error *err)
{
    return error_set(err, REASON_SERVICE_CONTROL, "the service has not %s within %lld s", verb,
                     (long long)(timeout_ms / 1000));
}

/* Wait until the service is neither in `first` nor, when that is another, in `second`. */
static bool wait_while(const struct service_handle *handle, DWORD first, DWORD second,
                       ULONGLONG deadline, SERVICE_STATUS_PROCESS *status, bool *over,
                       struct error *err)
{
    *over = false;
    for (;;) {
        if (!query(handle, status, err)) {
            return false;
        }
        if (status->dwCurrentState != first && status->dwCurrentState != second) {
            return true;
        }
        if (GetTickCount64() >= deadline) {
            *over = true;
            return true;
        }
        Sleep(POLL_MS);
    }
}

static bool ended_by_itself(const SERVICE_STATUS_PROCESS *status, struct error *err)
{
    if (status->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR) {
        return error_set(err, REASON_SERVICE_CONTROL,
                         "the service ended by itself, with exit code %lu of openndes",
                         (unsigned long)status->dwServiceSpecificExitCode);
    }
    if (status->dwWin32ExitCode == ERROR_SUCCESS) {
        return error_set(err, REASON_SERVICE_CONTROL, "the service ended by itself");
    }
    return service_handle_failed(err, status->dwWin32ExitCode, "the service ended by itself");
}

bool service_control_start(const char *name, int64_t timeout_ms, struct error *err)
{
    ULONGLONG deadline = GetTickCount64() + (ULONGLONG)timeout_ms;
    struct service_handle handle;
    SERVICE_STATUS_PROCESS status;
    bool over = false;
    bool ok = false;

    if (!service_handle_need(&handle, name, SERVICE_START | SERVICE_QUERY_STATUS, err)) goto out;
    /* one that is still stopping counts as started for Windows, and would be gone a moment later */
    if (!wait_while(&handle, SERVICE_STOP_PENDING, SERVICE_STOP_PENDING, deadline, &status, &over,
                    err)) {
        goto out;
    }
    if (!over && status.dwCurrentState == SERVICE_STOPPED && !StartServiceW(handle.service, 0, NULL)
        && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) {
        (void)service_handle_failed(err, GetLastError(), "the service was not started");
        goto out;
    }
    if (!over
        && !wait_while(&handle, SERVICE_START_PENDING, SERVICE_START_PENDING, deadline, &status,
                       &over, err)) {
        goto out;
    }
    if (over) {
        (void)not_in_time("started", timeout_ms, err);
    } else if (status.dwCurrentState == SERVICE_RUNNING) {
        ok = true;
    } else {
        (void)ended_by_itself(&status, err);
    }
out:
    service_handle_close(&handle);
    return ok;
}

/* ---- stop ----------------------------------------------------------------------------------- */

/* A service that starts takes no orders yet: tried again until the time is over. */
static bool order_stop(const struct service_handle *handle, ULONGLONG deadline, bool *over,
                       struct error *err)
{
    SERVICE_STATUS_PROCESS status;
    SERVICE_STATUS ignored;

    for (;;) {
        if (!wait_while(handle, SERVICE_START_PENDING, SERVICE_STOP_PENDING, deadline, &status,
                        over, err)) {
            return false;
        }
        if (*over || status.dwCurrentState == SERVICE_STOPPED
            || ControlService(handle->service, SERVICE_CONTROL_STOP, &ignored)) {
            return true;
        }
        switch (GetLastError()) {
        case ERROR_SERVICE_NOT_ACTIVE:
            return true;
        case ERROR_SERVICE_CANNOT_ACCEPT_CTRL:
            break;
        default:
            return service_handle_failed(err, GetLastError(), "the service was not stopped");
        }
        if (GetTickCount64() >= deadline) {
            *over = true;
            return true;
        }
        Sleep(POLL_MS);
    }
}

/* Its files are free and its ports too only when the process has ended, a moment after STOPPED. */
static void wait_process(HANDLE process, ULONGLONG deadline)
{
    ULONGLONG now = GetTickCount64();

    if (process != NULL) {
        (void)WaitForSingleObject(process, now < deadline ? (DWORD)(deadline - now) : 0);
        (void)CloseHandle(process);
    }
}

static bool stop(const struct service_handle *handle, int64_t timeout_ms, struct error *err)
{
    ULONGLONG deadline = GetTickCount64() + (ULONGLONG)timeout_ms;
    SERVICE_STATUS_PROCESS status;
    HANDLE process = NULL;
    bool over = false;
    bool ok = false;

    if (!query(handle, &status, err)) {
        return false;
    }
    if (status.dwProcessId != 0) {
        process = OpenProcess(SYNCHRONIZE, FALSE, status.dwProcessId); /* NULL: not waited for */
    }
    if (!order_stop(handle, deadline, &over, err)) goto out;
    if (!over
        && !wait_while(handle, SERVICE_STOP_PENDING, SERVICE_RUNNING, deadline, &status, &over,
                       err)) {
        goto out;
    }
    ok = !over || not_in_time("stopped", timeout_ms, err);
out:
    wait_process(process, ok ? deadline : 0);
    return ok;
}

bool service_control_stop(const char *name, int64_t timeout_ms, struct error *err)
{
    struct service_handle handle;
    bool ok = service_handle_need(&handle, name, SERVICE_STOP | SERVICE_QUERY_STATUS, err)
              && stop(&handle, timeout_ms, err);

    service_handle_close(&handle);
    return ok;
}

bool service_control_reload(const char *name, struct error *err)
{
    struct service_handle handle;
    SERVICE_STATUS ignored;
    bool ok = service_handle_need(&handle, name, SERVICE_PAUSE_CONTINUE, err)
              && (ControlService(handle.service, SERVICE_CONTROL_PARAMCHANGE, &ignored)
                  || service_handle_failed(err, GetLastError(), "the service was not told"));

    service_handle_close(&handle);
    return ok;
}

/* ---- remove --------------------------------------------------------------------------------- */

/* Who makes the service again at once must not meet the one that is going. */
static void wait_gone(const char *name)
{
    ULONGLONG deadline = GetTickCount64() + GONE_MS;

    for (bool there = true; there && GetTickCount64() < deadline;) {
        struct error ignored = ERROR_INIT;
        struct service_handle handle;

        there =
            service_handle_open(&handle, name, SC_MANAGER_CONNECT, SERVICE_QUERY_STATUS, &ignored)
            && handle.service != NULL;
        service_handle_close(&handle);
        if (there) {
            Sleep(POLL_MS);
        }
    }
}

bool service_control_uninstall(const char *name, int64_t timeout_ms, bool *removed,
                               struct error *err)
{
    struct service_handle handle;
    bool ok = false;

    *removed = false;
    if (!service_handle_open(&handle, name, SC_MANAGER_CONNECT,
                             SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, err)) {
        goto out;
    }
    if (handle.service == NULL) {
        ok = true;
        goto out;
    }
    if (!stop(&handle, timeout_ms, err)) goto out;
    if (!DeleteService(handle.service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
        (void)service_handle_failed(err, GetLastError(), "the service was not removed");
        goto out;
    }
    *removed = true;
    ok = true;
out:
    service_handle_close(&handle);
    if (*removed) {
        wait_gone(name);
    }
    return ok;
}
