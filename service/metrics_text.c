/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics_text.h"

#include <inttypes.h>

#define SECOND_US UINT64_C(1000000)

enum metrics_type { GAUGE, COUNTER, HISTOGRAM };

static const char *const type_names[] = {
    [GAUGE] = "gauge",
    [COUNTER] = "counter",
    [HISTOGRAM] = "histogram",
};

static const struct {
    const char *name;
    enum metrics_type type;
    const char *help;
} families[METRICS_FAMILIES] = {
#define METRIC(symbol, name, type, help) { name, type, help },
#include "service/metrics.def"
#undef METRIC
};

const char *metrics_family_name(enum metrics_family family)
{
    return families[family].name;
}

/* Remember a failure of the buffer. */
static void keep(struct metrics_text *text, bool ok)
{
    text->failed = text->failed || !ok;
}

static void add(struct metrics_text *text, const char *plain)
{
    keep(text, text->failed || buffer_append_text(text->out, plain, &text->error));
}

/* Backslash, quote and line end are all that has to be escaped. */
static void add_label(struct metrics_text *text, const char *name, const char *value, bool first)
{
    add(text, first ? "{" : ",");
    add(text, name);
    add(text, "=\"");
    for (; *value != '\0' && !text->failed; value++) {
        if (*value == '\n') {
            add(text, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            add(text, "\\");
        }
        keep(text, buffer_append_byte(text->out, (uint8_t)*value, &text->error));
    }
    add(text, "\"");
}

/* Name and labels; `bound` (may be NULL) is one more label, of a histogram's range. */
static void add_series(struct metrics_text *text, const char *suffix,
                       const struct metrics_label *labels, const char *bound)
{
    bool first = true;

    add(text, families[text->family].name);
    add(text, suffix);
    for (; labels != NULL && labels->name != NULL; labels++) {
        add_label(text, labels->name, labels->value, first);
        first = false;
    }
    if (bound != NULL) {
        add_label(text, "le", bound, first);
        first = false;
    }
    add(text, first ? " " : "} ");
}

static void add_number(struct metrics_text *text, uint64_t value)
{
    keep(text, text->failed || buffer_printf(text->out, &text->error, "%" PRIu64 "\n", value));
}

/* Without the locale's decimal point, and without rounding. */
static void add_seconds(struct metrics_text *text, uint64_t us)
{
    keep(text, text->failed
                   || buffer_printf(text->out, &text->error, "%" PRIu64 ".%06" PRIu64 "\n",
                                    us / SECOND_US, us % SECOND_US));
}

void metrics_text_begin(struct metrics_text *text, enum metrics_family family)
{
    text->family = family;
    keep(text, text->failed
                   || buffer_printf(text->out, &text->error, "# HELP %s %s\n# TYPE %s %s\n",
                                    families[family].name, families[family].help,
                                    families[family].name, type_names[families[family].type]));
}

void metrics_text_number(struct metrics_text *text, const struct metrics_label *labels,
                         uint64_t value)
{
    add_series(text, "", labels, NULL);
    add_number(text, value);
}

void metrics_text_seconds(struct metrics_text *text, const struct metrics_label *labels,
                          uint64_t value_us)
{
    add_series(text, "", labels, NULL);
    add_seconds(text, value_us);
}

void metrics_text_histogram(struct metrics_text *text, const struct metrics_label *labels,
                            const struct histogram_values *values)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        sum += values->counts[i];
        add_series(text, "_bucket", labels, histogram_bound_text(i));
        add_number(text, sum);
    }
    add_series(text, "_bucket", labels, "+Inf");
    add_number(text, values->count);
    add_series(text, "_sum", labels, NULL);
    add_seconds(text, values->sum_us);
    add_series(text, "_count", labels, NULL);
    add_number(text, values->count);
}

void metrics_text_single(struct metrics_text *text, enum metrics_family family, uint64_t value)
{
    metrics_text_begin(text, family);
    metrics_text_number(text, NULL, value);
}

void metrics_text_time(struct metrics_text *text, const struct metrics_label *labels,
                       int64_t seconds)
{
    if (seconds > 0) {
        metrics_text_number(text, labels, (uint64_t)seconds);
    }
}
