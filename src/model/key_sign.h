/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign, and let nothing out that a lack of memory has spoilt.
 * Not here: what is signed (ca/ca_sign.h, scep/scep_reply.h), keys themselves (key.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     PKCS #1 1.5 and PSS, ECDSA.
 *
 * OpenSSL blinds each operation with an RSA key by a pair of numbers that it squares from use to
 * use. When memory ends between the two, they do not belong together any more, and what the key
 * does is wrong without a word until it makes new ones, after 32 uses at the latest. A certificate
 * or an answer with such a signature must not go out: from the first lack of memory on, each is
 * verified.
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

#endif
