/* SPDX-License-Identifier: Apache-2.0 */
#include "service/metrics_parser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define NAME_REST NAME_FIRST "0123456789"
#define LINE_LIMIT 1024

enum kind { GAUGE, COUNTER, HISTOGRAM };

/* Where the parser is. */
struct reading {
    struct parsed_metrics *out;
    char family[128];
    enum kind kind;
    /* of a histogram whose ranges are being read; "" none */
    char labels[LINE_LIMIT];
    double bound, bucket;
    bool infinite, summed;
};

static void append(char ***list, size_t *count, const char *text)
{
    char **grown = realloc(*list, (*count + 1) * sizeof(**list));

    assert_non_null(grown);
    *list = grown;
    grown[(*count)++] = text_dup(text);
}

static void new_family(struct reading *r, const char *name)
{
    if (r->labels[0] != '\0') fail_msg("%s has a histogram without end", r->family);
    if (parsed_has_family(r->out, name)) fail_msg("family %s stands twice", name);
    assert_true(strspn(name, NAME_FIRST) > 0 && name[strspn(name, NAME_REST ":")] == '\0');
    append(&r->out->families, &r->out->family_count, name);
    assert_true(text_copy(r->family, sizeof(r->family), name));
}

/* "# HELP name text"; "# TYPE name kind" right behind it. */
static void read_comment(struct reading *r, char *line, bool *type_expected)
{
    char *name = line + strlen("# HELP ");
    char *rest = strchr(name, ' ');
    size_t len = 0;

    assert_non_null(rest);
    *rest++ = '\0';
    if (strncmp(line, "# HELP ", 7) == 0) {
        assert_false(*type_expected);
        assert_true(strlen(rest) > 10 && strchr(rest, '\\') == NULL);
        new_family(r, name);
        *type_expected = true;
        return;
    }
    assert_memory_equal(line, "# TYPE ", 7);
    assert_true(*type_expected);
    *type_expected = false;
    assert_string_equal(name, r->family);
    len = strlen(name);
    r->kind = strcmp(rest, "histogram") == 0 ? HISTOGRAM
                                             : (strcmp(rest, "counter") == 0 ? COUNTER : GAUGE);
    assert_true(r->kind != GAUGE || strcmp(rest, "gauge") == 0);
    if ((r->kind == COUNTER) != (len > 6 && strcmp(name + len - 6, "_total") == 0)) {
        fail_msg("%s is of type %s", name, rest);
    }
}

/* Behind name="; moves behind the closing quote. */
static const char *skip_value(const char *at)
{
    while (*at != '"') {
        assert_true(*at != '\0' && *at != '\n');
        if (*at == '\\') {
            at++;
            assert_true(*at == '\\' || *at == '"' || *at == 'n');
        }
        at++;
    }
    return at + 1;
}

/* {a="b",...}: the value of le, which stands last, goes to *bound; returns what is behind. */
static const char *read_labels(const char *at, char *without_bound, char *bound)
{
    const char *begin = at++;
    const char *last = begin;

    while (*at != '}') {
        size_t name = strspn(at, NAME_FIRST) > 0 ? strspn(at, NAME_REST) : 0;
        const char *value = at + name + 2;

        assert_true(name > 0 && at[name] == '=' && at[name + 1] == '"');
        if (name == 2 && memcmp(at, "le", 2) == 0) {
            last = at == begin + 1 ? begin : at - 1;
            at = skip_value(value);
            assert_true(*at == '}');
            assert_true(text_format(bound, 32, "%.*s", (int)(at - 1 - value), value));
            assert_true(text_format(without_bound, LINE_LIMIT, "%.*s", (int)(last - begin), begin));
            break;
        }
        at = skip_value(value);
        assert_true(*at == '}' || (*at == ',' && at[1] != '}'));
        at += *at == ',' ? 1 : 0;
    }
    if (bound[0] == '\0') {
        assert_true(text_format(without_bound, LINE_LIMIT, "%.*s", (int)(at - begin), begin));
    }
    assert_true(strlen(without_bound) < LINE_LIMIT - 1);
    return at + 1;
}

static double number(const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);

    assert_true(end != text && *end == '\0' && strspn(text, "0123456789.") == strlen(text));
    return value;
}

