/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the right to log on as a service, for an account that a service is given.
 * Not here: which accounts need it (service_install.c).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     LsaAddAccountRights; SeServiceLogonRight.
 */
#ifndef OPENNDES_PLATFORM_WIN32_LOGON_RIGHT_H
#define OPENNDES_PLATFORM_WIN32_LOGON_RIGHT_H

#include "base/error.h"

#include <windows.h>

/*
 * Give the account (DOMAIN\name) the right unless it has it. A Group Policy may take it away again,
 * which nobody here can see. Errors: REASON_SERVICE_CONTROL, REASON_NOT_PERMITTED.
 */
MUST_USE bool logon_right_give(const char *account, struct error *err);

#endif
