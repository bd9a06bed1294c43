/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that the system does not give: at the start of a pool, whichever of them it is, the pool
 * does not come, and those that were there before have ended.
 */
#include "support/test_support.h"

#include "http/worker_pool.h"
#include "platform/threads.h"

#define THREADS 8u

static unsigned started;
static unsigned fails_at; /* 0: never */

bool __real_thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                         struct error *err);
bool __wrap_thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                         struct error *err);

bool __wrap_thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                         struct error *err)
{
    started++;
    if (started == fails_at) {
        return error_set(err, REASON_NO_MEMORY, "the system gives no thread \"%s\"", name);
    }
    return __real_thread_start(thread, name, run, context, err);
}

static void worker_pool_create__no_thread__no_pool_and_none_left(void **state)
{
    (void)state;
    for (fails_at = 1; fails_at <= THREADS; fails_at++) {
        struct error err = ERROR_INIT;

        started = 0;
        assert_refused(worker_pool_create(THREADS, 4, &err) != NULL, &err, REASON_NO_MEMORY, "");
        assert_int_equal(started, fails_at);
    }
    fails_at = 0;

    struct error err = ERROR_INIT;
    struct worker_pool *pool = worker_pool_create(THREADS, 4, &err);

    assert_done(pool != NULL, &err, "afterwards");
    worker_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_pool_create__no_thread__no_pool_and_none_left),
    };

    return cmocka_run_group_tests_name("worker pool, lack", tests, NULL, NULL);
}
