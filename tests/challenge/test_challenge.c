/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "challenge/challenge.h"

/* What a fake kind of challenge was asked to do. */
struct calls {
    bool refuse_check;
    bool refuse_confirm;
    int checks, confirms, refusals, frees;
};

static bool fake_check(void *state, const struct enroll_request *request, struct grant *grant,
                       struct error *err)
{
    struct calls *calls = state;

    (void)request;
    calls->checks++;
    grant->reservation = 42;
    if (!buffer_append_text(&grant->ticket, "ticket", err)) {
        return false;
    }
    return !calls->refuse_check || error_set(err, REASON_CHALLENGE_REJECTED, "no");
}

static bool fake_confirm(void *state, const struct enroll_request *request, struct grant *grant,
                         const struct issuance *issuance, struct error *err)
{
    struct calls *calls = state;

    (void)issuance;
    (void)request;
    calls->confirms++;
    assert_true(grant->reservation == 42);
    return !calls->refuse_confirm || error_set(err, REASON_CHALLENGE_UNAVAILABLE, "gone");
}

static void fake_refuse(void *state, const struct enroll_request *request,
                        const struct grant *grant, const struct error *why)
{
    struct calls *calls = state;

    (void)request;
    (void)why;
    calls->refusals++;
    assert_true(grant->reservation == 42);
}

static void fake_free(void *state)
{
    struct calls *calls = state;

    calls->frees++;
}

static const struct challenge_ops fake_ops = {
    .name = "fake",
    .check = fake_check,
    .confirm = fake_confirm,
    .refuse = fake_refuse,
    .free = fake_free,
};

static void dispatch__full_table__every_entry_called(void **state)
{
    struct calls calls = { 0 };
    struct challenge *c = challenge_create(&fake_ops, &calls);
    struct enroll_request request = { 0 };
    struct issuance issuance = ISSUANCE_INIT;
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_non_null(c);
    assert_string_equal(challenge_name(c), "fake");
    assert_done(challenge_check(c, &request, &grant, &err), &err, "");
    assert_string_equal(grant.challenge_type, "fake");
    assert_bytes_text(buffer_bytes(&grant.ticket), "ticket");
    assert_done(challenge_confirm(c, &request, &grant, &issuance, &err), &err, "");
    challenge_refuse(c, &request, &grant, &err);
    calls.refuse_confirm = true;
    assert_refused(challenge_confirm(c, &request, &grant, &issuance, &err), &err,
                   REASON_CHALLENGE_UNAVAILABLE, "");
    challenge_free(c);
    assert_int_equal(calls.checks, 1);
    assert_int_equal(calls.confirms, 2);
    assert_int_equal(calls.refusals, 1);
    assert_int_equal(calls.frees, 1);
    grant_clear(&grant);
}

static void check__refused__grant_is_empty(void **state)
{
    struct calls calls = { .refuse_check = true };
    struct challenge *c = challenge_create(&fake_ops, &calls);
    struct enroll_request request = { 0 };
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    grant.reservation = 7; /* of another request: must not survive */
    assert_refused(challenge_check(c, &request, &grant, &err), &err, REASON_CHALLENGE_REJECTED, "");
    assert_null(grant.challenge_type);
    assert_true(grant.reservation == 0);
    assert_int_equal(grant.ticket.len, 0);
    challenge_free(c);
}

static void dispatch__empty_table__refuses_check_only(void **state)
{
    static const struct challenge_ops empty = { .name = "empty" };
    struct challenge *c = challenge_create(&empty, NULL);
    struct enroll_request request = { 0 };
    struct issuance issuance = ISSUANCE_INIT;
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(challenge_check(c, &request, &grant, &err), &err, REASON_CHALLENGE_UNAVAILABLE,
                   "");
    error_clear(&err);
    assert_done(challenge_confirm(c, &request, &grant, &issuance, &err), &err, "");
    challenge_refuse(c, &request, &grant, &err);
    challenge_free(c);
    challenge_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatch__full_table__every_entry_called),
        cmocka_unit_test(check__refused__grant_is_empty),
        cmocka_unit_test(dispatch__empty_table__refuses_check_only),
    };

    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
