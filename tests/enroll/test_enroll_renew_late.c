/* SPDX-License-Identifier: Apache-2.0 */
/* Renewals whose old certificate changes between the request and the new one. */
#include <string.h>

#include "enroll/renew_fixture.h"
#include "platform/clock.h"
#include "store/store_pending.h"

/* A CA during whose work the old certificate is revoked. */
struct slow_ca {
    struct renew *r;
    struct ca *ca;
    const char *serial;
};

static bool slow_issue(void *state, const struct csr *csr, const struct cert_plan *plan,
                       struct issuance *out, struct error *err)
{
    struct slow_ca *slow = state;

    return store_revoke_certificate(slow->r->s->store, "issuing", slow->serial, STORE_REASON_HOLD,
                                    0, err)
           && ca_issue(slow->ca, csr, plan, out, err);
}

static bool slow_is_issuer_of(void *state, const struct x509_st *cert)
{
    struct slow_ca *slow = state;

    return ca_is_issuer_of(slow->ca, cert);
}

static const struct ca_ops slow_ops = { .name = "slow",
                                        .issue = slow_issue,
                                        .is_issuer_of = slow_is_issuer_of };

static void race__revoked_while_the_new_one_is_signed__refused(void **state)
{
    struct renew *r = *state;
    X509 *old = renew_usual_old(r);
    char serial[SERIAL_TEXT_MAX];
    struct slow_ca slow = { .r = r, .ca = r->s->ca, .serial = serial };
    struct ca *ca = ca_create("issuing", &slow_ops, &slow);
    struct issuance out = ISSUANCE_INIT;
    struct enroll_report report;
    struct enroll_request request;
    struct error err = ERROR_INIT;
    int64_t count = 0;

    assert_non_null(ca);
    scene_serial(old, serial);
    scene_request(r->s, old, NULL, NULL, &request);
    r->s->options.ca = ca;
    assert_refused(renew_decide(r, &request, &out, &report, &err), &err, REASON_RENEWAL_REFUSED,
                   "");
    error_clear(&err);
    assert_done(store_count_certificates(r->s->store, &count, &err), &err, "");
    assert_int_equal(count, 1); /* the old one */
    r->s->options.ca = r->s->ca;
    scene_request_clear(&request);
    issuance_clear(&out);
    ca_free(ca);
    X509_free(old);
}

/* ---- approval -------------------------------------------------------------------------------- */

/* A renewal that an administrator has approved. */
struct approved {
    struct renew *r;
    X509 *old;
    char serial[SERIAL_TEXT_MAX]; /* of old */
    struct enroll_request request;
    struct issuance out;
    struct enroll_report report;
};

static void approve_renewal(struct approved *a, struct renew *r, const char *challenge)
{
    struct store_pending_decision decision = {
        .id = 1, .approve = true, .by = "tester", .now = clock_now()
    };
    struct error err = ERROR_INIT;

    *a = (struct approved){ .r = r, .old = renew_usual_old(r), .out = ISSUANCE_INIT };
    r->s->options.approval = (struct enroll_approval_options){ true, DAY, 10 };
    scene_serial(a->old, a->serial);
    scene_request(r->s, a->old, NULL, challenge, &a->request);
    assert_done(renew_decide(r, &a->request, &a->out, &a->report, &err), &err, "wait");
    assert_int_equal(a->out.state, ISSUANCE_PENDING);
    assert_done(store_pending_decide(r->s->store, &decision, &err), &err, "approve");
}

static bool poll_renewal(struct approved *a, struct error *err)
{
    error_clear(err);
    issuance_clear(&a->out);
    return enroll_poll(&a->r->s->options, &a->request, &a->out, &a->report, err);
}

static void approved_clear(struct approved *a)
{
    scene_request_clear(&a->request);
    issuance_clear(&a->out);
    X509_free(a->old);
}

/* The old certificate is asked again, and counts as renewed. */
static void approved__renewal__issued_and_used_up(void **state)
{
    struct renew *r = *state;
    struct certificate_info info;
    struct approved a;
    struct error err = ERROR_INIT;
    int64_t count = 0;

    r->s->options.renewal.challenge = RENEWAL_CHALLENGE_BOTH;
    approve_renewal(&a, r, "right");
    assert_int_equal(r->counted.checks, 1);
    assert_done(poll_renewal(&a, &err), &err, "");
    assert_int_equal(a.out.state, ISSUANCE_ISSUED);
    assert_false(a.out.repeated);
    assert_int_equal(r->counted.checks, 1);
    assert_done(certificate_info(a.old, &info, &err), &err, "");
    assert_done(store_count_renewals(r->s->store, info.sha256, clock_now(), &count, &err), &err,
                "");
    assert_int_equal(count, 1);
    assert_done(poll_renewal(&a, &err), &err, "again");
    assert_true(a.out.repeated);
    approved_clear(&a);
}

static void approved__old_one_not_good_any_more__refused(void **state)
{
    struct renew *r = *state;
    struct approved a;
    struct error err = ERROR_INIT;

    approve_renewal(&a, r, NULL);
    r->s->options.renewal.enabled = false;
    assert_refused(poll_renewal(&a, &err), &err, REASON_RENEWAL_NOT_ENABLED, "switched off");
    r->s->options.renewal.enabled = true;
    error_clear(&err);
    assert_done(
        store_revoke_certificate(r->s->store, "issuing", a.serial, STORE_REASON_HOLD, 0, &err),
        &err, "");
    assert_refused(poll_renewal(&a, &err), &err, REASON_RENEWAL_REFUSED, "on hold");
    error_clear(&err);
    assert_done(store_release_certificate(r->s->store, "issuing", a.serial, &err), &err, "");
    assert_done(poll_renewal(&a, &err), &err, "in force again");
    approved_clear(&a);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, renew_set_up, renew_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(race__revoked_while_the_new_one_is_signed__refused),
        CASE(approved__renewal__issued_and_used_up),
        CASE(approved__old_one_not_good_any_more__refused),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
