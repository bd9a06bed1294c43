/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf16.h"

#include "base/text.h"

static uint32_t unit_at(struct bytes text, size_t at, bool little_endian)
{
    return little_endian ? (uint32_t)text.data[at + 1] << 8 | text.data[at]
                         : (uint32_t)text.data[at] << 8 | text.data[at + 1];
}

bool utf16_append_utf8(struct bytes text, bool little_endian, struct buffer *out, struct error *err)
{
    if (text.len % 2 != 0) {
        return error_set(err, REASON_SYNTAX, "the UTF-16 text ends in the middle of a character");
    }
    for (size_t i = 0; i < text.len; i += 2) {
        uint32_t cp = unit_at(text, i, little_endian);

        if (cp >= 0xd800 && cp <= 0xdbff && i + 3 < text.len) {
            uint32_t low = unit_at(text, i + 2, little_endian);

            if (low >= 0xdc00 && low <= 0xdfff) {
                cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (!text_append_utf8(out, cp, err)) { /* refuses lone surrogates */
            return error_context(err, "UTF-16 text, byte %zu", i);
        }
    }
    return true;
}
