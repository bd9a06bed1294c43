/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_types.h"

#include <string.h>

#define ERROR_BODY_MAX 512u
#define RETRY_AFTER_SECONDS 10u /* about as long as a full queue needs */
#define HEADERS_MAX 131072u     /* a Kerberos answer in base64 is far below */

bool http_response_add_header(struct http_response *response, const char *name, const char *value,
                              struct error *err)
{
    if (strpbrk(name, "\r\n:") != NULL || strpbrk(value, "\r\n") != NULL) {
        return error_set(err, REASON_INTERNAL, "header %.32s with a line end", name);
    }
    response->headers.max = HEADERS_MAX;
    return buffer_printf(&response->headers, err, "%s: %s\n", name, value);
}

void http_response_drop_body(struct http_response *response)
{
    static const struct http_lent nothing = { { NULL, 0 }, NULL, NULL };

    buffer_clear(&response->body);
    if (response->lent.give_back != NULL) {
        response->lent.give_back(response->lent.owner);
    }
    response->lent = nothing;
}

void http_response_error(struct http_response *response, const struct error *err)
{
    struct error ignored = ERROR_INIT;
    enum error_kind kind = error_kind(err);
    bool later = kind == ERROR_OVERLOADED || kind == ERROR_UNAVAILABLE;

    response->status = error_http_status(err);
    response->content_type = NULL;
    response->retry_after = later ? RETRY_AFTER_SECONDS : 0;
    http_response_drop_body(response);
    /* who is not allowed in learns nothing from the answer */
    if (kind == ERROR_DENIED) return;
    response->body.max = ERROR_BODY_MAX;
    if (buffer_append_text(&response->body, reason_public_text(err->reason), &ignored)
        && buffer_append_text(&response->body, "\n", &ignored)) {
        response->content_type = "text/plain";
    } else {
        buffer_clear(&response->body); /* the status says enough */
    }
}

void http_response_body(struct http_response *response, const char *content_type,
                        struct buffer *take_body)
{
    response->status = 200;
    response->content_type = content_type;
    buffer_move(&response->body, take_body);
}

void http_response_lend(struct http_response *response, const char *content_type,
                        const struct http_lent *take_lent)
{
    http_response_drop_body(response);
    response->status = 200;
    response->content_type = content_type;
    response->lent = *take_lent;
}
