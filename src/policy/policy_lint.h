/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what is odd or dangerous about a policy, before a device finds out.
 * Not here: what makes it unreadable (policy_load.h, policy_finish), conflicts with a template
 *           (policy_conflict.h), requests (policy_match.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md (lints).
 */
#ifndef OPENNDES_POLICY_POLICY_LINT_H
#define OPENNDES_POLICY_POLICY_LINT_H

#include "policy/policy_ca.h"
#include "policy/policy_path.h"

enum policy_lint_level { POLICY_LINT_INFO, POLICY_LINT_WARNING, POLICY_LINT_ERROR };
const char *policy_lint_level_word(enum policy_lint_level level);

struct policy_lint_finding {
    const char *id; /* stable: "IPL-SPOOFABLE" */
    enum policy_lint_level level;
    char place[POLICY_PATH_MAX]; /* in the policy's own language: "/SubjectName" */
    char text[400];              /* a sentence, escaped */
    const char *remedy;          /* what to do */
};
/*
 * p is the policy it is about; NULL: what the loaders said of the file. False ends the walk and is
 * handed on.
 */
typedef bool policy_lint_visit(void *context, const struct policy *p,
                               const struct policy_lint_finding *finding, struct error *err);

/* Every lint of every policy of the set, and of them together. ca NULL: not known. now: for the
 * ends of CA certificates. */
MUST_USE bool policy_lint(const struct policy_set *set, const struct policy_ca *ca, int64_t now,
                          policy_lint_visit *visit, void *context, struct error *err);

/* Every lint there is, for docs and tests. */
struct policy_lint_info {
    const char *id;
    const char *what;
    const char *remedy;
};
const struct policy_lint_info *policy_lint_infos(size_t *count);

#endif
