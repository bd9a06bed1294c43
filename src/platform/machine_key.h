/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  private RSA keys that stay in the system's key store: by thumbprint in the machine's
 *           certificate store, or by name of a CryptoAPI machine container.
 * Not here: making an EVP_PKEY of one (model/machine_pkey.h), reading store certificates that need
 *           no key (cert_store.h).
 * Owns:     the handles of the key.
 * Threads:  one key may be used by several threads at a time.
 * Spec:     CNG (ncrypt.h) and CryptoAPI (wincrypt.h); PKCS#1 v1.5 and raw RSA of RFC 8017. On
 *           POSIX nothing is ever found: REASON_WINDOWS_ONLY.
 */
#ifndef OPENNDES_PLATFORM_MACHINE_KEY_H
#define OPENNDES_PLATFORM_MACHINE_KEY_H

#include "base/buffer.h"

struct machine_key;

/* What digest a signature is made over; its OID goes into the DigestInfo. */
enum machine_digest {
    MACHINE_DIGEST_MD5, /* answers to devices that know nothing else */
    MACHINE_DIGEST_SHA1,
    MACHINE_DIGEST_SHA256,
    MACHINE_DIGEST_SHA384,
    MACHINE_DIGEST_SHA512
};

/*
 * thumbprint: 40 hexadecimal digits (SHA-1 of the certificate), blanks and colons allowed. *cert
 * gets the certificate's DER, appended. NULL on failure. Errors: REASON_MACHINE_KEY_MISSING (no
 * such certificate, no key for it), REASON_NOT_PERMITTED (no read right on the key),
 * REASON_MACHINE_KEY_UNUSABLE (not RSA, a window would have to ask for a PIN). A CryptoAPI provider
 * without SHA-2 is exchanged for the RSA and AES one if that opens the same container; if not, the
 * key still decrypts, and signing says so.
 */
struct machine_key *machine_key_by_thumbprint(const char *thumbprint, struct buffer *cert,
                                              struct error *err);
/* A CryptoAPI machine container; provider NULL: the RSA and AES one. Same errors. */
struct machine_key *machine_key_by_container(const char *provider, const char *container,
                                             struct error *err);
void machine_key_free(struct machine_key *key); /* NULL is allowed */
/* "CNG, Microsoft Software Key Storage Provider", for people; borrowed, never NULL. */
const char *machine_key_provider(const struct machine_key *key);

/* Modulus and exponent, big-endian, appended. */
MUST_USE bool machine_key_public(struct machine_key *key, struct buffer *modulus,
                                 struct buffer *exponent, struct error *err);
/* PKCS#1 v1.5 over a digest of the right length. out gets modulus-length bytes, appended. */
MUST_USE bool machine_key_sign(struct machine_key *key, enum machine_digest digest,
                               struct bytes hash, struct buffer *out, struct error *err);
/*
 * PKCS#1 v1.5 decryption. Whoever calls turns a failure into a random plain text (implicit
 * rejection): err then tells an administrator of the provider's number, no peer.
 */
MUST_USE bool machine_key_decrypt(struct machine_key *key, struct bytes cipher,
                                  struct buffer *plain, struct error *err);
/*
 * The private operation without padding; input and output have the modulus' length. Providers of
 * smart cards and HSMs may refuse it: REASON_MACHINE_KEY_UNUSABLE. The output has the first byte
 * first, but nothing obliges a CryptoAPI provider to that: whoever calls tries once.
 */
MUST_USE bool machine_key_raw(struct machine_key *key, struct bytes in, struct buffer *out,
                              struct error *err);

#endif
