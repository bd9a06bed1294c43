/* SPDX-License-Identifier: Apache-2.0 */
/* RAs that are replaced by themselves. */
#include "ca/ra_fixture.h"

#include <string.h>

#include "model/certificate.h"
#include "platform/clock.h"

static void roll(const struct ra_world *w, int64_t renew_days, bool due, const char *name)
{
    const struct ra_roll_options options = { w->folder.path, "issuing",  renew_days, 30,
                                             clock_now(),    clock_now() };
    struct ra_roll_result result;
    struct error err = ERROR_INIT;

    assert_done(ra_roll_run(&options, &result, &err), &err, name);
    if (result.replaced[RA_GENERATION_SINGLE] != due
        || result.replaced[RA_GENERATION_PAIR] != due) {
        fail_msg("%s: %s", name, due ? "not replaced" : "replaced");
    }
    assert_int_equal(result.change.kept, due ? 2 : 0);
}

static void roll__near_the_end__by_one_like_it_and_once(void **state)
{
    struct ra_world *w = *state;
    struct error err = ERROR_INIT;
    struct generation old;
    struct generation new;

    w->options = fixture_options(&w->folder);
    w->options.ra_bits = 3072;
    w->options.ra_validity_days = 300;
    assert_done(ca_files_create(&w->options, &err), &err, "create");
    old = generation_current(w);
    roll(w, 30, false, "new");
    ra_fixture_later = 269 * DAY;
    roll(w, 30, false, "31 days before");
    ra_fixture_later = 271 * DAY;
    roll(w, 0, false, "switched off");
    roll(w, 30, true, "29 days before");
    new = generation_current(w);
    roll(w, 30, false, "again");
    for (size_t i = 0; i < RA_CERT_ROLES; i++) {
        struct certificate_info before;
        struct certificate_info after;

        assert_true(certificate_info(old.cert[i], &before, &err)
                    && certificate_info(new.cert[i], &after, &err));
        assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(new.cert[i])), 3072);
        assert_in_range(after.not_after - before.not_after, 271 * DAY - 60, 271 * DAY + 60);
        assert_in_range(after.not_after - after.not_before - (before.not_after - before.not_before),
                        0, 1);
    }
    assert_world_serves(w, &old, "old");
    assert_world_serves(w, &new, "new");
    generation_clear(&old);
    generation_clear(&new);
}

/* An administrator has let it end; the service replaces it when it is there again. */
static void roll__ended_already__replaced(void **state)
{
    struct ra_world *w = ra_world_open(state);

    ra_fixture_later = 800 * DAY;
    roll(w, 30, true, "ended");
}

/* A clock that is far ahead for some hours must cost no device its RA, and nobody the service. */
static void roll__clock_ahead_and_put_right__old_one_is_there_and_new_one_valid(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct generation old = generation_current(w);

    ra_fixture_later = 900 * DAY;
    roll(w, 30, true, "the clock is ahead");
    ra_fixture_later = 900 * DAY + 7200;
    roll(w, 30, false, "two hours later");
    ra_fixture_later = 7200;
    roll(w, 30, true, "the clock is right again");
    roll(w, 30, false, "and once");
    assert_world_serves(w, &old, "old");
    generation_clear(&old);
}

/* One that was replaced after its end goes on for as long as one that was replaced in time. */
static void roll__replaced_late__former_one_has_its_time(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct generation old = generation_current(w);
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    ra_fixture_later = 900 * DAY;
    roll(w, 30, true, "late");
    ra_fixture_later = 928 * DAY; /* it begins a day before it was made */
    roll(w, 30, false, "28 days later");
    ca = ra_world_ca(w, 30, &builtin);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, "RAs");
    assert_serves(ras, &old, "old");
    ra_set_unref(ras);
    assert_in_range(ca_builtin_ra_sets(builtin)->kept_until, clock_now() + DAY - 60,
                    clock_now() + DAY + 60);
    ca_free(ca);
    ra_fixture_later = 931 * DAY;
    roll(w, 30, false, "31 days later");
    ca = ra_world_ca(w, 30, &builtin);
    assert_int_equal(ca_builtin_ra_sets(builtin)->former_count, 0);
    ca_free(ca);
    generation_clear(&old);
}

