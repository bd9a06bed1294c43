/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for an administrator: who may wait, what becomes of them. */
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "enroll/asked.h"
#include "platform/clock.h"

/* ---- waiting --------------------------------------------------------------------------------- */

static void request__accepted__waits_and_again_without_a_second_challenge(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);

    ask(world, &a);
    assert_waits(a, false);
    assert_string_equal(a.report.challenge_type, "fake");
    assert_steps(world, "check ");
    world->knobs.check_fails = REASON_CHALLENGE_USED;
    ask(world, &a);
    assert_waits(a, true);
    poll_for(world, &a);
    assert_waits(a, true);
    assert_steps(world, ""); /* no challenge, no CA */
    assert_int_equal(newest(world).count, 1);
    assert_int_equal(world_recorded(world), 0);
    asked_clear(&a);
}

/* Nobody shall approve what would be refused. */
static void request__template_refuses__does_not_wait(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "other", PASS);

    ask(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_steps(world, "check refuse ");
    assert_int_equal(newest(world).count, 0);
    asked_clear(&a);
}

static void challenge__wrong_or_missing__who_may_wait(void **state)
{
    static const struct {
        const char *name;
        const char *challenge;
        enum reason check; /* what the challenge says */
        bool self_signed;
        bool automatic;
        enum reason expected;
    } cases[] = {
        { "none", NULL, REASON_CHALLENGE_MISSING, true, false, REASON_NONE },
        { "none, and no approval", NULL, REASON_CHALLENGE_MISSING, true, true,
          REASON_CHALLENGE_MISSING },
        { "none, signed with a certificate", NULL, REASON_CHALLENGE_MISSING, false, false,
          REASON_RENEWAL_NOT_ENABLED },
        { "wrong", "wrong", REASON_CHALLENGE_REJECTED, true, false, REASON_CHALLENGE_REJECTED },
        { "used", "used", REASON_CHALLENGE_USED, true, false, REASON_CHALLENGE_USED },
        { "none, and it cannot be checked", NULL, REASON_CHALLENGE_UNAVAILABLE, true, false,
          REASON_CHALLENGE_UNAVAILABLE },
        { "one, called missing", "there", REASON_CHALLENGE_MISSING, true, false,
          REASON_CHALLENGE_MISSING },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asked a = asked_init(world, "dev", cases[i].challenge);

        print_message("%s\n", cases[i].name);
        world->knobs.check_fails = cases[i].check;
        world->options.approval.manual = !cases[i].automatic;
        a.request.signer_self_signed = cases[i].self_signed;
        a.request.transaction_id = bytes_of_text(cases[i].name);
        ask(world, &a);
        if (cases[i].expected == REASON_NONE) {
            assert_waits(a, false);
            assert_null(a.report.challenge_type);
        } else {
            assert_false(a.ok);
            assert_string_equal(reason_id(a.err.reason), reason_id(cases[i].expected));
        }
        asked_clear(&a);
    }
    assert_int_equal(newest(world).count, 1);
}

/* There was no grant: nothing is given back. */
static void challenge__missing_and_template_refuses__nothing_given_back(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "other", NULL);

    world->knobs.check_fails = REASON_CHALLENGE_MISSING;
    ask(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_steps(world, "check ");
    asked_clear(&a);
}

static void limit__reached__refused_and_given_back(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);
    struct asked b = asked_init(world, "dev-2", PASS);

    world->options.approval.max = 1;
    ask(world, &a);
    assert_waits(a, false);
    assert_steps(world, "check ");
    ask(world, &b);
    assert_reason(b, PENDING_FULL);
    assert_steps(world, "check refuse ");
    /* neither the same again, nor what is decided or over, nor another template counts */
    ask(world, &a);
    assert_waits(a, true);
    world->options.template_name = "tablets";
    ask(world, &b);
    assert_waits(b, false);
    world->options.template_name = "phones";
    world_sql(world, "UPDATE pending SET expires_at = created_at - 1 WHERE template = 'phones'");
    ask(world, &b);
    assert_waits(b, false);
    approve(world);
    ask(world, &a);
    assert_waits(a, false);
    asked_clear(&a);
    asked_clear(&b);
}

