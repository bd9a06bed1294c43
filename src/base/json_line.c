/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text_line: where in a document a dotted path stands. jansson keeps no positions, so the text
 * is walked once more. The document has been parsed before, so its syntax is not checked here; a
 * document that is malformed all the same gives 0 or some line, never a read behind the end.
 */
#include "base/json.h"

#include <string.h>

#include "base/text.h"

struct walk {
    struct bytes text;
    size_t pos;
    size_t line;
};

/* The byte at pos; 0 at the end. */
static uint8_t peek(const struct walk *w)
{
    return w->pos < w->text.len ? w->text.data[w->pos] : 0;
}

static void skip_space(struct walk *w)
{
    for (; w->pos < w->text.len; w->pos++) {
        uint8_t c = w->text.data[w->pos];

        if (c == '\n') {
            w->line++;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != ',' && c != ':') {
            return;
        }
    }
}

/* The raw text between the quotes; moves behind the closing one. */
static struct bytes take_string(struct walk *w)
{
    size_t start = w->pos + 1;
    size_t end = start;

    while (end < w->text.len && w->text.data[end] != '"') {
        end += w->text.data[end] == '\\' ? 2 : 1;
    }
    if (end > w->text.len) {
        end = w->text.len;
    }
    w->pos = end < w->text.len ? end + 1 : end;
    return bytes_of(w->text.data + start, end > start ? end - start : 0);
}

/* Behind the value that begins here. */
static void skip_value(struct walk *w)
{
    size_t depth = 0;

    skip_space(w);
    do {
        uint8_t c = peek(w);

        if (c == '"') {
            (void)take_string(w);
        } else if (c == '{' || c == '[') {
            depth++;
            w->pos++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return; /* the end of what is around the value: there is none */
            }
            depth--;
            w->pos++;
        } else {
            w->pos += w->pos < w->text.len; /* always on, also over a NUL */
            while (w->pos < w->text.len && strchr("\"{}[],: \t\r\n", peek(w)) == NULL) {
                w->pos++;
            }
        }
        if (depth > 0) {
            skip_space(w);
        }
    } while (depth > 0 && w->pos < w->text.len);
}

/* Four hex digits of a \u escape. */
static bool take_unit(struct bytes raw, size_t *pos, uint32_t *unit)
{
    uint8_t two[2];
    size_t len = 0;

    if (raw.len - *pos < 4 || !text_unhex(two, sizeof(two), &len, bytes_of(raw.data + *pos, 4))) {
        return false;
    }
    *pos += 4;
    *unit = (uint32_t)two[0] << 8 | two[1];
    return true;
}

/* The character at *pos of a raw JSON string, escapes undone. */
static bool next_character(struct bytes raw, size_t *pos, uint32_t *cp)
{
    static const char escapes[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    const char *known = NULL;
    uint32_t low = 0;
    uint8_t c = 0;

    if (raw.data[*pos] != '\\') {
        return text_next_utf8(raw, pos, cp);
    }
    if (raw.len - *pos < 2) {
        return false;
    }
    c = raw.data[*pos + 1];
    *pos += 2;
    if (c != 'u') {
        known = c != 0 ? strchr(escapes, c) : NULL;
        *cp = known != NULL ? (uint8_t)meant[known - escapes] : c;
        return true;
    }
    if (!take_unit(raw, pos, cp)) {
        return false;
    }
    if (*cp >= 0xd800 && *cp <= 0xdbff && raw.len - *pos >= 6 && raw.data[*pos] == '\\') {
        *pos += 2;
        if (!take_unit(raw, pos, &low)) {
            return false;
        }
        *cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
    }
    return true;
}

/*
 * Does the path begin with this key, followed by a dot or its end? Then *rest gets what is behind.
 * The key itself may hold dots.
 */
static bool path_begins_with(struct bytes path, struct bytes raw_key, struct bytes *rest)
{
    size_t at = 0;

    for (size_t pos = 0; pos < raw_key.len;) {
        uint32_t a = 0;
        uint32_t b = 0;

        if (!next_character(raw_key, &pos, &a) || !text_next_utf8(path, &at, &b) || a != b) {
            return false;
        }
    }
    if (at < path.len && path.data[at] != '.') {
        return false;
    }
    at += at < path.len;
    *rest = bytes_of(path.data + at, path.len - at);
    return true;
}

/* Go to the member that the path begins with; *line gets the line of its key. */
static bool enter_object(struct walk *w, struct bytes *path, size_t *line)
{
    w->pos++;
    for (;;) {
        struct bytes key;
        struct bytes rest = { NULL, 0 };

        skip_space(w);
        if (peek(w) != '"') {
            return false;
        }
        *line = w->line;
        key = take_string(w);
        skip_space(w);
        if (path_begins_with(*path, key, &rest)) {
            *path = rest;
            return true;
        }
        skip_value(w);
    }
}

static bool enter_array(struct walk *w, struct bytes *path, size_t *line)
{
    size_t dot = 0;
    uint64_t index = 0;

    while (dot < path->len && path->data[dot] != '.') {
        dot++;
    }
    if (!text_parse_u64(bytes_of(path->data, dot), SIZE_MAX, &index)) {
        return false;
    }
    dot += dot < path->len;
    *path = bytes_of(path->data + dot, path->len - dot);
    w->pos++;
    for (;;) {
        skip_space(w);
        if (peek(w) == ']' || peek(w) == '}' || peek(w) == 0) {
            return false;
        }
        if (index-- == 0) {
            *line = w->line;
            return true;
        }
        skip_value(w);
    }
}

size_t json_text_line(struct bytes text, const char *path)
{
    static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };
    struct walk w = { text, 0, 1 };
    struct bytes rest = bytes_of_text(path);
    size_t line = 0;

    if (text.len >= sizeof(bom) && memcmp(text.data, bom, sizeof(bom)) == 0) {
        w.pos = sizeof(bom);
    }
    skip_space(&w);
    line = w.line;
    while (rest.len > 0) {
        bool found = false;

        if (peek(&w) == '{') {
            found = enter_object(&w, &rest, &line);
        } else if (peek(&w) == '[') {
            found = enter_array(&w, &rest, &line);
        }
        if (!found) {
            return 0;
        }
    }
    return line;
}
