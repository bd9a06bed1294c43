/* SPDX-License-Identifier: Apache-2.0 */
/* Provisional certificates: nobody's answer until confirmed, in the CRL when withheld. */
#include <string.h>

#include "base/text.h"
#include "platform/threads.h"
#include "store/provisional_fixture.h"

#define certificates(f) fixture_query((f), "SELECT count(*) FROM certificate")
#define notifications(f) fixture_query((f), "SELECT count(*) FROM notification")

static bool count_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)row;
    (void)err;
    *(size_t *)context += 1;
    return true;
}

static size_t list_count(struct store *store, bool valid, bool revoked)
{
    struct store_list_filter filter = { .only_valid = valid,
                                        .only_revoked = revoked,
                                        .now = FIXTURE_NOW };
    struct error err = ERROR_INIT;
    size_t count = 0;

    assert_ok(store_list_certificates(store, &filter, count_row, &count, &err), err);
    return count;
}

static void assert_outbox(struct store *store, int64_t now, const char *expected)
{
    char text[2000];

    (void)fixture_due(store, now, text, sizeof text);
    assert_string_equal(text, expected);
}

/* ---- recorded ------------------------------------------------------------------------------- */

static void record__provisional__durable_and_nobodys_answer(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    int64_t waiting = -1;
    int64_t next = -1;
    struct sample s;

    sample_init(&s, 1);
    fixture_provisional(f->store, &s);
    store_close(f->store);
    f->store = fixture_open(f);
    assert_int_equal(certificates(f), 1);
    assert_int_equal(fixture_state(f->store, &s).withheld, STORE_PROVISIONAL);
    assert_int_equal(fixture_find(f->store, &s), STORE_SEEN_NEVER);
    assert_int_equal(list_count(f->store, true, false), 0);
    assert_int_equal(list_count(f->store, false, true), 0);
    assert_int_equal(list_count(f->store, false, false), 1);
    assert_int_equal(fixture_crl_rows(f->store), 0);
    assert_int_equal(fixture_revocations(f->store), 0);
    assert_int_equal(notifications(f), 1);
    assert_outbox(f->store, INT64_MAX, "");
    assert_ok(store_outbox_counts(f->store, &waiting, &next, &err), err);
    assert_int_equal(waiting, 0);
    assert_int_equal(next, 0);
}

static void record__no_ticket__no_notification(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    int64_t id = 0;
    struct sample s;

    sample_init(&s, 1);
    assert_ok(store_provisional_record(f->store, &s.cert, bytes_of(NULL, 0), &fixture_interrupted,
                                       &id, &err),
              err);
    assert_int_equal(notifications(f), 0);
    fixture_withhold(f->store, id, "no");
    assert_int_equal(notifications(f), 0);
    assert_int_equal(fixture_state(f->store, &s).withheld, STORE_WITHHELD);
}

static void record__serial_taken__duplicate_and_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    int64_t id = 0;
    struct sample s;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_REPEAT), STORE_RECORDED);
    assert_false(store_provisional_record(f->store, &s.cert, bytes_of_text("ticket"),
                                          &fixture_interrupted, &id, &err));
    assert_reason(err, STORE_DUPLICATE);
    assert_int_equal(certificates(f), 1);
    assert_int_equal(notifications(f), 0);
}

/* ---- confirmed ------------------------------------------------------------------------------ */

static void confirm__provisional__in_use(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    assert_int_equal(fixture_confirm(f->store, id, &s), STORE_RECORDED);
    assert_int_equal(fixture_state(f->store, &s).withheld, STORE_IN_USE);
    assert_int_equal(fixture_find(f->store, &s), STORE_SEEN_ISSUED);
    assert_int_equal(list_count(f->store, true, false), 1);
    assert_int_equal(fixture_crl_rows(f->store), 0);
    assert_int_equal(notifications(f), 0);
}

