/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a pattern of literal text and {{variables}} against a value: does it fit, and what
 *           did each variable stand for?
 * Not here: which pattern belongs to which part of a request (policy_match.h).
 * Owns:     nothing; values are borrowed from what was matched.
 * Threads:  pure functions.
 * Spec:     docs/policy.md (variables).
 */
#ifndef OPENNDES_POLICY_POLICY_PATTERN_H
#define OPENNDES_POLICY_POLICY_PATTERN_H

#include "policy/policy.h"

enum policy_variable {
    POLICY_VARIABLE_UNKNOWN, /* 1..256 printable; its name tells two of them apart */
    POLICY_VARIABLE_AAD_DEVICE_ID,
    POLICY_VARIABLE_DEVICE_ID,
    POLICY_VARIABLE_UPN,
    POLICY_VARIABLE_EMAIL,
    POLICY_VARIABLE_USER_NAME,
    POLICY_VARIABLE_SAM_ACCOUNT,
    POLICY_VARIABLE_SERIAL,
    POLICY_VARIABLE_IMEI,
    POLICY_VARIABLE_MEID,
    POLICY_VARIABLE_WIFI_MAC,
    POLICY_VARIABLE_DEVICE_NAME,
    POLICY_VARIABLE_FQDN,
    POLICY_VARIABLE_SID, /* stands for the whole tag: URI */
    POLICY_VARIABLE_DN
};

/* By name without braces and without regard to case, all synonyms; also $NAME of other products. */
enum policy_variable policy_variable_find(struct bytes name);
const char *policy_variable_word(enum policy_variable variable); /* canonical: "AAD_Device_ID" */
/* A device can choose or fake its value (DeviceName, serial, IMEI, MAC). */
bool policy_variable_spoofable(enum policy_variable variable);

#define POLICY_BINDINGS 32

/* What variables stood for in one request. */
struct policy_binding {
    enum policy_variable variable;
    struct bytes name;  /* of an unknown one; borrowed from the policy */
    struct bytes value; /* borrowed from the request */
};
struct policy_bindings {
    struct policy_binding item[POLICY_BINDINGS];
    size_t count;
};

enum policy_fit {
    POLICY_FIT_NO,
    POLICY_FIT_YES,
    POLICY_FIT_WARN /* fits, but `why` says what is odd: Luhn, junk serial, unknown variable */
};

/*
 * The whole value against the whole pattern. Bindings of a variable that is bound already must be
 * the same (GUIDs, hosts, and domains of addresses without regard to case); new ones are added only
 * when it fits. why (size >= 160) gets the cause of NO or WARN, without secrets. Two variables next
 * to each other are matched leftmost-shortest with backtracking, bounded by POLICY_PATTERN_STEPS;
 * beyond that NO. The domain lists are the policy's.
 */
#define POLICY_PATTERN_STEPS 20000u
enum policy_fit policy_pattern_fit(const struct policy *p, const char *pattern, struct bytes value,
                                   struct policy_bindings *bindings, char *why, size_t why_size);
/* The same for a part of a pattern, within the steps that are left of several fits. */
enum policy_fit policy_pattern_fit_within(const struct policy *p, struct bytes pattern,
                                          struct bytes value, struct policy_bindings *bindings,
                                          unsigned *steps, char *why, size_t why_size);
/*
 * Walk over the variables of a pattern: start with *pos = 0; false at the end. The name of
 * "{{Name}}" comes without braces; "$NAME" (capitals) and "%Name%" of other products as they are.
 */
bool policy_pattern_next(const char *pattern, size_t *pos, struct bytes *name);

#endif
