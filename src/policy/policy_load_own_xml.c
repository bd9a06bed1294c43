/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own format as XML is our own format: every element and attribute is turned into the member of
 * that name, by the table that the JSON loader reads with, and handed to that loader. So the two
 * cannot drift apart.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/policy_load.h"
#include "policy/policy_own.h"
#include "policy/policy_xml.h"

#define NAME_SHOWN 80
#define ATTRIBUTES_MAX 32u /* of one element; the root has five */
#define SCHEMA_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"
#define NAME_ATTRIBUTE "name" /* of <scepPolicy>; the member is called "policy" */
#define NAME_MEMBER "policy"
#define SAN "san"
#define NO_SAN "noSan" /* an empty list of names: none at all */

/* ---- the table ------------------------------------------------------------------------------- */

/* The field of an attribute; `object` "" is <scepPolicy> itself. */
static const struct policy_own_field *find_field(const char *object, const char *attribute)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        const char *name = object[0] == '\0' && strcmp(fields[i].name, NAME_MEMBER) == 0
                               ? NAME_ATTRIBUTE
                               : fields[i].name;

        if (strcmp(fields[i].object, object) == 0 && strcmp(name, attribute) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool is_object(const char *name)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        if (fields[i].object[0] != '\0' && strcmp(fields[i].object, name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool no_memory(struct error *err)
{
    return error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
}

static struct json *text_value(struct bytes text)
{
    char *copy = text_dup_bytes(text);
    struct json *value = copy == NULL ? NULL : json_value_new_text(copy);

    free(copy);
    return value;
}

/* What is no number stays a text, and the reader says that it is one. */
static struct json *integer_value(struct bytes text)
{
    uint64_t value = 0;

    return text_parse_u64(text, INT64_MAX, &value) ? json_value_new_integer((int64_t)value)
                                                   : text_value(text);
}

/* xs:boolean */
static struct json *bool_value(struct bytes text)
{
    if (bytes_equal(text, bytes_of_text("true")) || bytes_equal(text, bytes_of_text("1"))) {
        return json_value_new_bool(true);
    }
    if (bytes_equal(text, bytes_of_text("false")) || bytes_equal(text, bytes_of_text("0"))) {
        return json_value_new_bool(false);
    }
    return text_value(text);
}

/* A list is one attribute with white space between its items, as in XML Schema. */
static struct json *list_value(struct bytes text, bool integers, struct error *err)
{
    struct json *list = json_value_new_array();
    size_t at = 0;

    while (list != NULL) {
        size_t start = 0;
        struct bytes item = { NULL, 0 };

        while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL) {
            at++;
        }
        if (at == text.len) {
            return list;
        }
        start = at;
        while (at < text.len && strchr(" \t\r\n", text.data[at]) == NULL) {
            at++;
        }
        item = bytes_of(text.data + start, at - start);
        if (!json_value_push(list, integers ? integer_value(item) : text_value(item), err)) {
            json_value_free(list);
            return NULL;
        }
    }
    return list;
}

static struct json *field_value(const struct policy_own_field *field, struct bytes text,
                                struct error *err)
{
    switch (field->kind) {
    case POLICY_OWN_INTEGER:
    case POLICY_OWN_SAN_MIN:
    case POLICY_OWN_SAN_MAX:
        return integer_value(text);
    case POLICY_OWN_BOOL:
        return bool_value(text);
    case POLICY_OWN_TEXTS:
    case POLICY_OWN_KEY_USAGE:
    case POLICY_OWN_EKU:
    case POLICY_OWN_HASH:
        return list_value(text, false, err);
    case POLICY_OWN_KEY_BITS:
        return list_value(text, true, err);
    default:
        return text_value(text);
    }
}

/* ---- elements -------------------------------------------------------------------------------- */

static bool refuse(const struct xml_node *node, struct error *err, const char *what,
                   const char *name)
{
    char shown[NAME_SHOWN];

    text_escape(shown, sizeof(shown), bytes_of_text(name));
    return error_set(err, REASON_POLICY_FORMAT, "line %zu: %s%s", xml_node_line(node), what, shown);
}

/* Elements of ours have no namespace and no text. */
static bool check_element(const struct xml_node *node, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_XML_BYTES);
    bool ok = false;

    if (xml_node_namespace(node)[0] != '\0') {
        return refuse(node, err,
                      "the element has a namespace, and ours have none: ", xml_node_name(node));
    }
    ok = xml_node_text(node, &text, err)
         && (text_trim(buffer_bytes(&text)).len == 0
             || refuse(node, err, "text inside the element ", xml_node_name(node)));
    buffer_clear(&text);
    return ok;
}

static bool put_attribute(const struct xml_node *node, const char *object, const char *attribute,
                          struct json *into, struct error *err)
{
    const struct policy_own_field *field = find_field(object, attribute);
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT * 4);
    struct json *value = NULL;
    bool found = false;
    bool ok = field != NULL || refuse(node, err, "there is no attribute ", attribute);

    ok = ok
         && (xml_node_attribute(node, attribute, &text, &found, err)
             || error_context(err, "line %zu: %s", xml_node_line(node), attribute));
    if (ok) {
        value = field_value(field, buffer_bytes(&text), err);
        ok = value != NULL ? json_value_put(into, field->name, value, err) : no_memory(err);
    }
    buffer_clear(&text);
    return ok;
}

