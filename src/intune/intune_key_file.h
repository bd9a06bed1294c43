/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an application's certificate and RSA key: out of an administrator's file, into bytes to
 *           be sealed, and back; whether they belong together.
 * Not here: where they are kept (intune_credential.h); the CA's key files (ca/ca_key.h).
 * Owns:     nothing that lives on; plain key bytes are wiped.
 * Threads:  any thread.
 * Spec:     RFC 7468, RFC 5958 (PKCS#8), RFC 7292 (PKCS#12).
 */
#ifndef OPENNDES_INTUNE_INTUNE_KEY_FILE_H
#define OPENNDES_INTUNE_INTUNE_KEY_FILE_H

#include "base/secret.h"

struct x509_st;
struct evp_pkey_st;

/*
 * PEM with a key and certificates in any order, or PKCS#12. Both results are owned by the caller:
 * the first key, and the certificate that belongs to it. An empty password: none.
 * Errors: REASON_KEY_PASSWORD (missing, wrong), REASON_KEY_UNREADABLE, REASON_CERT_UNREADABLE,
 * REASON_KEY_MISMATCH (no certificate for the key), REASON_KEY_TYPE (not RSA of 2048 bits or more).
 */
MUST_USE bool intune_key_file_read(struct bytes file, struct bytes password, struct x509_st **cert,
                                   struct evp_pkey_st **key, struct error *err);
/* PKCS#8, not encrypted. Errors: REASON_KEY_UNREADABLE, REASON_NO_MEMORY. */
MUST_USE bool intune_key_encode(const struct evp_pkey_st *key, struct secret *out,
                                struct error *err);
struct evp_pkey_st *intune_key_decode(struct bytes pkcs8, struct error *err);
/* Does the certificate hold the key's public half? */
bool intune_key_belongs(const struct x509_st *cert, const struct evp_pkey_st *key);

#endif
