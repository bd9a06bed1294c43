/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a machine's key store for tests: software keys behind platform/machine_key.h, with
 *           providers that can less, and providers that fail.
 * Not here: Windows's own stores (tests/platform/test_machine_key_win32.c).
 * Owns:     references on what is added, until machine_stand_in_clear. Linked into a test, it takes
 *           the place of the platform's implementation.
 * Threads:  adding and clearing: one; keys: any, as the header says.
 * Spec:     platform/machine_key.h.
 */
#ifndef OPENNDES_TESTS_SUPPORT_MACHINE_KEY_STAND_IN_H
#define OPENNDES_TESTS_SUPPORT_MACHINE_KEY_STAND_IN_H

#include "platform/machine_key.h"

struct x509_st;
struct evp_pkey_st;

/* What the provider of a key does not do; they can be combined. */
enum {
    MACHINE_NO_RAW = 1 << 0,
    MACHINE_NO_SIGN = 1 << 1,
    MACHINE_NO_DECRYPT = 1 << 2,
    MACHINE_DENIED = 1 << 3,    /* no read right on the key */
    MACHINE_RAW_TURNED = 1 << 4 /* raw RSA gives the least byte first */
};

#define MACHINE_THUMBPRINT_MAX 41

/* A certificate with its key; thumbprint gets 40 lower-case digits. cert NULL: a container. */
void machine_stand_in_add(struct x509_st *cert, struct evp_pkey_st *key, unsigned lacks,
                          char thumbprint[MACHINE_THUMBPRINT_MAX]);
void machine_stand_in_add_container(const char *container, struct evp_pkey_st *key, unsigned lacks);
/* As an administrator removes a certificate; keys that are open stay so. */
void machine_stand_in_remove(const char *thumbprint);
/* Fails the test when keys are still open. */
void machine_stand_in_clear(void);
/* From now on each operation fails, as with a device that is unplugged; and back. */
void machine_stand_in_break(bool broken);

/* A key that is in no store. */
struct machine_key *machine_stand_in_key(struct evp_pkey_st *key, unsigned lacks);

struct machine_stand_in_counts {
    int open; /* keys that are not freed yet */
    int signs, decrypts, raws;
};
struct machine_stand_in_counts machine_stand_in_counts(void);

#endif
