/* SPDX-License-Identifier: Apache-2.0 */
/* RAs while a service runs: replaced without a restart, told of, warned of when they cannot be. */
#include "service/ca_world.h"

#include <string.h>

#include "ca/ca_folder.h"
#include "ca/ra_sets.h"
#include "platform/clock.h"
#include "service/ca_ends.h"
#include "service/ra_watch.h"

static int set_up(void **state)
{
    int failed = ca_world_begin(state);

    ca_world_add_ca(*state, NULL, 0);
    ca_world_load(*state);
    return failed;
}

static bool run(struct ca_world *w)
{
    const struct ra_watch watch = { w->folder.path, w->log, w->audit, w->events, w->store };

    return ra_watch_run(&watch, w->runtime, clock_now());
}

static bool file_has(const struct ca_world *w, const char *file, const char *text)
{
    struct buffer content = BUFFER_INIT(1u << 20);
    bool has;

    test_folder_read(&w->folder, file, &content);
    has = strstr(buffer_text(&content), text) != NULL;
    buffer_clear(&content);
    return has;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void run__near_the_end__replaced_told_and_noticed(void **state)
{
    struct ca_world *w = *state;
    X509 *old = fixture_certificate(&w->folder, "ra.crt");
    struct ca_builtin *ca = NULL;

    assert_false(run(w));
    ca_world_ahead(690 * DAY);
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
    ca_world_ahead(701 * DAY);
    assert_true(run(w));
    assert_int_equal(w->replacements, 2); /* the single one and the pair */
    assert_true(file_has(w, "audit.jsonl", "\"event\":\"ca-renew-ra\""));
    assert_true(file_has(w, "audit.jsonl", "\"actor\":\"service\""));
    assert_true(file_has(w, "log", "goes on for devices that have it"));
    assert_true(runtime_stale(w->runtime, w->folder.path));
    ca_world_load(w);
    ca = runtime_ca_find(w->runtime, "issuing");
    assert_int_not_equal(X509_cmp(ca_builtin_ra_certificate(ca), old), 0);
    assert_int_equal(ca_builtin_ra_sets(ca)->former_count, 2);
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
    /* 30 days is the default of ra.keep_days, behind its end */
    ca_world_ahead(761 * DAY);
    assert_true(runtime_stale(w->runtime, w->folder.path));
    ca_world_load(w);
    assert_int_equal(ca_builtin_ra_sets(runtime_ca_find(w->runtime, "issuing"))->former_count, 0);
    assert_false(runtime_stale(w->runtime, w->folder.path));
    assert_true(run(w));
    assert_false(fixture_has(&w->folder, "ra.1.key"));
    X509_free(old);
}

/*
 * Ten years ahead, the CA has ended and nothing is replaced; by that clock the former RA has had
 * its time. It is out of use, but not gone, and in use again when the clock is right.
 */
static void ended__clock_leaps__former_ones_are_there_again(void **state)
{
    struct ca_world *w = *state;

    ca_world_ahead(701 * DAY);
    assert_true(run(w));
    ca_world_load(w);
    ca_world_leap(4400 * DAY);
    assert_true(runtime_stale(w->runtime, w->folder.path));
    ca_world_load(w);
    assert_int_equal(ca_builtin_ra_sets(runtime_ca_find(w->runtime, "issuing"))->former_count, 0);
    assert_false(run(w));
    assert_true(fixture_has(&w->folder, "ra.1.key"));
    ca_world_ahead(702 * DAY);
    assert_true(runtime_stale(w->runtime, w->folder.path));
    ca_world_load(w);
    assert_int_equal(ca_builtin_ra_sets(runtime_ca_find(w->runtime, "issuing"))->former_count, 2);
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

/* Its files are broken while a former RA has its time: read once, not every second. */
static void ended__files_broken__old_form_goes_on_without_another_look(void **state)
{
    struct ca_world *w = *state;

    ca_world_ahead(701 * DAY);
    assert_true(run(w));
    ca_world_load(w);
    sample_write(&w->folder, "ca/issuing/ca.key", "garbage", 7);
    ca_world_ahead(761 * DAY);
    assert_true(runtime_stale(w->runtime, w->folder.path));
    ca_world_load(w);
    assert_non_null(runtime_ca_find(w->runtime, "issuing"));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

/* Somebody is at it: nothing is lost, and the next time it works. */
static void run__locked__tried_again(void **state)
{
    struct ca_world *w = *state;
    struct ca_folder other;
    struct error err = ERROR_INIT;

    ca_world_ahead(720 * DAY);
    assert_done(ca_folder_open(&other, w->folder.path, "issuing", &err)
                    && ca_folder_lock(&other, &err),
                &err, "lock");
    assert_false(run(w));
    assert_int_equal(w->replacements, 0);
    assert_true(file_has(w, "log", "tried again"));
    ca_folder_close(&other);
    assert_true(run(w));
    assert_int_equal(w->replacements, 2);
}

struct stages {
    enum end_stage stage[END_KINDS];
    char remedy[END_KINDS][END_TEXT_MAX];
    size_t count;
};

static bool note(void *context, const struct end_thing *thing, struct error *err)
{
    struct stages *s = context;

    (void)err;
    s->stage[thing->kind] = end_stage(thing->ends_at, thing->within, clock_now());
    end_thing_remedy(thing, s->remedy[thing->kind], END_TEXT_MAX);
    s->count++;
    return true;
}

static void look(const struct ca_world *w, int64_t renew_days, struct stages *out)
{
    struct error err = ERROR_INIT;

    *out = (struct stages){ .count = 0 };
    assert_done(ca_ends(runtime_ca_find(w->runtime, "issuing"), "issuing", renew_days, clock_now(),
                        note, out, &err),
                &err, "ends");
}

/* What is replaced by itself is told of when it was not; the rest from 60 days on. */
static void ends__of_a_ca__each_with_its_remedy(void **state)
{
    static const struct {
        int64_t day, renew_days;
        enum end_stage ra, ca;
    } cases[] = {
        { 1, 30, END_FAR, END_FAR },        { 680, 30, END_FAR, END_FAR },
        { 680, 0, END_SOON, END_FAR },      { 700, 30, END_FAR, END_FAR },
        { 702, 30, END_NEAR, END_FAR },     { 725, 30, END_URGENT, END_FAR },
        { 731, 30, END_PAST, END_FAR },     { 3600, 30, END_PAST, END_SOON },
        { 3645, 30, END_PAST, END_URGENT }, { 3651, 30, END_PAST, END_PAST },
    };
    struct ca_world *w = *state;
    struct stages s;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ca_world_ahead(cases[i].day * DAY);
        look(w, cases[i].renew_days, &s);
        assert_int_equal(s.count, 4);
        if (s.stage[END_KIND_CA] != cases[i].ca || s.stage[END_KIND_RA] != cases[i].ra
            || s.stage[END_KIND_RA_ENC] != cases[i].ra
            || s.stage[END_KIND_RA_SIGN] != cases[i].ra) {
            fail_msg("day %lld, %lld: CA %d, RA %d", (long long)cases[i].day,
                     (long long)cases[i].renew_days, (int)s.stage[END_KIND_CA],
                     (int)s.stage[END_KIND_RA]);
        }
    }
    assert_non_null(strstr(s.remedy[END_KIND_CA], "openndes ca install issuing --cert"));
    ca_world_ahead(700 * DAY);
    look(w, 30, &s);
    assert_string_equal(s.remedy[END_KIND_RA], "make a new one: openndes ca renew-ra issuing");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, ca_world_end)
    const struct CMUnitTest tests[] = {
        CASE(run__near_the_end__replaced_told_and_noticed),
        CASE(ended__clock_leaps__former_ones_are_there_again),
        CASE(ended__files_broken__old_form_goes_on_without_another_look),
        CASE(run__locked__tried_again),
        CASE(ends__of_a_ca__each_with_its_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
