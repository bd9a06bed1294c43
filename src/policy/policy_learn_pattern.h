/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the tightest pattern that fits the values several requests have at the same place.
 * Not here: reading requests, the policy made of the patterns (policy_learn.h).
 * Owns:     what it remembers of the variables given away so far.
 * Threads:  one owner.
 * Spec:     docs/policy.md (learn).
 */
#ifndef OPENNDES_POLICY_POLICY_LEARN_PATTERN_H
#define OPENNDES_POLICY_POLICY_LEARN_PATTERN_H

#include "policy/policy_pattern.h"

struct policy_learn_variables;

/* For so many requests, which become policy p: domains and host names go to its lists. p is
 * borrowed. Owned: policy_learn_variables_free. NULL: no memory. */
struct policy_learn_variables *policy_learn_variables_new(size_t requests, struct policy *p,
                                                          struct error *err);
void policy_learn_variables_free(struct policy_learn_variables *v); /* NULL is allowed */

enum policy_learn_kind {
    POLICY_LEARN_TEXT, /* an attribute of the subject */
    POLICY_LEARN_EMAIL,
    POLICY_LEARN_DNS,
    POLICY_LEARN_URI,
    POLICY_LEARN_UPN
};

/*
 * Append the pattern for one value of each request (data NULL: it has none), which are borrowed as
 * long as v lives. What is the same everywhere stays; what differs becomes a variable, perhaps with
 * fixed text around it. A variable is given to two places only where each request has the same
 * value at both. *note gets a sentence for the reader about a choice, or "".
 * Errors: REASON_LIMIT, REASON_NO_MEMORY.
 */
#define POLICY_LEARN_NOTE_MAX 200
MUST_USE bool policy_learn_pattern(struct policy_learn_variables *v, const struct bytes *values,
                                   enum policy_learn_kind kind, struct buffer *pattern,
                                   char note[POLICY_LEARN_NOTE_MAX], struct error *err);

#endif
