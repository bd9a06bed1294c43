/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_preparse_envelope.h"

/* The key of an RSA modulus of LIMIT_RSA_BITS_MAX. */
#define ENCRYPTED_KEY_BYTES_MAX (LIMIT_RSA_BITS_MAX / 8u)

/* issuerAndSerialNumber, or [0] subjectKeyIdentifier */
static bool read_recipient_id(struct ber_reader *r, struct scep_recipient *out, struct error *err)
{
    struct ber_element id;
    struct ber_element part;
    struct ber_reader inside;

    out->by_key_id = ber_next_is(r, BER_CLASS_CONTEXT, 0);
    if (out->by_key_id) {
        return ber_next(r, &id, err);
    }
    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &id, err)) {
        return false;
    }
    inside = ber_enter(r, &id);
    return ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &part, err)
           && ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &part, err)
           && (ber_at_end(&inside)
               || error_set(err, REASON_ENVELOPE_MALFORMED, "recipient id has more fields"));
}

static bool check_key_transport(struct scep_recipient *recipient, struct error *err)
{
    const struct cms_algorithm *algorithm = &recipient->key_transport;

    if (scep_oid_is(algorithm->oid, SCEP_OID_RSA)) {
        recipient->transport = SCEP_TRANSPORT_PKCS1;
        return cms_algorithm_plain(algorithm)
               || error_set(err, REASON_KEY_TRANSPORT_NOT_ALLOWED, "rsaEncryption with parameters");
    }
    if (scep_oid_is(algorithm->oid, SCEP_OID_RSA_OAEP)) {
        recipient->transport = SCEP_TRANSPORT_OAEP;
        return cms_oaep_read(algorithm, &recipient->oaep, err);
    }
    return error_set(err, REASON_KEY_TRANSPORT_NOT_ALLOWED, "unknown key transport algorithm");
}

/*
 * RFC 5652 6.2.1 KeyTransRecipientInfo is the SEQUENCE of the CHOICE. The others ([1] KeyAgree, [2]
 * KEK, [3] password, [4] other) are refused before the library meets them (CVE-2026-28389). Version
 * numbers are not looked at: clients get them wrong.
 */
static bool read_recipient(struct ber_reader *r, struct scep_recipient *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element element;
    struct ber_reader inside;
    size_t size = 0;

    if (!ber_next_is(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE)) {
        return error_set(err, REASON_KEY_TRANSPORT_NOT_ALLOWED, "recipient is not KeyTrans");
    }
    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &element, err) /* version */
        || !read_recipient_id(&inside, out, err)
        || !cms_algorithm_next(&inside, &out->key_transport, err)
        || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &element, err)
        || !ber_octets_size(&element, &size, err)) {
        return false;
    }
    if (size == 0 || size > ENCRYPTED_KEY_BYTES_MAX || !ber_at_end(&inside)) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "encrypted key of %zu bytes", size);
    }
    return check_key_transport(out, err);
}

static bool read_recipients(struct ber_reader *r, struct scep_envelope_outline *out,
                            struct error *err)
{
    struct ber_element set;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SET, &set, err)) {
        return false;
    }
    inside = ber_enter(r, &set);
    while (!ber_at_end(&inside)) {
        if (out->recipient_count >= LIMIT_CMS_RECIPIENTS) {
            return error_set(err, REASON_ENVELOPE_MALFORMED, "more than %u recipients",
                             LIMIT_CMS_RECIPIENTS);
        }
        if (!read_recipient(&inside, &out->recipients[out->recipient_count], err)) {
            return false;
        }
        out->recipient_count++;
    }
    return out->recipient_count > 0
           || error_set(err, REASON_ENVELOPE_MALFORMED, "envelope without recipients");
}

/* Only CBC: AEAD parameters are what overflowed a library's stack (CVE-2025-15467). */
static bool read_cipher(struct ber_reader *r, struct scep_envelope_outline *out,
                        const struct scep_cipher_info **info, struct error *err)
{
    struct cms_algorithm algorithm;
    struct ber_reader params;
    struct ber_element iv;

    if (!cms_algorithm_next(r, &algorithm, err)) {
        return false;
    }
    *info = scep_cipher_from_oid(algorithm.oid);
    if (*info == NULL) {
        return error_set(err, REASON_CIPHER_NOT_ALLOWED, "unknown content cipher");
    }
    out->cipher = (*info)->cipher;
    params = ber_reader_of(algorithm.params, 1);
    if (!ber_expect(&params, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &iv, err)) {
        return false;
    }
    return (!iv.constructed && iv.content.len == (*info)->block_bytes)
           || error_set(err, REASON_ENVELOPE_MALFORMED, "%s with an IV of %zu bytes", (*info)->name,
                        iv.content.len);
}

