/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  takes connections from listening sockets, as many at once as there are, and hands them
 *           on.
 * Not here: listening (platform/sockets.h), who may come (http_guard.h), HTTPS (tls_front.h), HTTP
 *           (http_server.h).
 * Owns:     listening sockets and a thread that waits for all of them.
 * Threads:  create, listen, quiesce and free: the owner's. arrived() runs on the acceptor's thread.
 * Spec:     none.
 *
 * libmicrohttpd would take one connection for each time that it waits for all others, and a round
 * over many sockets is not cheap, on Windows least of all: whoever comes behind a crowd would wait
 * for as many rounds as the crowd has connections.
 */
#ifndef OPENNDES_HTTP_HTTP_ACCEPTOR_H
#define OPENNDES_HTTP_HTTP_ACCEPTOR_H

#include "base/error.h"
#include "platform/socket_io.h"

struct http_acceptor;

struct http_acceptor_options {
    void *context;
    /*
     * Somebody has connected; `listener` is that of http_acceptor_listen. The socket is taken over;
     * the taker sets it up (not to block, not to be inherited). May wait until there is room: all
     * others wait in the system's queue meanwhile.
     */
    void (*arrived)(void *context, void *listener, socket_handle take_socket,
                    const struct ip_address *peer, uint16_t peer_port);
};

/* Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct http_acceptor *http_acceptor_create(const struct http_acceptor_options *options,
                                           struct error *err);
/*
 * Serve a listening socket, which is taken over even on failure. listener is borrowed until the
 * acceptor quiesces. Errors: REASON_LISTEN_FAILED.
 */
MUST_USE bool http_acceptor_listen(struct http_acceptor *acceptor, socket_handle take_socket,
                                   void *listener, struct error *err);
/*
 * Take those who have connected already, then close the listening sockets. Afterwards arrived() is
 * not called any more. NULL is allowed.
 */
void http_acceptor_quiesce(struct http_acceptor *acceptor);
void http_acceptor_free(struct http_acceptor *acceptor); /* quiesces; NULL is allowed */

#endif
