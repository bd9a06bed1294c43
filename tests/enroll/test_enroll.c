/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the steps, what is undone after which failure, repeated and revoked requests. */
#include <string.h>

#include "enroll/enroll_world.h"

#define PASS "the challenge"

/* One request, decided; everything a case looks at. */
struct decided {
    struct enroll_request request;
    struct issuance out;
    const char *challenge_type;
    struct error err;
    bool ok;
};

static struct decided decided_init(void)
{
    return (struct decided){ .out = ISSUANCE_INIT, .err = ERROR_INIT };
}

static void decide(struct world *world, struct decided *d)
{
    d->ok = world_decide(world, &d->request, &d->out, &d->challenge_type, &d->err);
}

static void decided_clear(struct decided *d)
{
    issuance_clear(&d->out);
    world_request_clear(&d->request);
}

#define assert_reason(d, expected)                                                                 \
    do {                                                                                           \
        assert_false((d).ok);                                                                      \
        assert_string_equal(reason_id((d).err.reason), reason_id(REASON_##expected));              \
    } while (0)

static void revoke(struct world *world, const struct decided *d)
{
    struct error err = ERROR_INIT;

    assert_done(store_revoke_certificate(world->store, "issuing", d->out.info.serial, 1, 0, &err),
                &err, "");
}

/* ---- one decision ---------------------------------------------------------------------------- */

static bool check_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    const struct decided *d = context;

    (void)err;
    assert_string_equal(row->template_name, "phones");
    assert_string_equal(row->ca_name, "issuing");
    assert_string_equal(row->challenge_type, "fake");
    assert_string_equal(row->peer, "192.0.2.7");
    assert_string_equal(row->request_id, "r-1");
    assert_true(bytes_equal(row->der, buffer_bytes(&d->out.cert_der)));
    return true;
}

static void request__all_well__issued_in_order_and_recorded(void **state)
{
    struct world *world = *state;
    struct decided d = decided_init();
    struct error err = ERROR_INIT;

    world_request(world, "dev-1", PASS, &d.request);
    decide(world, &d);
    assert_done(d.ok, &d.err, "");
    assert_steps(world, "check issue confirm ");
    assert_string_equal(d.challenge_type, "fake");
    assert_false(d.out.repeated);
    assert_string_equal(d.out.info.subject, "CN=dev-1");
    assert_done(
        store_show_certificate(world->store, "issuing", d.out.info.serial, check_row, &d, &err),
        &err, "");
    decided_clear(&d);
}

static void failure__at_each_step__undoes_what_was_granted_and_records_nothing(void **state)
{
    static const struct {
        const char *name;
        const char *cn;
        struct world_knobs knobs;
        enum reason reason;
        const char *steps;
    } cases[] = {
        /* nothing was granted: nothing is given back */
        { "challenge wrong",
          "dev",
          { .check_fails = REASON_CHALLENGE_REJECTED },
          REASON_CHALLENGE_REJECTED,
          "check " },
        { "challenge cannot be checked",
          "dev",
          { .check_fails = REASON_CHALLENGE_UNAVAILABLE },
          REASON_CHALLENGE_UNAVAILABLE,
          "check " },
        { "template says no",
          "other",
          { .check_fails = REASON_NONE },
          REASON_SUBJECT_CN,
          "check refuse " },
        { "CA has ended",
          "dev",
          { .issue_fails = REASON_CA_EXPIRED },
          REASON_CA_EXPIRED,
          "check issue refuse " },
        { "withheld after signing",
          "dev",
          { .confirm_fails = REASON_CHALLENGE_UNAVAILABLE },
          REASON_CHALLENGE_UNAVAILABLE,
          "check issue confirm refuse " },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decided d = decided_init();

        print_message("%s\n", cases[i].name);
        world->knobs = cases[i].knobs;
        world->refused_why = REASON_NONE;
        world_request(world, cases[i].cn, PASS, &d.request);
        decide(world, &d);
        assert_false(d.ok);
        assert_string_equal(reason_id(d.err.reason), reason_id(cases[i].reason));
        assert_steps(world, cases[i].steps);
        if (strstr(cases[i].steps, "refuse") != NULL) {
            assert_int_equal(world->refused_why, cases[i].reason);
        }
        assert_int_equal(world_recorded(world), 0);
        decided_clear(&d);
    }
    /* The very same bytes are not held against the device once all is well. */
    struct decided d = decided_init();

    world->knobs = (struct world_knobs){ .meet = 0 };
    world_request(world, "dev", PASS, &d.request);
    decide(world, &d);
    assert_done(d.ok, &d.err, "");
    assert_steps(world, "check issue confirm ");
    decided_clear(&d);
}

static void store__read_only__nothing_issued_and_refuse_called(void **state)
{
    struct world *world = *state;
    struct store *writable = world->store;
    struct store_options options = { .path = world->database, .readers = 1, .read_only = true };
    struct decided d = decided_init();
    struct error err = ERROR_INIT;

    world->store = store_open(&options, &err);
    assert_done(world->store != NULL, &err, "");
    world->options.store = world->store;
    world_request(world, "dev", PASS, &d.request);
    decide(world, &d);
    assert_reason(d, STORE_READ_ONLY);
    assert_steps(world, "check issue confirm refuse ");
    store_close(world->store);
    world->store = writable;
    assert_int_equal(world_recorded(world), 0);
    decided_clear(&d);
}

static void path__who_signed_and_challenge__decides_before_the_challenge(void **state)
{
    static const struct {
        const char *name;
        enum enroll_kind kind;
        bool self_signed;
        const char *challenge;
        bool allowed;
    } cases[] = {
        { "PKCSReq self-signed with challenge", ENROLL_KIND_NEW, true, PASS, true },
        { "PKCSReq self-signed without: the challenge's own check", ENROLL_KIND_NEW, true, NULL,
          true },
        { "PKCSReq by a certificate with challenge", ENROLL_KIND_NEW, false, PASS, true },
        { "PKCSReq by a certificate without: renewal", ENROLL_KIND_NEW, false, NULL, false },
        { "RenewalReq self-signed", ENROLL_KIND_RENEWAL, true, NULL, false },
        { "RenewalReq self-signed with challenge", ENROLL_KIND_RENEWAL, true, PASS, false },
        { "RenewalReq by a certificate", ENROLL_KIND_RENEWAL, false, NULL, false },
        { "RenewalReq by a certificate with challenge", ENROLL_KIND_RENEWAL, false, PASS, false },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decided d = decided_init();

        print_message("%s\n", cases[i].name);
        world->options.repeat_seconds = 0;
        world_request(world, "dev", cases[i].challenge, &d.request);
        d.request.kind = cases[i].kind;
        d.request.signer_self_signed = cases[i].self_signed;
        decide(world, &d);
        if (cases[i].allowed) {
            assert_done(d.ok, &d.err, cases[i].name);
            assert_steps(world, "check issue confirm ");
        } else {
            assert_reason(d, RENEWAL_NOT_ENABLED);
            assert_steps(world, "");
        }
        decided_clear(&d);
    }
}

/* ---- again ----------------------------------------------------------------------------------- */

static void repeat__same_request__same_certificate_and_no_second_challenge(void **state)
{
    struct world *world = *state;
    struct decided first = decided_init();
    struct decided again = decided_init();

    world_request(world, "dev", PASS, &first.request);
    world_request(world, "dev", PASS, &again.request);
    decide(world, &first);
    assert_done(first.ok, &first.err, "");
    assert_steps(world, "check issue confirm ");
    /* Not even a challenge that is used up or a CA that is away matters. */
    world->knobs.check_fails = REASON_CHALLENGE_REJECTED;
    world->knobs.issue_fails = REASON_CA_EXPIRED;
    decide(world, &again);
    assert_done(again.ok, &again.err, "");
    assert_steps(world, "");
    assert_true(again.out.repeated);
    assert_true(bytes_equal(buffer_bytes(&again.out.cert_der), buffer_bytes(&first.out.cert_der)));
    assert_string_equal(again.out.info.serial, first.out.info.serial);
    assert_int_equal(world_recorded(world), 1);
    decided_clear(&first);
    decided_clear(&again);
}

/* Whatever differs makes it another request, which needs an authorisation of its own. */
static void repeat__anything_differs__is_a_new_request(void **state)
{
    struct world *world = *state;
    struct decided first = decided_init();

    world_request(world, "dev", PASS, &first.request);
    decide(world, &first);
    assert_done(first.ok, &first.err, "");
    assert_steps(world, "check issue confirm ");
    for (int i = 0; i < 5; i++) {
        struct decided other = decided_init();

        world_request(world, i == 0 ? "dev-other" : "dev", PASS, &other.request);
        if (i == 1) other.request.transaction_id = bytes_of_text("another transaction");
        if (i == 2) other.request.signer_key_sha256[0] ^= 1;
        if (i == 3) other.request.csr.sha256[0] ^= 1;
        if (i == 4) world->options.template_name = "tablets";
        world->knobs.check_fails = REASON_CHALLENGE_REJECTED;
        decide(world, &other);
        assert_reason(other, CHALLENGE_REJECTED);
        assert_steps(world, "check ");
        decided_clear(&other);
    }
    assert_int_equal(world_recorded(world), 1);
    decided_clear(&first);
}

static void repeat__switched_off__is_decided_anew(void **state)
{
    struct world *world = *state;
    struct decided first = decided_init();
    struct decided again = decided_init();

    world->options.repeat_seconds = 0;
    world_request(world, "dev", PASS, &first.request);
    world_request(world, "dev", PASS, &again.request);
    decide(world, &first);
    decide(world, &again);
    assert_done(first.ok && again.ok, &again.err, "");
    assert_steps(world, "check issue confirm check issue confirm ");
    assert_false(again.out.repeated);
    assert_string_not_equal(first.out.info.serial, again.out.info.serial);
    assert_int_equal(world_recorded(world), 2);
    decided_clear(&first);
    decided_clear(&again);
}

static void revoked__same_request__refused_before_the_challenge(void **state)
{
    struct world *world = *state;

    for (int repeats = 0; repeats < 2; repeats++) {
        struct decided first = decided_init();
        struct decided again = decided_init();
        const char *cn = repeats == 0 ? "dev-0" : "dev-1";

        world->options.repeat_seconds = repeats == 0 ? 0 : 3600;
        world_request(world, cn, PASS, &first.request);
        world_request(world, cn, PASS, &again.request);
        decide(world, &first);
        assert_done(first.ok, &first.err, "");
        assert_steps(world, "check issue confirm ");
        revoke(world, &first);
        decide(world, &again);
        assert_reason(again, REQUEST_OF_REVOKED);
        assert_steps(world, "");
        decided_clear(&first);
        decided_clear(&again);
    }
}

/* ---- serial numbers -------------------------------------------------------------------------- */

/* A remote validator hears of one certificate: no second try behind its back. */
static void serial__taken__refused_and_given_back(void **state)
{
    struct world *world = *state;
    struct decided first = decided_init();
    struct decided second = decided_init();

    world->knobs.same_serials = 2;
    world_request(world, "dev-1", PASS, &first.request);
    world_request(world, "dev-2", PASS, &second.request);
    decide(world, &first);
    assert_done(first.ok, &first.err, "");
    assert_steps(world, "check issue confirm ");
    decide(world, &second);
    assert_reason(second, STORE_DUPLICATE);
    assert_non_null(strstr(second.err.detail, "serial"));
    assert_steps(world, "check issue confirm refuse ");
    assert_int_equal(world->refused_why, REASON_STORE_DUPLICATE);
    assert_int_equal(world_recorded(world), 1);
    /* The device's own next try gets another serial. */
    decide(world, &second);
    assert_done(second.ok, &second.err, "");
    assert_steps(world, "check issue confirm ");
    assert_string_not_equal(first.out.info.serial, second.out.info.serial);
    assert_int_equal(world_recorded(world), 2);
    decided_clear(&first);
    decided_clear(&second);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(request__all_well__issued_in_order_and_recorded),
        unit(failure__at_each_step__undoes_what_was_granted_and_records_nothing),
        unit(store__read_only__nothing_issued_and_refuse_called),
        unit(path__who_signed_and_challenge__decides_before_the_challenge),
        unit(repeat__same_request__same_certificate_and_no_second_challenge),
        unit(repeat__anything_differs__is_a_new_request),
        unit(repeat__switched_off__is_decided_anew),
        unit(revoked__same_request__refused_before_the_challenge),
        unit(serial__taken__refused_and_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
