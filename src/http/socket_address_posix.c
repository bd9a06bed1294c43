/* SPDX-License-Identifier: Apache-2.0 */
#include "http/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void read_v6(const struct sockaddr_in6 *from, struct ip_address *address)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    uint8_t octets[16];

    memcpy(octets, &from->sin6_addr, sizeof(octets));
    address->v6 = memcmp(octets, mapped, sizeof(mapped)) != 0;
    if (address->v6) {
        memcpy(address->octets, octets, sizeof(octets));
    } else {
        memcpy(address->octets, octets + sizeof(mapped), 4);
    }
}

bool socket_address_read(const struct sockaddr *from, struct ip_address *address, uint16_t *port)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;

        memset(address, 0, sizeof(*address));
        memcpy(address->octets, &v4->sin_addr, 4);
        *port = ntohs(v4->sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;

        memset(address, 0, sizeof(*address));
        read_v6(v6, address);
        *port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}

bool socket_address_local(socket_handle s, struct ip_address *address, uint16_t *port)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    return getsockname((int)s, (struct sockaddr *)&name, &len) == 0
           && socket_address_read((const struct sockaddr *)&name, address, port);
}
