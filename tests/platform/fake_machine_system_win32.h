/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  stand-ins for what Wine does not have: a certificate's private key, CNG keys.
 * Not here: the certificate store and CryptoAPI, which are the real ones.
 * Owns:     nothing; the software key is the test's.
 * Threads:  one test at a time.
 * Spec:     platform/win32/machine_key_internal.h.
 */
#ifndef OPENNDES_TESTS_PLATFORM_FAKE_MACHINE_SYSTEM_WIN32_H
#define OPENNDES_TESTS_PLATFORM_FAKE_MACHINE_SYSTEM_WIN32_H

#include "platform/win32/machine_key_internal.h"

struct evp_pkey_st;

struct fake_machine_system {
    struct evp_pkey_st *software; /* does the work of the CNG key */
    DWORD failure;                /* of acquire; 0: none */
    HCRYPTPROV csp;               /* 0: CNG */
    BOOL is_callers;              /* who frees the handle */
    bool no_raw;                  /* the provider refuses raw RSA */
    bool leading_zero;            /* in front of the modulus */
    int frees, providers;         /* freed key handles, provider handles that are open */
    int decrypts;
};
extern struct fake_machine_system fake_machine;
extern const struct machine_key_system fake_machine_system;

#endif
