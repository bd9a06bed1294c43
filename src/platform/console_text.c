/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/console_text.h"

#include <string.h>

#include "base/text.h"
#include "platform/console.h"

#define CONSOLE_PRINT_MAX 1048576u /* bytes of one console_printf */

void console_printf(enum console_stream stream, const char *format, ...)
{
    struct buffer text = BUFFER_INIT(CONSOLE_PRINT_MAX);
    struct error err = ERROR_INIT;
    va_list args;
    bool ok = false;

    va_start(args, format);
    ok = buffer_vprintf(&text, &err, format, args);
    va_end(args);
    console_write(stream, ok ? buffer_bytes(&text) : bytes_of_text(err.detail));
    buffer_clear(&text);
}

/* Check and hand over what has been collected. */
static bool finish_line(struct buffer *line, size_t max_bytes, struct secret *out,
                        struct error *err)
{
    static const uint8_t bom[] = { 0xef, 0xbb, 0xbf }; /* PowerShell puts it before piped text */

    if (line->len >= sizeof(bom) && memcmp(line->data, bom, sizeof(bom)) == 0) {
        line->len -= sizeof(bom);
        memmove(line->data, line->data + sizeof(bom), line->len + 1);
    }
    if (line->len > max_bytes) {
        return error_set(err, REASON_USAGE, "the line is longer than %zu bytes", max_bytes);
    }
    if (!text_utf8_valid(buffer_bytes(line))) {
        return error_set(err, REASON_USAGE, "the line is not UTF-8 text");
    }
    return secret_take_buffer(out, line, err);
}

bool console_collect_line(console_next_byte *next, void *context, size_t max_bytes,
                          struct secret *out, struct error *err)
{
    /* four more: BOM and CR belong to no line */
    struct buffer line = BUFFER_INIT(max_bytes + 4);
    enum console_byte state = CONSOLE_BYTE;
    bool too_long = false;
    bool any = false;
    bool ok = false;
    uint8_t byte = 0;

    for (;;) {
        state = next(context, &byte);
        if (state != CONSOLE_BYTE || byte == '\n') {
            break;
        }
        any = true;
        /* the rest of a line that is too long is read all the same: the next call reads the next */
        too_long = too_long || line.len == line.max;
        if (!too_long && !buffer_append_byte(&line, byte, err)) {
            goto out;
        }
    }
    if (state == CONSOLE_BROKEN) {
        (void)error_set(err, REASON_USAGE, "standard input cannot be read");
        goto out;
    }
    if (state == CONSOLE_END && !any) {
        (void)error_set(err, REASON_USAGE, "standard input has ended: a line was expected");
        goto out;
    }
    if (too_long) {
        (void)error_set(err, REASON_USAGE, "the line is longer than %zu bytes", max_bytes);
        goto out;
    }
    if (state == CONSOLE_BYTE && line.len > 0 && line.data[line.len - 1] == '\r') {
        line.data[--line.len] = 0;
    }
    ok = finish_line(&line, max_bytes, out, err);
out:
    secret_wipe(&byte, sizeof(byte));
    buffer_clear(&line);
    return ok;
}
