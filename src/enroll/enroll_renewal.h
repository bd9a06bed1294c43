/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a request without challenge that is signed with a certificate of its own template: does
 *           that certificate vouch for it.
 * Not here: whether the template wants that at all (intune.renewal), the message's signature
 *           (scep/), the request's own (enroll.c's caller), what is issued (template/).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.3; draft-nourse-scep-23 appendix D (renewal by PKCSReq).
 */
#ifndef OPENNDES_ENROLL_ENROLL_RENEWAL_H
#define OPENNDES_ENROLL_ENROLL_RENEWAL_H

#include "enroll/enroll.h"

/*
 * True: the signer's certificate vouches for the request, at `now` (seconds since 1970). It is the
 * very certificate that the store has under its serial, was signed by this template's CA, issued
 * for this template, is in use and not revoked, is valid (no grace), is an end entity's with a key
 * usage that fits; and the request asks for its names, no more and no fewer.
 * A message of type RenewalReq is refused here as everywhere.
 * Errors: REASON_RENEWAL_REFUSED, the detail names the check; REASON_STORE_*, REASON_NO_MEMORY: it
 * could not be checked.
 */
MUST_USE bool enroll_renewal_check(const struct enroll_options *options,
                                   const struct enroll_request *request, int64_t now,
                                   struct error *err);

#endif
