/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the system's socket addresses as our own.
 * Not here: listening (platform/sockets.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     POSIX sockets, Winsock 2.
 */
#ifndef OPENNDES_HTTP_SOCKET_ADDRESS_H
#define OPENNDES_HTTP_SOCKET_ADDRESS_H

#include "base/ip_prefix.h"
#include "platform/sockets.h"

struct sockaddr;

/* IPv4-mapped addresses become IPv4. False for another family; outputs are untouched then. */
MUST_USE bool socket_address_read(const struct sockaddr *from, struct ip_address *address,
                                  uint16_t *port);
/* The local end of a connected socket. */
MUST_USE bool socket_address_local(socket_handle s, struct ip_address *address, uint16_t *port);

#endif
