/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_message.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "model/certificate.h"
#include "model/parse_context.h"
#include "base/crypto_memory.h"
#include "scep/scep_message_parts.h"
#include "scep/scep_signer.h"

#define TYPE_TEXT_MAX 32
#define SECONDS_PER_DAY 86400

/*
 * String types that clients use where RFC 8894 3.2.1 says PrintableString. The text is opaque, so
 * the character set does not matter.
 */
static bool is_text(const struct scep_attribute *attribute)
{
    if (attribute->value.tag_class != BER_CLASS_UNIVERSAL) {
        return false;
    }
    switch (attribute->value.tag) {
    case BER_PRINTABLE_STRING:
    case BER_UTF8_STRING:
    case BER_IA5_STRING:
    case BER_T61_STRING:
    case BER_VISIBLE_STRING:
    case BER_BMP_STRING:
        return true;
    default:
        return false;
    }
}

/*
 * Join a value whose size must be min..max; `reason` is the error of everything that can go wrong.
 */
static bool read_value(const struct scep_attribute *attribute, size_t min, size_t max,
                       enum reason reason, struct buffer *out, struct error *err)
{
    struct error inner = ERROR_INIT;
    size_t size = 0;

    if (!ber_octets_size(&attribute->value, &size, &inner)) {
        return error_set(err, reason, "%s", inner.detail);
    }
    if (size < min || size > max) {
        return error_set(err, reason, "value of %zu bytes, not %zu..%zu", size, min, max);
    }
    return ber_octets(&attribute->value, out, err);
}

static bool read_transaction_id(struct scep_message *m, struct error *err)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_TRANSACTION_ID);

    if (attribute == NULL || !is_text(attribute)) {
        return error_set(err, REASON_NO_TRANSACTION_ID, "transactionID is missing or not a text");
    }
    if (!read_value(attribute, 1, LIMIT_TRANSACTION_ID_BYTES, REASON_TRANSACTION_ID_SIZE,
                    &m->transaction_id, err)) {
        return false;
    }
    m->facts.transaction_id = buffer_bytes(&m->transaction_id);
    m->facts.transaction_id_tag = (int)attribute->value.tag;
    return true;
}

/* Some clients write the number itself: an INTEGER of one octet stands for its decimal text. */
static bool is_small_number(const struct scep_attribute *attribute)
{
    const struct ber_element *value = &attribute->value;

    return value->tag_class == BER_CLASS_UNIVERSAL && value->tag == BER_INTEGER
           && !value->constructed && value->content.len == 1 && value->content.data[0] < 0x80;
}

/* RFC 8894 3.2.1.2, as an exact string: " 19", "019" and "19\0" are other types, and unknown. */
static bool read_message_type(struct scep_message *m, struct error *err)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_MESSAGE_TYPE);
    const struct scep_type_info *info = NULL;

    if (attribute == NULL || (!is_text(attribute) && !is_small_number(attribute))) {
        return error_set(err, REASON_NO_MESSAGE_TYPE, "messageType is missing or not a text");
    }
    if (is_text(attribute)
            ? !read_value(attribute, 0, TYPE_TEXT_MAX, REASON_NO_MESSAGE_TYPE, &m->type_text, err)
            : !buffer_printf(&m->type_text, err, "%d", attribute->value.content.data[0])) {
        return false;
    }
    m->facts.type_text = buffer_bytes(&m->type_text);
    info = scep_type_from_wire(m->facts.type_text);
    m->facts.type = info == NULL ? SCEP_TYPE_UNKNOWN : info->type;
    return true;
}

/* RFC 8894 3.2.1.5. Clients send 8, 16 or 20 bytes, or none: it is only echoed. */
static bool read_sender_nonce(struct scep_message *m, struct error *err)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_SENDER_NONCE);

    if (attribute == NULL) {
        return true;
    }
    if (attribute->value.tag_class != BER_CLASS_UNIVERSAL
        || attribute->value.tag != BER_OCTET_STRING) {
        return error_set(err, REASON_NONCE_SIZE, "senderNonce is not an OCTET STRING");
    }
    if (!read_value(attribute, 0, LIMIT_NONCE_BYTES, REASON_NONCE_SIZE, &m->sender_nonce, err)) {
        return false;
    }
    m->facts.has_sender_nonce = true;
    m->facts.sender_nonce = buffer_bytes(&m->sender_nonce);
    return true;
}

/* Only a hint (RFC 5652 11.3): a time that cannot be read counts as missing. */
static void read_signing_time(struct scep_message *m)
{
    const struct scep_attribute *attribute =
        scep_outline_attribute(&m->outline, SCEP_OID_SIGNING_TIME);
    ASN1_TIME *epoch = NULL;
    ASN1_TIME *time = NULL;
    int days = 0;
    int seconds = 0;

    if (attribute == NULL || attribute->value.tag_class != BER_CLASS_UNIVERSAL
        || (attribute->value.tag != BER_UTC_TIME && attribute->value.tag != BER_GENERALIZED_TIME)
        || attribute->value.constructed || attribute->value.content.len > 32) {
        return;
    }
    epoch = ASN1_TIME_set(NULL, 0);
    time = ASN1_STRING_type_new((int)attribute->value.tag);
    if (epoch != NULL && time != NULL
        && ASN1_STRING_set(time, attribute->value.content.data, (int)attribute->value.content.len)
               == 1
        && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) {
        m->facts.has_signing_time = true;
        m->facts.signing_time = (int64_t)days * SECONDS_PER_DAY + seconds;
    }
    ASN1_TIME_free(time);
    ASN1_TIME_free(epoch);
}

