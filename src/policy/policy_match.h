/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  compare one request with one policy: a finding per check.
 * Not here: which policies are asked and what follows (policy_gate.h).
 * Owns:     the texts of a verdict.
 * Threads:  pure; any thread.
 * Spec:     docs/policy.md (checks).
 */
#ifndef OPENNDES_POLICY_POLICY_MATCH_H
#define OPENNDES_POLICY_POLICY_MATCH_H

#include "model/csr_details.h"
#include "policy/policy_known.h"
#include "policy/policy_pattern.h"

enum policy_outcome {
    POLICY_PASS,
    POLICY_NOT_CHECKED, /* nobody can tell from a request */
    POLICY_FIXED,       /* differs, and the certificate gets what the policy says */
    POLICY_WARN,
    POLICY_DENY
};
const char *policy_outcome_word(enum policy_outcome outcome); /* "not-checked", ... */

#define POLICY_FOUND_MAX 200
#define POLICY_VALUES_MAX 16384 /* bytes of values that were not UTF-8 in the request */

struct policy_finding {
    const char *check; /* constant, stable: "IPV-SAN-EXTRA" */
    enum policy_outcome outcome;
    char path[96]; /* in the policy's own language: "/SubjectAlternativeNames[2]" */
    char expected[POLICY_FOUND_MAX];
    char found[POLICY_FOUND_MAX]; /* escaped; never the challenge */
    const char *intune_code;      /* nearest one, "SubjectAltNameMismatch"; "" none */
};

struct policy_verdict {
    enum policy_outcome outcome; /* the worst; never not-checked, which is no failure */
    size_t count;
    struct policy_finding finding[LIMIT_POLICY_FINDINGS];
    bool cut;                        /* more findings than fit; those that deny were kept first */
    struct policy_bindings bindings; /* borrowed from csr, policy and values */
    size_t values_len;
    uint8_t values[POLICY_VALUES_MAX];
};

/* What is known of the request's challenge from elsewhere. */
enum policy_challenge {
    POLICY_CHALLENGE_ANY,    /* the policy says */
    POLICY_CHALLENGE_INTUNE, /* the template's challenge is Intune's: its shape is looked at */
    POLICY_CHALLENGE_NONE    /* a certificate vouches: nobody looks at a challenge */
};

/* What is compared; all borrowed. */
struct policy_request {
    const struct csr *csr;
    const struct csr_details *details;
    const char *path; /* of the URL the request came to; "" not known (command line) */
    enum policy_challenge challenge;
    const struct policy_known *known; /* NULL: none */
    int64_t now;
    /*
     * Certificates of this subject that the template issued since `since` (count) and the latest
     * end of one that is valid now (0: none). NULL: not known, the checks are not-checked.
     */
    bool (*history)(void *context, int64_t since, int64_t *count, int64_t *valid_until,
                    struct error *err);
    void *history_context;
};

/*
 * All checks, none skipped because another has failed. Big: allocate the verdict. Errors (the
 * comparison could not be made, which is a refusal): REASON_SYNTAX, REASON_LIMIT, REASON_STORE_*,
 * REASON_NO_MEMORY.
 */
MUST_USE bool policy_match(const struct policy *p, const struct policy_request *request,
                           struct policy_verdict *out, struct error *err);

/* Every check id there is, with one sentence of what it looks at; for docs and tests. */
struct policy_check_info {
    const char *check;
    const char *what;
    const char *outcomes;    /* those it can have, separated by spaces */
    const char *intune_code; /* nearest one, for whoever reads Intune's console; "" none */
};
const struct policy_check_info *policy_check_infos(size_t *count);

#endif
