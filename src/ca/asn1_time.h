/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  seconds since 1970 as the time of a certificate or CRL.
 * Not here: reading times (model/certificate.h), the clock (platform/clock.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.2.5.
 */
#ifndef OPENNDES_CA_ASN1_TIME_H
#define OPENNDES_CA_ASN1_TIME_H

#include "base/error.h"

struct asn1_string_st;

#define ASN1_TIME_SECONDS_MAX 253402300799 /* 9999-12-31T23:59:59Z, the last one there is */

/* UTCTime through 2049, GeneralizedTime from 2050 on. Cut to year 9999. Errors: REASON_INTERNAL. */
MUST_USE bool asn1_time_set(struct asn1_string_st *time, int64_t seconds, struct error *err);

#endif
