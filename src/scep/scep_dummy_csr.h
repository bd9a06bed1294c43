/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a constant PKCS#10 request to do work on when the peer's cannot be judged (uniform
 *           failure).
 * Not here: the work (scep_message.h).
 * Owns:     constant bytes, made by tests/fixtures/scep/make_dummy_csr; its private key was thrown
 *           away.
 * Threads:  any thread.
 * Spec:     RFC 2986; RFC 3218 2.3.
 */
#ifndef OPENNDES_SCEP_SCEP_DUMMY_CSR_H
#define OPENNDES_SCEP_SCEP_DUMMY_CSR_H

#include "base/buffer.h"

/*
 * DER; RSA-2048, SHA-256, with a challenge and a subject alternative name as a usual request has.
 */
struct bytes scep_dummy_csr(void);

#endif
