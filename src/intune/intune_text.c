/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_text.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define GUID_BYTES 16
#define SHOWN_BYTES 4096 /* no detail holds more */
#define RUN_BYTES 44     /* longer than a SHA-1 in hex and a GUID, shorter than any token */
#define HIDDEN "[...]"

bool intune_text_json(struct buffer *out, const char *text, struct error *err)
{
    size_t before = out->len;
    bool ok = text_utf8_valid(bytes_of_text(text))
              || error_set(err, REASON_SYNTAX, "a text for Intune is not UTF-8");

    ok = ok && buffer_append_byte(out, '"', err);
    for (const char *c = text; ok && *c != '\0'; c++) {
        uint8_t byte = (uint8_t)*c;

        if (byte == '"' || byte == '\\') {
            ok = buffer_append_byte(out, '\\', err) && buffer_append_byte(out, byte, err);
        } else if (byte < 0x20) {
            ok = buffer_printf(out, err, "\\u%04x", byte);
        } else {
            ok = buffer_append_byte(out, byte, err);
        }
    }
    ok = ok && buffer_append_byte(out, '"', err);
    if (!ok) {
        out->len = before;
    }
    return ok;
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool intune_text_form(struct buffer *out, struct bytes value, struct error *err)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        uint8_t escaped[3] = { '%', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 0x0f] };
        bool plain = is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';

        if (!(plain ? buffer_append_byte(out, c, err)
                    : buffer_append(out, escaped, sizeof(escaped), err))) {
            return false;
        }
    }
    return true;
}

bool intune_text_guid(char out[INTUNE_ID_MAX], struct error *err)
{
    uint8_t b[GUID_BYTES];

    if (!secret_random(b, sizeof(b), err)) {
        return false;
    }
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    return text_format(out, INTUNE_ID_MAX,
                       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                       b[13], b[14], b[15])
           || error_set(err, REASON_INTERNAL, "a GUID does not fit");
}

/* ---- what others say ------------------------------------------------------------------------- */

static bool is_run(uint8_t c)
{
    return is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

/* How many bytes at pos are to be hidden; 0: show the byte. */
static size_t hidden_length(struct bytes text, size_t pos, struct bytes secret)
{
    size_t end = pos;

    if (secret.len > 0 && text.len - pos >= secret.len
        && memcmp(text.data + pos, secret.data, secret.len) == 0) {
        return secret.len;
    }
    if (pos > 0 && is_run(text.data[pos - 1])) {
        return 0; /* within a run that was short enough */
    }
    while (end < text.len && is_run(text.data[end])) {
        end++;
    }
    return end - pos >= RUN_BYTES ? end - pos : 0;
}

void intune_text_show_without(char *dst, size_t size, struct bytes text, struct bytes secret)
{
    struct buffer shown = BUFFER_INIT(SHOWN_BYTES + sizeof(HIDDEN));
    struct error unused = ERROR_INIT;
    bool ok = true;

    for (size_t pos = 0; ok && pos < text.len && shown.len < SHOWN_BYTES;) {
        size_t hidden = hidden_length(text, pos, secret);

        ok = hidden > 0 ? buffer_append_text(&shown, HIDDEN, &unused)
                        : buffer_append_byte(&shown, text.data[pos], &unused);
        pos += hidden > 0 ? hidden : 1;
    }
    text_escape_sentence(dst, size, ok ? buffer_bytes(&shown) : bytes_of_text("(out of memory)"));
    buffer_clear(&shown);
}

void intune_text_show(char *dst, size_t size, struct bytes text)
{
    intune_text_show_without(dst, size, text, bytes_of(NULL, 0));
}
