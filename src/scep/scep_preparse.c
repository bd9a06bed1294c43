/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_preparse.h"

#include "scep/cms_certificate.h"

/*
 * signerInfos and certificates are where a parser that takes "the first" goes wrong: count them
 * all.
 */

/* RFC 5652 5.1: digestAlgorithms. Empty is what crashed PKCS7_verify (CVE-2026-45447). */
static bool read_digest_algorithms(struct ber_reader *r, struct error *err)
{
    struct ber_element set;
    struct ber_reader inside;
    struct cms_algorithm algorithm;
    size_t count = 0;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SET, &set, err)) {
        return false;
    }
    inside = ber_enter(r, &set);
    while (!ber_at_end(&inside)) {
        if (!cms_algorithm_next(&inside, &algorithm, err)) {
            return false;
        }
        if (++count > LIMIT_CMS_DIGEST_ALGS) {
            return error_set(err, REASON_LIMIT, "more than %u digest algorithms",
                             LIMIT_CMS_DIGEST_ALGS);
        }
    }
    return count > 0 || error_set(err, REASON_CMS_NO_DIGEST_ALGS, "digestAlgorithms is empty");
}

/* RFC 5652 5.2 */
static bool read_content_info(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element type;
    struct ber_element wrapper;
    struct ber_reader inside;
    struct ber_reader explicit_tag;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &type, err)) {
        return false;
    }
    if (!scep_oid_is(type.content, SCEP_OID_DATA)) {
        return error_set(err, REASON_CMS_CONTENT_TYPE, "eContentType is not data");
    }
    if (ber_at_end(&inside)) {
        return true;
    }
    if (!ber_expect(&inside, BER_CLASS_CONTEXT, 0, &wrapper, err)) {
        return false;
    }
    if (!wrapper.constructed || !ber_at_end(&inside)) {
        return error_set(err, REASON_NOT_CMS, "eContent is malformed");
    }
    explicit_tag = ber_enter(&inside, &wrapper);
    if (!ber_expect(&explicit_tag, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &out->content, err)) {
        return false;
    }
    out->has_content = true;
    return ber_at_end(&explicit_tag)
           || error_set(err, REASON_NOT_CMS, "eContent holds more than a string");
}

/* RFC 5652 10.2.2: of CertificateChoices only the plain certificate, which is a SEQUENCE. */
static bool read_certificates(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element set;
    struct ber_element certificate;
    struct ber_reader inside;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, 0)) {
        return true;
    }
    if (!ber_next(r, &set, err)) {
        return false;
    }
    if (!set.constructed) {
        return error_set(err, REASON_NOT_CMS, "certificates is not a set");
    }
    inside = ber_enter(r, &set);
    while (!ber_at_end(&inside)) {
        if (out->certificate_count >= LIMIT_CMS_CERTIFICATES) {
            return error_set(err, REASON_CMS_TOO_MANY_CERTS, "more than %u certificates",
                             LIMIT_CMS_CERTIFICATES);
        }
        if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &certificate, err)
            || !cms_certificate_check(&inside, &certificate, err)) {
            return false;
        }
        out->certificate_count++;
    }
    return true;
}

/*
 * RFC 8894 3 knows CRLs in answers only, and no client was seen to send one. An empty field does no
 * harm; its content would be parsed by the library without being of any use.
 */
static bool read_crls(struct ber_reader *r, struct error *err)
{
    struct ber_element set;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, 1)) {
        return true;
    }
    if (!ber_next(r, &set, err)) {
        return false;
    }
    return (set.constructed && set.content.len == 0)
           || error_set(err, REASON_NOT_CMS, "request with revocation lists");
}

static bool read_attribute(struct ber_reader *r, struct scep_attribute *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element type;
    struct ber_element set;
    struct ber_reader inside;
    struct ber_reader values;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &type, err)
        || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_SET, &set, err)) {
        return false;
    }
    if (!ber_at_end(&inside)) {
        return error_set(err, REASON_NOT_CMS, "attribute with more fields");
    }
    out->oid = type.content;
    values = ber_enter(&inside, &set);
    if (ber_at_end(&values)) {
        return error_set(err, REASON_CMS_ATTRIBUTE_VALUES, "attribute without a value");
    }
    if (!ber_next(&values, &out->value, err)) {
        return false;
    }
    return ber_at_end(&values)
           || error_set(err, REASON_CMS_ATTRIBUTE_VALUES, "attribute with several values");
}

/*
 * RFC 5652 5.3: [0] signedAttrs. Twice the same attribute: two readers could take different ones.
 */
