/* SPDX-License-Identifier: Apache-2.0 */
#include "service/print_list.h"

#include <string.h>

#include "base/json.h"
#include "platform/console.h"

#define PAGE_BYTES_MAX 67108864u /* a page of the longest rows */
#define ROW_BYTES_MAX 1048576u
#define INDENT 2u

void print_list_begin(struct print_list *list, bool json)
{
    *list = (struct print_list){ .json = json, .text = BUFFER_INIT(PAGE_BYTES_MAX) };
}

void print_list_clear(struct print_list *list)
{
    buffer_clear(&list->text);
}

/* The value as it stands inside an array: each line further in. */
static bool add_indented(struct buffer *out, struct bytes value, struct error *err)
{
    size_t from = 0;

    while (from < value.len) {
        const uint8_t *end = memchr(value.data + from, '\n', value.len - from);
        size_t len = end != NULL ? (size_t)(end - value.data) + 1 - from : value.len - from;

        if (!buffer_append(out, "  ", INDENT, err)
            || !buffer_append(out, value.data + from, len, err)) {
            return false;
        }
        from += len;
    }
    return true;
}

bool print_list_add_json(struct print_list *list, struct json *take_value, struct error *err)
{
    struct buffer value = BUFFER_INIT(ROW_BYTES_MAX);
    bool ok = take_value != NULL || error_set(err, REASON_NO_MEMORY, "JSON");

    ok = ok && json_value_print(take_value, INDENT, &value, err)
         && buffer_append_text(&list->text, list->count == 0 ? "[\n" : ",\n", err)
         && add_indented(&list->text, buffer_bytes(&value), err);
    list->count += ok ? 1 : 0;
    buffer_clear(&value);
    json_value_free(take_value);
    return ok;
}

bool print_list_add_line(struct print_list *list, struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bool ok = buffer_vprintf(&list->text, err, format, args);
    va_end(args);
    list->count += ok ? 1 : 0;
    return ok;
}

void print_list_flush(struct print_list *list)
{
    if (list->text.len > 0) {
        console_write(CONSOLE_OUT, buffer_bytes(&list->text));
    }
    buffer_reset(&list->text);
}

bool print_list_end(struct print_list *list, const char *nothing, struct error *err)
{
    const char *end =
        list->json ? (list->count == 0 ? "[]\n" : "\n]\n") : (list->count == 0 ? nothing : "");

    if (!buffer_append_text(&list->text, end, err)) {
        return false;
    }
    print_list_flush(list);
    return true;
}
