/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  EnvelopedData for one RSA recipient: the pkcsPKIEnvelope of a CertRep.
 * Not here: what is inside and around it (scep_reply.h), opening envelopes (scep_message.h).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 5652 6; RFC 8894 3; RFC 4055 4.1.
 */
#ifndef OPENNDES_SCEP_SCEP_SEAL_H
#define OPENNDES_SCEP_SCEP_SEAL_H

#include "scep/scep_types.h"

struct x509_st;

struct scep_seal_options {
    const struct x509_st
        *recipient; /* RSA; named by its own issuer and serial, bytes as it has them */
    enum scep_cipher cipher;
    enum scep_key_transport transport;
    enum scep_digest oaep_digest; /* also of MGF1; SCEP_TRANSPORT_OAEP only */
};

/*
 * ContentInfo with EnvelopedData version 0 around `plain`; appended as DER. A fresh key and IV each
 * time. Errors: REASON_SIGN_FAILED, REASON_NO_MEMORY, REASON_INTERNAL.
 */
MUST_USE bool scep_seal(const struct scep_seal_options *options, struct bytes plain,
                        struct buffer *out, struct error *err);
#endif
