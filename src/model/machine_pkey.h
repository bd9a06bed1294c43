/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a private key of the machine's key store as an EVP_PKEY, so that CMS, certificates and
 *           CRLs are signed and messages are opened with it as with any other.
 * Not here: finding the key (platform/machine_key.h), what a key file says of it
 *           (ca/ca_key_reference.h).
 * Owns:     the EVP_PKEY owns the machine's key and lets it go with its last reference.
 * Threads:  such an EVP_PKEY may be used by several threads at a time, like any other.
 * Spec:     RFC 8017 7.2 and 8; RFC 3218 2.3.2 (what a wrong padding must not tell).
 */
#ifndef OPENNDES_MODEL_MACHINE_PKEY_H
#define OPENNDES_MODEL_MACHINE_PKEY_H

#include "platform/machine_key.h"

struct evp_pkey_st;

/*
 * Owned (EVP_PKEY_free); NULL on failure. Takes the key over, also on failure. `place` tells where
 * the key is and is given back by machine_pkey_place. It has only the public numbers: whatever asks
 * for the private ones fails. Errors: REASON_MACHINE_KEY_UNUSABLE (not RSA of 1024 to 8192 bits),
 * those of machine_key_public.
 *
 * PKCS#1 v1.5 decryption never fails for what the cipher text holds: a wrong padding gives 32
 * bytes that depend on it and on a secret, the same each time (implicit rejection). Where the
 * provider does raw RSA, the padding is looked at here without branches; where it does not, the
 * provider's own answer is hidden, but not the time it takes.
 */
struct evp_pkey_st *machine_pkey_create(struct machine_key *take_key, const char *place,
                                        struct error *err);
/* The place given at creation, borrowed; NULL for every other kind of key. */
const char *machine_pkey_place(const struct evp_pkey_st *key);
/* The machine's key behind it, borrowed; NULL for every other kind of key. */
struct machine_key *machine_pkey_machine_key(const struct evp_pkey_st *key);

/*
 * Sign, and verify with the public half; encrypt with that, and decrypt. True for other kinds of
 * keys. Errors: REASON_MACHINE_KEY_UNUSABLE with what the provider says.
 */
MUST_USE bool machine_pkey_try_sign(struct evp_pkey_st *key, struct error *err);
MUST_USE bool machine_pkey_try_decrypt(struct evp_pkey_st *key, struct error *err);

/*
 * After a failure with this key: append what its provider said last, for administrators, to a
 * detail that is set. Told once. Nothing happens for other kinds of keys.
 */
void machine_pkey_explain(const struct evp_pkey_st *key, struct error *err);

#endif
