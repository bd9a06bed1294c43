/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what of one CA ends and when: its certificate, those above it, its RAs.
 * Not here: how near is near, telling it (end_watch.h, check_ca.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/ca.md.
 */
#ifndef OPENNDES_SERVICE_CA_ENDS_H
#define OPENNDES_SERVICE_CA_ENDS_H

#include "ca/ca_builtin.h"
#include "service/end_watch.h"

/* False ends the walk and is handed on. */
typedef bool ca_ends_visit(void *context, const struct end_thing *thing, struct error *err);
/*
 * A CA that waits for its certificate has none. An RA that is replaced by itself counts only when
 * it should have been the day before. renew_days: setting ra.renew_days.
 * Errors: REASON_CERT_UNREADABLE, the visitor's.
 */
MUST_USE bool ca_ends(const struct ca_builtin *ca, const char *name, int64_t renew_days,
                      int64_t now, ca_ends_visit *visit, void *context, struct error *err);

#endif
