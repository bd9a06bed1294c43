/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an inbound pkiMessage, opened in the order that is safe: structure and attributes,
 *           signature, envelope.
 * Not here: the pre-parse itself (scep_preparse.h), replies (scep_reply.h), what may be issued
 *           (enroll/).
 * Owns:     the message's parts and the signer's certificate.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3; RFC 5652 5 and 6.
 */
#ifndef OPENNDES_SCEP_SCEP_MESSAGE_H
#define OPENNDES_SCEP_SCEP_MESSAGE_H

#include "model/csr.h"
#include "model/ra_identity.h"
#include "scep/scep_cert_id.h"
#include "scep/scep_types.h"

struct scep_message;

/* What is known after scep_message_parse; views are valid as long as the message. */
struct scep_message_facts {
    enum scep_message_type type; /* UNKNOWN: not in the table */
    struct bytes type_text;      /* as sent, at most 32 bytes, for logs (escape!) */
    struct bytes transaction_id; /* 1..256 bytes, opaque */
    int transaction_id_tag;      /* ASN.1 universal tag, mirrored in replies */
    bool has_sender_nonce;
    struct bytes sender_nonce;    /* at most 64 bytes */
    const struct x509_st *signer; /* borrowed; found by sid, never by position */
    /*
     * Borrowed; never NULL. X509_get0_pubkey of a self-signed `signer` has none: the key was read
     * beside it, and nobody but its own key vouches for such a certificate.
     */
    struct evp_pkey_st *signer_key;
    bool signer_self_signed; /* issuer equals subject and the signature fits its own key */
    enum key_type signer_key_type;
    unsigned signer_key_bits;
    bool signer_key_exponent_ok; /* RSA: odd, 3..2^32; others true */
    uint8_t signer_key_sha256[DIGEST_SHA256_BYTES];
    enum scep_digest digest; /* of the SignerInfo; UNKNOWN: not in the table */
    enum scep_signature_form signature_form;
    enum scep_cipher cipher; /* of the envelope; UNKNOWN until scep_message_recipient looked */
    enum scep_key_transport transport;
    bool oaep_sha256; /* OAEP digest the client used: SHA-256, else SHA-1 */
    bool has_signing_time;
    int64_t signing_time;    /* seconds since 1970 UTC */
    bool challenge_withheld; /* by scep_message_decrypt */
};

/*
 * Steps 1 and 2: pre-parse with all limits, then signed attributes and the signer's certificate.
 * `raw` is copied. On failure nobody can be answered: every error is an HTTP status (kind
 * ERROR_MALFORMED). Owned: scep_message_free.
 */
struct scep_message *scep_message_parse(struct bytes raw, struct error *err);
void scep_message_free(struct scep_message *message); /* NULL is allowed */
const struct scep_message_facts *scep_message_facts(const struct scep_message *message);

/*
 * Steps 3 and 4: algorithms allowed at this level, messageDigest over the content, signature over
 * the attributes (as received, else in DER order). Errors (all answerable by CertRep):
 * REASON_DIGEST_NOT_ALLOWED, REASON_SIGNATURE_ALG_NOT_ALLOWED, REASON_SIGNER_KEY_NOT_ALLOWED,
 * REASON_SIGNATURE_WRONG.
 */
MUST_USE bool scep_message_verify(struct scep_message *message, enum algorithm_level level,
                                  struct error *err);

/*
 * Steps 8 and 9, without any private key: envelope pre-parse and allow-list, choice of our key by
 * RecipientInfo. `sets` are the RAs of the CA's generations, in the order in which they are looked
 * through; an entry may be NULL. *set and *ra_index get the set and its member that the message is
 * encrypted to, by which the reply finds its signer. Only members that decrypt are recipients.
 * Errors: REASON_ENVELOPE_MISSING, REASON_ENVELOPE_MALFORMED, REASON_CIPHER_NOT_ALLOWED,
 * REASON_KEY_TRANSPORT_NOT_ALLOWED, REASON_UNKNOWN_RECIPIENT; REASON_INTERNAL unless
 * scep_message_verify succeeded before.
 */
MUST_USE bool scep_message_recipient(struct scep_message *message, enum algorithm_level level,
                                     const struct ra_set *const *sets, size_t set_count,
                                     size_t *set, size_t *ra_index, struct error *err);
/*
 * Steps 8 to 12 of a PKCSReq or RenewalReq: recipient (what scep_message_recipient has found for
 * the same set and level is used once), decryption, PKCS#10, its self-signature, and whether the
 * signer may ask for this key. Errors before decryption: as scep_message_recipient. From decryption
 * on exactly one error: REASON_UNIFORM_FAILURE, with the same work done whichever step failed (RFC
 * 3218 2.3, CBC padding). *ra_index is set as soon as the recipient is known, so that a uniform
 * failure is signed by the right RA too. csr must be initialised; it is cleared on failure.
 *
 * Whose challenge is it? Anybody can sign a recorded envelope with a key of his own, and with a
 * certificate of his own, too. So the request's key has to be the signer's, unless the signer's
 * certificate is not self-signed: that is a renewal for a new key, for which the certificate
 * vouches alone (whether it may is enroll/'s question). A challenge in it may be another's: it is
 * taken out of `csr` before anybody could check or spend it, and facts->challenge_withheld is set.
 * What is left to a thief is a certificate with his own names for a key that he does not have.
 */
MUST_USE bool scep_message_decrypt(struct scep_message *message, enum algorithm_level level,
                                   const struct ra_set *ras, size_t *ra_index, struct csr *csr,
                                   struct error *err);
/*
 * The same for GetCert and GetCRL, which name a certificate. From decryption on nothing fails: what
 * cannot be opened or read names a certificate that nobody has, so that whoever looks for it does
 * the same work and comes to the same answer as for any other that is not there. *unread tells the
 * log why; it is not set when the sender's words were read. id must be initialised. Errors: as
 * scep_message_recipient, REASON_NO_MEMORY.
 */
MUST_USE bool scep_message_decrypt_id(struct scep_message *message, enum algorithm_level level,
                                      const struct ra_set *ras, size_t *ra_index,
                                      struct scep_cert_id *id, struct error *unread,
                                      struct error *err);

/*
 * Would a message that is open already have been let in at this other level, too? Looks at digest,
 * signer's key and content cipher, if there is an envelope that names one; key transport and
 * signature algorithm are the same at every level. Errors: REASON_DIGEST_NOT_ALLOWED,
 * REASON_SIGNER_KEY_NOT_ALLOWED, REASON_CIPHER_NOT_ALLOWED; REASON_INTERNAL before the envelope was
 * looked at.
 */
MUST_USE bool scep_message_allowed(const struct scep_message *message, enum algorithm_level level,
                                   struct error *err);

#endif
