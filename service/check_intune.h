/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about Intune: settings, credential and its end, CA file.
 * Not here: whether Microsoft's cloud answers ("openndes intune test"), printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_INTUNE_H
#define OPENNDES_SERVICE_CHECK_INTUNE_H

#include "config/service_config.h"
#include "config/template_config.h"
#include "service/check_finding.h"

/*
 * needed: an enabled template asks Intune. Nothing is said when nobody uses it. Unless offline, the
 * way to Microsoft is gone once, with a time limit for each step.
 */
MUST_USE bool check_intune(const char *data, const struct service_config *config, bool needed,
                           bool offline, int64_t now, check_visit *visit, void *context,
                           struct error *err);

/* One template: what of it would refuse most of Intune's devices. Nothing about others' kinds. */
MUST_USE bool check_intune_template(const struct template_config *config, const char *what,
                                    check_visit *visit, void *context, struct error *err);

#endif
