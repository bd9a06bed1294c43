/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"

/* struct json is json_t under another name: nothing outside this file sees jansson. */
static json_t *inner(struct json *v)
{
    return (json_t *)v;
}

static const json_t *inner_const(const struct json *v)
{
    return (const json_t *)v;
}

static struct json *outer(json_t *v)
{
    return (struct json *)v;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/*
 * jansson's reader does not look whether each character of a text found room. Where memory ends, a
 * text loses one and counts as read ("192.0.2.0/24" as "192.0.2.0/4"); where it loses its closing
 * quotation mark, the reader runs over the end of what it has allocated. So reading ends with the
 * first allocation that fails: what the reader has allocated until then hangs on a list, is freed,
 * and control goes back to where reading began. One document is read at a time.
 */
struct piece {
    struct piece *before; /* NULL: not on the list */
    struct piece *after;
};
_Static_assert(sizeof(struct piece) % _Alignof(max_align_t) == 0, "what lies behind is aligned");

static struct {
    pthread_mutex_t lock;
    atomic_uintptr_t thread; /* that reads; 0: none */
    struct piece first;      /* this and the next belong to it */
    jmp_buf no_memory;
} reading = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_reader(void)
{
    return atomic_load_explicit(&reading.thread, memory_order_relaxed) == (uintptr_t)pthread_self();
}

static void *piece_malloc(size_t size)
{
    struct piece *piece = size < SIZE_MAX / 2 ? malloc(sizeof(*piece) + size) : NULL;

    if (piece == NULL) {
        if (is_reader()) {
            longjmp(reading.no_memory, 1);
        }
        return NULL;
    }
    *piece = (struct piece){ NULL, NULL };
    if (is_reader()) {
        *piece = (struct piece){ &reading.first, reading.first.after };
        if (piece->after != NULL) {
            piece->after->before = piece;
        }
        reading.first.after = piece;
    }
    return piece + 1;
}

static void piece_free(void *memory)
{
    struct piece *piece = memory;

    if (piece == NULL) return;
    piece--;
    if (piece->before != NULL) {
        piece->before->after = piece->after;
        if (piece->after != NULL) {
            piece->after->before = piece->before;
        }
    }
    free(piece);
}

/* Before main, when nobody reads. */
__attribute__((constructor)) static void take_over_memory(void)
{
    json_set_alloc_funcs(piece_malloc, piece_free);
}

static void end_reading(bool keep)
{
    for (struct piece *piece = reading.first.after; piece != NULL;) {
        struct piece *next = piece->after;

        *piece = (struct piece){ NULL, NULL };
        if (!keep) {
            free(piece);
        }
        piece = next;
    }
    reading.first.after = NULL;
    atomic_store(&reading.thread, 0);
    (void)pthread_mutex_unlock(&reading.lock);
}

/* NULL with no error in cause->text: no memory. */
static json_t *read_document(struct bytes text, json_error_t *cause)
{
    json_t *root;

    cause->text[0] = '\0';
    (void)pthread_mutex_lock(&reading.lock);
    if (setjmp(reading.no_memory) != 0) {
        end_reading(false);
        cause->text[0] = '\0';
        return NULL;
    }
    atomic_store(&reading.thread, (uintptr_t)pthread_self());
    root = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, cause);
    end_reading(true);
    return root;
}

/* ---- parsing --------------------------------------------------------------------------------- */

static struct bytes skip_bom(struct bytes text)
{
    static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };

    if (text.len >= sizeof(bom) && memcmp(text.data, bom, sizeof(bom)) == 0) {
        return bytes_of(text.data + sizeof(bom), text.len - sizeof(bom));
    }
    return text;
}

/* Behind the string that begins at pos; text.len when it does not end. */
static size_t skip_string(struct bytes text, size_t pos)
{
    for (pos++; pos < text.len && text.data[pos] != '"'; pos++) {
        if (text.data[pos] == '\\') {
            pos++;
        }
    }
    return pos < text.len ? pos + 1 : text.len;
}

