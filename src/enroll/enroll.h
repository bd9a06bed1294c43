/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the decision about one request, in order: repeat, path, challenge, template, CA,
 *           confirm, commit.
 * Not here: SCEP and HTTP (endpoint/), the single checks (challenge/, template/, ca/, store/).
 * Owns:     nothing: everything it works with is borrowed from the composition root.
 * Threads:  any thread; no state of its own.
 * Spec:     RFC 8894 2.3, 2.4, 4.3; NDES: observed.
 */
#ifndef OPENNDES_ENROLL_ENROLL_H
#define OPENNDES_ENROLL_ENROLL_H

#include "ca/ca.h"
#include "challenge/challenge.h"
#include "model/enroll_request.h"
#include "store/store.h"
#include "template/template.h"

/* What one template decides with; all borrowed, all outlive the calls. */
struct enroll_options {
    const char *template_name;
    const struct template *template;
    const struct challenge *challenge;
    struct ca *ca;
    struct store *store;
    int64_t repeat_seconds; /* how long the same request gets the same certificate; 0: never */
};

/*
 * Decide. true: `out` holds a certificate whose row is durable (out->repeated when it was issued
 * before). false: `err` says why, nothing is issued and a challenge that was accepted is given
 * back: a one-time password can be used again.
 * `challenge_type` gets a constant text for audit once the challenge was accepted.
 */
MUST_USE bool enroll_handle(const struct enroll_options *options,
                            const struct enroll_request *request, struct issuance *out,
                            const char **challenge_type, struct error *err);

#endif
