/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  Intune's challenge behind the contract of challenges: the two do not see each other.
 * Not here: what is asked and said (intune/intune_challenge.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_SERVICE_CHALLENGE_INTUNE_H
#define OPENNDES_SERVICE_CHALLENGE_INTUNE_H

#include "challenge/challenge.h"
#include "intune/intune_challenge.h"

/* Owned: challenge_free. Errors: of intune_challenge_create. */
struct challenge *challenge_intune_create(const struct intune_challenge_options *options,
                                          struct error *err);

#endif
