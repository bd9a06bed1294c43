/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the tightest policy that a set of requests fits.
 * Not here: the patterns of its names (policy_learn_pattern.h), printing it (policy_dump.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md (learn).
 */
#ifndef OPENNDES_POLICY_POLICY_LEARN_H
#define OPENNDES_POLICY_POLICY_LEARN_H

#include "model/csr_details.h"
#include "policy/policy.h"

struct policy_learn_request {
    const char *name; /* for messages */
    const struct csr *csr;
    const struct csr_details *details;
};

/*
 * Learn from 1.. requests, finished. notes gets a sentence for each choice a reader should look at.
 * Each request is compared with the result: one that it denies is REASON_POLICY_DENIED with the
 * request's name and the finding, since such a policy is none (a request with a SID extension, an
 * MD5 signature, names that differ in kind). now: for the comparison.
 * Errors: also REASON_SYNTAX, REASON_LIMIT, REASON_POLICY_VALUE, REASON_NO_MEMORY.
 * Owned: policy_free.
 */
struct policy *policy_learn(const struct policy_learn_request *requests, size_t count, int64_t now,
                            struct policy_texts *notes, struct error *err);

#endif
