/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_pattern.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_search.h"
#include "policy/policy_variable.h"

#define WHY_PIECE_MAX 48
#define FOREIGN_NAME_MIN 3u /* "%AB%" may be an escaped byte of a URI */

static bool is_upper_or(uint8_t c, const char *others)
{
    return (c >= 'A' && c <= 'Z') || (c != 0 && strchr(others, c) != NULL);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Bytes of "{{Name}}" at the start of text; 0: none. */
static size_t intune_variable(struct bytes text, struct bytes *name)
{
    if (text.len < 4 || text.data[0] != '{' || text.data[1] != '{') {
        return 0;
    }
    for (size_t i = 2; i + 1 < text.len; i++) {
        if (text.data[i] == '}' && text.data[i + 1] == '}') {
            *name = text_trim(bytes_of(text.data + 2, i - 2));
            return name->len == 0 ? 0 : i + 2;
        }
        if (text.data[i] == '{' || text.data[i] == '}') {
            return 0;
        }
    }
    return 0;
}

/* "$NAME": capitals, as Jamf and others write it; the name keeps its sign. */
static size_t dollar_variable(struct bytes text, struct bytes *name)
{
    size_t len = 1;

    if (text.len < 2 || text.data[0] != '$' || !is_upper_or(text.data[1], "")) {
        return 0;
    }
    while (len < text.len && is_upper_or(text.data[len], "_0123456789")) {
        len++;
    }
    *name = bytes_of(text.data, len);
    return len >= FOREIGN_NAME_MIN ? len : 0;
}

/* "%Name%". */
static size_t percent_variable(struct bytes text, struct bytes *name)
{
    size_t len = 1;

    if (text.len < 2 || text.data[0] != '%' || !is_letter(text.data[1])) {
        return 0;
    }
    while (len < text.len
           && (is_letter(text.data[len]) || (text.data[len] >= '0' && text.data[len] <= '9')
               || text.data[len] == '_')) {
        len++;
    }
    if (len == text.len || text.data[len] != '%' || len - 1 < FOREIGN_NAME_MIN) {
        return 0;
    }
    *name = bytes_of(text.data, len + 1);
    return len + 1;
}

/* The next variable at or behind *pos: its name, where it starts; *pos goes behind it. */
static bool next_variable(struct bytes pattern, size_t *pos, size_t *start, struct bytes *name)
{
    for (size_t i = *pos; i < pattern.len; i++) {
        struct bytes rest = bytes_of(pattern.data + i, pattern.len - i);
        size_t len = intune_variable(rest, name);

        len = len != 0 ? len : dollar_variable(rest, name);
        len = len != 0 ? len : percent_variable(rest, name);
        if (len != 0) {
            *start = i;
            *pos = i + len;
            return true;
        }
    }
    return false;
}

bool policy_pattern_next(const char *pattern, size_t *pos, struct bytes *name)
{
    size_t start = 0;

    return next_variable(bytes_of_text(pattern), pos, &start, name);
}

bool policy_parts_read(struct bytes pattern, struct policy_parts *out)
{
    struct bytes name = { NULL, 0 };
    size_t variables = 0;
    size_t from = 0;
    size_t pos = 0;
    size_t start = 0;

    out->count = 0;
    while (next_variable(pattern, &pos, &start, &name)) {
        if (++variables > POLICY_PART_VARIABLES) {
            return false;
        }
        if (start > from) {
            out->item[out->count++] = (struct policy_part){
                .text = bytes_of(pattern.data + from, start - from),
            };
        }
        out->item[out->count++] = (struct policy_part){
            .is_variable = true,
            .variable = policy_variable_find(name),
            .text = name,
        };
        from = pos;
    }
    if (from < pattern.len) {
        out->item[out->count++] = (struct policy_part){
            .text = bytes_of(pattern.data + from, pattern.len - from),
        };
    }
    return true;
}

/* Why the deepest way led no further. */
static void explain(const struct policy_search *s, char *why, size_t size)
{
    const struct policy_search_failure *f = &s->failure;
    const struct policy_parts *parts = s->row[0].parts;
    char piece[WHY_PIECE_MAX];

    if (s->exhausted) {
        (void)snprintf(why, size, "too many ways to read it");
        return;
    }
    if (!f->is_set || f->part >= parts->count) {
        (void)snprintf(why, size, "there is more behind what the pattern wants");
        return;
    }
    text_escape(piece, sizeof(piece), parts->item[f->part].text);
    if (!parts->item[f->part].is_variable) {
        (void)snprintf(why, size, "the text \"%s\" is not where it belongs", piece);
    } else if (f->conflict) {
        (void)snprintf(why, size, "%s stands for another value elsewhere", piece);
    } else {
        (void)snprintf(why, size, "%s is not %s", piece,
                       policy_variable_shape(parts->item[f->part].variable));
    }
}

/* The first variable of the pattern whose value is odd; NULL: none. */
static const char *find_odd(const struct policy_parts *parts,
                            const struct policy_bindings *bindings)
{
    for (size_t i = 0; i < bindings->count; i++) {
        const struct policy_binding *b = &bindings->item[i];
        const char *odd = policy_variable_odd(b->variable, b->value);

        for (size_t k = 0; odd != NULL && k < parts->count; k++) {
            if (parts->item[k].is_variable && parts->item[k].variable == b->variable
                && (b->variable != POLICY_VARIABLE_UNKNOWN
                    || bytes_equal(parts->item[k].text, b->name))) {
                return odd;
            }
        }
    }
    return NULL;
}

enum policy_fit policy_pattern_fit_within(const struct policy *p, struct bytes pattern,
                                          struct bytes value, struct policy_bindings *bindings,
                                          unsigned *steps, char *why, size_t why_size)
{
    struct policy_parts parts;
    struct policy_search_row row = { .parts = &parts, .min = 1, .max = 1 };
    struct policy_search_frame frame[1 + POLICY_PART_VARIABLES];
    struct policy_search search = {
        .policy = p,
        .row = &row,
        .row_count = 1,
        .value = &value,
        .value_count = 1,
        .bindings = bindings,
        .steps = *steps,
        .frame = frame,
        .frame_max = sizeof(frame) / sizeof(frame[0]),
    };
    const char *odd = NULL;
    bool fits = false;

    why[0] = '\0';
    if (!policy_parts_read(pattern, &parts)) {
        (void)snprintf(why, why_size, "the pattern has more than %u variables",
                       POLICY_PART_VARIABLES);
        return POLICY_FIT_NO;
    }
    fits = policy_search_run(&search);
    *steps = search.steps;
    if (!fits) {
        explain(&search, why, why_size);
        return POLICY_FIT_NO;
    }
    odd = find_odd(&parts, bindings);
    if (odd != NULL) {
        (void)snprintf(why, why_size, "%s", odd);
        return POLICY_FIT_WARN;
    }
    return POLICY_FIT_YES;
}

enum policy_fit policy_pattern_fit(const struct policy *p, const char *pattern, struct bytes value,
                                   struct policy_bindings *bindings, char *why, size_t why_size)
{
    unsigned steps = POLICY_PATTERN_STEPS;

    return policy_pattern_fit_within(p, bytes_of_text(pattern), value, bindings, &steps, why,
                                     why_size);
}