/* A request that anybody could have sent; its name is its transaction, too. */
static enum reason ask_without_challenge(struct world *world, const char *name)
{
    struct asked a = asked_init(world, name, NULL);
    enum reason reason;

    a.request.transaction_id = bytes_of_text(name);
    world->knobs.check_fails = REASON_CHALLENGE_MISSING;
    ask(world, &a);
    world->knobs.check_fails = REASON_NONE;
    reason = a.ok ? REASON_NONE : a.err.reason;
    asked_clear(&a);
    return reason;
}

/* Whoever floods the URL without challenge leaves places to those with one. */
static void limit__flood_without_challenge__places_are_left(void **state)
{
    struct world *world = *state;
    struct asked with = asked_init(world, "dev-with", PASS);
    char name[16];

    world->options.approval.max = 10;
    for (unsigned i = 0; i < 9; i++) {
        assert_true(text_format(name, sizeof(name), "dev-%u", i));
        assert_int_equal(ask_without_challenge(world, name), REASON_NONE);
    }
    assert_int_equal(ask_without_challenge(world, "dev-9"), REASON_PENDING_FULL);
    ask(world, &with);
    assert_waits(with, false);
    asked_clear(&with);
}

/* ---- decided --------------------------------------------------------------------------------- */

static bool check_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)err;
    assert_string_equal(row->template_name, "phones");
    assert_string_equal(row->challenge_type, "fake");
    assert_string_equal(row->request_id, context);
    assert_bytes_text(row->transaction_id, "transaction");
    return true;
}

static void approved__poll__issued_once_and_given_again(void **state)
{
    struct world *world = *state;

    for (int repeats = 0; repeats < 2; repeats++) {
        struct asked a = asked_init(world, repeats == 0 ? "dev-0" : "dev-1", PASS);
        struct error err = ERROR_INIT;
        char serial[SERIAL_TEXT_MAX];
        char of_poll[] = "r-poll";

        world->options.repeat_seconds = repeats == 0 ? 0 : 3600;
        ask(world, &a);
        approve(world);
        assert_steps(world, "check ");
        world->knobs.check_fails = REASON_CHALLENGE_USED;
        poll_for(world, &a);
        assert_issued(a, false);
        assert_string_equal(a.report.challenge_type, "fake");
        assert_steps(world, "issue ");
        assert_int_equal(newest(world).state, STORE_PENDING_ISSUED);
        memcpy(serial, a.out.info.serial, sizeof(serial));
        assert_done(
            store_show_certificate(world->store, "issuing", serial, check_row, of_poll, &err), &err,
            "");
        poll_for(world, &a);
        assert_issued(a, true);
        assert_string_equal(a.out.info.serial, serial);
        assert_steps(world, "");
        if (repeats != 0) { /* the request itself is a repeat like any other */
            ask(world, &a);
            assert_issued(a, true);
            assert_string_equal(a.out.info.serial, serial);
        }
        assert_done(store_revoke_certificate(world->store, "issuing", serial, 1, 0, &err), &err,
                    "");
        poll_for(world, &a);
        assert_reason(a, REQUEST_OF_REVOKED);
        ask(world, &a);
        assert_reason(a, REQUEST_OF_REVOKED);
        assert_steps(world, "");
        assert_int_equal(world_recorded(world), repeats + 1);
        world->knobs.check_fails = REASON_NONE;
        asked_clear(&a);
    }
}

static void approved__same_request_again__issued(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    ask(world, &a);
    approve(world);
    ask(world, &a);
    assert_issued(a, false);
    assert_string_equal(a.out.info.subject, "CN=dev");
    assert_memory_equal(a.out.info.key_sha256, a.request.csr.key_sha256, DIGEST_SHA256_BYTES);
    assert_steps(world, "check issue ");
    ask(world, &a);
    assert_issued(a, true);
    assert_int_equal(world_recorded(world), 1);
    asked_clear(&a);
}

