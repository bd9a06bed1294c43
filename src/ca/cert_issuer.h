/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  who signs: a CA's certificate and key with all that signing needs, checked and read
 *           once.
 * Not here: what is signed (cert_builder.h, crl_builder.h), files (ca_set.h).
 * Owns:     a reference on the certificate and on the key.
 * Threads:  immutable after initialisation; any thread may sign with it.
 * Spec:     RFC 5280 4.2.1.1, 4.2.1.3, 4.2.1.9.
 */
#ifndef OPENNDES_CA_CERT_ISSUER_H
#define OPENNDES_CA_CERT_ISSUER_H

#include "base/error.h"

struct x509_st;
struct evp_pkey_st;
struct evp_md_st;
struct asn1_string_st;

struct cert_issuer {
    struct x509_st *cert;
    struct evp_pkey_st *key;
    const struct evp_md_st *digest;
    struct asn1_string_st *key_id; /* for the authority key identifier */
    int64_t not_before;
    int64_t not_after;
    bool may_sign_crl;
};

/*
 * Check that the certificate is a CA's (version 3, CA:TRUE, keyCertSign, a subject) and belongs to
 * the key. `what` names the certificate in messages, e.g. its file.
 * Errors: REASON_CA_UNSUITABLE, REASON_KEY_MISMATCH, REASON_CERT_UNREADABLE.
 */
MUST_USE bool cert_issuer_init(struct cert_issuer *issuer, struct x509_st *cert,
                               struct evp_pkey_st *key, const char *what, struct error *err);
void cert_issuer_clear(struct cert_issuer *issuer); /* NULL is allowed */

/* Errors: REASON_CA_EXPIRED, REASON_CA_NOT_YET_VALID. */
MUST_USE bool cert_issuer_check_time(const struct cert_issuer *issuer, int64_t now,
                                     struct error *err);
/* True when the certificate names this issuer and its key made the signature. */
bool cert_issuer_signed(const struct cert_issuer *issuer, const struct x509_st *cert);

#endif
