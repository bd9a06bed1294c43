/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_known_read.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/utf16.h"

#define FIELDS_MAX 256u /* of one line; exports of MDM products have some dozens */
#define JSON_DEPTH 8u   /* unknown members may hold something */
#define COLUMN_NONE POLICY_KNOWN_COLUMNS

/* ---- CSV ------------------------------------------------------------------------------------- */

struct csv {
    struct policy_known_table *table;
    struct bytes text;
    size_t pos;
    size_t line;                /* of pos */
    size_t row_line;            /* where the row began */
    char separator;             /* 0: not known before the header */
    size_t fields;              /* of the header */
    uint8_t column[FIELDS_MAX]; /* of each field; COLUMN_NONE: passed over */
    struct buffer field;
};

static bool at_line_end(const struct csv *c)
{
    return c->pos >= c->text.len || c->text.data[c->pos] == '\n' || c->text.data[c->pos] == '\r';
}

/* Past \n, \r\n or \r. */
static void skip_line_end(struct csv *c)
{
    if (c->pos < c->text.len && c->text.data[c->pos] == '\r') {
        c->pos++;
        if (c->pos < c->text.len && c->text.data[c->pos] == '\n') {
            c->pos++;
        }
    } else if (c->pos < c->text.len) {
        c->pos++;
    }
    c->line++;
}

/* The separator is the first of the possible ones that stands in the header outside quotes. */
static char find_separator(const struct csv *c)
{
    bool quoted = false;

    for (size_t i = c->pos; i < c->text.len; i++) {
        char ch = (char)c->text.data[i];

        if (ch == '"') {
            quoted = !quoted;
        } else if (!quoted && (ch == ',' || ch == ';' || ch == '\t')) {
            return ch;
        } else if (!quoted && (ch == '\n' || ch == '\r')) {
            break;
        }
    }
    return ',';
}

/* The inside of a quoted field; pos is behind the opening quote. */
static bool read_quoted(struct csv *c, struct error *err)
{
    size_t begin = c->line;

    while (c->pos < c->text.len) {
        uint8_t ch = c->text.data[c->pos++];

        if (ch == '"') {
            if (c->pos < c->text.len && c->text.data[c->pos] == '"') {
                c->pos++;
            } else {
                return true;
            }
        }
        c->line += ch == '\n';
        if (!buffer_append_byte(&c->field, ch, err)) {
            return error_context(err, "line %zu", begin);
        }
    }
    return error_set(err, REASON_KNOWN_LIST, "line %zu: a quote that never ends", begin);
}

/* One field into c->field; pos is at a separator or a line's end then. */
static bool read_field(struct csv *c, struct error *err)
{
    size_t start = c->pos;

    buffer_reset(&c->field);
    if (c->pos < c->text.len && c->text.data[c->pos] == '"') {
        c->pos++;
        if (!read_quoted(c, err)) {
            return false;
        }
        if (!at_line_end(c) && (char)c->text.data[c->pos] != c->separator) {
            return error_set(err, REASON_KNOWN_LIST, "line %zu: text behind a closing quote",
                             c->line);
        }
        return true;
    }
    while (!at_line_end(c) && (char)c->text.data[c->pos] != c->separator) {
        if (c->text.data[c->pos] == '"') {
            return error_set(err, REASON_KNOWN_LIST,
                             "line %zu: a quote inside a field that does not begin with one",
                             c->line);
        }
        c->pos++;
    }
    return buffer_append(&c->field, c->text.data + start, c->pos - start, err)
           || error_context(err, "line %zu", c->line);
}

/* The header names a column, or something we pass over. */
static bool take_header_field(struct csv *c, size_t index, struct error *err)
{
    size_t column = COLUMN_NONE;

    if (index >= FIELDS_MAX) {
        return error_set(err, REASON_KNOWN_LIST, "line %zu: more than %u columns", c->row_line,
                         FIELDS_MAX);
    }
    (void)policy_known_column(text_trim(buffer_bytes(&c->field)), &column);
    c->column[index] = (uint8_t)column;
    if (column != COLUMN_NONE) {
        if (c->table->has[column]) {
            return error_set(err, REASON_KNOWN_LIST, "line %zu: the column %s twice", c->row_line,
                             policy_known_column_name(column));
        }
        c->table->has[column] = true;
    }
    c->fields = index + 1;
    return true;
}

