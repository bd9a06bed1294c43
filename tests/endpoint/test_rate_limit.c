/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <pthread.h>
#include <string.h>

#include "endpoint/rate_limit.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define THREADS 2u
#define THREAD_REQUESTS 2000u

struct world {
    int64_t now_us;
    struct rate_limit *limit;
    struct rate_subject vpn;
    struct rate_subject wifi; /* of the same CA */
};

static int64_t world_now(void *context)
{
    return ((const struct world *)context)->now_us;
}

static struct rate_subject subject(struct world *w, const char *template, const char *ca)
{
    struct error err = ERROR_INIT;
    struct rate_subject s = {
        .limit = w->limit,
        .template = rate_limit_scope(w->limit, RATE_SCOPE_TEMPLATE, template, &err),
        .ca = rate_limit_scope(w->limit, RATE_SCOPE_CA, ca, &err),
    };

    assert_non_null(s.template);
    assert_non_null(s.ca);
    return s;
}

static void world_open(struct world *w)
{
    struct error err = ERROR_INIT;

    memset(w, 0, sizeof(*w));
    w->now_us = 5 * SECOND;
    w->limit = rate_limit_create(world_now, w, &err);
    assert_done(w->limit != NULL, &err, "rate limit");
    w->vpn = subject(w, "vpn", "issuing");
    w->wifi = subject(w, "wifi", "issuing");
}

static struct ip_address v4(uint32_t n)
{
    struct ip_address a = { false, { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };

    return a;
}

static struct rate_verdict ask(const struct rate_subject *s, uint32_t n)
{
    struct ip_address a = v4(n);

    return rate_limit_request(s, &a);
}

static void refuse(const struct rate_subject *s, uint32_t n, enum reason reason, unsigned times)
{
    struct ip_address a = v4(n);

    for (unsigned i = 0; i < times; i++) {
        rate_limit_result(s, &a, reason);
    }
}

static void passes(const struct rate_subject *s, uint32_t n, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(ask(s, n).kind, RATE_NONE);
    }
}

static void address__over_its_limit__waits_until_the_minute_is_over(void **state)
{
    struct world w;
    struct rate_verdict verdict;

    (void)state;
    world_open(&w);
    w.vpn.rule.address_per_minute = 3;
    passes(&w.vpn, 1, 2);
    w.now_us += 20 * SECOND;
    passes(&w.vpn, 1, 1);
    verdict = ask(&w.vpn, 1);
    assert_int_equal(verdict.kind, RATE_ADDRESS);
    assert_int_equal(verdict.seconds, 40);
    passes(&w.vpn, 2, 1);  /* another address */
    passes(&w.wifi, 1, 9); /* another template */
    w.now_us += 40 * SECOND - 1;
    verdict = ask(&w.vpn, 1); /* asking again has not prolonged it */
    assert_int_equal(verdict.kind, RATE_ADDRESS);
    assert_int_equal(verdict.seconds, 1);
    w.now_us += 1;
    passes(&w.vpn, 1, 3);
    assert_int_equal(ask(&w.vpn, 1).kind, RATE_ADDRESS);
    rate_limit_free(w.limit);
    rate_limit_free(NULL);
}

static void address__ipv6__counts_by_its_64(void **state)
{
    static const char *const texts[] = { "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1" };
    static const enum rate_kind expected[] = { RATE_NONE, RATE_ADDRESS, RATE_NONE };
    struct world w;

    (void)state;
    world_open(&w);
    w.vpn.rule.address_per_minute = 1;
    for (size_t i = 0; i < 3; i++) {
        struct ip_address a;
        struct error err = ERROR_INIT;

        assert_done(ip_address_parse(bytes_of_text(texts[i]), &a, &err), &err, texts[i]);
        assert_int_equal(rate_limit_request(&w.vpn, &a).kind, expected[i]);
    }
    rate_limit_free(w.limit);
}

