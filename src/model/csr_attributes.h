/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the attributes of a PKCS#10 request ask for: challenge, subjectAltName, keyUsage.
 * Not here: subject, key and signature of the request (csr.h).
 * Owns:     nothing: results go into the caller's struct.
 * Threads:  pure functions.
 * Spec:     RFC 2986 4.1, RFC 2985 5.4.1 and 5.4.2, RFC 5280 4.2.1.3 and 4.2.1.6.
 */
#ifndef OPENNDES_MODEL_CSR_ATTRIBUTES_H
#define OPENNDES_MODEL_CSR_ATTRIBUTES_H

#include "base/secret.h"

struct stack_st_GENERAL_NAME;

struct csr_attributes {
    struct stack_st_GENERAL_NAME *san; /* NULL: none */
    bool has_key_usage;
    uint32_t key_usage; /* KEY_USAGE_... */
    bool has_challenge;
    struct secret challenge;
};

/*
 * Read the attributes field, raw with its tag [0]. Unknown attributes and extensions are passed
 * over, also when repeated (Windows repeats 1.3.6.1.4.1.311.13.2.1); those that mean something to
 * us may stand there once.
 * Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY. `out` is cleared on failure.
 */
MUST_USE bool csr_attributes_parse(struct bytes raw, struct csr_attributes *out, struct error *err);
void csr_attributes_clear(struct csr_attributes *a); /* NULL is allowed */

#endif
