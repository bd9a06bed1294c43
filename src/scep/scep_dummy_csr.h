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
#include "model/key.h"

/*
 * DER; P-256 for KEY_TYPE_EC, else RSA-2048; SHA-256, with a challenge and a subject alternative
 * name as a usual request has.
 */
struct bytes scep_dummy_csr(enum key_type type);

#endif
