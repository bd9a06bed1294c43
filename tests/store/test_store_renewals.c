/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificate one renews, and how many one may be renewed to. */
#include <pthread.h>
#include <string.h>

#include "store/provisional_fixture.h"

#define THREADS 4u

static const uint8_t old_one[DIGEST_SHA256_BYTES] = { 1 };
static const uint8_t another[DIGEST_SHA256_BYTES] = { 2 };

static void renewal(struct sample *s, uint32_t number, const uint8_t *renews, int64_t max)
{
    sample_init(s, number);
    s->cert.renews = renews;
    s->cert.renews_max = max;
}

static int64_t count(struct store *store, const uint8_t *renews, int64_t now)
{
    struct error err = ERROR_INIT;
    int64_t found = -1;

    assert_ok(store_count_renewals(store, renews, now, &found, &err), err);
    return found;
}

static void record(struct fixture *f, uint32_t number, const uint8_t *renews, int64_t max)
{
    struct sample s;

    renewal(&s, number, renews, max);
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_RECORDED);
}

static void refused(struct fixture *f, uint32_t number, const uint8_t *renews, int64_t max)
{
    int64_t rows = fixture_query(f, "SELECT count(*) FROM certificate");
    enum store_record_result result = STORE_RECORDED;
    struct error err = ERROR_INIT;
    struct sample s;

    renewal(&s, number, renews, max);
    assert_refused(store_record_certificate(f->store, &s.cert, 0, &result, &err), &err,
                   REASON_RENEWAL_USED_UP, "");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate"), rows);
}

static bool look(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct buffer *renews = context;

    return buffer_append_bytes(renews, row->renews, err);
}

static void show(struct fixture *f, uint32_t number, struct buffer *renews)
{
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, number);
    buffer_reset(renews);
    assert_ok(store_show_certificate(f->store, s.key.ca_name, s.info.serial, look, renews, &err),
              err);
}

static void record__renewal__tells_of_which(void **state)
{
    struct fixture *f = *state;
    struct buffer renews = BUFFER_INIT(64);

    record(f, 1, old_one, 1);
    record(f, 2, NULL, 0);
    show(f, 1, &renews);
    assert_true(bytes_equal(buffer_bytes(&renews), bytes_of(old_one, sizeof(old_one))));
    show(f, 2, &renews);
    assert_int_equal(renews.len, 0);
    buffer_clear(&renews);
}

static void limit__reached__refused_for_this_certificate_only(void **state)
{
    struct fixture *f = *state;

    record(f, 1, old_one, 2);
    record(f, 2, old_one, 2);
    refused(f, 3, old_one, 2);
    record(f, 4, another, 1);
    refused(f, 5, another, 1);
    record(f, 6, old_one, 0); /* any number */
    record(f, 7, NULL, 1);    /* renews nothing */
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 3);
    assert_int_equal(count(f->store, another, FIXTURE_NOW), 1);
}

/* The place of a certificate that is in use no more is free again. */
static void limit__revoked_ended_withheld__make_room(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;
    int64_t id = 0;

    renewal(&s, 1, old_one, 1);
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_RECORDED);
    refused(f, 2, old_one, 1);
    fixture_revoke(f->store, &s);

    renewal(&s, 3, old_one, 1);
    s.info.not_after = FIXTURE_NOW - 1;
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_RECORDED);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 0);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW - 1), 1);

    renewal(&s, 4, old_one, 1);
    assert_ok(store_provisional_record(f->store, &s.cert, bytes_of_text(""), NULL, &id, &err), err);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 1);
    refused(f, 5, old_one, 1);
    renewal(&s, 6, old_one, 1);
    assert_refused(store_provisional_record(f->store, &s.cert, bytes_of_text(""), NULL, &id, &err),
                   &err, REASON_RENEWAL_USED_UP, "provisional");
    error_clear(&err);
    assert_ok(store_provisional_withhold(f->store, id, FIXTURE_NOW, NULL, &err), err);
    record(f, 7, old_one, 1);
}

/* A hold can be taken back: then there would be one more than may be. */
static void limit__on_hold__keeps_its_place(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    renewal(&s, 1, old_one, 1);
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_RECORDED);
    assert_ok(store_revoke_certificate(f->store, s.key.ca_name, s.info.serial, STORE_REASON_HOLD,
                                       FIXTURE_NOW, &err),
              err);
    refused(f, 2, old_one, 1);
    assert_ok(store_release_certificate(f->store, s.key.ca_name, s.info.serial, &err), err);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 1);
    assert_ok(store_revoke_certificate(f->store, s.key.ca_name, s.info.serial, STORE_REASON_HOLD,
                                       FIXTURE_NOW, &err),
              err);
    assert_ok(
        store_revoke_certificate(f->store, s.key.ca_name, s.info.serial, 1, FIXTURE_NOW, &err),
        err);
    record(f, 3, old_one, 1);
}

/* Sending the same bytes again is no second renewal. */
static void limit__same_request__repeated_not_refused(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    renewal(&s, 1, old_one, 1);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_DAY), STORE_RECORDED);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_DAY), STORE_REPEATED);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 1);
}

/* ---- race ----------------------------------------------------------------------------------- */

struct racer {
    struct store *store;
    uint32_t number;
    bool recorded;
    enum reason reason;
};

static void *race(void *argument)
{
    struct racer *r = argument;
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;
    struct sample s;

    renewal(&s, r->number, old_one, 1);
    r->recorded = store_record_certificate(r->store, &s.cert, 0, &result, &err);
    r->reason = err.reason;
    return NULL;
}

static void race__one_certificate__one_wins(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct racer racers[THREADS];
    size_t won = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .store = f->store, .number = i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        won += racers[i].recorded ? 1 : 0;
        assert_int_equal(racers[i].reason,
                         racers[i].recorded ? REASON_NONE : REASON_RENEWAL_USED_UP);
    }
    assert_int_equal(won, 1);
    assert_int_equal(count(f->store, old_one, FIXTURE_NOW), 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(record__renewal__tells_of_which),
        CASE(limit__reached__refused_for_this_certificate_only),
        CASE(limit__revoked_ended_withheld__make_room),
        CASE(limit__on_hold__keeps_its_place),
        CASE(limit__same_request__repeated_not_refused),
        CASE(race__one_certificate__one_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