/* ranges, sum, count: in this order, with the same labels */
static void read_histogram(struct reading *r, const char *suffix, const char *labels,
                           const char *bound, double value)
{
    const char *key = labels[0] != '\0' ? labels : "{";

    if (strcmp(suffix, "_bucket") == 0) {
        double le = strcmp(bound, "+Inf") == 0 ? INFINITY : number(bound);

        if (r->labels[0] == '\0') {
            assert_true(text_copy(r->labels, sizeof(r->labels), key));
            r->bound = r->bucket = -1;
            r->infinite = r->summed = false;
        }
        assert_string_equal(r->labels, key);
        assert_true(!r->infinite && le > r->bound && value >= r->bucket);
        r->infinite = strcmp(bound, "+Inf") == 0;
        r->bound = le;
        r->bucket = value;
        return;
    }
    assert_string_equal(bound, "");
    assert_true(r->infinite);
    assert_string_equal(r->labels, key);
    if (strcmp(suffix, "_sum") == 0) {
        assert_false(r->summed);
        r->summed = true;
        return;
    }
    assert_string_equal(suffix, "_count");
    assert_true(r->summed && value == r->bucket);
    r->labels[0] = '\0';
}

static void read_sample(struct reading *r, char *line)
{
    struct parsed_metrics *out = r->out;
    size_t name = strcspn(line, "{ ");
    size_t family = strlen(r->family);
    char labels[LINE_LIMIT] = "";
    char bound[32] = "";
    char suffix[16] = "";
    const char *at = line + name;
    double value = 0;

    if (name < family || memcmp(line, r->family, family) != 0) {
        fail_msg("\"%s\" stands below %s", line, r->family);
    }
    assert_true(text_format(suffix, sizeof(suffix), "%.*s", (int)(name - family), line + family));
    if (*at == '{') {
        at = read_labels(at, labels, bound);
    }
    assert_int_equal(*at, ' ');
    value = number(at + 1);
    line[at - line] = '\0';
    if (parsed_has(out, line)) fail_msg("%s stands twice", line);
    out->values = realloc(out->values, (out->count + 1) * sizeof(*out->values));
    assert_non_null(out->values);
    out->values[out->count] = value;
    append(&out->series, &out->count, line);
    if (r->kind == HISTOGRAM) {
        read_histogram(r, suffix, labels, bound, value);
    } else {
        assert_string_equal(suffix, "");
        assert_string_equal(bound, "");
    }
}

void metrics_parse(struct bytes text, struct parsed_metrics *out)
{
    struct reading r = { .out = out };
    const char *at = (const char *)text.data;
    const char *end = at + text.len;
    bool type_expected = false;

    *out = (struct parsed_metrics){ .count = 0 };
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        char line[LINE_LIMIT];

        assert_non_null(stop);
        assert_true(stop > at && stop - at < LINE_LIMIT);
        memcpy(line, at, (size_t)(stop - at));
        line[stop - at] = '\0';
        if (line[0] == '#') {
            read_comment(&r, line, &type_expected);
        } else {
            assert_false(type_expected);
            read_sample(&r, line);
        }
        at = stop + 1;
    }
    assert_false(type_expected);
    assert_string_equal(r.labels, "");
}

void parsed_metrics_clear(struct parsed_metrics *parsed)
{
    for (size_t i = 0; i < parsed->count; i++) {
        free(parsed->series[i]);
    }
    for (size_t i = 0; i < parsed->family_count; i++) {
        free(parsed->families[i]);
    }
    free(parsed->series);
    free(parsed->values);
    free(parsed->families);
}

bool parsed_has(const struct parsed_metrics *parsed, const char *series)
{
    for (size_t i = 0; i < parsed->count; i++) {
        if (strcmp(parsed->series[i], series) == 0) return true;
    }
    return false;
}

bool parsed_has_family(const struct parsed_metrics *parsed, const char *name)
{
    for (size_t i = 0; i < parsed->family_count; i++) {
        if (strcmp(parsed->families[i], name) == 0) return true;
    }
    return false;
}

double parsed_value(const struct parsed_metrics *parsed, const char *series)
{
    for (size_t i = 0; i < parsed->count; i++) {
        if (strcmp(parsed->series[i], series) == 0) return parsed->values[i];
    }
    fail_msg("there is no %s", series);
    return 0;
}