/* Before jansson sees it: jansson recurses, and its own limit is far above what we want. */
static bool check_depth(struct bytes text, size_t max_depth, struct error *err)
{
    size_t depth = 0;
    size_t line = 1;

    for (size_t pos = 0; pos < text.len;) {
        uint8_t c = text.data[pos];

        if (c == '"') {
            pos = skip_string(text, pos);
            continue;
        }
        if (c == '\n') {
            line++;
        } else if ((c == '{' || c == '[') && ++depth > max_depth) {
            return error_set(err, REASON_LIMIT, "line %zu: nested deeper than %zu levels", line,
                             max_depth);
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        pos++;
    }
    return true;
}

static enum reason reason_of(enum json_error_code code)
{
    switch (code) {
    case json_error_out_of_memory:
        return REASON_NO_MEMORY;
    case json_error_stack_overflow:
        return REASON_LIMIT;
    case json_error_duplicate_key:
        return REASON_CONFIG_DUPLICATE_KEY;
    default:
        return REASON_CONFIG_SYNTAX;
    }
}

struct json *json_value_parse(struct bytes text, size_t max_bytes, size_t max_depth,
                              struct error *err)
{
    json_error_t cause;
    json_t *root = NULL;
    char shown[2 * JSON_ERROR_TEXT_LENGTH];

    if (text.len > max_bytes) {
        (void)error_set(err, REASON_LIMIT, "more than %zu bytes", max_bytes);
        return NULL;
    }
    text = skip_bom(text);
    if (!check_depth(text, max_depth, err)) {
        return NULL;
    }
    root = read_document(text, &cause);
    if (root == NULL && cause.text[0] == '\0') {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for JSON");
        return NULL;
    }
    if (root == NULL) {
        /* the text may quote what stands in the file */
        text_escape_sentence(shown, sizeof(shown), bytes_of_text(cause.text));
        (void)error_set(err, reason_of(json_error_code(&cause)), "line %d, column %d: %s",
                        cause.line > 0 ? cause.line : 1, cause.column > 0 ? cause.column : 1,
                        shown);
    }
    return outer(root);
}

void json_value_free(struct json *root)
{
    json_decref(inner(root));
}

/* ---- reading --------------------------------------------------------------------------------- */

enum json_kind json_value_kind(const struct json *v)
{
    if (v == NULL) {
        return JSON_KIND_NULL; /* a member that is not there */
    }
    switch (json_typeof(inner_const(v))) {
    case JSON_OBJECT:
        return JSON_KIND_OBJECT;
    case JSON_ARRAY:
        return JSON_KIND_ARRAY;
    case JSON_STRING:
        return JSON_KIND_TEXT;
    case JSON_INTEGER:
        return JSON_KIND_INTEGER;
    case JSON_REAL:
        return JSON_KIND_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    default:
        return JSON_KIND_NULL;
    }
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        [JSON_KIND_NULL] = "null",
        [JSON_KIND_BOOL] = "true or false",
        [JSON_KIND_INTEGER] = "a whole number",
        [JSON_KIND_REAL] = "a number with a fraction",
        [JSON_KIND_TEXT] = "a text",
        [JSON_KIND_ARRAY] = "an array",
        [JSON_KIND_OBJECT] = "an object",
    };

    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "a value";
}

bool json_value_bool(const struct json *v)
{
    return json_is_true(inner_const(v));
}

int64_t json_value_integer(const struct json *v)
{
    return json_integer_value(inner_const(v));
}

const char *json_value_text(const struct json *v)
{
    return json_string_value(inner_const(v));
}

size_t json_value_count(const struct json *v)
{
    if (json_is_array(inner_const(v))) {
        return json_array_size(inner_const(v));
    }
    return json_object_size(inner_const(v));
}