static bool take_field(struct csv *c, size_t index, struct error *err)
{
    if (index >= c->fields) {
        return error_set(err, REASON_KNOWN_LIST, "line %zu: more fields than the header's %zu",
                         c->row_line, c->fields);
    }
    return c->column[index] == COLUMN_NONE
           || policy_known_table_cell(c->table, c->column[index], buffer_bytes(&c->field), err)
           || error_context(err, "line %zu", c->row_line);
}

/* One line, which may go over several inside quotes. */
static bool read_row(struct csv *c, bool header, struct error *err)
{
    size_t index = 0;

    c->row_line = c->line;
    if (!header && !policy_known_table_row(c->table, err)) {
        return error_context(err, "line %zu", c->row_line);
    }
    for (;; c->pos++) { /* over the separator */
        if (!read_field(c, err)
            || !(header ? take_header_field(c, index, err) : take_field(c, index, err))) {
            return false;
        }
        index++;
        if (at_line_end(c)) {
            break;
        }
    }
    skip_line_end(c);
    return header || index == c->fields
           || error_set(err, REASON_KNOWN_LIST, "line %zu: %zu fields where the header has %zu",
                        c->row_line, index, c->fields);
}

static bool has_columns(const struct policy_known_table *table)
{
    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        if (table->has[i]) {
            return true;
        }
    }
    return false;
}

static bool refuse_columns(struct error *err, const char *place)
{
    return error_set(err, REASON_KNOWN_LIST,
                     "%s: none of the columns aadDeviceId, deviceId, serial, upn, email, userName, "
                     "sam, imei, meid, wifiMac, deviceName, fqdn, sid",
                     place);
}

