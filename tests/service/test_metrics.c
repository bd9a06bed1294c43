/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "service/metrics.h"

#define THREADS 4
#define ROUNDS 5000

/* What the visits have seen. */
struct seen {
    struct metrics_series wanted; /* texts; NULL: any */
    uint64_t count;               /* sum of those that match */
    size_t series;
};

static bool matches(const char *wanted, const char *found)
{
    return wanted == NULL || strcmp(wanted, found) == 0;
}

static void see(void *context, const struct metrics_series *s)
{
    struct seen *seen = context;

    if (matches(seen->wanted.template_name, s->template_name)
        && matches(seen->wanted.operation, s->operation)
        && (s->result == NULL || matches(seen->wanted.result, s->result))
        && (s->reason == NULL || matches(seen->wanted.reason, s->reason))) {
        seen->count += s->count + s->duration.count;
        seen->series++;
    }
}

static struct seen counted(struct metrics *metrics, const char *template_name, const char *result,
                           const char *reason)
{
    struct seen seen = { .wanted = {
                             .template_name = template_name, .result = result, .reason = reason } };

    metrics_each_counter(metrics, see, &seen);
    return seen;
}

static struct metrics *create(void)
{
    struct error err = ERROR_INIT;
    struct metrics *metrics = metrics_create(&err);

    assert_done(metrics != NULL, &err, "");
    return metrics;
}

static void count(struct metrics *metrics, const char *template_name, const char *operation,
                  enum reason reason)
{
    const struct metrics_request request = { .template_name = template_name,
                                             .operation = operation,
                                             .result = "issued",
                                             .reason = reason,
                                             .duration_us = 1500 };

    metrics_count(metrics, &request);
}

static void requests__are_counted_below_configured_names_only(void **state)
{
    struct metrics *metrics = create();
    struct seen durations = { .wanted = { .template_name = "device" } };

    (void)state;
    metrics_add_template(metrics, "device");
    metrics_add_template(metrics, "DEVICE"); /* the same one */
    assert_int_equal(counted(metrics, "device", "issued", "").series, 1);
    assert_int_equal(counted(metrics, "device", "issued", "").count, 0);
    count(metrics, "device", "PKIOperation", REASON_NONE);
    count(metrics, "Device", "PKIOperation", REASON_NONE);
    count(metrics, "device", "PKIOperation", REASON_CHALLENGE_REJECTED);
    count(metrics, "nobody", "PKIOperation", REASON_TEMPLATE_MISSING);
    count(metrics, "", "\" evil", REASON_NO_SUCH_URL);
    count(metrics, "-", NULL, REASON_NO_SUCH_URL);
    assert_int_equal(counted(metrics, "device", "issued", "").count, 2);
    assert_int_equal(counted(metrics, "device", "refused", "challenge-rejected").count, 1);
    assert_int_equal(counted(metrics, "-", "refused", "template-missing").count, 1);
    assert_int_equal(counted(metrics, "-", "refused", "no-such-url").count, 2);
    assert_int_equal(counted(metrics, "-", "refused", "no-such-url").series, 1);
    assert_int_equal(counted(metrics, NULL, NULL, NULL).count, 6);
    metrics_each_duration(metrics, see, &durations);
    assert_int_equal(durations.count, 3);
    assert_int_equal(metrics_dropped(metrics), 0);
    metrics_free(metrics);
    metrics_free(NULL);
}

static void name_of(unsigned i, char name[LIMIT_TEMPLATE_NAME + 1])
{
    assert_true(text_format(name, LIMIT_TEMPLATE_NAME + 1, "t-%u", i));
}

static void templates__beyond_the_table__count_as_none(void **state)
{
    struct metrics *metrics = create();
    char name[LIMIT_TEMPLATE_NAME + 1];

    (void)state;
    for (unsigned i = 0; i < METRICS_TEMPLATES + 10; i++) {
        name_of(i, name);
        metrics_add_template(metrics, name);
    }
    name_of(METRICS_TEMPLATES - 1, name);
    count(metrics, name, "PKIOperation", REASON_NONE);
    assert_int_equal(counted(metrics, name, "issued", "").count, 1);
    name_of(METRICS_TEMPLATES, name);
    count(metrics, name, "PKIOperation", REASON_NONE);
    assert_int_equal(counted(metrics, name, "issued", "").series, 0);
    assert_int_equal(counted(metrics, "-", "issued", "").count, 1);
    metrics_free(metrics);
}

