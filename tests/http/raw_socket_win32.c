/* SPDX-License-Identifier: Apache-2.0 */
#include "http/raw_socket.h"

#include <string.h>

#include <winsock2.h>
#include <ws2tcpip.h>

static bool set_option(SOCKET s, int level, int name, const void *value, size_t size)
{
    return setsockopt(s, level, name, value, (int)size) == 0;
}

static bool connect_to(SOCKET s, const struct ip_address *address, uint16_t port)
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
    SOCKET s = socket(address->v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    DWORD timeout = RAW_SOCKET_TIMEOUT_SECONDS * 1000;
    int on = 1;

    if (s == INVALID_SOCKET) return SOCKET_HANDLE_NONE;
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
    int sent = send((SOCKET)s, (const char *)data.data, (int)data.len, 0);

    return sent > 0 ? (size_t)sent : 0;
}

size_t raw_socket_receive(socket_handle s, void *data, size_t size, bool *ended)
{
    int got = recv((SOCKET)s, data, (int)size, 0);

    *ended = got == 0 || (got < 0 && WSAGetLastError() != WSAETIMEDOUT);
    return got > 0 ? (size_t)got : 0;
}

void raw_socket_abort(socket_handle s)
{
    struct linger linger;

    memset(&linger, 0, sizeof(linger));
    linger.l_onoff = 1;
    (void)set_option((SOCKET)s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

socket_handle raw_socket_accept(socket_handle listener)
{
    SOCKET s = accept((SOCKET)listener, NULL, NULL);
    DWORD timeout = RAW_SOCKET_TIMEOUT_SECONDS * 1000;
    u_long blocking = 0;
    int on = 1;

    if (s == INVALID_SOCKET) return SOCKET_HANDLE_NONE;
    (void)ioctlsocket(s, (long)FIONBIO, &blocking);
    (void)set_option(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)set_option(s, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    (void)set_option(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return (socket_handle)s;
}

void raw_socket_shutdown(socket_handle s)
{
    (void)shutdown((SOCKET)s, SD_BOTH);
}
