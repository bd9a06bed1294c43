/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program holds the database now and then, as a backup tool or a virus scanner does:
 * requests of four workers wait, and none is lost.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "platform/clock.h"
#include "store/provisional_fixture.h"

#define WORKERS 4
#define LOCKS 2
#define HOLD_MS 400

struct work {
    struct fixture *fixture;
    atomic_bool stopping;
    atomic_uint recorded, refused;
    atomic_uint waited; /* requests that a lock made wait */
};

struct worker {
    struct work *work;
    unsigned number;
};

static void *record(void *context)
{
    const struct worker *worker = context;
    struct work *work = worker->work;

    for (unsigned n = 1; !atomic_load(&work->stopping); n++) {
        int64_t begun_us = clock_monotonic_us();
        enum store_record_result result = STORE_REPEATED;
        struct error err = ERROR_INIT;
        struct sample s;

        sample_init(&s, worker->number * 100000 + n);
        bool ok =
            store_record_certificate(work->fixture->store, &s.cert, FIXTURE_REPEAT, &result, &err)
            && result == STORE_RECORDED;
        atomic_fetch_add(ok ? &work->recorded : &work->refused, 1);
        if (clock_monotonic_us() - begun_us > INT64_C(1000) * HOLD_MS / 2) {
            atomic_fetch_add(&work->waited, 1);
        }
    }
    return NULL;
}

/* A connection of its own, which is what another process has. */
static void hold(const char *path)
{
    const struct timespec pause = { .tv_nsec = HOLD_MS * 1000000L };
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    (void)nanosleep(&pause, NULL);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void lock__short_under_load__all_wait_and_none_is_lost(void **state)
{
    struct work work = { .fixture = *state };
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    struct error err = ERROR_INIT;
    int64_t count = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){ &work, i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, record, &workers[i]), 0);
    }
    for (unsigned i = 0; i < LOCKS; i++) {
        unsigned before = atomic_load(&work.recorded);

        hold(work.fixture->path);
        while (atomic_load(&work.recorded) < before + WORKERS && atomic_load(&work.refused) == 0) {
            (void)sched_yield();
        }
    }
    atomic_store(&work.stopping, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&work.refused), 0);
    assert_true(atomic_load(&work.waited) >= LOCKS); /* the lock was one */
    assert_ok(store_count_certificates(work.fixture->store, &count, &err), err);
    assert_int_equal(count, atomic_load(&work.recorded));
    print_message("    %u recorded, %u of them waited\n", atomic_load(&work.recorded),
                  atomic_load(&work.waited));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lock__short_under_load__all_wait_and_none_is_lost,
                                        fixture_set_up_open, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
