/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define HOST_NAME_MAX_BYTES 256u
#define HOLDER_TEXT_MAX 128u
#define TCP_LISTEN_STATE 0x0au /* Linux: include/net/tcp_states.h */

bool sockets_start(struct error *err)
{
    struct sigaction ignore;

    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return error_set(err, REASON_INTERNAL, "SIGPIPE cannot be ignored");
    }
    return true;
}

/* ---- listening ------------------------------------------------------------------------------- */

/* errno of socket, bind or listen as a sentence for the person who set the address. */
static bool listen_error(struct error *err, int number, const struct ip_address *address,
                         uint16_t port)
{
    char shown[IP_TEXT_MAX];
    char holder[HOLDER_TEXT_MAX];
    char text[128];

    ip_address_format(address, shown);
    switch (number) {
    case EADDRINUSE:
        if (socket_port_holder(port, holder, sizeof(holder))) {
            return error_set(err, REASON_PORT_IN_USE,
                             "%s port %u is held by %s; stop it or choose "
                             "another port",
                             shown, port, holder);
        }
        return error_set(
            err, REASON_PORT_IN_USE,
            "%s port %u is held by another program (which one, only its own account or "
            "root can see); stop it or choose another port",
            shown, port);
    case EACCES:
    case EPERM:
        return error_set(err, REASON_PORT_NOT_PERMITTED,
                         "%s port %u: ports below 1024 need the capability CAP_NET_BIND_SERVICE; "
                         "give it to the service or choose another port",
                         shown, port);
    case EADDRNOTAVAIL:
        return error_set(err, REASON_ADDRESS_NOT_LOCAL,
                         "%s is not an address of this machine; choose one that is, or 0.0.0.0 or "
                         "[::] for all",
                         shown);
    case EAFNOSUPPORT:
        return error_set(err, REASON_LISTEN_FAILED, "%s: IPv6 is switched off on this machine",
                         shown);
    default:
        return error_set(err, REASON_LISTEN_FAILED, "%s port %u: %s (error %d)", shown, port,
                         strerror_r(number, text, sizeof(text)), number);
    }
}

bool socket_listen(const struct ip_address *address, uint16_t port, int backlog, socket_handle *out,
                   uint16_t *bound_port, struct error *err)
{
    struct sockaddr_storage to;
    struct ip_address local;
    socklen_t to_len = (socklen_t)socket_address_write(address, port, &to);
    uint16_t bound = 0;
    const int yes = 1;
    int number = 0;
    int fd = socket(address->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /*
     * SO_REUSEADDR on Linux only passes over connections in TIME_WAIT: two listeners on one port
     * stay impossible.
     */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0
        || (address->v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) != 0)
        || bind(fd, (const struct sockaddr *)&to, to_len) != 0 || listen(fd, backlog) != 0
        || !socket_local_address(fd, &local, &bound)) {
        number = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return listen_error(err, number, address, port);
    }
    *out = fd;
    *bound_port = bound;
    return true;
}

void socket_close(socket_handle s)
{
    if (s != SOCKET_HANDLE_NONE) {
        (void)close((int)s);
    }
}

void socket_shut(socket_handle s)
{
    (void)shutdown((int)s, SHUT_RDWR);
}

/* ---- who holds a port ------------------------------------------------------------------------ */

/* Inode of a socket that listens on port, from one of the kernel's tables; 0 when there is none. */
static unsigned long long listening_inode(const char *table, uint16_t port)
{
    char line[512];
    unsigned long long inode = 0;
    FILE *file = fopen(table, "re");

    if (file == NULL) {
        return 0;
    }
    while (inode == 0 && fgets(line, sizeof(line), file) != NULL) {
        unsigned local_port = 0;
        unsigned state = 0;
        unsigned long long number = 0;

        /* sl local:port remote:port st tx:rx tr:when retrnsmt uid timeout inode */
        if (sscanf(line, " %*u: %*32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %llu",
                   &local_port, &state, &number)
                == 3
            && local_port == port && state == TCP_LISTEN_STATE) {
            inode = number;
        }
    }
    (void)fclose(file);
    return inode;
}

/* Does this process have the socket open? False as well when we may not look. */
static bool process_has_socket(const char *pid, const char *link_text)
{
    char path[64];
    char target[64];
    bool found = false;
    const struct dirent *entry = NULL;
    DIR *folder = NULL;

    if (!text_format(path, sizeof(path), "/proc/%.20s/fd", pid)) {
        return false;
    }
    folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    while (!found && (entry = readdir(folder)) != NULL) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

        if (len > 0) {
            target[len] = '\0';
            found = strcmp(target, link_text) == 0;
        }
    }
    (void)closedir(folder);
    return found;
}

