/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the certificates and keys with which an endpoint speaks SCEP: per generation one RA for
 *           everything and a pair (one signs, one decrypts), and the CA chain.
 * Not here: making and loading them (ca/), using them (scep/).
 * Owns:     a reference on each certificate and key; the whole set is reference-counted.
 * Threads:  immutable once shared; ra_set_ref and ra_set_unref from any thread.
 * Spec:     RFC 8894 2.1.2, 4.2.1; NDES: observed (the pair).
 */
#ifndef OPENNDES_MODEL_RA_IDENTITY_H
#define OPENNDES_MODEL_RA_IDENTITY_H

#include "base/error.h"
#include "base/limits.h"

struct x509_st;
struct evp_pkey_st;

#define RA_GENERATIONS_MAX 4
#define RA_MEMBERS_MAX (3 * RA_GENERATIONS_MAX) /* both forms of every generation */

/*
 * One certificate and its key. The first of a set is the current RA that does everything, then
 * comes the current pair; former generations are kept for clients that still use them.
 */
struct ra_identity {
    struct x509_st *cert;
    struct evp_pkey_st *key; /* RSA */
    bool signs;              /* answers */
    bool decrypts;           /* messages that name it as recipient */
    bool former;             /* replaced: shown to nobody */
    /* Which member signs the answer to what this one has opened; itself unless it only decrypts. */
    size_t signer;
};

struct ra_set {
    struct ra_identity ra[RA_MEMBERS_MAX];
    size_t ra_count;
    struct x509_st *chain[LIMIT_CHAIN_CERTIFICATES]; /* issuing CA first, then upwards */
    size_t chain_count;
    int references; /* atomic */
};

/* Empty set with one reference; NULL when out of memory. */
struct ra_set *ra_set_create(void);
/* Add; takes a reference of its own on cert and key. Errors: REASON_LIMIT. */
MUST_USE bool ra_set_add_ra(struct ra_set *set, struct x509_st *cert, struct evp_pkey_st *key,
                            struct error *err);
/* Both or none; of the arguments only cert and key are looked at. */
MUST_USE bool ra_set_add_pair(struct ra_set *set, const struct ra_identity *sign,
                              const struct ra_identity *decrypt, struct error *err);
/* All from this member on are former ones: opened for, answered by, never shown. */
void ra_set_mark_former(struct ra_set *set, size_t from);
MUST_USE bool ra_set_add_chain(struct ra_set *set, struct x509_st *cert, struct error *err);
struct ra_set *ra_set_ref(struct ra_set *set);
void ra_set_unref(struct ra_set *set); /* NULL is allowed */

/* The index of the current pair's member that decrypts; false when the set has no pair. */
bool ra_set_find_pair(const struct ra_set *set, size_t *decrypt);
/* Who signs the answer to what this member has opened, borrowed; NULL: no such member. */
const struct ra_identity *ra_set_signer(const struct ra_set *set, size_t index);

#endif
