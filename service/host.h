/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the outside asks of a running service: stop, reload; and what it is told.
 * Not here: doing it (app.h), phases and checkpoints (host_state.h).
 * Owns:     signal handling, the console's control handler, or the service's control handler.
 * Threads:  host_start and host_service first thing in the main thread, before any other thread
 *           exists; host_wait where the service runs: there, or in the thread of host_service.
 * Spec:     POSIX signals; Windows console control events; Windows service functions.
 */
#ifndef OPENNDES_SERVICE_HOST_H
#define OPENNDES_SERVICE_HOST_H

#include "base/error.h"

enum host_event { HOST_TICK, HOST_STOP, HOST_RELOAD };

/*
 * POSIX: SIGINT and SIGTERM stop, SIGHUP reloads. Windows: Ctrl-C, closing the console, log-off and
 * shutdown stop, Ctrl-Break reloads.
 */
MUST_USE bool host_start(struct error *err);
/* The service, from opening to closing everything. */
typedef bool host_body(void *context, struct error *err);
/*
 * Be the Windows service: connect to the service control manager, run the body in the service's
 * thread, tell the manager how far it is, and return when it has ended. STOP and PRESHUTDOWN stop,
 * PARAMCHANGE reloads. Errors: the body's, whose exit code Windows gets as well; REASON_USAGE when
 * it was not Windows who started this process; REASON_SERVICE_CONTROL; on POSIX
 * REASON_WINDOWS_ONLY.
 */
MUST_USE bool host_service(host_body *body, void *context, struct error *err);
/* Everything is open and served: from now on Windows counts the service as running. */
void host_ready(void);
/* Wait at most timeout_ms; HOST_TICK when nothing was asked. */
enum host_event host_wait(int64_t timeout_ms);
/* The service has ended: the process may go. Windows holds the control handler back until then. */
void host_finished(void);

#endif
