/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read an OCSP request without a library: which certificates are asked about, and the
 *           nonce; everything is bounded.
 * Not here: whose certificates they are and what is known of them (ca_ocsp.h), HTTP (service/).
 * Owns:     nothing: what it finds are views of the request.
 * Threads:  pure functions.
 * Spec:     RFC 6960 4.1, 4.4; RFC 8954 2.1 (nonce); X.690 10.1 (DER).
 */
#ifndef OPENNDES_CA_OCSP_REQUEST_H
#define OPENNDES_CA_OCSP_REQUEST_H

#include "base/buffer.h"
#include "model/certificate.h"

#define OCSP_REQUEST_BYTES_MAX 4096u /* sixteen questions with SHA-512 are below 3 KB */
#define OCSP_QUESTIONS_MAX 16u       /* a chain; most clients ask about one */
#define OCSP_NONCE_BYTES_MAX 32u     /* RFC 8954 2.1 */

/* What the issuer is named by. */
enum ocsp_hash {
    OCSP_HASH_SHA1, /* RFC 5019 2.1.1: what nearly every client sends */
    OCSP_HASH_SHA256,
    OCSP_HASH_SHA384,
    OCSP_HASH_SHA512,
    OCSP_HASH_OTHER
};

struct ocsp_question {
    struct bytes cert_id; /* the whole CertID: the answer has it as it came */
    enum ocsp_hash hash;
    struct bytes name_hash;
    struct bytes key_hash;
    char serial[SERIAL_TEXT_MAX]; /* as certificate_info has it; "": negative, so none of ours */
};

struct ocsp_request {
    struct ocsp_question question[OCSP_QUESTIONS_MAX];
    size_t count;       /* 1.. */
    struct bytes nonce; /* without its wrapping; len 0: none */
};

/*
 * DER alone. Who asks (requestorName) and a signature are not looked at: everybody gets the same
 * answer, so that a proof of who he is would only cost time. Extensions but the nonce are ignored,
 * unless they are critical. Errors: REASON_OCSP_REQUEST.
 */
MUST_USE bool ocsp_request_parse(struct bytes der, struct ocsp_request *out, struct error *err);

#endif
