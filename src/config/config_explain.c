/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_explain.h"

#include <string.h>

#include "base/text.h"
#include "config/config_value.h"

#define WRAP_COLUMN 76u /* a Windows console has 80 columns */
#define LABEL_COLUMN 14u

static const char *scope_file(enum config_scope scope)
{
    return scope == CONFIG_SCOPE_SERVICE ? "openndes.json" : "templates/NAME.json";
}

/* "    Label:    text", broken between words and indented under the text's first letter. */
static bool append_field(const char *label, const char *text, struct buffer *out, struct error *err)
{
    struct bytes words = bytes_of_text(text);
    struct bytes word;
    size_t pos = 0;
    size_t column = 0;

    if (!buffer_printf(out, err, "    %-10s", label)) {
        return false;
    }
    column = LABEL_COLUMN;
    while (text_next_item(words, ' ', &pos, &word)) {
        bool first = column == LABEL_COLUMN;

        if (!first && column + 1 + word.len > WRAP_COLUMN) {
            if (!buffer_printf(out, err, "\n%*s", (int)LABEL_COLUMN, "")) {
                return false;
            }
            column = LABEL_COLUMN;
            first = true;
        }
        if ((!first && !buffer_append_byte(out, ' ', err))
            || !buffer_append_bytes(out, word, err)) {
            return false;
        }
        column += word.len + (first ? 0 : 1);
    }
    return buffer_append_byte(out, '\n', err);
}

bool config_explain_key(enum config_scope scope, const struct config_key *key, struct buffer *out,
                        struct error *err)
{
    struct buffer type = BUFFER_INIT(4096);
    struct buffer standard = BUFFER_INIT(4096);
    bool ok = false;

    /* a break is possible behind each comma of a long list */
    for (const char *p = key->default_text; *p != '\0'; p++) {
        if (!buffer_append_byte(&standard, (uint8_t)*p, err)
            || (*p == ',' && key->type == CONFIG_TYPE_LIST
                && !buffer_append_byte(&standard, ' ', err))) {
            goto out;
        }
    }
    if (!config_value_describe(key, &type, err)
        || !buffer_printf(out, err, "%s%s\n", key->name,
                          key->internal ? "  (internal: written by commands)" : "")
        || !append_field("In:", scope_file(scope), out, err)
        || !append_field("Value:", buffer_text(&type), out, err)
        || !append_field("Default:", standard.len == 0 ? "(empty)" : buffer_text(&standard), out,
                         err)
        || !append_field("Meaning:", key->help, out, err) || !buffer_append_byte(out, '\n', err)) {
        goto out;
    }
    ok = true;
out:
    buffer_clear(&type);
    buffer_clear(&standard);
    return ok;
}

/* Length of the part before the first dot; 0 for a key that is in no group. */
static size_t group_len(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot != NULL ? (size_t)(dot - name) : 0;
}

bool config_explain_all(enum config_scope scope, struct buffer *out, struct error *err)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);
    const char *last = "";

    if (!buffer_printf(out, err, "=== %s: %s ===\n\n",
                       scope == CONFIG_SCOPE_SERVICE ? "Settings of the service"
                                                     : "Settings of a template",
                       scope_file(scope))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len = group_len(keys[i].name);

        if (len > 0 && (len != group_len(last) || strncmp(keys[i].name, last, len) != 0)
            && !buffer_printf(out, err, "--- %.*s ---\n\n", (int)len, keys[i].name)) {
            return false;
        }
        last = keys[i].name;
        if (!config_explain_key(scope, &keys[i], out, err)) {
            return false;
        }
    }
    return true;
}

/* Text inside a table cell: '|' would end the cell, '<' and '*' would be markup. */
static bool append_cell(const char *text, struct buffer *out, struct error *err)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((strchr("|<*_\\", *p) != NULL && !buffer_append_byte(out, '\\', err))
            || !buffer_append_byte(out, (uint8_t)*p, err)) {
            return false;
        }
    }
    return true;
}

static bool append_row(const struct config_key *key, struct buffer *out, struct error *err)
{
    struct buffer type = BUFFER_INIT(4096);
    bool ok =
        config_value_describe(key, &type, err) && buffer_printf(out, err, "| `%s` | ", key->name)
        && append_cell(buffer_text(&type), out, err)
        && (key->default_text[0] == '\0' ? buffer_append_text(out, " | (empty) | ", err)
                                         : buffer_printf(out, err, " | `%s` | ", key->default_text))
        && append_cell(key->help, out, err)
        && buffer_append_text(out, key->internal ? " Internal. |\n" : " |\n", err);

    buffer_clear(&type);
    return ok;
}

bool config_explain_markdown(enum config_scope scope, struct buffer *out, struct error *err)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);

    if (!buffer_printf(
            out, err, "### %s\n\n| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n",
            scope == CONFIG_SCOPE_SERVICE ? "Settings of the service: `openndes.json`"
                                          : "Settings of a template: `templates/NAME.json`")) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!append_row(&keys[i], out, err)) {
            return false;
        }
    }
    return true;
}