/* What would end no later is not made, every hour, for ever. */
static void roll__ends_with_its_ca__left_alone(void **state)
{
    struct ra_world *w = *state;
    struct error err = ERROR_INIT;

    w->options = fixture_options(&w->folder);
    w->options.validity_days = 100;
    assert_done(ca_files_create(&w->options, &err), &err, "create");
    for (int64_t day = 71; day < 110; day += 9) {
        ra_fixture_later = day * DAY;
        roll(w, 30, false, "ends with its CA");
    }
}

static void roll__waiting_or_broken_ca__left_alone(void **state)
{
    struct ra_world *w = ra_world_open(state);
    const struct ra_roll_options options = { w->folder.path, "absent",   30, 30,
                                             clock_now(),    clock_now() };
    struct ra_roll_result result;
    struct error err = ERROR_INIT;

    assert_done(ra_roll_run(&options, &result, &err), &err, "absent");
    sample_write(&w->folder, "ca/issuing/ca.key", "garbage", 7);
    ra_fixture_later = 720 * DAY;
    roll(w, 30, false, "broken");
}

static void roll__somebody_else_at_work__told_and_nothing_done(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct error err = ERROR_INIT;
    struct generation old = generation_current(w);
    struct ra_roll_result result;
    struct ca_folder other;

    assert_done(ca_folder_open(&other, w->folder.path, "issuing", &err)
                    && ca_folder_lock(&other, &err),
                &err, "lock");
    const struct ra_roll_options early = { w->folder.path, "issuing",  30, 30,
                                           clock_now(),    clock_now() };
    assert_done(ra_roll_run(&early, &result, &err), &err, "nothing due: the lock is not asked for");
    ra_fixture_later = 720 * DAY;
    const struct ra_roll_options due = {
        w->folder.path, "issuing", 30, 30, clock_now(), clock_now()
    };
    assert_refusal(ra_roll_run(&due, &result, &err), &err, REASON_DATA_FOLDER_IN_USE, "due");
    assert_world_serves(w, &old, "old");
    ca_folder_close(&other);
    roll(w, 30, true, "free");
    generation_clear(&old);
}

static void fate__each_case__as_told(void **state)
{
    static const struct {
        const char *name;
        int64_t life, ca_end; /* days from now */
        bool in_store;
        int64_t renew_days;
        enum ra_roll_fate fate;
        int64_t margin; /* hours */
    } cases[] = {
        { "as made", 730, 3650, false, 30, RA_ROLL_BY_ITSELF, 30 * 24 },
        { "off", 730, 3650, false, 0, RA_ROLL_OFF, 0 },
        { "in the store", 730, 3650, true, 30, RA_ROLL_OUT_OF_STORE, 30 * 24 },
        { "ends with its CA", 730, 730, false, 30, RA_ROLL_CA_ENDS, 30 * 24 },
        { "CA ends an hour later", 30, 30, false, 30, RA_ROLL_CA_ENDS, 10 * 24 + 8 },
        { "CA ends two days later", 728, 730, false, 30, RA_ROLL_BY_ITSELF, 30 * 24 },
        { "short-lived", 20, 3650, false, 30, RA_ROLL_BY_ITSELF, 7 * 24 },
        { "of one day", 1, 3650, false, 30, RA_ROLL_BY_ITSELF, 16 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t now = clock_now();
        const struct ra_roll_life life = { now - DAY, now + cases[i].life * DAY,
                                           cases[i].in_store };
        int64_t margin = -1;
        enum ra_roll_fate fate =
            ra_roll_fate(&life, now + cases[i].ca_end * DAY, cases[i].renew_days, now, &margin);

        if (fate != cases[i].fate || margin != cases[i].margin * 3600) {
            fail_msg("%s: %d, %lld hours", cases[i].name, (int)fate, (long long)(margin / 3600));
        }
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, ra_world_set_up, ra_world_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(roll__near_the_end__by_one_like_it_and_once),
        CASE(roll__ended_already__replaced),
        CASE(roll__clock_ahead_and_put_right__old_one_is_there_and_new_one_valid),
        CASE(roll__replaced_late__former_one_has_its_time),
        CASE(roll__ends_with_its_ca__left_alone),
        CASE(roll__waiting_or_broken_ca__left_alone),
        CASE(roll__somebody_else_at_work__told_and_nothing_done),
        CASE(fate__each_case__as_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
