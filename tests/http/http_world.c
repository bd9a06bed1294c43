/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <string.h>

#include "base/text.h"
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

static void on_handle(void *context, const struct http_request *request,
                      struct http_response *response)
{
    struct world *world = context;

    if (strcmp(request->path, "/block") == 0) {
        pass_gate(world);
    }
    (void)pthread_mutex_lock(&world->lock);
    world->handled++;
    (void)pthread_mutex_unlock(&world->lock);
    if (request->method == HTTP_METHOD_HEAD || request->method == HTTP_METHOD_OTHER) {
        answer(response, 405, bytes_of_text("no"));
        response->allow = "GET, POST";
    } else if (strcmp(request->path, "/nothing") == 0) {
        return;
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

/* ---- life ------------------------------------------------------------------------------------ */

static void start_server(struct world *world, const struct world_options *options)
{
    const struct http_server_options server = {
        .server_token = "OpenNDES",
        .body_bytes = options->body_bytes,
        .connections = options->connections,
        .connections_per_address = options->connections_per_address,
        .idle_seconds = 30,
        .pool = world->pool,
        .context = world,
        .admit = on_admit,
        .handle = on_handle,
        .answered = on_answered,
    };
    struct error err = ERROR_INIT;
    bool listening = false;

    world->server = http_server_create(&server, &err);
    assert_non_null(world->server);
    assert_true(
        ip_address_parse(bytes_of_text(options->v6 ? "::1" : "127.0.0.1"), &world->address, &err));
    listening = http_server_listen(world->server, &world->address, 0, &world->port, &err);
    if (!listening && options->v6) {
        world_destroy(world);
        test_skip("this machine has no IPv6 loopback");
    }
    assert_done(listening, &err, "listen");
    assert_int_not_equal(world->port, 0);
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