static void read_algorithms(struct scep_message *m)
{
    const struct scep_digest_info *digest = scep_digest_from_oid(m->outline.digest_oid);
    struct bytes signature = m->outline.signature.oid;

    m->facts.digest = digest == NULL ? SCEP_DIGEST_UNKNOWN : digest->digest;
    if (scep_oid_is(signature, SCEP_OID_RSA)) {
        m->facts.signature_form = SCEP_SIGNATURE_RSA;
    } else if (scep_oid_is(signature, SCEP_OID_RSA_PSS)) {
        m->facts.signature_form = SCEP_SIGNATURE_PSS;
    } else if (scep_digest_from_rsa_oid(signature) != NULL) {
        m->facts.signature_form = SCEP_SIGNATURE_RSA_WITH_DIGEST;
    } else if (scep_digest_from_ecdsa_oid(signature) != NULL) {
        m->facts.signature_form = SCEP_SIGNATURE_ECDSA;
    } else {
        m->facts.signature_form = SCEP_SIGNATURE_OTHER;
    }
}

static bool read_attributes(struct scep_message *m, struct error *err)
{
    if (!read_transaction_id(m, err) || !read_message_type(m, err) || !read_sender_nonce(m, err)) {
        return false;
    }
    read_signing_time(m);
    read_algorithms(m);
    m->content.max = m->raw.len;
    return !m->outline.has_content || ber_octets(&m->outline.content, &m->content, err);
}

/*
 * Others than the signer itself may vouch for this certificate: it is made one that can be verified
 * and looked into like any other.
 */
static bool complete_signer(struct scep_message *m, struct error *err)
{
    struct buffer der = BUFFER_INIT(m->raw.len);
    X509 *complete = NULL;

    if (certificate_der(m->signer, &der, err)) {
        complete = certificate_parse(buffer_bytes(&der), err);
    }
    buffer_clear(&der);
    if (complete == NULL) {
        return error_set(err, REASON_CMS_SIGNER_KEY, "signer's certificate cannot be read");
    }
    X509_free(m->signer);
    m->signer = complete;
    m->facts.signer = complete;
    return true;
}

/* The library gets exactly the bytes that were walked over. */
static bool decode(struct scep_message *m, struct error *err)
{
    const unsigned char *at = m->raw.data;
    STACK_OF(CMS_SignerInfo) *signers = NULL;

    m->cms = CMS_ContentInfo_new_ex(parse_context(), NULL);
    if (m->cms == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a message");
    }
    if (d2i_CMS_ContentInfo(&m->cms, &at, (long)m->outline.message_bytes) == NULL
        || at != m->raw.data + m->outline.message_bytes) {
        return error_set(err, crypto_memory_reason(REASON_NOT_CMS), "SignedData cannot be decoded");
    }
    signers = CMS_get0_SignerInfos(m->cms);
    if (sk_CMS_SignerInfo_num(signers) != 1) {
        return error_set(err, REASON_CMS_SIGNER_COUNT, "not one signer");
    }
    m->signer_info = sk_CMS_SignerInfo_value(signers, 0);
    m->signer = scep_signer_find(m->cms, m->signer_info, err);
    return m->signer != NULL && scep_signer_facts(m->signer, &m->facts, &m->signer_key, err)
           && (m->facts.signer_self_signed || complete_signer(m, err));
}

struct scep_message *scep_message_parse(struct bytes raw, struct error *err)
{
    struct scep_message *m = calloc(1, sizeof(*m));
    bool ok = false;

    if (m == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a message");
        return NULL;
    }
    m->raw.max = raw.len;
    m->type_text.max = TYPE_TEXT_MAX;
    m->transaction_id.max = LIMIT_TRANSACTION_ID_BYTES;
    m->sender_nonce.max = LIMIT_NONCE_BYTES;
    ok = buffer_append_bytes(&m->raw, raw, err)
         && scep_preparse(buffer_bytes(&m->raw), &m->outline, err) && read_attributes(m, err)
         && decode(m, err);
    ERR_clear_error();
    if (!ok) {
        scep_message_free(m);
        return NULL;
    }
    return m;
}

void scep_message_free(struct scep_message *message)
{
    if (message == NULL) {
        return;
    }
    buffer_clear(&message->raw);
    buffer_clear(&message->content);
    buffer_clear(&message->type_text);
    buffer_clear(&message->transaction_id);
    buffer_clear(&message->sender_nonce);
    scep_opening_clear(&message->opening);
    X509_free(message->signer);
    EVP_PKEY_free(message->signer_key.key);
    CMS_ContentInfo_free(message->cms);
    free(message);
}

const struct scep_message_facts *scep_message_facts(const struct scep_message *message)
{
    return &message->facts;
}
