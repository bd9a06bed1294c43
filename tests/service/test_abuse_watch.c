/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "service/abuse_watch.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)

struct world {
    struct test_folder folder;
    struct audit *audit;
    struct event_log *events;
    struct abuse_watch *watch;
    int64_t now_us;
    unsigned event_count;
    enum event_id event;
    char text[EVENT_TEXT_BYTES];
};

static void sink_write(void *context, const struct event_entry *entry)
{
    struct world *w = context;

    w->event_count++;
    w->event = entry->info->id;
    event_entry_text(entry, w->text, sizeof(w->text));
}

static int64_t world_now(void *context)
{
    return ((const struct world *)context)->now_us;
}

static void world_open(struct world *w, int64_t unprocessable, int64_t refused)
{
    struct audit_options audit = { .folder = w->folder.path, .file_mb = 1, .files = 1 };
    struct event_log_output output = { sink_write, world_now, w };
    struct abuse_watch_options options = { .now_us = world_now, .context = w };
    struct service_config config = { .alarm = { unprocessable, refused } };
    struct error err = ERROR_INIT;

    memset(w, 0, sizeof(*w));
    w->now_us = 7 * SECOND;
    test_folder_create(&w->folder);
    w->audit = audit_open(&audit, &err);
    assert_done(w->audit != NULL, &err, "audit");
    w->events = event_log_create_to(&output);
    assert_non_null(w->events);
    options.audit = w->audit;
    options.events = w->events;
    w->watch = abuse_watch_create(&options, &err);
    assert_done(w->watch != NULL, &err, "watch");
    abuse_watch_add(w->watch, ABUSE_REFUSED, "vpn");
    abuse_watch_add(w->watch, ABUSE_REFUSED, "wifi");
    abuse_watch_add(w->watch, ABUSE_REFUSED, "VPN"); /* is there already */
    abuse_watch_add(w->watch, ABUSE_UNPROCESSABLE, "issuing");
    abuse_watch_set(w->watch, &config);
}

static void world_close(struct world *w)
{
    abuse_watch_free(w->watch);
    event_log_free(w->events);
    audit_close(w->audit);
    test_folder_remove(&w->folder);
}

static void count_one(struct world *w, const char *template, enum reason reason,
                      enum rate_kind limited, const char *peer, unsigned times)
{
    struct error why = ERROR_INIT;
    struct error err = ERROR_INIT;
    struct ip_address address;
    struct abuse_fact fact = { .template_name = template,
                               .ca_name = "issuing",
                               .why = &why,
                               .limited = limited,
                               .peer = &address };

    error_set(&why, reason, "because of %s", peer);
    assert_done(ip_address_parse(bytes_of_text(peer), &address, &err), &err, peer);
    for (unsigned i = 0; i < times; i++) {
        abuse_watch_count(w->watch, &fact);
    }
}

static void guess(struct world *w, const char *peer, unsigned times)
{
    count_one(w, "vpn", REASON_CHALLENGE_REJECTED, RATE_NONE, peer, times);
}

struct gauge {
    enum abuse_kind kind;
    const char *name;
    struct abuse_series found;
    unsigned seen;
};

static void look(void *context, const struct abuse_series *series)
{
    struct gauge *g = context;

    if (series->kind == g->kind && strcmp(series->name, g->name) == 0) {
        g->found = *series;
        g->seen++;
    }
}

static struct abuse_series series(struct world *w, enum abuse_kind kind, const char *name)
{
    struct gauge g = { .kind = kind, .name = name };

    abuse_watch_each(w->watch, look, &g);
    assert_int_equal(g.seen, 1);
    return g.found;
}

