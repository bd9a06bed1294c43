/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  begin and end of our CAs' and RAs' certificates.
 * Not here: client certificates (template/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.2.5.
 */
#ifndef OPENNDES_CA_CA_VALIDITY_H
#define OPENNDES_CA_CA_VALIDITY_H

#include "base/error.h"

#define CA_VALIDITY_DAYS_MAX 36500

/*
 * A day back, not an hour: client certificates are cut to their CA's time, so a fresh CA would undo
 * what a template gives to devices whose clock is behind or in a wrong time zone.
 */
#define CA_BACKDATE_SECONDS 86400

/* 1..36500 days; `what` is "CA" or "RA". Errors: REASON_USAGE. */
MUST_USE bool ca_validity_check(int64_t days, const char *what, struct error *err);
/* Seconds since 1970. */
int64_t ca_validity_end(int64_t now, int64_t days);

#endif
