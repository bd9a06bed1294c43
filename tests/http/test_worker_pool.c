/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdatomic.h>
#include <string.h>

#include "http/worker_pool.h"
#include "platform/threads.h"

/* A door that jobs wait at. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    unsigned waiting;
    unsigned done;
};

static void gate_create(struct gate *gate)
{
    struct error err = ERROR_INIT;

    memset(gate, 0, sizeof(*gate));
    assert_int_equal(pthread_mutex_init(&gate->lock, NULL), 0);
    assert_true(thread_cond_init(&gate->changed, &err));
}

static void gate_destroy(struct gate *gate)
{
    (void)pthread_cond_destroy(&gate->changed);
    (void)pthread_mutex_destroy(&gate->lock);
}

static void gate_open(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->open = true;
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void gate_wait_for(struct gate *gate, unsigned waiting)
{
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->waiting < waiting) {
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    }
    (void)pthread_mutex_unlock(&gate->lock);
}

static void pass_gate(void *context)
{
    struct gate *gate = context;

    (void)pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    (void)pthread_cond_broadcast(&gate->changed);
    while (!gate->open) {
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    }
    gate->done++;
    (void)pthread_mutex_unlock(&gate->lock);
}

static void count_up(void *context)
{
    (void)atomic_fetch_add((atomic_uint *)context, 1);
}

struct step {
    atomic_uint *count;
    unsigned number;
};

static void take_step(void *context)
{
    struct step *step = context;

    step->number = atomic_fetch_add(step->count, 1);
}

static void worker_pool_free__null__does_nothing(void **state)
{
    (void)state;
    worker_pool_free(NULL);
}

static void worker_pool_create__bad_sizes__refused(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_null(worker_pool_create(257, 1, &err));
    assert_int_equal(err.reason, REASON_INTERNAL);
    assert_null(worker_pool_create(1, 0, &err));
    assert_null(worker_pool_create(1, 10001, &err));
}

static void worker_pool_submit__many_jobs__all_are_done_before_free_returns(void **state)
{
    struct error err = ERROR_INIT;
    struct worker_pool *pool = worker_pool_create(0, 10000, &err);
    atomic_uint count;

    (void)state;
    atomic_init(&count, 0);
    assert_non_null(pool);
    for (unsigned i = 0; i < 10000; i++) {
        assert_true(worker_pool_submit(pool, count_up, &count));
    }
    worker_pool_free(pool);
    assert_int_equal(atomic_load(&count), 10000);
}

static void worker_pool_submit__queue_full__refused(void **state)
{
    struct error err = ERROR_INIT;
    struct worker_pool *pool = worker_pool_create(2, 3, &err);
    struct worker_pool_stats stats;
    struct gate gate;

    (void)state;
    assert_non_null(pool);
    gate_create(&gate);
    assert_true(worker_pool_submit(pool, pass_gate, &gate));
    assert_true(worker_pool_submit(pool, pass_gate, &gate));
    gate_wait_for(&gate, 2); /* both threads are taken, the queue is empty */
    for (unsigned i = 0; i < 3; i++) {
        assert_true(worker_pool_submit(pool, pass_gate, &gate));
    }
    assert_false(worker_pool_submit(pool, pass_gate, &gate));
    worker_pool_get_stats(pool, &stats);
    assert_int_equal(stats.threads, 2);
    assert_int_equal(stats.busy, 2);
    assert_int_equal(stats.waiting, 3);
    assert_int_equal(stats.capacity, 3);
    assert_int_equal(stats.done, 0);
    gate_open(&gate);
    while (stats.done < 5) {
        worker_pool_get_stats(pool, &stats);
        assert_true(stats.busy + stats.waiting + stats.done == 5);
    }
    assert_int_equal(stats.busy, 0);
    worker_pool_free(pool);
    assert_int_equal(gate.done, 5);
    gate_destroy(&gate);
}

/* Slow jobs stand still in every thread they may have: the others go on. */
static void worker_pool_submit_slow__more_than_their_share__quick_ones_pass(void **state)
{
    struct error err = ERROR_INIT;
    struct worker_pool *pool = worker_pool_create(4, 20, &err);
    struct worker_pool_stats stats;
    struct gate slow;
    struct gate quick;

    (void)state;
    assert_non_null(pool);
    gate_create(&slow);
    gate_create(&quick);
    for (unsigned i = 0; i < 2 + 10; i++) { /* two at work, half of the queue */
        assert_true(worker_pool_submit_slow(pool, pass_gate, &slow));
        gate_wait_for(&slow, i < 2 ? i + 1 : 2);
    }
    assert_false(worker_pool_submit_slow(pool, pass_gate, &slow));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(worker_pool_submit(pool, pass_gate, &quick));
    }
    gate_wait_for(&quick, 2); /* both others, though slow ones have waited for longer */
    worker_pool_get_stats(pool, &stats);
    assert_int_equal(stats.busy, 4);
    assert_int_equal(stats.waiting, 10);
    gate_open(&quick);
    gate_open(&slow);
    worker_pool_free(pool); /* finishes what waits */
    assert_int_equal(slow.done, 12);
    assert_int_equal(quick.done, 2);
    gate_destroy(&quick);
    gate_destroy(&slow);
}

/* Which job came first decides, whatever its kind. */
static void worker_pool__one_thread__in_the_order_they_came(void **state)
{
    struct error err = ERROR_INIT;
    struct worker_pool *pool = worker_pool_create(1, 10, &err);
    struct gate gate;
    struct step steps[5];
    atomic_uint count;

    (void)state;
    assert_non_null(pool);
    worker_pool_limit_slow(pool, 1);
    atomic_init(&count, 0);
    gate_create(&gate);
    assert_true(worker_pool_submit(pool, pass_gate, &gate));
    gate_wait_for(&gate, 1);
    for (unsigned i = 0; i < 5; i++) {
        steps[i] = (struct step){ .count = &count };
        assert_true(i % 2 == 0 ? worker_pool_submit_slow(pool, take_step, &steps[i])
                               : worker_pool_submit(pool, take_step, &steps[i]));
    }
    gate_open(&gate);
    worker_pool_free(pool);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(steps[i].number, i);
    }
    gate_destroy(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_pool_free__null__does_nothing),
        cmocka_unit_test(worker_pool_create__bad_sizes__refused),
        cmocka_unit_test(worker_pool_submit__many_jobs__all_are_done_before_free_returns),
        cmocka_unit_test(worker_pool_submit__queue_full__refused),
        cmocka_unit_test(worker_pool_submit_slow__more_than_their_share__quick_ones_pass),
        cmocka_unit_test(worker_pool__one_thread__in_the_order_they_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
