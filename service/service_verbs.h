/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  start, stop, ask the Windows service from the command line, and say why it did not
 *           start.
 * Not here: what belongs around it (setup.h), the control manager (platform/service_control.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/service.md.
 */
#ifndef OPENNDES_SERVICE_SERVICE_VERBS_H
#define OPENNDES_SERVICE_SERVICE_VERBS_H

#include "platform/files.h"
#include "platform/service_control.h"
#include "service/commands.h"

MUST_USE bool service_start_verb(const struct command *command, struct error *err);
MUST_USE bool service_stop_verb(const struct command *command, struct error *err);
MUST_USE bool service_restart_verb(const struct command *command, struct error *err);
MUST_USE bool service_reload_verb(const struct command *command, struct error *err);
/* Fails with REASON_SERVICE_CONTROL, after the answer, unless the service runs. */
MUST_USE bool service_status_verb(const struct command *command, struct error *err);

/* The folder in the service's command line; false when there is none. */
bool service_data_folder(const char *command_line, char data[FILE_PATH_MAX]);
/*
 * Start it and wait. A start that fails does so with the reason that the service's own log has for
 * it, where that can be read. Errors: those of "run"; of service_control_start.
 */
MUST_USE bool service_start_and_wait(struct error *err);

#endif
