/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the work that a refusal does in place of what could not be done with the peer's
 *           request, so that the time it takes does not say how far the request came.
 * Not here: when that is (scep_message_decrypt.c), the requests worked on (scep_dummy_csr.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     RFC 3218 2.3.
 *
 * How EC fits in. Which kinds of verification a refusal contains is decided by what everybody sees,
 * never by what was inside the envelope: one of RSA always, one of ECDSA as well when `ec` says
 * that an EC request could have passed. The one that was done with the peer's request counts. An
 * attacker who changes somebody else's envelope and signs it himself therefore waits equally long
 * whether nothing could be decrypted, the request could not be parsed, or its signature did not
 * fit. Sizes still differ (the constant requests are RSA-2048 and P-256): some 0.1 ms beside a
 * private key operation that takes ten times as long.
 */
#ifndef OPENNDES_SCEP_SCEP_STAND_IN_H
#define OPENNDES_SCEP_SCEP_STAND_IN_H

#include "model/key.h"

/* In place of the parse. False: the constant request is broken. */
MUST_USE bool scep_stand_in_parse(void);
/*
 * In place of the verifications: those that are due, except the one of the kind `verified`
 * (KEY_TYPE_OTHER: none was done). False: a constant request is broken.
 */
MUST_USE bool scep_stand_in_work(bool ec, enum key_type verified);

#endif
