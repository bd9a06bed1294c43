/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  reads what /metrics answers as strictly as the format allows, and fails the test where
 *           it is not followed.
 * Not here: what is measured.
 * Owns:     copies of all series.
 * Threads:  the test's.
 * Spec:     Prometheus text format 0.0.4.
 */
#ifndef OPENNDES_TESTS_SERVICE_METRICS_PARSER_H
#define OPENNDES_TESTS_SERVICE_METRICS_PARSER_H

#include "support/test_support.h"

struct parsed_metrics {
    char **series; /* name and labels as they stood */
    double *values;
    size_t count;
    char **families;
    size_t family_count;
};

/*
 * Each family once, with HELP and TYPE before its samples; names, labels and escapes as allowed; no
 * series twice; a counter ends in _total and is not negative; a histogram's ranges rise, so do
 * their counts, the last one is +Inf, and _count says the same.
 */
void metrics_parse(struct bytes text, struct parsed_metrics *out);
void parsed_metrics_clear(struct parsed_metrics *parsed);
/* The series is there exactly so. */
double parsed_value(const struct parsed_metrics *parsed, const char *series);
bool parsed_has(const struct parsed_metrics *parsed, const char *series);
bool parsed_has_family(const struct parsed_metrics *parsed, const char *name);

#endif
