/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  key files that want their password hashed very often, made without doing it.
 * Not here: what is thought of them (model/test_key_work.c and the readers' tests).
 * Owns:     nothing.
 * Threads:  one test at a time.
 * Spec:     RFC 7292, RFC 8018, RFC 7914.
 */
#ifndef OPENNDES_TESTS_SUPPORT_COSTLY_KEY_H
#define OPENNDES_TESTS_SUPPORT_COSTLY_KEY_H

#include "base/buffer.h"

#define COSTLY_PASSWORD "pass"

enum costly_kdf { COSTLY_PBKDF2, COSTLY_PKCS12, COSTLY_SCRYPT };

/* An encrypted key; rounds: iterations, of scrypt N * r * p. What is encrypted is nothing. */
void costly_key_der(enum costly_kdf kdf, int rounds, struct buffer *out);
void costly_key_pem(enum costly_kdf kdf, int rounds, struct buffer *out);

/* Where a PKCS#12 file has it. */
enum costly_place {
    COSTLY_MAC,    /* the iterations of its integrity check */
    COSTLY_PBMAC1, /* the same, RFC 9579 */
    COSTLY_PART,   /* an encrypted part */
    COSTLY_BAG,    /* a key that lies open */
    COSTLY_INSIDE  /* a key within an encrypted part, whose own encryption is cheap */
};
/* The rest of it is cheap, and opens with COSTLY_PASSWORD. */
void costly_pkcs12(enum costly_place place, int rounds, struct buffer *out);

#endif
