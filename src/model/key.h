/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  facts about a public key: read from its bytes before a library decodes it, and its
 *           fingerprint.
 * Not here: which keys may be used (template/, scep/), private keys on disk (ca/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.2.7, RFC 3279 2.3.1, RFC 5480 2.1.1; Nemec and others, "The Return of
 *           Coppersmith's Attack" (ROCA).
 */
#ifndef OPENNDES_MODEL_KEY_H
#define OPENNDES_MODEL_KEY_H

#include "base/secret.h"

struct evp_pkey_st;

enum key_type { KEY_TYPE_OTHER, KEY_TYPE_RSA, KEY_TYPE_EC };

struct key_facts {
    enum key_type type; /* EC: P-256, P-384 and P-521 only */
    unsigned bits;      /* 0 for KEY_TYPE_OTHER */
    bool exponent_ok;   /* RSA: odd, 3..2^32; others true */
};

/*
 * Look at a SubjectPublicKeyInfo without decoding the key. Elliptic curves given by explicit
 * parameters are refused: libraries have failed in them (CVE-2022-0778), and nobody needs them.
 * Errors: REASON_SYNTAX, REASON_LIMIT (RSA modulus over LIMIT_RSA_BITS_MAX), REASON_NO_MEMORY.
 */
MUST_USE bool key_inspect(struct bytes spki, struct key_facts *out, struct error *err);
/*
 * Is the time that a signature by this key takes to verify bounded? RSA of LIMIT_RSA_BITS_MIN to
 * LIMIT_RSA_BITS_MAX with a small odd exponent, or a known curve.
 */
bool key_is_bounded(const struct key_facts *facts);
/*
 * SHA-256 over the DER of a key's SubjectPublicKeyInfo as this program encodes it. Errors:
 * REASON_SYNTAX.
 */
MUST_USE bool key_sha256(struct evp_pkey_st *key, uint8_t digest[DIGEST_SHA256_BYTES],
                         struct error *err);
/*
 * True for an RSA key whose modulus is even or has a prime factor below 1000: not made by a sound
 * generator. Also for one whose modulus cannot be had, for lack of memory. False for other key
 * types.
 */
bool key_has_small_factor(struct evp_pkey_st *key);
/*
 * True for an RSA key that a TPM or smart card with the broken library of 2017 has made
 * (CVE-2017-15361, "ROCA"): its modulus is a power of 65537 modulo every small prime, which a sound
 * one is by chance once in 2^150 or so. Also for one whose modulus cannot be had. False for other
 * key types.
 */
bool key_is_roca(struct evp_pkey_st *key);

#endif