static void refused__above_the_threshold__one_alarm_an_hour(void **state)
{
    struct world w;
    struct buffer audit = BUFFER_INIT(65536);

    (void)state;
    world_open(&w, 0, 10);
    guess(&w, "192.0.2.7", 6);
    guess(&w, "2001:db8::1", 2);
    guess(&w, "2001:db8::2", 1);
    guess(&w, "192.0.2.9", 1);
    assert_int_equal(w.event_count, 0); /* as many as allowed */
    assert_false(series(&w, ABUSE_REFUSED, "vpn").alarm);
    guess(&w, "192.0.2.7", 1);
    assert_int_equal(w.event_count, 1);
    assert_int_equal(w.event, EVENT_CHALLENGES_GUESSED);
    assert_non_null(strstr(w.text, "Template vpn: 11 refused challenges within an hour; most of "
                                   "them from 192.0.2.7 (7), 2001:db8::/64 (3), 192.0.2.9 (1)"));
    assert_true(series(&w, ABUSE_REFUSED, "vpn").alarm);
    assert_false(series(&w, ABUSE_REFUSED, "wifi").alarm);
    test_folder_read(&w.folder, "audit.jsonl", &audit);
    assert_non_null(strstr(buffer_text(&audit), "\"event\":\"alarm\",\"result\":\"raised\""));
    assert_non_null(strstr(buffer_text(&audit), "\"template\":\"vpn\""));
    assert_non_null(strstr(buffer_text(&audit), "\"target\":\"refused\""));
    assert_non_null(strstr(buffer_text(&audit), "192.0.2.7 (7)"));
    w.now_us += HOUR - SECOND;
    guess(&w, "192.0.2.7", 50);
    assert_int_equal(w.event_count, 1);
    w.now_us += SECOND; /* a new hour */
    guess(&w, "192.0.2.7", 10);
    assert_int_equal(w.event_count, 1);
    guess(&w, "192.0.2.7", 1);
    assert_int_equal(w.event_count, 2);
    w.now_us += HOUR;
    assert_false(series(&w, ABUSE_REFUSED, "vpn").alarm);
    buffer_clear(&audit);
    world_close(&w);
    abuse_watch_free(NULL);
}

/* Two hours that end and begin within seconds are no reason to say it twice. */
static void hours__next_to_each_other__told_once(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0, 10);
    guess(&w, "192.0.2.7", 1);
    w.now_us += HOUR - SECOND;
    guess(&w, "192.0.2.7", 10);
    assert_int_equal(w.event_count, 1);
    w.now_us += 2 * SECOND;
    guess(&w, "192.0.2.7", 100);
    assert_int_equal(w.event_count, 1);
    assert_true(series(&w, ABUSE_REFUSED, "vpn").alarm);
    w.now_us += HOUR - 3 * SECOND;
    guess(&w, "192.0.2.7", 1);
    assert_int_equal(w.event_count, 1);
    w.now_us += SECOND;
    guess(&w, "192.0.2.7", 1);
    assert_int_equal(w.event_count, 2);
    world_close(&w);
}

/* Who is sent away because of his guesses goes on guessing: the alarm hears of it. */
static void refused__sent_away_by_a_limit__counts_too(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0, 10);
    guess(&w, "192.0.2.7", 5);
    count_one(&w, "vpn", REASON_CHALLENGES_THROTTLED, RATE_CHALLENGES, "192.0.2.7", 6);
    assert_int_equal(w.event_count, 2); /* the limit, and the alarm */
    assert_int_equal(w.event, EVENT_CHALLENGES_GUESSED);
    assert_int_equal(series(&w, ABUSE_REFUSED, "vpn").limited[RATE_CHALLENGES], 6);
    world_close(&w);
}

