/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_json.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct policy_json policy_json_root(const struct json *object, bool lenient)
{
    return (struct policy_json){ object, lenient, "" };
}

bool policy_json_refuse(const struct policy_json *node, const char *key, struct error *err,
                        const char *format, ...)
{
    char what[ERROR_DETAIL_MAX / 2];
    char shown[80];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    text_escape(shown, sizeof(shown), bytes_of_text(key));
    return error_set(err, REASON_POLICY_VALUE, "%s%s%s: %s", node->place,
                     key[0] != '\0' || node->place[0] == '\0' ? "/" : "", shown, what);
}

bool policy_json_context(const struct policy_json *node, const char *key, struct error *err)
{
    return error_context(err, "%s/%s", node->place, key);
}

bool policy_json_list_context(const struct policy_json_list *list, size_t index, struct error *err)
{
    return error_context(err, "%s/%s[%zu]", list->node->place, list->key, index);
}

static bool says_nothing(const struct policy_json *node, const struct json *v)
{
    return node->lenient
           && (json_value_kind(v) == JSON_KIND_NULL
               || (json_value_kind(v) == JSON_KIND_TEXT && json_value_text(v)[0] == '\0'));
}

const struct json *policy_json_member(const struct policy_json *node, const char *key)
{
    const struct json *v = json_value_get(node->object, key);

    return v == NULL || says_nothing(node, v) ? NULL : v;
}

/* The member if it is there and of this kind. */
static bool member_of_kind(const struct policy_json *node, const char *key, enum json_kind kind,
                           const struct json **v, struct error *err)
{
    *v = policy_json_member(node, key);
    if (*v != NULL && json_value_kind(*v) != kind) {
        return policy_json_refuse(node, key, err, "is %s, not %s",
                                  json_kind_name(json_value_kind(*v)), json_kind_name(kind));
    }
    return true;
}

bool policy_json_text(const struct policy_json *node, const char *key, const char **text,
                      struct error *err)
{
    const struct json *v = NULL;

    if (!member_of_kind(node, key, JSON_KIND_TEXT, &v, err)) {
        return false;
    }
    *text = v != NULL ? json_value_text(v) : NULL;
    return true;
}

bool policy_json_integer(const struct policy_json *node, const char *key, int64_t min, int64_t max,
                         int64_t *value, struct error *err)
{
    const struct json *v = NULL;
    int64_t number = 0;

    if (!member_of_kind(node, key, JSON_KIND_INTEGER, &v, err)) {
        return false;
    }
    if (v == NULL) {
        return true;
    }
    number = json_value_integer(v);
    if (number < min || number > max) {
        return policy_json_refuse(node, key, err, "is %lld; possible: %lld to %lld",
                                  (long long)number, (long long)min, (long long)max);
    }
    *value = number;
    return true;
}

bool policy_json_bool(const struct policy_json *node, const char *key, bool *value,
                      struct error *err)
{
    const struct json *v = NULL;

    if (!member_of_kind(node, key, JSON_KIND_BOOL, &v, err)) {
        return false;
    }
    *value = v != NULL ? json_value_bool(v) : *value;
    return true;
}

bool policy_json_object(const struct policy_json *node, const char *key, struct policy_json *below,
                        struct error *err)
{
    below->lenient = node->lenient;
    if (!member_of_kind(node, key, JSON_KIND_OBJECT, &below->object, err)) {
        return false;
    }
    return text_format(below->place, sizeof(below->place), "%s/%s", node->place, key)
           || policy_json_refuse(node, "", err, "its place is too long to be told");
}

struct policy_json_list policy_json_list(const struct policy_json *node, const char *key)
{
    struct policy_json_list list = { node, key, policy_json_member(node, key), 0 };

    if (list.value != NULL) {
        list.count =
            json_value_kind(list.value) == JSON_KIND_ARRAY ? json_value_count(list.value) : 1;
    }
    return list;
}

/* The item if it is of this kind; NULL when it says nothing. */
static bool item_of_kind(const struct policy_json_list *list, size_t index, enum json_kind kind,
                         const struct json **v, struct error *err)
{
    bool array = json_value_kind(list->value) == JSON_KIND_ARRAY;
    char key[64];

    *v = array ? json_value_at(list->value, index) : list->value;
    if (says_nothing(list->node, *v)) {
        *v = NULL;
        return true;
    }
    if (json_value_kind(*v) != kind) {
        if (!text_format(key, sizeof(key), array ? "%s[%zu]" : "%s", list->key, index)) {
            key[0] = '\0';
        }
        return policy_json_refuse(list->node, key, err, "is %s, not %s",
                                  json_kind_name(json_value_kind(*v)), json_kind_name(kind));
    }
    return true;
}

bool policy_json_list_text(const struct policy_json_list *list, size_t index, const char **text,
                           struct error *err)
{
    const struct json *v = NULL;

    if (!item_of_kind(list, index, JSON_KIND_TEXT, &v, err)) {
        return false;
    }
    *text = v != NULL ? json_value_text(v) : NULL;
    return true;
}

bool policy_json_list_integer(const struct policy_json_list *list, size_t index, int64_t *value,
                              struct error *err)
{
    const struct json *v = NULL;

    if (!item_of_kind(list, index, JSON_KIND_INTEGER, &v, err)) {
        return false;
    }
    *value = v != NULL ? json_value_integer(v) : 0;
    return true;
}

bool policy_json_list_object(const struct policy_json_list *list, size_t index,
                             struct policy_json *row, struct error *err)
{
    row->lenient = list->node->lenient;
    if (!item_of_kind(list, index, JSON_KIND_OBJECT, &row->object, err)) {
        return false;
    }
    return text_format(row->place, sizeof(row->place), "%s/%s[%zu]", list->node->place, list->key,
                       index)
           || policy_json_refuse(list->node, "", err, "its place is too long to be told");
}