struct json *json_value_at(const struct json *array, size_t index)
{
    return outer(json_array_get(inner_const(array), index));
}

struct json *json_value_get(const struct json *object, const char *key)
{
    return outer(json_object_get(inner_const(object), key));
}

bool json_value_next(const struct json *object, void **it, const char **key, struct json **value)
{
    json_t *from = (json_t *)(uintptr_t)object; /* jansson's iterator takes it as writable */

    *it = *it == NULL ? json_object_iter(from) : json_object_iter_next(from, *it);
    if (*it == NULL) {
        return false;
    }
    *key = json_object_iter_key(*it);
    *value = outer(json_object_iter_value(*it));
    return true;
}

/* ---- building -------------------------------------------------------------------------------- */

struct json *json_value_new_object(void)
{
    return outer(json_object());
}

struct json *json_value_new_array(void)
{
    return outer(json_array());
}

struct json *json_value_new_text(const char *utf8)
{
    return outer(json_string(utf8));
}

struct json *json_value_new_integer(int64_t value)
{
    return outer(json_integer(value));
}

struct json *json_value_new_bool(bool value)
{
    return outer(json_boolean(value));
}

bool json_value_put(struct json *object, const char *key, struct json *take_value,
                    struct error *err)
{
    if (!text_utf8_valid(bytes_of_text(key))) {
        json_decref(inner(take_value));
        return error_set(err, REASON_SYNTAX, "a JSON key is not UTF-8");
    }
    if (take_value != NULL && !json_is_object(inner(object))) {
        json_decref(inner(take_value));
        return error_set(err, REASON_INTERNAL, "\"%s\" is put into something that is no object",
                         key);
    }
    if (take_value == NULL || json_object_set_new(inner(object), key, inner(take_value)) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for JSON");
    }
    return true;
}

bool json_value_push(struct json *array, struct json *take_value, struct error *err)
{
    if (take_value != NULL && !json_is_array(inner(array))) {
        json_decref(inner(take_value));
        return error_set(err, REASON_INTERNAL, "a value is put into something that is no array");
    }
    if (take_value == NULL || json_array_append_new(inner(array), inner(take_value)) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for JSON");
    }
    return true;
}

void json_value_remove(struct json *object, const char *key)
{
    (void)json_object_del(inner(object), key); /* not there is fine */
}

bool json_value_put_text(struct json *object, const char *key, const char *utf8, struct error *err)
{
    if (!text_utf8_valid(bytes_of_text(utf8))) {
        return error_set(err, REASON_SYNTAX, "the text for \"%s\" is not UTF-8", key);
    }
    return json_value_put(object, key, json_value_new_text(utf8), err);
}

bool json_value_put_integer(struct json *object, const char *key, int64_t value, struct error *err)
{
    return json_value_put(object, key, json_value_new_integer(value), err);
}

bool json_value_put_bool(struct json *object, const char *key, bool value, struct error *err)
{
    return json_value_put(object, key, json_value_new_bool(value), err);
}

/* ---- printing -------------------------------------------------------------------------------- */

struct print_target {
    struct buffer *out;
    struct error *err;
};

static int print_piece(const char *data, size_t len, void *context)
{
    struct print_target *target = context;

    return buffer_append(target->out, data, len, target->err) ? 0 : -1;
}

bool json_value_print(const struct json *v, unsigned indent, struct buffer *out, struct error *err)
{
    struct print_target target = { out, err };
    size_t before = out->len;
    size_t flags = JSON_ENCODE_ANY | (indent == 0 ? JSON_COMPACT : JSON_INDENT(indent));

    if (json_dump_callback(inner_const(v), print_piece, &target, flags) == 0) {
        return true;
    }
    out->len = before;
    if (out->data != NULL) {
        out->data[before] = 0;
    }
    return error_set(err, REASON_NO_MEMORY, "JSON cannot be printed");
}
