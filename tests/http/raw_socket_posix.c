/* SPDX-License-Identifier: Apache-2.0 */
#include "http/raw_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static bool set_option(int s, int level, int name, const void *value, size_t size)
{
    return setsockopt(s, level, name, value, (socklen_t)size) == 0;
}

static bool connect_to(int s, const struct ip_address *address, uint16_t port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->v6) {
        memset(&v6, 0, sizeof(v6));
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        memcpy(&v6.sin6_addr, address->octets, 16);
        return connect(s, (const struct sockaddr *)&v6, sizeof(v6)) == 0;
    }
    memset(&v4, 0, sizeof(v4));
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    memcpy(&v4.sin_addr, address->octets, 4);
    return connect(s, (const struct sockaddr *)&v4, sizeof(v4)) == 0;
}

socket_handle raw_socket_connect(const struct ip_address *address, uint16_t port)
{
    int s = socket(address->v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    struct timeval timeout = { RAW_SOCKET_TIMEOUT_SECONDS, 0 };
    int on = 1;

    if (s < 0) return SOCKET_HANDLE_NONE;
    if (!set_option(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))
        || !set_option(s, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout))
        || !set_option(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
        || !connect_to(s, address, port)) {
        socket_close((socket_handle)s);
        return SOCKET_HANDLE_NONE;
    }
    return (socket_handle)s;
}

size_t raw_socket_send(socket_handle s, struct bytes data)
{
    ssize_t sent = send((int)s, data.data, data.len, 0);

    return sent > 0 ? (size_t)sent : 0;
}

size_t raw_socket_receive(socket_handle s, void *data, size_t size, bool *ended)
{
    ssize_t got = recv((int)s, data, size, 0);

    *ended = got == 0 || (got < 0 && errno != EAGAIN);
    return got > 0 ? (size_t)got : 0;
}

void raw_socket_abort(socket_handle s)
{
    struct linger linger;

    memset(&linger, 0, sizeof(linger));
    linger.l_onoff = 1;
    (void)set_option((int)s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

socket_handle raw_socket_accept(socket_handle listener)
{
    int s = accept((int)listener, NULL, NULL);
    struct timeval timeout = { RAW_SOCKET_TIMEOUT_SECONDS, 0 };
    int on = 1;

    if (s < 0) return SOCKET_HANDLE_NONE;
    (void)set_option(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)set_option(s, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    (void)set_option(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return s;
}

void raw_socket_shutdown(socket_handle s)
{
    (void)shutdown((int)s, SHUT_RDWR);
}