static void approved__template_refuses_now__refused_and_stays_approved(void **state)
{
    static const char narrow[] = "{ \"subject\": { \"cn_patterns\": [\"router*\"] } }";
    struct world *world = *state;
    const struct template *wide = world->options.template;
    struct asked a = asked_init(world, "dev", PASS);
    struct template_config config;
    struct error err = ERROR_INIT;
    struct template *template = NULL;

    assert_done(config_parse_template("test", "phones", bytes_of_text(narrow), &config, &err), &err,
                "");
    template = template_create(&config, &err);
    assert_done(template != NULL, &err, "");
    ask(world, &a);
    approve(world);
    world->options.template = template;
    poll_for(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_int_equal(newest(world).state, STORE_PENDING_APPROVED);
    world->options.template = wide;
    world->knobs.issue_fails = REASON_CA_EXPIRED;
    poll_for(world, &a);
    assert_reason(a, CA_EXPIRED);
    assert_steps(world, "check issue "); /* and no challenge is told of either */
    world->knobs.issue_fails = REASON_NONE;
    poll_for(world, &a);
    assert_issued(a, false);
    template_free(template);
    template_config_clear(&config);
    asked_clear(&a);
}

static void denied__poll_and_repeat__refused_until_the_end(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    ask(world, &a);
    deny(world);
    assert_steps(world, "check ");
    poll_for(world, &a);
    assert_reason(a, REQUEST_DENIED);
    assert_non_null(strstr(a.err.detail, "not ours"));
    ask(world, &a);
    assert_reason(a, REQUEST_DENIED);
    assert_steps(world, "");
    assert_refused(decide(world, true, &err), &err, REASON_REQUEST_NOT_PENDING, "");
    world_sql(world, "UPDATE pending SET expires_at = created_at - 1");
    poll_for(world, &a);
    assert_reason(a, POLL_UNKNOWN);
    ask(world, &a);
    assert_waits(a, false);
    asked_clear(&a);
}

static void expired__waiting_or_approved__forgotten(void **state)
{
    struct world *world = *state;

    for (int approved = 0; approved < 2; approved++) {
        struct asked a = asked_init(world, approved ? "dev-1" : "dev-2", PASS);
        struct error err = ERROR_INIT;
        int64_t count = 0;

        ask(world, &a);
        if (approved) approve(world);
        assert_int_equal(newest(world).count, 1);
        world_sql(world, "UPDATE pending SET expires_at = created_at - 1");
        poll_for(world, &a);
        assert_reason(a, POLL_UNKNOWN);
        assert_done(store_pending_tidy(world->store, clock_now(), &count, &err), &err, "");
        assert_int_equal(count, 1);
        asked_clear(&a);
    }
    assert_int_equal(world_recorded(world), 0);
}

static void restart__nothing_lost(void **state)
{
    struct world *world = *state;
    struct store_options options = { .readers = 2, .path = world->database };
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    for (int step = 0; step < 3; step++) {
        store_close(world->store);
        world->store = store_open(&options, &err);
        assert_done(world->store != NULL, &err, "");
        world->options.store = world->store;
        if (step == 0) ask(world, &a);
        poll_for(world, &a);
        if (step < 2) {
            assert_waits(a, true);
            if (step == 1) approve(world);
        } else {
            assert_issued(a, false);
        }
    }
    asked_clear(&a);
}

static void automatic__set_meanwhile__what_waits_goes_on_waiting(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    ask(world, &a);
    world->options.approval.manual = false;
    ask(world, &a);
    assert_waits(a, true);
    deny(world);
    ask(world, &a);
    assert_reason(a, REQUEST_DENIED);
    asked_clear(&a);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, asked_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(request__accepted__waits_and_again_without_a_second_challenge),
        unit(request__template_refuses__does_not_wait),
        unit(challenge__wrong_or_missing__who_may_wait),
        unit(challenge__missing_and_template_refuses__nothing_given_back),
        unit(limit__reached__refused_and_given_back),
        unit(limit__flood_without_challenge__places_are_left),
        unit(approved__poll__issued_once_and_given_again),
        unit(approved__same_request_again__issued),
        unit(approved__template_refuses_now__refused_and_stays_approved),
        unit(denied__poll_and_repeat__refused_until_the_end),
        unit(expired__waiting_or_approved__forgotten),
        unit(restart__nothing_lost),
        unit(automatic__set_meanwhile__what_waits_goes_on_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
