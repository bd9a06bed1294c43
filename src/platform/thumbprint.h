/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a certificate's thumbprint as people type and paste it.
 * Not here: finding the certificate (machine_key.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     SHA-1 of the certificate, as certlm.msc and Get-ChildItem Cert: show it.
 */
#ifndef OPENNDES_PLATFORM_THUMBPRINT_H
#define OPENNDES_PLATFORM_THUMBPRINT_H

#include "base/error.h"

#define THUMBPRINT_BYTES 20u
#define THUMBPRINT_TEXT_MAX 41u

/*
 * 40 lower-case digits with NUL. Blanks, colons and the invisible mark that certlm.msc puts in
 * front when a thumbprint is copied out of it (U+200E) do not matter. Errors: REASON_USAGE.
 */
MUST_USE bool thumbprint_parse(const char *text, char out[THUMBPRINT_TEXT_MAX], struct error *err);

#endif
