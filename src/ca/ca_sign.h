/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign a certificate that is put together, or anything that is written as DER.
 * Not here: what stands in it (cert_builder.h, crl_builder.h, ocsp_response.h).
 * Owns:     nothing.
 * Threads:  any thread; what is signed belongs to one.
 * Spec:     RFC 5280 4.1.1.2, 4.1.1.3 and 5.1.1; RFC 6960 4.2.1; RFC 4055, RFC 5758 (the
 *           algorithm's parameters).
 *
 * X509_sign, X509_CRL_sign and OCSP_basic_sign of OpenSSL 3 free a part of what they sign, which
 * they do not own, when memory ends while they write the algorithm there: the process would end
 * where a request should be refused. Here it is written by ourselves: into a certificate, whose
 * parts can be reached, and as DER for the others.
 */
#ifndef OPENNDES_CA_CA_SIGN_H
#define OPENNDES_CA_CA_SIGN_H

#include "base/buffer.h"

struct x509_st;
struct evp_pkey_st;
struct evp_md_st;

/*
 * RSA (PKCS #1 1.5) or EC. False: the cause is in OpenSSL's queue (ca_error.h); what was to be
 * signed can only be freed.
 */
MUST_USE bool ca_sign_certificate(struct x509_st *cert, struct evp_pkey_st *key,
                                  const struct evp_md_st *digest);

/* Append the AlgorithmIdentifier of such a key's signatures. Errors: REASON_SIGN_FAILED. */
MUST_USE bool ca_sign_algorithm(const struct evp_pkey_st *key, const struct evp_md_st *digest,
                                struct buffer *der, struct error *err);
/* Append the signature of the pieces, one behind the other, as a BIT STRING. Errors as above. */
MUST_USE bool ca_sign_pieces(struct evp_pkey_st *key, const struct evp_md_st *digest,
                             const struct bytes *pieces, size_t count, struct buffer *out,
                             struct error *err);

#endif
