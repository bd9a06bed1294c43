/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  facts about an X.509 certificate in plain values: serial, names, validity,
 *           fingerprints.
 * Not here: building certificates (ca/), chains for GetCACert (scep/).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 5280.
 */
#ifndef OPENNDES_MODEL_CERTIFICATE_H
#define OPENNDES_MODEL_CERTIFICATE_H

#include "base/secret.h"

struct x509_st;
struct asn1_string_st;
struct evp_pkey_st;

#define SERIAL_TEXT_MAX 96 /* hex of at most 40 bytes, sign, NUL */
#define NAME_TEXT_MAX 1024

struct certificate_info {
    char serial
        [SERIAL_TEXT_MAX]; /* lower-case hex, "-" in front when negative, at least two digits */
    char subject[NAME_TEXT_MAX]; /* RFC 2253, escaped */
    char issuer[NAME_TEXT_MAX];
    int64_t not_before; /* seconds since 1970 UTC */
    int64_t not_after;
    uint8_t sha256[DIGEST_SHA256_BYTES]; /* of the DER */
    uint8_t key_sha256[DIGEST_SHA256_BYTES];
};

/* Errors: REASON_CERT_UNREADABLE. */
MUST_USE bool certificate_info(const struct x509_st *cert, struct certificate_info *out,
                               struct error *err);
/*
 * SHA-256 of what its CA has signed (RFC 5280 4.1.1.1: tbsCertificate). Whoever has a certificate
 * with an ECDSA signature can make another one of it that verifies as well, by negating s, so that
 * the digest of the whole tells two of one. Errors: REASON_CERT_UNREADABLE.
 */
MUST_USE bool certificate_signed_sha256(struct bytes der, uint8_t digest[DIGEST_SHA256_BYTES],
                                        struct error *err);
/*
 * As X509_verify: has this key signed it, whatever context of the library it was parsed in, and
 * whether its own key is decoded or not (model/parse_context.h).
 */
bool certificate_signed_by(const struct x509_st *cert, struct evp_pkey_st *key);
/* A serial as in struct certificate_info. Errors: REASON_CERT_UNREADABLE (more than 40 bytes). */
MUST_USE bool certificate_serial_format(const struct asn1_string_st *serial,
                                        char text[SERIAL_TEXT_MAX], struct error *err);
/* One of its times, or of a CRL's, in seconds since 1970 UTC. Errors: REASON_CERT_UNREADABLE. */
MUST_USE bool certificate_time(const struct asn1_string_st *time, int64_t *seconds,
                               struct error *err);
/* Exact DER, no trailing bytes; owned (X509_free). */
struct x509_st *certificate_parse(struct bytes der, struct error *err);
void certificate_free(struct x509_st *cert); /* NULL is allowed */
MUST_USE bool certificate_der(const struct x509_st *cert, struct buffer *out, struct error *err);
MUST_USE bool certificate_pem(const struct x509_st *cert, struct buffer *out, struct error *err);

#endif
