/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the service control manager is told, with a clock of our own in its place.
 * Not here: the manager (tests/service/service.sh).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     SERVICE_STATUS.
 */
#include "service/host_state.h"

#include <string.h>

#include "support/test_support.h"

#define SECOND INT64_C(1000000)

struct heard {
    size_t count;
    struct host_report last;
};

static void hear(void *context, const struct host_report *report)
{
    struct heard *heard = context;

    heard->count++;
    heard->last = *report;
}

static void assert_heard(const struct heard *heard, size_t count, enum host_phase phase,
                         uint32_t checkpoint)
{
    assert_int_equal(heard->count, count);
    assert_int_equal(heard->last.phase, phase);
    assert_int_equal(heard->last.checkpoint, checkpoint);
    /* Windows wants a hint exactly where it has to wait */
    assert_int_equal(heard->last.wait_ms, checkpoint > 0 ? HOST_WAIT_MS : 0);
}

static struct host_state *create(struct heard *heard)
{
    struct error err = ERROR_INIT;
    struct host_state *state = host_state_create(hear, heard, 0, &err);

    assert_non_null(state);
    return state;
}

static void checkpoints__rise_once_a_second__while_pending(void **unused)
{
    struct heard heard = { .count = 0 };
    struct host_state *state = create(&heard);

    (void)unused;
    assert_heard(&heard, 1, HOST_PHASE_STARTING, 1);
    host_state_tick(state, SECOND - 1);
    assert_heard(&heard, 1, HOST_PHASE_STARTING, 1);
    host_state_tick(state, SECOND);
    assert_heard(&heard, 2, HOST_PHASE_STARTING, 2);
    host_state_tick(state, SECOND + 1);
    assert_heard(&heard, 2, HOST_PHASE_STARTING, 2);
    host_state_tick(state, 5 * SECOND);
    assert_heard(&heard, 3, HOST_PHASE_STARTING, 3);
    host_state_running(state, 6 * SECOND);
    assert_heard(&heard, 4, HOST_PHASE_RUNNING, 0);
    host_state_tick(state, 60 * SECOND);
    assert_heard(&heard, 4, HOST_PHASE_RUNNING, 0);
    host_state_stopping(state, 100 * SECOND);
    assert_heard(&heard, 5, HOST_PHASE_STOPPING, 1);
    host_state_tick(state, 101 * SECOND);
    assert_heard(&heard, 6, HOST_PHASE_STOPPING, 2);
    host_state_stopped(state, 0);
    assert_heard(&heard, 7, HOST_PHASE_STOPPED, 0);
    host_state_free(state);
}

/* What hangs must look so: Windows stops waiting when nothing rises any more. */
static void checkpoints__end_with_the_time_of_the_phase(void **unused)
{
    struct heard heard = { .count = 0 };
    struct host_state *state = create(&heard);

    (void)unused;
    host_state_tick(state, HOST_STARTING_MAX_US - 1);
    assert_heard(&heard, 2, HOST_PHASE_STARTING, 2);
    host_state_tick(state, HOST_STARTING_MAX_US);
    host_state_tick(state, 2 * HOST_STARTING_MAX_US);
    assert_heard(&heard, 2, HOST_PHASE_STARTING, 2);
    host_state_stopping(state, 1000 * SECOND);
    host_state_tick(state, 1000 * SECOND + HOST_STOPPING_MAX_US - 1);
    assert_heard(&heard, 4, HOST_PHASE_STOPPING, 2);
    host_state_tick(state, 1000 * SECOND + HOST_STOPPING_MAX_US);
    assert_heard(&heard, 4, HOST_PHASE_STOPPING, 2);
    host_state_free(state);
}

static void stopped__is_the_last_report(void **unused)
{
    struct heard heard = { .count = 0 };
    struct host_state *state = create(&heard);

    (void)unused;
    host_state_stopped(state, 9);
    assert_heard(&heard, 2, HOST_PHASE_STOPPED, 0);
    assert_int_equal(heard.last.exit_code, 9);
    host_state_stopped(state, 0);
    host_state_running(state, SECOND);
    host_state_stopping(state, SECOND);
    host_state_tick(state, 10 * SECOND);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.last.exit_code, 9);
    host_state_free(state);
}

static void stopping__before_running__is_not_undone(void **unused)
{
    struct heard heard = { .count = 0 };
    struct host_state *state = create(&heard);

    (void)unused;
    host_state_stopping(state, SECOND);
    host_state_running(state, 2 * SECOND);
    assert_heard(&heard, 2, HOST_PHASE_STOPPING, 1);
    host_state_stopping(state, 3 * SECOND);
    assert_int_equal(heard.count, 2);
    host_state_free(state);
}

static void free__null__fine(void **unused)
{
    (void)unused;
    host_state_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoints__rise_once_a_second__while_pending),
        cmocka_unit_test(checkpoints__end_with_the_time_of_the_phase),
        cmocka_unit_test(stopped__is_the_last_report),
        cmocka_unit_test(stopping__before_running__is_not_undone),
        cmocka_unit_test(free__null__fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
