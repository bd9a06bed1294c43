/* SPDX-License-Identifier: Apache-2.0 */
#include "service/host_state.h"

#include <pthread.h>
#include <stdlib.h>

struct host_state {
    host_report_sink *sink;
    void *context;
    pthread_mutex_t mutex; /* guards the rest; held while a report leaves, so that none overtakes */
    struct host_report report;
    int64_t since_us;      /* the phase began */
    int64_t checkpoint_us; /* the last checkpoint */
};

static bool is_pending(enum host_phase phase)
{
    return phase == HOST_PHASE_STARTING || phase == HOST_PHASE_STOPPING;
}

static void enter(struct host_state *state, enum host_phase phase, int64_t now_us, int exit_code)
{
    state->report = (struct host_report){
        .phase = phase,
        .checkpoint = is_pending(phase) ? 1 : 0,
        .wait_ms = is_pending(phase) ? HOST_WAIT_MS : 0,
        .exit_code = exit_code,
    };
    state->since_us = now_us;
    state->checkpoint_us = now_us;
    state->sink(state->context, &state->report);
}

struct host_state *host_state_create(host_report_sink *sink, void *context, int64_t now_us,
                                     struct error *err)
{
    struct host_state *state = calloc(1, sizeof(*state));

    if (state == NULL || pthread_mutex_init(&state->mutex, NULL) != 0) {
        free(state);
        error_set(err, REASON_NO_MEMORY, "state of the service");
        return NULL;
    }
    state->sink = sink;
    state->context = context;
    enter(state, HOST_PHASE_STARTING, now_us, 0);
    return state;
}

void host_state_free(struct host_state *state)
{
    if (state == NULL) {
        return;
    }
    pthread_mutex_destroy(&state->mutex);
    free(state);
}

/* Phases only go on: an order to stop that came while it started is not undone by RUNNING. */
static void advance(struct host_state *state, enum host_phase phase, int64_t now_us, int exit_code)
{
    pthread_mutex_lock(&state->mutex);
    if (phase > state->report.phase) {
        enter(state, phase, now_us, exit_code);
    }
    pthread_mutex_unlock(&state->mutex);
}

void host_state_running(struct host_state *state, int64_t now_us)
{
    advance(state, HOST_PHASE_RUNNING, now_us, 0);
}

void host_state_stopping(struct host_state *state, int64_t now_us)
{
    advance(state, HOST_PHASE_STOPPING, now_us, 0);
}

void host_state_stopped(struct host_state *state, int exit_code)
{
    advance(state, HOST_PHASE_STOPPED, 0, exit_code);
}

void host_state_tick(struct host_state *state, int64_t now_us)
{
    int64_t limit_us;

    pthread_mutex_lock(&state->mutex);
    limit_us =
        state->report.phase == HOST_PHASE_STARTING ? HOST_STARTING_MAX_US : HOST_STOPPING_MAX_US;
    if (is_pending(state->report.phase) && now_us - state->checkpoint_us >= HOST_CHECKPOINT_US
        && now_us - state->since_us < limit_us) {
        state->report.checkpoint++;
        state->checkpoint_us = now_us;
        state->sink(state->context, &state->report);
    }
    pthread_mutex_unlock(&state->mutex);
}
