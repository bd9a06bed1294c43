/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/reg_file.h"

#include <string.h>

#include "base/text.h"
#include "base/utf16.h"

#define HEADER "Windows Registry Editor Version 5.00"
#define HIVE "HKEY_LOCAL_MACHINE\\"
#define KEY_BYTES 4096u
#define NAME_BYTES 65536u

/* Types as they stand in hex(N). */
enum reg_hex { HEX_SZ = 1, HEX_EXPAND_SZ = 2, HEX_BINARY = 3, HEX_DWORD = 4, HEX_MULTI_SZ = 7 };

struct reg_reader {
    struct bytes text; /* UTF-8 without byte order mark and NUL */
    size_t at;
    size_t line;
    const char *wanted; /* key below the hive */
    registry_visit *visit;
    void *context;
    bool *found;
    size_t values;     /* visited so far */
    struct buffer key; /* relative path of the current key */
    bool in_key;       /* some key has begun */
    bool is_wanted;    /* it is the wanted one, or below it */
    struct error *err;
};

/* What stands behind the '=' of one value. */
struct reg_data {
    enum registry_type type;
    uint32_t number;
    struct buffer text;
};

static bool malformed(const struct reg_reader *r, const char *what)
{
    return error_set(r->err, REASON_SYNTAX, "line %zu: %s", r->line, what);
}

/* ---- characters ------------------------------------------------------------------------------ */

static int peek(const struct reg_reader *r)
{
    return r->at < r->text.len ? r->text.data[r->at] : -1;
}

static int next(struct reg_reader *r)
{
    int c = peek(r);

    if (c >= 0) {
        r->at++;
        r->line += c == '\n' ? 1 : 0;
    }
    return c;
}

static bool take(struct reg_reader *r, const char *word)
{
    size_t len = strlen(word);

    if (r->text.len - r->at < len || memcmp(r->text.data + r->at, word, len) != 0) {
        return false;
    }
    r->at += len;
    return true;
}

static void skip_blanks(struct reg_reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t') {
        r->at++;
    }
}

static bool at_line_end(const struct reg_reader *r)
{
    return peek(r) == -1 || peek(r) == '\n' || peek(r) == '\r';
}

