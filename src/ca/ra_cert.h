/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the RA of a CA: make its key and certificate, check that it can serve SCEP clients.
 * Not here: the set of RAs in use (model/ra_identity.h), the files (ca_set.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.1.2, 3.1; MS-WCCE (Certificate Request Agent).
 */
#ifndef OPENNDES_CA_RA_CERT_H
#define OPENNDES_CA_RA_CERT_H

#include "ca/cert_issuer.h"

struct ra_cert_options {
    unsigned bits;         /* 2048 or 3072 */
    int64_t validity_days; /* cut to the CA's end */
};

/* Errors: REASON_USAGE. */
MUST_USE bool ra_cert_check_options(const struct ra_cert_options *options, struct error *err);
/* A new key and its certificate, both owned. Errors: as cert_builder_issue. */
MUST_USE bool ra_cert_make(const struct cert_issuer *issuer, const struct ra_cert_options *options,
                           int64_t now, struct x509_st **cert, struct evp_pkey_st **key,
                           struct error *err);
/* RSA, right usages, fits its key, made by this CA. Errors: REASON_RA_UNSUITABLE. */
MUST_USE bool ra_cert_check(struct x509_st *cert, struct evp_pkey_st *key,
                            const struct cert_issuer *issuer, struct error *err);

#endif
