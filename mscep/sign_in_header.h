/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what stands in an Authorization header: scheme, token, user and password.
 * Not here: whether it is true (sign_in_*.c).
 * Owns:     struct sign_in_basic owns a password.
 * Threads:  pure functions.
 * Spec:     RFC 9110 11.4 (token68), RFC 7617, RFC 4559 4; MS-NLMP 2.2.1 (message header).
 */
#ifndef OPENNDES_MSCEP_SIGN_IN_HEADER_H
#define OPENNDES_MSCEP_SIGN_IN_HEADER_H

#include "base/secret.h"

#define SIGN_IN_NAME_MAX 256      /* bytes with NUL */
#define SIGN_IN_PASSWORD_MAX 1024 /* bytes */

enum sign_in_scheme {
    SIGN_IN_SCHEME_NONE, /* no header */
    SIGN_IN_SCHEME_NEGOTIATE,
    SIGN_IN_SCHEME_NTLM,
    SIGN_IN_SCHEME_BASIC,
    SIGN_IN_SCHEME_OTHER
};

struct sign_in_header {
    enum sign_in_scheme scheme;
    struct bytes token; /* base64, not looked at; a view of the header; may be empty */
};

/* authorization: the header's value or NULL. */
struct sign_in_header sign_in_header_parse(const char *authorization);
/* "Negotiate", "NTLM", "Basic"; "" for the others. Constant. */
const char *sign_in_scheme_name(enum sign_in_scheme scheme);

/* Where in a sign-in a token of Negotiate or NTLM belongs. */
enum sign_in_leg { SIGN_IN_LEG_FIRST, SIGN_IN_LEG_NEXT, SIGN_IN_LEG_UNKNOWN };
enum sign_in_leg sign_in_leg_of(struct bytes token);

struct sign_in_basic {
    char name[SIGN_IN_NAME_MAX]; /* UTF-8 without control characters, not escaped */
    struct secret password;      /* UTF-8 without NUL, not empty */
};

/*
 * Open the token of Basic; out is to be cleared also after a failure. Errors:
 * REASON_SIGN_IN_FAILED (the detail repeats nothing of it), REASON_NO_MEMORY.
 */
MUST_USE bool sign_in_basic_open(struct bytes token, struct sign_in_basic *out, struct error *err);
void sign_in_basic_clear(struct sign_in_basic *basic);

#endif
