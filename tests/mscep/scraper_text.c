/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/scraper_text.h"

#include <string.h>

#include "base/text.h"

#define WHITE_SPACE " \t\n\r\f\v"
#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

enum byte_order_mark body_mark(struct bytes body)
{
    if (body.len >= 2 && body.data[0] == 0xff && body.data[1] == 0xfe) {
        return BOM_LITTLE;
    }
    if (body.len >= 2 && body.data[0] == 0xfe && body.data[1] == 0xff) {
        return BOM_BIG;
    }
    return BOM_NONE;
}

bool body_utf16(struct bytes body, bool big_endian, struct buffer *text)
{
    struct error ignored = ERROR_INIT;

    if (body.len % 2 != 0) {
        return false;
    }
    buffer_reset(text);
    for (size_t i = 0; i < body.len; i += 2) {
        uint32_t unit = big_endian ? (uint32_t)body.data[i] << 8 | body.data[i + 1]
                                   : (uint32_t)body.data[i + 1] << 8 | body.data[i];

        if (!text_append_utf8(text, unit, &ignored)) {
            return false; /* no page of ours has surrogates */
        }
    }
    return true;
}

bool body_utf16_marked(struct bytes body, bool big_endian, struct buffer *text)
{
    enum byte_order_mark mark = body_mark(body);

    if (mark == BOM_NONE) {
        return body_utf16(body, big_endian, text);
    }
    return body_utf16(bytes_of(body.data + 2, body.len - 2), mark == BOM_BIG, text);
}

const char *text_find_nocase(const char *text, const char *needle)
{
    for (; *text != '\0'; text++) {
        if (text_starts_nocase(text, needle)) {
            return text;
        }
    }
    return NULL;
}

const char *text_find_last(const char *text, const char *needle)
{
    const char *last = NULL;

    for (text = strstr(text, needle); text != NULL; text = strstr(text + 1, needle)) {
        last = text;
    }
    return last;
}

size_t run_hex(const char *text)
{
    return strspn(text, DIGITS "ABCDEFabcdef");
}

size_t run_upper_digits(const char *text)
{
    return strspn(text, DIGITS UPPER);
}

size_t run_word(const char *text)
{
    return strspn(text, DIGITS UPPER LOWER "_");
}

size_t run_not_space(const char *text)
{
    return strcspn(text, WHITE_SPACE);
}
