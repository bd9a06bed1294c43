/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_net.h"
#include "http/http_connection.h"
#include "platform/clock.h"
#include "platform/sockets.h"

#define BIG_BYTES 1048576u
#define WAIT_MS 20000

/* ---- the application ------------------------------------------------------------------------- */

static void answer(struct http_response *response, int status, struct bytes text)
{
    struct error err = ERROR_INIT;

    response->status = status;
    response->body.max = BIG_BYTES;
    assert_true(buffer_append_bytes(&response->body, text, &err));
    if (text.len > 0) {
        response->content_type = "application/x-test";
    }
}

static void answer_sign_in(struct http_response *response)
{
    struct error err = ERROR_INIT;

    answer(response, 401, bytes_of_text("sign in"));
    assert_true(http_response_add_header(response, "WWW-Authenticate", "Negotiate", &err));
    assert_true(http_response_add_header(response, "WWW-Authenticate", "NTLM", &err));
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static void answer_headers(const struct http_request *request, struct http_response *response)
{
    struct buffer text = BUFFER_INIT(BIG_BYTES);
    struct error err = ERROR_INIT;

    assert_true(buffer_printf(&text, &err, "%s|%s|%s|%s", or_none(request->authorization),
                              or_none(request->content_type), or_none(request->forwarded_for),
                              or_none(request->forwarded_proto)));
    answer(response, 200, buffer_bytes(&text));
    buffer_clear(&text);
}

static enum http_admit on_admit(void *context, const struct http_request *request,
                                struct http_response *response)
{
    (void)context;
    if (strcmp(request->path, "/denied") == 0) {
        answer(response, 403, bytes_of_text(""));
        return HTTP_ADMIT_ANSWERED;
    }
    if (strcmp(request->path, "/cached") == 0) {
        answer(response, 200, bytes_of_text("cached"));
        return HTTP_ADMIT_ANSWERED;
    }
    if (strcmp(request->path, "/sign-in") == 0) {
        answer_sign_in(response);
        return HTTP_ADMIT_ANSWERED;
    }
    if (strcmp(request->path, "/admitted") == 0) {
        answer_headers(request, response);
        return HTTP_ADMIT_ANSWERED;
    }
    if (strcmp(request->path, "/slow-block") == 0) {
        return HTTP_ADMIT_HANDLE_SLOW;
    }
    return HTTP_ADMIT_HANDLE;
}

static void pass_gate(struct world *world)
{
    (void)pthread_mutex_lock(&world->lock);
    world->inside++;
    (void)pthread_cond_broadcast(&world->changed);
    while (!world->gate_open) {
        (void)pthread_cond_wait(&world->changed, &world->lock);
    }
    world->inside--;
    (void)pthread_mutex_unlock(&world->lock);
}

static void answer_big(struct http_response *response)
{
    struct error err = ERROR_INIT;

    response->status = 200;
    response->content_type = "application/x-test";
    response->body.max = BIG_BYTES;
    assert_true(buffer_reserve(&response->body, BIG_BYTES, &err));
    for (size_t i = 0; i < BIG_BYTES; i++) {
        assert_true(buffer_append_byte(&response->body, 'b', &err));
    }
}

/* ---- what is kept with a connection ---------------------------------------------------------- */

struct counter {
    struct world *world;
    unsigned count;
};

static void free_counter(void *value)
{
    struct counter *counter = value;
    struct world *world = counter->world;

    free(counter);
    (void)pthread_mutex_lock(&world->lock);
    world->counters_freed++;
    (void)pthread_cond_broadcast(&world->changed);
    (void)pthread_mutex_unlock(&world->lock);
}

static void answer_count(struct world *world, const struct http_request *request,
                         struct http_response *response)
{
    struct counter *counter = http_connection_take(request->connection);
    char text[16];

    if (counter == NULL) {
        counter = calloc(1, sizeof(*counter));
        assert_non_null(counter);
        counter->world = world;
    }
    counter->count++;
    assert_true(text_format(text, sizeof(text), "%u", counter->count));
    answer(response, 200, bytes_of_text(text));
    if (request->raw_query.len > 0) {
        pass_gate(world);
    }
    http_connection_keep(request->connection, counter, free_counter);
    (void)pthread_mutex_lock(&world->lock);
    world->freed_when_kept = world->counters_freed;
    (void)pthread_mutex_unlock(&world->lock);
}

static void on_handle(void *context, const struct http_request *request,
                      struct http_response *response)
{
    struct world *world = context;

    if (strcmp(request->path, "/block") == 0 || strcmp(request->path, "/slow-block") == 0) {
        pass_gate(world);
    }
    (void)pthread_mutex_lock(&world->lock);
    world->handled++;
    (void)pthread_mutex_unlock(&world->lock);
    if (request->method == HTTP_METHOD_HEAD || request->method == HTTP_METHOD_OTHER) {
        answer(response, 405, bytes_of_text("no"));
        response->allow = "GET, POST";
    } else if (strcmp(request->path, "/nothing") == 0) {
        answer_sign_in(response);
        response->status = 0;
    } else if (strcmp(request->path, "/sign-in-handle") == 0) {
        answer_sign_in(response);
    } else if (strcmp(request->path, "/headers") == 0) {
        answer_headers(request, response);
    } else if (strcmp(request->path, "/count") == 0) {
        answer_count(world, request, response);
    } else if (strcmp(request->path, "/big") == 0) {
        answer_big(response);
    } else if (strcmp(request->path, "/empty") == 0) {
        answer(response, 200, bytes_of_text(""));
    } else {
        answer(response, 200,
               request->method == HTTP_METHOD_POST ? request->body : request->raw_query);
    }
}

static void note(struct world_seen *seen, const struct http_request *request,
                 const struct http_response *response)
{
    memcpy(seen->id, request->id, sizeof(seen->id));
    (void)!text_copy(seen->path, sizeof(seen->path), request->path);
    (void)!text_copy(seen->method, sizeof(seen->method), request->method_text);
    seen->status = response->status;
    seen->refused = response->refused;
    seen->peer = request->peer;
    seen->peer_port = request->peer_port;
    seen->local = request->local;
    seen->local_port = request->local_port;
    seen->local_known = request->local_known;
    seen->tls = request->tls;
    seen->faces = request->faces;
    memcpy(seen->channel_binding, request->channel_binding, sizeof(seen->channel_binding));
    seen->channel_binding_len = request->channel_binding_len;
    seen->body_len = response->body.len;
}

static void on_answered(void *context, const struct http_request *request,
                        const struct http_response *response)
{
    struct world *world = context;

    (void)pthread_mutex_lock(&world->lock);
    if (world->answered < WORLD_SEEN_MAX) {
        note(&world->seen[world->answered], request, response);
    }
    world->answered++;
    (void)pthread_cond_broadcast(&world->changed);
    (void)pthread_mutex_unlock(&world->lock);
}

static void on_handshake_failed(void *context, const struct ip_address *peer, const char *why)
{
    struct world *world = context;

    (void)pthread_mutex_lock(&world->lock);
    world->handshakes_failed++;
    world->failed_peer = *peer;
    (void)!text_copy(world->why, sizeof(world->why), why);
    (void)pthread_cond_broadcast(&world->changed);
    (void)pthread_mutex_unlock(&world->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void start_server(struct world *world, const struct world_options *options)
{
    const struct http_server_options server = {
        .server_token = "OpenNDES",
        .body_bytes = options->body_bytes,
        .connections = options->connections,
        .connections_per_address = options->connections_per_address,
        .idle_seconds = options->idle_seconds,
        .head_seconds = options->head_seconds,
        .grace_seconds = options->grace_seconds,
        .tls_connections = options->tls_connections,
        .handshake_seconds = options->handshake_seconds,
        .pool = world->pool,
        .context = world,
        .admit = on_admit,
        .handle = on_handle,
        .answered = on_answered,
        .handshake_failed = on_handshake_failed,
    };
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    bool listening = false;

    world->server = http_server_create(&server, &err);
    assert_non_null(world->server);
    assert_true(
        ip_address_parse(bytes_of_text(options->v6 ? "::1" : "127.0.0.1"), &world->address, &err));
    listen = world_listen_options(world, 0);
    listening = http_server_listen(world->server, &listen, &world->port, &err);
    if (!listening && options->v6) {
        world_destroy(world);
        test_skip("this machine has no IPv6 loopback");
    }
    assert_done(listening, &err, "listen");
    assert_int_not_equal(world->port, 0);
    if (options->tls != NULL) {
        listen.tls = options->tls;
        listen.faces = LISTEN_FACE_SCEP;
        assert_done(http_server_listen(world->server, &listen, &world->tls_port, &err), &err,
                    "HTTPS");
    }
}

struct http_listen_options world_listen_options(const struct world *world, uint16_t port)
{
    const struct http_listen_options options = {
        .address = world->address,
        .port = port,
        .faces = LISTEN_FACES_ALL,
    };

    return options;
}

void world_create(struct world *world, const struct world_options *options)
{
    const struct world_options standard = WORLD_OPTIONS_DEFAULT;
    const struct world_options *used = options != NULL ? options : &standard;
    struct error err = ERROR_INIT;

    memset(world, 0, sizeof(*world));
    assert_done(sockets_start(&err), &err, "sockets");
    assert_int_equal(pthread_mutex_init(&world->lock, NULL), 0);
    assert_true(thread_cond_init(&world->changed, &err));
    world->pool = worker_pool_create(used->threads, used->queue, &err);
    assert_non_null(world->pool);
    start_server(world, used);
}

void world_destroy(struct world *world)
{
    world_open_gate(world);
    http_server_free(world->server);
    worker_pool_free(world->pool);
    (void)pthread_cond_destroy(&world->changed);
    (void)pthread_mutex_destroy(&world->lock);
}

void world_open_gate(struct world *world)
{
    (void)pthread_mutex_lock(&world->lock);
    world->gate_open = true;
    (void)pthread_cond_broadcast(&world->changed);
    (void)pthread_mutex_unlock(&world->lock);
}

/* Wait until *field reaches count; the test fails after WAIT_MS without a change. */
static void wait_for(struct world *world, const unsigned *field, unsigned count)
{
    bool in_time = true;

    (void)pthread_mutex_lock(&world->lock);
    while (*field < count && in_time) {
        in_time = thread_cond_wait_ms(&world->changed, &world->lock, WAIT_MS);
    }
    in_time = *field >= count;
    (void)pthread_mutex_unlock(&world->lock);
    assert_true(in_time);
}

void world_wait_inside(struct world *world, unsigned count)
{
    wait_for(world, &world->inside, count);
}

void world_wait_answered(struct world *world, unsigned count)
{
    wait_for(world, &world->answered, count);
}

static unsigned count_of(struct world *world, const unsigned *field)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&world->lock);
    count = *field;
    (void)pthread_mutex_unlock(&world->lock);
    return count;
}

unsigned world_handled(struct world *world)
{
    return count_of(world, &world->handled);
}

unsigned world_answered(struct world *world)
{
    return count_of(world, &world->answered);
}

void world_wait_counters_freed(struct world *world, unsigned count)
{
    wait_for(world, &world->counters_freed, count);
}

void world_wait_handshakes_failed(struct world *world, unsigned count)
{
    wait_for(world, &world->handshakes_failed, count);
}

void world_assert_why(struct world *world, const char *text)
{
    char why[WORLD_WHY_MAX];

    (void)pthread_mutex_lock(&world->lock);
    memcpy(why, world->why, sizeof(why));
    (void)pthread_mutex_unlock(&world->lock);
    if (strstr(why, text) == NULL) {
        print_error("\"%s\" is not in \"%s\"\n", text, why);
        fail();
    }
}

void world_wait_running(struct world *world, unsigned count)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)WAIT_MS * 1000;

    (void)pthread_mutex_lock(&world->lock);
    while (http_server_running(world->server) < count && clock_monotonic_us() < end_us) {
        (void)thread_cond_wait_ms(&world->changed, &world->lock, 1);
    }
    (void)pthread_mutex_unlock(&world->lock);
    assert_true(http_server_running(world->server) >= count);
}

