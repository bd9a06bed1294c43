/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_target.h"

#include <string.h>

#include "base/text.h"

/* Where the path begins; NULL for a form that is not served (authority form). */
static const char *path_begin(const char *raw)
{
    static const char *const schemes[] = { "http://", "https://" };

    if (raw[0] == '/') return raw;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (text_starts_nocase(raw, schemes[i])) {
            const char *authority = raw + strlen(schemes[i]);

            return authority + strcspn(authority, "/?");
        }
    }
    return NULL;
}

/* One byte of the path, which may be written as %XX; *pos moves behind it. */
static bool next_byte(struct bytes raw, size_t *pos, uint8_t *byte)
{
    size_t len = 0;

    *byte = raw.data[*pos];
    if (*byte != '%') {
        (*pos)++;
        return true;
    }
    if (raw.len - *pos < 3 || !text_unhex(byte, 1, &len, bytes_of(raw.data + *pos + 1, 2))
        || len != 1 || *byte == 0) {
        return false;
    }
    *pos += 3;
    return true;
}

static bool decode_path(struct bytes raw, struct http_target *out, struct error *err)
{
    size_t len = 0;
    size_t pos = 0;

    while (pos < raw.len) {
        uint8_t byte = 0;

        if (len == LIMIT_PATH_BYTES) {
            return error_set(err, REASON_URI_TOO_LONG, "path over %u bytes", LIMIT_PATH_BYTES);
        }
        if (!next_byte(raw, &pos, &byte)) {
            return error_set(err, REASON_SYNTAX, "broken escape in the path");
        }
        out->path[len++] = (char)byte;
    }
    if (len == 0) { /* "http://host": the root */
        out->path[len++] = '/';
    }
    out->path[len] = '\0';
    return true;
}

bool http_target_parse(const char *raw, struct http_target *out, struct error *err)
{
    const char *path = path_begin(raw);
    size_t path_len = 0;

    out->path[0] = '\0';
    out->raw_query = bytes_of(NULL, 0);
    if (strcmp(raw, "*") == 0) return text_copy(out->path, sizeof(out->path), raw);
    if (path == NULL) {
        return error_set(err, REASON_SYNTAX, "the request target is no path");
    }
    path_len = strcspn(path, "?");
    if (!decode_path(bytes_of(path, path_len), out, err)) {
        out->path[0] = '\0';
        return false;
    }
    if (path[path_len] == '?') {
        size_t query_len = strlen(path + path_len + 1);

        if (query_len > LIMIT_QUERY_BYTES) {
            return error_set(err, REASON_URI_TOO_LONG, "query of %lu bytes, at most %u",
                             (unsigned long)query_len, LIMIT_QUERY_BYTES);
        }
        out->raw_query = bytes_of(path + path_len + 1, query_len);
    }
    return true;
}