static void confirm__settled_already__not_found(void **state)
{
    struct fixture *f = *state;
    const struct store_refusal why = { 1, "x", "y" };
    enum store_record_result result;
    struct error err = ERROR_INIT;
    struct sample s, other;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    fixture_confirm(f->store, id, &s);
    assert_false(store_provisional_confirm(f->store, id, &s.key, FIXTURE_NOW, 0, &result, &err));
    assert_reason(err, CERT_NOT_FOUND);
    error_clear(&err);
    /* What is in use is never withheld. */
    assert_false(store_provisional_withhold(f->store, id, FIXTURE_NOW, &why, &err));
    assert_reason(err, CERT_NOT_FOUND);
    assert_int_equal(fixture_state(f->store, &s).revoked_at, 0);

    sample_init(&other, 2);
    id = fixture_provisional(f->store, &other);
    fixture_withhold(f->store, id, "no");
    error_clear(&err);
    assert_false(
        store_provisional_confirm(f->store, id, &other.key, FIXTURE_NOW, 0, &result, &err));
    assert_reason(err, CERT_NOT_FOUND);
    assert_int_equal(fixture_state(f->store, &other).withheld, STORE_WITHHELD);
    error_clear(&err);
    assert_false(store_provisional_confirm(f->store, 99, &s.key, FIXTURE_NOW, 0, &result, &err));
    assert_reason(err, CERT_NOT_FOUND);
    error_clear(&err);
    assert_false(store_provisional_withhold(f->store, 99, FIXTURE_NOW, &why, &err));
    assert_reason(err, CERT_NOT_FOUND);
}

static void confirm__another_was_faster__superseded_without_notification(void **state)
{
    struct fixture *f = *state;
    struct sample slow, fast;

    fixture_answer(&slow, 1, 7);
    fixture_answer(&fast, 2, 7);
    int64_t slow_id = fixture_provisional(f->store, &slow);
    int64_t fast_id = fixture_provisional(f->store, &fast);
    assert_int_equal(fixture_confirm(f->store, fast_id, &fast), STORE_RECORDED);
    assert_int_equal(fixture_confirm(f->store, slow_id, &slow), STORE_REPEATED);

    struct row_state row = fixture_state(f->store, &slow);
    assert_int_equal(row.withheld, STORE_WITHHELD);
    assert_int_equal(row.reason, 4);
    assert_int_equal(row.revoked_at, FIXTURE_NOW + 2);
    assert_string_equal(row.by, "openndes");
    assert_int_equal(notifications(f), 0);
    assert_int_equal(fixture_crl_rows(f->store), 1);
    assert_int_equal(fixture_revocations(f->store), 1);
    /* The winner stays everybody's answer: a withheld one is not held against the request. */
    assert_int_equal(fixture_find(f->store, &fast), STORE_SEEN_ISSUED);
}

static void confirm__repeats_off_or_too_old__both_count(void **state)
{
    struct fixture *f = *state;
    enum store_record_result result;
    struct error err = ERROR_INIT;
    struct sample s[3];
    int64_t id[3];

    for (uint32_t i = 0; i < 3; i++) {
        fixture_answer(&s[i], i + 1, 7);
        id[i] = fixture_provisional(f->store, &s[i]);
    }
    assert_int_equal(fixture_confirm(f->store, id[0], &s[0]), STORE_RECORDED);
    assert_ok(
        store_provisional_confirm(f->store, id[1], &s[1].key, FIXTURE_NOW + 2, 0, &result, &err),
        err);
    assert_int_equal(result, STORE_RECORDED);
    assert_ok(store_provisional_confirm(f->store, id[2], &s[2].key, FIXTURE_NOW + 600, 600, &result,
                                        &err),
              err);
    assert_int_equal(result, STORE_RECORDED);
}

static void confirm__same_csr_revoked_meanwhile__withheld_and_told_why(void **state)
{
    struct fixture *f = *state;
    struct sample old, fresh;

    fixture_answer(&old, 1, 7);
    fixture_answer(&fresh, 2, 7);
    assert_int_equal(fixture_record(f->store, &old, 0), STORE_RECORDED);
    int64_t id = fixture_provisional(f->store, &fresh);
    fixture_revoke(f->store, &old);
    assert_int_equal(fixture_confirm(f->store, id, &fresh), STORE_WAS_REVOKED);
    assert_int_equal(fixture_state(f->store, &fresh).withheld, STORE_WITHHELD);
    assert_int_equal(fixture_crl_rows(f->store), 2);
    assert_outbox(f->store, INT64_MAX, "");
    fixture_withhold(f->store, id, "revoked");
    assert_outbox(f->store, FIXTURE_NOW + 5, "intune-not-confirmed:revoked:txn-7:0 ");
    assert_int_equal(fixture_revocations(f->store), 2);
}