/* All attributes of an element as members. Where a schema lies (xsi:...) is for editors. */
static bool put_attributes(const struct xml_node *node, const char *object, struct json *into,
                           struct error *err)
{
    const char *namespace = "";
    const char *name = xml_node_attribute_name(node, 0, &namespace);

    for (size_t i = 0; name != NULL; name = xml_node_attribute_name(node, ++i, &namespace)) {
        if (i >= ATTRIBUTES_MAX) {
            return refuse(node, err, "too many attributes: ", xml_node_name(node));
        }
        if (strcmp(namespace, SCHEMA_INSTANCE) == 0) {
            continue;
        }
        if (namespace[0] != '\0') {
            return refuse(node, err, "there is no such attribute in a namespace: ", name);
        }
        if (!put_attribute(node, object, name, into, err)) {
            return false;
        }
    }
    return true;
}

/* One <san>: appended to the array. */
static bool put_san(const struct xml_node *node, struct json *policy, struct error *err)
{
    struct json *list = json_value_get(policy, SAN);
    struct json *row = json_value_new_object();

    if (row == NULL || !put_attributes(node, SAN, row, err)) {
        json_value_free(row);
        return error_is_set(err) ? false : no_memory(err);
    }
    if (list == NULL) {
        if (!json_value_put(policy, SAN, json_value_new_array(), err)) {
            json_value_free(row);
            return false;
        }
        list = json_value_get(policy, SAN);
    } else if (json_value_count(list) == 0) {
        json_value_free(row);
        return refuse(node, err, "a <san> beside ", "<" NO_SAN ">");
    }
    if (json_value_count(list) >= LIMIT_POLICY_ITEMS) {
        json_value_free(row);
        return error_set(err, REASON_LIMIT, "line %zu: more than %u <" SAN ">", xml_node_line(node),
                         LIMIT_POLICY_ITEMS);
    }
    return json_value_push(list, row, err);
}

static bool put_no_san(const struct xml_node *node, struct json *policy, struct error *err)
{
    const char *namespace = "";

    if (json_value_get(policy, SAN) != NULL
        || xml_node_attribute_name(node, 0, &namespace) != NULL) {
        return refuse(node, err, "this stands alone and without attributes: ", NO_SAN);
    }
    return json_value_put(policy, SAN, json_value_new_array(), err);
}

static bool put_object(const struct xml_node *node, struct json *policy, struct error *err)
{
    const char *name = xml_node_name(node);
    struct json *object = NULL;

    if (json_value_get(policy, name) != NULL) {
        return refuse(node, err, "a second ", name);
    }
    object = json_value_new_object();
    if (object == NULL) {
        return no_memory(err);
    }
    if (!put_attributes(node, name, object, err)) {
        json_value_free(object);
        return false;
    }
    return json_value_put(policy, name, object, err);
}

static bool put_element(const struct xml_node *node, struct json *policy, struct error *err)
{
    const struct xml_node *child = xml_node_child(node);

    if (!check_element(node, err)) {
        return false;
    }
    if (child != NULL) {
        return refuse(child, err, "an element where none can be: ", xml_node_name(child));
    }
    if (policy_xml_is(node, SAN)) {
        return put_san(node, policy, err);
    }
    if (policy_xml_is(node, NO_SAN)) {
        return put_no_san(node, policy, err);
    }
    return is_object(xml_node_name(node))
               ? put_object(node, policy, err)
               : refuse(node, err, "there is no element ", xml_node_name(node));
}

static bool load_policy(const struct xml_node *node, const char *file, struct policy_set *out,
                        struct error *err)
{
    struct json *policy = NULL;
    size_t first = out->count;
    bool ok = check_element(node, err);

    if (ok && !policy_xml_is(node, "scepPolicy")) {
        ok = refuse(node, err,
                    "<scepPolicies> holds nothing but <scepPolicy>: ", xml_node_name(node));
    }
    policy = ok ? json_value_new_object() : NULL;
    ok = ok && (policy != NULL || no_memory(err)) && put_attributes(node, "", policy, err);
    for (const struct xml_node *n = xml_node_child(node); n != NULL && ok; n = xml_node_next(n)) {
        ok = put_element(n, policy, err);
    }
    if (ok && !policy_load_own_json(policy, file, out, err)) {
        ok = error_context(err, "line %zu", xml_node_line(node));
    }
    for (size_t i = first; i < out->count; i++) {
        out->item[i]->facts.line = xml_node_line(node);
    }
    json_value_free(policy);
    return ok;
}

bool policy_load_own_xml(const struct xml_node *root, const char *file, struct policy_set *out,
                         struct error *err)
{
    const char *namespace = "";
    const char *name = NULL;

    if (policy_xml_is(root, "scepPolicy")) {
        return load_policy(root, file, out, err);
    }
    if (!check_element(root, err)) {
        return false;
    }
    name = xml_node_attribute_name(root, 0, &namespace);
    for (size_t i = 0; name != NULL; name = xml_node_attribute_name(root, ++i, &namespace)) {
        if (strcmp(namespace, SCHEMA_INSTANCE) != 0) {
            return refuse(root, err, "there is no attribute ", name);
        }
    }
    for (const struct xml_node *n = xml_node_child(root); n != NULL; n = xml_node_next(n)) {
        if (!load_policy(n, file, out, err)) {
            return false;
        }
    }
    return true;
}
