/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the outside asks of a running service: stop, reload.
 * Not here: doing it (app.h).
 * Owns:     signal handling, or the console's control handler.
 * Threads:  host_start first thing in the main thread, before any other thread exists; host_wait
 *           there too.
 * Spec:     POSIX signals; Windows console control events.
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
/* Wait at most timeout_ms; HOST_TICK when nothing was asked. */
enum host_event host_wait(int64_t timeout_ms);
/* The service has ended: the process may go. Windows holds the control handler back until then. */
void host_finished(void);

#endif
