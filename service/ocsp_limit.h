/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how many OCSP answers are signed for an address in a minute: a question with a nonce
 *           costs a signature, and nobody signs in to ask.
 * Not here: the answer "try later" (ocsp_face.c), limits of SCEP (endpoint/rate_limit.h).
 * Owns:     counts in memory of a fixed size.
 * Threads:  any thread; one short lock.
 * Spec:     configuration key ocsp.signatures_per_minute; docs/ocsp.md.
 *
 * A minute begins with the first signature that is counted in it; IPv6 counts by its /64.
 */
#ifndef OPENNDES_SERVICE_OCSP_LIMIT_H
#define OPENNDES_SERVICE_OCSP_LIMIT_H

#include "base/error.h"
#include "base/ip_prefix.h"

struct ocsp_limit;

struct ocsp_limit *ocsp_limit_create(struct error *err); /* REASON_NO_MEMORY, _INTERNAL */
void ocsp_limit_free(struct ocsp_limit *limit);          /* NULL is allowed */
/*
 * Count one more signature for this address, if it may have it; most 0: any number. Returns 0, or
 * the seconds until it may ask again.
 */
unsigned ocsp_limit_take(struct ocsp_limit *limit, const struct ip_address *peer, int64_t most);

#endif
