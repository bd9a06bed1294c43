/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  tell which settings a reload does not put in force.
 * Not here: reloading (app.c).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_SERVICE_RESTART_KEYS_H
#define OPENNDES_SERVICE_RESTART_KEYS_H

#include "audit/log.h"
#include "config/service_config.h"

/*
 * Settings that live in sockets and threads are taken at start only: say so rather than seem to
 * obey.
 */
void restart_keys_report(const struct service_config *before, const struct service_config *after,
                         struct log *log);

#endif
