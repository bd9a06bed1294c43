/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/text.h"
#include "service/ca_ends.h"
#include "service/end_watch.h"

#define DAY END_DAY_SECONDS
#define NOW INT64_C(1800000000)

static void stage__each_distance__as_in_the_table(void **state)
{
    static const struct {
        int64_t left, within;
        enum end_stage stage;
    } cases[] = {
        { 61 * DAY, 0, END_FAR },
        { 60 * DAY, 0, END_FAR },
        { 60 * DAY - 1, 0, END_SOON },
        { 30 * DAY, 0, END_SOON },
        { 30 * DAY - 1, 0, END_NEAR },
        { 7 * DAY, 0, END_NEAR },
        { 7 * DAY - 1, 0, END_URGENT },
        { 0, 0, END_URGENT },
        { -1, 0, END_PAST },
        /* renewed by itself until then */
        { 59 * DAY, 29 * DAY, END_FAR },
        { 29 * DAY, 29 * DAY, END_FAR },
        { 29 * DAY - 1, 29 * DAY, END_NEAR },
        { 6 * DAY, 29 * DAY, END_URGENT },
        { 3 * DAY, 2 * DAY, END_FAR },
        { -1, 2 * DAY, END_PAST },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (end_stage(NOW + cases[i].left, cases[i].within, NOW) != cases[i].stage) {
            fail_msg("%lld seconds left", (long long)cases[i].left);
        }
    }
}

/* ---- what is told, where --------------------------------------------------------------------- */

struct world {
    struct test_folder folder;
    struct log *log;
    struct audit *audit;
    struct event_log *events;
    struct end_watch watch;
    enum event_id event; /* the last */
    char text[EVENT_SUBJECT_BYTES];
    unsigned entries;
};

static void write_entry(void *context, const struct event_entry *entry)
{
    struct world *w = context;

    w->event = entry->info->id;
    w->entries++;
    assert_true(text_copy(w->text, sizeof(w->text), entry->subject));
}

static int64_t no_time(void *context)
{
    (void)context;
    return 1;
}

static int set_up(void **state)
{
    static struct world w;
    struct error err = ERROR_INIT;

    w = (struct world){ .entries = 0 };
    test_folder_create(&w.folder);
    const struct log_options log = { .folder = w.folder.path,
                                     .file_name = "log",
                                     .level = LOG_LEVEL_DEBUG,
                                     .file_mb = 1,
                                     .files = 1 };
    const struct audit_options audit = { .folder = w.folder.path, .file_mb = 1, .files = 1 };
    const struct event_log_output output = { write_entry, no_time, &w };

    w.log = log_open(&log, &err);
    assert_done(w.log != NULL, &err, "log");
    w.audit = audit_open(&audit, &err);
    assert_done(w.audit != NULL, &err, "audit");
    w.events = event_log_create_to(&output);
    assert_non_null(w.events);
    end_watch_init(&w.watch, w.log, w.audit, w.events);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    end_watch_clear(&w->watch);
    end_watch_clear(NULL);
    event_log_free(w->events);
    audit_close(w->audit);
    log_close(w->log);
    test_folder_remove(&w->folder);
    return 0;
}

static struct end_thing ra_thing(const char *name, int64_t ends_at)
{
    return (struct end_thing){ END_KIND_RA, name, "5c1e", ends_at, 0, NULL };
}

static bool look(struct world *w, const struct end_thing *thing, int64_t now)
{
    end_watch_round(&w->watch);
    return end_watch_note(&w->watch, thing, now);
}

/* A life of looks, once a minute in life and here at the moments that count. */
static void note__as_time_goes_on__once_at_each_threshold_then_daily(void **state)
{
    static const struct {
        int64_t left;
        bool told;
    } cases[] = {
        { 100 * DAY, false },
        { 59 * DAY, true },
        { 59 * DAY - 60, false },
        { 45 * DAY, false },
        { 30 * DAY, false },
        { 30 * DAY - 1, true },
        { 29 * DAY, false },
        { 8 * DAY, false },
        { 7 * DAY - 60, true },
        { 6 * DAY, false },
        { 6 * DAY - 60, true },
        { 5 * DAY - 30, false },
        { 5 * DAY - 60, true },
        { 0, true },
        { -1, true },
        { -DAY, false },
        { -DAY - 1, true },
        { -2 * DAY - 2, true },
    };
    struct world *w = *state;
    const struct end_thing thing = ra_thing("default", NOW);
    unsigned told = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (look(w, &thing, NOW - cases[i].left) != cases[i].told) {
            fail_msg("%lld seconds left", (long long)cases[i].left);
        }
        told += cases[i].told ? 1 : 0;
        assert_int_equal(w->entries, told);
    }
}

