/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  HTTPS listeners: accepts connections within limits, does the handshakes, and hands the
 *           plain side of each connection to the HTTP server; one thread for all connections.
 * Not here: what happens on one connection (tls_connection.h), HTTP (http_server.h).
 * Owns:     listening sockets, connections, its threads.
 * Threads:  create, listen, quiesce and free: the owner's; tls_front_arrival: any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_HTTP_TLS_FRONT_H
#define OPENNDES_HTTP_TLS_FRONT_H

#include "http/tls_context.h"
#include "platform/socket_io.h"

struct tls_front;

/* What the HTTP server cannot see on the plain side. */
struct tls_arrival {
    struct ip_address peer;
    struct ip_address local; /* the ends of the client's own TCP connection */
    uint16_t peer_port;
    uint16_t local_port;
    struct tls_binding binding;
};

struct tls_front_options {
    unsigned connections;             /* in total, handshakes included */
    unsigned connections_per_address; /* of an IPv4 address or an IPv6 /64; 0: off */
    unsigned handshake_seconds;       /* from accepting to the handshake's end */
    unsigned idle_seconds;            /* for a client that does not take its answer; 0: off */
    unsigned grace_seconds;           /* for one that takes it slowly; 0: LIMIT_GRACE_SECONDS */
    void *context;
    /*
     * A handshake is done. `listener` is that of tls_front_listen. The socket is taken over, also
     * on failure. On the front's thread: must not block.
     */
    bool (*connected)(void *context, void *listener, socket_handle take_socket,
                      const struct tls_arrival *arrival);
    /*
     * All places are taken by connections whose handshake is done: let go of one that asks for
     * nothing; of this address (as it is counted) unless NULL. False: there is none. On the front's
     * thread. May be NULL.
     */
    bool (*make_room)(void *context, const struct ip_address *address);
    /* May be NULL; see http_server.h. On the front's thread. */
    void (*handshake_failed)(void *context, const struct ip_address *peer, const char *why);
};

/* Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct tls_front *tls_front_create(const struct tls_front_options *options, struct error *err);
/*
 * Serve a listening socket, which is taken over even on failure. tls and listener are borrowed
 * until the front is freed. Errors: REASON_LISTEN_FAILED.
 */
MUST_USE bool tls_front_listen(struct tls_front *front, socket_handle take_socket,
                               struct tls_context *tls, void *listener, struct error *err);
/*
 * What belongs to a socket given to connected(), asked for once and while connected() or the thread
 * it woke takes the connection up. False: the client has left meanwhile.
 */
MUST_USE bool tls_front_arrival(struct tls_front *front, socket_handle socket,
                                struct tls_arrival *out);
/*
 * Listen no more and give up handshakes; connections go on. Afterwards connected() is not called
 * any more.
 */
void tls_front_quiesce(struct tls_front *front);
/*
 * Wait at most flush_ms until the clients of connections that the HTTP server has closed have got
 * everything, then close what is left. NULL is allowed.
 */
void tls_front_free(struct tls_front *front, int64_t flush_ms);

#endif
