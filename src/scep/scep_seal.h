/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  EnvelopedData for one recipient: the pkcsPKIEnvelope of a CertRep.
 * Not here: what is inside and around it (scep_reply.h), key agreement (scep_agree.h), opening
 *           envelopes (scep_message.h).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 5652 6; RFC 8894 3; RFC 4055 4.1.
 */
#ifndef OPENNDES_SCEP_SCEP_SEAL_H
#define OPENNDES_SCEP_SCEP_SEAL_H

#include "scep/scep_types.h"

struct x509_st;
struct evp_pkey_st;

struct scep_seal_options {
    const struct x509_st
        *recipient; /* RSA or EC; named by its own issuer and serial, bytes as it has them */
    struct evp_pkey_st *key; /* of the recipient */
    enum scep_cipher cipher;
    enum scep_key_transport transport; /* RSA only */
    enum scep_digest oaep_digest;      /* also of MGF1; SCEP_TRANSPORT_OAEP only */
    enum scep_digest kdf_digest;       /* SHA-1 or SHA-256; EC only */
};

/*
 * ContentInfo with EnvelopedData around `plain`; appended as DER. A fresh key and IV each time. An
 * RSA recipient gets the key by key transport, an EC recipient by key agreement. Errors:
 * REASON_SIGN_FAILED, REASON_NO_MEMORY, REASON_INTERNAL.
 */
MUST_USE bool scep_seal(const struct scep_seal_options *options, struct bytes plain,
                        struct buffer *out, struct error *err);
#endif
