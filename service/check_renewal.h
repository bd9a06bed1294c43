/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about the CAs that a template names in renewal.cas.
 * Not here: the other sections and printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/renewal.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_RENEWAL_H
#define OPENNDES_SERVICE_CHECK_RENEWAL_H

#include "config/template_config.h"
#include "service/check_finding.h"

/* An enabled template; nothing is said of one that names none. */
MUST_USE bool check_renewal_template(const char *data, const struct template_config *config,
                                     int64_t now, const char *what, check_visit *visit,
                                     void *context, struct error *err);

#endif
