/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  private keys: make, read from an administrator's file, seal for the disk and open
 *           again.
 * Not here: PKCS#12 (ca_pkcs12.h), where sealed keys lie (ca_folder.h).
 * Owns:     nothing that lives on; plain key bytes are wiped.
 * Threads:  any thread.
 * Spec:     RFC 5958 (PKCS#8), RFC 8017, RFC 5480, RFC 1421 (old PEM encryption).
 */
#ifndef OPENNDES_CA_CA_KEY_H
#define OPENNDES_CA_CA_KEY_H

#include "ca/ca_files.h"

struct evp_pkey_st;
struct evp_md_st;

#define CA_KEY_DER_MAX 16384u    /* PKCS#8 of RSA 8192 is below 5 KB */
#define CA_KEY_SEALED_MAX 32768u /* the same sealed */

/* Owned (EVP_PKEY_free). RSA with e = 65537, EC as a named curve. Errors: REASON_INTERNAL. */
struct evp_pkey_st *ca_key_generate(enum ca_key_spec spec, struct error *err);

/* Fit to sign certificates with? RSA 2048 to 8192, named curves. Errors: REASON_CA_UNSUITABLE. */
MUST_USE bool ca_key_check(const struct evp_pkey_st *key, struct error *err);
/*
 * Is the private half whole and does it fit the public half? A key of the machine's store is tried
 * instead. Errors: REASON_KEY_UNREADABLE, REASON_MACHINE_KEY_UNUSABLE.
 */
MUST_USE bool ca_key_check_pair(struct evp_pkey_st *key, struct error *err);
/* The digest to sign with: SHA-256, for larger curves SHA-384 and SHA-512; NULL: no such key. */
const struct evp_md_st *ca_key_digest(const struct evp_pkey_st *key);

/*
 * The first private key of a PEM file (PKCS#8, encrypted or not; RSA and EC forms, also encrypted)
 * or a DER one. `file` is only for messages; password NULL: none. Owned.
 * Errors: REASON_KEY_PASSWORD (missing, wrong), REASON_KEY_UNREADABLE.
 */
struct evp_pkey_st *ca_key_parse(struct bytes content, const char *file,
                                 const struct secret *password, struct error *err);

/*
 * PKCS#8 PrivateKeyInfo, not encrypted. Errors: REASON_KEY_UNREADABLE (no private half, or it is in
 * the machine's store).
 */
MUST_USE bool ca_key_pkcs8(const struct evp_pkey_st *key, struct secret *out, struct error *err);
struct evp_pkey_st *ca_key_from_pkcs8(struct bytes der, struct error *err);

/*
 * Seal under the purpose "<kind>:<name>" (protect.h), appended; and back.
 * Errors: REASON_KEY_PROTECTION, REASON_KEY_UNREADABLE.
 */
MUST_USE bool ca_key_seal(const char *data_folder, const char *kind, const char *name,
                          const struct evp_pkey_st *key, struct buffer *out, struct error *err);
struct evp_pkey_st *ca_key_unseal(const char *data_folder, const char *kind, const char *name,
                                  struct bytes sealed, struct error *err);

#endif