/* As many templates as a service may have, each with what every enrollment asks for. */
static void enrollments__of_all_templates__have_a_place(void **state)
{
    static const char *const operations[] = { "GetCACaps", "GetCACert", "PKIOperation" };
    struct metrics *metrics = create();
    struct seen durations = { .wanted = { .template_name = NULL } };
    char name[LIMIT_TEMPLATE_NAME + 1];

    (void)state;
    for (unsigned i = 0; i < LIMIT_TEMPLATES; i++) {
        name_of(i, name);
        metrics_add_template(metrics, name);
        for (size_t k = 0; k < sizeof(operations) / sizeof(operations[0]); k++) {
            count(metrics, name, operations[k], REASON_NONE);
        }
    }
    assert_int_equal(metrics_dropped(metrics), 0);
    metrics_each_duration(metrics, see, &durations);
    assert_int_equal(durations.series, LIMIT_TEMPLATES * 3);
    metrics_free(metrics);
}

/* Nothing is lost without being told, and nothing that was there goes. */
static void series__beyond_the_table__are_told(void **state)
{
    struct metrics *metrics = create();
    char name[LIMIT_TEMPLATE_NAME + 1];
    uint64_t sent = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        name_of(i, name);
        metrics_add_template(metrics, name);
        for (unsigned reason = 1; reason < REASON_COUNT && reason < 101; reason++) {
            count(metrics, name, "PKIOperation", (enum reason)reason);
            sent++;
        }
    }
    assert_true(metrics_dropped(metrics) > 0);
    assert_int_equal(counted(metrics, NULL, "refused", NULL).count + metrics_dropped(metrics),
                     sent);
    assert_true(counted(metrics, NULL, NULL, NULL).series <= METRICS_COUNTERS);
    assert_int_equal(counted(metrics, "t-0", "refused", NULL).count, 100);
    metrics_free(metrics);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *count_many(void *context)
{
    char name[LIMIT_TEMPLATE_NAME + 1];

    for (unsigned i = 0; i < ROUNDS; i++) {
        name_of(i % 50, name);
        count(context, name, i % 2 == 0 ? "PKIOperation" : "GetCACaps",
              i % 3 == 0 ? REASON_CHALLENGE_USED : REASON_NONE);
    }
    return NULL;
}

/* Templates come and others read while requests are counted. */
static void threads__lose_nothing_and_see_whole_names(void **state)
{
    struct metrics *metrics = create();
    struct error err = ERROR_INIT;
    pthread_t threads[THREADS];
    char name[LIMIT_TEMPLATE_NAME + 1];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_done(thread_start(&threads[i], "counts", count_many, metrics, &err), &err, "");
    }
    for (unsigned i = 0; i < 50; i++) {
        name_of(i, name);
        metrics_add_template(metrics, name);
        assert_true(counted(metrics, name, NULL, NULL).series > 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
    }
    assert_int_equal(counted(metrics, NULL, NULL, NULL).count, THREADS * ROUNDS);
    assert_int_equal(counted(metrics, NULL, "refused", "challenge-used").count,
                     THREADS * ((ROUNDS + 2) / 3));
    assert_int_equal(metrics_dropped(metrics), 0);
    metrics_free(metrics);
}

/* No assertion about time: a busy machine may be slow. It is said for whoever wants to know. */
static void one_request__costs_so_much(void **state)
{
    struct metrics *metrics = create();
    char name[LIMIT_TEMPLATE_NAME + 1];
    int64_t begun_us;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        name_of(i, name);
        metrics_add_template(metrics, name);
    }
    begun_us = clock_monotonic_us();
    for (unsigned i = 0; i < 100000; i++) {
        count(metrics, "t-77", "PKIOperation", REASON_NONE);
    }
    print_message("%lld ns for one request\n",
                  (long long)((clock_monotonic_us() - begun_us) / 100));
    assert_int_equal(counted(metrics, "t-77", "issued", "").count, 100000);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests__are_counted_below_configured_names_only),
        cmocka_unit_test(templates__beyond_the_table__count_as_none),
        cmocka_unit_test(enrollments__of_all_templates__have_a_place),
        cmocka_unit_test(series__beyond_the_table__are_told),
        cmocka_unit_test(threads__lose_nothing_and_see_whole_names),
        cmocka_unit_test(one_request__costs_so_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
