/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_match_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/text.h"

#define OID_CN "2.5.4.3"
#define OID_SAN "2.5.29.17"
#define CN_CHARACTERS_MAX 64u /* ub-common-name, RFC 5280 A.1 */

static bool add_row(struct match_rows *rows, const struct match_row *row, unsigned min,
                    unsigned max, struct error *err)
{
    struct policy_search_row *search = &rows->search[rows->count];

    if (rows->count == MATCH_ROWS_MAX) {
        return error_set(err, REASON_LIMIT, "policy of more than %u names", MATCH_ROWS_MAX);
    }
    rows->item[rows->count] = *row;
    search->min = min;
    search->max = max;
    search->twin = rows->count;
    search->parts = &rows->parts[rows->count];
    if (!policy_parts_read(row->pattern, &rows->parts[rows->count])) {
        return error_set(err, REASON_LIMIT, "policy with more than %u variables in one text",
                         POLICY_PART_VARIABLES);
    }
    for (size_t i = 0; i < rows->count && min == 1 && max == 1; i++) {
        if (rows->search[i].min == 1 && rows->search[i].max == 1
            && match_group_equal(&rows->item[i].group, &row->group)
            && bytes_equal(rows->item[i].pattern, row->pattern)) {
            search->twin = i;
            break;
        }
    }
    rows->count++;
    return true;
}

static bool add_subject(const struct policy *p, struct match_rows *rows, struct error *err)
{
    for (size_t i = 0; !p->subject.whole_dn && i < p->subject.count; i++) {
        struct match_row row = { .group.is_subject = true,
                                 .index = i,
                                 .pattern = bytes_of_text(p->subject.item[i].pattern) };

        if (!text_copy(row.group.oid, sizeof(row.group.oid), p->subject.item[i].oid)) {
            return error_set(err, REASON_LIMIT, "policy with an OID that is too long");
        }
        if (!add_row(rows, &row, 1, 1, err)) {
            return false;
        }
    }
    return true;
}

/* A row that is written as several joined ones is taken apart as the request's names are. */
static bool add_san(const struct policy *p, struct match_rows *rows, struct error *err)
{
    for (size_t i = 0; i < p->san.count; i++) {
        const struct policy_san *san = &p->san.item[i];
        struct match_row row = { .group.type = san->type, .index = i };
        size_t pos = 0;

        while (match_next_piece(san->type, bytes_of_text(san->pattern), &pos, &row.pattern)) {
            row.is_sid = san->type == POLICY_SAN_URI && policy_match_is_sid_pattern(row.pattern);
            if (!add_row(rows, &row, san->min, san->max, err)) {
                return false;
            }
        }
    }
    return true;
}

/* Frames of a search: for each value one for its row and one for each variable of the longest. */
static size_t frames_needed(const struct match_rows *rows)
{
    size_t most = 0;

    for (size_t r = 0; r < rows->count; r++) {
        size_t variables = 0;

        for (size_t i = 0; i < rows->parts[r].count; i++) {
            variables += rows->parts[r].item[i].is_variable;
        }
        most = variables > most ? variables : most;
    }
    return (rows->values->count + 1) * (most + 1);
}

static bool allocate_tables(struct match_rows *rows, struct error *err)
{
    size_t values = rows->values->count + 1; /* never nothing */
    size_t count = rows->count + 1;

    rows->frame_max = frames_needed(rows);
    rows->texts = calloc(values, sizeof(rows->texts[0]));
    rows->fits = calloc(values * count, sizeof(rows->fits[0]));
    rows->seen = calloc(count, sizeof(rows->seen[0]));
    rows->owner = calloc(values, sizeof(rows->owner[0]));
    rows->fitting = calloc(values, sizeof(rows->fitting[0]));
    rows->order = calloc(values, sizeof(rows->order[0]));
    rows->frames = calloc(rows->frame_max, sizeof(rows->frames[0]));
    if (rows->texts == NULL || rows->fits == NULL || rows->seen == NULL || rows->owner == NULL
        || rows->fitting == NULL || rows->order == NULL || rows->frames == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for comparing names");
    }
    for (size_t v = 0; v < rows->values->count; v++) {
        rows->texts[v] = rows->values->item[v].text;
        rows->owner[v] = MATCH_NO_ROW;
    }
    return true;
}

/* How many rows there can be at most. */
static size_t row_bound(const struct policy *p)
{
    size_t count = p->subject.count + p->san.count + 1;

    for (size_t i = 0; i < p->san.count; i++) {
        for (const char *c = p->san.item[i].pattern; *c != '\0'; c++) {
            count += *c == ',';
        }
    }
    return count < MATCH_ROWS_MAX + 1 ? count : MATCH_ROWS_MAX + 1;
}

