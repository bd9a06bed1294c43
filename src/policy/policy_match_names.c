/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subject and alternative names against the policy's rows: an exact multiset. First every value is
 * asked which rows it fits, whatever the variables stand for elsewhere; the best assignment of
 * values to rows tells what is missing and what is too much. Where none is, a search looks for an
 * assignment in which every variable has one value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_match_rows.h"
#include "policy/policy_variable.h"

#define FIT_STEPS 120000u    /* all values against all rows */
#define SEARCH_STEPS 40000u  /* the search for one assignment */
#define EXPLAIN_STEPS 20000u /* why values do not fit, all together */
#define EXPLAINED_MAX 512

/* ---- which value fits which row -------------------------------------------------------------- */

/* One value against one row, with nothing bound. */
static bool fits_alone(struct policy_matching *m, struct match_rows *rows, size_t value, size_t row,
                       unsigned *steps)
{
    struct policy_search_row one = { .parts = rows->search[row].parts, .min = 1, .max = 1 };
    struct policy_bindings *none = &rows->scratch;
    struct policy_search search = {
        .policy = m->policy,
        .row = &one,
        .row_count = 1,
        .value = &rows->texts[value],
        .value_count = 1,
        .bindings = none,
        .steps = *steps,
        .frame = rows->frames,
        .frame_max = rows->frame_max,
    };
    bool fits = false;

    none->count = 0;
    fits = policy_search_run(&search);
    *steps = search.steps;
    return fits;
}

static void fill_fits(struct policy_matching *m, struct match_rows *rows)
{
    unsigned steps = FIT_STEPS;

    for (size_t v = 0; v < rows->values->count; v++) {
        const struct match_value *value = &rows->values->item[v];

        for (size_t r = 0; r < rows->count; r++) {
            const struct match_row *row = &rows->item[r];
            size_t at = v * rows->count + r;

            /* a SID is never read by another variable that could happen to hold it */
            if (!match_group_equal(&value->group, &row->group) || (value->tagged && !row->is_sid)) {
                continue;
            }
            rows->fits[at] = rows->search[r].twin < r
                                 ? rows->fits[v * rows->count + rows->search[r].twin]
                                 : (uint8_t)fits_alone(m, rows, v, r, &steps);
        }
    }
}

/* ---- best assignment ------------------------------------------------------------------------- */

/*
 * Find a row for the value, moving others where that helps (augmenting path). No row that has
 * something loses it altogether. Rows are visited once, so the depth is bounded by them.
 */
static bool find_row(struct match_rows *rows, size_t value, bool up_to_min)
{
    for (size_t r = 0; r < rows->count; r++) {
        struct policy_search_row *row = &rows->search[r];

        if (rows->fits[value * rows->count + r] == 0 || rows->seen[r]) {
            continue;
        }
        rows->seen[r] = true;
        if (row->load < (up_to_min ? row->min : row->max)) {
            row->load++;
            rows->owner[value] = r;
            return true;
        }
        for (size_t v = 0; v < rows->values->count; v++) {
            if (rows->owner[v] == r && find_row(rows, v, up_to_min)) {
                rows->owner[value] = r;
                return true;
            }
        }
    }
    return false;
}

/*
 * First what the policy insists on, then what it allows. Rows that a value was refused by lead
 * nowhere for the next one either, until another has found its place.
 */
static void assign(struct match_rows *rows)
{
    for (int pass = 0; pass < 2; pass++) {
        bool moved = true;

        for (size_t v = 0; v < rows->values->count; v++) {
            if (rows->owner[v] != MATCH_NO_ROW) {
                continue;
            }
            if (moved) {
                memset(rows->seen, 0, rows->count * sizeof(rows->seen[0]));
            }
            moved = find_row(rows, v, pass == 0);
        }
    }
}

/* ---- what is missing and what is too much ---------------------------------------------------- */

