/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_acceptor.h"

#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "http/raw_socket.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "support/test_support.h"

#define CROWD 150u
#define PATIENCE_US INT64_C(10000000)
#define LACK_MS 350

/* ---- descriptors that run out ---------------------------------------------------------------- */

static atomic_bool lacking; /* the system has no descriptor left */
static atomic_uint tries;   /* meanwhile */

enum socket_io __real_socket_accept_bare(socket_handle listening, socket_handle *out,
                                         struct ip_address *address, uint16_t *port);
enum socket_io __wrap_socket_accept_bare(socket_handle listening, socket_handle *out,
                                         struct ip_address *address, uint16_t *port);

enum socket_io __wrap_socket_accept_bare(socket_handle listening, socket_handle *out,
                                         struct ip_address *address, uint16_t *port)
{
    if (!atomic_load(&lacking)) return __real_socket_accept_bare(listening, out, address, port);
    (void)atomic_fetch_add(&tries, 1);
    return SOCKET_IO_ENDED;
}

/* ---- who comes ------------------------------------------------------------------------------- */

/* Who has come, in order. */
struct door {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
    socket_handle sockets[CROWD];
    struct ip_address peers[CROWD];
    uint16_t ports[CROWD];
    void *listeners[CROWD];
    bool shut; /* whoever comes waits until it is open */
};

static void door_init(struct door *door)
{
    struct error err = ERROR_INIT;

    memset(door, 0, sizeof(*door));
    assert_done(sockets_start(&err), &err, "sockets");
    assert_int_equal(pthread_mutex_init(&door->lock, NULL), 0);
    assert_done(thread_cond_init(&door->changed, &err), &err, "");
}

static void door_clear(struct door *door)
{
    for (unsigned i = 0; i < door->count; i++) {
        socket_close(door->sockets[i]);
    }
    (void)pthread_cond_destroy(&door->changed);
    (void)pthread_mutex_destroy(&door->lock);
}

static void on_arrived(void *context, void *listener, socket_handle take_socket,
                       const struct ip_address *peer, uint16_t port)
{
    struct door *door = context;

    (void)pthread_mutex_lock(&door->lock);
    while (door->shut) {
        (void)pthread_cond_wait(&door->changed, &door->lock);
    }
    if (door->count < CROWD) {
        door->sockets[door->count] = take_socket;
        door->peers[door->count] = *peer;
        door->ports[door->count] = port;
        door->listeners[door->count] = listener;
        door->count++;
    }
    (void)pthread_cond_broadcast(&door->changed);
    (void)pthread_mutex_unlock(&door->lock);
}

static void wait_for(struct door *door, unsigned count)
{
    int64_t end_us = clock_monotonic_us() + PATIENCE_US;

    (void)pthread_mutex_lock(&door->lock);
    while (door->count < count && clock_monotonic_us() < end_us) {
        (void)thread_cond_wait_ms(&door->changed, &door->lock, 1000);
    }
    assert_int_equal(door->count, count);
    (void)pthread_mutex_unlock(&door->lock);
}

static struct http_acceptor *acceptor_of(struct door *door)
{
    const struct http_acceptor_options options = { .context = door, .arrived = on_arrived };
    struct error err = ERROR_INIT;
    struct http_acceptor *acceptor = http_acceptor_create(&options, &err);

    assert_non_null(acceptor);
    return acceptor;
}

static struct ip_address loopback(bool v6)
{
    struct ip_address address = { .v6 = v6, .octets = { 127, 0, 0, 1 } };

    if (v6) {
        memset(address.octets, 0, sizeof(address.octets));
        address.octets[15] = 1;
    }
    return address;
}

/* False: the system has no such address. */
static bool listen_at(struct http_acceptor *acceptor, const struct ip_address *address,
                      void *listener, uint16_t *port)
{
    socket_handle socket = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;

    if (!socket_listen(address, 0, CROWD + 1, &socket, port, &err)) return false;
    assert_done(http_acceptor_listen(acceptor, socket, listener, &err), &err, "listen");
    return true;
}

/* The client's end of its own connection is what the server is told. */
static void http_acceptor__two_listeners__peer_and_listener_told(void **state)
{
    struct door door;
    struct http_acceptor *acceptor = NULL;
    int markers[2] = { 0, 0 };
    unsigned expected = 0;

    (void)state;
    door_init(&door);
    acceptor = acceptor_of(&door);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ip_address address = loopback(v6 != 0);
        struct ip_address own;
        socket_handle client = SOCKET_HANDLE_NONE;
        uint16_t own_port = 0;
        uint16_t port = 0;

        if (!listen_at(acceptor, &address, &markers[v6], &port)) continue; /* no IPv6 here */
        client = raw_socket_connect(&address, port);
        assert_true(client != SOCKET_HANDLE_NONE);
        wait_for(&door, ++expected);
        assert_true(socket_local_address(client, &own, &own_port));
        assert_true(ip_address_equal(&door.peers[expected - 1], &own));
        assert_int_equal(door.ports[expected - 1], own_port);
        assert_ptr_equal(door.listeners[expected - 1], &markers[v6]);
        socket_close(client);
    }
    assert_true(expected > 0);
    http_acceptor_free(acceptor);
    door_clear(&door);
}

