/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "platform/clock.h"
#include "platform/threads.h"

#define LONG_MS 60000 /* never waited out */

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool waiting;
    bool open;
    bool woken;
};

static void gate_init(struct gate *gate)
{
    struct error err = ERROR_INIT;

    gate->waiting = false;
    gate->open = false;
    gate->woken = false;
    assert_int_equal(pthread_mutex_init(&gate->mutex, NULL), 0);
    assert_done(thread_cond_init(&gate->cond, &err), &err, "");
}

static void gate_clear(struct gate *gate)
{
    (void)pthread_cond_destroy(&gate->cond);
    (void)pthread_mutex_destroy(&gate->mutex);
}

static void *wait_for_gate(void *context)
{
    struct gate *gate = context;
    bool in_time = true;

    (void)pthread_mutex_lock(&gate->mutex);
    gate->waiting = true;
    (void)pthread_cond_broadcast(&gate->cond);
    while (!gate->open && in_time) {
        in_time = thread_cond_wait_ms(&gate->cond, &gate->mutex, LONG_MS);
    }
    gate->woken = in_time;
    (void)pthread_mutex_unlock(&gate->mutex);
    return gate;
}

static void wait__signalled__returns_true(void **state)
{
    struct gate gate;
    struct error err = ERROR_INIT;
    pthread_t thread;

    (void)state;
    gate_init(&gate);
    assert_done(thread_start(&thread, "waits", wait_for_gate, &gate, &err), &err, "");
    (void)pthread_mutex_lock(&gate.mutex);
    while (!gate.waiting) {
        assert_true(thread_cond_wait_ms(&gate.cond, &gate.mutex, LONG_MS));
    }
    gate.open = true;
    (void)pthread_cond_broadcast(&gate.cond);
    (void)pthread_mutex_unlock(&gate.mutex);
    thread_join(thread);
    assert_true(gate.woken);
    gate_clear(&gate);
}

static void wait__nobody_signals__ends_after_its_time(void **state)
{
    static const struct {
        int64_t ms;
        int64_t at_least_us;
    } cases[] = {
        { 0, 0 }, { -1, 0 }, { INT64_MIN, 0 }, { 1, 0 }, { 100, 80000 }, { 1001, 980000 }
    };
    struct gate gate;

    (void)state;
    gate_init(&gate);
    (void)pthread_mutex_lock(&gate.mutex);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t before = clock_monotonic_us();
        int64_t waited = 0;

        /* a spurious wake-up may end one wait; not many */
        for (int tries = 0; thread_cond_wait_ms(&gate.cond, &gate.mutex, cases[i].ms); tries++) {
            assert_true(tries < 100);
        }
        waited = clock_monotonic_us() - before;
        if (waited < cases[i].at_least_us || waited > LONG_MS * INT64_C(1000)) {
            fail_msg("%ld ms took %ld us", (long)cases[i].ms, (long)waited);
        }
    }
    (void)pthread_mutex_unlock(&gate.mutex);
    gate_clear(&gate);
}

static void *signal_once(void *context)
{
    struct gate *gate = context;

    (void)pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    (void)pthread_cond_signal(&gate->cond);
    (void)pthread_mutex_unlock(&gate->mutex);
    return NULL;
}

static void wait__endless_time__does_not_overflow(void **state)
{
    struct gate gate;
    struct error err = ERROR_INIT;
    pthread_t thread;

    (void)state;
    gate_init(&gate);
    (void)pthread_mutex_lock(&gate.mutex);
    assert_done(thread_start(&thread, "signals", signal_once, &gate, &err), &err, "");
    while (!gate.open) {
        assert_true(thread_cond_wait_ms(&gate.cond, &gate.mutex, INT64_MAX));
    }
    (void)pthread_mutex_unlock(&gate.mutex);
    thread_join(thread);
    gate_clear(&gate);
}

static void *use_stack(void *context)
{
    volatile uint8_t big[512 * 1024];

    big[0] = 1;
    big[sizeof(big) - 1] = 2;
    *(int *)context = big[0] + big[sizeof(big) - 1];
    return NULL;
}

static void start__names_and_stack__work(void **state)
{
    static const char *const names[] = { "", "x", "fifteen-bytes-x",
                                         "this name is too long for it" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error err = ERROR_INIT;
        pthread_t thread;
        int result = 0;

        assert_done(thread_start(&thread, names[i], use_stack, &result, &err), &err, names[i]);
        thread_join(thread);
        assert_int_equal(result, 3);
    }
}

static void processors__at_least_one(void **state)
{
    (void)state;
    assert_in_range(thread_processor_count(), 1, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait__signalled__returns_true),
        cmocka_unit_test(wait__nobody_signals__ends_after_its_time),
        cmocka_unit_test(wait__endless_time__does_not_overflow),
        cmocka_unit_test(start__names_and_stack__work),
        cmocka_unit_test(processors__at_least_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