static bool is_wanted_type(const struct match_rows *rows, const struct match_group *group)
{
    for (size_t r = 0; r < rows->count; r++) {
        if (match_group_equal(&rows->item[r].group, group)) {
            return true;
        }
    }
    return false;
}

/* A row without enough values, beside a value of its type that nobody wants. */
static void tell_missing(struct policy_matching *m, struct match_rows *rows, size_t r,
                         unsigned *steps)
{
    const struct match_row *row = &rows->item[r];
    char expected[EXPLAINED_MAX];
    char shown[POLICY_FOUND_MAX / 2];
    char path[POLICY_PATH_MAX];
    char why[160] = "";
    size_t v = 0;

    while (v < rows->values->count
           && (rows->owner[v] != MATCH_NO_ROW
               || !match_group_equal(&rows->values->item[v].group, &row->group))) {
        v++;
    }
    match_row_path(m->policy, row, path);
    text_escape(shown, sizeof(shown), row->pattern);
    if (v < rows->values->count) {
        rows->owner[v] = r; /* told here */
        rows->scratch.count = 0;
        (void)policy_pattern_fit_within(m->policy, row->pattern, rows->texts[v], &rows->scratch,
                                        steps, why, sizeof(why));
    }
    (void)snprintf(expected, sizeof(expected), "%s%s%s%s%s%s", match_row_word(row),
                   row->group.is_subject ? "=" : " ", shown, why[0] == '\0' ? "" : " (", why,
                   why[0] == '\0' ? "" : ")");
    policy_match_tell_at(m, row->group.is_subject ? CHECK_SUBJECT_VALUE : CHECK_SAN_VALUE,
                         POLICY_DENY, path, bytes_of_text(expected),
                         v < rows->values->count ? rows->texts[v] : bytes_of(NULL, 0));
}

/*
 * False: it is refused. A second attribute of a described type always is: of two common names one
 * reader takes the first and another the last.
 */
static bool tell_extra(struct policy_matching *m, const struct match_rows *rows, size_t v)
{
    const struct match_group *group = &rows->values->item[v].group;
    bool allowed = group->is_subject && m->policy->subject.extra == POLICY_EXTRA_ALLOW
                   && !is_wanted_type(rows, group);
    char path[POLICY_PATH_MAX];
    char expected[POLICY_FOUND_MAX];
    enum policy_check check = CHECK_SUBJECT_EXTRA;

    policy_path(m->policy, group->is_subject ? PLACE_SUBJECT : PLACE_SAN, path);
    if (!group->is_subject) {
        check = is_wanted_type(rows, group) ? CHECK_SAN_EXTRA : CHECK_SAN_TYPE;
    }
    (void)snprintf(expected, sizeof(expected), "no other %s",
                   group->is_subject ? policy_dn_word(group->oid) : policy_san_word(group->type));
    policy_match_tell_at(m, check, allowed ? POLICY_PASS : POLICY_DENY, path,
                         bytes_of_text(expected), rows->texts[v]);
    return allowed;
}

/* True: everything has its place. */
static bool tell_assignment(struct policy_matching *m, struct match_rows *rows)
{
    unsigned steps = EXPLAIN_STEPS;
    bool ok = true;

    for (size_t r = 0; r < rows->count; r++) {
        const struct match_row *row = &rows->item[r];

        if (rows->search[r].load < rows->search[r].min) {
            ok = false;
            if (row->group.is_subject ? !rows->subject_told : !rows->san_told) {
                tell_missing(m, rows, r, &steps);
            }
        }
    }
    for (size_t v = 0; v < rows->values->count; v++) {
        if (rows->owner[v] == MATCH_NO_ROW) {
            ok = tell_extra(m, rows, v) && ok;
        }
    }
    return ok;
}

/* ---- one value for each variable ------------------------------------------------------------- */

