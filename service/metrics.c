/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

/* Four places for each name: a look-up ends after one or two steps. */
#define NAME_PLACES (4u * METRICS_TEMPLATES)
/* A full table is noticed after so many steps. */
#define STEPS_MAX 64u

#define OPERATION_PKI 2u /* in the list below */
#define RESULT_ISSUED 1u

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What came of a request, as labels; the last one is whatever is not listed. */
static const char *const results[] = { "ok", "issued", "repeated", "pending", "refused", "other" };
static const char *const operations[] = { "GetCACaps", "GetCACert", "PKIOperation",
                                          "publish",   "help",      "mscep_admin",
                                          "challenge", "ocsp",      "other" };

/* A series is a number: 11 bits template, 4 operation, 3 result, 10 reason; plus one: 0 is free. */
#define RESULT_BITS 3u
#define REASON_BITS 10u
#define OPERATION_BITS 4u
_Static_assert(REASON_COUNT < (1u << REASON_BITS), "a reason fits");
_Static_assert(COUNT_OF(results) <= (1u << RESULT_BITS), "a result fits");
_Static_assert(COUNT_OF(operations) <= (1u << OPERATION_BITS), "an operation fits");
_Static_assert(METRICS_TEMPLATES < (1u << 11), "a template fits");

struct counter {
    atomic_uint key; /* 0: free; set once */
    atomic_uint_least64_t count;
};

struct duration {
    atomic_uint key; /* 0: free; set once */
    struct histogram times;
};

/*
 * names[0] is "-". A name is written before its place is published (release), and never changes:
 * who has found the place (acquire) may read it.
 */
struct metrics {
    char names[METRICS_TEMPLATES + 1][LIMIT_TEMPLATE_NAME + 1];
    unsigned name_count; /* the adding thread's alone */
    atomic_uint places[NAME_PLACES];
    atomic_uint_least64_t dropped;
    struct counter counters[METRICS_COUNTERS];
    struct duration durations[METRICS_DURATIONS];
};

struct metrics *metrics_create(struct error *err)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for metrics");
        return NULL;
    }
    metrics->names[0][0] = '-';
    metrics->name_count = 1;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

/* ---- templates ------------------------------------------------------------------------------- */

/* FNV-1a over ASCII letters without case: names are compared so. */
static unsigned hash_name(const char *name)
{
    unsigned hash = 2166136261u;

    for (; *name != '\0'; name++) {
        unsigned c = (unsigned char)*name;

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
    }
    return hash;
}

