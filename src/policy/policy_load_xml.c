/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text is looked at before it is parsed, for three things a parser would refuse: the document
 * type declaration that every property list of Apple begins with, several elements side by side,
 * and UTF-16. What is changed is blanked, never cut, so that line numbers stay those of the file.
 */
#include <string.h>

#include "base/text.h"
#include "base/utf16.h"
#include "policy/policy_load.h"
#include "policy/policy_xml.h"

#define NAME_BYTES 64u
#define WRAPPER_BEGIN "<nodes>"
#define WRAPPER_END "</nodes>"

/* A place in a text. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static bool looks_at(const struct cursor *c, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(c->end - c->at) >= len && memcmp(c->at, text, len) == 0;
}

static bool skip_text(struct cursor *c, const char *text)
{
    if (!looks_at(c, text)) {
        return false;
    }
    c->at += strlen(text);
    return true;
}

static bool skip_spaces(struct cursor *c)
{
    const uint8_t *start = c->at;

    while (c->at < c->end
           && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n')) {
        c->at++;
    }
    return c->at > start;
}

/* Past the next `text`; false when there is none, then the cursor stays. */
static bool skip_past(struct cursor *c, const char *text)
{
    struct cursor ahead = *c;

    for (; ahead.at < ahead.end; ahead.at++) {
        if (skip_text(&ahead, text)) {
            *c = ahead;
            return true;
        }
    }
    return false;
}

/* "value" or 'value', exactly one of these. */
static bool skip_quoted(struct cursor *c, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cursor ahead = *c;
        char quote[2] = { ahead.at < ahead.end ? (char)*ahead.at : '\0', '\0' };

        if ((quote[0] == '"' || quote[0] == '\'') && skip_text(&ahead, quote)
            && skip_text(&ahead, values[i]) && skip_text(&ahead, quote)) {
            *c = ahead;
            return true;
        }
    }
    return false;
}

/* ---- the prolog ------------------------------------------------------------------------------ */

/*
 * Apple's own declaration, with these identifiers and nothing between brackets: it defines no
 * entity, and nobody fetches it. Every other one is left for the parser to refuse.
 */
static bool skip_apple_doctype(struct cursor *c)
{
    static const char *const public_ids[] = { "-//Apple//DTD PLIST 1.0//EN",
                                              "-//Apple Computer//DTD PLIST 1.0//EN" };
    static const char *const system_ids[] = { "http://www.apple.com/DTDs/PropertyList-1.0.dtd",
                                              "https://www.apple.com/DTDs/PropertyList-1.0.dtd" };
    struct cursor ahead = *c;

    if (!skip_text(&ahead, "<!DOCTYPE") || !skip_spaces(&ahead) || !skip_text(&ahead, "plist")
        || !skip_spaces(&ahead) || !skip_text(&ahead, "PUBLIC") || !skip_spaces(&ahead)
        || !skip_quoted(&ahead, public_ids, 2) || !skip_spaces(&ahead)
        || !skip_quoted(&ahead, system_ids, 2)) {
        return false;
    }
    (void)skip_spaces(&ahead);
    if (!skip_text(&ahead, ">")) {
        return false;
    }
    *c = ahead;
    return true;
}

/* Spaces instead of everything but line ends. */
static void blank(struct buffer *text, const uint8_t *from, const uint8_t *to)
{
    for (size_t i = (size_t)(from - text->data); i < (size_t)(to - text->data); i++) {
        if (text->data[i] != '\n' && text->data[i] != '\r') {
            text->data[i] = ' ';
        }
    }
}

