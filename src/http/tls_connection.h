/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one HTTPS connection: handshake, then bytes both ways between the client and a plain
 *           socket behind it, then an orderly end.
 * Not here: accepting, waiting and time limits (tls_front.h), certificates (tls_context.h).
 * Owns:     both sockets and the TLS state; below 64 KB of memory.
 * Threads:  one thread at a time; nothing blocks.
 * Spec:     RFC 8446, RFC 5246; RFC 8446 6.1 (close_notify).
 */
#ifndef OPENNDES_HTTP_TLS_CONNECTION_H
#define OPENNDES_HTTP_TLS_CONNECTION_H

#include "http/tls_context.h"
#include "platform/socket_io.h"

struct tls_connection;

enum tls_progress {
    TLS_PROGRESS_LATER, /* wait for what tls_connection_wants names */
    TLS_PROGRESS_DONE,
    TLS_PROGRESS_FAILED
};

/* What the connection waits for: SOCKET_POLL_... of both sockets. */
struct tls_wants {
    socket_handle client_socket;
    socket_handle inner_socket; /* NONE: there is none */
    unsigned client;
    unsigned inner;
    bool at_once; /* there is more to do without waiting */
};

/*
 * The server's side on a connected socket that does not block, which is taken over even on failure.
 * Errors: those of tls_context_accept.
 */
struct tls_connection *tls_connection_create(struct tls_context *context, socket_handle take_client,
                                             struct error *err);
/* Closes what is open. NULL is allowed. */
void tls_connection_free(struct tls_connection *c);
/* Of the certificate that this connection shows. */
const struct tls_binding *tls_connection_binding(const struct tls_connection *c);
void tls_connection_wants(const struct tls_connection *c, struct tls_wants *out);

/*
 * Go on with the handshake. DONE: what the client says can be read. FAILED: *why gets a constant
 * text for the log; tls_connection_end is to follow.
 */
enum tls_progress tls_connection_handshake(struct tls_connection *c, const char **why);
/* From now on bytes go to and from this socket, which does not block and is taken over. */
void tls_connection_attach(struct tls_connection *c, socket_handle take_inner);
/*
 * Move bytes. DONE: the inner side has ended and the client has all it said: tls_connection_end is
 * to follow. FAILED: the client has gone.
 */
enum tls_progress tls_connection_relay(struct tls_connection *c);
/* For how long the client has not taken what waits for it; 0: nothing waits. */
int64_t tls_connection_stalled_us(const struct tls_connection *c);
/*
 * Does it take what waits for it more slowly than LIMIT_ANSWER_RATE? Not before so many seconds in
 * which there was always something.
 */
bool tls_connection_too_slow(const struct tls_connection *c, unsigned grace_seconds,
                             int64_t now_us);
/* Close the inner side and tell the client that nothing more comes. */
void tls_connection_end(struct tls_connection *c);
/*
 * Wait for the client to close: closing a socket with unread bytes sends a reset, which takes the
 * last answer or alert away from it. DONE: it has closed.
 */
enum tls_progress tls_connection_linger(struct tls_connection *c);

#endif
