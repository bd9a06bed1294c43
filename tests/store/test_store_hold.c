/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate on hold, taken back or made final; and what relying parties are told of one. */
#include <string.h>

#include "store/provisional_fixture.h"

#define OTHER_REASON 4

static bool hold(struct store *store, const struct sample *s, int64_t now, struct error *err)
{
    return store_revoke_certificate(store, "issuing", s->info.serial, STORE_REASON_HOLD, now, err);
}

static bool release(struct store *store, const struct sample *s, struct error *err)
{
    return store_release_certificate(store, "issuing", s->info.serial, err);
}

static struct store_status status_of(struct store *store, const struct sample *s)
{
    struct store_status status = { .recorded = true, .reason = -1 };
    struct error err = ERROR_INIT;

    assert_ok(store_read_status(store, s->key.ca_name, s->info.serial, &status, &err), err);
    return status;
}

static void recorded(struct fixture *f, struct sample *s)
{
    sample_init(s, 1);
    assert_int_equal(fixture_record(f->store, s, FIXTURE_REPEAT), STORE_RECORDED);
}

static void hold__released__as_if_nothing_had_been(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    recorded(f, &s);
    assert_ok(hold(f->store, &s, FIXTURE_NOW + 5, &err), err);
    assert_int_equal(status_of(f->store, &s).revoked_at, FIXTURE_NOW + 5);
    assert_int_equal(status_of(f->store, &s).reason, STORE_REASON_HOLD);
    assert_int_equal(fixture_crl_rows(f->store), 1);
    /* Whoever sends the same request again does not get around the hold. */
    assert_int_equal(fixture_find(f->store, &s), STORE_SEEN_REVOKED);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_REPEAT), STORE_WAS_REVOKED);

    assert_ok(release(f->store, &s, &err), err);
    assert_int_equal(status_of(f->store, &s).revoked_at, 0);
    assert_int_equal(status_of(f->store, &s).reason, 0);
    assert_string_equal(fixture_state(f->store, &s).by, "");
    assert_int_equal(fixture_crl_rows(f->store), 0);
    assert_int_equal(fixture_find(f->store, &s), STORE_SEEN_ISSUED);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_REPEAT), STORE_REPEATED);
    /* Both are changes: a CRL with it, and one without it. */
    assert_int_equal(fixture_revocations(f->store), 2);

    assert_ok(hold(f->store, &s, FIXTURE_NOW + 7, &err), err);
    assert_int_equal(status_of(f->store, &s).revoked_at, FIXTURE_NOW + 7);
}

static void hold__revoked_for_another_reason__final_since_the_hold(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    bool again = true;
    struct sample s;

    recorded(f, &s);
    assert_ok(hold(f->store, &s, FIXTURE_NOW + 5, &err), err);
    /* A validator's word counts on top of an administrator's hold, which could be taken back. */
    assert_ok(store_revoke_for(f->store, "issuing", s.info.serial, OTHER_REASON, "intune",
                               FIXTURE_NOW + 9, &again, &err),
              err);
    assert_false(again);
    assert_int_equal(fixture_state(f->store, &s).reason, OTHER_REASON);
    assert_int_equal(fixture_state(f->store, &s).revoked_at, FIXTURE_NOW + 5);
    assert_string_equal(fixture_state(f->store, &s).by, "intune");
    assert_int_equal(fixture_revocations(f->store), 2);

    assert_false(release(f->store, &s, &err));
    assert_reason(err, CERT_NOT_HELD);
    assert_non_null(strstr(err.detail, "for good"));
    error_clear(&err);
    assert_false(hold(f->store, &s, FIXTURE_NOW + 10, &err));
    assert_reason(err, CERT_ALREADY_REVOKED);
    assert_int_equal(fixture_state(f->store, &s).reason, OTHER_REASON);
}

static void hold__held_already__refused_and_unchanged(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    recorded(f, &s);
    assert_ok(hold(f->store, &s, FIXTURE_NOW + 5, &err), err);
    assert_false(hold(f->store, &s, FIXTURE_NOW + 9, &err));
    assert_reason(err, CERT_ALREADY_REVOKED);
    assert_int_equal(status_of(f->store, &s).revoked_at, FIXTURE_NOW + 5);
    assert_int_equal(fixture_revocations(f->store), 1);
}

static void release__not_held__refused(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    recorded(f, &s);
    assert_false(release(f->store, &s, &err));
    assert_reason(err, CERT_NOT_HELD);
    error_clear(&err);
    fixture_revoke(f->store, &s);
    assert_false(release(f->store, &s, &err));
    assert_reason(err, CERT_NOT_HELD);
    error_clear(&err);
    assert_int_equal(status_of(f->store, &s).reason, 1);
    assert_int_equal(fixture_revocations(f->store), 1);
    assert_false(store_release_certificate(f->store, "another", s.info.serial, &err));
    assert_reason(err, CERT_NOT_FOUND);
}

/* Nobody ever had a withheld one: there is no hold to take back, whatever its reason. */
static void release__withheld__refused(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    fixture_answer(&s, 1, 1);
    fixture_withhold(f->store, fixture_provisional(f->store, &s), "detail");
    assert_false(release(f->store, &s, &err));
    assert_reason(err, CERT_NOT_HELD);
    assert_int_equal(status_of(f->store, &s).withheld, STORE_WITHHELD);
}

static void status__each_state__told(void **state)
{
    struct fixture *f = *state;
    struct sample s;
    int64_t id = 0;

    sample_init(&s, 1);
    assert_false(status_of(f->store, &s).recorded);
    assert_int_equal(status_of(f->store, &s).reason, 0);
    fixture_answer(&s, 1, 1);
    id = fixture_provisional(f->store, &s);
    assert_true(status_of(f->store, &s).recorded);
    assert_int_equal(status_of(f->store, &s).withheld, STORE_PROVISIONAL);
    assert_int_equal(fixture_confirm(f->store, id, &s), STORE_RECORDED);
    assert_int_equal(status_of(f->store, &s).withheld, STORE_IN_USE);
    assert_int_equal(status_of(f->store, &s).revoked_at, 0);
    s.key.ca_name = "another";
    assert_false(status_of(f->store, &s).recorded);
}

static void revoke__remove_from_crl__is_no_reason(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    recorded(f, &s);
    assert_false(
        store_revoke_certificate(f->store, "issuing", s.info.serial, 8, FIXTURE_NOW, &err));
    assert_reason(err, USAGE);
    assert_int_equal(status_of(f->store, &s).revoked_at, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(hold__released__as_if_nothing_had_been),
        CASE(hold__revoked_for_another_reason__final_since_the_hold),
        CASE(hold__held_already__refused_and_unchanged),
        CASE(release__not_held__refused),
        CASE(release__withheld__refused),
        CASE(status__each_state__told),
        CASE(revoke__remove_from_crl__is_no_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
