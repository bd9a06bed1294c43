/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the groups of lints share.
 * Not here: what callers see (policy_lint.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md (lints).
 */
#ifndef OPENNDES_POLICY_POLICY_LINT_INTERNAL_H
#define OPENNDES_POLICY_POLICY_LINT_INTERNAL_H

#include "policy/policy_lint.h"
#include "policy/policy_path.h"

enum lint {
    /* names */
    LINT_ANY_NAME,
    LINT_NO_NAME,
    LINT_ONE_DEVICE,
    LINT_SPOOFABLE,
    LINT_UNKNOWN_VARIABLE,
    LINT_AFTER_VARIABLE,
    LINT_QUOTES,
    LINT_CN_LENGTH,
    LINT_DN_ALONE,
    LINT_DN_INSIDE,
    LINT_SID_MISSING,
    LINT_SID_PLACE,
    LINT_SID_ANDROID,
    LINT_FQDN,
    LINT_ANDROID_NAME,
    LINT_DEVICE_ID,
    LINT_STORE_USER,
    LINT_STORE_MACHINE,
    /* keys and usages */
    LINT_SHA1,
    LINT_KEY_1024,
    LINT_KEY_4096,
    LINT_KEY_ANY,
    LINT_ANY_EKU,
    LINT_EKU_CA,
    /* the CA and time */
    LINT_THUMBPRINT,
    LINT_VALIDITY_CA,
    LINT_RENEWAL,
    /* the way to the server */
    LINT_HTTP,
    LINT_URL,
    LINT_PKICLIENT,
    LINT_PENDING,
    LINT_MODE,
    LINT_SEVERAL,
    LINT_READING,
    LINT_COUNT
};

struct lint_walk {
    const struct policy *p;
    const struct policy_ca *ca; /* NULL: not known */
    int64_t now;
    policy_lint_visit *visit;
    void *context;
    struct error *err;
};

/* Tell one finding; false ends the walk. What the format gives is escaped already. */
MUST_USE bool lint_say(const struct lint_walk *w, enum lint lint, enum policy_lint_level level,
                       enum policy_place place, const char *format, ...) PRINTF_FORMAT(5, 6);

/* The groups. */
MUST_USE bool lint_names(const struct lint_walk *w);
MUST_USE bool lint_keys(const struct lint_walk *w);
MUST_USE bool lint_delivery(const struct lint_walk *w);

#endif
