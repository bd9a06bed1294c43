/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the current CRL of one CA: when a new one is due, its number, keeping it, handing it
 *           out.
 * Not here: the CRL's content (crl_builder.h), revoking (store/).
 * Owns:     the current CRL.
 * Threads:  any thread; readers wait for a pointer's exchange only, never for a CRL being made. A
 *           copy that is held may outlive the handle.
 * Spec:     RFC 5280 5.1.2.5, 5.2.3.
 */
#ifndef OPENNDES_CA_CA_CRL_H
#define OPENNDES_CA_CA_CRL_H

#include "ca/cert_issuer.h"
#include "store/store.h"

struct ca_crl;
struct crl_copy;

struct ca_crl_options {
    const char *ca_name; /* these three are borrowed and outlive the handle */
    const struct cert_issuer *issuer;
    struct store *store;
    int64_t validity_hours;
    int64_t renew_hours; /* before the end */
};

struct ca_crl *ca_crl_create(const struct ca_crl_options *options, struct error *err);
void ca_crl_free(struct ca_crl *crl); /* NULL is allowed */

/* As ca_builtin_crl_refresh and ca_builtin_crl. */
MUST_USE bool ca_crl_refresh(struct ca_crl *crl, int64_t now, bool *made, struct error *err);
/* nextUpdate of the current one; 0: none yet. */
int64_t ca_crl_end(struct ca_crl *crl);
MUST_USE bool ca_crl_append(struct ca_crl *crl, struct buffer *out, int64_t *next_update,
                            struct error *err);
/* As ca_builtin_crl_hold and ca_builtin_crl_release. */
struct crl_copy *ca_crl_hold(struct ca_crl *crl, struct bytes *der, struct error *err);
void ca_crl_release(struct crl_copy *copy);

#endif
