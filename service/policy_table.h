/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes policy check" says: findings as a table or as JSON, and the verdict.
 * Not here: reading the files (policy_files.h), the comparison (policy/policy_match.h).
 * Owns:     what was told so far, for JSON.
 * Threads:  the main thread.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_SERVICE_POLICY_TABLE_H
#define OPENNDES_SERVICE_POLICY_TABLE_H

#include "policy/policy_match.h"

struct policy_table;

/* Owned: policy_table_free. NULL: no memory. */
struct policy_table *policy_table_new(bool json, struct error *err);
void policy_table_free(struct policy_table *t); /* NULL is allowed */

/*
 * Compare with each policy of the set; with those that name request->path alone, where some do.
 * Told are the findings of the one that fits, or else of the nearest one.
 */
MUST_USE bool policy_table_request(struct policy_table *t, const char *file,
                                   const struct policy_set *set,
                                   const struct policy_request *request, struct error *err);
/* The last line. REASON_POLICY_DENIED when a request fitted no policy. */
MUST_USE bool policy_table_end(struct policy_table *t, struct error *err);

#endif
