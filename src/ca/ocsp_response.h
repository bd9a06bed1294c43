/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  put an OCSP answer together and sign it; the unsigned ones.
 * Not here: what is known of a certificate (ca_ocsp.h), the key (ocsp_signer.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     RFC 6960 4.2; RFC 5019 2.2; RFC 5280 5.3.1.
 */
#ifndef OPENNDES_CA_OCSP_RESPONSE_H
#define OPENNDES_CA_OCSP_RESPONSE_H

#include "base/buffer.h"
#include "ca/ocsp_signer.h"

#define OCSP_RESPONSE_BYTES_MAX 65536u /* sixteen certificates, a signature and a certificate */

/* RFC 6960 4.2.1 OCSPResponseStatus: what needs no signature. */
enum ocsp_refusal {
    OCSP_MALFORMED_REQUEST = 1,
    OCSP_INTERNAL_ERROR = 2,
    OCSP_TRY_LATER = 3,
    OCSP_UNAUTHORIZED = 6
};

enum ocsp_certificate_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_status {
    enum ocsp_certificate_status status;
    int64_t revoked_at; /* OCSP_REVOKED: seconds */
    int reason;         /* OCSP_REVOKED: CRLReason; 0 is left out */
};

/* What is said about one certificate: borrowed. */
struct ocsp_statement {
    struct bytes cert_id; /* DER, as the request has it */
    struct ocsp_status status;
};

struct ocsp_response_plan {
    const struct ocsp_statement *statements;
    size_t count;
    int64_t produced_at; /* seconds */
    int64_t this_update;
    int64_t next_update;
    struct bytes nonce; /* len 0: none */
};

/*
 * Append the DER of a signed answer with the signer's certificate; the responder is named by its
 * key. One private key operation. Errors: REASON_SIGN_FAILED, REASON_OCSP_REQUEST (a CertID that
 * the library refuses), REASON_NO_MEMORY, REASON_LIMIT.
 */
MUST_USE bool ocsp_response_sign(const struct ocsp_signer *signer,
                                 const struct ocsp_response_plan *plan, struct buffer *der,
                                 struct error *err);
/* Append the DER of an answer without anything in it. */
MUST_USE bool ocsp_response_refuse(enum ocsp_refusal status, struct buffer *der, struct error *err);

#endif
