/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox: order, limits, what counts as the same, retries; ten thousand rows. */
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/provisional_fixture.h"

#define MAX 1000

static bool add_more(struct store *store, const char *transaction, const char *reason,
                     bool validated, int64_t now, int64_t max)
{
    const struct store_refusal why = { 0xa0040001u, reason, "why" };
    struct error err = ERROR_INIT;
    bool added = false;

    assert_ok(store_outbox_add(store, "devices", bytes_of_text(transaction), bytes_of("a\0b", 3),
                               validated, &why, now, max, &added, &err),
              err);
    return added;
}

static bool add(struct store *store, const char *transaction, const char *reason, int64_t now)
{
    return add_more(store, transaction, reason, true, now, MAX);
}

static void assert_due(struct store *store, int64_t now, const char *expected)
{
    char text[2000];

    (void)fixture_due(store, now, text, sizeof text);
    assert_string_equal(text, expected);
}

static void assert_counts(struct store *store, int64_t waiting, int64_t next_due)
{
    struct error err = ERROR_INIT;
    int64_t counted = -1;
    int64_t next = -1;

    assert_ok(store_outbox_counts(store, &counted, &next, &err), err);
    assert_int_equal(counted, waiting);
    assert_int_equal(next, next_due);
}

static bool check_row(void *context, const struct store_outbox_row *row, struct error *err)
{
    (void)err;
    *(size_t *)context += 1;
    assert_int_equal(row->id, 1);
    assert_string_equal(row->template_name, "devices");
    assert_string_equal(row->reason, "policy");
    assert_string_equal(row->detail, "why");
    assert_true(bytes_equal(row->transaction_id, bytes_of_text("t1")));
    assert_true(bytes_equal(row->ticket, bytes_of("a\0b", 3)));
    assert_true(row->hresult == 0xa0040001u);
    assert_int_equal(row->created_at, FIXTURE_NOW);
    assert_int_equal(row->attempts, 0);
    return true;
}

static void add__every_value__comes_back_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    size_t seen = 0;

    assert_true(add(f->store, "t1", "policy", FIXTURE_NOW));
    store_close(f->store);
    f->store = fixture_open(f);
    assert_ok(store_outbox_due(f->store, FIXTURE_NOW, 10, check_row, &seen, &err), err);
    assert_int_equal(seen, 1);
}

static void add__the_same_waits__not_again(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    bool added = true;
    const struct store_refusal why = { 1, "policy", "" };

    assert_true(add(f->store, "t1", "policy", FIXTURE_NOW));
    assert_false(add(f->store, "t1", "policy", FIXTURE_NOW + 1));
    assert_true(add(f->store, "t1", "ca", FIXTURE_NOW + 1));
    assert_true(add(f->store, "t2", "policy", FIXTURE_NOW + 1));
    assert_ok(store_outbox_add(f->store, "others", bytes_of_text("t1"), bytes_of_text("x"), true,
                               &why, FIXTURE_NOW, MAX, &added, &err),
              err);
    assert_true(added);
    assert_counts(f->store, 4, FIXTURE_NOW);
    /* Told: the next refusal of this transaction is news. */
    assert_ok(store_outbox_remove(f->store, 1, &err), err);
    assert_true(add(f->store, "t1", "policy", FIXTURE_NOW + 9));
}

static void add__full__each_kind_has_its_own_limit(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;

    assert_true(add_more(f->store, "t1", "r", true, FIXTURE_NOW, 2));
    assert_true(add_more(f->store, "t2", "r", true, FIXTURE_NOW, 2));
    assert_false(add_more(f->store, "t3", "r", true, FIXTURE_NOW, 2));
    assert_true(add_more(f->store, "t3", "r", false, FIXTURE_NOW, 1));
    assert_false(add_more(f->store, "t4", "r", false, FIXTURE_NOW, 1));
    assert_false(add_more(f->store, "t5", "r", true, FIXTURE_NOW, 0));
    assert_ok(store_outbox_remove(f->store, 1, &err), err);
    assert_true(add_more(f->store, "t4", "r", true, FIXTURE_NOW, 2));
    assert_counts(f->store, 3, FIXTURE_NOW);
}

static void add__armed_ones__take_no_room(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    assert_true(add_more(f->store, "txn-1", "intune-interrupted", true, FIXTURE_NOW, 1));
    assert_counts(f->store, 1, FIXTURE_NOW);
    /* A withheld certificate is always told of, also when there are many. */
    fixture_withhold(f->store, id, "no");
    assert_counts(f->store, 2, FIXTURE_NOW);
}

static bool count_row(void *context, const struct store_outbox_row *row, struct error *err)
{
    (void)row;
    (void)err;
    *(size_t *)context += 1;
    return true;
}

