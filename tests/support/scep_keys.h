/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  ready-made keys, because making RSA keys is what would take a test's time.
 * Not here: certificates (scep_ca.h).
 * Owns:     constant PEM texts; they are public and good for tests only.
 * Threads:  any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_SUPPORT_SCEP_KEYS_H
#define OPENNDES_TESTS_SUPPORT_SCEP_KEYS_H

struct evp_pkey_st;

enum scep_test_key {
    SCEP_TEST_KEY_CA,
    SCEP_TEST_KEY_RA,
    SCEP_TEST_KEY_OLD_RA,
    SCEP_TEST_KEY_RA_3072,
    SCEP_TEST_KEY_CLIENT,
    SCEP_TEST_KEY_OTHER,
    SCEP_TEST_KEY_CLIENT_1024,
    SCEP_TEST_KEY_CLIENT_3072,
    SCEP_TEST_KEY_CLIENT_4096,
    SCEP_TEST_KEY_CLIENT_512,
    SCEP_TEST_KEY_CLIENT_EC, /* P-256 */
    SCEP_TEST_KEY_CLIENT_EC_384,
    SCEP_TEST_KEY_CLIENT_EC_521
};

/* Owned (EVP_PKEY_free). Failure ends the program. */
struct evp_pkey_st *scep_test_key(enum scep_test_key which);

#endif
