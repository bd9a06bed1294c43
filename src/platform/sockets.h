/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  listening TCP sockets with exclusive use of the port, who holds a port that cannot be
 *           had, and addresses of sockets.
 * Not here: connections (socket_io.h), serving (http/http_server.h).
 * Owns:     the socket until the caller hands it on.
 * Threads:  any thread.
 * Spec:     POSIX sockets, Winsock 2.
 */
#ifndef OPENNDES_PLATFORM_SOCKETS_H
#define OPENNDES_PLATFORM_SOCKETS_H

#include "base/ip_prefix.h"

typedef intptr_t socket_handle; /* int or SOCKET */
#define SOCKET_HANDLE_NONE ((socket_handle)-1)

/*
 * Once per process before any socket is used (WSAStartup; SIGPIPE ignored). Errors:
 * REASON_INTERNAL.
 */
MUST_USE bool sockets_start(struct error *err);
/*
 * Bind and listen; IPv6 sockets serve IPv6 only. Windows: SO_EXCLUSIVEADDRUSE; POSIX: SO_REUSEADDR
 * (for TIME_WAIT only). Port 0 takes a free one. *bound_port gets the port. Errors:
 * REASON_PORT_IN_USE (the detail names the process or kind of thing that holds the port where the
 * system tells: e.g. "held by nginx (pid 123)", "held by the Windows HTTP service (http.sys: IIS,
 * WinRM)"), REASON_PORT_NOT_PERMITTED (below 1024 without right; Windows excluded range),
 * REASON_ADDRESS_NOT_LOCAL, REASON_LISTEN_FAILED.
 */
MUST_USE bool socket_listen(const struct ip_address *address, uint16_t port, int backlog,
                            socket_handle *out, uint16_t *bound_port, struct error *err);
void socket_close(socket_handle s);
/*
 * End a connection in both directions and keep the handle: whoever waits for it sees its end. From
 * any thread.
 */
void socket_shut(socket_handle s);
struct sockaddr;
/* Address and port of an IPv4 or IPv6 struct sockaddr; false for another family. */
bool socket_address(const struct sockaddr *from, struct ip_address *address, uint16_t *port);
struct sockaddr_storage;
/* The other way round; returns the bytes that count. */
size_t socket_address_write(const struct ip_address *address, uint16_t port,
                            struct sockaddr_storage *out);
/* The local end of a connected or bound socket. */
MUST_USE bool socket_local_address(socket_handle s, struct ip_address *address, uint16_t *port);
/*
 * Who holds a TCP port for listening: a short text such as "nginx (pid 123)"; false when nobody or
 * unknown.
 */
bool socket_port_holder(uint16_t port, char *text, size_t size);
/* Name of this host (fully qualified where known) in lower case; "localhost" when unknown. */
void socket_host_name(char *text, size_t size);

#endif
