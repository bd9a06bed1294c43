/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  does a policy ask for what its template forbids? Found when it is loaded, not at each
 *           device's request.
 * Not here: comparing requests (policy_match.h), narrowing what is issued (policy_narrow.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_CONFLICT_H
#define OPENNDES_POLICY_POLICY_CONFLICT_H

#include "policy/policy_known.h"

/*
 * Would the template refuse every request that fits the policy, or issue a certificate without what
 * the policy is for? REASON_POLICY_CONFLICT, with the policy's and the template's setting and what
 * to do. Where it refuses only some of them, `warnings` gets a sentence.
 */
MUST_USE bool policy_conflict_check(const struct policy *p, const struct template_config *config,
                                    struct policy_texts *warnings, struct error *err);

/*
 * What the policy's variables rest on: `warnings` gets a sentence for each that the list of known
 * devices (NULL: there is none) has no column for, and one for a SID that nobody vouches for.
 */
MUST_USE bool policy_conflict_check_known(const struct policy *p,
                                          const struct template_config *config,
                                          const struct policy_known *known,
                                          struct policy_texts *warnings, struct error *err);

#endif
