/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_stats.h"

#include <stdlib.h>

#include "platform/clock.h"

struct action_stats {
    atomic_uint_least64_t ended[REASON_COUNT];
    atomic_int_least64_t last_success;
    struct histogram times;
};

struct intune_stats {
    struct action_stats actions[INTUNE_ACTIONS];
};

static const char *const names[INTUNE_ACTIONS] = {
    [INTUNE_ACTION_TOKEN] = "token",
    [INTUNE_ACTION_DISCOVERY] = "discovery",
    [INTUNE_ACTION_VALIDATE] = "validate",
    [INTUNE_ACTION_SUCCESS] = "success",
    [INTUNE_ACTION_FAILURE] = "failure",
    [INTUNE_ACTION_DOWNLOAD] = "download-revocations",
    [INTUNE_ACTION_UPLOAD] = "upload-revocations",
};

const char *intune_action_name(enum intune_action action)
{
    return names[action];
}

struct intune_stats *intune_stats_create(struct error *err)
{
    struct intune_stats *stats = calloc(1, sizeof(*stats));

    if (stats == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for Intune");
    }
    return stats;
}

void intune_stats_free(struct intune_stats *stats)
{
    free(stats);
}

void intune_stats_count(struct intune_stats *stats, enum intune_action action, int64_t begun_us,
                        const struct error *why)
{
    enum reason reason = why != NULL ? why->reason : REASON_NONE;

    if (stats == NULL || reason == REASON_STOPPING) {
        return; /* who is told to stop has learnt nothing about Intune */
    }
    (void)atomic_fetch_add_explicit(&stats->actions[action].ended[reason], 1, memory_order_relaxed);
    histogram_add(&stats->actions[action].times, clock_monotonic_us() - begun_us);
    if (reason == REASON_NONE) {
        atomic_store_explicit(&stats->actions[action].last_success, clock_now(),
                              memory_order_relaxed);
    }
}

uint64_t intune_stats_ended(const struct intune_stats *stats, enum intune_action action,
                            enum reason reason)
{
    return atomic_load_explicit(&stats->actions[action].ended[reason], memory_order_relaxed);
}

int64_t intune_stats_last_success(const struct intune_stats *stats, enum intune_action action)
{
    return atomic_load_explicit(&stats->actions[action].last_success, memory_order_relaxed);
}

void intune_stats_times(struct intune_stats *stats, enum intune_action action,
                        struct histogram_values *out)
{
    histogram_read(&stats->actions[action].times, out);
}
