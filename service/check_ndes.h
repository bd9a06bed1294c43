/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about the NDES face: its templates, who gets passwords, the
 *           accounts' file.
 * Not here: the other sections and printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/ndes.md, docs/sign-in.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_NDES_H
#define OPENNDES_SERVICE_CHECK_NDES_H

#include "config/service_config.h"
#include "service/check_finding.h"

/* has_page: a password page is served, so that people sign in. */
MUST_USE bool check_ndes(const char *data, const struct service_config *config, bool has_page,
                         check_visit *visit, void *context, struct error *err);
/* A template with challenge.type=ndes. */
MUST_USE bool check_ndes_template(const struct template_config *config, const char *what,
                                  check_visit *visit, void *context, struct error *err);

#endif
