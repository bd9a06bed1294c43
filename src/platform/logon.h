/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  check a Windows account's password.
 * Not here: our own accounts (mscep/accounts.h), limits on attempts (mscep/sign_in_throttle.h).
 * Owns:     nothing that lives on; copies of the password are wiped.
 * Threads:  any thread.
 * Spec:     a network logon: needs the right "Access this computer from the network". POSIX: not
 *           available.
 */
#ifndef OPENNDES_PLATFORM_LOGON_H
#define OPENNDES_PLATFORM_LOGON_H

#include "base/buffer.h"
#include "platform/user_token.h"

/* Does this system have accounts that logon_user can check? */
bool logon_available(void);
/*
 * Sign a user in. name: "user@realm", "DOMAIN\\user", ".\\user" (of this machine). password: UTF-8
 * without NUL. *out is owned. A domain controller may have to be asked: this can take seconds.
 * Errors: REASON_SIGN_IN_FAILED, REASON_SIGN_IN_UNAVAILABLE (no domain controller, not on this
 * system), REASON_NO_MEMORY. The detail never holds the password.
 */
MUST_USE bool logon_user(const char *name, struct bytes password, struct user_token **out,
                         struct error *err);

#endif
