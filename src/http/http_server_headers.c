/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_internal.h"

#include <string.h>

#include <microhttpd.h>

#include "base/text.h"

struct header_walk {
    struct http_framing framing;
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

static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct header_walk *walk = context;
    const char *text = value != NULL ? value : "";

    (void)kind;
    walk->count++;
    if (!is_token(name)) {
        (void)error_set(&walk->err, REASON_SYNTAX, "malformed header name");
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
                       struct http_framing *out, struct error *err)
{
    struct header_walk walk;

    memset(&walk, 0, sizeof(walk));
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
