/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libxml2 gets UTF-8 only (UTF-16 is converted here, other encodings are refused), and its parser
 * is stopped at the first byte of a document type declaration: without one there are no entities to
 * expand and no external subset to fetch. That does not rest on parser options alone.
 */
#include "base/xml.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

#include "base/text.h"
#include "base/utf16.h"

struct xml_doc {
    xmlDoc *tree;
};

/* What our callbacks note while libxml2 parses; hangs on the parser's _private. */
struct xml_watch {
    size_t depth;
    size_t max_depth;
    int line; /* of the refusal */
    bool doctype;
    bool too_deep;
    bool too_many_names;
};

/* struct xml_node is xmlNode under another name. */
static const xmlNode *inner(const struct xml_node *node)
{
    return (const xmlNode *)node;
}

static const struct xml_node *outer(const xmlNode *node)
{
    return (const struct xml_node *)node;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* The document as UTF-8 without BOM: a view of text, or of `converted`. */
static bool to_utf8(struct bytes text, struct buffer *converted, struct bytes *out,
                    struct error *err)
{
    const uint8_t *d = text.data;
    size_t line = 1;
    uint32_t cp = 0;

    if (text.len >= 2 && ((d[0] == 0xff && d[1] == 0xfe) || (d[0] == 0xfe && d[1] == 0xff))) {
        if (!utf16_append_utf8(bytes_of(d + 2, text.len - 2), d[0] == 0xff, converted, err)) {
            return false;
        }
        text = buffer_bytes(converted);
    } else if (text.len >= 3 && memcmp(d, "\xef\xbb\xbf", 3) == 0) {
        text = bytes_of(d + 3, text.len - 3);
    }
    for (size_t pos = 0; pos < text.len;) {
        if (!text_next_utf8(text, &pos, &cp) || cp == 0) {
            return error_set(err, REASON_SYNTAX,
                             "line %zu: not UTF-8 text (nor UTF-16 with a byte order mark)", line);
        }
        line += cp == '\n';
    }
    *out = text;
    return true;
}

/* ---- what libxml2 takes hours for ----------------------------------------------------------- */

#define ATTRIBUTES_MAX 128u /* of one element; IIS has some dozens */
/* Different ones of elements, attributes and namespaces; IIS has some hundreds. libxml2's table of
 * names does not grow with them: megabytes of ever new names take it minutes. */
#define NAMES_MAX 20000

/* Where `what` begins, from a place on; text.len when it is not there. */
static size_t find(struct bytes text, size_t from, const char *what)
{
    size_t len = strlen(what);

    while (from + len <= text.len) {
        const uint8_t *at = memchr(text.data + from, what[0], text.len - from - len + 1);

        if (at == NULL) {
            break;
        }
        from = (size_t)(at - text.data);
        if (memcmp(at, what, len) == 0) {
            return from;
        }
        from++;
    }
    return text.len;
}

static bool stands_at(struct bytes text, size_t pos, const char *what)
{
    size_t len = strlen(what);

    return text.len - pos >= len && memcmp(text.data + pos, what, len) == 0;
}

static size_t line_of(struct bytes text, size_t pos)
{
    size_t line = 1;

    for (size_t i = 0; i < pos; i++) {
        line += text.data[i] == '\n';
    }
    return line;
}

/* Past a comment. XML allows no double hyphen inside one; libxml2 copies the comment so far into an
 * error for each of them. */
static bool skip_comment(struct bytes text, size_t *pos, struct error *err)
{
    *pos = find(text, *pos + strlen("<!--"), "--");
    return *pos == text.len || stands_at(text, *pos, "-->")
           || error_set(err, REASON_SYNTAX, "line %zu: -- inside a comment", line_of(text, *pos));
}

/* Past a tag. libxml2 compares each attribute with all before it. */
static bool skip_tag(struct bytes text, size_t *pos, struct error *err)
{
    size_t start = *pos;
    size_t attributes = 0;

    for (++*pos; *pos < text.len && text.data[*pos] != '>' && text.data[*pos] != '<'; ++*pos) {
        if (text.data[*pos] != '"' && text.data[*pos] != '\'') {
            continue;
        }
        if (++attributes > ATTRIBUTES_MAX) {
            return error_set(err, REASON_LIMIT, "line %zu: an element of more than %u attributes",
                             line_of(text, start), ATTRIBUTES_MAX);
        }
        *pos = find(text, *pos + 1, text.data[*pos] == '"' ? "\"" : "'");
        if (*pos == text.len) {
            break;
        }
    }
    return true;
}

/*
 * Refuse, in one pass, two things that cost libxml2 time by the square of their number. What else
 * is wrong is left to it.
 */
static bool check_markup(struct bytes text, struct error *err)
{
    bool ok = true;

    for (size_t pos = find(text, 0, "<"); pos < text.len && ok; pos = find(text, pos, "<")) {
        if (stands_at(text, pos, "<!--")) {
            ok = skip_comment(text, &pos, err);
        } else if (stands_at(text, pos, "<![CDATA[")) {
            pos = find(text, pos, "]]>");
        } else if (stands_at(text, pos, "<?")) {
            pos = find(text, pos, "?>");
        } else {
            ok = skip_tag(text, &pos, err);
        }
    }
    return ok;
}

/* ---- parsing --------------------------------------------------------------------------------- */

static void on_doctype(void *context, const xmlChar *name, const xmlChar *external_id,
                       const xmlChar *system_id)
{
    xmlParserCtxt *parser = context;
    struct xml_watch *watch = parser->_private;

    (void)name;
    (void)external_id;
    (void)system_id;
    watch->doctype = true;
    watch->line = xmlSAX2GetLineNumber(parser);
    xmlStopParser(parser);
}

static void on_element_start(void *context, const xmlChar *name, const xmlChar *prefix,
                             const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                             int attribute_count, int defaulted_count, const xmlChar **attributes)
{
    xmlParserCtxt *parser = context;
    struct xml_watch *watch = parser->_private;

    watch->depth++;
    watch->too_deep = watch->depth > watch->max_depth;
    watch->too_many_names = xmlDictSize(parser->dict) > NAMES_MAX;
    if (watch->too_deep || watch->too_many_names) {
        watch->line = xmlSAX2GetLineNumber(parser);
        xmlStopParser(parser);
        return;
    }
    xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces, attribute_count,
                          defaulted_count, attributes);
}