bool match_rows_read(const struct policy *p, const struct match_values *values,
                     struct match_rows *out, struct error *err)
{
    size_t bound = row_bound(p);

    out->values = values;
    out->item = calloc(bound, sizeof(out->item[0]));
    out->search = calloc(bound, sizeof(out->search[0]));
    out->parts = calloc(bound, sizeof(out->parts[0]));
    if (out->item == NULL || out->search == NULL || out->parts == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for comparing names");
    }
    return add_subject(p, out, err) && add_san(p, out, err) && allocate_tables(out, err);
}

void match_rows_clear(struct match_rows *rows)
{
    free(rows->item);
    free(rows->search);
    free(rows->parts);
    free(rows->texts);
    free(rows->fits);
    free(rows->seen);
    free(rows->owner);
    free(rows->fitting);
    free(rows->order);
    free(rows->frames);
    memset(rows, 0, sizeof(*rows));
}

void match_row_path(const struct policy *p, const struct match_row *row, char path[POLICY_PATH_MAX])
{
    if (row->group.is_subject) {
        policy_path(p, PLACE_SUBJECT, path);
    } else {
        policy_path_san(p, row->index, path);
    }
}

const char *match_row_word(const struct match_row *row)
{
    return row->group.is_subject ? policy_dn_word(row->group.oid)
                                 : policy_san_word(row->group.type);
}

/* ---- is there anything at all ---------------------------------------------------------------- */

static bool san_is_critical(const struct csr_details *details)
{
    for (size_t i = 0; i < details->extension_count; i++) {
        if (strcmp(details->extension[i].oid, OID_SAN) == 0) {
            return details->extension[i].critical;
        }
    }
    return false;
}

/* An empty subject is legal beside names that must be understood (RFC 5280 4.1.2.6). */
static bool check_empty_subject(struct policy_matching *m, struct match_rows *rows)
{
    const struct policy *p = m->policy;
    const struct csr *csr = m->request->csr;

    if (X509_NAME_entry_count(csr_subject(csr)) > 0) {
        return true;
    }
    if ((p->subject.stated && p->subject.count > 0) || csr->san == NULL) {
        rows->subject_told = true;
        policy_match_tell(m, CHECK_SUBJECT_MISSING, POLICY_DENY, PLACE_SUBJECT,
                          p->subject.count > 0 ? p->subject.item[0].pattern : "a name", "");
        return false;
    }
    if (!san_is_critical(m->request->details)) {
        policy_match_tell(m, CHECK_SAN_CRITICAL, POLICY_FIXED, PLACE_SAN, "critical",
                          "not critical");
    }
    return true;
}

static bool check_no_names(struct policy_matching *m, struct match_rows *rows)
{
    const struct policy *p = m->policy;

    if (!p->san.stated || m->request->csr->san != NULL) {
        return true;
    }
    for (size_t i = 0; i < p->san.count; i++) {
        if (p->san.item[i].min > 0) {
            char path[POLICY_PATH_MAX];

            rows->san_told = true;
            policy_path_san(p, i, path);
            policy_match_tell_at(m, CHECK_SAN_MISSING, POLICY_DENY, path,
                                 bytes_of_text(p->san.item[i].pattern), bytes_of(NULL, 0));
            return false;
        }
    }
    return true;
}

static size_t characters(struct bytes utf8)
{
    size_t count = 0;

    for (size_t i = 0; i < utf8.len; i++) {
        count += (utf8.data[i] & 0xc0u) != 0x80u;
    }
    return count;
}

static bool check_length(struct policy_matching *m, const struct match_rows *rows)
{
    bool ok = true;

    for (size_t v = 0; v < rows->values->subject_count; v++) {
        const struct match_value *value = &rows->values->item[v];

        if (strcmp(value->group.oid, OID_CN) == 0 && characters(value->text) > CN_CHARACTERS_MAX) {
            char path[POLICY_PATH_MAX];

            policy_path(m->policy, PLACE_SUBJECT, path);
            policy_match_tell_at(m, CHECK_SUBJECT_LENGTH, POLICY_DENY, path,
                                 bytes_of_text("CN of at most 64 characters"), value->text);
            ok = false;
        }
    }
    return ok;
}

bool match_rows_check_presence(struct policy_matching *m, struct match_rows *rows)
{
    bool ok = check_empty_subject(m, rows);

    ok = check_no_names(m, rows) && ok;
    return check_length(m, rows) && ok;
}
