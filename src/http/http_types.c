/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_types.h"

#define ERROR_BODY_MAX 512u
#define RETRY_AFTER_SECONDS 10u /* about as long as a full queue needs */

void http_response_error(struct http_response *response, const struct error *err)
{
    struct error ignored = ERROR_INIT;
    enum error_kind kind = error_kind(err);
    bool later = kind == ERROR_OVERLOADED || kind == ERROR_UNAVAILABLE;

    response->status = error_http_status(err);
    response->content_type = NULL;
    response->retry_after = later ? RETRY_AFTER_SECONDS : 0;
    buffer_clear(&response->body);
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
