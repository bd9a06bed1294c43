/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the service in the system's service control manager: make, change, remove, start, stop,
 *           ask.
 * Not here: being the service (service/host_win32.c), what belongs around it (service/setup.h).
 * Owns:     nothing that lives on.
 * Threads:  one command at a time.
 * Spec:     Windows service functions (winsvc.h). On POSIX every function fails with
 *           REASON_WINDOWS_ONLY.
 */
#ifndef OPENNDES_PLATFORM_SERVICE_CONTROL_H
#define OPENNDES_PLATFORM_SERVICE_CONTROL_H

#include "base/secret.h"

#define SERVICE_COMMAND_MAX 2048u /* bytes of a command line, with NUL */
#define SERVICE_ACCOUNT_MAX 256u  /* bytes of an account's name, with NUL */

enum service_state {
    SERVICE_STATE_MISSING, /* no such service */
    SERVICE_STATE_STOPPED,
    SERVICE_STATE_STARTING,
    SERVICE_STATE_RUNNING,
    SERVICE_STATE_STOPPING,
    SERVICE_STATE_OTHER /* paused and on the way there: never by us */
};

struct service_status {
    enum service_state state;
    uint32_t process_id;   /* 0: not running */
    uint32_t exit_code;    /* of the last end; Windows error number */
    uint32_t service_code; /* our own exit code where exit_code is 1066 */
    bool automatic;        /* starts with Windows */
    bool delayed;
    char account[SERVICE_ACCOUNT_MAX];
    char command[SERVICE_COMMAND_MAX];
};

struct service_definition {
    const char *name;
    const char *display_name;
    const char *description;
    const char *command; /* whole command line, the program in quotes */
    const char *account; /* NULL: as it is, and for a new one the virtual account */
    const struct secret *account_password; /* NULL: none (virtual and group-managed accounts) */
    bool automatic;                        /* else by hand */
};

/* Told of each setting that the system did not take although the service is there. */
typedef void service_warning(void *context, const char *what, const struct error *why);

/* Errors: REASON_NOT_PERMITTED, REASON_SERVICE_CONTROL. A missing service is no error. */
MUST_USE bool service_control_status(const char *name, struct service_status *out,
                                     struct error *err);
/*
 * Make the service or bring an existing one to this definition: idempotent. Description, service
 * SID, privileges, failure actions, delayed start and preshutdown time are set too; what of these
 * the system does not take is told to warn (may be NULL) and is no failure. *made: it is new.
 */
MUST_USE bool service_control_install(const struct service_definition *definition, bool *made,
                                      service_warning *warn, void *context, struct error *err);
/* Stop (as below) and remove; a missing service is no error: *removed is false then. */
MUST_USE bool service_control_uninstall(const char *name, int64_t timeout_ms, bool *removed,
                                        struct error *err);
/*
 * Start or stop and wait for it. One that is there already is no error. Errors:
 * REASON_SERVICE_MISSING, REASON_SERVICE_CONTROL (with what the service's exit code says when it
 * ended by itself), REASON_NOT_PERMITTED.
 */
MUST_USE bool service_control_start(const char *name, int64_t timeout_ms, struct error *err);
MUST_USE bool service_control_stop(const char *name, int64_t timeout_ms, struct error *err);
/* "Parameters have changed": the service reads its configuration again. Errors: as above. */
MUST_USE bool service_control_reload(const char *name, struct error *err);

#endif
