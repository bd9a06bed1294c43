/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_known.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_known_read.h"
#include "policy/policy_known_table.h"

struct policy_known {
    struct policy_known_table table;
};

struct policy_known *policy_known_load(struct bytes text, const char *file, struct error *err)
{
    struct policy_known *known = calloc(1, sizeof(*known));

    if (known == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the list of known devices");
        return NULL;
    }
    if (!policy_known_table_init(&known->table, err) || !policy_known_read(&known->table, text, err)
        || !policy_known_table_index(&known->table, err)) {
        (void)error_context(err, "%s", file);
        policy_known_free(known);
        return NULL;
    }
    return known;
}

void policy_known_free(struct policy_known *known)
{
    if (known != NULL) {
        policy_known_table_clear(&known->table);
        free(known);
    }
}

size_t policy_known_count(const struct policy_known *known)
{
    return known->table.rows;
}

/* ---- the question ---------------------------------------------------------------------------- */

/* A binding that the list can say something about. */
struct wanted {
    size_t column;
    char normal[POLICY_KNOWN_CELL_MAX + 1];
    struct policy_known_chain rows;
};

/* Does this row hold all of them? */
static bool row_agrees(const struct policy_known_table *table, size_t row,
                       const struct wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(policy_known_table_get(table, wanted[i].column, row), wanted[i].normal) != 0) {
            return false;
        }
    }
    return true;
}

/* The bindings with a column; false when one of them is in no row. */
static bool collect(const struct policy_known_table *table, const struct policy_bindings *bindings,
                    struct wanted wanted[POLICY_BINDINGS], size_t *count, char *why,
                    size_t why_size)
{
    *count = 0;
    for (size_t i = 0; i < bindings->count; i++) {
        struct wanted *w = &wanted[*count];

        if (!policy_known_column_of(bindings->item[i].variable, &w->column)
            || !table->has[w->column]) {
            continue;
        }
        if (policy_known_normal(w->column, bindings->item[i].value, w->normal)) {
            w->rows = policy_known_table_find(table, w->column, w->normal);
        } else {
            w->rows.count = 0;
        }
        if (w->rows.count == 0) {
            (void)!text_format(why, why_size, "no row of the list has this %s",
                               policy_known_column_name(w->column));
            return false;
        }
        (*count)++;
    }
    return true;
}

bool policy_known_check(const struct policy_known *known, const struct policy_bindings *bindings,
                        char *why, size_t why_size)
{
    const struct policy_known_table *table = &known->table;
    struct wanted wanted[POLICY_BINDINGS];
    const struct wanted *rarest = &wanted[0];
    size_t count = 0;

    why[0] = '\0';
    if (!collect(table, bindings, wanted, &count, why, why_size)) {
        return false;
    }
    if (count == 0) {
        (void)!text_format(why, why_size, "the list has no column for any variable of the policy");
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (wanted[i].rows.count < rarest->rows.count) {
            rarest = &wanted[i];
        }
    }
    for (uint32_t next = rarest->rows.first; next != 0;
         next = table->next[rarest->column][next - 1]) {
        if (row_agrees(table, next - 1, wanted, count)) {
            return true;
        }
    }
    (void)!text_format(why, why_size, "the values belong to different rows of the list");
    return false;
}

/* ---- what is not bound ----------------------------------------------------------------------- */

static bool tell_pattern(const struct policy_known_table *table, const struct policy *p,
                         const char *pattern, bool told[POLICY_KNOWN_COLUMNS],
                         struct policy_texts *sentences, struct error *err)
{
    struct bytes name = { NULL, 0 };
    char text[320];
    char shown[160];
    size_t column = 0;
    size_t pos = 0;

    while (policy_pattern_next(pattern, &pos, &name)) {
        if (!policy_known_column_of(policy_variable_find(name), &column) || table->has[column]
            || told[column]) {
            continue;
        }
        told[column] = true;
        text_escape(shown, sizeof(shown), bytes_of_text(p->name));
        (void)!text_format(text, sizeof(text),
                           "policy \"%s\": the list of known devices has no column %s: any %s "
                           "passes it",
                           shown, policy_known_column_name(column),
                           policy_variable_word(policy_variable_find(name)));
        if (!policy_texts_tell(sentences, text, err)) {
            return false;
        }
    }
    return true;
}

bool policy_known_tell(const struct policy_known *known, const struct policy *p,
                       struct policy_texts *sentences, struct error *err)
{
    bool told[POLICY_KNOWN_COLUMNS] = { false };

    for (size_t i = 0; i < p->subject.count; i++) {
        if (!tell_pattern(&known->table, p, p->subject.item[i].pattern, told, sentences, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < p->san.count; i++) {
        if (!tell_pattern(&known->table, p, p->san.item[i].pattern, told, sentences, err)) {
            return false;
        }
    }
    return true;
}
