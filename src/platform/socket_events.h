/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  wait for what happens to many sockets, told by the system as it happens: a wait costs
 *           as much as has happened and not as many sockets as there are. Windows only.
 * Not here: asking many sockets each time (socket_io.h's socket_poll), sending and receiving.
 * Owns:     its events. Sockets are borrowed from add until remove.
 * Threads:  wake from any thread; everything else belongs to the thread that waits.
 * Spec:     Winsock 2: WSAEventSelect. An event is told once, and again only after a call that
 *           re-enables it: receiving for READ, a send that would block for WRITE.
 */
#ifndef OPENNDES_PLATFORM_SOCKET_EVENTS_H
#define OPENNDES_PLATFORM_SOCKET_EVENTS_H

#include "platform/socket_io.h"

/* Sockets share so many events; who shares one is asked one by one when it is set. */
#define SOCKET_EVENT_GROUPS 60u

#define SOCKET_EVENTS_END 4u

struct socket_events;

/* NULL when the system has no events left. */
struct socket_events *socket_events_create(void);
void socket_events_free(struct socket_events *events); /* no socket is left; NULL is allowed */

/*
 * Tell of a socket's events from now on; *group: what socket_events_wait will name. It does not
 * block any more. False: the system refuses.
 */
MUST_USE bool socket_events_add(struct socket_events *events, socket_handle s, unsigned *group);
void socket_events_remove(struct socket_events *events, socket_handle s, unsigned group);
/*
 * Can it not be written to at this moment? Then its group is told of when it can: soon after a send
 * that would have blocked; otherwise that may be missed, and is to be asked again some time.
 */
MUST_USE bool socket_events_full(struct socket_events *events, socket_handle s, unsigned group);

/* Is there something that nobody has read? When the system does not say: yes. */
MUST_USE bool socket_events_unread(socket_handle s);

/* Let the one who waits go on, now or the next time. */
void socket_events_wake(struct socket_events *events);
/*
 * Until something happens, at most timeout_ms (-1: as long as it takes). Bit n of what is returned:
 * something has happened to a socket of group n. 0: the time is over, or somebody woke us.
 */
uint64_t socket_events_wait(struct socket_events *events, int64_t timeout_ms);
/*
 * What has happened to a socket since the last time: SOCKET_POLL_READ, SOCKET_POLL_WRITE, and
 * SOCKET_EVENTS_END, which is told only once: nothing comes behind what is there.
 */
unsigned socket_events_take(socket_handle s);

#endif
