/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  from a SubjectPublicKeyInfo to a key, its facts and its fingerprint, and into a
 *           certificate, by the cheapest way that takes the same keys.
 * Not here: the facts themselves (key.h), which keys may be used (template/, scep/).
 * Owns:     see the functions.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.2.7, RFC 3279 2.3.1, RFC 8017 A.1.1.
 *
 * The library looks for a decoder anew for every key, among all that there are, and encodes a key
 * in the same way: hundreds of thousands of instructions each, beside which the RSA operation
 * with the key is small. RSA keys in the one form that nearly all clients send are therefore read
 * here; everything else goes the library's way.
 */
#ifndef OPENNDES_MODEL_PUBLIC_KEY_H
#define OPENNDES_MODEL_PUBLIC_KEY_H

#include "model/key.h"

struct x509_st;

/*
 * The parts of an RSA SubjectPublicKeyInfo in exactly the form that this program itself writes:
 * DER, NULL parameters, a positive odd modulus of at most LIMIT_RSA_BITS_MAX, an odd exponent of
 * at most 32 bits beside 1. Views into `spki`. False: another key or another form of it.
 */
struct rsa_view {
    struct bytes modulus;  /* big-endian, no zero octet before it */
    struct bytes exponent; /* the same */
    struct bytes key;      /* RSAPublicKey, what the BIT STRING holds */
};
MUST_USE bool public_key_rsa_view(struct bytes spki, struct rsa_view *out);

/* How a key was decoded: the ways differ in time by hundreds of microseconds. */
enum public_key_way {
    PUBLIC_KEY_NOT_READ,
    PUBLIC_KEY_KNOWN, /* not at all */
    PUBLIC_KEY_PLAIN,
    PUBLIC_KEY_LIBRARY
};

struct public_key {
    struct evp_pkey_st *key; /* owned: EVP_PKEY_free */
    struct key_facts facts;
    uint8_t sha256[DIGEST_SHA256_BYTES];      /* as key_sha256 of the key */
    uint8_t spki_sha256[DIGEST_SHA256_BYTES]; /* of the bytes that were read */
    enum public_key_way way;
};

/*
 * key_inspect, then the key is decoded; when it has the very bytes of `known` (NULL: no such key),
 * that one is shared. On failure `out` is empty but for the way that was gone. Errors: those of
 * key_inspect; REASON_SYNTAX.
 */
MUST_USE bool public_key_read(struct bytes spki, const struct public_key *known,
                              struct public_key *out, struct error *err);
/* The same by PUBLIC_KEY_LIBRARY whatever the form. */
MUST_USE bool public_key_read_slowly(struct bytes spki, struct public_key *out, struct error *err);

/* As key_sha256 of the key in a certificate, which need not be decoded. Errors: REASON_SYNTAX. */
MUST_USE bool public_key_sha256_of(const struct x509_st *cert, uint8_t digest[DIGEST_SHA256_BYTES],
                                   struct error *err);
/*
 * Put a key into a certificate that is being made. The certificate's own X509_get0_pubkey may have
 * none afterwards: encode it to use it further. Errors: REASON_SYNTAX.
 */
MUST_USE bool public_key_put(struct x509_st *cert, struct evp_pkey_st *key, struct bytes spki,
                             struct error *err);

#endif
