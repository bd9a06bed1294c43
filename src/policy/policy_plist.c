/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_plist.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/text.h"
#include "policy/policy_xml.h"

#define KEYS_MAX 2048u /* of one dictionary; a payload has some dozens */
#define KEY_BYTES_MAX 512u
#define NUMBER_BYTES_MAX 64u
#define DATA_TEXT_MAX 4096u /* base64 of a fingerprint, indented */

static const struct {
    const char *element;
    enum policy_plist_kind kind;
    const char *what;
} kinds[] = {
    { "string", POLICY_PLIST_STRING, "a <string>" },
    { "integer", POLICY_PLIST_INTEGER, "an <integer>" },
    { "true", POLICY_PLIST_BOOLEAN, "<true/> or <false/>" },
    { "false", POLICY_PLIST_BOOLEAN, "<true/> or <false/>" },
    { "data", POLICY_PLIST_DATA, "<data>" },
    { "array", POLICY_PLIST_ARRAY, "an <array>" },
    { "dict", POLICY_PLIST_DICT, "a <dict>" },
    { "real", POLICY_PLIST_OTHER, "a <real>" },
    { "date", POLICY_PLIST_OTHER, "a <date>" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool policy_plist_kind(const struct xml_node *value, enum policy_plist_kind *kind,
                       struct error *err)
{
    char shown[80];

    for (size_t i = 0; i < KINDS; i++) {
        if (policy_xml_is(value, kinds[i].element)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(xml_node_name(value)));
    return error_set(err, REASON_POLICY_FORMAT, "line %zu: <%s> is no value of a property list",
                     xml_node_line(value), shown);
}

bool policy_plist_expect(const struct xml_node *value, enum policy_plist_kind kind,
                         struct error *err)
{
    enum policy_plist_kind found = POLICY_PLIST_OTHER;
    const char *what = "";

    if (!policy_plist_kind(value, &found, err)) {
        return false;
    }
    for (size_t i = 0; i < KINDS && what[0] == '\0'; i++) {
        what = kinds[i].kind == kind ? kinds[i].what : "";
    }
    return found == kind
           || error_set(err, REASON_POLICY_VALUE, "line %zu: <%s> instead of %s",
                        xml_node_line(value), xml_node_name(value), what);
}

/* ---- dictionaries ---------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
    const struct policy_plist_entry *x = a;
    const struct policy_plist_entry *y = b;

    return strcmp(x->key, y->key);
}

static bool read_key(const struct xml_node *node, struct policy_plist_entry *out, struct error *err)
{
    struct buffer key = BUFFER_INIT(KEY_BYTES_MAX);
    bool ok = policy_xml_text(node, &key, err);

    if (ok) {
        out->key = text_dup(buffer_text(&key));
        ok = out->key != NULL || error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    buffer_clear(&key);
    return ok;
}

static bool check_keys(const struct policy_plist_dict *dict, struct error *err)
{
    char shown[80];

    for (size_t i = 1; i < dict->count; i++) {
        if (strcmp(dict->item[i - 1].key, dict->item[i].key) == 0) {
            text_escape(shown, sizeof(shown), bytes_of_text(dict->item[i].key));
            return error_set(
                err, REASON_POLICY_FORMAT, "lines %zu and %zu: the key \"%s\" twice in one <dict>",
                xml_node_line(dict->item[i - 1].value), xml_node_line(dict->item[i].value), shown);
        }
    }
    return true;
}

bool policy_plist_dict_read(const struct xml_node *node, struct policy_plist_dict *out,
                            struct error *err)
{
    const struct xml_node *n = xml_node_child(node);
    size_t children = 0;

    out->item = NULL;
    out->count = 0;
    for (const struct xml_node *c = n; c != NULL; c = xml_node_next(c)) {
        children++;
    }
    if (children / 2 > KEYS_MAX) {
        return error_set(err, REASON_LIMIT, "line %zu: a <dict> of more than %u keys",
                         xml_node_line(node), KEYS_MAX);
    }
    out->item = calloc(children / 2 + 1, sizeof(out->item[0]));
    if (out->item == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    while (n != NULL) {
        const struct xml_node *value = xml_node_next(n);
        struct policy_plist_entry *entry = &out->item[out->count];

        if (!policy_xml_is(n, "key") || value == NULL || policy_xml_is(value, "key")) {
            return error_set(err, REASON_POLICY_FORMAT,
                             "line %zu: a <dict> needs a <key> and a value in turns",
                             xml_node_line(n));
        }
        if (!read_key(n, entry, err)) {
            return false;
        }
        out->count++;
        entry->value = value;
        n = xml_node_next(value);
    }
    qsort(out->item, out->count, sizeof(out->item[0]), compare_entries);
    return check_keys(out, err);
}

void policy_plist_dict_clear(struct policy_plist_dict *dict)
{
    for (size_t i = 0; i < dict->count; i++) {
        free(dict->item[i].key);
    }
    free(dict->item);
    dict->item = NULL;
    dict->count = 0;
}

const struct xml_node *policy_plist_get(const struct policy_plist_dict *dict, const char *key)
{
    for (size_t i = 0; i < dict->count; i++) {
        if (strcmp(dict->item[i].key, key) == 0) {
            return dict->item[i].value;
        }
    }
    return NULL;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

bool policy_plist_string(const struct xml_node *value, struct buffer *out, struct error *err)
{
    return policy_plist_expect(value, POLICY_PLIST_STRING, err) && policy_xml_text(value, out, err);
}

bool policy_plist_data(const struct xml_node *value, struct buffer *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(DATA_TEXT_MAX);
    struct buffer packed = BUFFER_INIT(DATA_TEXT_MAX);
    bool ok =
        policy_plist_expect(value, POLICY_PLIST_DATA, err) && policy_xml_text(value, &text, err);

    for (size_t i = 0; i < text.len && ok; i++) {
        if (strchr(" \t\r\n", text.data[i]) == NULL) {
            ok = buffer_append_byte(&packed, text.data[i], err);
        }
    }
    if (ok && !base64_decode(buffer_bytes(&packed), BASE64_STRICT, out, NULL)) {
        ok = error_set(err, REASON_POLICY_VALUE, "line %zu: the <data> is no base64, or too long",
                       xml_node_line(value));
    }
    buffer_clear(&text);
    buffer_clear(&packed);
    return ok;
}

bool policy_plist_integer(const struct xml_node *value, uint64_t max, uint64_t *number,
                          struct error *err)
{
    struct buffer text = BUFFER_INIT(NUMBER_BYTES_MAX);
    char shown[80];
    bool ok =
        policy_plist_expect(value, POLICY_PLIST_INTEGER, err) && policy_xml_text(value, &text, err);

    if (ok && !text_parse_u64(text_trim(buffer_bytes(&text)), max, number)) {
        text_escape(shown, sizeof(shown), buffer_bytes(&text));
        ok = error_set(err, REASON_POLICY_VALUE, "line %zu: \"%s\" is no number from 0 to %llu",
                       xml_node_line(value), shown, (unsigned long long)max);
    }
    buffer_clear(&text);
    return ok;
}