static void tell_conflict(struct policy_matching *m, const struct match_rows *rows,
                          const struct policy_search *search)
{
    const struct policy_search_failure *f = &search->failure;
    char expected[EXPLAINED_MAX];
    char path[POLICY_PATH_MAX] = "";
    char name[64] = "the variable";
    char value[POLICY_FOUND_MAX / 2];

    if (!f->is_set || f->row == POLICY_NO_ROW || search->exhausted || !f->conflict) {
        policy_match_tell(m, CHECK_VARIABLE, POLICY_DENY, PLACE_NONE, "one value for each variable",
                          search->exhausted ? "names that can be read in too many ways"
                                            : "no such reading of the names");
        return;
    }
    match_row_path(m->policy, &rows->item[f->row], path);
    text_escape(name, sizeof(name), rows->search[f->row].parts->item[f->part].text);
    text_escape(value, sizeof(value), f->earlier);
    (void)snprintf(expected, sizeof(expected), "%s is %s elsewhere", name, value);
    policy_match_tell_at(m, CHECK_VARIABLE, POLICY_DENY, path, bytes_of_text(expected),
                         rows->texts[f->value]);
}

/* Values that fit few rows first: fewer ways that lead nowhere. */
static void put_in_order(struct match_rows *rows)
{
    size_t count = 0;

    for (size_t v = 0; v < rows->values->count; v++) {
        size_t at = count;

        if (rows->owner[v] == MATCH_NO_ROW) { /* allowed beside the policy's */
            continue;
        }
        for (size_t r = 0; r < rows->count; r++) {
            rows->fitting[v] += rows->fits[v * rows->count + r];
        }
        for (; at > 0 && rows->fitting[rows->order[at - 1]] > rows->fitting[v]; at--) {
            rows->order[at] = rows->order[at - 1];
        }
        rows->order[at] = v;
        count++;
    }
    rows->ordered = count;
}

static bool is_known(void *context, const struct policy_bindings *bindings)
{
    const struct policy_matching *m = context;
    char why[200];

    return policy_known_check(m->request->known, bindings, why, sizeof(why));
}

/*
 * "LAPTOP-17-PF2ABC" can be read as a name and a serial number in two ways. Where there is a list,
 * the way whose values it has is the right one; where none is in it, the first stays, and the check
 * of the list tells.
 */
static bool search_known_first(struct policy_matching *m, struct match_rows *rows,
                               struct policy_search *search)
{
    struct policy_search known = *search;

    known.accept = is_known;
    known.accept_context = m;
    if (m->request->known != NULL && policy_search_run(&known)) {
        return true;
    }
    for (size_t r = 0; r < rows->count; r++) {
        rows->search[r].load = 0;
    }
    return policy_search_run(search);
}

static bool bind_variables(struct policy_matching *m, struct match_rows *rows)
{
    struct policy_search search = {
        .policy = m->policy,
        .row = rows->search,
        .row_count = rows->count,
        .value = rows->texts,
        .fits = rows->fits,
        .order = rows->order,
        .bindings = &m->verdict->bindings,
        .steps = SEARCH_STEPS,
        .frame = rows->frames,
        .frame_max = rows->frame_max,
        .assigned = rows->owner,
    };

    put_in_order(rows);
    search.value_count = rows->ordered;
    for (size_t r = 0; r < rows->count; r++) {
        rows->search[r].load = 0;
    }
    if (!search_known_first(m, rows, &search)) {
        tell_conflict(m, rows, &search);
        return false;
    }
    return true;
}

/* The place of the first row with this variable. */
static void odd_path(struct policy_matching *m, const struct match_rows *rows,
                     const struct policy_binding *binding, char path[POLICY_PATH_MAX])
{
    path[0] = '\0';
    for (size_t r = 0; r < rows->count; r++) {
        const struct policy_parts *parts = rows->search[r].parts;

        for (size_t i = 0; i < parts->count; i++) {
            if (parts->item[i].is_variable && parts->item[i].variable == binding->variable
                && bytes_equal(parts->item[i].text, binding->name)) {
                match_row_path(m->policy, &rows->item[r], path);
                return;
            }
        }
    }
}

