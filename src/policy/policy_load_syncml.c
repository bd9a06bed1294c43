/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SyncML as Windows gets it from an MDM server, and the older wap-provisioningdoc: both say the
 * same nodes of the same providers, once as paths and once as nested characteristics.
 */
#include <string.h>

#include "base/text.h"
#include "policy/policy_csp.h"
#include "policy/policy_load.h"
#include "policy/policy_xml.h"

#define PATH_BYTES 2048u
#define FORMAT_BYTES 64u
#define WAP_ROOT "wap-provisioningdoc"
#define WAP_PATH "./Vendor/MSFT"

/* One walk over a document. */
struct walk {
    struct policy_csp *csp;
    struct policy_set *out;
};

/* ---- SyncML ---------------------------------------------------------------------------------- */

/* Commands and answers that set nothing. */
static bool sets_nothing(const struct xml_node *node)
{
    static const char *const names[] = {
        "Alert", "Copy", "Delete",  "Exec",   "Get",    "Map",
        "Move",  "Put",  "Results", "Search", "Status", "SyncHdr"
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (policy_xml_is(node, names[i])) {
            return true;
        }
    }
    return false;
}

/* parent/outer/inner as text; *found is false when one of the two elements is missing. */
static bool nested_text(const struct xml_node *parent, const char *outer, const char *inner,
                        struct buffer *text, bool *found, struct error *err)
{
    const struct xml_node *step = NULL;
    const struct xml_node *leaf = NULL;

    *found = false;
    if (!policy_xml_child(parent, outer, &step, err)
        || (step != NULL && !policy_xml_child(step, inner, &leaf, err))) {
        return false;
    }
    *found = leaf != NULL;
    return leaf == NULL || policy_xml_text(leaf, text, err);
}

static bool misplaced(const struct xml_node *node, struct error *err)
{
    char shown[80];

    text_escape(shown, sizeof(shown), bytes_of_text(xml_node_name(node)));
    return error_set(err, REASON_POLICY_FORMAT,
                     "line %zu: a <%s> here; it would be passed over, and the rule with it",
                     xml_node_line(node), shown);
}

/* Values that are encoded would be compared as what they look like. */
static bool check_format(const struct xml_node *item, struct error *err)
{
    static const char *const possible[] = { "", "chr", "int", "null", "node" };
    struct buffer format = BUFFER_INIT(FORMAT_BYTES);
    struct bytes trimmed = { NULL, 0 };
    bool found = false;
    bool ok = nested_text(item, "Meta", "Format", &format, &found, err);

    if (ok) {
        trimmed = text_trim(buffer_bytes(&format));
        ok = false;
        for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]) && !ok; i++) {
            ok = bytes_equal(trimmed, bytes_of_text(possible[i]));
        }
        if (!ok) {
            (void)error_set(err, REASON_POLICY_VALUE,
                            "line %zu: a value's format is neither chr nor int",
                            xml_node_line(item));
        }
    }
    buffer_clear(&format);
    return ok;
}

static bool put_data(const struct walk *w, const struct xml_node *item,
                     const struct policy_csp_place *place, struct error *err)
{
    struct buffer data = BUFFER_INIT(4 * LIMIT_POLICY_TEXT); /* with indentation around it */
    const struct xml_node *node = NULL;
    bool ok = policy_xml_child(item, "Data", &node, err)
              && (node == NULL || policy_xml_text(node, &data, err)) && check_format(item, err)
              && policy_csp_put(w->csp, place, buffer_bytes(&data), err);

    buffer_clear(&data);
    return ok;
}

/* Nothing of an item is passed over: <data> or a nested item would be a value that gets lost. */
static bool check_item(const struct xml_node *item, struct error *err)
{
    static const char *const names[] = { "CmdID",        "Data",   "Meta",   "MoreData",
                                         "SourceParent", "Source", "Target", "TargetParent" };

    for (const struct xml_node *n = xml_node_child(item); n != NULL; n = xml_node_next(n)) {
        bool known = false;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !known; i++) {
            known = policy_xml_is(n, names[i]);
        }
        if (!known) {
            return misplaced(n, err);
        }
    }
    return true;
}

