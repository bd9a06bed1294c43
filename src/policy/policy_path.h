/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  where a rule stands in the policy's own language.
 * Not here: reading that language (policy_load.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy-checks.md; ClientCertificateInstall CSP; com.apple.security.scep; Graph
 *           beta.
 */
#ifndef OPENNDES_POLICY_POLICY_PATH_H
#define OPENNDES_POLICY_POLICY_PATH_H

#include "policy/policy.h"

#define POLICY_PATH_MAX 96

enum policy_place {
    PLACE_SUBJECT,
    PLACE_SAN,
    PLACE_KEY_USAGE,
    PLACE_EKU,
    PLACE_KEY_SIZE,
    PLACE_KEY_TYPE,
    PLACE_HASH,
    PLACE_VALIDITY,
    PLACE_CA,
    PLACE_ENDPOINT,
    PLACE_CA_IDENT,
    PLACE_SID_EXTENSION,
    PLACE_EXTENSIONS,
    PLACE_TEMPLATE,
    PLACE_CHALLENGE,
    PLACE_KEY_PROTECTION,
    PLACE_AAD_KEYS,
    PLACE_STORE,
    PLACE_RENEWAL,
    PLACE_RATE,
    PLACE_RETRY,
    PLACE_NONE,
    PLACE_COUNT
};

/* "/validity/value"; "" where the language has no word for it. */
void policy_path(const struct policy *p, enum policy_place place, char out[POLICY_PATH_MAX]);
/* A name: "/SubjectAlternativeNames[2]", its position in the policy as written, from 1. */
void policy_path_san(const struct policy *p, size_t index, char out[POLICY_PATH_MAX]);

#endif
