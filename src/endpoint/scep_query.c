/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/scep_query.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"

#define DER_SEQUENCE 0x30

static bool name_equal(struct bytes name, const char *wanted)
{
    char text[16];

    if (name.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    return strlen(text) == name.len && text_equal_nocase(text, wanted);
}

bool scep_query_find(struct bytes raw_query, const char *name, struct bytes *value)
{
    size_t start = 0;

    while (start <= raw_query.len && raw_query.len != 0) {
        const uint8_t *at = raw_query.data + start;
        size_t rest = raw_query.len - start;
        const uint8_t *end = rest == 0 ? NULL : memchr(at, '&', rest);
        size_t len = end == NULL ? rest : (size_t)(end - at);
        const uint8_t *equals = len == 0 ? NULL : memchr(at, '=', len);
        size_t name_len = equals == NULL ? len : (size_t)(equals - at);

        if (name_equal(bytes_of(at, name_len), name)) {
            *value =
                equals == NULL ? bytes_of(at + len, 0) : bytes_of(equals + 1, len - name_len - 1);
            return true;
        }
        start += len + 1;
    }
    return false;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool scep_query_decode(struct bytes raw, struct buffer *out, struct error *err)
{
    if (!buffer_reserve(out, raw.len, err)) {
        return false;
    }
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.data[i];

        if (c == '%' && raw.len - i > 2 && hex_digit(raw.data[i + 1]) >= 0
            && hex_digit(raw.data[i + 2]) >= 0) {
            c = (uint8_t)(hex_digit(raw.data[i + 1]) << 4 | hex_digit(raw.data[i + 2]));
            i += 2;
        }
        if (!buffer_append_byte(out, c, err)) {
            return false;
        }
    }
    return true;
}

static bool begins_as_message(struct bytes message, struct error *err)
{
    if (message.len == 0) {
        return error_set(err, REASON_MESSAGE_MISSING, "the message is empty");
    }
    if (message.data[0] != DER_SEQUENCE) {
        return error_set(err, REASON_NOT_CMS, "first byte is 0x%02x, not a SEQUENCE",
                         message.data[0]);
    }
    return true;
}

bool scep_query_message(struct bytes raw, struct buffer *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(raw.len + 1);
    bool ok = false;

    if (raw.len == 0) {
        error_set(err, REASON_MESSAGE_MISSING, "the message parameter is empty");
        goto out;
    }
    if (!scep_query_decode(raw, &text, err)) goto out;
    if (!base64_decode(buffer_bytes(&text), BASE64_TOLERANT, out, err)) goto out;
    ok = begins_as_message(buffer_bytes(out), err);
out:
    buffer_clear(&text);
    return ok;
}

/* Base64 of a SEQUENCE begins with 'M': 0x30 is the bits 001100 00, and 12 is 'M'. */
bool scep_body_message(struct bytes body, struct buffer *decoded, struct bytes *message,
                       struct error *err)
{
    *message = body;
    if (body.len != 0 && body.data[0] == 'M') {
        if (!base64_decode(body, BASE64_TOLERANT, decoded, err)) {
            return false;
        }
        *message = buffer_bytes(decoded);
    }
    return begins_as_message(*message, err);
}
