/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  bodies of GetCACert, GetNextCACert and GetCACaps, and the SignedData with certificates
 *           or a CRL alone that these and CertRep carry.
 * Not here: HTTP (endpoint/).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 8894 3.4, 3.5.2, 4.2, 4.7; NDES: observed.
 */
#ifndef OPENNDES_SCEP_SCEP_CACERT_H
#define OPENNDES_SCEP_SCEP_CACERT_H

#include "model/ra_identity.h"
#include "scep/scep_types.h"

/* One certificate, DER. */
#define SCEP_MEDIA_TYPE_CA_CERT "application/x-x509-ca-cert"
/* Several; clients compare the whole value, so there is never a parameter. */
#define SCEP_MEDIA_TYPE_CA_RA_CERT "application/x-x509-ca-ra-cert"
/* The same when asked for as GetCACertChain (draft-nourse-scep before 19). */
#define SCEP_MEDIA_TYPE_CA_CHAIN "application/x-x509-ca-ra-cert-chain"
#define SCEP_MEDIA_TYPE_NEXT_CA "application/x-x509-next-ca-cert"

/*
 * Certs-only SignedData with the certificates in the order given, although they are a SET OF: old
 * clients take the first one. Appended. Errors: REASON_NO_MEMORY, REASON_LIMIT (out).
 */
MUST_USE bool scep_degenerate(const struct bytes *certs, size_t count, struct buffer *out,
                              struct error *err);
/* SignedData with one CRL, as it is, and no certificates. Appended. Errors: as above. */
MUST_USE bool scep_degenerate_crl(struct bytes crl_der, struct buffer *out, struct error *err);
/*
 * The current RA first (single), or NDES's two in NDES's order: the one that signs, the one that
 * decrypts (pair); then the CA chain; a self-signed CA at the end is left out when include_root is
 * false (never the issuing CA). *media_type gets a constant text. Errors: REASON_RA_MISSING when a
 * pair is asked for and there is none, REASON_CA_NOT_READY when there is no certificate at all, and
 * as above.
 */
MUST_USE bool scep_cacert_body(const struct ra_set *ras, enum ra_form form, bool include_root,
                               struct buffer *out, const char **media_type, struct error *err);

/*
 * GetNextCACert: what scep_cacert_body would say of the next generation, always as a certs-only
 * SignedData, inside a SignedData of the current CA, whose certificate goes with it. Costs a
 * signature of the CA's key: not for each request. Errors: REASON_SIGN_FAILED and as above.
 */
struct scep_next_cacert {
    const struct ra_set *next;
    enum ra_form form;
    bool include_root;
    struct x509_st *cert; /* of the current CA, with its key; borrowed */
    struct evp_pkey_st *key;
};
MUST_USE bool scep_next_cacert_body(const struct scep_next_cacert *options, struct buffer *out,
                                    struct error *err);

/* Whose list of keywords. */
enum scep_caps_style {
    SCEP_CAPS_ENGINE,     /* what this endpoint can do, in our order */
    SCEP_CAPS_NDES,       /* the lines of NDES 2016 to 2022 in its order, then AES, SCEPStandard */
    SCEP_CAPS_NDES_STRICT /* NDES's lines and nothing else */
};

struct scep_caps_options {
    enum algorithm_level level; /* what it does not allow is not announced, whatever the style */
    bool renewal;               /* style ENGINE; NDES always says Renewal */
    bool next_ca;               /* style ENGINE; NDES never has GetNextCACert */
    enum scep_caps_style style;
};

/* One keyword a line, LF between, none at the end, no blank line. Errors: as above. */
MUST_USE bool scep_caps_body(const struct scep_caps_options *options, struct buffer *out,
                             struct error *err);

#endif
