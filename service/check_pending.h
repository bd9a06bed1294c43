/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about requests that wait for an administrator.
 * Not here: the other sections and printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/approval.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_PENDING_H
#define OPENNDES_SERVICE_CHECK_PENDING_H

#include "service/check_finding.h"
#include "store/store.h"

/* All templates with requests that wait; nothing is said where none do. */
MUST_USE bool check_pending(const char *data, struct store *store, int64_t now, check_visit *visit,
                            void *context, struct error *err);

#endif
