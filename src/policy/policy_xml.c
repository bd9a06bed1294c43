/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_xml.h"

#include <string.h>

#define NAME_SHOWN 64 /* bytes of an element's name in a message */

bool policy_xml_is(const struct xml_node *node, const char *name)
{
    return strcmp(xml_node_name(node), name) == 0;
}

bool policy_xml_text(const struct xml_node *node, struct buffer *out, struct error *err)
{
    const struct xml_node *child = xml_node_child(node);

    if (child != NULL) {
        return error_set(err, REASON_POLICY_FORMAT, "line %zu: <%.*s> inside the text of <%.*s>",
                         xml_node_line(child), NAME_SHOWN, xml_node_name(child), NAME_SHOWN,
                         xml_node_name(node));
    }
    return xml_node_text(node, out, err)
           || error_context(err, "line %zu: <%.*s>", xml_node_line(node), NAME_SHOWN,
                            xml_node_name(node));
}

bool policy_xml_child(const struct xml_node *node, const char *name, const struct xml_node **child,
                      struct error *err)
{
    const struct xml_node *found = NULL;

    for (const struct xml_node *n = xml_node_child(node); n != NULL; n = xml_node_next(n)) {
        if (!policy_xml_is(n, name)) {
            continue;
        }
        if (found != NULL) {
            return error_set(err, REASON_POLICY_FORMAT, "line %zu: a second <%s>, after line %zu",
                             xml_node_line(n), name, xml_node_line(found));
        }
        found = n;
    }
    *child = found;
    return true;
}
