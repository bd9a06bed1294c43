/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  who signs a CA's OCSP answers: a key of its own and a certificate of the CA for it.
 * Not here: when a new one is due (ca_ocsp.h), the answers (ocsp_response.h).
 * Owns:     what a struct ocsp_signer holds, until ocsp_signer_clear.
 * Threads:  any thread; one owner per struct.
 * Spec:     RFC 6960 2.6, 4.2.2.2; RFC 5019 2.2.2.
 *
 * The key is in memory alone: it lives days, a new one costs nothing, and what lies on no disk is
 * in no backup. The certificate is recorded like every other before it is used.
 */
#ifndef OPENNDES_CA_OCSP_SIGNER_H
#define OPENNDES_CA_OCSP_SIGNER_H

#include "ca/cert_issuer.h"
#include "store/store.h"

/* The template under which it is recorded; no template can be called so. */
#define OCSP_TEMPLATE_NAME "(ocsp)"

struct ocsp_signer {
    struct x509_st *cert; /* NULL: none */
    struct evp_pkey_st *key;
    const struct evp_md_st *digest;
    int64_t not_before; /* seconds */
    int64_t not_after;
};

struct ocsp_signer_options {
    const char *ca_name;
    const struct cert_issuer *issuer;
    struct store *store;
    int64_t days; /* cut to the CA's end */
};

/*
 * A new key, RSA 2048 or the curve of the CA's own key, and its certificate, recorded. Errors:
 * REASON_CA_EXPIRED, REASON_CA_NOT_YET_VALID, REASON_SIGN_FAILED, REASON_STORE_*, REASON_INTERNAL.
 */
MUST_USE bool ocsp_signer_make(const struct ocsp_signer_options *options, int64_t now,
                               struct ocsp_signer *out, struct error *err);
/* The same one once more, for a thread that signs while another puts a new one in its place. */
struct ocsp_signer ocsp_signer_ref(const struct ocsp_signer *signer);
void ocsp_signer_clear(struct ocsp_signer *signer); /* NULL is allowed */

#endif