static bool read_item(const struct walk *w, const struct xml_node *item, struct error *err)
{
    struct buffer path = BUFFER_INIT(PATH_BYTES);
    struct policy_csp_place place = { POLICY_CSP_PASS_OVER, 0, 0, 0 };
    const struct xml_node *source = NULL;
    char text[PATH_BYTES + 1];
    struct bytes trimmed = { NULL, 0 };
    bool found = false;
    bool ok = check_item(item, err) && nested_text(item, "Target", "LocURI", &path, &found, err)
              && policy_xml_child(item, "Source", &source, err);

    if (ok && !found && source == NULL) {
        ok = error_set(err, REASON_POLICY_FORMAT,
                       "line %zu: an <Item> without <Target><LocURI>: which node is it?",
                       xml_node_line(item));
    }
    if (ok && found) {
        trimmed = text_trim(buffer_bytes(&path));
        /* no NUL in XML, and the buffer's limit is that of `text` */
        (void)!text_format(text, sizeof(text), "%.*s", (int)trimmed.len,
                           (const char *)trimmed.data);
        ok = policy_csp_find(w->csp, text, xml_node_line(item), w->out, &place, err)
             && (place.want == POLICY_CSP_PASS_OVER || put_data(w, item, &place, err));
    }
    buffer_clear(&path);
    return ok;
}

/* Add, Replace and bare items, in whatever they are wrapped. The depth is bounded by the parser. */
static bool walk_syncml(const struct walk *w, const struct xml_node *node, struct error *err)
{
    if (sets_nothing(node)) {
        return true;
    }
    if (policy_xml_is(node, "Item")) {
        return read_item(w, node, err);
    }
    if (text_equal_nocase(xml_node_name(node), "LocURI")) {
        return misplaced(node, err); /* of no <Item> */
    }
    for (const struct xml_node *n = xml_node_child(node); n != NULL; n = xml_node_next(n)) {
        if (!walk_syncml(w, n, err)) {
            return false;
        }
    }
    return true;
}

/* ---- wap-provisioningdoc --------------------------------------------------------------------- */

/* An attribute that must be there. */
static bool attribute(const struct xml_node *node, const char *name, struct buffer *out,
                      struct error *err)
{
    bool found = false;

    return (xml_node_attribute(node, name, out, &found, err)
            || error_context(err, "line %zu: %s", xml_node_line(node), name))
           && (found
               || error_set(err, REASON_POLICY_FORMAT, "line %zu: a <%s> without %s",
                            xml_node_line(node), xml_node_name(node), name));
}

/* One step more in a path. */
static bool append_step(struct buffer *path, const struct xml_node *node, const char *name,
                        struct error *err)
{
    return buffer_append_byte(path, '/', err) && attribute(node, name, path, err);
}

static bool read_parm(const struct walk *w, const struct xml_node *parm, struct buffer *path,
                      struct error *err)
{
    struct buffer value = BUFFER_INIT(4 * LIMIT_POLICY_TEXT);
    struct policy_csp_place place = { POLICY_CSP_PASS_OVER, 0, 0, 0 };
    bool ok =
        append_step(path, parm, "name", err)
        && policy_csp_find(w->csp, buffer_text(path), xml_node_line(parm), w->out, &place, err);

    if (ok && place.want == POLICY_CSP_TEXT) {
        ok = attribute(parm, "value", &value, err)
             && policy_csp_put(w->csp, &place, buffer_bytes(&value), err);
    }
    buffer_clear(&value);
    return ok;
}

/* Back to a shorter path. */
static void cut(struct buffer *path, size_t len)
{
    path->len = len;
    path->data[len] = 0;
}

static bool walk_wap(const struct walk *w, const struct xml_node *node, struct buffer *path,
                     struct error *err)
{
    size_t len = path->len;

    for (const struct xml_node *n = xml_node_child(node); n != NULL; n = xml_node_next(n)) {
        bool ok = true;

        if (policy_xml_is(n, "parm")) {
            ok = read_parm(w, n, path, err);
        } else if (policy_xml_is(n, "characteristic")) {
            ok = append_step(path, n, "type", err) && walk_wap(w, n, path, err);
        } else {
            ok = misplaced(n, err);
        }
        if (!ok) {
            return false;
        }
        cut(path, len);
    }
    return true;
}

/* ---- both ------------------------------------------------------------------------------------ */

bool policy_load_syncml(const struct xml_node *root, const char *file, struct policy_set *out,
                        struct error *err)
{
    struct buffer path = BUFFER_INIT(PATH_BYTES);
    struct walk w = { policy_csp_new(err), out };
    bool ok = w.csp != NULL;

    if (ok && policy_xml_is(root, WAP_ROOT)) {
        ok = buffer_append_text(&path, WAP_PATH, err) && walk_wap(&w, root, &path, err);
    } else if (ok) {
        ok = walk_syncml(&w, root, err);
    }
    ok = ok && policy_csp_policies(w.csp, file, out, err);
    buffer_clear(&path);
    policy_csp_free(w.csp);
    return ok;
}
