/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/threads.h"
#include "service/event_log.h"

#define SECOND_US (1000 * 1000)
#define ENTRIES_MAX 256

/* What was written, and the clock. */
struct sink {
    pthread_mutex_t mutex;
    int64_t now_us;
    size_t count;
    struct event_entry entries[ENTRIES_MAX];
};

static void sink_write(void *context, const struct event_entry *entry)
{
    struct sink *sink = context;

    (void)pthread_mutex_lock(&sink->mutex);
    if (sink->count < ENTRIES_MAX) {
        sink->entries[sink->count] = *entry;
    }
    sink->count++;
    (void)pthread_mutex_unlock(&sink->mutex);
}

static int64_t sink_now(void *context)
{
    const struct sink *sink = context;

    return sink->now_us;
}

static struct sink sink;

static struct event_log *create(void)
{
    struct event_log_output output = { sink_write, sink_now, &sink };
    struct event_log *log;

    memset(&sink, 0, sizeof(sink));
    assert_int_equal(pthread_mutex_init(&sink.mutex, NULL), 0);
    sink.now_us = INT64_C(1) << 40;
    log = event_log_create_to(&output);
    assert_non_null(log);
    return log;
}

static void destroy(struct event_log *log)
{
    event_log_free(log);
    (void)pthread_mutex_destroy(&sink.mutex);
}

static void report(struct event_log *log, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        event_log_report(log, EVENT_PASSWORD_REFUSED, "refused");
    }
}

static void assert_entry(size_t index, enum event_id id, const char *subject, uint64_t more)
{
    assert_true(index < sink.count && index < ENTRIES_MAX);
    assert_int_equal(sink.entries[index].info->id, id);
    assert_string_equal(sink.entries[index].subject, subject);
    assert_int_equal(sink.entries[index].more, more);
}

static void report__within_the_limit__writes_each(void **state)
{
    struct event_log *log = create();

    (void)state;
    report(log, EVENT_LOG_PER_MINUTE);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE);
    sink.now_us += 61 * SECOND_US;
    event_log_tick(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE); /* nothing was held back */
    destroy(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE);
}

static void report__over_the_limit__is_told_with_the_next_entry(void **state)
{
    struct event_log *log = create();

    (void)state;
    report(log, EVENT_LOG_PER_MINUTE + 1000);
    sink.now_us += 60 * SECOND_US - 1;
    report(log, 4);
    event_log_report(log, EVENT_PASSWORD_REFUSED, "the last");
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE);
    sink.now_us += 1;
    report(log, 1);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE + 2);
    assert_entry(EVENT_LOG_PER_MINUTE, EVENT_PASSWORD_REFUSED, "the last", 1004);
    assert_entry(EVENT_LOG_PER_MINUTE + 1, EVENT_PASSWORD_REFUSED, "refused", 0);
    report(log, EVENT_LOG_PER_MINUTE);
    assert_int_equal(sink.count, 2 * EVENT_LOG_PER_MINUTE + 1); /* a new minute, a new count */
    destroy(log);
}

static void tick__minute_over__tells_what_was_held_back_once(void **state)
{
    struct event_log *log = create();

    (void)state;
    report(log, EVENT_LOG_PER_MINUTE + 3);
    event_log_tick(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE);
    sink.now_us += 60 * SECOND_US;
    event_log_tick(log);
    event_log_tick(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE + 1);
    assert_entry(EVENT_LOG_PER_MINUTE, EVENT_PASSWORD_REFUSED, "refused", 2);
    destroy(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE + 1);
}

static void free__entries_held_back__tells_them(void **state)
{
    struct event_log *log = create();

    (void)state;
    report(log, EVENT_LOG_PER_MINUTE + 1);
    destroy(log);
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE + 1);
    assert_entry(EVENT_LOG_PER_MINUTE, EVENT_PASSWORD_REFUSED, "refused", 0);
}

static void report__other_event__has_a_limit_of_its_own(void **state)
{
    struct event_log *log = create();

    (void)state;
    report(log, EVENT_LOG_PER_MINUTE + 7);
    event_log_report(log, EVENT_NOT_DECODED, "other");
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE + 1);
    assert_entry(EVENT_LOG_PER_MINUTE, EVENT_NOT_DECODED, "other", 0);
    destroy(log);
}

static void every_event__of_the_catalogue__can_be_reported(void **state)
{
    struct event_log *log = create();

    (void)state;
    for (size_t i = 0; i < event_info_count(); i++) {
        event_log_report(log, event_info_at(i)->id, "text");
        assert_entry(i, event_info_at(i)->id, "text", 0);
    }
    destroy(log);
}

#define THREADS 4
#define REPORTS_EACH 5000

static void *report_many(void *context)
{
    report(context, REPORTS_EACH);
    return NULL;
}

static void report__from_several_threads__counts_each_once(void **state)
{
    struct event_log *log = create();
    pthread_t threads[THREADS];
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_done(thread_start(&threads[i], "reporter", report_many, log, &err), &err, "");
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
    }
    assert_int_equal(sink.count, EVENT_LOG_PER_MINUTE);
    destroy(log);
    assert_entry(EVENT_LOG_PER_MINUTE, EVENT_PASSWORD_REFUSED, "refused",
                 THREADS * REPORTS_EACH - EVENT_LOG_PER_MINUTE - 1);
}

static void failure__any_event__is_written_with_code_and_message(void **state)
{
    struct event_log *log = create();
    struct error why = ERROR_INIT;

    (void)state;
    error_set(&why, REASON_SIGN_IN_THROTTLED, "10 in 5 minutes");
    event_log_failure(log, EVENT_SIGN_IN_THROTTLED, "Client 192.0.2.1", &why);
    assert_int_equal(sink.count, 1);
    assert_entry(0, EVENT_SIGN_IN_THROTTLED, "Client 192.0.2.1", 0);
    assert_int_equal(sink.entries[0].info->level, EVENTLOG_WARNING);
    assert_string_equal(sink.entries[0].code, "0x800700aa");
    assert_string_equal(sink.entries[0].message, "10 in 5 minutes (sign-in-throttled)");
    destroy(log);
}

static void event_log__without_anything__drops_quietly(void **state)
{
    struct event_log *log = event_log_create(NULL);
    struct error why = ERROR_INIT;

    (void)state;
    assert_non_null(log);
    report(log, EVENT_LOG_PER_MINUTE + 1);
    event_log_tick(log);
    event_log_free(log);
    report(NULL, 1);
    event_log_failure(NULL, EVENT_STARTED, NULL, &why);
    event_log_report(NULL, EVENT_STARTED, NULL);
    event_log_tick(NULL);
    event_log_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__within_the_limit__writes_each),
        cmocka_unit_test(report__over_the_limit__is_told_with_the_next_entry),
        cmocka_unit_test(tick__minute_over__tells_what_was_held_back_once),
        cmocka_unit_test(free__entries_held_back__tells_them),
        cmocka_unit_test(report__other_event__has_a_limit_of_its_own),
        cmocka_unit_test(every_event__of_the_catalogue__can_be_reported),
        cmocka_unit_test(report__from_several_threads__counts_each_once),
        cmocka_unit_test(failure__any_event__is_written_with_code_and_message),
        cmocka_unit_test(event_log__without_anything__drops_quietly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
