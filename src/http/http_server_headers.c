/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_internal.h"

#include <string.h>

#include <microhttpd.h>

#include "base/text.h"

struct header_walk {
    struct http_framing framing;
    struct http_kept_headers *kept;
    unsigned count;
    struct error err;
};

/* RFC 9110 5.6.2: a name with anything else, such as a space before the colon, hides a header. */
static bool is_token(const char *name)
{
    static const char letters[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

/* ---- where the body ends --------------------------------------------------------------------- */

static void read_length(struct header_walk *walk, const char *value)
{
    if (walk->framing.has_length) {
        (void)error_set(&walk->err, REASON_SYNTAX, "Content-Length twice");
        return;
    }
    walk->framing.has_length = true;
    if (!text_parse_u64(text_trim(bytes_of_text(value)), INT64_MAX, &walk->framing.length)) {
        (void)error_set(&walk->err, REASON_SYNTAX, "Content-Length is no number");
    }
}

static void read_encoding(struct header_walk *walk, const char *value)
{
    if (walk->framing.chunked) {
        (void)error_set(&walk->err, REASON_SYNTAX, "Transfer-Encoding twice");
    } else if (!text_equal_nocase(value, "chunked")) {
        (void)error_set(&walk->err, REASON_SYNTAX, "Transfer-Encoding other than chunked");
    }
    walk->framing.chunked = true;
}

/* ---- what handlers read ---------------------------------------------------------------------- */

/* Copy the first one; there is one allocation, of its size. */
static void keep_first(struct header_walk *walk, struct buffer *to, size_t max, const char *value)
{
    struct bytes text = text_trim(bytes_of_text(value));

    if (to->data != NULL) return;
    to->max = max;
    if (buffer_reserve(to, text.len, &walk->err)) {
        (void)!buffer_append_bytes(to, text, &walk->err);
    }
}

/* Two credentials: we and a proxy before us could each believe another one. */
static void keep_authorization(struct header_walk *walk, const char *value)
{
    if (walk->kept->authorization.data != NULL) {
        (void)error_set(&walk->err, REASON_SYNTAX, "Authorization twice");
        return;
    }
    keep_first(walk, &walk->kept->authorization, LIMIT_AUTHORIZATION_BYTES, value);
}

/* RFC 9110 5.3: several lines mean the same as one line with commas, in this order. */
static void keep_forwarded_for(struct header_walk *walk, const char *value)
{
    struct buffer *to = &walk->kept->forwarded_for;

    to->max = LIMIT_FORWARDED_BYTES;
    if (to->data != NULL && !buffer_append_text(to, ",", &walk->err)) return;
    (void)!buffer_append_bytes(to, text_trim(bytes_of_text(value)), &walk->err);
}

/* False: none of those that are kept. */
static bool keep_header(struct header_walk *walk, const char *name, const char *value)
{
    if (text_equal_nocase(name, MHD_HTTP_HEADER_AUTHORIZATION)) {
        keep_authorization(walk, value);
    } else if (text_equal_nocase(name, MHD_HTTP_HEADER_CONTENT_TYPE)) {
        keep_first(walk, &walk->kept->content_type, LIMIT_FORWARDED_BYTES, value);
    } else if (text_equal_nocase(name, "X-Forwarded-For")) {
        keep_forwarded_for(walk, value);
    } else if (text_equal_nocase(name, "X-Forwarded-Proto")) {
        keep_first(walk, &walk->kept->forwarded_proto, LIMIT_FORWARDED_BYTES, value);
    } else {
        return false;
    }
    return true;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct header_walk *walk = context;
    const char *text = value != NULL ? value : "";

    (void)kind;
    walk->count++;
    if (!is_token(name)) {
        (void)error_set(&walk->err, REASON_SYNTAX, "malformed header name");
    } else if (keep_header(walk, name, text)) {
        return MHD_YES;
    } else if (text_equal_nocase(name, MHD_HTTP_HEADER_CONTENT_LENGTH)) {
        read_length(walk, text);
    } else if (text_equal_nocase(name, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        read_encoding(walk, text);
    } else if (text_equal_nocase(name, MHD_HTTP_HEADER_EXPECT)) {
        walk->framing.expects_continue = true;
    }
    return MHD_YES;
}

bool http_headers_read(struct MHD_Connection *connection, const char *version,
                       struct http_framing *out, struct http_kept_headers *kept, struct error *err)
{
    struct header_walk walk;

    memset(&walk, 0, sizeof(walk));
    walk.kept = kept;
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, read_header, &walk);
    if (walk.framing.chunked && walk.framing.has_length) {
        (void)error_set(&walk.err, REASON_SYNTAX, "Content-Length beside Transfer-Encoding");
    }
    if (walk.framing.chunked && strcmp(version, MHD_HTTP_VERSION_1_0) == 0) {
        (void)error_set(&walk.err, REASON_SYNTAX, "Transfer-Encoding in HTTP/1.0");
    }
    /* one more: http_server_request.c puts a Host header in */
    if (walk.count > LIMIT_HEADERS + 1) {
        (void)error_set(&walk.err, REASON_LIMIT, "%u headers, at most %u", walk.count - 1,
                        LIMIT_HEADERS);
    }
    *out = walk.framing;
    if (error_is_set(&walk.err)) {
        return error_set(err, walk.err.reason, "%s", walk.err.detail);
    }
    return true;
}
