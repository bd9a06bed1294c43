/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the built-in CA: signs by plan, serves its RA, makes and keeps its CRL.
 * Not here: files and keys on disk (ca_files.h), records of certificates (store/).
 * Owns:     keys and certificates in memory, the current CRL.
 * Threads:  any thread; the CRL is swapped as a whole.
 * Spec:     RFC 5280 4 and 5; RFC 6818.
 */
#ifndef OPENNDES_CA_CA_BUILTIN_H
#define OPENNDES_CA_CA_BUILTIN_H

#include "ca/ca.h"
#include "ca/ca_ocsp.h"
#include "store/store.h"

struct ca_builtin;
struct crl_copy;
struct ra_sets;

struct ca_builtin_options {
    const char *data_folder;
    const char *name;
    /*
     * for AIA and CDP: <url>/ca/<name>.crt, <url>/crl/<name>.crl and, where OCSP is on,
     * <url>/ocsp/<name>; NULL or "": none is put in
     */
    const char *public_url;
    struct store *store; /* revocations, CRL numbers; must outlive the CA; NULL: no CRL, no CDP */
    int64_t crl_validity_hours;
    int64_t crl_renew_hours;
    struct ca_ocsp_settings ocsp; /* needs the store, too */
    /* Serving: a folder that has no pair of RAs yet gets one (ca_builtin_pair_error if not). */
    bool make_missing_ra;
    int64_t ra_keep_days; /* former RAs go on until their end and so much longer */
};

/*
 * Load keys and certificates; options are not needed afterwards. A CA waiting for its certificate
 * (state "request") opens and is not ready. Times are not looked at here: an expired CA still
 * serves its certificates and its last CRL. Nor does a pair of RAs that is missing or cannot be
 * used keep it from opening: the single RA serves then.
 * Errors: REASON_CA_MISSING, REASON_KEY_*, REASON_CERT_UNREADABLE, REASON_CA_UNSUITABLE,
 * REASON_RA_*.
 */
struct ca_builtin *ca_builtin_open(const struct ca_builtin_options *options, struct error *err);
/* As a struct ca, which takes the ca_builtin over; the pointer stays valid for the calls below. */
struct ca *ca_builtin_as_ca(struct ca_builtin *take_builtin);
void ca_builtin_free(struct ca_builtin *b); /* only when not taken over; NULL is allowed */

/* The CA's certificate, borrowed; NULL while it waits for one. */
const struct x509_st *ca_builtin_certificate(const struct ca_builtin *b);
/* Append certs-only p7b of the chain, or the CA certificate's DER. REASON_CA_NOT_READY. */
MUST_USE bool ca_builtin_chain_p7b(const struct ca_builtin *b, struct buffer *out,
                                   struct error *err);
/* The certificates above the CA's, the nearest first, borrowed; NULL behind the last. */
const struct x509_st *ca_builtin_parent(const struct ca_builtin *b, size_t index);
/* The RA's certificate, also when it has ended; borrowed; NULL while the CA waits for its own. */
const struct x509_st *ca_builtin_ra_certificate(const struct ca_builtin *b);
/* Those of the pair: NULL also while there is none. */
const struct x509_st *ca_builtin_ra_sign_certificate(const struct ca_builtin *b);
const struct x509_st *ca_builtin_ra_enc_certificate(const struct ca_builtin *b);
/* The keys beside them, borrowed, for ca_key_reference_describe; NULL where there is none. */
const struct evp_pkey_st *ca_builtin_key(const struct ca_builtin *b);
const struct evp_pkey_st *ca_builtin_ra_key(const struct ca_builtin *b);
const struct evp_pkey_st *ca_builtin_ra_sign_key(const struct ca_builtin *b);
const struct evp_pkey_st *ca_builtin_ra_enc_key(const struct ca_builtin *b);
/* The RAs with the former ones, borrowed (ra_sets.h); empty while the CA waits. */
const struct ra_sets *ca_builtin_ra_sets(const struct ca_builtin *b);
/*
 * Why there is no pair, borrowed; NULL when there is one, or the CA waits for its certificate.
 * REASON_DATA_FOLDER_IN_USE: another process held the folder when the pair was to be made, so
 * opening again helps.
 */
const struct error *ca_builtin_pair_error(const struct ca_builtin *b);
/* Append the CA certificate as PEM, with `parents` also its chain. Errors: REASON_CA_NOT_READY. */
MUST_USE bool ca_builtin_chain_pem(const struct ca_builtin *b, bool parents, struct buffer *out,
                                   struct error *err);
/* Append PEM: the CA's certificate, with `parents` its chain behind it. REASON_CA_NOT_READY. */
MUST_USE bool ca_builtin_chain_pem(const struct ca_builtin *b, bool parents, struct buffer *out,
                                   struct error *err);
MUST_USE bool ca_builtin_certificate_der(const struct ca_builtin *b, struct buffer *out,
                                         struct error *err);
/*
 * Make a new CRL if one is due at `now` (seconds): none yet, near its end, or revocations since the
 * last one. The number is taken from the store, the CRL is kept there too, so that a restart does
 * not go back. *made tells whether. Without a store, before the CA has its certificate, and when
 * its keyUsage lacks cRLSign, nothing is due.
 * Errors: REASON_CA_EXPIRED, REASON_CA_NOT_YET_VALID, REASON_SIGN_FAILED, REASON_STORE_*.
 */
MUST_USE bool ca_builtin_crl_refresh(struct ca_builtin *b, int64_t now, bool *made,
                                     struct error *err);
/*
 * Append the current CRL's DER. *next_update in seconds.
 * Errors: REASON_CA_NOT_READY when there is none (ca_builtin_crl_refresh makes or loads the first).
 */
MUST_USE bool ca_builtin_crl(struct ca_builtin *b, struct buffer *out, int64_t *next_update,
                             struct error *err);
/*
 * The same without a copy, for a list of megabytes that many ask for: *der is valid until
 * ca_builtin_crl_release, on any thread, also when the CA is gone by then. NULL: as above.
 */
struct crl_copy *ca_builtin_crl_hold(struct ca_builtin *b, struct bytes *der, struct error *err);
void ca_builtin_crl_release(struct crl_copy *copy); /* NULL is allowed */

/* The OCSP responder, which ca_ocsp_refresh has to make ready; borrowed; NULL: it is off. */
struct ca_ocsp *ca_builtin_ocsp(const struct ca_builtin *b);

/* nextUpdate of the current CRL, seconds; 0: there is none. */
int64_t ca_builtin_crl_end(const struct ca_builtin *b);

#endif
