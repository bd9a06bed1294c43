/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/sockets.h"

/* Of a chunked body that is over its limit so much more is read and thrown away, so that the client sees its 413. */
#define BODY_DISCARD_MAX (1024u * 1024u)

enum exchange_state {
    EXCHANGE_HEADERS, /* nothing seen but the request line */
    EXCHANGE_BODY,    /* admitted, the body is coming */
    EXCHANGE_WORK,    /* suspended, a worker has it */
    EXCHANGE_ANSWER   /* the response is filled */
};

struct exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    enum exchange_state state;
    char *target; /* as received; path is decoded in place in front of '?' */
    struct http_request request;
    struct buffer body;
    size_t discarded;
    struct http_response response;
};

static struct http_response empty_response(void)
{
    struct http_response response = { .body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };

    return response;
}

/* ---- the request line ----------------------------------------------------------------------- */

/* libmicrohttpd shows the request target here untouched, before it cuts and unescapes anything. */
void *exchange_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_server *server = cls;
    struct exchange *ex = calloc(1, sizeof(*ex));

    if (ex == NULL) {
        return NULL;
    }
    ex->server = server;
    ex->connection = connection;
    ex->body = (struct buffer)BUFFER_INIT(server->options.body_bytes);
    ex->response = empty_response();
    ex->target = text_dup(target);
    if (ex->target == NULL) {
        free(ex);
        return NULL;
    }
    pthread_mutex_lock(&server->mutex);
    server->running++;
    pthread_mutex_unlock(&server->mutex);
    return ex;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Percent-decode once, in place. An encoded NUL would cut the path for whoever reads it: refused. */
static bool decode_path(char *path)
{
    char *to = path;

    for (const char *from = path; *from != '\0'; from++) {
        if (from[0] == '%' && hex_digit(from[1]) >= 0 && hex_digit(from[2]) >= 0) {
            *to = (char)(hex_digit(from[1]) << 4 | hex_digit(from[2]));
            if (*to == '\0') {
                return false;
            }
            from += 2;
        } else {
            *to = *from;
        }
        to++;
    }
    *to = '\0';
    return true;
}

/* "http://host/path" (RFC 9112 3.2.2): proxies send it, servers must understand it. */
static char *skip_authority(char *target)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (text_starts_nocase(target, schemes[i])) {
            char *authority = target + strlen(schemes[i]);

            return authority + strcspn(authority, "/?");
        }
    }
    return target;
}

static bool split_target(struct exchange *ex, struct error *err)
{
    char *path = skip_authority(ex->target);
    char *question = strchr(path, '?');

    if (question != NULL) {
        *question = '\0';
        ex->request.raw_query = bytes_of_text(question + 1);
    }
    ex->request.path = path;
    if (ex->request.raw_query.len > LIMIT_QUERY_BYTES) {
        return error_set(err, REASON_URI_TOO_LONG, "query of %zu bytes", ex->request.raw_query.len);
    }
    if (strlen(path) > LIMIT_PATH_BYTES) {
        return error_set(err, REASON_URI_TOO_LONG, "path of %zu bytes", strlen(path));
    }
    if (!decode_path(path)) {
        return error_set(err, REASON_SYNTAX, "an encoded NUL in the path");
    }
    return true;
}

static void fill_addresses(struct exchange *ex)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    if (info != NULL && info->client_addr != NULL) {
        socket_address(info->client_addr, &ex->request.peer, &ex->request.peer_port);
    }
}

static void fill_method(struct http_request *request, const char *method)
{
    request->method_text = method;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
        request->method = HTTP_METHOD_GET;
    } else if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0) {
        request->method = HTTP_METHOD_HEAD;
    } else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0) {
        request->method = HTTP_METHOD_POST;
    }
}

static void fill_request(struct exchange *ex, const char *method)
{
    uint32_t number = __atomic_fetch_add(&ex->server->id_next, 1, __ATOMIC_RELAXED);

    ex->request.started_us = clock_monotonic_us();
    if (!text_format(ex->request.id, sizeof(ex->request.id), "%08x-%u", ex->server->id_start,
                     number)) {
        ex->request.id[0] = '\0';
    }
    fill_method(&ex->request, method);
    fill_addresses(ex);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void refuse(struct exchange *ex, enum reason reason)
{
    struct error err = ERROR_INIT;

    error_set(&err, reason, "%s", reason_public_text(reason));
    http_response_error(&ex->response, &err);
    ex->response.refused = reason;
    ex->state = EXCHANGE_ANSWER;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Fails only for lack of memory; a response without this header is still one. */
    if (value != NULL && MHD_add_response_header(response, name, value) != MHD_YES) {
        return;
    }
}

static enum MHD_Result queue_answer(struct exchange *ex)
{
    size_t len = 0;
    uint8_t *body;
    struct MHD_Response *response;
    enum MHD_Result result;
    char retry[16];

    len = ex->response.body.len;
    body = buffer_take(&ex->response.body, NULL);
    response =
        MHD_create_response_from_buffer_with_free_callback(body == NULL ? 0 : len, body, free);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    add_header(response, MHD_HTTP_HEADER_SERVER, ex->server->options.server_token);
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, ex->response.content_type);
    add_header(response, MHD_HTTP_HEADER_ALLOW, ex->response.allow);
    if (ex->response.retry_after != 0
        && text_format(retry, sizeof(retry), "%u", ex->response.retry_after)) {
        add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, retry);
    }
    result = MHD_queue_response(ex->connection, (unsigned)ex->response.status, response);
    MHD_destroy_response(response);
    if (ex->server->options.answered != NULL) {
        ex->server->options.answered(ex->server->options.context, &ex->request, &ex->response);
    }
    return result;
}

