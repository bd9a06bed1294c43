/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about HTTPS and about pages on listeners without it.
 * Not here: the other sections and printing (cmd_check.c), a certificate's flaws (tls_report.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_HTTPS_H
#define OPENNDES_SERVICE_CHECK_HTTPS_H

#include "config/service_config.h"
#include "service/check_finding.h"

/* has_page: a password page is served, so that people sign in. */
MUST_USE bool check_https(const char *data, const struct service_config *config, bool has_page,
                          check_visit *visit, void *context, struct error *err);

#endif
