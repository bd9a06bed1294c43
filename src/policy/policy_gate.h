/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the policies of one template: which of them a request is compared with, what a verdict
 *           means for the request, and what the policy puts into the certificate.
 * Not here: the comparison (policy_match.h), files' languages (policy_load.h).
 * Owns:     policies, list of known devices.
 * Threads:  immutable after creation; any thread may ask.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_GATE_H
#define OPENNDES_POLICY_POLICY_GATE_H

#include "model/cert_plan.h"
#include "model/enroll_request.h"
#include "policy/policy_match.h"
#include "store/store.h"

struct policy_gate;

/* Beside the checks of policy_match.h: several policies fit. Warns; the strictest is taken. */
#define POLICY_GATE_SEVERAL "IPV-SEVERAL"

struct policy_gate_options {
    const char *folder; /* policies/ of the data folder */
    const struct template_config *config;
    struct store *store;  /* for limits and renewal windows; outlives the gate */
    const char *url_path; /* "/scep/<template>" */
};

/*
 * Load every file of policy.files. NULL with an error that is set: something is wrong; NULL with
 * none: the template has no policy, or policy.mode is off. Policies whose own mode is off do not
 * exist; where one names the URL's path, those that do not are left out. What no certificate of the
 * template could have (an EKU or key usage beyond it, policy_conflict.h) is REASON_POLICY_CONFLICT.
 * config and its texts are not needed afterwards. Owned: policy_gate_free.
 */
struct policy_gate *policy_gate_create(const struct policy_gate_options *options,
                                       struct error *err);
void policy_gate_free(struct policy_gate *gate); /* NULL is allowed */
size_t policy_gate_count(const struct policy_gate *gate);
/* Sentences of the loaders; for the log. */
const struct policy_texts *policy_gate_warnings(const struct policy_gate *gate);

/* What happened, for log and audit. */
struct policy_report {
    char policy[128]; /* its name; "" none was asked */
    char verdict[16]; /* "pass", "warn", "deny", "fixed"; "audit" when a denial was let pass */
    char check[32];   /* the first check that denies or warns; "" none */
    char detail[544]; /* path, expected, found of it, escaped */
};

/*
 * Compare with the policies that name the URL; else with all. false: `err` is
 * REASON_POLICY_DENIED, or the reason why the comparison could not be made; nothing is issued then,
 * in mode audit as well. The detail of a denial begins with the check's id. true: the request fits,
 * and plan has been narrowed: key usage and EKU to those of the policy, validity cut, backdating.
 * Or it fits none, and all policies of the gate are in mode audit, the template's or their own:
 * plan is then left as it is.
 */
MUST_USE bool policy_gate_check(const struct policy_gate *gate,
                                const struct enroll_request *request,
                                enum policy_challenge challenge, int64_t now,
                                struct cert_plan *plan, struct policy_report *report,
                                struct error *err);

#endif
