/* SPDX-License-Identifier: Apache-2.0 */
/* What monitoring asks of the database. */
#include "base/text.h"
#include "platform/clock.h"
#include "store/provisional_fixture.h"

static struct store_gauges read_gauges(struct store *store)
{
    struct store_gauges gauges = { .certificates = -1 };
    struct error err = ERROR_INIT;

    assert_ok(store_read_gauges(store, &gauges, &err), err);
    return gauges;
}

static void gauges__follow_what_is_recorded(void **state)
{
    struct fixture *f = *state;
    const struct store_refusal why = { 1, "policy", "why" };
    struct error err = ERROR_INIT;
    struct sample samples[4];
    struct store_gauges gauges = read_gauges(f->store);
    int64_t id = 0;
    bool added = false;

    assert_int_equal(gauges.certificates, 0);
    assert_int_equal(gauges.oldest_notification_at, 0);
    for (uint32_t i = 0; i < 3; i++) {
        sample_init(&samples[i], i);
        assert_int_equal(fixture_record(f->store, &samples[i], 0), STORE_RECORDED);
    }
    fixture_revoke(f->store, &samples[1]);
    sample_init(&samples[3], 3);
    assert_ok(store_provisional_record(f->store, &samples[3].cert, bytes_of_text("ticket"), &why,
                                       &id, &err),
              err);
    for (int64_t at = 500; at >= 100; at -= 200) {
        char transaction[32];

        assert_true(text_format(transaction, sizeof transaction, "t%lld", (long long)at));
        assert_ok(store_outbox_add(f->store, "devices", bytes_of_text(transaction),
                                   bytes_of_text("t"), true, &why, at, 10, &added, &err),
                  err);
    }
    gauges = read_gauges(f->store);
    assert_int_equal(gauges.certificates, 4);
    assert_int_equal(gauges.revoked, 1);
    assert_int_equal(gauges.provisional, 1);
    assert_int_equal(gauges.notifications, 3); /* without the armed one */
    assert_int_equal(gauges.oldest_notification_at, 100);
}

static void probe__writes_one_row_and_is_counted(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store_stats stats;

    store_get_stats(f->store, &stats);
    assert_int_equal(stats.last_end_us, 0);
    assert_ok(store_probe(f->store, 17, &err), err);
    assert_ok(store_probe(f->store, 18, &err), err);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM meta WHERE name = 'probe'"), 1);
    assert_int_equal(fixture_query(f, "SELECT value FROM meta WHERE name = 'probe'"), 18);
    store_get_stats(f->store, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.commit_times.count, 2);
    assert_int_equal(stats.last_failure, REASON_NONE);
    assert_int_equal(stats.busy_since_us, 0);
    assert_true(stats.last_end_us > 0);
}

/* The probe tells what a request would meet, and afterwards that it is over. */
static void probe__while_another_has_the_lock__fails_like_a_request(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    struct store_stats stats;
    struct db *other = fixture_open_db(f);

    options.busy_ms = 100;
    store_close(f->store);
    f->store = store_open(&options, &err);
    assert_ok(f->store != NULL, err);
    assert_ok(db_begin(other, &err), err);
    assert_false(store_probe(f->store, 1, &err));
    assert_reason(err, STORE_BUSY);
    store_get_stats(f->store, &stats);
    assert_int_equal(stats.last_failure, REASON_STORE_BUSY);
    assert_int_equal(stats.failed_commits, 1);
    assert_int_equal(stats.commit_times.count, 0);
    db_rollback(other);
    db_close(other);
    error_clear(&err);
    assert_ok(store_probe(f->store, 2, &err), err);
    store_get_stats(f->store, &stats);
    assert_int_equal(stats.last_failure, REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gauges__follow_what_is_recorded, fixture_set_up_open,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(probe__writes_one_row_and_is_counted, fixture_set_up_open,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(probe__while_another_has_the_lock__fails_like_a_request,
                                        fixture_set_up_open, fixture_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
