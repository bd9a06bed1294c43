/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define BUFFER_FIRST_BYTES 64u /* smallest allocation: most texts fit without a second one */

void buffer_clear(struct buffer *b)
{
    if (b == NULL) {
        return;
    }
    if (b->data != NULL) {
        secret_wipe(b->data, b->cap + 1);
        free(b->data);
    }
    b->data = NULL;
    b->len = 0;
    b->cap = 0;
}

void buffer_reset(struct buffer *b)
{
    b->len = 0;
    if (b->data != NULL) {
        b->data[0] = 0;
    }
}

bool buffer_reserve(struct buffer *b, size_t more, struct error *err)
{
    uint8_t *grown = NULL;
    size_t need = 0;
    size_t cap = 0;

    if (b->len > b->max || more > b->max - b->len) {
        return error_set(err, REASON_LIMIT, "more than %zu bytes", b->max);
    }
    need = b->len + more;
    if (need <= b->cap && b->data != NULL) {
        return true;
    }
    if (need >= SIZE_MAX / 2) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for %zu bytes", need);
    }
    cap = b->cap < BUFFER_FIRST_BYTES ? BUFFER_FIRST_BYTES : b->cap * 2;
    if (cap < need) {
        cap = need;
    }
    if (cap > b->max) {
        cap = b->max;
    }
    /* malloc and wipe instead of realloc: what is in here may be a secret */
    grown = malloc(cap + 1);
    if (grown == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for %zu bytes", cap);
    }
    if (b->data != NULL) {
        memcpy(grown, b->data, b->len);
        secret_wipe(b->data, b->cap + 1);
        free(b->data);
    }
    grown[b->len] = 0;
    b->data = grown;
    b->cap = cap;
    return true;
}

bool buffer_append(struct buffer *b, const void *data, size_t len, struct error *err)
{
    uintptr_t from = (uintptr_t)data;
    uintptr_t own = (uintptr_t)b->data;
    bool is_own = b->data != NULL && from >= own && from <= own + b->len;

    if (!buffer_reserve(b, len, err)) {
        return false;
    }
    if (len > 0) {
        /* a buffer may be appended to itself: its bytes may just have moved */
        memmove(b->data + b->len, is_own ? b->data + (from - own) : (const uint8_t *)data, len);
        b->len += len;
    }
    b->data[b->len] = 0;
    return true;
}

bool buffer_append_byte(struct buffer *b, uint8_t byte, struct error *err)
{
    return buffer_append(b, &byte, 1, err);
}

bool buffer_append_text(struct buffer *b, const char *text, struct error *err)
{
    return buffer_append(b, text, strlen(text), err);
}

bool buffer_append_bytes(struct buffer *b, struct bytes bytes, struct error *err)
{
    return buffer_append(b, bytes.data, bytes.len, err);
}

bool buffer_printf(struct buffer *b, struct error *err, const char *format, ...)
{
    va_list args;
    bool ok = false;

    va_start(args, format);
    ok = buffer_vprintf(b, err, format, args);
    va_end(args);
    return ok;
}

bool buffer_vprintf(struct buffer *b, struct error *err, const char *format, va_list args)
{
    size_t room = b->data != NULL ? b->cap - b->len : 0;
    va_list measure;
    int len = 0;

    /* it fits as a rule: formatting costs more than a second allocation */
    va_copy(measure, args);
    len = vsnprintf(room > 0 ? (char *)b->data + b->len : NULL, room > 0 ? room + 1 : 0, format,
                    measure);
    va_end(measure);
    if (len >= 0 && (size_t)len <= room && room > 0) {
        b->len += (size_t)len;
        return true;
    }
    if (b->data != NULL) {
        b->data[b->len] = 0;
    }
    if (len < 0) {
        return error_set(err, REASON_INTERNAL, "text cannot be formatted");
    }
    if (!buffer_reserve(b, (size_t)len, err)) {
        return false;
    }
    (void)vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
    b->len += (size_t)len;
    return true;
}

void buffer_move(struct buffer *to, struct buffer *from)
{
    if (to == from) {
        return;
    }
    buffer_clear(to);
    to->data = from->data;
    to->len = from->len;
    to->cap = from->cap;
    from->data = NULL;
    from->len = 0;
    from->cap = 0;
}

uint8_t *buffer_take(struct buffer *b, size_t *len)
{
    uint8_t *data = NULL;

    if (len != NULL) {
        *len = b->len;
    }
    if (b->len == 0) {
        buffer_clear(b);
        return NULL;
    }
    data = b->data;
    b->data = NULL;
    b->len = 0;
    b->cap = 0;
    return data;
}

struct bytes buffer_bytes(const struct buffer *b)
{
    return bytes_of(b->data, b->len);
}

const char *buffer_text(const struct buffer *b)
{
    return b->data == NULL ? "" : (const char *)b->data;
}

struct bytes bytes_of(const void *data, size_t len)
{
    struct bytes view = { data, len };

    return view;
}

struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
