/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  Intune's result codes as reasons, with what an administrator can do; our HRESULTs for
 *           failure notifications.
 * Not here: calls (intune_client.h).
 * Owns:     nothing; the tables are constant.
 * Threads:  any thread.
 * Spec:     Intune-Resource-Access (enum of result codes); docs/intune.md has both tables.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CODES_H
#define OPENNDES_INTUNE_INTUNE_CODES_H

#include "base/error.h"

struct intune_code {
    const char *code; /* "ChallengeExpired" */
    enum reason reason;
    const char *advice; /* one sentence: what to do */
};

/* Without regard to case; NULL: unknown, REASON_INTUNE_CODE_UNKNOWN. "Success" has no row. */
const struct intune_code *intune_code_find(const char *code);
const struct intune_code *intune_code_at(size_t index); /* NULL behind the last */

/*
 * HRESULT of a failure notification: failure and customer bit, facility 4, a number per reason that
 * never changes: 0xA0040001 for all that has no row of its own.
 */
uint32_t intune_hresult(enum reason reason);
/* For docs and tests: rows in order of their numbers; false behind the last. */
bool intune_hresult_at(size_t index, enum reason *reason, uint32_t *hresult);

#define INTUNE_DESCRIPTION_UNITS 255 /* characters, counted as UTF-16 does */
#define INTUNE_DESCRIPTION_MAX (3 * INTUNE_DESCRIPTION_UNITS + 1)
/*
 * What a failure notification says: reason id, ": ", detail, cut at a character's end. detail "":
 * the id alone.
 */
void intune_description(char out[INTUNE_DESCRIPTION_MAX], const char *reason, const char *detail);

#endif