static void all_together__over_their_limit__wait(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    w.vpn.rule.per_minute = 5;
    w.vpn.rule.address_per_minute = 2;
    passes(&w.vpn, 1, 2);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(ask(&w.vpn, 1).kind, RATE_ADDRESS); /* takes nothing from the others */
    }
    w.now_us += 10 * SECOND;
    passes(&w.vpn, 2, 2);
    passes(&w.vpn, 3, 1);
    assert_int_equal(ask(&w.vpn, 4).kind, RATE_TEMPLATE);
    assert_int_equal(ask(&w.vpn, 4).seconds, 50);
    passes(&w.wifi, 4, 1);
    w.now_us += 50 * SECOND;
    passes(&w.vpn, 4, 1);
    rate_limit_free(w.limit);
}

static void limits__zero_or_no_table__let_everybody_pass(void **state)
{
    struct world w;
    struct rate_subject nobody = { .limit = NULL };
    struct rate_verdict verdict;
    struct error err = ERROR_INIT;
    struct ip_address a = v4(1);

    (void)state;
    world_open(&w);
    passes(&w.vpn, 1, 1000);
    refuse(&w.vpn, 1, REASON_CHALLENGE_REJECTED, 1000);
    verdict = ask(&w.vpn, 1);
    assert_int_equal(verdict.kind, RATE_NONE);
    assert_int_equal(verdict.challenges_seconds, 0);
    passes(&nobody, 1, 10);
    rate_limit_result(&nobody, &a, REASON_CHALLENGE_REJECTED);
    assert_true(rate_verdict_check(&verdict, &w.vpn, &a, &err));
    assert_true(rate_verdict_check_challenge(&verdict, &w.vpn, &a, &err));
    rate_limit_free(w.limit);
}

static void challenges__refused_too_often__of_this_address_and_template_alone(void **state)
{
    struct world w;
    struct rate_verdict verdict;

    (void)state;
    world_open(&w);
    w.vpn.rule.refused_per_minute = 3;
    w.wifi.rule.refused_per_minute = 3;
    refuse(&w.vpn, 1, REASON_CHALLENGE_REJECTED, 2);
    refuse(&w.wifi, 1, REASON_CHALLENGE_REJECTED,
           2); /* in turns: each template counts for itself */
    assert_int_equal(ask(&w.vpn, 1).challenges_seconds, 0);
    w.now_us += SECOND;
    refuse(&w.vpn, 1, REASON_CHALLENGE_BINDING, 1);
    verdict = ask(&w.vpn, 1);
    assert_int_equal(verdict.kind, RATE_NONE); /* a poll may pass */
    assert_int_equal(verdict.challenges_seconds, 59);
    assert_int_equal(ask(&w.wifi, 1).challenges_seconds, 0);
    assert_int_equal(ask(&w.vpn, 2).challenges_seconds, 0);
    w.now_us += 59 * SECOND;
    assert_int_equal(ask(&w.vpn, 1).challenges_seconds, 0);
    rate_limit_free(w.limit);
}