static void confirm__itself_revoked_meanwhile__counts_as_a_revocation(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    fixture_revoke(f->store, &s);
    assert_int_equal(fixture_confirm(f->store, id, &s), STORE_WAS_REVOKED);
    struct row_state row = fixture_state(f->store, &s);
    assert_int_equal(row.withheld, STORE_IN_USE);
    assert_int_equal(row.reason, 1);
    assert_string_equal(row.by, "administrator");
    assert_int_equal(fixture_find(f->store, &s), STORE_SEEN_REVOKED);
    fixture_withhold(f->store, id, "revoked");
    assert_outbox(f->store, FIXTURE_NOW + 5, "intune-not-confirmed:revoked:txn-1:0 ");
    assert_int_equal(fixture_revocations(f->store), 1);
}

/* ---- withheld ------------------------------------------------------------------------------- */

static void withhold__provisional__in_the_crl_and_not_held_against_the_request(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s, again;

    fixture_answer(&s, 1, 7);
    fixture_answer(&again, 2, 7);
    int64_t id = fixture_provisional(f->store, &s);
    fixture_withhold(f->store, id, "no answer");
    struct row_state row = fixture_state(f->store, &s);
    assert_int_equal(row.withheld, STORE_WITHHELD);
    assert_int_equal(row.revoked_at, FIXTURE_NOW + 5);
    assert_int_equal(row.reason, 5);
    assert_string_equal(row.by, "openndes");
    assert_int_equal(list_count(f->store, true, false), 0);
    assert_int_equal(list_count(f->store, false, true), 1);
    assert_int_equal(fixture_crl_rows(f->store), 1);
    assert_int_equal(fixture_revocations(f->store), 1);
    assert_outbox(f->store, FIXTURE_NOW + 4, "");
    assert_outbox(f->store, FIXTURE_NOW + 5, "intune-not-confirmed:no answer:txn-7:0 ");

    assert_int_equal(fixture_find(f->store, &again), STORE_SEEN_NEVER);
    id = fixture_provisional(f->store, &again);
    assert_int_equal(fixture_confirm(f->store, id, &again), STORE_RECORDED);
    assert_int_equal(fixture_find(f->store, &again), STORE_SEEN_ISSUED);
    assert_ok(store_check(f->store, &err), err);
}

/* The device has come again, and its transaction has a certificate: a failure would be untrue. */
static void withhold__the_same_request_has_its_certificate__nothing_is_told(void **state)
{
    struct fixture *f = *state;
    struct sample slow, fast, other;

    fixture_answer(&slow, 1, 7);
    fixture_answer(&fast, 2, 7);
    sample_init(&other, 3);
    int64_t slow_id = fixture_provisional(f->store, &slow);
    int64_t other_id = fixture_provisional(f->store, &other);
    fixture_confirm(f->store, fixture_provisional(f->store, &fast), &fast);
    fixture_withhold(f->store, slow_id, "no answer");
    fixture_withhold(f->store, other_id, "no answer");
    assert_int_equal(fixture_state(f->store, &slow).withheld, STORE_WITHHELD);
    assert_outbox(f->store, INT64_MAX, "intune-not-confirmed:no answer:txn-3:0 ");
}

static void confirm__failures_of_earlier_attempts_wait__go(void **state)
{
    struct fixture *f = *state;
    const struct store_refusal policy = { 1, "policy-denied", "x" };
    struct error err = ERROR_INIT;
    struct sample first, second, other;
    bool added = false;

    fixture_answer(&first, 1, 7);
    fixture_answer(&second, 2, 7);
    sample_init(&other, 3);
    assert_ok(store_outbox_add(f->store, "devices", first.key.transaction_id, bytes_of_text("t"),
                               false, &policy, FIXTURE_NOW, 10, &added, &err),
              err);
    assert_ok(store_outbox_add(f->store, "others", first.key.transaction_id, bytes_of_text("t"),
                               false, &policy, FIXTURE_NOW, 10, &added, &err),
              err);
    fixture_withhold(f->store, fixture_provisional(f->store, &first), "no answer");
    fixture_withhold(f->store, fixture_provisional(f->store, &other), "no answer");
    assert_int_equal(notifications(f), 4);
    fixture_confirm(f->store, fixture_provisional(f->store, &second), &second);
    assert_outbox(f->store, INT64_MAX,
                  "intune-not-confirmed:no answer:txn-3:0 policy-denied:x:txn-7:0 ");
}

