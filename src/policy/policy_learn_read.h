/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the names of one request as texts, for learning.
 * Not here: what is learned from them (policy_learn.h).
 * Owns:     its texts.
 * Threads:  one owner.
 * Spec:     RFC 5280 4.1.2.4, 4.2.1.6.
 */
#ifndef OPENNDES_POLICY_POLICY_LEARN_READ_H
#define OPENNDES_POLICY_POLICY_LEARN_READ_H

#include "model/csr.h"
#include "policy/policy.h"

struct policy_learn_value {
    /* What belongs together: the OID of an attribute; type and scheme of a name ("uri:tag"). */
    char key[160];
    enum policy_san_type type; /* of a name */
    struct buffer text;        /* UTF-8 without NUL and control characters, not empty */
};

struct policy_learn_values {
    struct policy_learn_value *item;
    size_t count;
};

/* Each appends to out, which policy_learn_values_clear frees. Errors: REASON_SYNTAX (no text),
 * REASON_LIMIT, REASON_NO_MEMORY. */
MUST_USE bool policy_learn_read_subject(const struct csr *csr, struct policy_learn_values *out,
                                        struct error *err);
/*
 * Several values joined by commas count one by one, as in a comparison. *foreign gets the number of
 * names of types that no policy can ask for (IP addresses, directory names, other names).
 */
MUST_USE bool policy_learn_read_san(const struct csr *csr, struct policy_learn_values *out,
                                    size_t *foreign, struct error *err);
void policy_learn_values_clear(struct policy_learn_values *values); /* NULL is allowed */

#endif
