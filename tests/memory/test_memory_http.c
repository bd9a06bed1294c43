/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way through the HTTP server with memory running out, up to what handles it and back:
 * it is answered whole, refused with a status of a server in need, or its connection ends; never is
 * half of an answer called a whole one, nothing hangs once there is memory, and
 * the next request is answered as ever.
 */
#include <poll.h>
#include <string.h>

#include "base/text.h"
#include "http/http_server.h"
#include "http/raw_socket.h"
#include "support/alloc_fail.h"
#include "support/test_support.h"

#define BODY "a message that somebody wants to have handled"
#define ANSWER_BYTES 65536u
#define LACK_MS 100

struct stage {
    struct worker_pool *pool;
    struct http_server *server;
    uint16_t port;
    struct ip_address address;
    const char *request;
    char came[ANSWER_BYTES];
    size_t len;
    bool ended;
};

static enum http_admit on_admit(void *context, const struct http_request *request,
                                struct http_response *response)
{
    struct buffer body = BUFFER_INIT(64);
    struct error err = ERROR_INIT;

    (void)context;
    if (strcmp(request->path, "/kept") != 0) return HTTP_ADMIT_HANDLE;
    if (buffer_append_text(&body, BODY, &err)) {
        http_response_body(response, "text/plain", &body);
    } else {
        http_response_error(response, &err);
    }
    return HTTP_ADMIT_ANSWERED;
}

/* The body comes back. */
static void on_handle(void *context, const struct http_request *request,
                      struct http_response *response)
{
    struct buffer body = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    (void)context;
    if (buffer_append_bytes(&body, request->body, &err)
        && http_response_add_header(response, "X-More", "a header", &err)) {
        http_response_body(response, "application/x-pki-message", &body);
    } else {
        buffer_clear(&body);
        http_response_error(response, &err);
    }
}

/*
 * libmicrohttpd takes memory for each look at its sockets: a client waits as long as there is none.
 * Here it comes back before long.
 */
static void wait_for_answer(socket_handle socket)
{
    struct pollfd answer = { .fd = (int)socket, .events = POLLIN };

    if (poll(&answer, 1, LACK_MS) == 0) {
        (void)alloc_fail_pause();
    }
}

/* Asserts nothing and takes no memory. */
static void ask(void *context)
{
    struct stage *s = context;
    socket_handle socket = raw_socket_connect(&s->address, s->port);
    struct bytes rest = bytes_of_text(s->request);
    size_t got = 1;

    s->len = 0;
    s->ended = false;
    if (socket == SOCKET_HANDLE_NONE) return;
    while (rest.len > 0) {
        size_t sent = raw_socket_send(socket, rest);

        if (sent == 0) break;
        rest = bytes_of(rest.data + sent, rest.len - sent);
    }
    wait_for_answer(socket);
    while (got > 0 && !s->ended && s->len < sizeof(s->came) - 1) {
        got = raw_socket_receive(socket, s->came + s->len, sizeof(s->came) - 1 - s->len, &s->ended);
        s->len += got;
    }
    s->came[s->len] = '\0';
    socket_close(socket);
}

static int status_of(const struct stage *s)
{
    uint64_t status = 0;

    return s->len > 12 && memcmp(s->came, "HTTP/1.1 ", 9) == 0
                   && text_parse_u64(bytes_of(s->came + 9, 3), 999, &status)
               ? (int)status
               : 0;
}

/* Is the body as long as its header says? */
static bool is_whole(const struct stage *s)
{
    const char *length = strstr(s->came, "Content-Length: ");
    const char *body = strstr(s->came, "\r\n\r\n");
    uint64_t expected = 0;

    if (length == NULL || body == NULL) return false;
    length += strlen("Content-Length: ");
    return text_parse_u64(bytes_of(length, strspn(length, "0123456789")), ANSWER_BYTES, &expected)
           && strlen(body + 4) == expected;
}

static bool judge(void *context)
{
    struct stage *s = context;
    int status = status_of(s);
    bool done = false;

    if (!s->ended) {
        fail_msg("the connection has no end: %s", s->came);
    }
    if (status == 200 && is_whole(s)) {
        assert_non_null(strstr(s->came, "\r\n\r\n" BODY));
        done = true;
    } else if (s->len == 0) {
        alloc_fail_note("connection ended");
    } else if (!is_whole(s)) {
        alloc_fail_note("connection ended within the answer");
    } else {
        assert_true(status >= 500);
        alloc_fail_note(status == 503 ? "503" : "500");
    }
    /* whatever it was, it is over */
    ask(s);
    assert_int_equal(status_of(s), 200);
    assert_true(is_whole(s) && s->ended);
    return done;
}

static void open_stage(struct stage *s)
{
    struct http_server_options options = { .server_token = "x",
                                           .body_bytes = 4096,
                                           .connections = 16,
                                           .idle_seconds = 15,
                                           .admit = on_admit,
                                           .handle = on_handle };
    struct http_listen_options listen = { .port = 0 };
    struct error err = ERROR_INIT;

    assert_done(ip_address_parse(bytes_of_text("127.0.0.1"), &s->address, &err), &err, "");
    s->pool = worker_pool_create(2, 8, &err);
    assert_done(s->pool != NULL, &err, "pool");
    options.pool = s->pool;
    listen.address = s->address;
    s->server = http_server_create(&options, &err);
    assert_done(s->server != NULL && http_server_listen(s->server, &listen, &s->port, &err), &err,
                "server");
}

static void request__memory_runs_out__whole_or_refused(void **state)
{
    static const struct {
        const char *name;
        const char *request;
    } cases[] = {
        { "HTTP: answered from memory",
          "GET /kept?operation=GetCACaps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" },
        { "HTTP: handled by a worker",
          "POST /scep/device?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          "Content-Type: application/x-pki-message\r\nAuthorization: Basic eDp5\r\n"
          "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"
          "Content-Length: 45\r\n\r\n" BODY },
    };
    struct stage s = { .pool = NULL };

    (void)state;
    open_stage(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct alloc_scenario scenario = {
            .name = cases[i].name, .act = ask, .judge = judge, .samples = 60
        };

        s.request = cases[i].request;
        alloc_fail_run(&scenario, &s);
    }
    http_server_free(s.server);
    worker_pool_free(s.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__memory_runs_out__whole_or_refused),
    };

    return cmocka_run_group_tests_name("memory HTTP", tests, NULL, NULL);
}
