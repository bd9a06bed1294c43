/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_strip.h"

#include <openssl/asn1.h>

#include "base/crypto_memory.h"
#include "base/limits.h"
#include "model/csr_parts.h"

#define TAG_SEQUENCE 0x30u
#define TAG_ATTRIBUTES 0xa0u /* [0] IMPLICIT SET, constructed */
#define LENGTH_SHORT 0x80u

/* One element: tag, length in DER, content. */
static bool append_element(struct buffer *out, unsigned tag, struct bytes content,
                           struct error *err)
{
    uint8_t head[2 + sizeof(uint32_t)];
    size_t len = 0;
    size_t octets = 1;

    head[len++] = (uint8_t)tag;
    if (content.len < LENGTH_SHORT) {
        head[len++] = (uint8_t)content.len;
    } else {
        while (octets < sizeof(uint32_t) && content.len >> (8 * octets) != 0) {
            octets++;
        }
        head[len++] = (uint8_t)(LENGTH_SHORT | octets);
        while (octets > 0) {
            head[len++] = (uint8_t)(content.len >> (8 * --octets));
        }
    }
    return buffer_append(out, head, len, err) && buffer_append_bytes(out, content, err);
}

/* An element as it was read: of what is constructed the very bytes. */
static bool append_part(struct buffer *out, const STACK_OF(ASN1_TYPE) * parts, size_t index,
                        struct error *err)
{
    unsigned char *der = NULL;
    int len = i2d_ASN1_TYPE(sk_ASN1_TYPE_value(parts, (int)index), &der);
    bool ok;

    if (len <= 0) {
        return error_set(err, crypto_memory_reason(REASON_SYNTAX),
                         "a part of the request cannot be written again");
    }
    ok = buffer_append(out, der, (size_t)len, err);
    OPENSSL_free(der);
    return ok;
}

static bool is_challenge(const STACK_OF(ASN1_TYPE) * list, size_t index, bool *challenge,
                         struct error *err)
{
    STACK_OF(ASN1_TYPE) *attribute =
        csr_parts_attribute(der_parts_bytes(list, index, V_ASN1_SEQUENCE), err);

    *challenge = attribute != NULL
                 && csr_parts_kind(der_parts_object(attribute, CSR_ATTRIBUTE_TYPE))
                        == CSR_ATTRIBUTE_CHALLENGE;
    der_parts_free(attribute);
    return attribute != NULL;
}

static bool append_attributes(struct buffer *out, struct bytes raw, struct error *err)
{
    struct buffer kept = BUFFER_INIT(LIMIT_CSR_BYTES);
    STACK_OF(ASN1_TYPE) *list = csr_parts_attributes(raw, err);
    bool challenge = false;
    bool ok = false;

    if (list == NULL) goto out;
    for (size_t i = 0; i < der_parts_count(list); i++) {
        if (!is_challenge(list, i, &challenge, err)) goto out;
        if (!challenge
            && !buffer_append_bytes(&kept, der_parts_bytes(list, i, V_ASN1_SEQUENCE), err)) {
            goto out;
        }
    }
    ok = append_element(out, TAG_ATTRIBUTES, buffer_bytes(&kept), err);
out:
    der_parts_free(list);
    buffer_clear(&kept);
    return ok;
}

static bool append_info(struct buffer *out, struct bytes raw, struct error *err)
{
    struct buffer info = BUFFER_INIT(LIMIT_CSR_BYTES);
    STACK_OF(ASN1_TYPE) *parts = csr_parts_info(raw, err);
    bool ok = false;

    if (parts == NULL) goto out;
    for (size_t i = 0; i < CSR_INFO_ATTRIBUTES; i++) {
        if (!append_part(&info, parts, i, err)) goto out;
    }
    if (der_parts_count(parts) == CSR_INFO_PARTS
        && !append_attributes(&info, der_parts_bytes(parts, CSR_INFO_ATTRIBUTES, V_ASN1_OTHER),
                              err)) {
        goto out;
    }
    ok = append_element(out, TAG_SEQUENCE, buffer_bytes(&info), err);
out:
    der_parts_free(parts);
    buffer_clear(&info);
    return ok;
}

bool csr_strip(const struct csr *csr, struct buffer *out, struct error *err)
{
    static const uint8_t no_signature[] = { V_ASN1_BIT_STRING, 1, 0 };
    struct buffer content = BUFFER_INIT(LIMIT_CSR_BYTES);
    STACK_OF(ASN1_TYPE) *parts = csr_parts_request(buffer_bytes(&csr->der), err);
    bool ok = false;

    if (parts == NULL) goto out;
    if (!append_info(&content, der_parts_bytes(parts, CSR_PART_INFO, V_ASN1_SEQUENCE), err)) {
        goto out;
    }
    if (!append_part(&content, parts, CSR_PART_ALGORITHM, err)) goto out;
    if (!buffer_append(&content, no_signature, sizeof(no_signature), err)) goto out;
    ok = append_element(out, TAG_SEQUENCE, buffer_bytes(&content), err);
out:
    der_parts_free(parts);
    buffer_clear(&content);
    return ok;
}
