/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how many decisions may wait for Intune, so that others still find a worker.
 * Not here: creating and freeing (intune_challenge.h).
 * Owns:     a count.
 * Threads:  any thread.
 * Spec:     setting intune.requests.
 */
#ifndef OPENNDES_INTUNE_INTUNE_SEATS_H
#define OPENNDES_INTUNE_INTUNE_SEATS_H

#include "intune/intune_challenge.h"

/*
 * must: also beyond the count, for a certificate that is signed already and would be thrown away;
 * it counts all the same. Errors: REASON_INTUNE_BUSY.
 */
MUST_USE bool intune_seats_take(struct intune_seats *seats, bool must, struct error *err);
void intune_seats_give(struct intune_seats *seats);

#endif
