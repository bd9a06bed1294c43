/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads and several handles on one file. */
#include "store/store_fixture.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/threads.h"
#include "store/store_writer.h"

#define THREADS 32u
#define REPEAT FIXTURE_DAY
#define WAIT_SECONDS 60

/* ---- threads that record ------------------------------------------------------------------ */

struct recorder {
    struct store *store;
    uint32_t first; /* number of the first sample */
    uint32_t count;
    bool same_request; /* everybody sends sample 0's request, signed with an own serial */
    bool same_serial;  /* odd numbers use serial 1 */
    pthread_t thread;
    uint32_t recorded, repeated, duplicate, full, busy, other;
};

static void count_result(struct recorder *r, bool ok, enum store_record_result result,
                         enum reason reason)
{
    if (ok) {
        r->recorded += result == STORE_RECORDED;
        r->repeated += result == STORE_REPEATED;
        r->other += result == STORE_WAS_REVOKED;
    } else {
        r->duplicate += reason == REASON_STORE_DUPLICATE;
        r->full += reason == REASON_STORE_FULL;
        r->busy += reason == REASON_STORE_BUSY;
        r->other += reason != REASON_STORE_DUPLICATE && reason != REASON_STORE_FULL
                    && reason != REASON_STORE_BUSY;
    }
}

static void *record_samples(void *context)
{
    struct recorder *r = context;

    for (uint32_t i = 0; i < r->count; i++) {
        struct error err = ERROR_INIT;
        enum store_record_result result = STORE_WAS_REVOKED;
        struct sample s, first;

        sample_init(&s, r->first + i);
        if (r->same_request) {
            sample_init(&first, 0);
            first.info = s.info;
            s = first;
            s.cert.request = &s.key;
            s.cert.info = &s.info;
            s.cert.der = bytes_of(s.der, sizeof s.der);
            s.key.transaction_id = bytes_of_text(s.transaction_id);
        }
        if (r->same_serial && (r->first + i) % 2 == 1) {
            sample_init(&first, 1);
            memcpy(s.info.serial, first.info.serial, sizeof s.info.serial);
        }
        bool ok = store_record_certificate(r->store, &s.cert, REPEAT, &result, &err);
        count_result(r, ok, result, err.reason);
    }
    return NULL;
}

static void start_all(struct recorder *recorders, uint32_t count)
{
    struct error err = ERROR_INIT;

    for (uint32_t i = 0; i < count; i++) {
        assert_ok(
            thread_start(&recorders[i].thread, "recorder", record_samples, &recorders[i], &err),
            err);
    }
}

/* Sum of all. */
static struct recorder join_all(struct recorder *recorders, uint32_t count)
{
    struct recorder sum = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        thread_join(recorders[i].thread);
        sum.recorded += recorders[i].recorded;
        sum.repeated += recorders[i].repeated;
        sum.duplicate += recorders[i].duplicate;
        sum.full += recorders[i].full;
        sum.busy += recorders[i].busy;
        sum.other += recorders[i].other;
    }
    return sum;
}

/* Ask until so many writes wait: they cannot go on, the test holds the database's lock. */
static void wait_until_waiting(struct store *store, int64_t count)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never;
    struct error err = ERROR_INIT;
    struct store_stats stats = { 0 };
    int64_t end_us = clock_monotonic_us() + WAIT_SECONDS * INT64_C(1000000);

    assert_ok(thread_cond_init(&never, &err), err);
    pthread_mutex_lock(&mutex);
    for (store_get_stats(store, &stats); stats.waiting < count; store_get_stats(store, &stats)) {
        /* Those that began first have given up when the machine is too slow for the others. */
        assert_true(clock_monotonic_us() < end_us);
        (void)thread_cond_wait_ms(&never, &mutex, 1);
    }
    pthread_mutex_unlock(&mutex);
    pthread_cond_destroy(&never);
}

static int64_t count_all(struct store *store)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(store_count_certificates(store, &count, &err), err);
    return count;
}

/* ---- group commit ------------------------------------------------------------------------- */

