/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the vocabulary of verdicts: a stable id for everything that is looked at.
 * Not here: looking (policy_match_*.c).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/policy-checks.md.
 */
#ifndef OPENNDES_POLICY_POLICY_CHECKS_H
#define OPENNDES_POLICY_POLICY_CHECKS_H

#include "policy/policy_match.h"

/* In the order in which a verdict lists them. */
enum policy_check {
    CHECK_SUBJECT,
    CHECK_SUBJECT_MISSING,
    CHECK_SUBJECT_VALUE,
    CHECK_SUBJECT_EXTRA,
    CHECK_SUBJECT_ORDER,
    CHECK_SUBJECT_LENGTH,
    CHECK_SAN,
    CHECK_SAN_MISSING,
    CHECK_SAN_VALUE,
    CHECK_SAN_EXTRA,
    CHECK_SAN_TYPE,
    CHECK_SAN_JOINED,
    CHECK_SAN_CRITICAL,
    CHECK_VARIABLE,
    CHECK_VALUE,
    CHECK_SID_URI,
    CHECK_KNOWN,
    CHECK_KEY_USAGE,
    CHECK_KEY_USAGE_CA,
    CHECK_EKU,
    CHECK_EKU_MISSING,
    CHECK_EKU_ANY,
    CHECK_KEY_SIZE,
    CHECK_KEY_TYPE,
    CHECK_KEY_EXPONENT,
    CHECK_KEY_WEAK,
    CHECK_HASH,
    CHECK_VALIDITY,
    CHECK_CA,
    CHECK_ENDPOINT,
    CHECK_CA_IDENT,
    CHECK_SID_EXTENSION,
    CHECK_EXTENSION,
    CHECK_EXTENSION_TWICE,
    CHECK_CONSTRAINTS,
    CHECK_AUTHORITY,
    CHECK_TEMPLATE,
    CHECK_CHALLENGE,
    CHECK_CHALLENGE_SHAPE,
    CHECK_KEY_PROTECTION,
    CHECK_AAD_KEYS,
    CHECK_STORE,
    CHECK_RENEWAL,
    CHECK_RATE,
    CHECK_RETRY,
    CHECK_COUNT
};

const struct policy_check_info *policy_check_info_of(enum policy_check check);

#endif
