/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what may be kept of a PKCS#10 request: all that it asks for, nothing of its challenge.
 * Not here: parsing (csr.h), keeping (store/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 2986 4, RFC 2985 5.4.1.
 */
#ifndef OPENNDES_MODEL_CSR_STRIP_H
#define OPENNDES_MODEL_CSR_STRIP_H

#include "model/csr.h"

/*
 * The same request without challengePassword, appended to `out`: what csr_parse reads of it is the
 * same but for the challenge and the digest. The signature goes, too: it would fit no more, and
 * whoever has all the rest could try passwords against it. Its algorithm stays. What is not
 * challenge keeps its encoding. Errors: REASON_SYNTAX, REASON_NO_MEMORY.
 */
MUST_USE bool csr_strip(const struct csr *csr, struct buffer *out, struct error *err);

#endif
