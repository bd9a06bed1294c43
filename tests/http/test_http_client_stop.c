/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <string.h>

#include "platform/clock.h"
#include "platform/threads.h"

#define CALLS 6u
#define SOON_US INT64_C(5000000) /* milliseconds, but for a machine that does much else */

static const struct tls_peer_answer answers[] = {
    { "/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
};

struct running {
    struct http_client *client;
    char url[CLIENT_URL_MAX];
    bool done;
    enum http_call_failure failure;
    struct error err;
    pthread_t thread;
    int64_t ended_us;
};

static void *run(void *context)
{
    struct running *r = context;
    struct http_call call = { .url = r->url, .method = "GET" };
    struct http_answer answer = HTTP_ANSWER_INIT;

    r->done = http_client_call(r->client, &call, &answer, &r->err);
    r->ended_us = clock_monotonic_us();
    r->failure = answer.failure;
    http_answer_clear(&answer);
    return NULL;
}

static void start(struct running *r, struct http_client *client, const char *url)
{
    struct error err = ERROR_INIT;

    memset(r, 0, sizeof(*r));
    r->client = client;
    memcpy(r->url, url, strlen(url) + 1);
    assert_done(thread_start(&r->thread, "call", run, r, &err), &err, "");
}

static void assert_stopped(const struct running *r, int64_t stopped_us)
{
    assert_refused(r->done, &r->err, REASON_STOPPING, "");
    assert_int_equal(r->failure, HTTP_CALL_STOPPED);
    print_message("ended %lld us after the stop\n", (long long)(r->ended_us - stopped_us));
    assert_true(r->ended_us - stopped_us < SOON_US);
}

static void stop__calls_that_wait__end_at_once(void **state)
{
    static const char *const paths[] = { "/silent", "/slow-body", "/silent",
                                         "/silent", "/slow-body", "/silent" };
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, 1);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct running running[CALLS];
    char url[CLIENT_URL_MAX];
    int64_t stopped_us = 0;

    for (unsigned i = 0; i < CALLS; i++) {
        client_url(url, "localhost", tls_peer_port(peer), paths[i]);
        start(&running[i], client, url);
    }
    tls_peer_wait_requests(peer, CALLS);
    stopped_us = clock_monotonic_us();
    http_client_stop(client);
    for (unsigned i = 0; i < CALLS; i++) {
        thread_join(running[i].thread);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        assert_stopped(&running[i], stopped_us);
    }
    client_url(url, "localhost", tls_peer_port(peer), "/");
    client_refused(client, url, REASON_STOPPING, HTTP_CALL_STOPPED, "stopping");
    http_client_stop(client); /* twice is fine */
    http_client_free(client);
    tls_peer_stop(peer);
}

/* A peer that takes connections and says nothing: the handshake waits. */
static void stop__during_handshake__ends_at_once(void **state)
{
    const struct client_pki *pki = *state;
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct ip_address address;
    socket_handle s = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;
    struct running running;
    char url[CLIENT_URL_MAX];
    int64_t stopped_us = 0;
    uint16_t port = 0;

    peer_loopback(&address);
    assert_done(socket_listen(&address, 0, 4, &s, &port, &err), &err, "listen");
    client_url(url, "127.0.0.1", port, "/");
    start(&running, client, url);
    /* whether it is connected already or about to be: stopping ends both */
    stopped_us = clock_monotonic_us();
    http_client_stop(client);
    thread_join(running.thread);
    assert_stopped(&running, stopped_us);
    http_client_free(client);
    socket_close(s);
}

/* The connection comes about, the handshake does not: that is the time to connect. */
static void call__no_handshake__ends_in_time(void **state)
{
    const struct client_pki *pki = *state;
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    struct ip_address address;
    socket_handle s = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;
    char url[CLIENT_URL_MAX];
    int64_t started_us = clock_monotonic_us();
    uint16_t port = 0;

    peer_loopback(&address);
    assert_done(socket_listen(&address, 0, 4, &s, &port, &err), &err, "listen");
    options.connect_seconds = 1;
    client = client_create(&options);
    client_url(url, "127.0.0.1", port, "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TIMEOUT, "within 1 seconds");
    assert_true(clock_monotonic_us() - started_us < INT64_C(20000000));
    http_client_free(client);
    socket_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop__calls_that_wait__end_at_once),
        cmocka_unit_test(stop__during_handshake__ends_at_once),
        cmocka_unit_test(call__no_handshake__ends_in_time),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
