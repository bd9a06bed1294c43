/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a variable may stand for: its shape, when two values are the same, what is odd.
 * Not here: patterns around variables (policy_pattern.h), values of known devices (policy_known.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md (variables).
 */
#ifndef OPENNDES_POLICY_POLICY_VARIABLE_H
#define OPENNDES_POLICY_POLICY_VARIABLE_H

#include "policy/policy_pattern.h"

/* Bytes of its shortest and longest value. min is at least 1. */
void policy_variable_range(enum policy_variable variable, size_t *min, size_t *max);
/* Has the value its shape? The policy's domain lists count; p may be NULL. */
bool policy_variable_valid(const struct policy *p, enum policy_variable variable,
                           struct bytes value);
/* For messages: "a GUID". */
const char *policy_variable_shape(enum policy_variable variable);
/* Without regard to case where the thing has none: GUIDs, hosts, domains of addresses. */
bool policy_variable_same(enum policy_variable variable, struct bytes a, struct bytes b);
/* What is odd about a valid value, for messages; NULL: nothing. */
const char *policy_variable_odd(enum policy_variable variable, struct bytes value);

#endif
