/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  validities in days, months and years: on the calendar, and as a request asks for one.
 * Not here: whether it is allowed (policy_match.h), cutting a plan (policy_narrow.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     [MS-WCCE] 2.2.2.7.10 (ValidityPeriod, ValidityPeriodUnits); the calendar is UTC's.
 */
#ifndef OPENNDES_POLICY_POLICY_VALIDITY_H
#define OPENNDES_POLICY_POLICY_VALIDITY_H

#include "model/csr_details.h"
#include "policy/policy.h"

/*
 * start and so many units later. A day that the month does not have is its last one (31 January and
 * a month: 28 or 29 February). False when that is no time of the years 1970 to 9999.
 */
MUST_USE bool policy_validity_end(int64_t start, int64_t value, enum policy_unit unit,
                                  int64_t *end);

enum policy_asked {
    POLICY_ASKED_NOTHING, /* neither of the two pairs is there */
    POLICY_ASKED,
    POLICY_ASKED_NONSENSE /* a pair is there, and what it says is no validity */
};
/*
 * What the request asks for, in days (also for weeks), months or years. The two values may be
 * swapped, as Android has them.
 */
enum policy_asked policy_validity_asked(const struct csr_details *details, int64_t *value,
                                        enum policy_unit *unit);

#endif
