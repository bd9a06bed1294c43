/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the nodes below Install of the SCEP providers: their names and what each of them asks
 *           of a request.
 * Not here: paths and UniqueIDs (policy_csp.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     ClientCertificateInstall CSP; AlternativeNameType (certenroll.h).
 */
#ifndef OPENNDES_POLICY_POLICY_CSP_NODES_H
#define OPENNDES_POLICY_POLICY_CSP_NODES_H

#include "policy/policy.h"

#define POLICY_CSP_NODES 19u

struct policy_csp_value {
    char *text; /* NULL: the node is not there */
    size_t line;
};

/* By name, without regard to case. */
bool policy_csp_node_find(const char *name, size_t *node);
const char *policy_csp_node_name(size_t node);
/* Is its value asked for? Not that of Challenge, which is a secret, nor of Enroll. */
bool policy_csp_node_read(size_t node);

/*
 * Set what the values say in p; sentences about what is passed over go to `out`.
 * Errors: REASON_POLICY_VALUE with line and node, REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool policy_csp_nodes_apply(const struct policy_csp_value value[POLICY_CSP_NODES],
                                     struct policy *p, struct policy_set *out, struct error *err);

#endif