/* ---- the phases ----------------------------------------------------------------------------- */

static bool announces_too_much(struct exchange *ex)
{
    const char *text = MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t length = 0;

    return text != NULL
           && (!text_parse_u64(bytes_of_text(text), UINT64_MAX, &length)
               || length > ex->server->options.body_bytes);
}

static enum MHD_Result on_headers(struct exchange *ex, const char *method)
{
    const struct http_server_options *options = &ex->server->options;
    struct error err = ERROR_INIT;

    fill_request(ex, method);
    if (!split_target(ex, &err)) {
        refuse(ex, err.reason);
        return queue_answer(ex);
    }
    if (__atomic_load_n(&ex->server->stopping, __ATOMIC_ACQUIRE)) {
        refuse(ex, REASON_STOPPING);
        return queue_answer(ex);
    }
    if (options->admit(options->context, &ex->request, &ex->response) == HTTP_ADMIT_ANSWERED) {
        return queue_answer(ex);
    }
    if (announces_too_much(ex)) {
        refuse(ex, REASON_BODY_TOO_LARGE);
        return queue_answer(ex);
    }
    ex->state = EXCHANGE_BODY;
    return MHD_YES;
}

static enum MHD_Result on_body(struct exchange *ex, const char *data, size_t *size)
{
    struct error err = ERROR_INIT;

    if (ex->discarded == 0 && buffer_append(&ex->body, data, *size, &err)) {
        *size = 0;
        return MHD_YES;
    }
    /* Over the limit: a response can only follow the whole body, so a little more is swallowed. */
    ex->discarded += *size;
    *size = 0;
    buffer_clear(&ex->body);
    return ex->discarded > BODY_DISCARD_MAX ? MHD_NO : MHD_YES;
}

static void work(void *context)
{
    struct exchange *ex = context;
    struct http_server *server = ex->server;

    ex->request.body = buffer_bytes(&ex->body);
    server->options.handle(server->options.context, &ex->request, &ex->response);
    ex->state = EXCHANGE_ANSWER;
    /* Under the lock: once working is 0 the daemon may be stopped, which must not find a suspended connection. */
    pthread_mutex_lock(&server->mutex);
    MHD_resume_connection(ex->connection);
    server->working--;
    pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->mutex);
}

static enum MHD_Result on_complete(struct exchange *ex)
{
    struct http_server *server = ex->server;

    if (ex->discarded != 0) {
        refuse(ex, REASON_BODY_TOO_LARGE);
        return queue_answer(ex);
    }
    pthread_mutex_lock(&server->mutex);
    if (server->closed) {
        pthread_mutex_unlock(&server->mutex);
        return MHD_NO;
    }
    server->working++;
    pthread_mutex_unlock(&server->mutex);
    ex->state = EXCHANGE_WORK;
    MHD_suspend_connection(ex->connection);
    if (!worker_pool_submit(server->options.pool, work, ex)) {
        refuse(ex, REASON_SERVER_BUSY);
        pthread_mutex_lock(&server->mutex);
        MHD_resume_connection(ex->connection);
        server->working--;
        pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->mutex);
    }
    return MHD_YES;
}

enum MHD_Result exchange_continue(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct exchange *ex = *context;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (ex == NULL) {
        return MHD_NO; /* no memory at the request line */
    }
    switch (ex->state) {
    case EXCHANGE_HEADERS:
        return on_headers(ex, method);
    case EXCHANGE_BODY:
        return *upload_size != 0 ? on_body(ex, upload, upload_size) : on_complete(ex);
    case EXCHANGE_WORK:
        return MHD_YES;
    case EXCHANGE_ANSWER:
        break;
    }
    return queue_answer(ex);
}

void exchange_end(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode code)
{
    struct http_server *server = cls;
    struct exchange *ex = *context;

    (void)connection;
    (void)code;
    if (ex == NULL) {
        return;
    }
    *context = NULL;
    buffer_clear(&ex->body); /* wiped: a message may hold more than its sender meant to show */
    buffer_clear(&ex->response.body);
    free(ex->target);
    free(ex);
    pthread_mutex_lock(&server->mutex);
    server->running--;
    pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->mutex);
}
