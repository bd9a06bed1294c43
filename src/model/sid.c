/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sid.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/text.h"

#define SID_PREFIX "S-1-5-21-" /* accounts of a domain; nothing else is mapped */
#define SID_NUMBERS 4
#define SID_NUMBER_MAX 4294967295u
#define SID_NUMBER_DIGITS 10u

#define TAG_OBJECT 0x06u
#define TAG_OCTETS 0x04u
#define TAG_SEQUENCE 0x30u
#define TAG_CONTEXT_0 0xa0u /* GeneralName's otherName, and the explicit tag of its value */

/* szOID_NTDS_OBJECTSID, 1.3.6.1.4.1.311.25.2.1 */
static const uint8_t object_sid[] = { TAG_OBJECT, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                      0x01,       0x82, 0x37, 0x19, 0x02, 0x01 };

static bool is_sid_number(struct bytes text)
{
    uint64_t number = 0;

    return text.len >= 1 && text.len <= SID_NUMBER_DIGITS && (text.len == 1 || text.data[0] != '0')
           && text_parse_u64(text, SID_NUMBER_MAX, &number);
}

static bool has_prefix(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

bool sid_is_domain_account(struct bytes text)
{
    size_t numbers = 0;
    size_t start = sizeof(SID_PREFIX) - 1;

    if (text.len >= SID_TEXT_MAX || !has_prefix(text, SID_PREFIX)) {
        return false;
    }
    for (size_t i = start; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '-') {
            continue;
        }
        if (!is_sid_number(bytes_of(text.data + start, i - start))) {
            return false;
        }
        numbers++;
        start = i + 1;
    }
    return numbers == SID_NUMBERS;
}

bool sid_of_uri(struct bytes uri, char sid[SID_TEXT_MAX])
{
    size_t skip = sizeof(SID_URI_PREFIX) - 1;

    if (!has_prefix(uri, SID_URI_PREFIX)
        || !sid_is_domain_account(bytes_of(uri.data + skip, uri.len - skip))) {
        return false;
    }
    memcpy(sid, uri.data + skip, uri.len - skip);
    sid[uri.len - skip] = '\0';
    return true;
}

/* At the value's begin or behind a comma: the tag, and a SID to the value's end or next comma. */
static size_t count_in_uri(struct bytes uri, char first[SID_TEXT_MAX])
{
    char sid[SID_TEXT_MAX];
    size_t count = 0;

    for (size_t i = 0; i < uri.len; i++) {
        struct bytes rest = bytes_of(uri.data + i, uri.len - i);
        size_t skip = sizeof(SID_URI_PREFIX) - 1; /* the tag has a comma of its own */
        const uint8_t *comma = NULL;

        if ((i > 0 && uri.data[i - 1] != ',') || !has_prefix(rest, SID_URI_PREFIX)) {
            continue;
        }
        comma = memchr(rest.data + skip, ',', rest.len - skip);
        if (comma != NULL) {
            rest.len = (size_t)(comma - rest.data);
        }
        if (sid_of_uri(rest, sid)) {
            count++;
            if (first[0] == '\0') {
                memcpy(first, sid, sizeof(sid));
            }
        }
    }
    return count;
}

size_t sid_in_names(const GENERAL_NAMES *names, char sid[SID_TEXT_MAX])
{
    size_t count = 0;

    sid[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_URI) {
            const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;

            count += count_in_uri(
                bytes_of(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)), sid);
        }
    }
    return count;
}

/* The tag's first part stands at this place, in letters of any case. */
static bool tag_at(struct bytes text, size_t at)
{
    for (size_t i = 0; i < sizeof(SID_TAG_AUTHORITY) - 1; i++) {
        uint8_t c = text.data[at + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != SID_TAG_AUTHORITY[i]) {
            return false;
        }
    }
    return true;
}

size_t sid_tags_in_uri(struct bytes uri)
{
    size_t count = 0;

    for (size_t at = 0; at + sizeof(SID_TAG_AUTHORITY) - 1 <= uri.len; at++) {
        count += tag_at(uri, at) ? 1 : 0;
    }
    return count;
}

size_t sid_tags_in_names(const GENERAL_NAMES *names)
{
    size_t count = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_URI) {
            const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;

            count += sid_tags_in_uri(
                bytes_of(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)));
        }
    }
    return count;
}

/* Put TAG LENGTH in front of what stands in `inner`; all lengths here are below 128. */
static bool wrap(struct buffer *inner, uint8_t tag, struct error *err)
{
    uint8_t head[2] = { tag, (uint8_t)inner->len };

    if (!buffer_reserve(inner, sizeof(head), err)) {
        return false;
    }
    memmove(inner->data + sizeof(head), inner->data, inner->len);
    memcpy(inner->data, head, sizeof(head));
    inner->len += sizeof(head);
    return true;
}

bool sid_extension_value(const char *sid, struct buffer *out, struct error *err)
{
    struct buffer value = BUFFER_INIT(127);
    struct buffer name = BUFFER_INIT(127);
    bool ok = false;

    if (!sid_is_domain_account(bytes_of_text(sid))) {
        return error_set(err, REASON_INTERNAL, "a SID that is none of a domain's account");
    }
    ok = buffer_append_text(&value, sid, err) && wrap(&value, TAG_OCTETS, err)
         && wrap(&value, TAG_CONTEXT_0, err)
         && buffer_append(&name, object_sid, sizeof(object_sid), err)
         && buffer_append_bytes(&name, buffer_bytes(&value), err) && wrap(&name, TAG_CONTEXT_0, err)
         && wrap(&name, TAG_SEQUENCE, err) && buffer_append_bytes(out, buffer_bytes(&name), err);
    buffer_clear(&value);
    buffer_clear(&name);
    return ok;
}

/* One header of a definite, short length that fills the rest; *rest becomes what is in it. */
static bool unwrap(struct bytes *rest, uint8_t tag)
{
    if (rest->len < 2 || rest->data[0] != tag || rest->data[1] >= 0x80
        || rest->data[1] != rest->len - 2) {
        return false;
    }
    *rest = bytes_of(rest->data + 2, rest->len - 2);
    return true;
}

bool sid_of_extension(struct bytes value, char sid[SID_TEXT_MAX])
{
    if (!unwrap(&value, TAG_SEQUENCE) || !unwrap(&value, TAG_CONTEXT_0)
        || value.len < sizeof(object_sid)
        || memcmp(value.data, object_sid, sizeof(object_sid)) != 0) {
        return false;
    }
    value = bytes_of(value.data + sizeof(object_sid), value.len - sizeof(object_sid));
    if (!unwrap(&value, TAG_CONTEXT_0) || !unwrap(&value, TAG_OCTETS)
        || !sid_is_domain_account(value)) {
        return false;
    }
    memcpy(sid, value.data, value.len);
    sid[value.len] = '\0';
    return true;
}
