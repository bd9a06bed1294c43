/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificates for tests: a CA, RA generations, self-signed and odd client certificates.
 * Not here: SCEP messages (scep_client.h).
 * Owns:     see the functions; a failure ends the program.
 * Threads:  one test at a time.
 * Spec:     RFC 5280.
 */
#ifndef OPENNDES_TESTS_SUPPORT_SCEP_CA_H
#define OPENNDES_TESTS_SUPPORT_SCEP_CA_H

#include "base/buffer.h"
#include "model/ra_identity.h"
#include "support/scep_keys.h"

/* One extension as it stands in a certificate, sense or nonsense. */
struct scep_cert_extension {
    const char *oid; /* dotted */
    bool critical;
    struct bytes content;
};

struct scep_cert_options {
    struct evp_pkey_st *key;        /* of the subject; only its public part is used */
    const char *cn;                 /* NULL: empty subject */
    int cn_type;                    /* ASN.1 tag of the CN; 0: UTF8String */
    struct x509_st *issuer;         /* NULL: self-signed */
    struct evp_pkey_st *issuer_key; /* NULL: key */
    const unsigned char *serial;    /* content of the INTEGER, two's complement; NULL: 01 */
    size_t serial_len;
    int version;        /* 1 or 3; 0: 3 */
    int days_from;      /* notBefore and notAfter, from today */
    int days_to;        /* both 0: -1 and 30 */
    const char *digest; /* "SHA256" when NULL */
    bool key_id;        /* subjectKeyIdentifier extension */
    bool ca;            /* basicConstraints and keyCertSign */
    bool break_signature;
    struct bytes name;                            /* DER of the subject; data NULL: made from cn */
    const char *from;                             /* "19700101000000Z"; NULL: days_from */
    const char *to;                               /* NULL: days_to */
    const struct scep_cert_extension *extensions; /* besides the others */
    size_t extension_count;
};

/* Owned (X509_free). */
struct x509_st *scep_cert_make(const struct scep_cert_options *options);

struct scep_test_ca {
    struct evp_pkey_st *key;
    struct x509_st *cert;
    struct evp_pkey_st *ra_keys[2]; /* current, old */
    struct x509_st *ra_certs[2];
    struct ra_set *set; /* both generations; the CA as the chain */
};

/* A CA with two RA generations. */
void scep_test_ca_init(struct scep_test_ca *ca);
void scep_test_ca_clear(struct scep_test_ca *ca);
/* NDES's pair of a CA; the same subject, other serials and keys. */
struct scep_test_pair {
    struct ra_identity sign;
    struct ra_identity decrypt;
};
void scep_test_pair_init(struct scep_test_pair *pair, const struct scep_test_ca *ca);
void scep_test_pair_clear(struct scep_test_pair *pair);

/* A certificate of this CA for a public key, DER appended to out. */
void scep_test_ca_issue(const struct scep_test_ca *ca, struct evp_pkey_st *key, const char *cn,
                        struct buffer *out);

#endif
