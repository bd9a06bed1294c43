/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how often Entra, Graph and Intune were asked, what came of it, how long it took;
 *           counted over all clients that a service has one after the other.
 * Not here: asking (intune_client.h), printing it (service/).
 * Owns:     the counters.
 * Threads:  any thread counts and reads, without a lock.
 * Spec:     none.
 */
#ifndef OPENNDES_INTUNE_INTUNE_STATS_H
#define OPENNDES_INTUNE_INTUNE_STATS_H

#include "base/error.h"
#include "base/histogram.h"

struct intune_stats;

enum intune_action {
    INTUNE_ACTION_TOKEN,     /* of either scope */
    INTUNE_ACTION_DISCOVERY, /* addresses from Graph */
    INTUNE_ACTION_VALIDATE,
    INTUNE_ACTION_SUCCESS,  /* successNotification */
    INTUNE_ACTION_FAILURE,  /* failureNotification */
    INTUNE_ACTION_DOWNLOAD, /* revocation requests */
    INTUNE_ACTION_UPLOAD,   /* their results */
    INTUNE_ACTIONS
};
/* "token", "discovery", "validate", "success", "failure", "download-revocations", ... */
const char *intune_action_name(enum intune_action action);

struct intune_stats *intune_stats_create(struct error *err); /* REASON_NO_MEMORY */
void intune_stats_free(struct intune_stats *stats);          /* NULL is allowed */

/*
 * One action with all its second chances has ended: when it began (clock_monotonic_us), and why it
 * failed (NULL: it did not). stats may be NULL.
 */
void intune_stats_count(struct intune_stats *stats, enum intune_action action, int64_t begun_us,
                        const struct error *why);

/* How often an action ended so; REASON_NONE: well. */
uint64_t intune_stats_ended(const struct intune_stats *stats, enum intune_action action,
                            enum reason reason);
/* When one ended well the last time, seconds since 1970; 0: not yet. */
int64_t intune_stats_last_success(const struct intune_stats *stats, enum intune_action action);
void intune_stats_times(struct intune_stats *stats, enum intune_action action,
                        struct histogram_values *out);

#endif
