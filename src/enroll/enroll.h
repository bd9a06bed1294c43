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

struct trusted_cas; /* enroll/trusted_cas.h */

/* Which certificates vouch for a request without challenge, and when. All borrowed. */
struct enroll_renewal_options {
    bool enabled;
    int64_t window_percent; /* 1..100: of the old certificate's time, counted from its end */
    int64_t grace_seconds;  /* behind its end */
    bool same_key;
    enum renewal_names names;
    enum renewal_challenge challenge;
    const char *templates;   /* comma list: besides the template's own; "" none */
    int64_t per_certificate; /* 0: any number */
    struct ca *const *cas;   /* of this server: besides the template's own */
    size_t ca_count;
    const struct trusted_cas *trusted; /* foreign ones; NULL: none */
};

/* Whether an administrator has to agree. */
struct enroll_approval_options {
    bool manual;
    int64_t seconds; /* how long a request waits */
    int64_t max;     /* requests that wait at the same time */
};

/* What one template decides with; all borrowed, all outlive the calls. */
struct enroll_options {
    const char *template_name;
    const struct template *template;
    const struct challenge *challenge;
    struct ca *ca;
    struct store *store;
    const struct policy_gate *policy; /* NULL: none */
    bool challenge_shape;             /* the policy looks at the challenge as one of Intune's */
    struct enroll_renewal_options renewal;
    struct enroll_approval_options approval;
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
 * before), or is ISSUANCE_PENDING and the request is kept (out->repeated when it was before).
 * false: `err` says why, nothing is issued and a challenge that was accepted is given back: a
 * one-time password can be used again, a remote validator is told. A certificate that was signed,
 * but could not be confirmed, is recorded as withheld and revoked.
 */
MUST_USE bool enroll_handle(const struct enroll_options *options,
                            const struct enroll_request *request, struct issuance *out,
                            struct enroll_report *report, struct error *err);

/*
 * CertPoll (RFC 8894 4.4): what became of the request with this transaction, by this signer's key,
 * at this template and CA? The request holds no CSR. Costs no look at the envelope. true: `out`
 * holds the certificate, or is ISSUANCE_PENDING. Errors: REASON_POLL_UNKNOWN,
 * REASON_REQUEST_DENIED, and, when an approved request is issued now, as enroll_handle.
 */
MUST_USE bool enroll_poll(const struct enroll_options *options,
                          const struct enroll_request *request, struct issuance *out,
                          struct enroll_report *report, struct error *err);
/*
 * Which templates does a transaction of this signer's key wait at? For a URL of several templates.
 * Each name once, newest first; nothing is visited when nothing waits. False of the visit ends the
 * walk and is handed on. Errors: REASON_STORE_*.
 */
typedef bool enroll_waiting_visit(void *context, const char *template_name, struct error *err);
MUST_USE bool enroll_waiting_at(struct store *store, const struct enroll_request *request,
                                enroll_waiting_visit *visit, void *context, struct error *err);

#endif