/* The number of a template; 0: not one of ours. *place is where it stands or could. */
static unsigned find_template(struct metrics *metrics, const char *name, unsigned *place)
{
    *place = hash_name(name) % NAME_PLACES;
    for (;;) {
        unsigned number = atomic_load_explicit(&metrics->places[*place], memory_order_acquire);

        if (number == 0 || text_equal_nocase(metrics->names[number], name)) {
            return number;
        }
        *place = (*place + 1) % NAME_PLACES; /* three quarters of the places are free */
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* The last one for what is not in the list. */
static unsigned find_word(const char *const *words, size_t count, const char *word)
{
    unsigned i = 0;

    while (word != NULL && i < count - 1 && strcmp(words[i], word) != 0) {
        i++;
    }
    return word == NULL ? (unsigned)count - 1 : i;
}

static size_t first_place(unsigned key, size_t places)
{
    return (size_t)((key * 2654435761u) >> 16) % places;
}

/*
 * Is this the place of `key`, or can it become so? Who reads the key (acquire) may read the name
 * that it stands for, as this thread may.
 */
static bool take_place(atomic_uint *place, unsigned key)
{
    unsigned found = atomic_load_explicit(place, memory_order_relaxed);

    if (found == 0
        && atomic_compare_exchange_strong_explicit(place, &found, key, memory_order_release,
                                                   memory_order_relaxed)) {
        return true;
    }
    return found == key;
}

/* How keys of counters are made; a duration's has template and operation alone. */
static unsigned series_key(unsigned template_number, unsigned operation, unsigned result,
                           enum reason reason)
{
    unsigned series = template_number << OPERATION_BITS | operation;

    return (series << (RESULT_BITS + REASON_BITS) | result << REASON_BITS | (unsigned)reason) + 1;
}

static bool count_one(struct metrics *metrics, unsigned key, unsigned count)
{
    size_t at = first_place(key, METRICS_COUNTERS);

    for (unsigned step = 0; step < STEPS_MAX; step++) {
        struct counter *counter = &metrics->counters[(at + step) % METRICS_COUNTERS];

        if (take_place(&counter->key, key)) {
            (void)atomic_fetch_add_explicit(&counter->count, count, memory_order_relaxed);
            return true;
        }
    }
    return false;
}

static bool measure_one(struct metrics *metrics, unsigned key, int64_t duration_us)
{
    size_t at = first_place(key, METRICS_DURATIONS);

    for (unsigned step = 0; step < STEPS_MAX; step++) {
        struct duration *duration = &metrics->durations[(at + step) % METRICS_DURATIONS];

        if (take_place(&duration->key, key)) {
            histogram_add(&duration->times, duration_us);
            return true;
        }
    }
    return false;
}

void metrics_count(struct metrics *metrics, const struct metrics_request *request)
{
    bool refused = request->reason != REASON_NONE;
    unsigned place = 0;
    unsigned template_number = find_template(metrics, request->template_name, &place);
    unsigned operation = find_word(operations, COUNT_OF(operations), request->operation);
    unsigned result = find_word(results, COUNT_OF(results), refused ? "refused" : request->result);
    unsigned series = template_number << OPERATION_BITS | operation;
    bool counted =
        count_one(metrics, series_key(template_number, operation, result, request->reason), 1);

    if (!measure_one(metrics, series + 1, request->duration_us) || !counted) {
        (void)atomic_fetch_add_explicit(&metrics->dropped, 1, memory_order_relaxed);
    }
}

void metrics_add_template(struct metrics *metrics, const char *name)
{
    unsigned place = 0;

    if (metrics->name_count > METRICS_TEMPLATES || find_template(metrics, name, &place) != 0
        || !text_copy(metrics->names[metrics->name_count], LIMIT_TEMPLATE_NAME + 1, name)) {
        return;
    }
    atomic_store_explicit(&metrics->places[place], metrics->name_count, memory_order_release);
    metrics->name_count++;
    /* Whoever asks for the increase of a counter that was not there misses the first one. */
    (void)count_one(
        metrics, series_key(metrics->name_count - 1, OPERATION_PKI, RESULT_ISSUED, REASON_NONE), 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

uint64_t metrics_dropped(struct metrics *metrics)
{
    return atomic_load_explicit(&metrics->dropped, memory_order_relaxed);
}

static void name_series(const struct metrics *metrics, unsigned series, struct metrics_series *out)
{
    out->template_name = metrics->names[series >> OPERATION_BITS];
    out->operation = operations[series & ((1u << OPERATION_BITS) - 1)];
}

void metrics_each_counter(struct metrics *metrics, metrics_visit *visit, void *context)
{
    for (size_t i = 0; i < METRICS_COUNTERS; i++) {
        unsigned key = atomic_load_explicit(&metrics->counters[i].key, memory_order_acquire);
        struct metrics_series series = { .count = 0 };
        unsigned reason = 0;

        if (key == 0) {
            continue;
        }
        key--;
        reason = key & ((1u << REASON_BITS) - 1);
        name_series(metrics, key >> (RESULT_BITS + REASON_BITS), &series);
        series.result = results[key >> REASON_BITS & ((1u << RESULT_BITS) - 1)];
        series.reason = reason == REASON_NONE ? "" : reason_id((enum reason)reason);
        series.count = atomic_load_explicit(&metrics->counters[i].count, memory_order_relaxed);
        visit(context, &series);
    }
}

void metrics_each_duration(struct metrics *metrics, metrics_visit *visit, void *context)
{
    for (size_t i = 0; i < METRICS_DURATIONS; i++) {
        unsigned key = atomic_load_explicit(&metrics->durations[i].key, memory_order_acquire);
        struct metrics_series series = { .count = 0 };

        if (key == 0) {
            continue;
        }
        name_series(metrics, key - 1, &series);
        histogram_read(&metrics->durations[i].times, &series.duration);
        visit(context, &series);
    }
}
