/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  typed reading of members of a JSON object, with the place of what is wrong.
 * Not here: what the members mean (policy_load_graph.c, policy_load_own_json.c).
 * Owns:     nothing; values are borrowed from the document.
 * Threads:  pure functions.
 * Spec:     none.
 *
 * Every failure is REASON_POLICY_VALUE and begins with the member's place: "/san[1]/type: ...".
 */
#ifndef OPENNDES_POLICY_POLICY_JSON_H
#define OPENNDES_POLICY_POLICY_JSON_H

#include "base/json.h"

/* An object and where it stands. */
struct policy_json {
    const struct json *object;
    bool lenient; /* Graph: null and "" are as good as not there */
    char place[80];
};

struct policy_json policy_json_root(const struct json *object, bool lenient);

/* Record a failure at a member; key "": at the object itself. Returns false. */
bool policy_json_refuse(const struct policy_json *node, const char *key, struct error *err,
                        const char *format, ...) PRINTF_FORMAT(4, 5);

/* NULL: not there. Asks for no kind. */
const struct json *policy_json_member(const struct policy_json *node, const char *key);

/* *text is NULL when it is not there. */
MUST_USE bool policy_json_text(const struct policy_json *node, const char *key, const char **text,
                               struct error *err);
/* *value is untouched when it is not there; outside min..max is refused. */
MUST_USE bool policy_json_integer(const struct policy_json *node, const char *key, int64_t min,
                                  int64_t max, int64_t *value, struct error *err);
MUST_USE bool policy_json_bool(const struct policy_json *node, const char *key, bool *value,
                               struct error *err);
/* A member that is an object; below->object is NULL when it is not there. */
MUST_USE bool policy_json_object(const struct policy_json *node, const char *key,
                                 struct policy_json *below, struct error *err);

/* A list: an array, or a single item in its place. */
struct policy_json_list {
    const struct policy_json *node;
    const char *key;
    const struct json *value; /* NULL: not there */
    size_t count;
};
struct policy_json_list policy_json_list(const struct policy_json *node, const char *key);
/* *text is NULL for null or "" in a lenient document. */
MUST_USE bool policy_json_list_text(const struct policy_json_list *list, size_t index,
                                    const char **text, struct error *err);
MUST_USE bool policy_json_list_integer(const struct policy_json_list *list, size_t index,
                                       int64_t *value, struct error *err);
MUST_USE bool policy_json_list_object(const struct policy_json_list *list, size_t index,
                                      struct policy_json *row, struct error *err);

/* Put "place/key" or "place/key[index]" before a failure of a building verb. Returns false. */
bool policy_json_context(const struct policy_json *node, const char *key, struct error *err);
bool policy_json_list_context(const struct policy_json_list *list, size_t index, struct error *err);

#endif
