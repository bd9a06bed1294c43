/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about the machine: ports and who holds them, clock, disk,
 *           rights of the data folder, the Windows service and its firewall rule.
 * Not here: the other sections and printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/check.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_SYSTEM_H
#define OPENNDES_SERVICE_CHECK_SYSTEM_H

#include "config/service_config.h"
#include "service/check_finding.h"

struct check_system_options {
    const char *data;
    const struct service_config *config; /* NULL: it does not load; nothing that needs it is said */
    int64_t now;
    check_visit *visit;
    void *context;
};

MUST_USE bool check_system(const struct check_system_options *options, struct error *err);

#endif