/* RFC 5652 6.1 EncryptedContentInfo */
static bool read_encrypted_content(struct ber_reader *r, struct scep_envelope_outline *out,
                                   struct error *err)
{
    const struct scep_cipher_info *cipher = NULL;
    struct ber_element element;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err)) {
        return false;
    }
    inside = ber_enter(r, &element);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &element, err)) {
        return false;
    }
    if (!scep_oid_is(element.content, SCEP_OID_DATA)) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "encrypted content is not data");
    }
    if (!read_cipher(&inside, out, &cipher, err)
        || !ber_expect(&inside, BER_CLASS_CONTEXT, 0, &element, err)
        || !ber_octets_size(&element, &out->ciphertext_bytes, err)) {
        return false;
    }
    if (out->ciphertext_bytes == 0 || out->ciphertext_bytes % cipher->block_bytes != 0) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "ciphertext of %zu bytes",
                         out->ciphertext_bytes);
    }
    return ber_at_end(&inside)
           || error_set(err, REASON_ENVELOPE_MALFORMED, "encrypted content has more fields");
}

static bool skip_unprotected_attributes(struct ber_reader *r, struct error *err)
{
    struct ber_element set;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, 1)) {
        return true;
    }
    return ber_next(r, &set, err);
}

static bool read_enveloped_data(struct ber_reader *r, struct scep_envelope_outline *out,
                                struct error *err)
{
    struct ber_element element;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err)) {
        return false;
    }
    inside = ber_enter(r, &element);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &element, err)) {
        return false;
    }
    if (ber_next_is(&inside, BER_CLASS_CONTEXT, 0)) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "envelope with originatorInfo");
    }
    if (!read_recipients(&inside, out, err) || !read_encrypted_content(&inside, out, err)
        || !skip_unprotected_attributes(&inside, err)) {
        return false;
    }
    return (ber_at_end(&inside) && ber_at_end(r))
           || error_set(err, REASON_ENVELOPE_MALFORMED, "EnvelopedData has more fields");
}

static bool read_content(struct bytes content, struct scep_envelope_outline *out, struct error *err)
{
    struct ber_reader outside;
    struct ber_reader inside;
    struct ber_element element;
    size_t used = 0;

    if (!ber_check(content, false, &used, err)) {
        return false;
    }
    outside = ber_reader_of(content, 1);
    if (!ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err)) {
        return false;
    }
    inside = ber_enter(&outside, &element);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &element, err)) {
        return false;
    }
    if (scep_oid_is(element.content, SCEP_OID_AUTH_ENVELOPED_DATA)) {
        return error_set(err, REASON_CIPHER_NOT_ALLOWED, "authEnvelopedData");
    }
    if (!scep_oid_is(element.content, SCEP_OID_ENVELOPED_DATA)) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "content type is not envelopedData");
    }
    if (!ber_expect(&inside, BER_CLASS_CONTEXT, 0, &element, err)) {
        return false;
    }
    if (!element.constructed || !ber_at_end(&inside)) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "ContentInfo is malformed");
    }
    inside = ber_enter(&inside, &element);
    return read_enveloped_data(&inside, out, err);
}

bool scep_preparse_envelope(struct bytes content, struct scep_envelope_outline *out,
                            struct error *err)
{
    struct error inner = ERROR_INIT;

    *out = (struct scep_envelope_outline){ 0 };
    if (read_content(content, out, &inner)) {
        return true;
    }
    if (inner.reason == REASON_CIPHER_NOT_ALLOWED
        || inner.reason == REASON_KEY_TRANSPORT_NOT_ALLOWED) {
        return error_set(err, inner.reason, "%s", inner.detail);
    }
    /* the walker's own reasons mean an HTTP status; here the sender is known and gets a CertRep */
    return error_set(err, REASON_ENVELOPE_MALFORMED, "%s", inner.detail);
}
