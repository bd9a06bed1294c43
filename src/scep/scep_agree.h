/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  KeyAgreeRecipientInfo for one recipient with an EC key: a content key that only this
 *           recipient can unwrap.
 * Not here: the envelope around it, RSA recipients (scep_seal.h). Nothing here reads messages of
 *           others: key agreement is refused inbound (scep_preparse_envelope.h).
 * Owns:     nothing that lives on.
 * Threads:  pure functions.
 * Spec:     RFC 5652 6.2.2; RFC 5753 3.1 and 7; ANSI X9.63 key derivation; RFC 3394; RFC 3370 4.3.
 */
#ifndef OPENNDES_SCEP_SCEP_AGREE_H
#define OPENNDES_SCEP_SCEP_AGREE_H

#include "scep/scep_types.h"

struct x509_st;
struct evp_pkey_st;

struct scep_agree_options {
    struct evp_pkey_st *key;               /* of the recipient */
    const struct x509_st *recipient;       /* EC; named by its own issuer and serial */
    const struct scep_cipher_info *cipher; /* of the content; needs a wrap_nid */
    enum scep_digest kdf_digest;           /* SHA-1 or SHA-256 */
};

/*
 * Ephemeral-static ECDH: a fresh key pair on the recipient's curve, whose private half is gone when
 * this returns, and `key` wrapped with what both sides derive. The whole RecipientInfo is appended
 * as DER. Errors: REASON_SIGN_FAILED, REASON_NO_MEMORY, REASON_INTERNAL.
 */
MUST_USE bool scep_agree_recipient(const struct scep_agree_options *options, struct bytes key,
                                   struct buffer *out, struct error *err);

#endif
