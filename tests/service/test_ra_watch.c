/* SPDX-License-Identifier: Apache-2.0 */
/* RAs while a service runs: replaced without a restart, told of, warned of when they cannot be. */
#include "ca/ca_fixture.h"

#include <string.h>

#include "ca/ca_folder.h"
#include "ca/ra_sets.h"
#include "platform/clock.h"
#include "service/ca_ends.h"
#include "service/data_folder.h"
#include "service/ra_watch.h"

/* ---- time, by the linker --------------------------------------------------------------------- */

static int64_t later;  /* the wall clock's */
static bool is_wrong;  /* it leaps; else so much time has really passed */
static int64_t passed; /* the other clock's */

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
    return __real_clock_now() + later;
}

int64_t __real_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void);

int64_t __wrap_clock_monotonic_us(void)
{
    if (!is_wrong && later > passed) {
        passed = later;
    }
    return __real_clock_monotonic_us() + passed * 1000000;
}

/* ---- a service without its sockets ----------------------------------------------------------- */

struct world {
    struct test_folder folder;
    struct store *store;
    struct log *log;
    struct audit *audit;
    struct event_log *events;
    unsigned replaced; /* entries 122 */
    struct runtime *runtime;
};

static void count_entry(void *context, const struct event_entry *entry)
{
    struct world *w = context;

    w->replaced += entry->info->id == EVENT_RA_REPLACED ? 1 : 0;
}

static int64_t no_time(void *context)
{
    (void)context;
    return 1;
}

static void load(struct world *w)
{
    struct runtime_options options = {
        .data_folder = w->folder.path, .store = w->store, .log = w->log, .events = w->events
    };
    struct runtime *old = w->runtime;
    struct error err = ERROR_INIT;

    w->runtime = runtime_load(&options, old, &err);
    assert_done(w->runtime != NULL, &err, "runtime");
    runtime_unref(old);
}

static int set_up(void **state)
{
    static struct world w;
    struct error err = ERROR_INIT;

    later = passed = 0;
    is_wrong = false;
    w = (struct world){ .replaced = 0 };
    test_folder_create(&w.folder);
    const struct event_log_output output = { count_entry, no_time, &w };
    const struct log_options log = { .folder = w.folder.path,
                                     .file_name = "log",
                                     .level = LOG_LEVEL_DEBUG,
                                     .file_mb = 1,
                                     .files = 1 };
    const struct audit_options audit = { .folder = w.folder.path, .file_mb = 1, .files = 1 };

    assert_done(data_folder_create(w.folder.path, &err), &err, "folder");
    test_folder_write(&w.folder, "openndes.json", "{}\n");
    w.store = data_store_open(w.folder.path, 1, &err);
    assert_done(w.store != NULL, &err, "store");
    w.log = log_open(&log, &err);
    w.audit = audit_open(&audit, &err);
    w.events = event_log_create_to(&output);
    assert_true(w.log != NULL && w.audit != NULL && w.events != NULL);
    struct ca_new_options options = fixture_options(&w.folder);
    assert_done(ca_files_create(&options, &err), &err, "CA");
    load(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    runtime_unref(w->runtime);
    event_log_free(w->events);
    audit_close(w->audit);
    log_close(w->log);
    store_close(w->store);
    test_folder_remove(&w->folder);
    return 0;
}

static bool run(struct world *w)
{
    const struct ra_watch watch = { w->folder.path, w->log, w->audit, w->events, w->store };

    return ra_watch_run(&watch, w->runtime, clock_now());
}

static bool file_has(const struct world *w, const char *file, const char *text)
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
    struct world *w = *state;
    X509 *old = fixture_certificate(&w->folder, "ra.crt");
    struct ca_builtin *ca = NULL;

    assert_false(run(w));
    later = 690 * DAY;
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
    later = 701 * DAY;
    assert_true(run(w));
    assert_int_equal(w->replaced, 2); /* the single one and the pair */
    assert_true(file_has(w, "audit.jsonl", "\"event\":\"ca-renew-ra\""));
    assert_true(file_has(w, "audit.jsonl", "\"actor\":\"service\""));
    assert_true(file_has(w, "log", "goes on for devices that have it"));
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    ca = runtime_ca_find(w->runtime, "issuing");
    assert_int_not_equal(X509_cmp(ca_builtin_ra_certificate(ca), old), 0);
    assert_int_equal(ca_builtin_ra_sets(ca)->former_count, 2);
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
    /* 30 days is the default of ra.keep_days, behind its end */
    later = 761 * DAY;
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
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
    struct world *w = *state;

    later = 701 * DAY;
    assert_true(run(w));
    load(w);
    is_wrong = true;
    later = 4400 * DAY;
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    assert_int_equal(ca_builtin_ra_sets(runtime_ca_find(w->runtime, "issuing"))->former_count, 0);
    assert_false(run(w));
    assert_true(fixture_has(&w->folder, "ra.1.key"));
    later = 702 * DAY;
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    assert_int_equal(ca_builtin_ra_sets(runtime_ca_find(w->runtime, "issuing"))->former_count, 2);
    assert_false(run(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

/* Its files are broken while a former RA has its time: read once, not every second. */
static void ended__files_broken__old_form_goes_on_without_another_look(void **state)
{
    struct world *w = *state;

    later = 701 * DAY;
    assert_true(run(w));
    load(w);
    sample_write(&w->folder, "ca/issuing/ca.key", "garbage", 7);
    later = 761 * DAY;
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    assert_non_null(runtime_ca_find(w->runtime, "issuing"));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

/* Somebody is at it: nothing is lost, and the next time it works. */
static void run__locked__tried_again(void **state)
{
    struct world *w = *state;
    struct ca_folder other;
    struct error err = ERROR_INIT;

    later = 720 * DAY;
    assert_done(ca_folder_open(&other, w->folder.path, "issuing", &err)
                    && ca_folder_lock(&other, &err),
                &err, "lock");
    assert_false(run(w));
    assert_int_equal(w->replaced, 0);
    assert_true(file_has(w, "log", "tried again"));
    ca_folder_close(&other);
    assert_true(run(w));
    assert_int_equal(w->replaced, 2);
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

static void look(const struct world *w, int64_t renew_days, struct stages *out)
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
    struct world *w = *state;
    struct stages s;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        later = cases[i].day * DAY;
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
    later = 700 * DAY;
    look(w, 30, &s);
    assert_string_equal(s.remedy[END_KIND_RA], "make a new one: openndes ca renew-ra issuing");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(run__near_the_end__replaced_told_and_noticed),
        CASE(ended__clock_leaps__former_ones_are_there_again),
        CASE(ended__files_broken__old_form_goes_on_without_another_look),
        CASE(run__locked__tried_again),
        CASE(ends__of_a_ca__each_with_its_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
