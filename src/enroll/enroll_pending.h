/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  requests that wait for an administrator, as a decision needs them: has this one come
 *           before, keep it, make it again from what was kept.
 * Not here: polls (enroll.h, implemented here), the other steps (enroll.c), the rows
 *           (store/store_pending.h).
 * Owns:     a kept request owns what was copied of its row.
 * Threads:  any thread; no state of its own.
 * Spec:     RFC 8894 4.4; docs/approval.md.
 */
#ifndef OPENNDES_ENROLL_ENROLL_PENDING_H
#define OPENNDES_ENROLL_ENROLL_PENDING_H

#include "enroll/enroll.h"
#include "store/store_pending.h"

/*
 * Has a request of these very bytes come before, and was not issued? *answered: `out` waits, or has
 * its certificate, which was approved. Costs no challenge. Errors: REASON_REQUEST_DENIED; as
 * enroll_approved.
 */
MUST_USE bool enroll_pending_seen(const struct enroll_options *options,
                                  const struct enroll_request *request,
                                  const struct store_request_key *key, int64_t now,
                                  struct issuance *out, struct enroll_report *report,
                                  bool *answered, struct error *err);

/*
 * A request without challenge may wait where an administrator decides, when it is signed by its own
 * key: `err` is then forgiven and true the answer. A wrong challenge never is.
 */
MUST_USE bool enroll_pending_excuses(const struct enroll_options *options,
                                     const struct enroll_request *request, struct error *err);

/*
 * Keep a request that has passed all that can be asked now; the grant's one-time password is spent
 * with it. renewal: the signer's certificate vouches, and is asked again when it is issued. `out`
 * is ISSUANCE_PENDING, or what enroll_pending_seen says when another thread was faster. Errors:
 * REASON_PENDING_FULL, REASON_CHALLENGE_*, REASON_STORE_*.
 */
MUST_USE bool enroll_pending_keep(const struct enroll_options *options,
                                  const struct enroll_request *request,
                                  const struct store_request_key *key, const struct grant *grant,
                                  bool renewal, int64_t now, struct issuance *out,
                                  struct enroll_report *report, struct error *err);

/* A request that an administrator has approved; all borrowed. */
struct enroll_approval {
    int64_t id;                 /* its row */
    bool renewal;               /* its signer is the certificate that vouches */
    const char *challenge_type; /* by which it was recognised on arrival; "" none */
};
/*
 * Issue (enroll.c): the certificate that vouches, template and policy are asked again as they are
 * now, the challenge is not. `request` has the CSR without challenge and the digest of the one that
 * came. Another thread may be faster: its certificate is the answer then.
 */
MUST_USE bool enroll_approved(const struct enroll_options *options,
                              const struct enroll_request *request,
                              const struct enroll_approval *approval, struct issuance *out,
                              struct enroll_report *report, struct error *err);

#endif