/* ---- clients --------------------------------------------------------------------------------- */

struct raw_client *world_connect(struct world *world)
{
    struct raw_client *client = raw_client_connect(&world->address, world->port);

    assert_non_null(client);
    return client;
}

void world_exchange(struct raw_client *client, const char *request, struct raw_response *out)
{
    assert_true(raw_client_send_text(client, request));
    assert_true(raw_client_receive(client, !text_starts_nocase(request, "HEAD "), out));
}

int world_ask(struct world *world, const char *request)
{
    struct raw_client *client = world_connect(world);
    struct raw_response response = RAW_RESPONSE_INIT;
    int status = 0;

    world_exchange(client, request, &response);
    status = response.status;
    raw_response_clear(&response);
    raw_client_close(client);
    return status;
}

void world_assert_complete(const struct raw_response *response)
{
    struct bytes value;

    assert_int_equal(raw_response_header(response, "Server", &value), 1);
    assert_bytes_text(value, "OpenNDES");
    assert_int_equal(raw_response_header(response, "Cache-Control", &value), 1);
    assert_bytes_text(value, "no-store");
    assert_int_equal(raw_response_header(response, "Content-Length", &value), 1);
    assert_int_equal(raw_response_header(response, "Date", &value), 1);
    assert_int_equal(raw_response_header(response, "Transfer-Encoding", &value), 0);
}
