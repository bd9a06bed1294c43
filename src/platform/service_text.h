/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  texts of the service control manager: the command line in ImagePath, the kind of an
 *           account's name.
 * Not here: talking to it (service_control.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     CommandLineToArgvW (quotes and backslashes); CreateService (account names).
 */
#ifndef OPENNDES_PLATFORM_SERVICE_TEXT_H
#define OPENNDES_PLATFORM_SERVICE_TEXT_H

#include "base/buffer.h"

/*
 * Append an argument so that CommandLineToArgvW gives it back, always in quotes. Errors:
 * REASON_USAGE for what an ImagePath cannot hold: '"', '%' (Windows would expand it), control
 * characters.
 */
MUST_USE bool service_text_quote(struct buffer *out, const char *argument, struct error *err);

enum service_account_kind {
    SERVICE_ACCOUNT_SYSTEM,  /* LocalSystem: may do everything on this machine */
    SERVICE_ACCOUNT_BUILTIN, /* NT AUTHORITY\LocalService, \NetworkService */
    SERVICE_ACCOUNT_VIRTUAL, /* NT SERVICE\NAME */
    SERVICE_ACCOUNT_MANAGED, /* DOMAIN\name$: group-managed, Windows knows the password */
    SERVICE_ACCOUNT_USER     /* DOMAIN\name, name@domain, .\name: with a password */
};

/*
 * What kind of account a name means, upper and lower case alike. Errors: REASON_USAGE when it is
 * none: neither DOMAIN\name, name@domain nor a well-known name, or too long.
 */
MUST_USE bool service_text_account(const char *name, enum service_account_kind *kind,
                                   struct error *err);
/* The same account? "LocalSystem" and "NT AUTHORITY\SYSTEM" are; ".\x" and "HOST\x" are not. */
bool service_text_same_account(const char *a, const char *b);

#endif
