/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a policy leaves of a template's plan. A plan never gets more by it.
 * Not here: whether the request fits (policy_match.h), what the template plans (template/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_NARROW_H
#define OPENNDES_POLICY_POLICY_NARROW_H

#include "model/cert_plan.h"
#include "model/csr_details.h"
#include "policy/policy.h"

/*
 * Key usage and extended key usage: what template and policy both have. The end: the earliest of
 * the plan's, now and the policy's validity, now and the validity the request asks for. The
 * beginning: now less the policy's backdating. Called for one policy after the other, what is left
 * is what all of them allow, and the beginning is the last one's.
 * Errors: REASON_POLICY_CONFLICT (nothing is left), REASON_NO_MEMORY. The plan is then not to be
 * used.
 */
MUST_USE bool policy_narrow_plan(const struct policy *p, const struct csr_details *details,
                                 int64_t now, struct cert_plan *plan, struct error *err);

#endif
