/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/service_handle.h"

#include <stdlib.h>

#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

struct number_row {
    DWORD number;
    enum reason reason;
    const char *sentence;
};

static const struct number_row rows[] = {
    { ERROR_ACCESS_DENIED, REASON_NOT_PERMITTED,
      "not permitted; run the command in a console that was started as administrator" },
    { ERROR_SERVICE_DOES_NOT_EXIST, REASON_SERVICE_MISSING,
      "there is no such service; openndes service install makes it" },
    { ERROR_SERVICE_MARKED_FOR_DELETE, REASON_SERVICE_CONTROL,
      "the service is being removed and something still looks at it; close services.msc and event "
      "viewers, then try again" },
    { ERROR_SERVICE_DISABLED, REASON_SERVICE_CONTROL,
      "the service is disabled; openndes service install switches it on again" },
    { ERROR_SERVICE_LOGON_FAILED, REASON_SERVICE_CONTROL,
      "the account of the service could not log on: its password has changed, it is locked, or it "
      "lacks the right to log on as a service; name it again with openndes service install "
      "--account" },
    { ERROR_INVALID_SERVICE_ACCOUNT, REASON_SERVICE_CONTROL,
      "this account does not exist, its password is wrong, or this computer may not use it" },
    { ERROR_SERVICE_REQUEST_TIMEOUT, REASON_SERVICE_CONTROL,
      "the service did not answer the service control manager in time" },
    { ERROR_SERVICE_CANNOT_ACCEPT_CTRL, REASON_SERVICE_CONTROL,
      "the service is starting or stopping and takes no orders now; try again" },
    { ERROR_SERVICE_NOT_ACTIVE, REASON_SERVICE_CONTROL, "the service does not run" },
    { ERROR_DEPENDENT_SERVICES_RUNNING, REASON_SERVICE_CONTROL,
      "other services that depend on it run; stop them first" },
    { ERROR_NOT_ENOUGH_MEMORY, REASON_NO_MEMORY, "out of memory" },
};

bool service_handle_failed(struct error *err, DWORD number, const char *what)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number) {
            return error_set(err, rows[i].reason, "%s: %s", what, rows[i].sentence);
        }
    }
    return win_error_set(err, REASON_SERVICE_CONTROL, number, what);
}

bool service_handle_open(struct service_handle *handle, const char *name, DWORD manager_rights,
                         DWORD service_rights, struct error *err)
{
    handle->service = NULL;
    handle->manager = NULL;
    handle->name = wide_from_utf8(name, err);
    if (handle->name == NULL) {
        return false;
    }
    handle->manager = OpenSCManagerW(NULL, NULL, manager_rights);
    if (handle->manager == NULL) {
        return service_handle_failed(err, GetLastError(), "the service control manager");
    }
    handle->service = OpenServiceW(handle->manager, handle->name, service_rights);
    if (handle->service == NULL && GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST) {
        return service_handle_failed(err, GetLastError(), name);
    }
    return true;
}

bool service_handle_need(struct service_handle *handle, const char *name, DWORD service_rights,
                         struct error *err)
{
    return service_handle_open(handle, name, SC_MANAGER_CONNECT, service_rights, err)
           && (handle->service != NULL
               || service_handle_failed(err, ERROR_SERVICE_DOES_NOT_EXIST, name));
}

void service_handle_close(struct service_handle *handle)
{
    if (handle->service != NULL) {
        (void)CloseServiceHandle(handle->service);
    }
    if (handle->manager != NULL) {
        (void)CloseServiceHandle(handle->manager);
    }
    free(handle->name);
    *handle = (struct service_handle){ NULL, NULL, NULL };
}