static void unprocessable__above_the_threshold__guards_the_ra(void **state)
{
    struct world w;
    struct rate_subject subject = { .limit = NULL };
    struct error err = ERROR_INIT;
    struct ip_address prober = { false, { 192, 0, 2, 7 } };

    (void)state;
    world_open(&w, 20, 0);
    subject.limit = abuse_watch_rate(w.watch);
    subject.template = rate_limit_scope(subject.limit, RATE_SCOPE_TEMPLATE, "vpn", &err);
    subject.ca = rate_limit_scope(subject.limit, RATE_SCOPE_CA, "issuing", &err);
    for (unsigned i = 0; i < RATE_UNPROCESSABLE_PER_MINUTE; i++) {
        rate_limit_result(&subject, &prober, REASON_UNIFORM_FAILURE);
    }
    count_one(&w, "", REASON_UNIFORM_FAILURE, RATE_NONE, "192.0.2.7", 20);
    assert_int_equal(w.event_count, 0);
    assert_int_equal(rate_limit_request(&subject, &prober).kind, RATE_NONE);
    count_one(&w, "", REASON_UNIFORM_FAILURE, RATE_NONE, "192.0.2.8", 1);
    assert_int_equal(w.event_count, 1);
    assert_int_equal(w.event, EVENT_RA_PROBED);
    assert_non_null(strstr(w.text, "CA issuing: 21 messages that cannot be opened or proven within "
                                   "an hour; most of them from 192.0.2.7 (20), 192.0.2.8 (1)"));
    assert_true(series(&w, ABUSE_UNPROCESSABLE, "issuing").alarm);
    assert_int_equal(rate_limit_request(&subject, &prober).kind, RATE_UNPROCESSABLE);
    world_close(&w);
}

static void limit__met__told_once_an_hour_and_template(void **state)
{
    struct world w;
    struct abuse_series found;

    (void)state;
    world_open(&w, 1, 1);
    count_one(&w, "vpn", REASON_RATE_LIMITED, RATE_ADDRESS, "192.0.2.7", 3);
    count_one(&w, "vpn", REASON_RATE_LIMITED, RATE_TEMPLATE, "192.0.2.8", 2);
    assert_int_equal(w.event_count, 1);
    assert_int_equal(w.event, EVENT_RATE_LIMITED);
    assert_non_null(strstr(w.text, "Template vpn: because of 192.0.2.7"));
    count_one(&w, "wifi", REASON_RATE_LIMITED, RATE_ADDRESS, "192.0.2.7", 1);
    assert_int_equal(w.event_count, 2);
    w.now_us += HOUR;
    count_one(&w, "vpn", REASON_RATE_LIMITED, RATE_ADDRESS, "192.0.2.9", 1);
    assert_int_equal(w.event_count, 3);
    found = series(&w, ABUSE_REFUSED, "vpn");
    assert_int_equal(found.limited[RATE_ADDRESS], 4);
    assert_int_equal(found.limited[RATE_TEMPLATE], 2);
    assert_int_equal(found.limited[RATE_CHALLENGES], 0);
    world_close(&w);
}

static void others__reasons_names_and_zero__no_alarm(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 1, 0);
    guess(&w, "192.0.2.7", 1000); /* switched off */
    count_one(&w, "nobody", REASON_CHALLENGE_REJECTED, RATE_NONE, "192.0.2.7", 10);
    count_one(&w, "", REASON_NOT_CMS, RATE_NONE, "192.0.2.7", 10);
    count_one(&w, "vpn", REASON_CHALLENGE_USED, RATE_NONE, "192.0.2.7", 10);
    count_one(&w, "vpn", REASON_POLICY_DENIED, RATE_NONE, "192.0.2.7", 10);
    assert_int_equal(w.event_count, 0);
    world_close(&w);
}

/* Thousands of addresses, and the one that sends a tenth of all is named all the same. */
static void senders__many__the_busiest_is_named(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0, 3000);
    for (unsigned i = 0; i < 3001; i++) {
        char peer[IP_TEXT_MAX];

        (void)snprintf(peer, sizeof(peer), "10.0.%u.%u", i / 200, i % 200);
        guess(&w, i % 10 == 0 ? "192.0.2.7" : peer, 1);
    }
    assert_int_equal(w.event_count, 1);
    assert_non_null(strstr(w.text, "most of them from 192.0.2.7 ("));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused__above_the_threshold__one_alarm_an_hour),
        cmocka_unit_test(hours__next_to_each_other__told_once),
        cmocka_unit_test(refused__sent_away_by_a_limit__counts_too),
        cmocka_unit_test(unprocessable__above_the_threshold__guards_the_ra),
        cmocka_unit_test(limit__met__told_once_an_hour_and_template),
        cmocka_unit_test(others__reasons_names_and_zero__no_alarm),
        cmocka_unit_test(senders__many__the_busiest_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
