/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the policy's rows for subject and alternative names, and the tables in which they are
 *           compared with a request's values.
 * Not here: the comparison (policy_match_names.c).
 * Owns:     its tables; patterns are borrowed from the policy.
 * Threads:  one comparison, one thread.
 * Spec:     docs/policy-checks.md.
 */
#ifndef OPENNDES_POLICY_POLICY_MATCH_ROWS_H
#define OPENNDES_POLICY_POLICY_MATCH_ROWS_H

#include "policy/policy_dn.h"
#include "policy/policy_match_values.h"
#include "policy/policy_search.h"

#define MATCH_ROWS_MAX 256u
#define MATCH_NO_ROW SIZE_MAX

struct match_row {
    struct match_group group;
    size_t index; /* in the policy's subject or san */
    struct bytes pattern;
    bool is_sid; /* may take a SID */
};

struct match_rows {
    const struct match_values *values;
    struct match_row *item;
    struct policy_search_row *search; /* beside item */
    struct policy_parts *parts;       /* of the patterns */
    size_t count;
    struct bytes *texts; /* of the values */
    uint8_t *fits;       /* [value * count + row] */
    bool *seen;          /* by row */
    size_t *owner;       /* by value: its row, MATCH_NO_ROW none */
    size_t *fitting;     /* by value: how many rows it fits */
    size_t *order;       /* of the search */
    size_t ordered;
    struct policy_search_frame *frames;
    size_t frame_max;
    struct policy_bindings scratch;
    bool subject_told, san_told; /* that all of it is missing */
};

/* Errors: REASON_LIMIT, REASON_NO_MEMORY. match_rows_clear in any case. */
MUST_USE bool match_rows_read(const struct policy *p, const struct match_values *values,
                              struct match_rows *out, struct error *err);
void match_rows_clear(struct match_rows *rows);
void match_row_path(const struct policy *p, const struct match_row *row,
                    char path[POLICY_PATH_MAX]);
/* "CN", "uri" */
const char *match_row_word(const struct match_row *row);
/* Is there a subject, a name, at all? Tells; false: refused. */
bool match_rows_check_presence(struct policy_matching *m, struct match_rows *rows);

#endif
