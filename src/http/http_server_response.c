/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_internal.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "base/secret.h"
#include "base/text.h"

#define NUMBER_TEXT_MAX 16

static void free_body(void *context)
{
    struct buffer *body = context;

    buffer_clear(body); /* wiped: a page may show a password */
    free(body);
}

static void give_back(void *context)
{
    struct http_lent *lent = context;

    lent->give_back(lent->owner);
    free(lent);
}

static struct MHD_Response *make_lent_response(const struct http_response *from)
{
    struct MHD_Response *response = NULL;
    struct http_lent *lent = malloc(sizeof(*lent));

    if (lent == NULL) return NULL;
    *lent = from->lent;
    /* libmicrohttpd only reads it */
    response = MHD_create_response_from_buffer_with_free_callback_cls(
        lent->bytes.len, (void *)(uintptr_t)lent->bytes.data, give_back, lent);
    if (response == NULL) {
        free(lent);
    }
    return response;
}

/* The body belongs to the response from here on. */
static struct MHD_Response *make_response(const struct http_response *from)
{
    struct MHD_Response *response = NULL;
    struct buffer *body = NULL;

    if (from->lent.give_back != NULL) return make_lent_response(from);
    if (from->body.len == 0) {
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    }
    body = malloc(sizeof(*body));
    if (body == NULL) return NULL;
    *body = from->body;
    response = MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->data,
                                                                      free_body, body);
    if (response == NULL) {
        free(body);
    }
    return response;
}

/* One line of http_response.headers. */
static bool add_line(struct MHD_Response *response, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    char *name = NULL;
    char *value = NULL;
    bool done = false;

    if (colon == NULL) return false;
    name = text_dup_bytes(bytes_of(line.data, (size_t)(colon - line.data)));
    value =
        text_dup_bytes(text_trim(bytes_of(colon + 1, line.len - (size_t)(colon - line.data) - 1)));
    done =
        name != NULL && value != NULL && MHD_add_response_header(response, name, value) == MHD_YES;
    if (value != NULL) {
        secret_wipe(value, strlen(value)); /* a step of a sign-in */
    }
    free(value);
    free(name);
    return done;
}

static bool add_lines(struct MHD_Response *response, struct bytes lines)
{
    struct bytes line;
    size_t pos = 0;

    while (text_next_item(lines, '\n', &pos, &line)) {
        if (!add_line(response, line)) return false;
    }
    return true;
}

static bool add_headers(const struct http_exchange *exchange, struct MHD_Response *response)
{
    const struct http_response *from = &exchange->response;
    char seconds[NUMBER_TEXT_MAX];
    const struct {
        const char *name;
        const char *value; /* NULL: left out */
    } headers[] = {
        { MHD_HTTP_HEADER_SERVER, exchange->server->server_token },
        { MHD_HTTP_HEADER_CACHE_CONTROL, from->may_be_kept ? NULL : "no-store" },
        { MHD_HTTP_HEADER_CONTENT_TYPE, from->content_type },
        { MHD_HTTP_HEADER_ALLOW, from->allow },
        { MHD_HTTP_HEADER_RETRY_AFTER, from->retry_after > 0 ? seconds : NULL },
        { MHD_HTTP_HEADER_CONNECTION, exchange->close ? "close" : NULL },
    };

    if (!text_format(seconds, sizeof(seconds), "%u", from->retry_after)) return false;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i].value != NULL
            && MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) {
            return false;
        }
    }
    return add_lines(response, buffer_bytes(&from->headers));
}

struct MHD_Response *http_exchange_response(struct http_exchange *exchange, bool *owned)
{
    struct MHD_Response *response = make_response(&exchange->response);

    *owned = response != NULL
             && (exchange->response.body.len > 0 || exchange->response.lent.give_back != NULL);
    if (response != NULL && !add_headers(exchange, response)) {
        if (*owned) {
            memset(&exchange->response.body, 0, sizeof(exchange->response.body));
            memset(&exchange->response.lent, 0, sizeof(exchange->response.lent));
        }
        MHD_destroy_response(response);
        *owned = false;
        return NULL;
    }
    return response;
}
