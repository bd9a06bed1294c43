/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the list of known devices and users, which binds ids, serial numbers, UPNs and SIDs to
 *           each other.
 * Not here: the variables whose values are looked up (policy_pattern.h).
 * Owns:     its rows.
 * Threads:  immutable after loading.
 * Spec:     RFC 4180 (CSV), docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_KNOWN_H
#define OPENNDES_POLICY_POLICY_KNOWN_H

#include "policy/policy_pattern.h"

struct policy_known;

/*
 * CSV with a header line (separator ',' ';' or tab, quotes by RFC 4180, BOM allowed) or JSON, an
 * array of objects. Columns in any order, without regard to case: aadDeviceId, deviceId, serial,
 * upn, email, userName, sam, imei, meid, wifiMac, deviceName, fqdn, sid; unknown ones are passed
 * over. An empty cell says nothing. At most LIMIT_KNOWN_ROWS rows and LIMIT_KNOWN_BYTES.
 * Errors: REASON_KNOWN_LIST with the line. Owned: policy_known_free.
 */
struct policy_known *policy_known_load(struct bytes text, const char *file, struct error *err);
void policy_known_free(struct policy_known *known); /* NULL is allowed */
size_t policy_known_count(const struct policy_known *known);

/*
 * Is there one row that agrees with every binding it has a column for, and does it hold at least
 * one of them? A bound variable for which the list has no column at all says nothing. A column
 * that exists while the row's cell is empty disagrees. False: `why` (size >= 160) names the
 * variable that no row has, or says that the values belong to different rows.
 */
bool policy_known_check(const struct policy_known *known, const struct policy_bindings *bindings,
                        char *why, size_t why_size);

/*
 * Tell of each variable in the policy's names that could have a column, and has none: its values
 * are not bound, which a typing error in the header brings about as well.
 */
MUST_USE bool policy_known_tell(const struct policy_known *known, const struct policy *p,
                                struct policy_texts *sentences, struct error *err);

#endif
