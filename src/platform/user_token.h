/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a user whom Windows has signed in: the name, and which users and groups he is.
 * Not here: signing in (negotiate.h, logon.h).
 * Owns:     a token owns its system handle.
 * Threads:  immutable; any thread.
 * Spec:     MS-DTYP 2.4.2. A token exists only for a real user: anonymous and guest get none.
 *           POSIX: there are none.
 */
#ifndef OPENNDES_PLATFORM_USER_TOKEN_H
#define OPENNDES_PLATFORM_USER_TOKEN_H

#include "platform/principal.h"

struct user_token;

void user_token_free(struct user_token *token); /* NULL is allowed */
/*
 * Is this user the principal, or does he belong to it? Groups that only deny do not count (a local
 * account's Administrators under UAC). What cannot be found out is false.
 */
bool user_token_is(const struct user_token *token, const struct principal *principal);
/* "CORP\\alice"; false when the system has no name for him or it does not fit (name is then ""). */
MUST_USE bool user_token_name(const struct user_token *token, char *name, size_t size);

#endif
