/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  CertRep: success, failure, pending; mirrors digest, cipher, key transport and signature
 *           form of the request; a signer with an EC key is answered by key agreement.
 * Not here: the decision (enroll/), HTTP (endpoint/).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 8894 3.3.2, 3.2.1; RFC 5652.
 */
#ifndef OPENNDES_SCEP_SCEP_REPLY_H
#define OPENNDES_SCEP_SCEP_REPLY_H

#include "model/ra_identity.h"
#include "scep/scep_message.h"

#define SCEP_MEDIA_TYPE "application/x-pki-message"

struct scep_reply_options {
    const struct ra_set *ras;
    size_t ra_index; /* which member opened the message: its signer signs */
    enum algorithm_level
        level;              /* mirrored algorithms never go below it; else SHA-256 and AES-128 */
    bool include_chain;     /* CA certificates beside the issued one */
    bool hresult_attribute; /* add the Microsoft error attribute to FAILURE */
};

/*
 * SUCCESS: certificate encrypted to the request's signer and to nobody else. Appended to out as
 * DER. Errors: REASON_SIGN_FAILED, REASON_NO_MEMORY, REASON_LIMIT (out), REASON_INTERNAL; out is
 * then as before. Only for a message that scep_message_verify accepted.
 */
MUST_USE bool scep_reply_success(const struct scep_message *message,
                                 const struct scep_reply_options *options, struct bytes cert_der,
                                 struct buffer *out, struct error *err);
/* SUCCESS: a CRL and nothing else (GetCRL). Errors as above. */
MUST_USE bool scep_reply_crl(const struct scep_message *message,
                             const struct scep_reply_options *options, struct bytes crl_der,
                             struct buffer *out, struct error *err);
/* FAILURE: failInfo, failInfoText and HRESULT from `why`. Errors as above. */
MUST_USE bool scep_reply_failure(const struct scep_message *message,
                                 const struct scep_reply_options *options, const struct error *why,
                                 struct buffer *out, struct error *err);
/* PENDING: the request waits for approval. Errors as above. */
MUST_USE bool scep_reply_pending(const struct scep_message *message,
                                 const struct scep_reply_options *options, struct buffer *out,
                                 struct error *err);

#endif