static void record__32_threads__all_there_fewer_commits(void **state)
{
    struct fixture *f = *state;
    struct recorder recorders[THREADS];
    struct store_stats stats = { 0 };

    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){ .store = f->store, .first = i * 100, .count = 20 };
    }
    start_all(recorders, THREADS);
    struct recorder sum = join_all(recorders, THREADS);
    assert_int_equal(sum.recorded, THREADS * 20);
    assert_int_equal(count_all(f->store), THREADS * 20);
    store_get_stats(f->store, &stats);
    assert_int_equal(stats.writes, THREADS * 20);
    assert_true(stats.commits < stats.writes);
    assert_int_equal(stats.failed_commits, 0);
    assert_int_equal(stats.waiting, 0);
}

/* Hold the lock until all threads wait, so that their writes meet in one or two transactions. */
static struct recorder record_together(struct fixture *f, struct recorder *recorders)
{
    struct error err = ERROR_INIT;
    struct db *other = fixture_open_db(f);

    assert_ok(db_begin(other, &err), err);
    start_all(recorders, THREADS);
    wait_until_waiting(f->store, THREADS);
    db_rollback(other);
    db_close(other);
    return join_all(recorders, THREADS);
}

static void record__waiting_writes__one_or_two_commits(void **state)
{
    struct fixture *f = *state;
    struct recorder recorders[THREADS];
    struct store_stats stats = { 0 };

    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){ .store = f->store, .first = i, .count = 1 };
    }
    struct recorder sum = record_together(f, recorders);
    assert_int_equal(sum.recorded, THREADS);
    assert_int_equal(count_all(f->store), THREADS);
    store_get_stats(f->store, &stats);
    assert_in_range(stats.commits, 1, 2);
}

static void record__same_request_from_32_threads__one_recorded(void **state)
{
    struct fixture *f = *state;
    struct recorder recorders[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] =
            (struct recorder){ .store = f->store, .first = i, .count = 1, .same_request = true };
    }
    struct recorder sum = record_together(f, recorders);
    assert_int_equal(sum.recorded, 1);
    assert_int_equal(sum.repeated, THREADS - 1);
    assert_int_equal(count_all(f->store), 1);
}

static void record__failures_in_a_shared_transaction__others_stay(void **state)
{
    struct fixture *f = *state;
    struct recorder recorders[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] =
            (struct recorder){ .store = f->store, .first = i, .count = 1, .same_serial = true };
    }
    struct recorder sum = record_together(f, recorders);
    assert_int_equal(sum.recorded, THREADS / 2 + 1);
    assert_int_equal(sum.duplicate, THREADS / 2 - 1);
    assert_int_equal(count_all(f->store), THREADS / 2 + 1);
}

/* ---- the writer alone --------------------------------------------------------------------- */

struct two_steps {
    bool fail;
};

/* Two statements: what fails after the first must leave neither. */
static bool write_two(struct db *db, void *context, struct error *err)
{
    const struct two_steps *two = context;

    if (!db_execute(db, "INSERT INTO meta (name, scope, value) VALUES ('a', 'x', 1)", err)) {
        return false;
    }
    return two->fail ? error_set(err, REASON_LIMIT, "as asked") : true;
}

static void writer__write_fails_half_way__undone_and_reported(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct two_steps two = { .fail = true };
    struct store_writer *writer = store_writer_start(fixture_open_db(f), &err);

    assert_ok(writer != NULL, err);
    assert_false(store_writer_run(writer, write_two, &two, &err));
    assert_reason(err, LIMIT);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM meta"), 0);
    error_clear(&err);
    two.fail = false;
    assert_ok(store_writer_run(writer, write_two, &two, &err), err);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM meta"), 1);
    store_writer_stop(writer);
    store_writer_stop(NULL);
}

static void *close_store(void *context)
{
    store_close(context);
    return NULL;
}

static void close__writes_under_way__waits_for_them(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct recorder recorders[THREADS];
    struct db *other = fixture_open_db(f);
    pthread_t closer;

    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){ .store = f->store, .first = i, .count = 1 };
    }
    assert_ok(db_begin(other, &err), err);
    start_all(recorders, THREADS);
    wait_until_waiting(f->store, THREADS);
    assert_ok(thread_start(&closer, "closer", close_store, f->store, &err), err);
    db_rollback(other);
    db_close(other);
    thread_join(closer);
    assert_int_equal(join_all(recorders, THREADS).recorded, THREADS);

    f->store = fixture_open(f);
    assert_int_equal(count_all(f->store), THREADS);
}