/* A device that comes again and again during an outage fills nothing. */
static void withhold__the_same_is_waiting__not_twice(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    for (uint32_t i = 1; i <= 5; i++) {
        fixture_answer(&s, i, 7);
        fixture_withhold(f->store, fixture_provisional(f->store, &s), i == 1 ? "first" : "later");
    }
    assert_outbox(f->store, INT64_MAX, "intune-not-confirmed:first:txn-7:0 ");
    assert_int_equal(notifications(f), 1);
    assert_int_equal(fixture_crl_rows(f->store), 5);
}

static void withhold__outbox_full__withheld_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct db *db = fixture_open_db(f);
    struct error err = ERROR_INIT;
    struct sample s;

    assert_ok(db_execute(db,
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                         " WHERE i < 10000)"
                         " INSERT INTO notification (template, transaction_id, ticket, validated,"
                         " hresult, reason, detail, created_at, due_at)"
                         " SELECT 'devices', randomblob(8), x'30', 1, 1, 'r', '', 1, 1 FROM n",
                         &err),
              err);
    db_close(db);
    sample_init(&s, 1);
    fixture_withhold(f->store, fixture_provisional(f->store, &s), "no answer");
    assert_int_equal(notifications(f), 10000);
    assert_int_equal(fixture_state(f->store, &s).withheld, STORE_WITHHELD);
}

static void withhold__twice__the_first_one_counts(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    fixture_withhold(f->store, id, "first");
    fixture_withhold(f->store, id, "second");
    assert_outbox(f->store, INT64_MAX, "intune-not-confirmed:first:txn-1:0 ");
    assert_int_equal(fixture_revocations(f->store), 1);
}

static void withhold__nothing_to_tell__notification_goes(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, 1);
    int64_t id = fixture_provisional(f->store, &s);
    assert_ok(store_provisional_withhold(f->store, id, FIXTURE_NOW, NULL, &err), err);
    assert_int_equal(notifications(f), 0);
    assert_int_equal(fixture_state(f->store, &s).withheld, STORE_WITHHELD);
}

/* ---- many at the same time ------------------------------------------------------------------ */

#define THREADS 12u
#define ROUNDS 20u

struct racer {
    struct store *store;
    uint32_t number;
    enum store_record_result results[ROUNDS];
};

/* All ask with the same request in every round; a quarter of them hears no from the validator. */
static void *race(void *context)
{
    struct racer *r = context;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct sample s;

        fixture_answer(&s, 1000 * round + r->number, 500000 + round);
        int64_t id = fixture_provisional(r->store, &s);
        if (r->number % 4 == 3) {
            fixture_withhold(r->store, id, "no");
            r->results[round] = STORE_WAS_REVOKED;
        } else {
            r->results[round] = fixture_confirm(r->store, id, &s);
        }
    }
    return NULL;
}

static void confirm__many_threads_with_the_same_request__one_wins(void **state)
{
    struct fixture *f = *state;
    struct racer racers[THREADS];
    pthread_t threads[THREADS];
    struct error err = ERROR_INIT;

    for (uint32_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .store = f->store, .number = i };
        assert_ok(thread_start(&threads[i], "racer", race, &racers[i], &err), err);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        unsigned winners = 0;
        unsigned repeated = 0;

        for (uint32_t i = 0; i < THREADS; i++) {
            winners += racers[i].results[round] == STORE_RECORDED ? 1 : 0;
            repeated += racers[i].results[round] == STORE_REPEATED ? 1 : 0;
        }
        assert_int_equal(winners, 1);
        assert_int_equal(repeated, THREADS - THREADS / 4 - 1);
    }
    assert_int_equal(list_count(f->store, true, false), ROUNDS);
    assert_int_equal(fixture_crl_rows(f->store), ROUNDS * (THREADS - 1));
    assert_int_equal(fixture_revocations(f->store), ROUNDS * (THREADS - 1));
    assert_int_equal(notifications(f), 0); /* each request got its certificate: none has failed */
    assert_int_equal(
        fixture_query(f, "SELECT count(*) FROM certificate WHERE revocation_reason = 4"),
        ROUNDS * (THREADS - THREADS / 4 - 1));
}

