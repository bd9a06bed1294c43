/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the decision about one request, in order: repeat, path, local challenge, template,
 *           policy, remote challenge, CA, confirm, commit.
 * Not here: SCEP and HTTP (endpoint/), the single checks (challenge/, template/, policy/, ca/,
 *           store/), renewal by certificate (enroll_renewal.h).
 * Owns:     nothing: everything it works with is borrowed from the composition root.
 * Threads:  any thread; no state of its own.
 * Spec:     RFC 8894 2.3, 2.4, 4.3; NDES: observed.
 */
#ifndef OPENNDES_ENROLL_ENROLL_H
#define OPENNDES_ENROLL_ENROLL_H

#include "ca/ca.h"
#include "challenge/challenge.h"
#include "model/enroll_request.h"
#include "policy/policy_gate.h"
#include "store/store.h"
#include "template/template.h"

/* What one template decides with; all borrowed, all outlive the calls. */
struct enroll_options {
    const char *template_name;
    const struct template *template;
    const struct challenge *challenge;
    struct ca *ca;
    struct store *store;
    const struct policy_gate *policy; /* NULL: none */
    bool challenge_shape;             /* the policy looks at the challenge as one of Intune's */
    bool renewal_by_certificate; /* a request without challenge: its signer's certificate vouches */
    bool sid_extension;     /* after a remote validator's yes: the SID of the URI as an extension */
    int64_t repeat_seconds; /* how long the same request gets the same certificate; 0: never */
};

/* What a log wants to know of a decision besides its result. */
struct enroll_report {
    const char *challenge_type;  /* constant text, once the challenge was accepted; NULL */
    char correlation_id[40];     /* of the last call to a remote validator; "" none */
    struct policy_report policy; /* policy "" when none was asked */
};

/*
 * Decide. true: `out` holds a certificate whose row is durable (out->repeated when it was issued
 * before). false: `err` says why, nothing is issued and a challenge that was accepted is given
 * back: a one-time password can be used again, a remote validator is told. A certificate that was
 * signed, but could not be confirmed, is recorded as withheld and revoked.
 */
MUST_USE bool enroll_handle(const struct enroll_options *options,
                            const struct enroll_request *request, struct issuance *out,
                            struct enroll_report *report, struct error *err);

#endif
