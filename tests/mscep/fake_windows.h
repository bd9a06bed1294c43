/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign-in of Windows and the clock, played by the test on every system: takes the place
 *           of platform/{negotiate,logon,principal,user_token,clock}.h at link time.
 * Not here: the tests.
 * Owns:     nothing that lives on; counts what is alive.
 * Threads:  one test at a time; logon_user from any.
 * Spec:     none.
 *
 * Tokens: NTLM message 1 and 0x60 begin a sign-in: "NTLMSSP\0\1...", or 0x60 and a text. 0x60 and
 * the text "ticket NAME" is done at once. A later leg is NTLM message 3 or 0xa1 and a text:
 *   "good NAME"  signed in      "bad" wrong password     "down" no domain controller
 *   "more"       another leg    "guest" signed in as one  "blind NAME" memberships not readable
 * A principal is any text without "unknown"; a user is the principal of his own name, and each one
 * is "everybody".
 */
#ifndef OPENNDES_TESTS_MSCEP_FAKE_WINDOWS_H
#define OPENNDES_TESTS_MSCEP_FAKE_WINDOWS_H

#include <stdatomic.h>

#include "support/test_support.h"

struct fake_windows {
    bool missing;          /* the system has nothing of it */
    bool no_credentials;   /* negotiate_create fails */
    bool logon_down;       /* logon_user finds no domain controller */
    void (*hang)(void);    /* called by logon_user; it comes back when the test likes */
    bool knows_all;        /* principal_find knows names with "unknown" in them, too */
    unsigned credentials;  /* alive */
    unsigned contexts;     /* alive */
    atomic_uint tokens;    /* alive */
    atomic_uint look_ups;  /* principal_find was called */
    unsigned legs;         /* negotiate_accept was called */
    atomic_uint logons;    /* logon_user was called */
    char binding[65];      /* of the last leg, hex; "": none */
    bool binding_required; /* of the last leg */
    char package[64];
    int64_t now_us; /* the monotonic clock */
};

struct fake_windows *fake_windows(void);
void fake_windows_reset(void);

#endif