static void reasons__table__guesses_or_not(void **state)
{
    static const struct {
        enum reason reason;
        bool guess;
    } cases[] = {
        { REASON_NONE, false },
        { REASON_CHALLENGE_REJECTED, true },
        { REASON_CHALLENGE_BINDING, true },
        { REASON_CHALLENGE_MISSING, false },
        { REASON_CHALLENGE_USED, false }, /* whoever knows it need not guess: a retry */
        { REASON_CHALLENGE_EXPIRED, false },
        { REASON_CHALLENGE_UNAVAILABLE, false },
        { REASON_CHALLENGES_THROTTLED, false },
        { REASON_UNIFORM_FAILURE, false },
        { REASON_POLICY_DENIED, false },
        { REASON_INTUNE_CHALLENGE_SHAPE, true },
        { REASON_INTUNE_CHALLENGE_UNREADABLE, true },
        { REASON_INTUNE_CHALLENGE_TIME, true },
        { REASON_INTUNE_CHALLENGE_IDS, true },
        { REASON_INTUNE_CHALLENGE_SIGNATURE, true },
        { REASON_INTUNE_SIGNER, true },
        { REASON_INTUNE_CHALLENGE_EXPIRED, false },
        { REASON_INTUNE_SUBJECT, false },
        { REASON_INTUNE_BUSY, false },
        { REASON_INTUNE_UNAVAILABLE, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;

        world_open(&w);
        w.vpn.rule.refused_per_minute = 1;
        refuse(&w.vpn, 1, cases[i].reason, 1);
        if ((ask(&w.vpn, 1).challenges_seconds != 0) != cases[i].guess
            || rate_reason_is_guess(cases[i].reason) != cases[i].guess) {
            fail_msg("%s", reason_id(cases[i].reason));
        }
        rate_limit_free(w.limit);
    }
}

/* While nothing is suspected uniform failures keep nobody waiting; then only who has sent them. */
static void unprocessable__while_guarded__senders_wait(void **state)
{
    struct world w;
    struct rate_subject other;

    (void)state;
    world_open(&w);
    other = subject(&w, "lab", "lab");
    refuse(&w.vpn, 1, REASON_UNIFORM_FAILURE, RATE_UNPROCESSABLE_PER_MINUTE);
    refuse(&other, 1, REASON_UNIFORM_FAILURE, RATE_UNPROCESSABLE_PER_MINUTE);
    refuse(&w.vpn, 2, REASON_UNIFORM_FAILURE, RATE_UNPROCESSABLE_PER_MINUTE - 1);
    passes(&w.vpn, 1, 1);
    rate_limit_guard(w.limit, "nobody", 3600);
    rate_limit_guard(w.limit, "ISSUING", 3600);
    assert_int_equal(ask(&w.vpn, 1).kind, RATE_UNPROCESSABLE);
    assert_int_equal(ask(&w.vpn, 1).seconds, 60);
    assert_int_equal(ask(&w.wifi, 1).kind, RATE_UNPROCESSABLE); /* the same RA key */
    passes(&other, 1, 1);                                       /* another CA's */
    passes(&w.vpn, 2, 1);
    passes(&w.vpn, 3, 1);
    w.now_us += MINUTE;
    passes(&w.vpn, 1, 1);
    refuse(&w.vpn, 1, REASON_UNIFORM_FAILURE, RATE_UNPROCESSABLE_PER_MINUTE);
    w.now_us += 3540 * SECOND - 1;
    refuse(&w.vpn, 1, REASON_UNIFORM_FAILURE, RATE_UNPROCESSABLE_PER_MINUTE);
    assert_int_equal(ask(&w.vpn, 1).kind, RATE_UNPROCESSABLE);
    w.now_us += 1;
    passes(&w.vpn, 1, 1); /* the guard is over */
    rate_limit_free(w.limit);
}

/* The counts are those of before, the numbers are new. */
static void reload__other_numbers__take_effect_at_once(void **state)
{
    struct world w;
    struct rate_subject again;

    (void)state;
    world_open(&w);
    w.vpn.rule.address_per_minute = 10;
    passes(&w.vpn, 1, 4);
    again = subject(&w, "VPN", "Issuing");
    assert_ptr_equal(again.template, w.vpn.template);
    assert_ptr_equal(again.ca, w.vpn.ca);
    again.rule.address_per_minute = 4;
    assert_int_equal(ask(&again, 1).kind, RATE_ADDRESS);
    again.rule.address_per_minute = 5;
    passes(&again, 1, 1);
    assert_int_equal(ask(&again, 1).kind, RATE_ADDRESS);
    again.rule.address_per_minute = 0;
    passes(&again, 1, 1);
    rate_limit_free(w.limit);
}

/*
 * More addresses than there are places: nobody new is kept out, and the one that guesses is not
 * forgotten.
 */
static void table__flooded__guesser_stays_and_others_pass(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    w.vpn.rule.address_per_minute = 3;
    w.vpn.rule.refused_per_minute = 3;
    passes(&w.vpn, 1, 3);
    refuse(&w.vpn, 1, REASON_CHALLENGE_REJECTED, 3);
    for (uint32_t i = 2; i < 40000; i++) {
        passes(&w.vpn, i, 1);
        refuse(&w.vpn, i, REASON_CHALLENGE_REJECTED, 1);
    }
    assert_int_equal(ask(&w.vpn, 1).kind, RATE_ADDRESS);
    w.vpn.rule.address_per_minute = 0;
    assert_true(ask(&w.vpn, 1).challenges_seconds > 0);
    rate_limit_free(w.limit);
}

static void words__each_limit__name_setting_and_address(void **state)
{
    static const struct {
        enum rate_kind kind;
        const char *words;
    } cases[] = {
        { RATE_ADDRESS, "7 messages of 10.0.0.1 within a minute (rate.address_per_minute)" },
        { RATE_TEMPLATE, "8 messages of all addresses within a minute (rate.per_minute)" },
        { RATE_UNPROCESSABLE, "5 messages of 10.0.0.1 within a minute could not be processed" },
    };
    struct rate_subject s = { .rule = { 7, 8, 9 } };
    struct ip_address a = v4(1);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rate_verdict verdict = { .kind = cases[i].kind, .seconds = 12 };
        struct error err = ERROR_INIT;

        assert_false(rate_verdict_check(&verdict, &s, &a, &err));
        assert_int_equal(err.reason, REASON_RATE_LIMITED);
        assert_int_equal(error_http_status(&err), 429);
        assert_non_null(strstr(err.detail, cases[i].words));
        assert_non_null(strstr(err.detail, "for 12 s"));
    }
    struct rate_verdict verdict = { .challenges_seconds = 12 };
    struct error err = ERROR_INIT;

    assert_false(rate_verdict_check_challenge(&verdict, &s, &a, &err));
    assert_int_equal(err.reason, REASON_CHALLENGES_THROTTLED);
    assert_int_equal(error_http_status(&err), 429);
    assert_non_null(strstr(err.detail, "9 challenges of 10.0.0.1 were refused"));
    assert_string_equal(
        reason_public_text(REASON_CHALLENGES_THROTTLED),
        reason_public_text(REASON_RATE_LIMITED)); /* which one is nobody's business */
}

