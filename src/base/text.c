/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Locale-free: tolower() depends on it. */
static uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower((uint8_t)*a) == ascii_lower((uint8_t)*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

bool text_starts_nocase(const char *text, const char *prefix)
{
    while (*prefix != '\0' && ascii_lower((uint8_t)*text) == ascii_lower((uint8_t)*prefix)) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

bool text_copy(char *dst, size_t size, const char *src)
{
    size_t len = strlen(src);

    if (size == 0) {
        return false;
    }
    if (len >= size) {
        dst[0] = '\0';
        return false;
    }
    memmove(dst, src, len + 1);
    return true;
}

bool text_format(char *dst, size_t size, const char *format, ...)
{
    va_list args;
    int len = 0;

    va_start(args, format);
    len = vsnprintf(dst, size, format, args);
    va_end(args);
    if (len < 0 && size > 0) {
        dst[0] = '\0';
    }
    return len >= 0 && (size_t)len < size;
}

char *text_dup(const char *text)
{
    return text_dup_bytes(bytes_of_text(text));
}

char *text_dup_bytes(struct bytes bytes)
{
    char *copy = bytes.len < SIZE_MAX ? malloc(bytes.len + 1) : NULL;

    if (copy == NULL) {
        return NULL;
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    copy[bytes.len] = '\0';
    return copy;
}

static bool is_ascii_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes text_trim(struct bytes text)
{
    while (text.len > 0 && is_ascii_space(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_ascii_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool text_next_utf8(struct bytes text, size_t *pos, uint32_t *code_point)
{
    /* smallest code point of each length: anything below is an overlong form */
    static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
    size_t at = *pos;
    size_t more = 0;
    uint32_t cp = 0;
    uint8_t first = 0;

    if (at >= text.len) {
        return false;
    }
    first = text.data[at];
    if (first < 0x80) {
        cp = first;
    } else if (first >= 0xc2 && first <= 0xdf) {
        more = 1;
        cp = first & 0x1fu;
    } else if (first >= 0xe0 && first <= 0xef) {
        more = 2;
        cp = first & 0x0fu;
    } else if (first >= 0xf0 && first <= 0xf4) {
        more = 3;
        cp = first & 0x07u;
    } else {
        return false;
    }
    if (more > text.len - at - 1) {
        return false;
    }
    for (size_t i = 1; i <= more; i++) {
        uint8_t c = text.data[at + i];

        if ((c & 0xc0) != 0x80) {
            return false;
        }
        cp = cp << 6 | (c & 0x3fu);
    }
    if (cp < smallest[more] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
        return false;
    }
    *pos = at + 1 + more;
    *code_point = cp;
    return true;
}

bool text_utf8_valid(struct bytes text)
{
    uint32_t cp = 0;

    for (size_t pos = 0; pos < text.len;) {
        if (!text_next_utf8(text, &pos, &cp) || cp == 0) {
            return false;
        }
    }
    return true;
}

bool text_append_utf8(struct buffer *out, uint32_t cp, struct error *err)
{
    uint8_t bytes[4];
    size_t len = 0;

    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
        return error_set(err, REASON_SYNTAX, "U+%04X is not a character", (unsigned)cp);
    }
    if (cp < 0x80) {
        bytes[len++] = (uint8_t)cp;
    } else if (cp < 0x800) {
        bytes[len++] = (uint8_t)(0xc0 | cp >> 6);
        bytes[len++] = (uint8_t)(0x80 | (cp & 0x3f));
    } else if (cp < 0x10000) {
        bytes[len++] = (uint8_t)(0xe0 | cp >> 12);
        bytes[len++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        bytes[len++] = (uint8_t)(0x80 | (cp & 0x3f));
    } else {
        bytes[len++] = (uint8_t)(0xf0 | cp >> 18);
        bytes[len++] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
        bytes[len++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        bytes[len++] = (uint8_t)(0x80 | (cp & 0x3f));
    }
    return buffer_append(out, bytes, len, err);
}

/* Code points from 0x80 on that move, hide or break text on a terminal or in a log viewer. */
static bool is_unsafe_in_log(uint32_t cp)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        { 0x0080, 0x009f },   /* C1 controls */
        { 0x00ad, 0x00ad },   /* soft hyphen */
        { 0x034f, 0x034f },   /* combining grapheme joiner */
        { 0x061c, 0x061c },   /* Arabic letter mark */
        { 0x115f, 0x1160 },   /* Hangul fillers */
        { 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
        { 0x180b, 0x180f },   /* Mongolian selectors and separator */
        { 0x200b, 0x200f },   /* zero width, left-to-right and right-to-left marks */
        { 0x2028, 0x202e },   /* line and paragraph separator, bidi embeddings and overrides */
        { 0x2060, 0x206f },   /* invisible operators, bidi isolates */
        { 0x3164, 0x3164 },   /* Hangul filler */
        { 0xfdd0, 0xfdef },   /* noncharacters */
        { 0xfe00, 0xfe0f },   /* variation selectors */
        { 0xfeff, 0xfeff },   /* byte order mark */
        { 0xffa0, 0xffa0 },   /* half-width Hangul filler */
        { 0xfff0, 0xfffb },   /* interlinear annotation */
        { 0x1d173, 0x1d17a }, /* musical format controls */
        { 0xe0000, 0xe0fff }, /* tags and more selectors */
    };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last) {
            return true;
        }
    }
    return (cp & 0xfffe) == 0xfffe; /* the last two of each plane */
}

#define ESCAPED_MAX 16 /* bytes with NUL; the longest is \u{10FFFF} */

/* The form of what stands at *pos with `escaped` as escapes; moves *pos on; gives its length. */
static size_t escape_one(struct bytes text, size_t *pos, const char *escaped,
                         char piece[ESCAPED_MAX])
{
    uint32_t cp = 0;
    size_t start = *pos;

    if (!text_next_utf8(text, pos, &cp)) {
        cp = text.data[start];
        *pos = start + 1;
        return (size_t)snprintf(piece, ESCAPED_MAX, "\\x%02x", (unsigned)cp);
    }
    if (cp < 0x20 || cp == 0x7f || (cp < 0x80 && strchr(escaped, (int)cp) != NULL)) {
        return (size_t)snprintf(piece, ESCAPED_MAX, "\\x%02x", (unsigned)cp);
    }
    if (cp >= 0x80 && is_unsafe_in_log(cp)) {
        return (size_t)snprintf(piece, ESCAPED_MAX, "\\u{%04X}", (unsigned)cp);
    }
    memcpy(piece, text.data + start, *pos - start);
    return *pos - start;
}

/* How many bytes from `pos` on are printable ASCII that stands for itself: nearly all, mostly. */
static size_t plain_run(struct bytes text, size_t pos, const char *escaped)
{
    size_t len = 0;

    for (; pos + len < text.len; len++) {
        uint8_t c = text.data[pos + len];

        if (c < 0x20 || c >= 0x7f) break;
        if ((c == '"' || c == '\'' || c == '\\') && strchr(escaped, c) != NULL) break;
    }
    return len;
}

/* Cut text ends in "...", behind the last whole piece. */
static void mark_cut(char *dst, size_t cut)
{
    memcpy(dst + cut, "...", 4);
}

/* `escaped`: of quote, apostrophe and backslash. */
static void escape(char *dst, size_t size, struct bytes text, const char *escaped)
{
    char piece[ESCAPED_MAX];
    size_t len = 0;
    size_t cut = 0; /* the last end of a piece behind which "..." fits */

    if (size < 8) {
        if (size > 0) {
            dst[0] = '\0';
        }
        return;
    }
    for (size_t pos = 0; pos < text.len;) {
        size_t run = plain_run(text, pos, escaped);
        size_t more = 0;

        if (run > size - 1 - len) {
            /* each of these is a piece of its own */
            memcpy(dst + len, text.data + pos, size - 1 - len);
            mark_cut(dst, len > size - 4 ? cut : size - 4);
            return;
        }
        memcpy(dst + len, text.data + pos, run);
        pos += run;
        len += run;
        if (run > 0) {
            cut = len <= size - 4 ? len : len - run <= size - 4 ? size - 4 : cut;
            continue;
        }
        more = escape_one(text, &pos, escaped, piece);
        if (more > size - 1 - len) {
            mark_cut(dst, cut);
            return;
        }
        memcpy(dst + len, piece, more);
        len += more;
        if (len <= size - 4) {
            cut = len;
        }
    }
    dst[len] = '\0';
}

void text_escape(char *dst, size_t size, struct bytes text)
{
    escape(dst, size, text, "\"'\\");
}

void text_escape_sentence(char *dst, size_t size, struct bytes text)
{
    escape(dst, size, text, "\"\\");
}

bool text_parse_u64(struct bytes text, uint64_t max, uint64_t *value)
{
    uint64_t number = 0;

    if (text.len == 0) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.data[i] - '0';

        if (text.data[i] < '0' || text.data[i] > '9' || number > UINT64_MAX / 10
            || number * 10 > UINT64_MAX - digit) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (number > max) {
        return false;
    }
    *value = number;
    return true;
}

void text_hex(char *dst, size_t size, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;

    if (size == 0) {
        return;
    }
    for (size_t i = 0; i < bytes.len && len + 2 < size; i++) {
        dst[len++] = digits[bytes.data[i] >> 4];
        dst[len++] = digits[bytes.data[i] & 15];
    }
    dst[len] = '\0';
}

static int hex_value(uint8_t c)
{
    uint8_t lower = ascii_lower(c);

    if (lower >= '0' && lower <= '9') {
        return lower - '0';
    }
    if (lower >= 'a' && lower <= 'f') {
        return lower - 'a' + 10;
    }
    return -1;
}

bool text_unhex(uint8_t *dst, size_t size, size_t *len, struct bytes text)
{
    if (text.len % 2 != 0 || text.len / 2 > size) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.data[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        dst[i] = (uint8_t)(hex_value(text.data[2 * i]) << 4 | hex_value(text.data[2 * i + 1]));
    }
    *len = text.len / 2;
    return true;
}

/* Bytes of the character at pos; a malformed byte counts as one. */
static size_t character_bytes(struct bytes text, size_t pos)
{
    size_t next = pos;
    uint32_t cp = 0;

    return text_next_utf8(text, &next, &cp) ? next - pos : 1;
}

bool text_glob(const char *pattern, struct bytes text)
{
    size_t pos = 0;
    const char *star = NULL; /* behind the last '*' met */
    size_t star_pos = 0;     /* where the text after that run begins for now */

    /* only the last '*' is ever widened: an earlier one has its shortest match, which is enough */
    while (pos < text.len) {
        if (*pattern == '*') {
            star = ++pattern;
            star_pos = pos;
        } else if (*pattern == '?') {
            pattern++;
            pos += character_bytes(text, pos);
        } else if (*pattern != '\0'
                   && ascii_lower((uint8_t)*pattern) == ascii_lower(text.data[pos])) {
            pattern++;
            pos++;
        } else if (star != NULL) {
            star_pos += character_bytes(text, star_pos);
            pos = star_pos;
            pattern = star;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool text_next_item(struct bytes list, char separator, size_t *pos, struct bytes *item)
{
    while (*pos < list.len) {
        size_t start = *pos;
        size_t end = start;
        struct bytes piece;

        while (end < list.len && list.data[end] != (uint8_t)separator) {
            end++;
        }
        *pos = end < list.len ? end + 1 : end;
        piece = text_trim(bytes_of(list.data + start, end - start));
        if (piece.len > 0) {
            *item = piece;
            return true;
        }
    }
    return false;
}

const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}
