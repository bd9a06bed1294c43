/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the text that /metrics answers with: families with their help and type, samples with
 *           their labels.
 * Not here: what is measured (metrics.h, metrics_live.h, survey.h).
 * Owns:     nothing.
 * Threads:  a writer belongs to one thread.
 * Spec:     Prometheus text format 0.0.4.
 */
#ifndef OPENNDES_SERVICE_METRICS_TEXT_H
#define OPENNDES_SERVICE_METRICS_TEXT_H

#include "base/buffer.h"
#include "base/histogram.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metrics_family {
#define METRIC(symbol, name, type, help) METRIC_##symbol,
#include "service/metrics.def"
#undef METRIC
    METRICS_FAMILIES
};

const char *metrics_family_name(enum metrics_family family);

/* A writer: the first failure stays, and what comes after it is nothing. */
struct metrics_text {
    struct buffer *out;
    enum metrics_family family;
    bool failed;
    struct error error;
};

/* A label's value may be any UTF-8 text; {NULL, NULL} ends a list. */
struct metrics_label {
    const char *name;
    const char *value;
};

/* A new family: its samples follow at once. It may have none. */
void metrics_text_begin(struct metrics_text *text, enum metrics_family family);
/* A sample; labels NULL: none. */
void metrics_text_number(struct metrics_text *text, const struct metrics_label *labels,
                         uint64_t value);
/* The same of microseconds, in seconds. */
void metrics_text_seconds(struct metrics_text *text, const struct metrics_label *labels,
                          uint64_t value_us);
void metrics_text_histogram(struct metrics_text *text, const struct metrics_label *labels,
                            const struct histogram_values *values);
/* A family with one sample without labels. */
void metrics_text_single(struct metrics_text *text, enum metrics_family family, uint64_t value);
/* A time in seconds since 1970; before that and 0 (not known) there is no sample. */
void metrics_text_time(struct metrics_text *text, const struct metrics_label *labels,
                       int64_t seconds);

#endif
