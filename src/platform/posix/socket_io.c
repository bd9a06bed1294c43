/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/socket_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FAILED_POLL_PAUSE_MS 10

/* ---- connections ----------------------------------------------------------------------------- */

bool socket_set_nonblocking(socket_handle s)
{
    int flags = fcntl((int)s, F_GETFL);

    return flags >= 0 && fcntl((int)s, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* The connection that failed to be accepted is gone; others may wait. See accept(2). */
static bool concerns_one_connection(int number)
{
    switch (number) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EPERM:
        return true;
    default:
        return false;
    }
}

enum socket_io socket_accept_bare(socket_handle listening, socket_handle *out,
                                  struct ip_address *address, uint16_t *port)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4((int)listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) return concerns_one_connection(errno) ? SOCKET_IO_LATER : SOCKET_IO_ENDED;
    if (!socket_address((const struct sockaddr *)&peer, address, port)) {
        socket_close(fd);
        return SOCKET_IO_LATER;
    }
    *out = fd;
    return SOCKET_IO_DONE;
}

enum socket_io socket_accept(socket_handle listening, socket_handle *out,
                             struct ip_address *address, uint16_t *port)
{
    enum socket_io got = socket_accept_bare(listening, out, address, port);
    const int yes = 1;

    if (got == SOCKET_IO_DONE) {
        (void)setsockopt((int)*out, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
    return got;
}

bool socket_pair(socket_handle ends[2], struct error *err)
{
    int fds[2] = { -1, -1 };

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        return error_set(err, REASON_INTERNAL, "no pair of sockets (error %d)", errno);
    }
    ends[0] = fds[0];
    ends[1] = fds[1];
    return true;
}

static enum socket_io result_of(ssize_t rc, size_t *count)
{
    if (rc > 0) {
        *count = (size_t)rc;
        return SOCKET_IO_DONE;
    }
    *count = 0;
    return rc < 0 && (errno == EAGAIN || errno == EINTR) ? SOCKET_IO_LATER : SOCKET_IO_ENDED;
}

enum socket_io socket_send(socket_handle s, struct bytes data, size_t *sent)
{
    return result_of(send((int)s, data.data, data.len, MSG_NOSIGNAL), sent);
}

enum socket_io socket_receive(socket_handle s, void *data, size_t size, size_t *got)
{
    return result_of(recv((int)s, data, size, 0), got);
}

void socket_end_sending(socket_handle s)
{
    (void)shutdown((int)s, SHUT_WR);
}

void socket_abort(socket_handle s)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (s == SOCKET_HANDLE_NONE) return;
    (void)setsockopt((int)s, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    socket_close(s);
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct socket_poll {
    size_t capacity;
    size_t count;
    struct pollfd fds[];
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
    struct pollfd *fd = NULL;

    if (poll->count == poll->capacity) return;
    fd = &poll->fds[poll->count++];
    fd->fd = (int)s;
    fd->events = (short)(((events & SOCKET_POLL_READ) != 0 ? POLLIN : 0)
                         | ((events & SOCKET_POLL_WRITE) != 0 ? POLLOUT : 0));
    fd->revents = 0;
}

void socket_poll_wait(struct socket_poll *poll_set, int64_t timeout_ms)
{
    int timeout = timeout_ms < 0 ? -1 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;

    if (poll(poll_set->fds, (nfds_t)poll_set->count, timeout) >= 0) return;
    for (size_t i = 0; i < poll_set->count; i++) {
        poll_set->fds[i].revents = 0;
    }
    if (errno != EINTR) {
        (void)poll(NULL, 0, FAILED_POLL_PAUSE_MS); /* no memory: not again at once */
    }
}

unsigned socket_poll_events(const struct socket_poll *poll, size_t n)
{
    const struct pollfd *fd = NULL;
    bool broken = false;
    unsigned events = 0;

    if (n >= poll->count) return 0;
    fd = &poll->fds[n];
    broken = (fd->revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if ((fd->events & POLLIN) != 0 && (broken || (fd->revents & POLLIN) != 0)) {
        events |= SOCKET_POLL_READ;
    }
    if ((fd->events & POLLOUT) != 0 && (broken || (fd->revents & POLLOUT) != 0)) {
        events |= SOCKET_POLL_WRITE;
    }
    return events;
}
