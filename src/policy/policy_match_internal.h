/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of the comparison share: the state of one, and the way to tell a
 *           finding.
 * Not here: the contract (policy_match.h).
 * Owns:     nothing.
 * Threads:  one comparison, one thread.
 * Spec:     docs/policy-checks.md.
 *
 * Every part looks at its own piece of the request and tells all it finds; none stops another.
 */
#ifndef OPENNDES_POLICY_POLICY_MATCH_INTERNAL_H
#define OPENNDES_POLICY_POLICY_MATCH_INTERNAL_H

#include "policy/policy_checks.h"
#include "policy/policy_path.h"

struct policy_matching {
    const struct policy *policy;
    const struct policy_request *request;
    struct policy_verdict *verdict;
    bool names_fit; /* subject and SAN: bindings are complete */
};

/* ---- findings -------------------------------------------------------------------------------- */

/* Expected and found are text of any origin; they are escaped and cut. */
void policy_match_tell(struct policy_matching *m, enum policy_check check,
                       enum policy_outcome outcome, enum policy_place place, const char *expected,
                       const char *found);
/* The same with a path that is known, and bytes. */
void policy_match_tell_at(struct policy_matching *m, enum policy_check check,
                          enum policy_outcome outcome, const char *path, struct bytes expected,
                          struct bytes found);

/* ---- the parts; those that return false have set an error ------------------------------------ */

MUST_USE bool policy_match_names(struct policy_matching *m, struct error *err);
void policy_match_sid(struct policy_matching *m);
void policy_match_known(struct policy_matching *m);
void policy_match_usage(struct policy_matching *m);
MUST_USE bool policy_match_key(struct policy_matching *m, struct error *err);
void policy_match_validity(struct policy_matching *m);
void policy_match_endpoint(struct policy_matching *m);
void policy_match_extensions(struct policy_matching *m);
MUST_USE bool policy_match_challenge(struct policy_matching *m, struct error *err);
MUST_USE bool policy_match_limits(struct policy_matching *m, struct error *err);

/* A row that may take a SID: the variable alone, or a whole literal tag. */
bool policy_match_is_sid_pattern(struct bytes pattern);
/* now plus that many units of the calendar; a month's end stays one. */
int64_t policy_match_add_units(int64_t now, int64_t value, enum policy_unit unit);
/* The end that the request asks for, as its check reads it. False: none, or none that is one. */
bool policy_match_asked_end(const struct csr_details *details, int64_t now, int64_t *end);

#endif
