/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  RSA keys that are there already: making one takes a third of a second.
 * Not here: keys of other kinds and sizes (scep_keys.h); a stand-in for generating (quick_keys.c).
 * Owns:     constant PEM texts; they are public and good for tests only.
 * Threads:  any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_SUPPORT_READY_KEYS_H
#define OPENNDES_TESTS_SUPPORT_READY_KEYS_H

#include <stddef.h>

struct evp_pkey_st;

#define READY_KEYS 8u /* more than one test compares */

/* Of 2048 bits; two numbers below READY_KEYS are two keys, others begin anew. Owned. */
struct evp_pkey_st *ready_key_rsa(size_t number);

#endif