static bool read_csv(struct policy_known_table *table, struct bytes text, struct error *err)
{
    struct csv c = { .table = table, .text = text, .line = 1 };
    bool ok = false;

    c.field.max = LIMIT_POLICY_TEXT * 4; /* of columns that are passed over as well */
    while (at_line_end(&c)) {            /* there is a byte that is no space: it ends */
        skip_line_end(&c);
    }
    c.separator = find_separator(&c);
    if (!read_row(&c, true, err)) {
        goto out;
    }
    if (!has_columns(table)) {
        (void)refuse_columns(err, "the first line");
        goto out;
    }
    while (c.pos < c.text.len) {
        if (at_line_end(&c)) { /* an empty line, as at the end of many files */
            skip_line_end(&c);
        } else if (!read_row(&c, false, err)) {
            goto out;
        }
    }
    ok = true;
out:
    if (!ok && err != NULL && err->reason == REASON_LIMIT) {
        err->reason = REASON_KNOWN_LIST;
    }
    buffer_clear(&c.field);
    return ok;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Which columns there are at all: an object may leave out what it does not know. */
static void note_columns(struct policy_known_table *table, const struct json *rows)
{
    for (size_t i = 0; i < json_value_count(rows); i++) {
        const struct json *row = json_value_at(rows, i);
        void *it = NULL;
        const char *key = NULL;
        struct json *value = NULL;
        size_t column = 0;

        while (json_value_kind(row) == JSON_KIND_OBJECT
               && json_value_next(row, &it, &key, &value)) {
            if (policy_known_column(bytes_of_text(key), &column)) {
                table->has[column] = true;
            }
        }
    }
}

/* A text, a number (IMEI), or null for an empty cell. */
static bool take_member(struct policy_known_table *table, size_t column, const struct json *value,
                        struct error *err)
{
    enum json_kind kind = json_value_kind(value);
    char digits[32];

    if (kind == JSON_KIND_NULL) {
        return true;
    }
    if (kind == JSON_KIND_TEXT) {
        return policy_known_table_cell(table, column, bytes_of_text(json_value_text(value)), err);
    }
    if (kind == JSON_KIND_INTEGER) {
        (void)!text_format(digits, sizeof(digits), "%" PRId64, json_value_integer(value));
        return policy_known_table_cell(table, column, bytes_of_text(digits), err);
    }
    return error_set(err, REASON_KNOWN_LIST, "%s: %s where a text should be",
                     policy_known_column_name(column), json_kind_name(kind));
}

static bool take_object(struct policy_known_table *table, const struct json *row, struct error *err)
{
    bool seen[POLICY_KNOWN_COLUMNS] = { false };
    void *it = NULL;
    const char *key = NULL;
    struct json *value = NULL;
    size_t column = 0;

    if (json_value_kind(row) != JSON_KIND_OBJECT) {
        return error_set(err, REASON_KNOWN_LIST, "%s where an object should be",
                         json_kind_name(json_value_kind(row)));
    }
    if (!policy_known_table_row(table, err)) {
        return false;
    }
    while (json_value_next(row, &it, &key, &value)) {
        if (!policy_known_column(bytes_of_text(key), &column)) {
            continue;
        }
        if (seen[column]) {
            return error_set(err, REASON_KNOWN_LIST, "%s twice", policy_known_column_name(column));
        }
        seen[column] = true;
        if (!take_member(table, column, value, err)) {
            return false;
        }
    }
    return true;
}

static bool read_json(struct policy_known_table *table, struct bytes text, struct error *err)
{
    struct error cause = ERROR_INIT;
    struct json *rows = json_value_parse(text, LIMIT_KNOWN_BYTES, JSON_DEPTH, &cause);
    bool ok = false;

    if (rows == NULL) {
        return error_set(err,
                         cause.reason == REASON_NO_MEMORY ? REASON_NO_MEMORY : REASON_KNOWN_LIST,
                         "%s", cause.detail);
    }
    if (json_value_kind(rows) != JSON_KIND_ARRAY) {
        (void)error_set(err, REASON_KNOWN_LIST, "line 1: %s where an array of objects should be",
                        json_kind_name(json_value_kind(rows)));
        goto out;
    }
    note_columns(table, rows);
    if (!has_columns(table) && json_value_count(rows) > 0) {
        (void)refuse_columns(err, "the objects");
        goto out;
    }
    for (size_t i = 0; i < json_value_count(rows); i++) {
        if (!take_object(table, json_value_at(rows, i), err)) {
            (void)error_context(err, "item %zu", i + 1);
            goto out;
        }
    }
    ok = true;
out:
    json_value_free(rows);
    return ok;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Spreadsheets save "Unicode text" as UTF-16; what is left must be UTF-8. */
static bool check_utf8(struct bytes text, struct error *err)
{
    size_t line = 1;
    uint32_t cp = 0;

    for (size_t pos = 0; pos < text.len;) {
        if (!text_next_utf8(text, &pos, &cp) || cp == 0) {
            return error_set(err, REASON_KNOWN_LIST,
                             "line %zu: not UTF-8 text; save the list as \"CSV UTF-8\"", line);
        }
        line += cp == '\n';
    }
    return true;
}

bool policy_known_read(struct policy_known_table *table, struct bytes text, struct error *err)
{
    struct buffer converted = BUFFER_INIT(LIMIT_KNOWN_BYTES);
    struct error cause = ERROR_INIT;
    const uint8_t *d = text.data;
    struct bytes start = { NULL, 0 };
    bool ok = false;

    if (text.len > LIMIT_KNOWN_BYTES) {
        return error_set(err, REASON_KNOWN_LIST, "more than %u bytes", LIMIT_KNOWN_BYTES);
    }
    if (text.len >= 2 && ((d[0] == 0xff && d[1] == 0xfe) || (d[0] == 0xfe && d[1] == 0xff))) {
        if (!utf16_append_utf8(bytes_of(d + 2, text.len - 2), d[0] == 0xff, &converted, &cause)) {
            (void)error_set(err, REASON_KNOWN_LIST, "%s", cause.detail);
            goto out;
        }
        text = buffer_bytes(&converted);
    } else if (text.len >= 3 && memcmp(d, "\xef\xbb\xbf", 3) == 0) {
        text = bytes_of(d + 3, text.len - 3);
    }
    start = text_trim(text);
    if (start.len == 0) {
        (void)error_set(err, REASON_KNOWN_LIST, "line 1: the list is empty");
        goto out;
    }
    ok = check_utf8(text, err)
         && (start.data[0] == '[' || start.data[0] == '{' ? read_json(table, text, err)
                                                          : read_csv(table, text, err));
out:
    buffer_clear(&converted);
    return ok;
}