/* ---- after a crash -------------------------------------------------------------------------- */

struct orphans {
    size_t count;
    char last[SERIAL_TEXT_MAX];
    char where[200];
};

static bool take_orphan(void *context, const char *ca_name, const char *serial,
                        const char *template_name, const char *request_id, struct error *err)
{
    struct orphans *o = context;

    (void)err;
    o->count++;
    return text_copy(o->last, sizeof o->last, serial)
           && text_format(o->where, sizeof o->where, "%s %s %s", ca_name, template_name,
                          request_id);
}

static void recover__left_provisional__withheld_and_due(void **state)
{
    struct fixture *f = *state;
    struct orphans o = { 0 };
    struct error err = ERROR_INIT;
    struct sample left, confirmed, again;
    int64_t count = -1;

    fixture_answer(&left, 1, 7);
    sample_init(&confirmed, 2);
    fixture_provisional(f->store, &left);
    fixture_confirm(f->store, fixture_provisional(f->store, &confirmed), &confirmed);
    store_close(f->store);
    f->store = fixture_open(f);
    assert_ok(store_provisional_recover(f->store, FIXTURE_NOW + 900, INT64_MAX, take_orphan, &o,
                                        &count, &err),
              err);
    assert_int_equal(count, 1);
    assert_int_equal(o.count, 1);
    assert_string_equal(o.last, left.info.serial);
    assert_string_equal(o.where, "issuing devices r-1");
    assert_int_equal(fixture_state(f->store, &left).withheld, STORE_WITHHELD);
    assert_int_equal(fixture_state(f->store, &left).reason, 5);
    assert_int_equal(fixture_state(f->store, &confirmed).withheld, STORE_IN_USE);
    assert_outbox(f->store, FIXTURE_NOW + 900,
                  "intune-interrupted:the service was cut off:txn-7:0 ");
    assert_int_equal(fixture_query(f, "SELECT created_at FROM notification"), FIXTURE_NOW + 900);

    assert_ok(store_provisional_recover(f->store, FIXTURE_NOW + 901, INT64_MAX, take_orphan, &o,
                                        &count, &err),
              err);
    assert_int_equal(count, 0);
    assert_int_equal(fixture_revocations(f->store), 1);

    fixture_answer(&again, 3, 7);
    assert_int_equal(fixture_find(f->store, &again), STORE_SEEN_NEVER);
    assert_int_equal(fixture_confirm(f->store, fixture_provisional(f->store, &again), &again),
                     STORE_RECORDED);
}

/* While requests are answered: only what no decision can still be about. */
static void recover__while_serving__the_old_ones_only(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample old, young, revoked;
    int64_t count = -1;

    sample_init(&old, 1);
    sample_init(&young, 2);
    sample_init(&revoked, 3);
    young.cert.issued_at = FIXTURE_NOW + 3600;
    revoked.cert.issued_at = FIXTURE_NOW + 3600;
    fixture_provisional(f->store, &old);
    int64_t id = fixture_provisional(f->store, &young);
    fixture_provisional(f->store, &revoked);
    fixture_revoke(f->store, &revoked);
    assert_ok(store_provisional_recover(f->store, FIXTURE_NOW + 3601, FIXTURE_NOW + 1, NULL, NULL,
                                        &count, &err),
              err);
    assert_int_equal(count, 1);
    assert_int_equal(fixture_state(f->store, &old).withheld, STORE_WITHHELD);
    assert_int_equal(fixture_state(f->store, &young).withheld, STORE_PROVISIONAL);
    assert_outbox(f->store, INT64_MAX, "intune-interrupted:the service was cut off:txn-1:0 ");
    assert_int_equal(fixture_confirm(f->store, id, &young), STORE_RECORDED);
}

