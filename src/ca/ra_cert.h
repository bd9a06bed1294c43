/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the RA certificates of a CA: one for everything, and NDES's pair (one signs, one is
 *           encrypted to); make them with their keys, check that they can serve SCEP clients.
 * Not here: the set of RAs in use (model/ra_identity.h), the files (ca_set.h).
 * Owns:     what a struct ra_cert holds, until ra_cert_clear.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.1.2, 3.1; MS-WCCE (Certificate Request Agent); NDES: observed (the pair).
 */
#ifndef OPENNDES_CA_RA_CERT_H
#define OPENNDES_CA_RA_CERT_H

#include "ca/cert_issuer.h"

enum ra_cert_role {
    RA_CERT_SINGLE, /* both usages: suits every client */
    RA_CERT_SIGN,   /* NDES's Enrollment Agent */
    RA_CERT_ENC,    /* NDES's CEP Encryption */
    RA_CERT_ROLES
};

struct ra_cert {
    struct x509_st *cert; /* NULL: none */
    struct evp_pkey_st *key;
};
void ra_cert_clear(struct ra_cert *ra);

/* What an administrator chooses; the same for all roles. */
struct ra_cert_options {
    unsigned bits;         /* 2048 or 3072 */
    int64_t validity_days; /* cut to the CA's end */
    /* One for each role; those with a certificate are taken as they are. NULL: all are made. */
    const struct ra_cert *given;
    /* One for each role; those that are set stay: neither made nor written. NULL: none. */
    const bool *kept;
};

/* Errors: REASON_USAGE. */
MUST_USE bool ra_cert_check_options(const struct ra_cert_options *options, struct error *err);

/* One certificate to make. */
struct ra_cert_order {
    enum ra_cert_role role;
    unsigned bits;     /* 2048 or 3072 */
    int64_t now;       /* seconds */
    int64_t not_after; /* cut to the CA's end */
};
/*
 * A new key and its certificate, owned. All roles have the same subject, as NDES's two have; their
 * serials tell them apart. Errors: as cert_builder_issue.
 */
MUST_USE bool ra_cert_make(const struct cert_issuer *issuer, const struct ra_cert_order *order,
                           struct ra_cert *out, struct error *err);
/* RSA, the usages of its role, fits its key, made by this CA. Errors: REASON_RA_UNSUITABLE. */
MUST_USE bool ra_cert_check(const struct ra_cert *ra, enum ra_cert_role role,
                            const struct cert_issuer *issuer, struct error *err);

#endif
