/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a service tells the service control manager about itself: phases in their order,
 *           checkpoints that rise while a phase takes its time, the end once.
 * Not here: the manager (host_win32.c).
 * Owns:     the phase.
 * Threads:  any thread; reports leave one at a time, in order.
 * Spec:     SetServiceStatus, SERVICE_STATUS.
 */
#ifndef OPENNDES_SERVICE_HOST_STATE_H
#define OPENNDES_SERVICE_HOST_STATE_H

#include "base/error.h"

enum host_phase {
    HOST_PHASE_STARTING,
    HOST_PHASE_RUNNING,
    HOST_PHASE_STOPPING,
    HOST_PHASE_STOPPED
};

struct host_report {
    enum host_phase phase;
    uint32_t checkpoint; /* rises within STARTING and STOPPING; 0 in the others */
    uint32_t wait_ms;    /* until the next checkpoint, at most; 0 without one */
    int exit_code;       /* of STOPPED */
};

/* Must not call back. */
typedef void host_report_sink(void *context, const struct host_report *report);

/*
 * How often a checkpoint is due, and what the manager is told to wait for one: many times longer,
 * because a busy machine is no hung service.
 */
#define HOST_CHECKPOINT_US 1000000
#define HOST_WAIT_MS 15000
/*
 * A phase that takes longer gets no further checkpoints: the manager must see that it hangs. What
 * stops has limits.stop_seconds, at most two minutes, and a database to close.
 */
#define HOST_STARTING_MAX_US INT64_C(300000000)
#define HOST_STOPPING_MAX_US INT64_C(180000000)

struct host_state;

/* Reports STARTING. Errors: REASON_NO_MEMORY. */
struct host_state *host_state_create(host_report_sink *sink, void *context, int64_t now_us,
                                     struct error *err);
void host_state_free(struct host_state *state); /* NULL is allowed */
/* Report RUNNING, unless it stops already. */
void host_state_running(struct host_state *state, int64_t now_us);
/* Report STOPPING; once, however often it is told to stop. */
void host_state_stopping(struct host_state *state, int64_t now_us);
/* Report STOPPED: the last report there is. */
void host_state_stopped(struct host_state *state, int exit_code);
/* Raise the checkpoint when one is due. */
void host_state_tick(struct host_state *state, int64_t now_us);

#endif
