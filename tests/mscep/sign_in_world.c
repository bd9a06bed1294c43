/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"

#define OFFER_MAX 131072u

void world_init(struct sign_in_world *w)
{
    struct service_config *c = &w->config;

    memset(w, 0, sizeof(*w));
    test_folder_create(&w->folder);
    c->signin.negotiate = true;
    c->signin.basic = true;
    c->signin.channel_binding = CHANNEL_BINDING_ALLOW;
    c->signin.failures = 3;
    c->signin.throttle_minutes = 5;
    c->signin.package = text_dup("Negotiate");
    c->signin.basic_http.allowed = text_dup("127.0.0.0/8,::1");
    w->scope = "devices";
    w->tls = true;
    w->binding = true;
    (void)snprintf(w->peer, sizeof(w->peer), "192.0.2.1");
    world_list(w, "everybody");
}

void world_open(struct sign_in_world *w)
{
    struct sign_in_options options = {
        .config = &w->config,
        .data_folder = w->folder.path,
        .previous = w->sign_in,
        .security_functions = w->security_functions,
    };
    struct sign_in *opened = NULL;

    error_clear(&w->err);
    opened = sign_in_create(&options, &w->err);
    assert_done(opened != NULL, &w->err, "");
    sign_in_unref(w->sign_in);
    w->sign_in = opened;
}

void world_close(struct sign_in_world *w)
{
    sign_in_unref(w->sign_in);
    sign_in_list_free(w->list);
    buffer_clear(&w->response.headers);
    buffer_clear(&w->response.body);
    free(w->config.signin.package);
    free(w->config.signin.basic_http.allowed);
    test_folder_remove(&w->folder);
}

void world_list(struct sign_in_world *w, const char *allowed)
{
    sign_in_list_free(w->list);
    error_clear(&w->err);
    w->list = sign_in_list_create(allowed, NULL, 0, &w->err);
    assert_done(w->list != NULL, &w->err, "");
}

bool world_ask(struct sign_in_world *w, struct http_connection *connection, const char *header)
{
    struct http_request request = { .method = HTTP_METHOD_GET, .path = "/certsrv/mscep_admin/" };

    error_clear(&w->err);
    assert_done(ip_address_parse(bytes_of_text(w->peer), &request.peer, &w->err), &w->err, w->peer);
    request.tls = w->tls;
    if (w->tls && w->binding) {
        assert_true(text_unhex(request.channel_binding, sizeof(request.channel_binding),
                               &request.channel_binding_len, bytes_of_text(WORLD_BINDING)));
    }
    request.authorization = header;
    request.connection = connection;
    buffer_clear(&w->response.headers);
    buffer_clear(&w->response.body);
    memset(&w->response, 0, sizeof(w->response));
    return sign_in_request(w->sign_in, &request, w->list, w->scope, &w->user, &w->response,
                           &w->err);
}

bool world_leg(struct sign_in_world *w, struct http_connection *connection, const char *scheme,
               const void *token, size_t len)
{
    struct buffer header = BUFFER_INIT(OFFER_MAX);
    bool result;

    error_clear(&w->err);
    assert_true(buffer_printf(&header, &w->err, "%s ", scheme)
                && base64_encode(bytes_of(token, len), &header, &w->err));
    result = world_ask(w, connection, buffer_text(&header));
    buffer_clear(&header);
    return result;
}

bool world_ntlm(struct sign_in_world *w, struct http_connection *connection, const char *scheme,
                unsigned char type, const char *text)
{
    uint8_t token[256] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, type };

    assert_true(strlen(text) < sizeof(token) - 12);
    memcpy(token + 12, text, strlen(text));
    return world_leg(w, connection, scheme, token, 12 + strlen(text));
}

bool world_basic(struct sign_in_world *w, const char *user, const char *password)
{
    struct buffer text = BUFFER_INIT(8192);
    bool result;

    error_clear(&w->err);
    assert_true(buffer_printf(&text, &w->err, "%s:%s", user, password));
    result = world_leg(w, NULL, "Basic", text.data, text.len);
    buffer_clear(&text);
    return result;
}

const char *world_headers(const struct sign_in_world *w)
{
    return buffer_text(&w->response.headers);
}

void world_refused(struct sign_in_world *w, bool result, int status, enum reason reason)
{
    assert_refused(result, &w->err, reason, "");
    assert_int_equal(w->response.status, status);
    assert_string_equal(w->user.name, "");
    assert_null(w->user.scheme);
    assert_false(w->user.allowed);
}
