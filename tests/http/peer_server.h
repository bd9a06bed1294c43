/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a server on 127.0.0.1 with a thread for each connection, for peers that a test writes
 *           by itself: TLS servers (tls_peer.h), proxies (connect_proxy.h).
 * Not here: what is said.
 * Owns:     its sockets and threads.
 * Threads:  serve runs on a thread per connection; the rest on the test's.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_HTTP_PEER_SERVER_H
#define OPENNDES_TESTS_HTTP_PEER_SERVER_H

#include "platform/sockets.h"

struct peer_server;

/* The socket stays the server's. */
typedef void peer_serve(void *context, socket_handle s);

struct peer_server *peer_server_start(peer_serve *serve, void *context);
uint16_t peer_server_port(const struct peer_server *server);
/* Connections accepted so far. */
unsigned peer_server_count(struct peer_server *server);
/* Ends all connections, and waits for their threads. */
void peer_server_stop(struct peer_server *server);
/* 127.0.0.1 */
void peer_loopback(struct ip_address *address);

#endif
