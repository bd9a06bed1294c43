/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ntlm_claim.h"

#include <string.h>

#include "base/text.h"

/* Offsets in the message; numbers are little-endian. */
#define DOMAIN_FIELD 28u /* length (2), room (2), offset (4) */
#define USER_FIELD 36u
#define FLAGS 60u
#define HEADER_BYTES 64u
#define FLAG_UNICODE 0x01u
#define PART_BYTES_MAX 512u /* UTF-16: 256 characters */
#define NAME_BYTES_MAX 2048u

static const uint8_t start[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 3, 0, 0, 0 };

static uint32_t number_at(struct bytes b, size_t at, unsigned bytes)
{
    uint32_t number = 0;

    for (unsigned i = bytes; i > 0; i--) {
        number = number << 8 | b.data[at + i - 1];
    }
    return number;
}

/* The message, which ends at the latest where the token does. */
static bool find_message(struct bytes token, struct bytes *message)
{
    for (size_t i = 0; token.len >= HEADER_BYTES && i <= token.len - HEADER_BYTES; i++) {
        if (memcmp(token.data + i, start, sizeof(start)) == 0) {
            *message = bytes_of(token.data + i, token.len - i);
            return true;
        }
    }
    return false;
}

static bool append_part(struct bytes message, size_t field, struct buffer *out, struct error *err)
{
    size_t len = number_at(message, field, 2);
    size_t at = number_at(message, field + 4, 4);

    if (len > PART_BYTES_MAX || len % 2 != 0 || at > message.len || len > message.len - at) {
        return false;
    }
    for (size_t i = 0; i < len; i += 2) {
        uint32_t unit = number_at(message, at + i, 2);

        if (unit >= 0xd800 && unit <= 0xdfff) {
            unit = 0xfffd; /* rare enough in names not to join pairs */
        }
        if (unit == 0 || !text_append_utf8(out, unit, err)) {
            return false;
        }
    }
    return true;
}

bool ntlm_claim(struct bytes token, char *name, size_t size)
{
    struct buffer text = BUFFER_INIT(NAME_BYTES_MAX);
    struct error ignored = ERROR_INIT;
    struct bytes message = { NULL, 0 };
    bool ok = false;

    if (size > 0) {
        name[0] = '\0';
    }
    if (!find_message(token, &message) || (number_at(message, FLAGS, 4) & FLAG_UNICODE) == 0) {
        return false;
    }
    ok = append_part(message, DOMAIN_FIELD, &text, &ignored)
         && (text.len == 0 || buffer_append_byte(&text, '\\', &ignored))
         && append_part(message, USER_FIELD, &text, &ignored) && text.len > 0
         && text_copy(name, size, buffer_text(&text));
    buffer_clear(&text);
    return ok;
}
