/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which items of a JSON text are policies, and of which kind: "policy" marks our own, "@odata.type"
 * one of Graph's, of which those that end in ScepCertificateProfile are ours to read.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/policy_load.h"

#define TYPE_ENDING "ScepCertificateProfile"
#define LINES_BYTES_MAX 1048576u /* finding a line walks over the whole text, once an item */

enum item_kind { ITEM_OWN, ITEM_SCEP, ITEM_OTHER, ITEM_UNKNOWN };

static const char *text_of(const struct json *item, const char *key)
{
    const struct json *v = json_value_get(item, key);

    return v != NULL ? json_value_text(v) : NULL;
}

static bool ends_nocase(const char *text, const char *ending)
{
    size_t len = strlen(text);
    size_t tail = strlen(ending);

    return len >= tail && text_equal_nocase(text + len - tail, ending);
}

static enum item_kind kind_of(const struct json *item)
{
    const char *type = NULL;

    if (json_value_kind(item) != JSON_KIND_OBJECT) {
        return ITEM_UNKNOWN;
    }
    type = text_of(item, "@odata.type");
    if (json_value_get(item, "policy") != NULL) {
        return type == NULL ? ITEM_OWN : ITEM_UNKNOWN;
    }
    if (type == NULL) {
        return ITEM_UNKNOWN;
    }
    return ends_nocase(type, TYPE_ENDING) ? ITEM_SCEP : ITEM_OTHER;
}

/* What was passed over. */
struct others {
    size_t count;
    const char *type; /* of the first one */
};

struct place {
    struct bytes text;
    const char *file;
    char path[40]; /* "value.3"; "" the root itself */
};

static size_t line_of(const struct place *place)
{
    if (place->text.len > LINES_BYTES_MAX) {
        return 0;
    }
    return place->path[0] == '\0' ? 1 : json_text_line(place->text, place->path);
}

static bool refuse_item(const struct json *item, struct error *err)
{
    if (json_value_kind(item) != JSON_KIND_OBJECT) {
        return error_set(err, REASON_POLICY_FORMAT, "is %s, not an object",
                         json_kind_name(json_value_kind(item)));
    }
    if (json_value_get(item, "policy") != NULL) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "has \"policy\" as our own format and \"@odata.type\" as Graph's");
    }
    return error_set(err, REASON_POLICY_FORMAT,
                     "neither a policy of our own format (\"policy\") nor a profile of Graph "
                     "(\"@odata.type\"); exports that leave the types out cannot be read");
}

static bool read_item(const struct json *item, const struct place *place, struct others *others,
                      struct policy_set *out, struct error *err)
{
    size_t before = out->count;
    bool ok = false;

    switch (kind_of(item)) {
    case ITEM_OWN:
        ok = policy_load_own_json(item, place->file, out, err);
        break;
    case ITEM_SCEP:
        ok = policy_load_graph(item, place->file, out, err);
        break;
    case ITEM_OTHER:
        others->type = others->count++ == 0 ? text_of(item, "@odata.type") : others->type;
        return true;
    default:
        ok = refuse_item(item, err);
    }
    if (!ok) {
        size_t line = line_of(place);

        return line > 0 ? error_context(err, "line %zu", line) : false;
    }
    if (out->count > before) {
        out->item[before]->facts.line = line_of(place);
    }
    return true;
}

static bool read_items(const struct json *array, const char *prefix, struct place *place,
                       struct others *others, struct policy_set *out, struct error *err)
{
    size_t count = json_value_count(array);

    for (size_t i = 0; i < count; i++) {
        if (!text_format(place->path, sizeof(place->path), "%s%zu", prefix, i)) {
            return error_set(err, REASON_LIMIT, "too many items");
        }
        if (!read_item(json_value_at(array, i), place, others, out, err)) {
            return error_context(err, "[%zu]", i);
        }
    }
    return true;
}

static bool warn_others(const struct others *others, struct policy_set *out, struct error *err)
{
    char shown[100];

    if (others->count == 0) {
        return true;
    }
    text_escape(shown, sizeof(shown), bytes_of_text(others->type));
    if (others->count == 1) {
        return policy_set_warn(out, err, "1 item is no SCEP profile and is passed over: %s", shown);
    }
    return policy_set_warn(out, err,
                           "%zu items are no SCEP profiles and are passed over, the first: %s",
                           others->count, shown);
}

/* A page of Graph's answer: which profiles are missing cannot be seen in it. */
static bool warn_more(const struct json *root, struct policy_set *out, struct error *err)
{
    const struct json *next =
        json_value_kind(root) == JSON_KIND_OBJECT ? json_value_get(root, "@odata.nextLink") : NULL;

    return next == NULL || json_value_kind(next) == JSON_KIND_NULL
           || policy_set_warn(out, err,
                              "the answer of Graph has further pages (@odata.nextLink), whose "
                              "profiles are not in this file");
}

bool policy_load_json(const struct json *root, struct bytes text, const char *file,
                      struct policy_set *out, struct error *err)
{
    struct place place = { text, file, "" };
    struct others others = { 0, NULL };
    const struct json *value = NULL;
    bool ok = false;

    if (json_value_kind(root) == JSON_KIND_OBJECT) {
        value = json_value_get(root, "value");
    }
    if (json_value_kind(root) == JSON_KIND_ARRAY) {
        ok = read_items(root, "", &place, &others, out, err);
    } else if (value != NULL && json_value_kind(value) == JSON_KIND_ARRAY
               && kind_of(root) == ITEM_UNKNOWN) {
        ok = read_items(value, "value.", &place, &others, out, err);
    } else {
        ok = read_item(root, &place, &others, out, err);
    }
    return ok && warn_others(&others, out, err) && warn_more(root, out, err);
}
