/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a principal's SID, for the code that asks Windows about it.
 * Not here: finding principals (platform/principal.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     MS-DTYP 2.4.2.
 */
#ifndef OPENNDES_PLATFORM_WIN32_PRINCIPAL_SID_H
#define OPENNDES_PLATFORM_WIN32_PRINCIPAL_SID_H

#include "platform/principal.h"

#include <windows.h>

/* Borrowed; valid as long as the principal. */
PSID principal_sid(const struct principal *p);

#endif
