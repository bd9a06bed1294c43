/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_value.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/asn1_text.h"

#define HOST_BYTES_MAX 253u
#define LABEL_BYTES_MAX 63u
#define WILDCARD_LABELS_MIN 2u /* "*.com" would speak for a whole registry */
#define EMAIL_LOCAL_BYTES_MAX 64u
#define EMAIL_BYTES_MAX 254u
#define URI_BYTES_MAX 2048u
#define UPN_BYTES_MAX 1020u /* 255 characters */

static bool is_alphanumeric(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* C0, DEL, C1, line and paragraph separators, directional embeddings, overrides and isolates. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || (c >= 0x200b && c <= 0x200f)
           || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

bool template_value_text(const ASN1_STRING *value, enum reason reason, struct buffer *out,
                         struct error *err)
{
    struct error malformed = ERROR_INIT;
    struct bytes text = { NULL, 0 };
    size_t start = out->len;
    size_t count = 0;
    size_t blanks = 0;
    size_t pos = 0;
    uint32_t c = 0;

    if (!asn1_text_append(value, out, &malformed)) {
        return malformed.reason == REASON_NO_MEMORY
                   ? error_set(err, REASON_NO_MEMORY, "%s", malformed.detail)
                   : error_set(err, reason, "%s", malformed.detail);
    }
    text = bytes_of(out->data + start, out->len - start);
    while (pos < text.len && text_next_utf8(text, &pos, &c)) {
        if (is_control(c)) {
            return error_set(err, reason, "control character U+%04X", (unsigned)c);
        }
        blanks += c == ' ' || c == 0xa0 ? 1 : 0;
        count++;
    }
    if (count > TEMPLATE_VALUE_CHARACTERS_MAX) {
        return error_set(err, REASON_SUBJECT_TOO_LONG, "%zu characters, more than %u", count,
                         TEMPLATE_VALUE_CHARACTERS_MAX);
    }
    return count > blanks || error_set(err, reason, "empty or blank value");
}

bool template_value_name(const X509_NAME *name, enum reason reason, struct error *err)
{
    struct buffer text = BUFFER_INIT(4u * LIMIT_DN_BYTES);
    int count = X509_NAME_entry_count(name);
    bool ok = count > 0 || error_set(err, reason, "empty name");

    for (int i = 0; i < count && ok; i++) {
        buffer_reset(&text);
        ok = template_value_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)), reason,
                                 &text, err);
    }
    buffer_clear(&text);
    return ok;
}

/* RFC 1123 2.1, and the underscore that Windows computers have in their names. */
static bool is_label(struct bytes label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.data[0] == '-'
        || label.data[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alphanumeric(label.data[i]) && label.data[i] != '-' && label.data[i] != '_') {
            return false;
        }
    }
    return true;
}

bool template_value_is_host(struct bytes text, bool wildcard)
{
    bool starred = text.len >= 2 && text.data[0] == '*' && text.data[1] == '.';
    size_t start = starred ? 2 : 0;
    size_t labels = 0;

    if (text.len == 0 || text.len > HOST_BYTES_MAX || (starred && !wildcard)) {
        return false;
    }
    for (size_t i = start; i <= text.len; i++) {
        if (i == text.len || text.data[i] == '.') {
            if (!is_label(bytes_of(text.data + start, i - start))) {
                return false;
            }
            labels++;
            start = i + 1;
        }
    }
    return !starred || labels >= WILDCARD_LABELS_MIN;
}

/* Printable ASCII without space and without any of `unwanted`. */
static bool is_graphic(struct bytes text, const char *unwanted)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f
            || strchr(unwanted, text.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

bool template_value_is_email(struct bytes text)
{
    const uint8_t *at = text.len == 0 ? NULL : memchr(text.data, '@', text.len);
    size_t local = at == NULL ? 0 : (size_t)(at - text.data);

    return at != NULL && text.len <= EMAIL_BYTES_MAX && local > 0 && local <= EMAIL_LOCAL_BYTES_MAX
           && is_graphic(bytes_of(text.data, local), "\"(),:;<>[\\]")
           && template_value_is_host(bytes_of(at + 1, text.len - local - 1), false);
}

bool template_value_is_uri(struct bytes text)
{
    size_t i = 0;

    if (text.len == 0 || text.len > URI_BYTES_MAX || !is_graphic(text, "\"<>\\^`{|}")) {
        return false;
    }
    /* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
    while (i < text.len
           && (is_alphanumeric(text.data[i]) || (i > 0 && strchr("+-.", text.data[i]) != NULL))) {
        i++;
    }
    return i > 0 && !(text.data[0] >= '0' && text.data[0] <= '9') && i + 1 < text.len
           && text.data[i] == ':';
}

bool template_value_is_upn(struct bytes text)
{
    size_t pos = 0;
    size_t signs = 0;
    uint32_t c = 0;

    if (text.len < 3 || text.len > UPN_BYTES_MAX || text.data[0] == '@'
        || text.data[text.len - 1] == '@') {
        return false;
    }
    while (pos < text.len) {
        if (!text_next_utf8(text, &pos, &c) || is_control(c) || c == ' ' || c == 0xa0) {
            return false;
        }
        signs += c == '@';
    }
    return signs == 1;
}
