/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/socket_io.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/win32/win_error.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#define FAILED_POLL_PAUSE_MS 10
#define PAIR_WAIT_MS 2000 /* two sockets of one process find each other at once */
#define PAIR_BACKLOG 8    /* strangers that get in between do not keep our own end out */
#define US_PER_MS 1000

/* ---- connections ----------------------------------------------------------------------------- */

bool socket_set_nonblocking(socket_handle s)
{
    u_long yes = 1;

    return ioctlsocket((SOCKET)s, (long)FIONBIO, &yes) == 0;
}

/* What every connected socket of ours is: not blocking, not inherited, without delay. */
static bool set_up(SOCKET s)
{
    const DWORD yes = 1;

    (void)SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
    (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&yes, (int)sizeof(yes));
    return socket_set_nonblocking((socket_handle)s);
}

enum socket_io socket_accept_bare(socket_handle listening, socket_handle *out,
                                  struct ip_address *address, uint16_t *port)
{
    struct sockaddr_storage peer;
    int len = (int)sizeof(peer);
    SOCKET s = accept((SOCKET)listening, (struct sockaddr *)&peer, &len);
    int number = 0;

    if (s == INVALID_SOCKET) {
        number = WSAGetLastError();
        /* a reset connection is gone; others may wait */
        return number == WSAEWOULDBLOCK || number == WSAECONNRESET || number == WSAEINTR
                   ? SOCKET_IO_LATER
                   : SOCKET_IO_ENDED;
    }
    if (!socket_address((const struct sockaddr *)&peer, address, port)) {
        socket_close((socket_handle)s);
        return SOCKET_IO_LATER;
    }
    *out = (socket_handle)s;
    return SOCKET_IO_DONE;
}

enum socket_io socket_accept(socket_handle listening, socket_handle *out,
                             struct ip_address *address, uint16_t *port)
{
    enum socket_io got = socket_accept_bare(listening, out, address, port);

    if (got == SOCKET_IO_DONE && !set_up((SOCKET)*out)) {
        socket_close(*out);
        return SOCKET_IO_LATER;
    }
    return got;
}

static enum socket_io result_of(int rc, size_t *count)
{
    if (rc > 0) {
        *count = (size_t)rc;
        return SOCKET_IO_DONE;
    }
    *count = 0;
    return rc < 0 && WSAGetLastError() == WSAEWOULDBLOCK ? SOCKET_IO_LATER : SOCKET_IO_ENDED;
}

enum socket_io socket_send(socket_handle s, struct bytes data, size_t *sent)
{
    int len = data.len > INT_MAX ? INT_MAX : (int)data.len;

    return result_of(send((SOCKET)s, (const char *)data.data, len, 0), sent);
}

enum socket_io socket_receive(socket_handle s, void *data, size_t size, size_t *got)
{
    int len = size > INT_MAX ? INT_MAX : (int)size;

    return result_of(recv((SOCKET)s, data, len, 0), got);
}

void socket_end_sending(socket_handle s)
{
    (void)shutdown((SOCKET)s, SD_SEND);
}

void socket_abort(socket_handle s)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (s == SOCKET_HANDLE_NONE) return;
    (void)setsockopt((SOCKET)s, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
                     (int)sizeof(at_once));
    socket_close(s);
}

/* ---- a pair ---------------------------------------------------------------------------------- */

/*
 * Windows has no socketpair. While our listening socket is open for a moment, any process of this
 * machine may connect to it: only the connection whose far end has the address and port that our
 * own connecting socket has is ours; all others are closed. Nobody can take the port from us
 * (SO_EXCLUSIVEADDRUSE), so the connecting socket reaches us and nobody else.
 */
static SOCKET accept_own(SOCKET listening, SOCKET connecting)
{
    struct ip_address own;
    struct ip_address peer;
    uint16_t own_port = 0;
    uint16_t peer_port = 0;
    socket_handle accepted = SOCKET_HANDLE_NONE;
    int64_t end_us = clock_monotonic_us() + (int64_t)PAIR_WAIT_MS * US_PER_MS;
    int64_t left_us = (int64_t)PAIR_WAIT_MS * US_PER_MS;
    WSAPOLLFD waiting = { .fd = listening, .events = POLLRDNORM, .revents = 0 };

    if (!socket_local_address((socket_handle)connecting, &own, &own_port)) return INVALID_SOCKET;
    while (left_us > 0) {
        enum socket_io got = socket_accept((socket_handle)listening, &accepted, &peer, &peer_port);

        if (got == SOCKET_IO_ENDED) break;
        if (got == SOCKET_IO_LATER) {
            (void)WSAPoll(&waiting, 1, (int)(left_us / US_PER_MS) + 1);
        } else if (peer_port == own_port && ip_address_equal(&peer, &own)) {
            return (SOCKET)accepted;
        } else {
            socket_close(accepted);
        }
        left_us = end_us - clock_monotonic_us();
    }
    return INVALID_SOCKET;
}

