/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  look at the structure of a pkcsPKIEnvelope before any crypto library sees a byte.
 * Not here: the message around it (scep_preparse.h), decryption (scep_message.h).
 * Owns:     nothing: all views point into the input.
 * Threads:  pure functions.
 * Spec:     RFC 5652 6.1, 6.2; RFC 8894 3.
 */
#ifndef OPENNDES_SCEP_SCEP_PREPARSE_ENVELOPE_H
#define OPENNDES_SCEP_SCEP_PREPARSE_ENVELOPE_H

#include "base/limits.h"
#include "scep/cms_algorithm.h"

struct scep_recipient {
    bool by_key_id;
    struct cms_algorithm key_transport;
    enum scep_key_transport transport;
    struct cms_oaep oaep; /* SCEP_TRANSPORT_OAEP only */
};

struct scep_envelope_outline {
    size_t recipient_count;
    struct scep_recipient recipients[LIMIT_CMS_RECIPIENTS];
    enum scep_cipher cipher;
    size_t ciphertext_bytes; /* joined */
};

/*
 * The inner EnvelopedData (joined content octets of the outer eContent): KeyTrans only, 1..5
 * recipients, no originatorInfo, OAEP parameters well-formed or absent, CBC with an IV of the block
 * size, ciphertext a non-zero multiple of the block. Errors: REASON_ENVELOPE_MALFORMED,
 * REASON_CIPHER_NOT_ALLOWED (not in the cipher table), REASON_KEY_TRANSPORT_NOT_ALLOWED.
 */
MUST_USE bool scep_preparse_envelope(struct bytes content, struct scep_envelope_outline *out,
                                     struct error *err);

#endif
