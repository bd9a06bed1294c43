/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

static const struct {
    uint64_t us;
    const char *text;
} bounds[HISTOGRAM_BOUNDS] = {
    { 1000, "0.001" },  { 5000, "0.005" },  { 10000, "0.01" },  { 25000, "0.025" },
    { 50000, "0.05" },  { 100000, "0.1" },  { 250000, "0.25" }, { 500000, "0.5" },
    { 1000000, "1" },   { 2500000, "2.5" }, { 5000000, "5" },   { 10000000, "10" },
    { 30000000, "30" },
};

uint64_t histogram_bound_us(size_t range)
{
    return bounds[range].us;
}

const char *histogram_bound_text(size_t range)
{
    return bounds[range].text;
}

void histogram_add(struct histogram *histogram, int64_t duration_us)
{
    uint64_t us = duration_us > 0 ? (uint64_t)duration_us : 0;
    size_t range = 0;

    while (range < HISTOGRAM_BOUNDS && us > bounds[range].us) {
        range++;
    }
    (void)atomic_fetch_add_explicit(&histogram->counts[range], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&histogram->sum_us, us, memory_order_relaxed);
}

void histogram_read(struct histogram *histogram, struct histogram_values *out)
{
    *out = (struct histogram_values){ .count = 0 };
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        out->counts[i] = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        out->count += out->counts[i];
    }
    out->sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
}
