/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sockets that never block: accept, connected pairs, send, receive, and waiting for many
 *           of them at once.
 * Not here: listening (sockets.h), TLS (http/tls_connection.h).
 * Owns:     a socket_poll owns its table; sockets belong to whoever got them (socket_close).
 * Threads:  a socket and a socket_poll belong to one thread at a time.
 * Spec:     POSIX sockets and poll, Winsock 2 (WSAPoll).
 */
#ifndef OPENNDES_PLATFORM_SOCKET_IO_H
#define OPENNDES_PLATFORM_SOCKET_IO_H

#include "platform/sockets.h"

enum socket_io {
    SOCKET_IO_DONE,
    SOCKET_IO_LATER, /* it would block */
    SOCKET_IO_ENDED  /* closed or reset by the other side, or broken; accept: no resources */
};

/* Make a socket non-blocking; false when the system refuses. */
MUST_USE bool socket_set_nonblocking(socket_handle s);
/*
 * Take a connection from a listening socket that does not block. The new socket does not block
 * either, is not inherited, and sends small pieces at once. ENDED: the system has no descriptor or
 * memory left: try again later, not at once.
 */
enum socket_io socket_accept(socket_handle listening, socket_handle *out,
                             struct ip_address *address, uint16_t *port);
/*
 * The same for somebody who sets all that up by himself: on Windows each of it is a call, which
 * counts where a crowd comes.
 */
enum socket_io socket_accept_bare(socket_handle listening, socket_handle *out,
                                  struct ip_address *address, uint16_t *port);
/*
 * Two connected sockets that do not block. POSIX: AF_UNIX. Windows: TCP over loopback, where it is
 * checked that no other process sits at either end. Errors: REASON_INTERNAL.
 */
MUST_USE bool socket_pair(socket_handle ends[2], struct error *err);
/* Send what goes; *sent is 0 unless DONE. data is not empty. */
enum socket_io socket_send(socket_handle s, struct bytes data, size_t *sent);
/* Receive what is there; *got is 0 unless DONE. size is not 0. */
enum socket_io socket_receive(socket_handle s, void *data, size_t size, size_t *got);
/* The other side reads the end behind what was sent; receiving goes on. */
void socket_end_sending(socket_handle s);
/*
 * Close, and throw away what is on its way. Whoever closes a TCP connection in good order keeps its
 * port occupied for minutes; behind this nothing stays, whichever side closed first.
 */
void socket_abort(socket_handle s);

#define SOCKET_POLL_READ 1u  /* a receive or accept does not block: data, the end, or an error */
#define SOCKET_POLL_WRITE 2u /* a send does not block: room, or an error */

struct socket_poll;

/* NULL when out of memory. */
struct socket_poll *socket_poll_create(size_t capacity);
void socket_poll_free(struct socket_poll *poll); /* NULL is allowed */
/* Forget all sockets. */
void socket_poll_reset(struct socket_poll *poll);
/* Wait for events (not 0) of a socket as well; at most `capacity` times. */
void socket_poll_add(struct socket_poll *poll, socket_handle s, unsigned events);
/*
 * Until one of them has an event, at most timeout_ms (-1: as long as it takes). When the system
 * cannot wait, a moment passes and nothing has an event.
 */
void socket_poll_wait(struct socket_poll *poll, int64_t timeout_ms);
/* What happened to the n-th socket added, counted from 0, of what was asked for. */
unsigned socket_poll_events(const struct socket_poll *poll, size_t n);

#endif