static SOCKET connect_to(uint16_t port)
{
    struct sockaddr_in to;
    SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s != INVALID_SOCKET && set_up(s)
        && (connect(s, (const struct sockaddr *)&to, (int)sizeof(to)) == 0
            || WSAGetLastError() == WSAEWOULDBLOCK)) {
        return s;
    }
    if (s != INVALID_SOCKET) {
        (void)closesocket(s);
    }
    return INVALID_SOCKET;
}

/* A connection in the backlog counts as made only when this side knows it too. */
static bool wait_connected(SOCKET s)
{
    WSAPOLLFD waiting = { .fd = s, .events = POLLWRNORM, .revents = 0 };

    return WSAPoll(&waiting, 1, PAIR_WAIT_MS) == 1
           && (waiting.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

bool socket_pair(socket_handle ends[2], struct error *err)
{
    const struct ip_address loopback = { .v6 = false, .octets = { 127, 0, 0, 1 } };
    socket_handle listening = SOCKET_HANDLE_NONE;
    SOCKET connecting = INVALID_SOCKET;
    SOCKET accepted = INVALID_SOCKET;
    uint16_t port = 0;
    bool done = false;

    if (!socket_listen(&loopback, 0, PAIR_BACKLOG, &listening, &port, err)) return false;
    if (!socket_set_nonblocking(listening)) goto out;
    connecting = connect_to(port);
    if (connecting == INVALID_SOCKET) goto out;
    accepted = accept_own((SOCKET)listening, connecting);
    if (accepted == INVALID_SOCKET || !wait_connected(connecting)) goto out;
    ends[0] = (socket_handle)connecting;
    ends[1] = (socket_handle)accepted;
    connecting = INVALID_SOCKET;
    accepted = INVALID_SOCKET;
    done = true;
out:
    if (!done) {
        (void)win_error_set(err, REASON_INTERNAL, (uint32_t)WSAGetLastError(),
                            "no pair of sockets over loopback");
    }
    if (connecting != INVALID_SOCKET) {
        (void)closesocket(connecting);
    }
    if (accepted != INVALID_SOCKET) {
        (void)closesocket(accepted);
    }
    socket_close(listening);
    return done;
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct socket_poll {
    size_t capacity;
    size_t count;
    WSAPOLLFD fds[];
};

struct socket_poll *socket_poll_create(size_t capacity)
{
    struct socket_poll *poll = calloc(1, sizeof(*poll) + capacity * sizeof(poll->fds[0]));

    if (poll != NULL) {
        poll->capacity = capacity;
    }
    return poll;
}

void socket_poll_free(struct socket_poll *poll)
{
    free(poll);
}

void socket_poll_reset(struct socket_poll *poll)
{
    poll->count = 0;
}

void socket_poll_add(struct socket_poll *poll, socket_handle s, unsigned events)
{
    WSAPOLLFD *fd = NULL;

    if (poll->count == poll->capacity) return;
    fd = &poll->fds[poll->count++];
    fd->fd = (SOCKET)s;
    fd->events = (SHORT)(((events & SOCKET_POLL_READ) != 0 ? POLLRDNORM : 0)
                         | ((events & SOCKET_POLL_WRITE) != 0 ? POLLWRNORM : 0));
    fd->revents = 0;
}

void socket_poll_wait(struct socket_poll *poll, int64_t timeout_ms)
{
    int timeout = timeout_ms < 0 ? -1 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;

    if (WSAPoll(poll->fds, (ULONG)poll->count, timeout) != SOCKET_ERROR) return;
    for (size_t i = 0; i < poll->count; i++) {
        poll->fds[i].revents = 0;
    }
    Sleep(FAILED_POLL_PAUSE_MS); /* no memory: not again at once */
}

unsigned socket_poll_events(const struct socket_poll *poll, size_t n)
{
    const WSAPOLLFD *fd = NULL;
    bool broken = false;
    unsigned events = 0;

    if (n >= poll->count) return 0;
    fd = &poll->fds[n];
    broken = (fd->revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if ((fd->events & POLLRDNORM) != 0 && (broken || (fd->revents & POLLRDNORM) != 0)) {
        events |= SOCKET_POLL_READ;
    }
    if ((fd->events & POLLWRNORM) != 0 && (broken || (fd->revents & POLLWRNORM) != 0)) {
        events |= SOCKET_POLL_WRITE;
    }
    return events;
}
