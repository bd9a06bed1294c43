/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>

#include "base/histogram.h"
#include "platform/threads.h"

static void bounds__rise_and_are_what_their_text_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        assert_true(i == 0 || histogram_bound_us(i) > histogram_bound_us(i - 1));
        assert_int_equal((uint64_t)(strtod(histogram_bound_text(i), NULL) * 1e6 + 0.5),
                         histogram_bound_us(i));
    }
}

static void durations__fall_into_the_range_that_holds_them(void **state)
{
    static const struct {
        int64_t us;
        size_t range;
    } cases[] = {
        { INT64_MIN, 0 }, { -1, 0 },        { 0, 0 },          { 1000, 0 },
        { 1001, 1 },      { 5000, 1 },      { 24999, 3 },      { 25000, 3 },
        { 30000000, 12 }, { 30000001, 13 }, { INT64_MAX, 13 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct histogram histogram = { .sum_us = 0 };
        struct histogram_values values;

        histogram_add(&histogram, cases[i].us);
        histogram_read(&histogram, &values);
        assert_int_equal(values.counts[cases[i].range], 1);
        assert_int_equal(values.count, 1);
        assert_int_equal(values.sum_us, cases[i].us > 0 ? cases[i].us : 0);
    }
}

#define THREADS 4
#define TIMES 20000

static void *add_many(void *context)
{
    for (int i = 0; i < TIMES; i++) {
        histogram_add(context, i);
    }
    return NULL;
}

static void threads__lose_nothing(void **state)
{
    struct histogram histogram = { .sum_us = 0 };
    struct histogram_values values;
    struct error err = ERROR_INIT;
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_done(thread_start(&threads[i], "adds", add_many, &histogram, &err), &err, "");
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
    }
    histogram_read(&histogram, &values);
    assert_int_equal(values.count, THREADS * TIMES);
    assert_int_equal(values.counts[0], THREADS * 1001);
    assert_int_equal(values.sum_us, (uint64_t)THREADS * TIMES * (TIMES - 1) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds__rise_and_are_what_their_text_says),
        cmocka_unit_test(durations__fall_into_the_range_that_holds_them),
        cmocka_unit_test(threads__lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
