/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the work that a refusal does in place of what could not be done with the peer's
 *           request, so that the time it takes does not say how far the request came.
 * Not here: when that is (scep_message_decrypt.c), the requests worked on (scep_dummy_csr.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     RFC 3218 2.3.
 *
 * How EC fits in. Which verifications a refusal contains is decided by what everybody sees, never
 * by what was inside the envelope: one of RSA always; when `ec` says that an EC request could have
 * passed, one on each curve as well, because the curves differ by more than a private key operation
 * takes. The one that was done with the peer's request counts. An attacker who changes somebody
 * else's envelope and signs it himself therefore waits equally long whether nothing could be
 * decrypted, the request could not be parsed, or its signature did not fit. RSA stands in with 2048
 * bits whatever the request has: up to 4096 the difference is less than 0.1 ms. Requests that are
 * proven do none of this.
 */
#ifndef OPENNDES_SCEP_SCEP_STAND_IN_H
#define OPENNDES_SCEP_SCEP_STAND_IN_H

#include "model/public_key.h"

/* In place of the parse. False: the constant request is broken. */
MUST_USE bool scep_stand_in_parse(void);
/*
 * In place of the ways to decode a key: those that were not gone. A request's key may have a form
 * that takes ten times as long as the usual one, or be the signer's and take no time. False: the
 * constant key is broken.
 */
MUST_USE bool scep_stand_in_decode(enum public_key_way done);
/*
 * In place of the verifications: those that are due, except the one that was done with a request of
 * this kind and size (KEY_TYPE_OTHER: none was done). False: a constant request is broken.
 */
MUST_USE bool scep_stand_in_work(bool ec, enum key_type verified, unsigned bits);

#endif
