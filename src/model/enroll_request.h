/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  who asks for what: everything the decision needs about one request, free of SCEP and
 *           HTTP.
 * Not here: how it was read (scep/), the decision (enroll/).
 * Owns:     the CSR; the rest is borrowed and lives as long as the request.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3.2, 3.3.
 */
#ifndef OPENNDES_MODEL_ENROLL_REQUEST_H
#define OPENNDES_MODEL_ENROLL_REQUEST_H

#include "base/ip_prefix.h"
#include "model/csr.h"

enum enroll_kind {
    ENROLL_KIND_NEW,    /* PKCSReq */
    ENROLL_KIND_RENEWAL /* RenewalReq: not accepted yet */
};

struct enroll_request {
    enum enroll_kind kind;
    const char *request_id; /* ours, for log and audit */
    struct ip_address peer;
    struct bytes transaction_id;                    /* opaque, 1..256 bytes */
    uint8_t signer_key_sha256[DIGEST_SHA256_BYTES]; /* key that signed the message */
    const struct x509_st *signer;                   /* borrowed */
    bool signer_self_signed;
    bool challenge_gone; /* it was looked at when the request came, and is not kept */
    struct csr csr;
};

#endif
