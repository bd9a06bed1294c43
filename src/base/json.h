/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  our view of a JSON document: bounded size and depth, no duplicate keys, positions for
 *           error messages.
 * Not here: what keys mean (config/, policy/).
 * Owns:     documents; values are borrowed from their document.
 * Threads:  a document belongs to one thread at a time.
 * Spec:     RFC 8259.
 */
#ifndef OPENNDES_BASE_JSON_H
#define OPENNDES_BASE_JSON_H

#include "base/buffer.h"

struct json; /* a value; the root of a document owns everything below it */

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_INTEGER,
    JSON_KIND_REAL,
    JSON_KIND_TEXT,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

/*
 * Parse a whole document of at most max_bytes; a UTF-8 BOM is skipped. The root may be any value.
 * Errors: REASON_CONFIG_SYNTAX and REASON_CONFIG_DUPLICATE_KEY, both with "line N" in the detail;
 * REASON_LIMIT (size, depth), REASON_NO_MEMORY. The result is owned: json_value_free.
 */
struct json *json_value_parse(struct bytes text, size_t max_bytes, size_t max_depth,
                              struct error *err);
void json_value_free(struct json *root);

enum json_kind json_value_kind(const struct json *v); /* NULL: JSON_KIND_NULL */
const char *json_kind_name(enum json_kind kind);      /* "an object", "a text", ... for messages */
bool json_value_bool(const struct json *v);
int64_t json_value_integer(const struct json *v);
const char *json_value_text(const struct json *v); /* UTF-8, no NUL inside; NULL when not a text */
size_t json_value_count(const struct json *v);     /* members of an array or object */
struct json *json_value_at(const struct json *array, size_t index);
struct json *json_value_get(const struct json *object, const char *key);
/* Walk over an object in file order: start with *it = NULL; false at the end. */
bool json_value_next(const struct json *object, void **it, const char **key, struct json **value);

/*
 * Building: new values are owned until put into another one, which takes them over (also on
 * failure). NULL = no memory.
 */
struct json *json_value_new_object(void);
struct json *json_value_new_array(void);
struct json *json_value_new_text(const char *utf8); /* malformed UTF-8 gives NULL */
struct json *json_value_new_integer(int64_t value);
struct json *json_value_new_bool(bool value);
MUST_USE bool json_value_put(struct json *object, const char *key, struct json *take_value,
                             struct error *err);
MUST_USE bool json_value_push(struct json *array, struct json *take_value, struct error *err);
void json_value_remove(struct json *object, const char *key);
/* Put text, integer or bool at a key in one go. */
MUST_USE bool json_value_put_text(struct json *object, const char *key, const char *utf8,
                                  struct error *err);
MUST_USE bool json_value_put_integer(struct json *object, const char *key, int64_t value,
                                     struct error *err);
MUST_USE bool json_value_put_bool(struct json *object, const char *key, bool value,
                                  struct error *err);

/* Append the document as text: indented by `indent` columns (0: one line), order kept. */
MUST_USE bool json_value_print(const struct json *v, unsigned indent, struct buffer *out,
                               struct error *err);

/*
 * Line (from 1) at which a dotted path such as "challenge.type" stands in a document that has been
 * parsed; an array index is a number between dots. 0 when it is not there.
 */
size_t json_text_line(struct bytes text, const char *path);

#endif