static void tell_odd_values(struct policy_matching *m, const struct match_rows *rows)
{
    const struct policy_bindings *bindings = &m->verdict->bindings;

    for (size_t i = 0; i < bindings->count; i++) {
        const struct policy_binding *b = &bindings->item[i];
        const char *odd = policy_variable_odd(b->variable, b->value);
        char path[POLICY_PATH_MAX];
        char expected[POLICY_FOUND_MAX];
        char name[64];

        if (odd != NULL) {
            odd_path(m, rows, b, path);
            text_escape(name, sizeof(name), b->name);
            (void)snprintf(expected, sizeof(expected), "%s: %s", name, odd);
            policy_match_tell_at(m, CHECK_VALUE, POLICY_WARN, path, bytes_of_text(expected),
                                 b->value);
        }
    }
}

/* ---- order of the subject -------------------------------------------------------------------- */

/* Rows and values that belong together stand in the same order, one attribute each. */
static void check_order(struct policy_matching *m, const struct match_rows *rows)
{
    bool exact = m->policy->subject.order == POLICY_ORDER_EXACT;
    bool sorted = !rows->values->grouped;
    size_t last = 0;

    for (size_t v = 0; v < rows->values->subject_count; v++) {
        size_t r = rows->owner[v];

        if (r != MATCH_NO_ROW) {
            sorted = sorted && r >= last;
            last = r;
        }
    }
    if (!sorted) {
        policy_match_tell(m, CHECK_SUBJECT_ORDER, exact ? POLICY_DENY : POLICY_WARN, PLACE_SUBJECT,
                          "the attributes in the policy's order",
                          rows->values->grouped ? "several attributes in one RDN"
                                                : "another order");
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool compare(struct policy_matching *m, struct match_rows *rows)
{
    fill_fits(m, rows);
    assign(rows);
    if (!tell_assignment(m, rows) || !bind_variables(m, rows)) {
        return false;
    }
    tell_odd_values(m, rows);
    check_order(m, rows);
    return true;
}

static bool is_denied(const struct policy_matching *m, enum policy_check first,
                      enum policy_check last)
{
    for (size_t i = 0; i < m->verdict->count; i++) {
        for (unsigned c = first; c <= (unsigned)last; c++) {
            if (m->verdict->finding[i].outcome == POLICY_DENY
                && m->verdict->finding[i].check
                       == policy_check_info_of((enum policy_check)c)->check) {
                return true;
            }
        }
    }
    return false;
}

/* Each for itself: names that fit are said to fit beside a subject that does not. */
static void tell_fitting(struct policy_matching *m)
{
    if (is_denied(m, CHECK_VARIABLE, CHECK_VARIABLE)) {
        return;
    }
    if (m->policy->subject.stated && !is_denied(m, CHECK_SUBJECT, CHECK_SUBJECT_LENGTH)) {
        policy_match_tell(m, CHECK_SUBJECT, POLICY_PASS, PLACE_SUBJECT, "", "");
    }
    if (m->policy->san.stated && !is_denied(m, CHECK_SAN, CHECK_SAN_CRITICAL)) {
        policy_match_tell(m, CHECK_SAN, POLICY_PASS, PLACE_SAN, "", "");
    }
}

bool policy_match_names(struct policy_matching *m, struct error *err)
{
    struct match_values values = { 0 };
    struct match_rows rows = { 0 };
    bool foreign = false;
    bool sound = false;
    bool ok = false;

    if (!match_values_read(m, &values, &foreign, err)
        || !match_rows_read(m->policy, &values, &rows, err)) {
        goto out;
    }
    sound = match_rows_check_presence(m, &rows) && !foreign;
    m->names_fit = compare(m, &rows) && sound;
    tell_fitting(m);
    ok = true;
out:
    match_rows_clear(&rows);
    match_values_clear(&values);
    return ok;
}
