/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  policies and requests for tests, from text and from the builder.
 * Not here: what is asked and expected (test_policy_*.c).
 * Owns:     nothing.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_POLICY_POLICY_CASE_H
#define OPENNDES_TESTS_POLICY_POLICY_CASE_H

#include "model/csr_builder.h"
#include "model/csr_details.h"
#include "policy/policy.h"

/* Load own JSON; single quotes stand for double ones. Failure ends the test. */
void policy_case_load(const char *json, struct policy_set *out);

/* A request as it arrives. */
struct policy_case_request {
    struct csr csr;
    struct csr_details *details;
};
/* Build, parse and use the builder up. */
void policy_case_request(struct csr_builder *b, struct policy_case_request *out);
void policy_case_request_clear(struct policy_case_request *r);

#endif
