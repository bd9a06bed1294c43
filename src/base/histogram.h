/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how often something took how long: counts in fixed ranges of time, added to by many
 *           threads without a lock.
 * Not here: what is measured, and printing it (service/metrics_text.h).
 * Owns:     nothing; all zero is an empty histogram.
 * Threads:  any thread adds and reads.
 * Spec:     Prometheus data model: histogram.
 */
#ifndef OPENNDES_BASE_HISTOGRAM_H
#define OPENNDES_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The same ranges for everything, so that they can be compared: from a commit on a fast disk to an
 * answer of a cloud that makes everybody wait.
 */
#define HISTOGRAM_BOUNDS 13u

struct histogram {
    atomic_uint_least64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last one: longer than all bounds */
    atomic_uint_least64_t sum_us;
};

/* What was counted at one moment. A sum may be ahead or behind by what is just being added. */
struct histogram_values {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* of each range alone */
    uint64_t count;                        /* of all ranges */
    uint64_t sum_us;
};

/* The upper end of a range, which belongs to it. */
uint64_t histogram_bound_us(size_t range);
/* The same in seconds, as text: "0.025". */
const char *histogram_bound_text(size_t range);

/* Less than nothing (a clock that jumped) counts as nothing. */
void histogram_add(struct histogram *histogram, int64_t duration_us);
void histogram_read(struct histogram *histogram, struct histogram_values *out);

#endif
