/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign a certificate that is put together.
 * Not here: what stands in it (cert_builder.h).
 * Owns:     nothing.
 * Threads:  any thread; what is signed belongs to one.
 * Spec:     RFC 5280 4.1.1.2 and 4.1.1.3; RFC 4055, RFC 5758 (the algorithm's parameters).
 *
 * X509_sign of OpenSSL 3 frees a part of the certificate that it does not own when memory ends
 * while it writes the algorithm there: the process would end where a request should be refused.
 * This one writes it itself. (X509_CRL_sign has the same fault, and no way around it: the algorithm
 * inside a CRL cannot be reached.)
 */
#ifndef OPENNDES_CA_CA_SIGN_H
#define OPENNDES_CA_CA_SIGN_H

#include "base/error.h"

struct x509_st;
struct evp_pkey_st;
struct evp_md_st;

/*
 * RSA (PKCS #1 1.5) or EC. False: the cause is in OpenSSL's queue (ca_error.h); what was to be
 * signed can only be freed.
 */
MUST_USE bool ca_sign_certificate(struct x509_st *cert, struct evp_pkey_st *key,
                                  const struct evp_md_st *digest);

#endif
