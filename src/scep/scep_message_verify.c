/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/crypto_memory.h"
#include "scep/scep_message_parts.h"
#include "scep/scep_signature.h"
#include "scep/scep_signer.h"

static bool check_digest(const struct scep_message *m, enum algorithm_level level,
                         struct error *err)
{
    const struct scep_digest_info *info = scep_digest_info(m->facts.digest);

    if (info == NULL) {
        return error_set(err, REASON_DIGEST_NOT_ALLOWED, "unknown message digest");
    }
    return scep_level_allows(level, info->level)
           || error_set(err, REASON_DIGEST_NOT_ALLOWED, "message digest %s", info->name);
}

static bool check_pss(const struct scep_message *m, struct error *err)
{
    struct cms_pss pss;

    if (!cms_pss_read(&m->outline.signature, &pss, err)) {
        return false;
    }
    /* RFC 4056 3: the hash inside is the hash of the message; RFC 4055 3.1: the mask's, too */
    return (pss.digest == m->facts.digest && pss.mgf_digest == m->facts.digest)
           || error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED,
                        "PSS with another digest than the message");
}

static bool check_named(const struct scep_message *m, const struct scep_digest_info *named,
                        struct error *err)
{
    return named->digest == m->facts.digest
           || error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED,
                        "digest and signature algorithm differ");
}

/*
 * RFC 3370 3.2 allows rsaEncryption beside sha256WithRSAEncryption and its kind; the latter, and
 * ecdsa-with-SHA256 and its kind (RFC 5754 3.3), must name the digest that the SignerInfo names.
 */
static bool check_signature_algorithm(const struct scep_message *m, struct error *err)
{
    struct bytes oid = m->outline.signature.oid;
    bool ec = m->facts.signer_key_type == KEY_TYPE_EC;

    if (ec != (m->facts.signature_form == SCEP_SIGNATURE_ECDSA)
        && m->facts.signature_form != SCEP_SIGNATURE_OTHER) {
        return error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED,
                         "signature algorithm does not fit the signer's key");
    }
    if (m->facts.signature_form != SCEP_SIGNATURE_PSS
        && !cms_algorithm_plain(&m->outline.signature)) {
        return error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED,
                         "signature algorithm with parameters");
    }
    switch (m->facts.signature_form) {
    case SCEP_SIGNATURE_RSA:
        return true;
    case SCEP_SIGNATURE_PSS:
        return check_pss(m, err);
    case SCEP_SIGNATURE_RSA_WITH_DIGEST:
        return check_named(m, scep_digest_from_rsa_oid(oid), err);
    case SCEP_SIGNATURE_ECDSA:
        return check_named(m, scep_digest_from_ecdsa_oid(oid), err);
    case SCEP_SIGNATURE_OTHER:
    default:
        return error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED, "unknown signature algorithm");
    }
}

/*
 * RFC 5652 11.1: the signed contentType is that of eContent, and the pre-parse lets only data
 * through.
 */
static bool check_content_type(const struct scep_message *m, struct error *err)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_CONTENT_TYPE);

    return (attribute != NULL && attribute->value.tag_class == BER_CLASS_UNIVERSAL
            && attribute->value.tag == BER_OID && !attribute->value.constructed
            && scep_oid_is(attribute->value.content, SCEP_OID_DATA))
           || error_set(err, REASON_SIGNATURE_WRONG, "contentType is missing or not data");
}

/* RFC 5652 5.4: over the octets of eContent, joined; nothing when there is none. */
static bool check_content_digest(const struct scep_message *m, struct error *err)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_MESSAGE_DIGEST);
    const struct scep_digest_info *info = scep_digest_info(m->facts.digest);
    struct buffer claimed = BUFFER_INIT(EVP_MAX_MD_SIZE);
    struct error inner = ERROR_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = false;

    if (attribute == NULL || attribute->value.tag_class != BER_CLASS_UNIVERSAL
        || attribute->value.tag != BER_OCTET_STRING
        || !ber_octets(&attribute->value, &claimed, &inner)) {
        (void)error_set(err,
                        inner.reason == REASON_NO_MEMORY ? inner.reason : REASON_SIGNATURE_WRONG,
                        "messageDigest is missing or malformed");
    } else if (EVP_Digest(m->content.data, m->content.len, digest, &len,
                          EVP_get_digestbynid(info->nid), NULL)
               != 1) {
        (void)error_set(err, crypto_memory_reason(REASON_DIGEST_NOT_ALLOWED),
                        "%s cannot be computed", info->name);
    } else if (!bytes_equal(buffer_bytes(&claimed), bytes_of(digest, len))) {
        (void)error_set(err, REASON_SIGNATURE_WRONG, "messageDigest does not fit the content");
    } else {
        ok = true;
    }
    buffer_clear(&claimed);
    return ok;
}

bool scep_message_verify(struct scep_message *message, enum algorithm_level level,
                         struct error *err)
{
    message->verified = false;
    message->verified =
        check_digest(message, level, err) && check_signature_algorithm(message, err)
        && scep_signer_key_allowed(&message->facts, level, err) && check_content_type(message, err)
        && check_content_digest(message, err)
        && (scep_signature_fits(message->signer_info, message->facts.digest,
                                message->facts.signature_form, message->signer_key.key)
            || error_set(err, REASON_SIGNATURE_WRONG, "signature does not fit the attributes"));
    ERR_clear_error();
    return message->verified;
}

bool scep_message_allowed(const struct scep_message *message, enum algorithm_level level,
                          struct error *err)
{
    const struct scep_cipher_info *cipher = scep_cipher_info(message->facts.cipher);

    if (!message->verified || !message->envelope_seen) {
        return error_set(err, REASON_INTERNAL, "message is judged before its envelope is seen");
    }
    if (!check_digest(message, level, err)
        || !scep_signer_key_allowed(&message->facts, level, err)) {
        return false;
    }
    return cipher == NULL /* a CertPoll without envelope */
           || scep_level_allows(level, cipher->level)
           || error_set(err, REASON_CIPHER_NOT_ALLOWED, "content cipher %s", cipher->name);
}