static void on_element_end(void *context, const xmlChar *name, const xmlChar *prefix,
                           const xmlChar *uri)
{
    xmlParserCtxt *parser = context;
    struct xml_watch *watch = parser->_private;

    watch->depth--;
    xmlSAX2EndElementNs(context, name, prefix, uri);
}

/*
 * A parser that goes on without a piece that found no room would hand over another document than
 * was sent: allocations of libxml2 that fail are counted, whichever thread's, and a document that
 * was read meanwhile is not taken.
 */
static atomic_uint failed_allocations;

static void *counted(void *memory, size_t size)
{
    if (memory == NULL && size > 0) {
        (void)atomic_fetch_add(&failed_allocations, 1);
    }
    return memory;
}

static void *counted_malloc(size_t size)
{
    return counted(malloc(size), size);
}

static void *counted_realloc(void *old, size_t size)
{
    return counted(realloc(old, size), size);
}

static char *counted_strdup(const char *text)
{
    return counted(text_dup(text), 1);
}

/* Before main, when nobody parses. */
__attribute__((constructor)) static void count_allocations(void)
{
    (void)xmlMemSetup(free, counted_malloc, counted_realloc, counted_strdup);
}

/* What libxml2 found wrong, with the line. */
static void set_syntax_error(xmlParserCtxt *parser, struct error *err)
{
    const xmlError *cause = xmlCtxtGetLastError(parser);
    char shown[256] = "";

    if (cause == NULL) {
        (void)error_set(err, REASON_SYNTAX, "line 1: not a well-formed XML document");
        return;
    }
    if (cause->code == XML_ERR_NO_MEMORY) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for XML");
        return;
    }
    if (cause->message != NULL) { /* ends in a line feed, may quote the document */
        text_escape_sentence(shown, sizeof(shown), text_trim(bytes_of_text(cause->message)));
    }
    (void)error_set(err, REASON_SYNTAX, "line %d: %s", cause->line > 0 ? cause->line : 1, shown);
}

static xmlDoc *parse_utf8(struct bytes text, struct xml_watch *watch, struct error *err)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING
                        | XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT;
    xmlParserCtxt *parser = xmlNewParserCtxt();
    unsigned failed_before = atomic_load(&failed_allocations);
    xmlDoc *tree = NULL;

    if (parser == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for XML");
        return NULL;
    }
    parser->_private = watch;
    parser->sax->internalSubset = on_doctype;
    parser->sax->startElementNs = on_element_start;
    parser->sax->endElementNs = on_element_end;
    tree =
        xmlCtxtReadMemory(parser, (const char *)text.data, (int)text.len, NULL, "UTF-8", options);
    if (atomic_load(&failed_allocations) != failed_before) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for XML");
    } else if (watch->doctype) {
        (void)error_set(err, REASON_SYNTAX,
                        "line %d: a document type declaration (<!DOCTYPE ...>) is not accepted; "
                        "remove it",
                        watch->line);
    } else if (watch->too_deep) {
        (void)error_set(err, REASON_LIMIT, "line %d: nested deeper than %zu levels", watch->line,
                        watch->max_depth);
    } else if (watch->too_many_names) {
        (void)error_set(err, REASON_LIMIT, "line %d: more than %d different names", watch->line,
                        NAMES_MAX);
    } else if (tree == NULL || !parser->wellFormed || !parser->nsWellFormed
               || xmlDocGetRootElement(tree) == NULL) {
        set_syntax_error(parser, err);
    }
    if (error_is_set(err) && tree != NULL) {
        xmlFreeDoc(tree);
        tree = NULL;
    }
    xmlFreeParserCtxt(parser);
    return tree;
}

