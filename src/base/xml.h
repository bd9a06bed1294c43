/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  our view of an XML document: no network, no DTD, no entities, bounded size and depth.
 * Not here: what elements mean (policy/).
 * Owns:     documents; nodes are borrowed from their document.
 * Threads:  a document belongs to one thread at a time.
 * Spec:     XML 1.0, Namespaces in XML 1.0.
 */
#ifndef OPENNDES_BASE_XML_H
#define OPENNDES_BASE_XML_H

#include "base/buffer.h"

struct xml_doc;
struct xml_node; /* an element */

/* Before the first thread that parses: libxml2 makes its global state without a lock. */
void xml_start(void);

/*
 * Parse a document (UTF-8, UTF-16 with BOM). A DOCTYPE of any form is refused.
 * Errors: REASON_SYNTAX with "line N", REASON_LIMIT, REASON_NO_MEMORY. Owned: xml_doc_free.
 */
struct xml_doc *xml_doc_parse(struct bytes text, size_t max_bytes, size_t max_depth,
                              struct error *err);
void xml_doc_free(struct xml_doc *doc);

const struct xml_node *xml_doc_root(const struct xml_doc *doc);
const char *xml_node_name(const struct xml_node *node);      /* local name */
const char *xml_node_namespace(const struct xml_node *node); /* URI or "" */
size_t xml_node_line(const struct xml_node *node);
/* First child element, next sibling element; NULL at the end. */
const struct xml_node *xml_node_child(const struct xml_node *node);
const struct xml_node *xml_node_next(const struct xml_node *node);
/* Append the text directly in this element (text and CDATA). */
MUST_USE bool xml_node_text(const struct xml_node *node, struct buffer *out, struct error *err);
/* Append an attribute's value (no namespace); *found tells whether it is there. */
MUST_USE bool xml_node_attribute(const struct xml_node *node, const char *name, struct buffer *out,
                                 bool *found, struct error *err);
/*
 * Local name of the attribute at an index, in document order; NULL behind the last one. *namespace
 * gets its URI or "". Declarations (xmlns) do not count.
 */
const char *xml_node_attribute_name(const struct xml_node *node, size_t index,
                                    const char **namespace);

#endif
