/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics_parser.h"

#include <string.h>

#include "base/text.h"
#include "service/metrics_text.h"

#define FILE_MAX (1u << 20)

static void samples__with_any_label__are_read_again(void **state)
{
    const struct metrics_label labels[] = { { "template", "a\\b\"c\nd\xc3\xa9" },
                                            { "operation", "" },
                                            { NULL, NULL } };
    struct histogram histogram = { .sum_us = 0 };
    struct histogram_values values;
    struct buffer out = BUFFER_INIT(65536);
    struct metrics_text text = { .out = &out };
    struct parsed_metrics parsed;

    (void)state;
    histogram_add(&histogram, 1200);
    histogram_add(&histogram, 99000000);
    histogram_read(&histogram, &values);
    metrics_text_begin(&text, METRIC_REQUESTS);
    metrics_text_number(&text, labels, UINT64_C(9007199254740993));
    metrics_text_begin(&text, METRIC_DURATION);
    metrics_text_histogram(&text, labels, &values);
    metrics_text_histogram(&text, NULL, &values);
    metrics_text_single(&text, METRIC_READY, 1);
    metrics_text_begin(&text, METRIC_UPTIME);
    metrics_text_seconds(&text, NULL, 61000007);
    metrics_text_begin(&text, METRIC_EXPIRY);
    metrics_text_time(&text, NULL, 0); /* not known: no sample */
    assert_false(text.failed);
    metrics_parse(buffer_bytes(&out), &parsed);
    assert_non_null(strstr(buffer_text(&out), " 9007199254740993\n"));
    assert_true(parsed_has(&parsed, "openndes_requests_total{template=\"a\\\\b\\\"c\\nd\xc3\xa9\","
                                    "operation=\"\"}"));
    assert_true(parsed_value(&parsed, "openndes_uptime_seconds") == 61.000007);
    assert_true(parsed_value(&parsed, "openndes_ready") == 1);
    assert_true(parsed_value(&parsed, "openndes_request_duration_seconds_bucket{le=\"0.001\"}")
                == 0);
    assert_true(parsed_value(&parsed, "openndes_request_duration_seconds_bucket{le=\"30\"}") == 1);
    assert_true(parsed_value(&parsed, "openndes_request_duration_seconds_count") == 2);
    assert_true(parsed_value(&parsed, "openndes_request_duration_seconds_sum") == 99.0012);
    assert_true(parsed_has_family(&parsed, "openndes_certificate_expiry_timestamp_seconds"));
    assert_false(parsed_has(&parsed, "openndes_certificate_expiry_timestamp_seconds"));
    parsed_metrics_clear(&parsed);
    buffer_clear(&out);
}

/* A text that does not fit is no text: a scrape with half of the series would be believed. */
static void text__that_does_not_fit__has_failed(void **state)
{
    struct buffer out = BUFFER_INIT(200);
    struct metrics_text text = { .out = &out };

    (void)state;
    metrics_text_single(&text, METRIC_READY, 1);
    assert_false(text.failed);
    metrics_text_single(&text, METRIC_UPTIME, 1);
    metrics_text_single(&text, METRIC_QUEUE, 1);
    assert_true(text.failed);
    assert_int_equal(text.error.reason, REASON_LIMIT);
    buffer_clear(&out);
}

static void families__each_has_its_words(void **state)
{
    struct buffer out = BUFFER_INIT(65536);
    struct metrics_text text = { .out = &out };
    struct parsed_metrics parsed;

    (void)state;
    for (unsigned i = 0; i < METRICS_FAMILIES; i++) {
        metrics_text_begin(&text, (enum metrics_family)i);
    }
    metrics_parse(buffer_bytes(&out), &parsed);
    assert_int_equal(parsed.family_count, METRICS_FAMILIES);
    parsed_metrics_clear(&parsed);
    buffer_clear(&out);
}

/* ---- docs/monitoring.md ---------------------------------------------------------------------- */

static void table__of_the_document__has_each_family_and_no_other(void **state)
{
    struct buffer document = BUFFER_INIT(FILE_MAX);
    struct error err = ERROR_INIT;
    const char *place = NULL;
    char row[160];
    size_t rows = 0;

    (void)state;
    assert_done(file_read(OPENNDES_SOURCE_DIR "/docs/monitoring.md", FILE_MAX, &document, &err),
                &err, "");
    for (unsigned i = 0; i < METRICS_FAMILIES; i++) {
        assert_true(text_format(row, sizeof(row), "\n| `%s` | ",
                                metrics_family_name((enum metrics_family)i)));
        if (strstr(buffer_text(&document), row) == NULL) {
            fail_msg("docs/monitoring.md has no row that begins \"%s\"", row + 1);
        }
    }
    for (place = buffer_text(&document); (place = strstr(place, "\n| `")) != NULL; place++) {
        rows +=
            strncmp(place, "\n| `openndes_", 13) == 0 || strncmp(place, "\n| `process_", 12) == 0
                ? 1
                : 0;
    }
    assert_int_equal(rows, METRICS_FAMILIES);
    buffer_clear(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples__with_any_label__are_read_again),
        cmocka_unit_test(text__that_does_not_fit__has_failed),
        cmocka_unit_test(families__each_has_its_words),
        cmocka_unit_test(table__of_the_document__has_each_family_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