void xml_start(void)
{
    xmlInitParser();
}

struct xml_doc *xml_doc_parse(struct bytes text, size_t max_bytes, size_t max_depth,
                              struct error *err)
{
    struct buffer converted = BUFFER_INIT(INT_MAX);
    struct xml_watch watch = { .max_depth = max_depth };
    struct bytes utf8 = { NULL, 0 };
    struct xml_doc *doc = NULL;
    struct error cause = ERROR_INIT;

    if (text.len > max_bytes || text.len > INT_MAX / 2) {
        (void)error_set(err, REASON_LIMIT, "more than %zu bytes", max_bytes);
        return NULL;
    }
    if (!to_utf8(text, &converted, &utf8, err) || !check_markup(utf8, err)) {
        goto out;
    }
    if (utf8.len == 0) {
        (void)error_set(err, REASON_SYNTAX, "line 1: the document is empty");
        goto out;
    }
    doc = calloc(1, sizeof(*doc));
    if (doc == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for XML");
        goto out;
    }
    doc->tree = parse_utf8(utf8, &watch, &cause);
    if (doc->tree == NULL) {
        (void)error_set(err, cause.reason, "%s", cause.detail);
        free(doc);
        doc = NULL;
    }
out:
    buffer_clear(&converted);
    return doc;
}

void xml_doc_free(struct xml_doc *doc)
{
    if (doc != NULL) {
        xmlFreeDoc(doc->tree);
        free(doc);
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

const struct xml_node *xml_doc_root(const struct xml_doc *doc)
{
    return outer(xmlDocGetRootElement(doc->tree));
}

const char *xml_node_name(const struct xml_node *node)
{
    return (const char *)inner(node)->name;
}

const char *xml_node_namespace(const struct xml_node *node)
{
    const xmlNode *n = inner(node);

    return n->ns != NULL && n->ns->href != NULL ? (const char *)n->ns->href : "";
}

size_t xml_node_line(const struct xml_node *node)
{
    long line = xmlGetLineNo(inner(node));

    return line > 0 ? (size_t)line : 0;
}

/* The first element from node on, among its siblings. */
static const struct xml_node *element_from(const xmlNode *node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return outer(node);
}

const struct xml_node *xml_node_child(const struct xml_node *node)
{
    return element_from(inner(node)->children);
}

const struct xml_node *xml_node_next(const struct xml_node *node)
{
    return element_from(inner(node)->next);
}

/* Append the texts in a list of nodes; on failure the buffer is as before. */
static bool append_texts(const xmlNode *list, struct buffer *out, struct error *err)
{
    size_t before = out->len;

    for (const xmlNode *n = list; n != NULL; n = n->next) {
        if ((n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) && n->content != NULL
            && !buffer_append_text(out, (const char *)n->content, err)) {
            out->len = before;
            if (out->data != NULL) {
                out->data[before] = 0;
            }
            return false;
        }
    }
    return true;
}

bool xml_node_text(const struct xml_node *node, struct buffer *out, struct error *err)
{
    return append_texts(inner(node)->children, out, err);
}

bool xml_node_attribute(const struct xml_node *node, const char *name, struct buffer *out,
                        bool *found, struct error *err)
{
    for (const xmlAttr *a = inner(node)->properties; a != NULL; a = a->next) {
        if (a->ns == NULL && strcmp((const char *)a->name, name) == 0) {
            *found = true;
            return append_texts(a->children, out, err);
        }
    }
    *found = false;
    return true;
}

const char *xml_node_attribute_name(const struct xml_node *node, size_t index,
                                    const char **namespace)
{
    const xmlAttr *a = inner(node)->properties;

    while (a != NULL && index > 0) {
        a = a->next;
        index--;
    }
    if (a == NULL) {
        *namespace = "";
        return NULL;
    }
    *namespace = a->ns != NULL && a->ns->href != NULL ? (const char *)a->ns->href : "";
    return (const char *)a->name;
}