/* ---- other processes, a full disk --------------------------------------------------------- */

static void record__other_process_keeps_the_lock__busy_then_works(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct sample s;

    options.busy_ms = 30;
    store_close(f->store);
    f->store = store_open(&options, &err);
    assert_ok(f->store != NULL, err);

    struct db *other = fixture_open_db(f);
    assert_ok(db_begin(other, &err), err);
    sample_init(&s, 1);
    int64_t start_us = clock_monotonic_us();
    assert_false(store_record_certificate(f->store, &s.cert, REPEAT, &result, &err));
    assert_reason(err, STORE_BUSY);
    assert_in_range(clock_monotonic_us() - start_us, 30000, 5000000);
    /* Reading does not wait for a writer. */
    assert_int_equal(count_all(f->store), 0);
    db_rollback(other);
    db_close(other);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
}

static void two_handles__write_at_once__both_see_all(void **state)
{
    struct fixture *f = *state;
    struct store *second = fixture_open(f);
    struct recorder recorders[8];
    struct error err = ERROR_INIT;
    struct sample s;
    int64_t count = 0;
    enum store_seen seen = STORE_SEEN_NEVER;
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);

    for (uint32_t i = 0; i < 8; i++) {
        recorders[i] = (struct recorder){ .store = i % 2 == 0 ? f->store : second,
                                          .first = i * 100,
                                          .count = 30 };
    }
    start_all(recorders, 8);
    assert_int_equal(join_all(recorders, 8).recorded, 240);
    assert_int_equal(count_all(f->store), 240);
    assert_int_equal(count_all(second), 240);

    sample_init(&s, 5);
    fixture_revoke(second, &s);
    assert_ok(store_revocation_count(f->store, "issuing", &count, &err), err);
    assert_int_equal(count, 1);
    assert_ok(store_find_request(f->store, &s.key, 0, &seen, &der, &err), err);
    assert_int_equal(seen, STORE_SEEN_REVOKED);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_WAS_REVOKED);
    buffer_clear(&der);
    store_close(second);
}

static void record__disk_full__refused_and_nothing_lost(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    enum store_record_result result;
    uint32_t recorded = 0;
    struct sample s;

    options.max_pages = 60;
    store_close(f->store);
    f->store = store_open(&options, &err);
    assert_ok(f->store != NULL, err);
    for (sample_init(&s, 0);
         store_record_certificate(f->store, &s.cert, REPEAT, &result, &err) && recorded < 10000;
         sample_init(&s, recorded)) {
        recorded++;
    }
    assert_reason(err, STORE_FULL);
    assert_in_range(recorded, 20, 1000);
    assert_int_equal(count_all(f->store), recorded);

    /* Many at once: none is reported as recorded that is not there. */
    struct recorder recorders[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){ .store = f->store, .first = 20000 + i, .count = 1 };
    }
    struct recorder sum = record_together(f, recorders);
    assert_int_equal(sum.recorded + sum.full, THREADS);
    assert_int_equal(count_all(f->store), recorded + sum.recorded);
    store_close(f->store);

    f->store = fixture_open(f); /* space again */
    error_clear(&err);
    assert_ok(store_check(f->store, &err), err);
    assert_int_equal(count_all(f->store), recorded + sum.recorded);
    sample_init(&s, 30000);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
}

/* Ten seconds of patience would be left: somebody who stops has no more time. */
static void hurry__other_process_keeps_the_lock__busy_at_once(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct recorder recorder = { .store = f->store, .first = 1, .count = 1 };
    struct db *other = fixture_open_db(f);

    assert_ok(db_begin(other, &err), err);
    assert_ok(thread_start(&recorder.thread, "recorder", record_samples, &recorder, &err), err);
    wait_until_waiting(f->store, 1);
    int64_t start_us = clock_monotonic_us();
    store_hurry(f->store);
    thread_join(recorder.thread);
    assert_int_equal(recorder.busy, 1);
    assert_in_range(clock_monotonic_us() - start_us, 0, 5000000);
    db_rollback(other);
    db_close(other);
    recorder = (struct recorder){ .store = f->store, .first = 1, .count = 1 };
    (void)record_samples(&recorder);
    assert_int_equal(recorder.recorded, 1); /* what is not locked goes on */
}