static bool is_ascii(const struct buffer *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/*
 * The encoding that <?xml ...?> names. The text is UTF-8 by now; a file that says it is something
 * else and has letters beyond ASCII would be misread. UTF-16 is what exports say that were written
 * as UTF-8 afterwards.
 */
static bool check_encoding(const struct cursor *declaration, const struct buffer *text,
                           struct error *err)
{
    static const char *const fine[] = { "utf-8", "utf8", "utf-16", "us-ascii" };
    struct cursor c = *declaration;
    const uint8_t *start = NULL;
    char name[NAME_BYTES];
    char shown[NAME_BYTES];

    if (!skip_past(&c, "encoding")) {
        return true;
    }
    (void)skip_spaces(&c);
    (void)skip_text(&c, "=");
    (void)skip_spaces(&c);
    if (c.at == c.end) {
        return true; /* the parser complains */
    }
    start = ++c.at;
    while (c.at < c.end && *c.at != '"' && *c.at != '\'') {
        c.at++;
    }
    (void)!text_format(name, sizeof(name), "%.*s", (int)(c.at - start), (const char *)start);
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        if (text_equal_nocase(name, fine[i])) {
            return true;
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(name));
    /* ASCII is the same in all of them but in those that shift with ASCII's characters */
    return (is_ascii(text) && !text_starts_nocase(name, "utf-7") && !text_starts_nocase(name, "hz"))
           || error_set(err, REASON_POLICY_FORMAT,
                        "line 1: the encoding is %s; save the file as UTF-8", shown);
}

/* "<?xml" and white space; "<?xml-stylesheet" is none. */
static bool looks_at_declaration(const struct cursor *c)
{
    struct cursor ahead = *c;

    return skip_text(&ahead, "<?xml") && skip_spaces(&ahead);
}

/* The local name of the first element; "" when there is none. Blanks what stands before it where
 * it has to. */
static bool read_prolog(struct buffer *text, char root[NAME_BYTES], struct cursor *declaration,
                        struct error *err)
{
    struct cursor c = { text->data, text->data + text->len };
    const uint8_t *start = NULL;
    const uint8_t *colon = NULL;

    root[0] = '\0';
    *declaration = (struct cursor){ c.at, c.at };
    (void)skip_spaces(&c);
    if (looks_at_declaration(&c)) {
        declaration->at = c.at;
        (void)skip_past(&c, "?>");
        declaration->end = c.at;
        if (!check_encoding(declaration, text, err)) {
            return false;
        }
    }
    for (;;) {
        (void)skip_spaces(&c);
        start = c.at;
        if (looks_at(&c, "<!--") ? skip_past(&c, "-->")
                                 : looks_at(&c, "<?") && skip_past(&c, "?>")) {
            continue;
        }
        if (!skip_apple_doctype(&c)) {
            break;
        }
        blank(text, start, c.at);
    }
    if (!skip_text(&c, "<")) {
        return true;
    }
    start = c.at;
    while (c.at < c.end && strchr(" \t\r\n/>", *c.at) == NULL) {
        if (*c.at == ':' && colon == NULL) {
            colon = c.at;
        }
        c.at++;
    }
    start = colon == NULL ? start : colon + 1;
    (void)!text_format(root, NAME_BYTES, "%.*s", (int)(c.at - start), (const char *)start);
    return true;
}

/* ---- one root -------------------------------------------------------------------------------- */

/* What can stand in a file side by side, without anything around it. */
static bool may_have_siblings(const char *root)
{
    static const char *const names[] = { "SyncML", "SyncBody", "Atomic", "Sequence",
                                         "Add",    "Replace",  "Item" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(root, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * An element around everything. Nothing inside can end it early: what follows would be a second
 * root, and a document type declaration inside an element is an error.
 */
static bool wrap(struct buffer *text, const struct cursor *declaration, struct error *err)
{
    struct buffer wrapped = BUFFER_INIT(LIMIT_XML_BYTES);
    bool ok = false;

    blank(text, declaration->at, declaration->end);
    ok = buffer_append_text(&wrapped, WRAPPER_BEGIN, err)
         && buffer_append_bytes(&wrapped, buffer_bytes(text), err)
         && buffer_append_text(&wrapped, WRAPPER_END, err);
    if (ok) {
        buffer_move(text, &wrapped);
    }
    buffer_clear(&wrapped);
    return ok;
}

/* A copy in UTF-8 without byte order mark. */
static bool copy_as_utf8(struct bytes text, struct buffer *out, struct error *err)
{
    struct error cause = ERROR_INIT;
    const uint8_t *d = text.data;

    if (text.len >= 2 && ((d[0] == 0xff && d[1] == 0xfe) || (d[0] == 0xfe && d[1] == 0xff))) {
        return utf16_append_utf8(bytes_of(d + 2, text.len - 2), d[0] == 0xff, out, &cause)
               || error_set(err,
                            cause.reason == REASON_SYNTAX ? REASON_POLICY_FORMAT : cause.reason,
                            "%s", cause.detail);
    }
    if (text.len >= 3 && memcmp(d, "\xef\xbb\xbf", 3) == 0) {
        text = bytes_of(d + 3, text.len - 3);
    }
    return buffer_append_bytes(out, text, err);
}

/* Is there an item to set anywhere? The depth is bounded by the parser. */
static bool holds_items(const struct xml_node *node)
{
    if (policy_xml_is(node, "Item")) {
        return true;
    }
    for (const struct xml_node *n = xml_node_child(node); n != NULL; n = xml_node_next(n)) {
        if (holds_items(n)) {
            return true;
        }
    }
    return false;
}

/* wrapped: the root is ours, around SyncML. */
static bool load_root(const struct xml_node *root, bool wrapped, const char *file,
                      struct policy_set *out, struct error *err)
{
    char shown[NAME_BYTES];

    if (wrapped) {
        return policy_load_syncml(root, file, out, err);
    }
    if (policy_xml_is(root, "scepPolicy") || policy_xml_is(root, "scepPolicies")) {
        return policy_load_own_xml(root, file, out, err);
    }
    if (policy_xml_is(root, "plist") || policy_xml_is(root, "dict")
        || policy_xml_is(root, "array")) {
        return policy_load_plist(root, file, out, err);
    }
    if (policy_xml_is(root, "wap-provisioningdoc") || holds_items(root)) {
        return policy_load_syncml(root, file, out, err);
    }
    text_escape(shown, sizeof(shown), bytes_of_text(xml_node_name(root)));
    return error_set(err, REASON_POLICY_FORMAT,
                     "line %zu: <%s> is no policy; possible: SyncML, plist, wap-provisioningdoc, "
                     "scepPolicy, or SyncML's Add, Replace, Atomic, Item inside any element",
                     xml_node_line(root), shown);
}

bool policy_load_xml(struct bytes text, const char *file, struct policy_set *out, struct error *err)
{
    struct buffer copy = BUFFER_INIT(LIMIT_XML_BYTES);
    struct error cause = ERROR_INIT;
    struct cursor declaration = { NULL, NULL };
    struct xml_doc *doc = NULL;
    char root[NAME_BYTES] = "";
    bool wrapped = false;
    bool ok = false;

    if (text.len > LIMIT_POLICY_BYTES) {
        return error_set(err, REASON_LIMIT, "more than %u bytes", LIMIT_POLICY_BYTES);
    }
    if (text.len == 0) {
        return error_set(err, REASON_POLICY_FORMAT, "line 1: the file is empty");
    }
    if (!copy_as_utf8(text, &copy, err) || copy.len == 0
        || !read_prolog(&copy, root, &declaration, err)) {
        goto out;
    }
    wrapped = may_have_siblings(root);
    if (wrapped && !wrap(&copy, &declaration, err)) {
        goto out;
    }
    doc = xml_doc_parse(buffer_bytes(&copy), LIMIT_XML_BYTES, LIMIT_XML_DEPTH, &cause);
    if (doc == NULL) {
        (void)error_set(err, cause.reason == REASON_SYNTAX ? REASON_POLICY_FORMAT : cause.reason,
                        "%s", cause.detail);
        goto out;
    }
    ok = load_root(xml_doc_root(doc), wrapped, file, out, err);
out:
    if (!ok && !error_is_set(err)) {
        (void)error_set(err, REASON_POLICY_FORMAT, "line 1: the file is empty");
    }
    xml_doc_free(doc);
    buffer_clear(&copy);
    return ok;
}
