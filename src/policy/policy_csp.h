/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the nodes of the SCEP configuration service providers of Windows, collected by
 *           UniqueID and turned into policies.
 * Not here: where the nodes come from (policy_load_syncml.c).
 * Owns:     the collected texts.
 * Threads:  one owner.
 * Spec:     ClientCertificateInstall CSP, CertificateStore CSP.
 */
#ifndef OPENNDES_POLICY_POLICY_CSP_H
#define OPENNDES_POLICY_POLICY_CSP_H

#include "policy/policy.h"

struct policy_csp;

/* What to do with the value of a node. */
enum policy_csp_want {
    POLICY_CSP_PASS_OVER, /* no business of ours, or a secret: do not even read it */
    POLICY_CSP_TEXT
};

/* Where a value belongs; filled by policy_csp_find, used once. */
struct policy_csp_place {
    enum policy_csp_want want;
    size_t profile;
    size_t node;
    size_t line;
};

/* NULL: no memory. Owned: policy_csp_free. */
struct policy_csp *policy_csp_new(struct error *err);
void policy_csp_free(struct policy_csp *csp); /* NULL is allowed */

/*
 * Take a path such as "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/Corp/Install/KeyUsage"
 * apart. Paths of other providers are passed over in silence, unknown nodes of these with a warning
 * in `set`. Errors: REASON_POLICY_VALUE (no UniqueID; one UniqueID for device and user),
 * REASON_LIMIT.
 */
MUST_USE bool policy_csp_find(struct policy_csp *csp, const char *path, size_t line,
                              struct policy_set *set, struct policy_csp_place *place,
                              struct error *err);
/*
 * Keep a value. The same one twice is one; another one for the same node is REASON_POLICY_VALUE:
 * nobody knows which of them a device gets.
 */
MUST_USE bool policy_csp_put(struct policy_csp *csp, const struct policy_csp_place *place,
                             struct bytes value, struct error *err);
/*
 * Append one policy for each UniqueID, in the order in which they came. Errors:
 * REASON_POLICY_VALUE with line and node, REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool policy_csp_policies(const struct policy_csp *csp, const char *file,
                                  struct policy_set *out, struct error *err);

#endif
