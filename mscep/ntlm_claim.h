/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  whom NTLM's last message claims to be, for the log line of a sign-in that failed.
 * Not here: whether it is true (platform/negotiate.h): nothing may be decided by it.
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     MS-NLMP 2.2.1.3 (AUTHENTICATE_MESSAGE).
 */
#ifndef OPENNDES_MSCEP_NTLM_CLAIM_H
#define OPENNDES_MSCEP_NTLM_CLAIM_H

#include "base/buffer.h"

/*
 * "CORP\\alice" from a raw message or one that SPNEGO carries; UTF-8, not escaped. False when there
 * is none or it does not fit (name is then "").
 */
MUST_USE bool ntlm_claim(struct bytes token, char *name, size_t size);

#endif
