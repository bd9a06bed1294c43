/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  handles of the service control manager, and its error numbers as sentences.
 * Not here: what is done with them (service_control.c, service_install.c).
 * Owns:     two handles.
 * Threads:  a struct belongs to one thread at a time.
 * Spec:     winsvc.h.
 */
#ifndef OPENNDES_PLATFORM_WIN32_SERVICE_HANDLE_H
#define OPENNDES_PLATFORM_WIN32_SERVICE_HANDLE_H

#include "platform/service_control.h"

#include <windows.h>

struct service_handle {
    SC_HANDLE manager;
    SC_HANDLE service; /* NULL: there is no such service */
    wchar_t *name;
};

/*
 * Open manager and service with these rights. A missing service is no error. Owned:
 * service_handle_close, also after a failure. Errors: REASON_NOT_PERMITTED, REASON_SERVICE_CONTROL.
 */
MUST_USE bool service_handle_open(struct service_handle *handle, const char *name,
                                  DWORD manager_rights, DWORD service_rights, struct error *err);
void service_handle_close(struct service_handle *handle);
/* The same, and a missing service is REASON_SERVICE_MISSING. */
MUST_USE bool service_handle_need(struct service_handle *handle, const char *name,
                                  DWORD service_rights, struct error *err);

/* Record the number of a failed call: "WHAT: SENTENCE". Returns false. */
bool service_handle_failed(struct error *err, DWORD number, const char *what);

#endif
