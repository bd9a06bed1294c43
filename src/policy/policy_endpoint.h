/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  is a policy for this URL?
 * Not here: what follows from it (policy_gate.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_ENDPOINT_H
#define OPENNDES_POLICY_POLICY_ENDPOINT_H

#include "policy/policy.h"

/*
 * True when the path of one of the policy's endpoints (URLs or paths) is url_path or lies below it
 * (/scep/corp/pkiclient.exe); upper and lower case are the same.
 */
bool policy_endpoint_names(const struct policy *p, const char *url_path);

#endif
