/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the contract of a challenge check, and its dispatch: check before issuing, confirm
 *           after signing, give back on failure.
 * Not here: Intune (intune/), NDES one-time passwords (mscep/), which both implement this contract.
 * Owns:     the handle.
 * Threads:  any thread may check; a grant belongs to one request.
 * Spec:     RFC 8894 2.4, RFC 2985 5.4.1.
 */
#ifndef OPENNDES_CHALLENGE_CHALLENGE_H
#define OPENNDES_CHALLENGE_CHALLENGE_H

#include "model/enroll_request.h"
#include "model/grant.h"
#include "model/issuance.h"

struct challenge;

/* A kind of challenge. NULL entries mean: nothing to do. */
struct challenge_ops {
    const char *name;
    /*
     * Check and confirm ask another machine. Template and policy are asked before it, and a
     * certificate is recorded as provisional before confirm and released after it.
     */
    bool remote;
    /*
     * May this request go on? Fills grant; a correlation_id also on failure. Errors:
     * REASON_CHALLENGE_REJECTED, _MISSING, _EXPIRED, _USED, _BINDING, _UNAVAILABLE,
     * REASON_INTUNE_*.
     */
    bool (*check)(void *state, const struct enroll_request *request, struct grant *grant,
                  struct error *err);
    /* The certificate is signed and not yet handed out; false withholds it. Once per grant. */
    bool (*confirm)(void *state, const struct enroll_request *request, struct grant *grant,
                    const struct issuance *issuance, struct error *err);
    /*
     * After check, and perhaps after confirm, the grant leads to no certificate. Once per grant. A
     * remote validator hears it also before check, with an empty grant, when template or policy say
     * no; but not of a provisional certificate, whose withholding carries the notification.
     * REASON_STORE_DUPLICATE: the same request got its answer from another thread, or the serial
     * had been issued before: the certificate that was confirmed is not used.
     */
    void (*refuse)(void *state, const struct enroll_request *request, const struct grant *grant,
                   const struct error *why);
    void (*free)(void *state);
};

/* Takes over state. NULL when out of memory (state is freed). */
struct challenge *challenge_create(const struct challenge_ops *ops, void *take_state);
void challenge_free(struct challenge *c); /* NULL is allowed */
const char *challenge_name(const struct challenge *c);
bool challenge_is_remote(const struct challenge *c);

MUST_USE bool challenge_check(const struct challenge *c, const struct enroll_request *request,
                              struct grant *grant, struct error *err);
MUST_USE bool challenge_confirm(const struct challenge *c, const struct enroll_request *request,
                                struct grant *grant, const struct issuance *issuance,
                                struct error *err);
void challenge_refuse(const struct challenge *c, const struct enroll_request *request,
                      const struct grant *grant, const struct error *why);

#endif
