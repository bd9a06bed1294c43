/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how often a key file wants its password hashed: looked at before it is done, because a
 *           file may ask for hours.
 * Not here: reading key files (ca/ca_key.h, ca/ca_pkcs12.h, intune/intune_key_file.h).
 * Owns:     nothing.
 * Threads:  any thread; OpenSSL's error queue is the calling thread's.
 * Spec:     RFC 7292 4 and appendix B, RFC 8018 5 and 6.2, RFC 9579 (PBMAC1), RFC 7914 7 (scrypt).
 */
#ifndef OPENNDES_MODEL_KEY_WORK_H
#define OPENNDES_MODEL_KEY_WORK_H

#include "base/buffer.h"

struct PKCS12_st;

/* Iterations, for scrypt N * r * p: seconds, and far above what programs write. */
#define KEY_WORK_MAX 10000000

/*
 * Errors of all: REASON_LIMIT. What cannot be read asks for no work: it is for the reader to
 * refuse.
 */

/* Encrypted keys in PEM, wherever they stand in the file, or one in DER. */
MUST_USE bool key_work_check(struct bytes content, struct error *err);
/* A PKCS#12 file's integrity check, its parts, and keys that lie open in it. */
MUST_USE bool key_work_check_pkcs12(const struct PKCS12_st *p12, struct error *err);
/* Keys within its encrypted parts, which are decrypted for it; password NULL: none. */
MUST_USE bool key_work_check_pkcs12_inside(const struct PKCS12_st *p12, const char *password,
                                           struct error *err);

#endif