/* "nginx (pid 123)" */
static void describe_process(const char *pid, char *text, size_t size)
{
    char path[64];
    char raw[64] = "";
    char name[80];
    ssize_t len = 0;
    int fd = -1;

    if (text_format(path, sizeof(path), "/proc/%.20s/comm", pid)) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        len = read(fd, raw, sizeof(raw));
        (void)close(fd);
    }
    text_escape(name, sizeof(name), text_trim(bytes_of(raw, len > 0 ? (size_t)len : 0)));
    if (!text_format(text, size, "%s (pid %.20s)", name[0] != '\0' ? name : "a program", pid)) {
        return; /* cut is good enough */
    }
}

bool socket_port_holder(uint16_t port, char *text, size_t size)
{
    char link_text[64];
    bool found = false;
    const struct dirent *entry = NULL;
    DIR *folder = NULL;
    unsigned long long inode = listening_inode("/proc/net/tcp", port);

    if (inode == 0) {
        inode = listening_inode("/proc/net/tcp6", port);
    }
    if (inode == 0 || !text_format(link_text, sizeof(link_text), "socket:[%llu]", inode)) {
        return false;
    }
    folder = opendir("/proc");
    if (folder == NULL) {
        return false;
    }
    while (!found && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
            && process_has_socket(entry->d_name, link_text)) {
            describe_process(entry->d_name, text, size);
            found = true;
        }
    }
    (void)closedir(folder);
    return found;
}

/* ---- host name ------------------------------------------------------------------------------- */

/* Lower case in place; false when there is anything but letters, digits, '-', '.' in it. */
static bool normalise_name(char *name)
{
    size_t len = strlen(name);

    if (len > 0 && name[len - 1] == '.') {
        name[--len] = '\0';
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c >= 'A' && c <= 'Z') {
            name[i] = (char)(c + ('a' - 'A'));
        } else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) {
            return false;
        }
    }
    return len > 0;
}

/* The resolver's full name for a short one, if it only adds a domain to it. */
static void qualify(char name[HOST_NAME_MAX_BYTES])
{
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    char full[HOST_NAME_MAX_BYTES];
    size_t len = strlen(name);

    memset(&hints, 0, sizeof(hints));
    hints.ai_flags = AI_CANONNAME;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(name, NULL, &hints, &found) == 0 && found->ai_canonname != NULL
        && text_copy(full, sizeof(full), found->ai_canonname) && normalise_name(full)
        && strncmp(full, name, len) == 0 && full[len] == '.') {
        memcpy(name, full, sizeof(full));
    }
    if (found != NULL) {
        freeaddrinfo(found);
    }
}

void socket_host_name(char *text, size_t size)
{
    char name[HOST_NAME_MAX_BYTES] = "";

    if (gethostname(name, sizeof(name) - 1) != 0 || !normalise_name(name)) {
        (void)snprintf(text, size, "localhost");
        return;
    }
    if (strchr(name, '.') == NULL) {
        qualify(name);
    }
    (void)snprintf(text, size, "%s", name);
}

/* ---- addresses ------------------------------------------------------------------------------- */

bool socket_address(const struct sockaddr *from, struct ip_address *address, uint16_t *port)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memset(address, 0, sizeof(*address));
        memcpy(&v4, from, sizeof(v4));
        memcpy(address->octets, &v4.sin_addr, 4);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memset(address, 0, sizeof(*address));
        memcpy(&v6, from, sizeof(v6));
        *port = ntohs(v6.sin6_port);
        if (memcmp(&v6.sin6_addr, mapped, sizeof(mapped)) == 0) {
            memcpy(address->octets, (const uint8_t *)&v6.sin6_addr + sizeof(mapped), 4);
        } else {
            address->v6 = true;
            memcpy(address->octets, &v6.sin6_addr, 16);
        }
        return true;
    }
    return false;
}

size_t socket_address_write(const struct ip_address *address, uint16_t port,
                            struct sockaddr_storage *out)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;

    memset(out, 0, sizeof(*out));
    if (address->v6) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, address->octets, sizeof(v6->sin6_addr));
        return sizeof(*v6);
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    memcpy(&v4->sin_addr, address->octets, sizeof(v4->sin_addr));
    return sizeof(*v4);
}

bool socket_local_address(socket_handle s, struct ip_address *address, uint16_t *port)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    return getsockname((int)s, (struct sockaddr *)&name, &len) == 0
           && socket_address((const struct sockaddr *)&name, address, port);
}
