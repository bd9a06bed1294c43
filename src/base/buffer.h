/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  bytes: a borrowed view, and an owned array that never grows over its maximum.
 * Not here: text rules (text.h), secrets (secret.h).
 * Owns:     the memory of a struct buffer.
 * Threads:  a buffer belongs to one thread at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_BASE_BUFFER_H
#define OPENNDES_BASE_BUFFER_H

#include <stdarg.h>

#include "base/error.h"

/* A view of bytes that somebody else owns. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/*
 * Owned bytes. data has always one NUL byte behind len when it is not NULL, so that text can be
 * read as a C string.
 */
struct buffer {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes; appending beyond fails with REASON_LIMIT */
};

/* Initialiser with a maximum in bytes: struct buffer b = BUFFER_INIT(4096); */
#define BUFFER_INIT(maximum)                                                                       \
    {                                                                                              \
        NULL, 0, 0, (maximum)                                                                      \
    }

/* Free and wipe; the maximum stays, the buffer can be used again. NULL is allowed. */
void buffer_clear(struct buffer *b);
/* Forget the content, keep the memory. */
void buffer_reset(struct buffer *b);

/* Append. Errors: REASON_LIMIT, REASON_NO_MEMORY; on failure the buffer is unchanged. */
MUST_USE bool buffer_append(struct buffer *b, const void *data, size_t len, struct error *err);
MUST_USE bool buffer_append_byte(struct buffer *b, uint8_t byte, struct error *err);
MUST_USE bool buffer_append_text(struct buffer *b, const char *text, struct error *err);
MUST_USE bool buffer_append_bytes(struct buffer *b, struct bytes bytes, struct error *err);
MUST_USE bool buffer_printf(struct buffer *b, struct error *err, const char *format, ...)
    PRINTF_FORMAT(3, 4);
MUST_USE bool buffer_vprintf(struct buffer *b, struct error *err, const char *format, va_list args)
    PRINTF_FORMAT(3, 0);
/* Make room for at least `more` bytes behind len. Errors as above. */
MUST_USE bool buffer_reserve(struct buffer *b, size_t more, struct error *err);

/* Move the content of `from` to `to` (which is cleared first); `from` is empty afterwards. */
void buffer_move(struct buffer *to, struct buffer *from);
/* Give the memory away (free() it); NULL when empty. *len may be NULL. */
uint8_t *buffer_take(struct buffer *b, size_t *len);

/* View of a buffer; valid until the buffer changes. */
struct bytes buffer_bytes(const struct buffer *b);
/* The content as a C string; "" when empty. */
const char *buffer_text(const struct buffer *b);

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_of_text(const char *text);
/* Same length and content. Not for secrets (secret_equal). */
bool bytes_equal(struct bytes a, struct bytes b);

#endif