static bool read_signed_attributes(struct ber_reader *r, struct scep_outline *out,
                                   struct error *err)
{
    struct ber_element set;
    struct ber_reader inside;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, 0)) {
        return error_set(err, REASON_CMS_NO_SIGNED_ATTRS, "no signed attributes");
    }
    if (!ber_next(r, &set, err)) {
        return false;
    }
    if (!set.constructed || set.content.len == 0) {
        return error_set(err, REASON_CMS_NO_SIGNED_ATTRS, "signed attributes are empty");
    }
    inside = ber_enter(r, &set);
    while (!ber_at_end(&inside)) {
        struct scep_attribute *attribute = &out->attributes[out->attribute_count];

        if (out->attribute_count >= LIMIT_CMS_ATTRIBUTES) {
            return error_set(err, REASON_CMS_TOO_MANY_ATTRS, "more than %u attributes",
                             LIMIT_CMS_ATTRIBUTES);
        }
        if (!read_attribute(&inside, attribute, err)) {
            return false;
        }
        for (size_t i = 0; i < out->attribute_count; i++) {
            if (bytes_equal(out->attributes[i].oid, attribute->oid)) {
                return error_set(err, REASON_CMS_DUPLICATE_ATTR, "attribute stands twice");
            }
        }
        out->attribute_count++;
    }
    return true;
}

/* [1] unsignedAttrs: nothing in there is authenticated, so it is only counted. */
static bool skip_unsigned_attributes(struct ber_reader *r, struct error *err)
{
    struct ber_element set;
    struct ber_element attribute;
    struct ber_reader inside;
    size_t count = 0;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, 1)) {
        return true;
    }
    if (!ber_next(r, &set, err)) {
        return false;
    }
    if (!set.constructed) {
        return error_set(err, REASON_NOT_CMS, "unsigned attributes are not a set");
    }
    inside = ber_enter(r, &set);
    while (!ber_at_end(&inside)) {
        if (!ber_next(&inside, &attribute, err)) {
            return false;
        }
        if (++count > LIMIT_CMS_ATTRIBUTES) {
            return error_set(err, REASON_CMS_TOO_MANY_ATTRS, "more than %u unsigned attributes",
                             LIMIT_CMS_ATTRIBUTES);
        }
    }
    return true;
}

/* SignerIdentifier: issuerAndSerialNumber, or [0] subjectKeyIdentifier. */
static bool read_signer_id(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element id;
    struct ber_element part;
    struct ber_reader inside;

    out->sid_is_key_id = ber_next_is(r, BER_CLASS_CONTEXT, 0);
    if (out->sid_is_key_id) {
        return ber_next(r, &id, err);
    }
    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &id, err)) {
        return false;
    }
    inside = ber_enter(r, &id);
    return ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &part, err)
           && ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &part, err)
           && (ber_at_end(&inside) || error_set(err, REASON_NOT_CMS, "signer id has more fields"));
}

/* RFC 5652 5.3 */
static bool read_signer_info(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element element;
    struct cms_algorithm digest;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &element, err) /* version */
        || !read_signer_id(&inside, out, err) || !cms_algorithm_next(&inside, &digest, err)
        || !read_signed_attributes(&inside, out, err)
        || !cms_algorithm_next(&inside, &out->signature, err)
        || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &element, err)
        || !skip_unsigned_attributes(&inside, err)) {
        return false;
    }
    out->digest_oid = digest.oid;
    return ber_at_end(&inside) || error_set(err, REASON_NOT_CMS, "signer has more fields");
}

static bool read_signer_infos(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element set;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SET, &set, err)) {
        return false;
    }
    inside = ber_enter(r, &set);
    if (ber_at_end(&inside)) {
        return error_set(err, REASON_CMS_SIGNER_COUNT, "no signer");
    }
    if (!read_signer_info(&inside, out, err)) {
        return false;
    }
    return ber_at_end(&inside) || error_set(err, REASON_CMS_SIGNER_COUNT, "more than one signer");
}

static bool read_signed_data(struct ber_reader *r, struct scep_outline *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element version;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &version, err)
        || !read_digest_algorithms(&inside, err) || !read_content_info(&inside, out, err)
        || !read_certificates(&inside, out, err) || !read_crls(&inside, err)
        || !read_signer_infos(&inside, out, err)) {
        return false;
    }
    return (ber_at_end(&inside) && ber_at_end(r))
           || error_set(err, REASON_NOT_CMS, "SignedData has more fields");
}

bool scep_preparse(struct bytes message, struct scep_outline *out, struct error *err)
{
    struct ber_reader outside;
    struct ber_reader inside;
    struct ber_element element;

    *out = (struct scep_outline){ 0 };
    if (!ber_check(message, true, &out->message_bytes, err)) {
        return false;
    }
    outside = ber_reader_of(bytes_of(message.data, out->message_bytes), 1);
    if (!ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err)) {
        return false;
    }
    inside = ber_enter(&outside, &element);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &element, err)) {
        return false;
    }
    if (!scep_oid_is(element.content, SCEP_OID_SIGNED_DATA)) {
        return error_set(err, REASON_NOT_CMS, "content type is not signedData");
    }
    if (!ber_expect(&inside, BER_CLASS_CONTEXT, 0, &element, err)) {
        return false;
    }
    if (!element.constructed || !ber_at_end(&inside)) {
        return error_set(err, REASON_NOT_CMS, "ContentInfo is malformed");
    }
    inside = ber_enter(&inside, &element);
    return read_signed_data(&inside, out, err);
}

const struct scep_attribute *scep_outline_attribute(const struct scep_outline *outline,
                                                    enum scep_oid oid)
{
    for (size_t i = 0; i < outline->attribute_count; i++) {
        if (scep_oid_is(outline->attributes[i].oid, oid)) {
            return &outline->attributes[i];
        }
    }
    return NULL;
}