static void note__several_things__each_by_itself(void **state)
{
    struct world *w = *state;
    const struct end_thing a = ra_thing("a", NOW + 20 * DAY);
    const struct end_thing b = ra_thing("b", NOW + 20 * DAY);
    const struct end_thing ca = { END_KIND_CA, "a", "01", NOW + 20 * DAY, 0, NULL };
    const struct end_thing renewed = ra_thing("a", NOW + 25 * DAY);

    assert_true(look(w, &a, NOW));
    assert_true(end_watch_note(&w->watch, &b, NOW));
    assert_true(end_watch_note(&w->watch, &ca, NOW));
    assert_false(look(w, &a, NOW + 60));
    assert_false(end_watch_note(&w->watch, &b, NOW + 60));
    /* another certificate; and one that went and came again */
    assert_true(look(w, &renewed, NOW + 120));
    end_watch_round(&w->watch);
    end_watch_round(&w->watch);
    assert_int_equal(w->watch.told_count, 0);
    assert_true(look(w, &renewed, NOW + 240));
}

/* A reload or a clock that is put back makes nothing new of it. */
static void note__clock_put_back__no_flood(void **state)
{
    struct world *w = *state;
    const struct end_thing thing = ra_thing("a", NOW + 6 * DAY);

    assert_true(look(w, &thing, NOW));
    assert_true(look(w, &thing, NOW - 3600));
    assert_false(look(w, &thing, NOW - 3599));
}

static void assert_file_has(struct world *w, const char *file, const char *text)
{
    struct buffer content = BUFFER_INIT(1u << 20);

    test_folder_read(&w->folder, file, &content);
    if (strstr(buffer_text(&content), text) == NULL) {
        fail_msg("%s lacks \"%s\": %s", file, text, buffer_text(&content));
    }
    buffer_clear(&content);
}

static void tell__each_place__says_what_and_from_seven_days_on_what_to_do(void **state)
{
    struct world *w = *state;
    struct end_thing thing = ra_thing("corp", NOW + 8 * DAY);

    assert_true(look(w, &thing, NOW));
    assert_int_equal(w->event, EVENT_CA_ENDS);
    assert_string_equal(w->text, "RA of CA corp ends on 2027-01-23T08:00:00Z (8 days)");
    assert_true(look(w, &thing, NOW + 2 * DAY));
    assert_string_equal(w->text, "RA of CA corp ends on 2027-01-23T08:00:00Z (6 days); make a new "
                                 "one: openndes ca renew-ra corp");
    assert_file_has(w, "log", "openndes ca renew-ra corp");
    assert_file_has(w, "audit.jsonl", "\"event\":\"end-warning\"");
    assert_file_has(w, "audit.jsonl", "\"serial\":\"5c1e\"");
    assert_file_has(w, "audit.jsonl", "\"not_after\":\"2027-01-23T08:00:00Z\"");
    thing.remedy = "do # thus";
    assert_true(look(w, &thing, NOW + 9 * DAY));
    assert_string_equal(w->text, "RA of CA corp has ended on 2027-01-23T08:00:00Z; do corp thus");
    const struct end_thing credential = { END_KIND_CREDENTIAL, "", "", NOW + 3 * DAY, 0, NULL };
    assert_true(look(w, &credential, NOW));
    assert_int_equal(w->event, EVENT_CREDENTIAL_ENDS);
    assert_non_null(strstr(w->text, "Entra ends on 2027-01-18"));
    assert_non_null(strstr(w->text, "openndes intune secret"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage__each_distance__as_in_the_table),
        CASE(note__as_time_goes_on__once_at_each_threshold_then_daily),
        CASE(note__several_things__each_by_itself),
        CASE(note__clock_put_back__no_flood),
        CASE(tell__each_place__says_what_and_from_seven_days_on_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
