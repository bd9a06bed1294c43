/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  lists of CA certificates: read from a file, put in order and verify, write.
 * Not here: the CA's own suitability (cert_issuer.h); client certificates.
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     RFC 5280 6.1 (names, signatures), RFC 7468, RFC 2315 (certificates in PKCS#7).
 */
#ifndef OPENNDES_CA_CERT_CHAIN_H
#define OPENNDES_CA_CERT_CHAIN_H

#include "base/buffer.h"

struct x509_st;
struct evp_pkey_st;
struct stack_st_X509;

/* An empty list, for callers outside of ca/. Owned: cert_chain_free. NULL: no memory. */
struct stack_st_X509 *cert_chain_new(struct error *err);
/* Free the list and its certificates. NULL is allowed. */
void cert_chain_free(struct stack_st_X509 *chain);

/*
 * All certificates of a file: PEM (one or more, also PKCS#7), DER, or DER PKCS#7 (.p7b), added to
 * `pool`. `file` is only for messages. Errors: REASON_CERT_UNREADABLE, REASON_LIMIT.
 */
MUST_USE bool cert_chain_parse(struct bytes content, const char *file, struct stack_st_X509 *pool,
                               struct error *err);
/* The first certificate of the pool for this key, borrowed; NULL: none. */
struct x509_st *cert_chain_find(const struct stack_st_X509 *pool, const struct evp_pkey_st *key);
/*
 * The parents of `cert` out of the pool, the nearest first, each signature verified; a root last if
 * the pool has it. Certificates that are no parents are refused: a gap would show as one. Owned.
 * Errors: REASON_CA_UNSUITABLE, REASON_CA_EXPIRED (a parent), REASON_LIMIT.
 */
struct stack_st_X509 *cert_chain_order(struct x509_st *cert, const struct stack_st_X509 *pool,
                                       int64_t now, struct error *err);
/* Append as PEM, or as certs-only PKCS#7 in DER with the order kept. */
MUST_USE bool cert_chain_pem(const struct stack_st_X509 *chain, struct buffer *out,
                             struct error *err);
MUST_USE bool cert_chain_p7b(const struct stack_st_X509 *chain, struct buffer *out,
                             struct error *err);

#endif