/* ---- the log ------------------------------------------------------------------------------ */

#define BIG_PAGES 250 /* of one write below; with 4 KB each */
#define PAGE_IN_LOG (4096 + 24)

/* A row of a megabyte, each time in the place of the former one. */
static bool write_big(struct db *db, void *context, struct error *err)
{
    (void)context;
    return db_execute(db,
                      "INSERT OR REPLACE INTO crl (ca_name, number, revocation_count, this_update,"
                      " next_update, der) VALUES ('big', 1, 0, 1, 2, zeroblob(1000000))",
                      err);
}

/* Five times as much as may wait for a moment without writers: there is one after each. */
static void writer__more_than_a_log__the_log_begins_anew(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct file_stamp log = { .size = 0 };
    struct store_writer *writer = NULL;
    struct db *db = fixture_open_db(f);
    char path[FILE_PATH_MAX + 8];

    assert_ok(db_make_durable(db, &err), err);
    writer = store_writer_start(db, &err);
    assert_ok(writer != NULL, err);
    for (int i = 0; i < 5 * STORE_WRITER_LOG_PAGES / BIG_PAGES; i++) {
        assert_ok(store_writer_run(writer, write_big, NULL, &err), err);
    }
    assert_true(text_format(path, sizeof path, "%s-wal", f->path));
    assert_ok(file_stamp(path, &log, &err), err);
    assert_in_range(log.size, 1, (STORE_WRITER_LOG_PAGES + 2 * BIG_PAGES) * (uint64_t)PAGE_IN_LOG);
    store_writer_stop(writer);
}

/* ---- readers ------------------------------------------------------------------------------ */

struct reader {
    struct store *store;
    pthread_t thread;
    uint32_t failures;
};

static void *read_samples(void *context)
{
    struct reader *r = context;

    for (uint32_t i = 0; i < 200; i++) {
        struct error err = ERROR_INIT;
        enum store_seen seen = STORE_SEEN_REVOKED;
        struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
        struct sample s;

        sample_init(&s, i % 100);
        bool ok = store_find_request(r->store, &s.key, 0, &seen, &der, &err);
        r->failures += !ok || seen == STORE_SEEN_REVOKED;
        buffer_clear(&der);
    }
    return NULL;
}

static void find__16_threads_on_4_connections_while_writing__all_answered(void **state)
{
    struct fixture *f = *state;
    struct reader readers[16];
    struct recorder recorder = { .store = f->store, .first = 0, .count = 100 };
    struct error err = ERROR_INIT;

    start_all(&recorder, 1);
    for (size_t i = 0; i < 16; i++) {
        readers[i] = (struct reader){ .store = f->store };
        assert_ok(thread_start(&readers[i].thread, "reader", read_samples, &readers[i], &err), err);
    }
    for (size_t i = 0; i < 16; i++) {
        thread_join(readers[i].thread);
        assert_int_equal(readers[i].failures, 0);
    }
    assert_int_equal(join_all(&recorder, 1).recorded, 100);
}

#define OPEN_TEST(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN_TEST(record__32_threads__all_there_fewer_commits),
        OPEN_TEST(record__waiting_writes__one_or_two_commits),
        OPEN_TEST(record__same_request_from_32_threads__one_recorded),
        OPEN_TEST(record__failures_in_a_shared_transaction__others_stay),
        OPEN_TEST(writer__write_fails_half_way__undone_and_reported),
        OPEN_TEST(close__writes_under_way__waits_for_them),
        OPEN_TEST(record__other_process_keeps_the_lock__busy_then_works),
        OPEN_TEST(two_handles__write_at_once__both_see_all),
        OPEN_TEST(record__disk_full__refused_and_nothing_lost),
        OPEN_TEST(hurry__other_process_keeps_the_lock__busy_at_once),
        OPEN_TEST(writer__more_than_a_log__the_log_begins_anew),
        OPEN_TEST(find__16_threads_on_4_connections_while_writing__all_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