/* Put off while the clock was ten years ahead. */
static void due__clock_was_ahead__now_and_not_in_ten_years(void **state)
{
    const int64_t ahead = FIXTURE_NOW + INT64_C(3650) * 86400;
    struct fixture *f = *state;
    struct error err = ERROR_INIT;

    assert_true(add(f->store, "t1", "a", ahead));
    assert_due(f->store, ahead, "a:why:t1:0 ");
    assert_due(f->store, FIXTURE_NOW, "a:why:t1:0 ");
    assert_ok(store_outbox_retry(f->store, 1, ahead + 60, &err), err);
    assert_due(f->store, ahead, "");
    assert_due(f->store, FIXTURE_NOW, "a:why:t1:1 ");
    assert_ok(store_outbox_retry(f->store, 1, FIXTURE_NOW + 1800, &err), err);
    assert_due(f->store, FIXTURE_NOW, "");
    assert_due(f->store, FIXTURE_NOW + 1800, "a:why:t1:2 ");
}

static void due__oldest_first_and_no_more_than_asked(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    size_t seen = 0;

    assert_true(add(f->store, "t1", "a", FIXTURE_NOW + 5));
    assert_true(add(f->store, "t2", "a", FIXTURE_NOW));
    assert_true(add(f->store, "t3", "a", FIXTURE_NOW + 20));
    assert_due(f->store, FIXTURE_NOW - 1, "");
    assert_due(f->store, FIXTURE_NOW, "a:why:t2:0 ");
    assert_due(f->store, FIXTURE_NOW + 5, "a:why:t1:0 a:why:t2:0 ");
    assert_ok(store_outbox_due(f->store, FIXTURE_NOW + 20, 2, count_row, &seen, &err), err);
    assert_int_equal(seen, 2);
}

static void retry__later_and_counted(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;

    assert_true(add(f->store, "t1", "a", FIXTURE_NOW));
    assert_true(add(f->store, "t2", "a", FIXTURE_NOW));
    assert_ok(store_outbox_retry(f->store, 1, FIXTURE_NOW + 60, &err), err);
    assert_due(f->store, FIXTURE_NOW + 59, "a:why:t2:0 ");
    assert_due(f->store, FIXTURE_NOW + 60, "a:why:t1:1 a:why:t2:0 ");
    assert_ok(store_outbox_retry(f->store, 2, FIXTURE_NOW + 90, &err), err);
    assert_counts(f->store, 2, FIXTURE_NOW + 60);
    assert_ok(store_outbox_remove(f->store, 1, &err), err);
    assert_ok(store_outbox_remove(f->store, 1, &err), err); /* gone already */
    assert_ok(store_outbox_retry(f->store, 1, FIXTURE_NOW, &err), err);
    assert_counts(f->store, 1, FIXTURE_NOW + 90);
}

static void retry__armed__stays_armed(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, 1);
    fixture_provisional(f->store, &s);
    assert_ok(store_outbox_retry(f->store, 1, FIXTURE_NOW, &err), err);
    assert_counts(f->store, 0, 0);
}

static void remove__newest__its_id_does_not_come_again(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;

    assert_true(add(f->store, "t1", "a", FIXTURE_NOW));
    assert_ok(store_outbox_remove(f->store, 1, &err), err);
    assert_true(add(f->store, "t2", "a", FIXTURE_NOW));
    /* Whoever was still delivering the first one takes nothing else away. */
    assert_ok(store_outbox_remove(f->store, 1, &err), err);
    assert_counts(f->store, 1, FIXTURE_NOW);
}

/* ---- ten thousand --------------------------------------------------------------------------- */

static void full__each_verb_in_a_moment(void **state)
{
    struct fixture *f = *state;
    struct db *db = fixture_open_db(f);
    struct error err = ERROR_INIT;
    char text[64];

    assert_ok(db_execute(db,
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                         " WHERE i < 9999)"
                         " INSERT INTO notification (template, transaction_id, ticket, validated,"
                         " hresult, reason, detail, created_at, due_at) SELECT 'devices',"
                         " randomblob(20), zeroblob(9000), 1, 1, 'r', '', 1700000000,"
                         " 1700000000 + i FROM n",
                         &err),
              err);
    db_close(db);
    int64_t begun = clock_monotonic_us();
    assert_true(add_more(f->store, "t", "a", true, FIXTURE_NOW, 10000));
    assert_false(add_more(f->store, "u", "a", true, FIXTURE_NOW, 10000));
    assert_int_equal(fixture_due(f->store, INT64_MAX, text, sizeof text), 100);
    assert_counts(f->store, 10000, FIXTURE_NOW);
    assert_ok(store_outbox_retry(f->store, 5000, FIXTURE_NOW + 1, &err), err);
    assert_ok(store_outbox_remove(f->store, 5000, &err), err);
    int64_t ms = (clock_monotonic_us() - begun) / 1000;
    print_message("    six verbs with 10000 rows of 9 KB: %lld ms\n", (long long)ms);
    /* Reading the rows themselves would be 90 MB. */
    assert_in_range(ms, 0, 1500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(add__every_value__comes_back_after_a_restart),
        TEST(add__the_same_waits__not_again),
        TEST(add__full__each_kind_has_its_own_limit),
        TEST(add__armed_ones__take_no_room),
        TEST(due__clock_was_ahead__now_and_not_in_ten_years),
        TEST(due__oldest_first_and_no_more_than_asked),
        TEST(retry__later_and_counted),
        TEST(retry__armed__stays_armed),
        TEST(remove__newest__its_id_does_not_come_again),
        TEST(full__each_verb_in_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