/* LF, CR LF, or the end of the file. */
static bool end_line(struct reg_reader *r)
{
    skip_blanks(r);
    if (peek(r) == '\r') {
        r->at++;
    }
    return peek(r) == -1 || next(r) == '\n' || malformed(r, "more than one value stands here");
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* ---- data ------------------------------------------------------------------------------------ */

/* Behind the opening quote, up to and with the closing one; a text may have several lines. */
static bool read_quoted(struct reg_reader *r, struct buffer *out)
{
    for (;;) {
        int c = next(r);

        if (c == '"') {
            return true;
        }
        if (c == '\\') {
            c = next(r);
            if (c != '\\' && c != '"') {
                return malformed(r, "a backslash in a text stands before neither \\ nor \"");
            }
        }
        if (c < 0) {
            return malformed(r, "the file ends inside a text");
        }
        if (!buffer_append_byte(out, (uint8_t)c, r->err)) {
            return error_context(r->err, "line %zu", r->line);
        }
    }
}

/* 1 to 8 digits. */
static bool read_hex_number(struct reg_reader *r, uint32_t *out)
{
    uint32_t number = 0;
    size_t digits = 0;

    for (; hex_value(peek(r)) >= 0; digits++) {
        if (digits == 8) {
            return malformed(r, "a number has more than eight digits");
        }
        number = number << 4 | (uint32_t)hex_value(next(r));
    }
    *out = number;
    return digits > 0 || malformed(r, "a number has no digits");
}

/* "\" at the end of a line: the bytes go on in the next one. */
static bool skip_continuation(struct reg_reader *r)
{
    if (!take(r, "\\")) {
        return true;
    }
    if (!end_line(r)) {
        return false;
    }
    skip_blanks(r);
    return true;
}

/* "41,00,..." with continuation lines. keep NULL: checked only. */
static bool read_hex_bytes(struct reg_reader *r, struct buffer *keep)
{
    skip_blanks(r);
    if (!skip_continuation(r)) {
        return false;
    }
    while (!at_line_end(r)) {
        int high = hex_value(next(r));
        int low = hex_value(next(r));

        if (high < 0 || low < 0) {
            return malformed(r, "a byte is not two hexadecimal digits");
        }
        if (keep != NULL && !buffer_append_byte(keep, (uint8_t)(high << 4 | low), r->err)) {
            return error_context(r->err, "line %zu", r->line);
        }
        skip_blanks(r);
        if (at_line_end(r)) {
            return true;
        }
        if (next(r) != ',') {
            return malformed(r, "bytes are not separated by commas");
        }
        skip_blanks(r);
        if (!skip_continuation(r)) {
            return false;
        }
    }
    return true;
}

/* Items end in NUL each, the list in an empty one; one item a line. */
static bool list_to_lines(struct bytes list, struct buffer *out, struct error *err)
{
    size_t at = 0;

    while (at < list.len && list.data[at] != 0) {
        const uint8_t *nul = memchr(list.data + at, 0, list.len - at);
        size_t len = nul == NULL ? list.len - at : (size_t)(nul - list.data) - at;

        if ((at > 0 && !buffer_append_byte(out, '\n', err))
            || !buffer_append(out, list.data + at, len, err)) {
            return false;
        }
        at += len + 1;
    }
    return true;
}

/* A text or list that was written as bytes of UTF-16. */
static bool decode_hex(struct reg_reader *r, uint32_t type, struct bytes raw, struct reg_data *data)
{
    struct buffer utf8 = BUFFER_INIT(2 * REGISTRY_VALUE_BYTES);
    bool ok = false;

    if (type == HEX_DWORD) {
        if (raw.len != 4) {
            return malformed(r, "a number is not four bytes");
        }
        data->type = REGISTRY_NUMBER;
        data->number = (uint32_t)raw.data[3] << 24 | (uint32_t)raw.data[2] << 16
                       | (uint32_t)raw.data[1] << 8 | raw.data[0];
        return true;
    }
    data->type = type == HEX_MULTI_SZ ? REGISTRY_LIST : REGISTRY_TEXT;
    if (!utf16_append_utf8(raw, true, &utf8, r->err)) goto out;
    if (type == HEX_MULTI_SZ) {
        ok = list_to_lines(buffer_bytes(&utf8), &data->text, r->err);
    } else {
        ok = buffer_append_text(&data->text, buffer_text(&utf8), r->err); /* to the first NUL */
    }
out:
    buffer_clear(&utf8);
    return ok || error_context(r->err, "line %zu", r->line);
}

static bool read_hex_type(struct reg_reader *r, uint32_t *type)
{
    return read_hex_number(r, type) && (take(r, ")") || malformed(r, "a type is not closed"));
}

/* Behind "hex": "(7):53,00,..." or ":01,02,..." */
static bool read_hex(struct reg_reader *r, struct reg_data *data)
{
    struct buffer raw = BUFFER_INIT(REGISTRY_VALUE_BYTES);
    uint32_t type = HEX_BINARY;
    bool decoded = false;
    bool ok = false;

    if (take(r, "(") && !read_hex_type(r, &type)) goto out;
    if (!take(r, ":")) {
        malformed(r, "no \":\" behind hex");
        goto out;
    }
    decoded =
        r->is_wanted
        && (type == HEX_SZ || type == HEX_EXPAND_SZ || type == HEX_DWORD || type == HEX_MULTI_SZ);
    data->type = REGISTRY_OTHER;
    if (!read_hex_bytes(r, decoded ? &raw : NULL)) goto out;
    ok = !decoded || decode_hex(r, type, buffer_bytes(&raw), data);
out:
    buffer_clear(&raw);
    return ok;
}

static bool read_data(struct reg_reader *r, struct reg_data *data)
{
    if (take(r, "\"")) {
        data->type = REGISTRY_TEXT;
        return read_quoted(r, &data->text);
    }
    if (take(r, "dword:")) {
        data->type = REGISTRY_NUMBER;
        return read_hex_number(r, &data->number);
    }
    if (take(r, "hex")) {
        return read_hex(r, data);
    }
    if (peek(r) == '-') {
        return malformed(r, "the file removes a value; it is no export");
    }
    return malformed(r, "a value is none of \"text\", dword:, hex: and hex(N):");
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool read_value(struct reg_reader *r)
{
    struct buffer name = BUFFER_INIT(NAME_BYTES);
    struct reg_data data = { .type = REGISTRY_OTHER,
                             .text = BUFFER_INIT(2 * REGISTRY_VALUE_BYTES) };
    struct registry_value value = { 0 };
    bool ok = false;

    if (!r->in_key) {
        malformed(r, "a value stands before the first key");
        goto out;
    }
    if (!take(r, "@") && (!take(r, "\"") || !read_quoted(r, &name))) goto out;
    skip_blanks(r);
    if (!take(r, "=")) {
        malformed(r, "no \"=\" behind a name");
        goto out;
    }
    skip_blanks(r);
    if (!read_data(r, &data) || !end_line(r)) goto out;
    if (r->is_wanted) {
        value.key = buffer_text(&r->key);
        value.name = buffer_text(&name);
        value.type = data.type;
        value.text = buffer_text(&data.text);
        value.number = data.number;
        if (++r->values > REGISTRY_WALK_VALUES) {
            malformed(r, "too many values below the key");
            goto out;
        }
        if (!r->visit(r->context, &value, r->err)) goto out;
    }
    ok = true;
out:
    buffer_clear(&name);
    buffer_clear(&data.text);
    return ok;
}

/* "SOFTWARE\Wanted\Below" with wanted "SOFTWARE\Wanted" gives "Below". */
static bool enter_key(struct reg_reader *r, const char *path)
{
    const char *below = path + strlen(HIVE);

    r->in_key = true;
    r->is_wanted = false;
    buffer_reset(&r->key);
    if (!text_starts_nocase(path, HIVE) || !text_starts_nocase(below, r->wanted)) {
        return true;
    }
    below += strlen(r->wanted);
    if (below[0] != '\0' && below[0] != '\\') {
        return true;
    }
    r->is_wanted = true;
    *r->found = true;
    return buffer_append_text(&r->key, below[0] == '\\' ? below + 1 : "", r->err);
}

/* Behind the "[": a key's name may hold "]", so the line's last one closes it. */
static bool read_key(struct reg_reader *r)
{
    struct buffer path = BUFFER_INIT(KEY_BYTES);
    size_t start = r->at;
    size_t end;
    bool ok = false;

    if (peek(r) == '-') {
        return malformed(r, "the file removes a key; it is no export");
    }
    while (!at_line_end(r)) {
        r->at++;
    }
    end = r->at;
    while (end > start && r->text.data[end - 1] != ']') {
        if (r->text.data[end - 1] != ' ' && r->text.data[end - 1] != '\t') {
            return malformed(r, "something stands behind a key");
        }
        end--;
    }
    if (end == start) {
        return malformed(r, "a key is not closed by \"]\"");
    }
    if (!buffer_append(&path, r->text.data + start, end - 1 - start, r->err)) {
        error_context(r->err, "line %zu", r->line);
        goto out;
    }
    ok = enter_key(r, buffer_text(&path)) && end_line(r);
out:
    buffer_clear(&path);
    return ok;
}

static bool read_line(struct reg_reader *r)
{
    skip_blanks(r);
    if (take(r, "[")) {
        return read_key(r);
    }
    if (peek(r) == ';') {
        while (!at_line_end(r)) {
            r->at++;
        }
        return end_line(r);
    }
    if (at_line_end(r)) {
        return end_line(r);
    }
    if (peek(r) == '@' || peek(r) == '"') {
        return read_value(r);
    }
    return malformed(r, "neither a key nor a value");
}

/* ---- the file -------------------------------------------------------------------------------- */

/* A view of the file, or of `converted`. */
static bool to_utf8(struct bytes file, struct buffer *converted, struct bytes *out,
                    struct error *err)
{
    const uint8_t *d = file.data;

    if (file.len >= 2 && ((d[0] == 0xff && d[1] == 0xfe) || (d[0] == 0xfe && d[1] == 0xff))) {
        if (!utf16_append_utf8(bytes_of(d + 2, file.len - 2), d[0] == 0xff, converted, err)) {
            return false;
        }
        file = buffer_bytes(converted);
    } else if (file.len >= 3 && memcmp(d, "\xef\xbb\xbf", 3) == 0) {
        file = bytes_of(d + 3, file.len - 3);
    }
    if (!text_utf8_valid(file)) {
        return error_set(err, REASON_SYNTAX,
                         "neither UTF-16 with a byte order mark nor UTF-8; write the file with "
                         "\"reg export\"");
    }
    *out = file;
    return true;
}

bool reg_file_walk(struct bytes file, const char *key, registry_visit *visit, void *context,
                   bool *found, struct error *err)
{
    struct buffer converted = BUFFER_INIT(2 * REG_FILE_BYTES_MAX);
    struct reg_reader r = {
        .line = 1,
        .wanted = key,
        .visit = visit,
        .context = context,
        .found = found,
        .key = BUFFER_INIT(KEY_BYTES),
        .err = err,
    };
    bool ok = false;

    *found = false;
    if (file.len > REG_FILE_BYTES_MAX) {
        error_set(err, REASON_LIMIT, "the file has more than %u bytes", REG_FILE_BYTES_MAX);
        goto out;
    }
    if (!to_utf8(file, &converted, &r.text, err)) goto out;
    if (!take(&r, HEADER) || !at_line_end(&r)) {
        malformed(&r, "not \"" HEADER "\"; write the file with \"reg export\"");
        goto out;
    }
    ok = end_line(&r);
    while (ok && peek(&r) != -1) {
        ok = read_line(&r);
    }
out:
    buffer_clear(&converted);
    buffer_clear(&r.key);
    return ok;
}
