/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  tell what Group Policy sets on this server, and which of its values are of no use.
 * Not here: reading it (config/config_sources.h), when (runtime.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/group-policy.md.
 */
#ifndef OPENNDES_SERVICE_POLICY_REPORT_H
#define OPENNDES_SERVICE_POLICY_REPORT_H

#include "audit/log.h"
#include "config/config_sources.h"
#include "service/check_finding.h"
#include "service/event_log.h"

/* In log and Event Log: what `before` (NULL: nothing) has not said already. */
void policy_report_changes(const struct config_sources *now, const struct config_sources *before,
                           struct log *log, struct event_log *events);
/* The section of "openndes check": which keys come from the policy, and what is wrong with it. */
MUST_USE bool policy_report_check(const struct config_sources *sources, check_visit *visit,
                                  void *context, struct error *err);

#endif
