/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the few socket calls of the raw client, per platform.
 * Not here: HTTP (raw_client.h).
 * Owns:     nothing.
 * Threads:  a socket belongs to one thread.
 * Spec:     POSIX sockets, Winsock 2.
 */
#ifndef OPENNDES_TESTS_HTTP_RAW_SOCKET_H
#define OPENNDES_TESTS_HTTP_RAW_SOCKET_H

#include "base/ip_prefix.h"
#include "platform/sockets.h"

#define RAW_SOCKET_TIMEOUT_SECONDS 20

/* SOCKET_HANDLE_NONE when the connection cannot be had. */
socket_handle raw_socket_connect(const struct ip_address *address, uint16_t port);
/* What was sent; 0 when nothing can be sent. */
size_t raw_socket_send(socket_handle s, struct bytes data);
/* What came; 0: *ended tells whether the other side has closed or reset, otherwise nothing came. */
size_t raw_socket_receive(socket_handle s, void *data, size_t size, bool *ended);
/* The next connection, waited for; SOCKET_HANDLE_NONE: the listener is of no use any more. */
socket_handle raw_socket_accept(socket_handle listener);
/* Nothing is sent or received any more, also by a thread that waits right now. */
void raw_socket_shutdown(socket_handle s);
/* Closing will send a reset. */
void raw_socket_abort(socket_handle s);

#endif
