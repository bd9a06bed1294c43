/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  does a request ask for exactly the names that a certificate has; is the certificate an
 *           end entity's.
 * Not here: what that is good for (enroll/enroll_renewal.h); names as text (name.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.2.6, 4.2.1.6, 4.2.1.9.
 *
 * The comparison is stricter than that of RFC 5280 7: a new certificate carries the request's
 * spelling, and who reads it may tell "Admin" from "admin".
 */
#ifndef OPENNDES_MODEL_CERTIFICATE_NAMES_H
#define OPENNDES_MODEL_CERTIFICATE_NAMES_H

#include "model/csr.h"

struct x509_st;
struct stack_st_GENERAL_NAME;

/*
 * Compare. *difference is NULL when all names are the same, otherwise a constant text that says
 * what is not. Subject: the same RDNs in the same order, types and values exactly, whatever string
 * types they are in. Subject alternative names: the same ones, each as often, in any order, byte
 * for byte. Errors: REASON_CERT_UNREADABLE (its names are malformed or there twice),
 * REASON_NO_MEMORY.
 */
MUST_USE bool certificate_names_compare(const struct x509_st *cert, const struct csr *csr,
                                        const char **difference, struct error *err);
/*
 * Its subject alternative names, owned (GENERAL_NAMES_free); *out NULL: it has none. Errors:
 * REASON_CERT_UNREADABLE.
 */
MUST_USE bool certificate_names_san(const struct x509_st *cert, struct stack_st_GENERAL_NAME **out,
                                    struct error *err);
/* False for a CA's certificate, also one that could be taken for one, and for malformed ones. */
bool certificate_is_end_entity(const struct x509_st *cert);

#endif
