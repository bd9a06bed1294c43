/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about the policies of a template: do they load, do they
 *           conflict with it, what is odd about them.
 * Not here: the other sections and printing (cmd_check.c); all lints (openndes policy lint).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_POLICY_H
#define OPENNDES_SERVICE_CHECK_POLICY_H

#include "config/template_config.h"
#include "service/check_finding.h"

/* An enabled template; nothing is said of one without policies. */
MUST_USE bool check_policy_template(const char *data, const struct template_config *config,
                                    const char *what, check_visit *visit, void *context,
                                    struct error *err);

#endif