struct runner {
    struct rate_subject subject;
    unsigned passed;
};

static void *run(void *context)
{
    struct runner *r = context;

    for (unsigned i = 0; i < THREAD_REQUESTS; i++) {
        struct ip_address a = v4(1);

        r->passed += rate_limit_request(&r->subject, &a).kind == RATE_NONE ? 1 : 0;
        rate_limit_result(&r->subject, &a, REASON_CHALLENGE_REJECTED);
    }
    return NULL;
}

static void threads__at_the_same_time__exactly_the_limit_passes(void **state)
{
    struct world w;
    struct runner runners[THREADS];
    pthread_t threads[THREADS];
    unsigned passed = 0;

    (void)state;
    world_open(&w);
    w.vpn.rule.address_per_minute = THREAD_REQUESTS + 17;
    for (unsigned i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){ .subject = w.vpn };
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        passed += runners[i].passed;
    }
    assert_int_equal(passed, THREAD_REQUESTS + 17);
    w.vpn.rule = (struct rate_rule){ .refused_per_minute = THREADS * THREAD_REQUESTS };
    assert_true(ask(&w.vpn, 1).challenges_seconds > 0); /* no refusal was lost */
    rate_limit_free(w.limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address__over_its_limit__waits_until_the_minute_is_over),
        cmocka_unit_test(address__ipv6__counts_by_its_64),
        cmocka_unit_test(all_together__over_their_limit__wait),
        cmocka_unit_test(limits__zero_or_no_table__let_everybody_pass),
        cmocka_unit_test(challenges__refused_too_often__of_this_address_and_template_alone),
        cmocka_unit_test(reasons__table__guesses_or_not),
        cmocka_unit_test(unprocessable__while_guarded__senders_wait),
        cmocka_unit_test(reload__other_numbers__take_effect_at_once),
        cmocka_unit_test(table__flooded__guesser_stays_and_others_pass),
        cmocka_unit_test(words__each_limit__name_setting_and_address),
        cmocka_unit_test(threads__at_the_same_time__exactly_the_limit_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