static void recover__the_same_request_has_its_certificate__nothing_is_told(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample left, again;
    int64_t count = -1;

    fixture_answer(&left, 1, 7);
    fixture_answer(&again, 2, 7);
    fixture_provisional(f->store, &left);
    fixture_confirm(f->store, fixture_provisional(f->store, &again), &again);
    assert_ok(
        store_provisional_recover(f->store, FIXTURE_NOW + 900, INT64_MAX, NULL, NULL, &count, &err),
        err);
    assert_int_equal(count, 1);
    assert_int_equal(notifications(f), 0);
}

static void recover__armed_but_revoked_by_somebody__due_too(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;
    int64_t count = -1;

    sample_init(&s, 1);
    fixture_provisional(f->store, &s);
    fixture_revoke(f->store, &s);
    assert_ok(
        store_provisional_recover(f->store, FIXTURE_NOW + 900, INT64_MAX, NULL, NULL, &count, &err),
        err);
    assert_int_equal(count, 0);
    assert_outbox(f->store, FIXTURE_NOW + 900,
                  "intune-interrupted:the service was cut off:txn-1:0 ");
    assert_string_equal(fixture_state(f->store, &s).by, "administrator");
}

static void recover__more_than_one_commit_takes__all(void **state)
{
    struct fixture *f = *state;
    struct db *db = fixture_open_db(f);
    struct orphans o = { 0 };
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(
        db_execute(db,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                   " WHERE i < 2500)"
                   " INSERT INTO certificate (ca_name, serial, template, subject, issuer,"
                   " not_before, not_after, cert_sha256, key_sha256, issued_at, peer,"
                   " request_id, challenge_type, transaction_id, signer_key_sha256,"
                   " csr_sha256, der, withheld) SELECT 'issuing', printf('%08x', i),"
                   " 'devices', 'CN=x', 'CN=ca', 1700000000, 1800000000, x'', x'',"
                   " 1700000000, '', 'r', 'intune', x'', x'', randomblob(32), x'30', 1 FROM n",
                   &err),
        err);
    db_close(db);
    assert_ok(
        store_provisional_recover(f->store, FIXTURE_NOW, INT64_MAX, take_orphan, &o, &count, &err),
        err);
    assert_int_equal(count, 2500);
    assert_int_equal(o.count, 2500);
    assert_int_equal(fixture_crl_rows(f->store), 2500);
    assert_int_equal(fixture_revocations(f->store), 2500);
}

static void recover__read_only__refused(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    int64_t count = -1;

    options.read_only = true;
    struct store *store = store_open(&options, &err);
    assert_ok(store != NULL, err);
    assert_false(
        store_provisional_recover(store, FIXTURE_NOW, INT64_MAX, NULL, NULL, &count, &err));
    assert_reason(err, STORE_READ_ONLY);
    store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(record__provisional__durable_and_nobodys_answer),
        TEST(record__no_ticket__no_notification),
        TEST(record__serial_taken__duplicate_and_nothing_is_left),
        TEST(confirm__provisional__in_use),
        TEST(confirm__settled_already__not_found),
        TEST(confirm__another_was_faster__superseded_without_notification),
        TEST(confirm__repeats_off_or_too_old__both_count),
        TEST(confirm__same_csr_revoked_meanwhile__withheld_and_told_why),
        TEST(confirm__itself_revoked_meanwhile__counts_as_a_revocation),
        TEST(withhold__provisional__in_the_crl_and_not_held_against_the_request),
        TEST(withhold__the_same_request_has_its_certificate__nothing_is_told),
        TEST(confirm__failures_of_earlier_attempts_wait__go),
        TEST(withhold__the_same_is_waiting__not_twice),
        TEST(withhold__outbox_full__withheld_all_the_same),
        TEST(withhold__twice__the_first_one_counts),
        TEST(withhold__nothing_to_tell__notification_goes),
        TEST(confirm__many_threads_with_the_same_request__one_wins),
        TEST(recover__left_provisional__withheld_and_due),
        TEST(recover__while_serving__the_old_ones_only),
        TEST(recover__the_same_request_has_its_certificate__nothing_is_told),
        TEST(recover__armed_but_revoked_by_somebody__due_too),
        TEST(recover__more_than_one_commit_takes__all),
        TEST(recover__read_only__refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
