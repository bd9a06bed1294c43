/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a struct user_token from the handle that a sign-in has left.
 * Not here: what is asked of a token (platform/user_token.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     MS-DTYP 2.4.2.4 (well-known SIDs).
 */
#ifndef OPENNDES_PLATFORM_WIN32_USER_TOKEN_HANDLE_H
#define OPENNDES_PLATFORM_WIN32_USER_TOKEN_HANDLE_H

#include "platform/user_token.h"

#include <windows.h>

/*
 * Take over a primary or impersonation token (closed also on failure). A handle that Windows does
 * not know as a token, anonymous and guests are refused. Errors: REASON_SIGN_IN_FAILED,
 * REASON_NO_MEMORY.
 */
struct user_token *user_token_take(HANDLE take_handle, struct error *err);

#endif
