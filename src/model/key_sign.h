/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign, and let nothing out that a lack of memory has spoilt.
 * Not here: what is signed (ca/ca_sign.h, ca/crl_builder.h, ca/ocsp_response.h,
 *           scep/scep_reply.h), keys themselves (key.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     PKCS #1 1.5 and PSS, ECDSA.
 *
 * OpenSSL blinds each operation with an RSA key by a pair of numbers that it squares from use to
 * use. When memory ends between the two, they do not belong together any more, and what the key
 * does is wrong without a word until it makes new ones, after 32 uses at the latest. A certificate,
 * a CRL or an answer with such a signature must not go out: from the first lack of memory on, each
 * is verified. Nor may an ECDSA signature whose length OpenSSL tells wrongly when memory ends.
 */
#ifndef OPENNDES_MODEL_KEY_SIGN_H
#define OPENNDES_MODEL_KEY_SIGN_H

#include "base/buffer.h"

struct evp_pkey_st;
struct evp_md_st;

/*
 * *len: room at `signature`, then its length. pss: with a salt of the digest's length. A wrong
 * signature of an RSA key is made again until the key is sound. False: the cause is in OpenSSL's
 * queue.
 */
MUST_USE bool key_sign(struct evp_pkey_st *key, const struct evp_md_st *digest, bool pss,
                       struct bytes data, uint8_t *signature, size_t *len);

/* What is signed, in pieces that need not lie together: a CRL has megabytes. */
struct key_signing {
    struct evp_pkey_st *key;
    const struct evp_md_st *digest;
    bool pss;
    const struct bytes *pieces;
    size_t count;
};
/* The same for these, one behind the other. */
MUST_USE bool key_sign_pieces(const struct key_signing *signing, uint8_t *signature, size_t *len);

#endif
