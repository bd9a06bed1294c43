/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the contract of a certification authority, and its dispatch.
 * Not here: the built-in CA (ca_builtin.h); what to issue (template/); durable records (store/).
 * Owns:     the handle.
 * Threads:  any thread.
 * Spec:     RFC 5280.
 */
#ifndef OPENNDES_CA_CA_H
#define OPENNDES_CA_CA_H

#include "model/cert_plan.h"
#include "model/csr.h"
#include "model/issuance.h"
#include "model/ra_identity.h"

struct ca;
struct evp_pkey_st;

/* One backend. A NULL entry is something it cannot do: REASON_CA_NOT_READY, or "no". */
struct ca_ops {
    const char *name;
    bool (*issue)(void *state, const struct csr *csr, const struct cert_plan *plan,
                  struct issuance *out, struct error *err);
    struct ra_set *(*ra)(void *state, struct error *err);
    bool (*is_issuer_of)(void *state, const struct x509_st *cert);
    bool (*signer)(void *state, struct x509_st **cert, struct evp_pkey_st **key, struct error *err);
    bool (*crl)(void *state, struct buffer *out, struct error *err);
    bool (*ready)(void *state, struct error *err);
    void (*free)(void *state);
};

/* Takes over state. NULL when out of memory (state is freed). */
struct ca *ca_create(const char *name, const struct ca_ops *ops, void *take_state);
void ca_free(struct ca *ca); /* NULL is allowed */
const char *ca_name(const struct ca *ca);

/*
 * Sign a certificate; nothing is recorded: the caller does that before the certificate leaves.
 * Errors: REASON_CA_EXPIRED, _CA_NOT_YET_VALID, _CA_NOT_READY, _SIGN_FAILED.
 */
MUST_USE bool ca_issue(struct ca *ca, const struct csr *csr, const struct cert_plan *plan,
                       struct issuance *out, struct error *err);
/*
 * RA and chain in force now; a reference for the caller (ra_set_unref).
 * Errors: REASON_RA_MISSING, _RA_EXPIRED, _CA_NOT_READY.
 */
struct ra_set *ca_ra(struct ca *ca, struct error *err);
/* True when this CA's key signed the certificate (signature verified, not only names). */
bool ca_is_issuer_of(struct ca *ca, const struct x509_st *cert);
/*
 * The CA's own certificate and key, for what it signs besides certificates and CRLs; borrowed, as
 * long as the CA. Errors: REASON_CA_NOT_READY.
 */
MUST_USE bool ca_signer(struct ca *ca, struct x509_st **cert, struct evp_pkey_st **key,
                        struct error *err);
/* Append the current CRL's DER. Errors: REASON_CA_NOT_READY when there is none, REASON_LIMIT. */
MUST_USE bool ca_crl(struct ca *ca, struct buffer *out, struct error *err);
/*
 * One authority? Also two loads of one CA, before and after a new RA or a renewed certificate; not
 * two CAs that have had the same name one after the other.
 */
bool ca_is_same(struct ca *a, struct ca *b);
/* Everything there and in its time? Used by check and at start. */
MUST_USE bool ca_ready(struct ca *ca, struct error *err);

#endif
