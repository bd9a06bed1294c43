/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the loaders of all XML languages share: names, leaf texts, messages with a line.
 * Not here: parsing (base/xml.h), what elements mean (policy_load_*.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     XML 1.0.
 */
#ifndef OPENNDES_POLICY_POLICY_XML_H
#define OPENNDES_POLICY_POLICY_XML_H

#include "base/xml.h"

/* Local name, exactly; namespaces do not count. */
bool policy_xml_is(const struct xml_node *node, const char *name);

/*
 * Append the text of an element that must hold nothing but text. Comments and processing
 * instructions in it do not count: what stands on both sides of one is a single text.
 * Errors: REASON_POLICY_FORMAT (an element inside), REASON_LIMIT, both with the line.
 */
MUST_USE bool policy_xml_text(const struct xml_node *node, struct buffer *out, struct error *err);

/*
 * The one child with this name, or NULL. Errors: REASON_POLICY_FORMAT when there are two: readers
 * would differ on which of them counts.
 */
MUST_USE bool policy_xml_child(const struct xml_node *node, const char *name,
                               const struct xml_node **child, struct error *err);

#endif
