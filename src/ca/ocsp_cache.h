/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  OCSP answers that were signed already, for questions about one certificate without
 *           nonce.
 * Not here: whether an answer still says what is true (ca_ocsp.h asks the database each time).
 * Owns:     copies of OCSP_CACHE_ANSWERS answers at most; one more takes the place of the one that
 *           was asked for longest ago among its neighbours.
 * Threads:  any thread; a lock is held while an answer is copied, never while one is signed.
 * Spec:     RFC 5019 2.2.
 */
#ifndef OPENNDES_CA_OCSP_CACHE_H
#define OPENNDES_CA_OCSP_CACHE_H

#include "ca/ocsp_response.h"

#define OCSP_CACHE_ANSWERS 10000u /* below 2 KB each */

struct ocsp_cache;

struct ocsp_times {
    int64_t made_at; /* seconds, like the others */
    int64_t this_update;
    int64_t next_update;
    int64_t refresh_at; /* from then on a new one is signed */
};

struct ocsp_cache *ocsp_cache_create(struct error *err);
void ocsp_cache_free(struct ocsp_cache *cache); /* NULL is allowed */

/*
 * Append the answer to the question about this CertID (DER) that says `status`, if there is one
 * that is fresh at `now`. An answer that says something else is none. false: none; without err.
 */
bool ocsp_cache_find(struct ocsp_cache *cache, struct bytes cert_id,
                     const struct ocsp_status *status, int64_t now, struct ocsp_times *times,
                     struct buffer *der);
/* Keep a copy. Without memory nothing is kept. */
void ocsp_cache_keep(struct ocsp_cache *cache, struct bytes cert_id,
                     const struct ocsp_status *status, const struct ocsp_times *times,
                     struct bytes der);

#endif
