/* SPDX-License-Identifier: Apache-2.0 */
#include "http/peer_server.h"

#include <stdlib.h>

#include "support/test_support.h"

#include "http/raw_socket.h"
#include "platform/threads.h"

#define CONNECTIONS_MAX 64u

struct connection {
    struct peer_server *server;
    socket_handle socket;
    pthread_t thread;
};

struct peer_server {
    peer_serve *serve;
    void *context;
    struct ip_address address;
    socket_handle listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool ending;
    unsigned count;
    struct connection connections[CONNECTIONS_MAX];
};

void peer_loopback(struct ip_address *address)
{
    struct error err = ERROR_INIT;

    assert_true(ip_address_parse(bytes_of_text("127.0.0.1"), address, &err));
}

static void *serve_one(void *context)
{
    struct connection *c = context;

    c->server->serve(c->server->context, c->socket);
    raw_socket_shutdown(c->socket); /* closed when the server ends: nobody reuses its number */
    return NULL;
}

/* False: the server ends. */
static bool take(struct peer_server *server, socket_handle s)
{
    struct error err = ERROR_INIT;
    struct connection *c = NULL;
    bool going = false;

    (void)pthread_mutex_lock(&server->lock);
    going = !server->ending && s != SOCKET_HANDLE_NONE && server->count < CONNECTIONS_MAX;
    if (going) {
        c = &server->connections[server->count];
        c->server = server;
        c->socket = s;
        going = thread_start(&c->thread, "peer", serve_one, c, &err);
        server->count += going ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&server->lock);
    if (!going && s != SOCKET_HANDLE_NONE) {
        socket_close(s);
    }
    return going;
}

static void *accept_all(void *context)
{
    struct peer_server *server = context;

    while (take(server, raw_socket_accept(server->listener))) {
    }
    return NULL;
}

struct peer_server *peer_server_start(peer_serve *serve, void *context)
{
    struct peer_server *server = calloc(1, sizeof(*server));
    struct error err = ERROR_INIT;

    assert_non_null(server);
    server->serve = serve;
    server->context = context;
    peer_loopback(&server->address);
    assert_done(sockets_start(&err), &err, "sockets");
    assert_int_equal(pthread_mutex_init(&server->lock, NULL), 0);
    assert_done(socket_listen(&server->address, 0, 16, &server->listener, &server->port, &err),
                &err, "listen");
    assert_done(thread_start(&server->thread, "accept", accept_all, server, &err), &err, "thread");
    return server;
}

uint16_t peer_server_port(const struct peer_server *server)
{
    return server->port;
}

unsigned peer_server_count(struct peer_server *server)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&server->lock);
    count = server->count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

void peer_server_stop(struct peer_server *server)
{
    socket_handle wake = SOCKET_HANDLE_NONE;

    if (server == NULL) return;
    (void)pthread_mutex_lock(&server->lock);
    server->ending = true;
    for (unsigned i = 0; i < server->count; i++) {
        raw_socket_shutdown(server->connections[i].socket);
    }
    (void)pthread_mutex_unlock(&server->lock);
    wake = raw_socket_connect(&server->address, server->port);
    thread_join(server->thread);
    if (wake != SOCKET_HANDLE_NONE) socket_close(wake);
    for (unsigned i = 0; i < server->count; i++) {
        thread_join(server->connections[i].thread);
        socket_close(server->connections[i].socket);
    }
    socket_close(server->listener);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}
