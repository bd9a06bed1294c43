/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make X.509: a certificate by plan, a self-signed CA certificate, a request for a sub
 *           CA.
 * Not here: what goes into a plan (template/), CRLs (crl_builder.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread; the issuer may be shared.
 * Spec:     RFC 5280 4, RFC 2986, RFC 6960 4.2.2.2.
 */
#ifndef OPENNDES_CA_CERT_BUILDER_H
#define OPENNDES_CA_CERT_BUILDER_H

#include "ca/cert_issuer.h"
#include "model/cert_plan.h"

struct X509_req_st;

#define CERT_SERIAL_BYTES 20u /* most that RFC 5280 4.1.2.2 allows */

/* One certificate to make: all borrowed. */
struct cert_order {
    const struct cert_plan *plan;
    struct evp_pkey_st *key; /* public half is enough */
    struct bytes spki;       /* of key, when it is there to be had; else empty */
    const char *ca_url;      /* AIA caIssuers; NULL: no AIA */
    const char *crl_url;     /* NULL: no CRL distribution point */
    const char *ocsp_url;    /* AIA ocsp; NULL: none */
    /*
     * It signs the CA's OCSP answers: OCSPSigning and id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2),
     * which no other certificate gets: whoever has them may call a revoked one good.
     */
    bool ocsp_signer;
};

/*
 * Sign an end entity's certificate; times are cut to the issuer's. One private key operation.
 * Owned (X509_free). Errors: REASON_SIGN_FAILED, REASON_INTERNAL (the plan is not for an end
 * entity, or asks for OCSPSigning without ocsp_signer), REASON_CA_EXPIRED and
 * REASON_CA_NOT_YET_VALID when nothing is left of the plan's time.
 */
struct x509_st *cert_builder_issue(const struct cert_issuer *issuer, const struct cert_order *order,
                                   struct error *err);
/* A root: CA:TRUE, pathlen 0. Owned. Errors: REASON_SIGN_FAILED, REASON_INTERNAL. */
struct x509_st *cert_builder_root(const struct X509_name_st *subject, struct evp_pkey_st *key,
                                  int64_t not_before, int64_t not_after, struct error *err);
/* PKCS#10 that asks for what cert_builder_root would put in. Owned (X509_REQ_free). */
struct X509_req_st *cert_builder_ca_request(const struct X509_name_st *subject,
                                            struct evp_pkey_st *key, struct error *err);

#endif
