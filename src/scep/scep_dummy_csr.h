/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  constant PKCS#10 requests to do work on when the peer's cannot be judged (uniform
 *           failure).
 * Not here: the work (scep_stand_in.h).
 * Owns:     constant bytes, made by tests/fixtures/scep/make_dummy_csr; their private keys were
 *           thrown away.
 * Threads:  any thread.
 * Spec:     RFC 2986; RFC 3218 2.3.
 */
#ifndef OPENNDES_SCEP_SCEP_DUMMY_CSR_H
#define OPENNDES_SCEP_SCEP_DUMMY_CSR_H

#include "base/buffer.h"

enum scep_dummy { SCEP_DUMMY_RSA, SCEP_DUMMY_P256, SCEP_DUMMY_P384, SCEP_DUMMY_P521 };

/*
 * DER; RSA-2048 or a key on the curve, SHA-256, with a challenge and a subject alternative name as
 * a usual request has.
 */
struct bytes scep_dummy_csr(enum scep_dummy which);

#endif
