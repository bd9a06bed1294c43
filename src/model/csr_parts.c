/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_parts.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "base/limits.h"

#define VERSION_HIGHEST                                                                            \
    2 /* RFC 2986 knows 0 only; much embedded code counts from 1 or copies X.509's 2 */
#define TAG_ATTRIBUTES 0xa0u /* [0] IMPLICIT SET, constructed */
#define TAG_SET 0x31u
#define OID_TEXT_MAX 128

/*
 * Why not d2i_X509_REQ: it decodes the key at once, before its size and curve are known, and
 * keeps copies of the challenge in memory that nobody wipes.
 */
STACK_OF(ASN1_TYPE) * csr_parts_request(struct bytes der, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = der_parts_sequence(der, "certification request", err);

    if (parts == NULL) {
        return NULL;
    }
    if (der_parts_count(parts) != CSR_PARTS
        || der_parts_string(parts, CSR_PART_INFO, V_ASN1_SEQUENCE) == NULL
        || der_parts_string(parts, CSR_PART_ALGORITHM, V_ASN1_SEQUENCE) == NULL
        || der_parts_string(parts, CSR_PART_SIGNATURE, V_ASN1_BIT_STRING) == NULL) {
        (void)error_set(err, REASON_SYNTAX, "not a certification request");
        der_parts_free(parts);
        return NULL;
    }
    return parts;
}

/* The attributes may be missing altogether, although RFC 2986 wants the empty set. */
STACK_OF(ASN1_TYPE) * csr_parts_info(struct bytes der, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = der_parts_sequence(der, "certification request info", err);
    const ASN1_INTEGER *version = NULL;
    int64_t number = -1;
    size_t count = der_parts_count(parts);

    if (parts == NULL) {
        return NULL;
    }
    version = der_parts_string(parts, CSR_INFO_VERSION, V_ASN1_INTEGER);
    if (version == NULL || ASN1_INTEGER_get_int64(&number, version) != 1 || number < 0
        || number > VERSION_HIGHEST || count < CSR_INFO_ATTRIBUTES || count > CSR_INFO_PARTS) {
        (void)error_set(err, REASON_SYNTAX, "not a certification request of version 1");
        der_parts_free(parts);
        return NULL;
    }
    return parts;
}

STACK_OF(ASN1_TYPE) * csr_parts_attributes(struct bytes raw, struct error *err)
{
    struct buffer set = BUFFER_INIT(LIMIT_CSR_BYTES);
    STACK_OF(ASN1_TYPE) *list = NULL;

    if (raw.len == 0 || raw.data[0] != TAG_ATTRIBUTES) {
        (void)error_set(err, REASON_SYNTAX, "attributes are malformed");
        goto out;
    }
    if (!buffer_append_bytes(&set, raw, err)) {
        goto out;
    }
    set.data[0] = TAG_SET; /* IMPLICIT: only the tag differs */
    list = der_parts_set(buffer_bytes(&set), "attributes", err);
    if (der_parts_count(list) > LIMIT_CMS_ATTRIBUTES) {
        (void)error_set(err, REASON_LIMIT, "more than %u attributes", LIMIT_CMS_ATTRIBUTES);
        der_parts_free(list);
        list = NULL;
    }
out:
    buffer_clear(&set);
    return list;
}

STACK_OF(ASN1_TYPE) * csr_parts_attribute(struct bytes raw, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = der_parts_sequence(raw, "attribute", err);

    if (parts != NULL
        && (der_parts_count(parts) != CSR_ATTRIBUTE_PARTS
            || der_parts_object(parts, CSR_ATTRIBUTE_TYPE) == NULL)) {
        (void)error_set(err, REASON_SYNTAX, "attribute is malformed");
        der_parts_free(parts);
        parts = NULL;
    }
    return parts;
}

STACK_OF(ASN1_TYPE)
*csr_parts_values(const STACK_OF(ASN1_TYPE) * attribute, struct error *err)
{
    return der_parts_set(der_parts_bytes(attribute, CSR_ATTRIBUTE_VALUES, V_ASN1_SET),
                         "attribute values", err);
}

enum csr_attribute_kind csr_parts_kind(const ASN1_OBJECT *type)
{
    static const struct {
        const char *oid;
        enum csr_attribute_kind kind;
    } known[] = {
        { "1.2.840.113549.1.9.7", CSR_ATTRIBUTE_CHALLENGE },
        { "1.2.840.113549.1.9.14", CSR_ATTRIBUTE_EXTENSIONS_PKCS9 },
        { "1.3.6.1.4.1.311.2.1.14", CSR_ATTRIBUTE_EXTENSIONS_MICROSOFT },
        { "2.16.840.1.113733.1.9.8", CSR_ATTRIBUTE_EXTENSIONS_VERISIGN },
        { "1.3.6.1.4.1.311.13.2.1", CSR_ATTRIBUTE_PAIR },
    };
    char oid[OID_TEXT_MAX] = "";

    if (OBJ_obj2txt(oid, sizeof(oid), type, 1) <= 0) {
        return CSR_ATTRIBUTE_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(oid, known[i].oid) == 0) {
            return known[i].kind;
        }
    }
    return CSR_ATTRIBUTE_UNKNOWN;
}