/* More than one round takes; all have connected before the first one is let in. */
static void http_acceptor__crowd__all_arrive(void **state)
{
    const struct ip_address address = loopback(false);
    socket_handle clients[CROWD];
    struct http_acceptor *acceptor = NULL;
    uint16_t port = 0;
    struct door door;

    (void)state;
    door_init(&door);
    door.shut = true;
    acceptor = acceptor_of(&door);
    assert_true(listen_at(acceptor, &address, NULL, &port));
    for (unsigned i = 0; i < CROWD; i++) {
        clients[i] = raw_socket_connect(&address, port);
        assert_true(clients[i] != SOCKET_HANDLE_NONE);
    }
    (void)pthread_mutex_lock(&door.lock);
    assert_int_equal(door.count, 0);
    door.shut = false;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
    wait_for(&door, CROWD);
    http_acceptor_free(acceptor);
    for (unsigned i = 0; i < CROWD; i++) {
        socket_close(clients[i]);
    }
    door_clear(&door);
}

/* Those who have connected before are served still, and those who come later see nobody. */
static void http_acceptor_quiesce__some_wait__taken_and_closed(void **state)
{
    enum { WAITING = 70 };
    const struct ip_address address = loopback(false);
    socket_handle clients[WAITING];
    struct http_acceptor *acceptor = NULL;
    uint16_t port = 0;
    struct door door;

    (void)state;
    door_init(&door);
    acceptor = acceptor_of(&door);
    assert_true(listen_at(acceptor, &address, NULL, &port));
    for (unsigned i = 0; i < WAITING; i++) {
        clients[i] = raw_socket_connect(&address, port);
        assert_true(clients[i] != SOCKET_HANDLE_NONE);
    }
    http_acceptor_quiesce(acceptor);
    assert_int_equal(door.count, WAITING);
    assert_true(raw_socket_connect(&address, port) == SOCKET_HANDLE_NONE);
    http_acceptor_free(acceptor);
    acceptor = acceptor_of(&door); /* one that nobody listens with ends as well */
    http_acceptor_free(acceptor);
    http_acceptor_free(NULL);
    http_acceptor_quiesce(NULL);
    for (unsigned i = 0; i < WAITING; i++) {
        socket_close(clients[i]);
    }
    door_clear(&door);
}

/* The listening socket stays readable: without pauses the thread would spin. */
static void http_acceptor__no_descriptor_left__pauses_and_recovers(void **state)
{
    const struct ip_address address = loopback(false);
    struct http_acceptor *acceptor = NULL;
    socket_handle client = SOCKET_HANDLE_NONE;
    uint16_t port = 0;
    struct door door;

    (void)state;
    door_init(&door);
    acceptor = acceptor_of(&door);
    assert_true(listen_at(acceptor, &address, NULL, &port));
    atomic_store(&tries, 0);
    atomic_store(&lacking, true);
    client = raw_socket_connect(&address, port);
    assert_true(client != SOCKET_HANDLE_NONE);
    thread_pause_ms(LACK_MS);
    assert_in_range(atomic_load(&tries), 1, LACK_MS / 100 + 2);
    assert_int_equal(door.count, 0);
    atomic_store(&lacking, false);
    wait_for(&door, 1);
    http_acceptor_free(acceptor);
    socket_close(client);
    door_clear(&door);
}

static void http_acceptor_listen__too_many__refused_and_closed(void **state)
{
    const struct ip_address address = loopback(false);
    struct http_acceptor *acceptor = NULL;
    socket_handle socket = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct door door;

    (void)state;
    door_init(&door);
    acceptor = acceptor_of(&door);
    for (unsigned i = 0; i < LIMIT_LISTENERS; i++) {
        assert_true(listen_at(acceptor, &address, NULL, &port));
    }
    assert_done(socket_listen(&address, 0, 1, &socket, &port, &err), &err, "");
    assert_refused(http_acceptor_listen(acceptor, socket, NULL, &err), &err, REASON_LISTEN_FAILED,
                   "one too many");
    assert_true(raw_socket_connect(&address, port) == SOCKET_HANDLE_NONE);
    http_acceptor_free(acceptor);
    door_clear(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_acceptor__two_listeners__peer_and_listener_told),
        cmocka_unit_test(http_acceptor__crowd__all_arrive),
        cmocka_unit_test(http_acceptor_quiesce__some_wait__taken_and_closed),
        cmocka_unit_test(http_acceptor__no_descriptor_left__pauses_and_recovers),
        cmocka_unit_test(http_acceptor_listen__too_many__refused_and_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
