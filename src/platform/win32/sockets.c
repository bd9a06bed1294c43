/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <iphlpapi.h>

#define HOLDER_TEXT_MAX 160u
#define HOST_NAME_MAX_BYTES 512u
#define IMAGE_PATH_MAX 1024u /* UTF-16 units */
#define TABLE_TRIES 4u       /* the table may grow while it is read */
#define BACKLOG_PLAIN 200
#define SYSTEM_PID 4u /* the kernel: http.sys, SMB */

bool sockets_start(struct error *err)
{
    WSADATA data;
    int rc = WSAStartup(MAKEWORD(2, 2), &data);

    if (rc != 0) {
        return win_error_set(err, REASON_INTERNAL, (uint32_t)rc, "Winsock does not start");
    }
    return true;
}

/* ---- listening ------------------------------------------------------------------------------- */

/*
 * A Winsock number as a sentence for the person who set the address. WSAEACCES has two causes: a
 * holder that wants the port for itself, and a range that Windows has set aside (Hyper-V, WSL).
 */
static bool listen_error(struct error *err, int number, const struct ip_address *address,
                         uint16_t port)
{
    char shown[IP_TEXT_MAX];
    char holder[HOLDER_TEXT_MAX];
    char what[IP_TEXT_MAX + 16];
    bool held = false;

    ip_address_format(address, shown);
    switch (number) {
    case WSAEADDRINUSE:
    case WSAEACCES:
        held = socket_port_holder(port, holder, sizeof(holder));
        if (held) {
            return error_set(err, REASON_PORT_IN_USE,
                             "%s port %u is held by %s; stop it or choose another port", shown,
                             port, holder);
        }
        if (number == WSAEADDRINUSE) {
            return error_set(
                err, REASON_PORT_IN_USE,
                "%s port %u is held by another program; stop it or choose another port", shown,
                port);
        }
        return error_set(
            err, REASON_PORT_NOT_PERMITTED,
            "%s port %u is in a range that Windows has set aside; \"netsh int ipv4 show "
            "excludedportrange tcp\" lists them; choose another port",
            shown, port);
    case WSAEADDRNOTAVAIL:
        return error_set(err, REASON_ADDRESS_NOT_LOCAL,
                         "%s is not an address of this machine; choose one that is, or 0.0.0.0 or "
                         "[::] for all",
                         shown);
    case WSAEAFNOSUPPORT:
        return error_set(err, REASON_LISTEN_FAILED, "%s: IPv6 is switched off on this machine",
                         shown);
    default:
        (void)snprintf(what, sizeof(what), "%s port %u", shown, port);
        return win_error_set(err, REASON_LISTEN_FAILED, (uint32_t)number, what);
    }
}

static bool set_option(SOCKET s, int level, int name)
{
    const DWORD yes = 1;

    return setsockopt(s, level, name, (const char *)&yes, (int)sizeof(yes)) == 0;
}

/* Winsock takes more than 200 as a negative number only (SOMAXCONN_HINT, which MinGW lacks). */
static int backlog_hint(int backlog)
{
    return backlog > BACKLOG_PLAIN ? -backlog : backlog;
}

bool socket_listen(const struct ip_address *address, uint16_t port, int backlog, socket_handle *out,
                   uint16_t *bound_port, struct error *err)
{
    struct sockaddr_storage to;
    struct ip_address local;
    int to_len = (int)socket_address_write(address, port, &to);
    uint16_t bound = 0;
    int number = 0;
    SOCKET s = WSASocketW(address->v6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

    /* without exclusive use another account could bind the same port and take connections */
    if (s == INVALID_SOCKET || !set_option(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE)
        || (address->v6 && !set_option(s, IPPROTO_IPV6, IPV6_V6ONLY))
        || bind(s, (const struct sockaddr *)&to, to_len) != 0
        || listen(s, backlog_hint(backlog)) != 0
        || !socket_local_address((socket_handle)s, &local, &bound)) {
        number = WSAGetLastError();
        if (s != INVALID_SOCKET) {
            (void)closesocket(s);
        }
        return listen_error(err, number, address, port);
    }
    *out = (socket_handle)s;
    *bound_port = bound;
    return true;
}

void socket_close(socket_handle s)
{
    if (s != SOCKET_HANDLE_NONE) {
        (void)closesocket((SOCKET)s);
    }
}

void socket_shut(socket_handle s)
{
    (void)shutdown((SOCKET)s, SD_BOTH);
}

/* ---- who holds a port ------------------------------------------------------------------------ */

/* The system's table of listeners with their processes; owned (free()), NULL when not to be had. */
static void *listener_table(ULONG family)
{
    void *table = NULL;
    DWORD size = 0;
    DWORD rc = ERROR_INSUFFICIENT_BUFFER;

    for (unsigned i = 0; rc == ERROR_INSUFFICIENT_BUFFER && i < TABLE_TRIES; i++) {
        free(table);
        table = NULL;
        if (size > 0) {
            table = malloc(size);
            if (table == NULL) {
                return NULL;
            }
        }
        rc = GetExtendedTcpTable(table, &size, FALSE, family, TCP_TABLE_OWNER_PID_LISTENER, 0);
    }
    if (rc != NO_ERROR) {
        free(table);
        return NULL;
    }
    return table;
}

/* The tables keep a port in network byte order in the low half of a DWORD. */
static uint16_t row_port(DWORD field)
{
    return ntohs((uint16_t)(field & 0xffff));
}

/* False as well for process 0, which stands for "not known" (Wine). */
static bool listening_pid(uint16_t port, DWORD *pid)
{
    MIB_TCPTABLE_OWNER_PID *v4 = listener_table(AF_INET);
    MIB_TCP6TABLE_OWNER_PID *v6 = listener_table(AF_INET6);
    bool found = false;

    for (DWORD i = 0; v4 != NULL && !found && i < v4->dwNumEntries; i++) {
        if (row_port(v4->table[i].dwLocalPort) == port) {
            *pid = v4->table[i].dwOwningPid;
            found = *pid != 0;
        }
    }
    for (DWORD i = 0; v6 != NULL && !found && i < v6->dwNumEntries; i++) {
        if (row_port(v6->table[i].dwLocalPort) == port) {
            *pid = v6->table[i].dwOwningPid;
            found = *pid != 0;
        }
    }
    free(v4);
    free(v6);
    return found;
}

/* File name of a process' program; "" when it may not be asked for. */
static void program_name(DWORD pid, char *name, size_t size)
{
    struct buffer utf8 = BUFFER_INIT(3 * IMAGE_PATH_MAX);
    struct error ignored = ERROR_INIT;
    wchar_t path[IMAGE_PATH_MAX];
    const wchar_t *base = path;
    DWORD len = IMAGE_PATH_MAX;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);

    name[0] = '\0';
    if (process == NULL) {
        return;
    }
    if (QueryFullProcessImageNameW(process, 0, path, &len)) {
        const wchar_t *slash = wcsrchr(path, L'\\');

        base = slash != NULL ? slash + 1 : path;
        if (wide_to_utf8(base, &utf8, &ignored)) {
            text_escape(name, size, buffer_bytes(&utf8));
        }
    }
    (void)CloseHandle(process);
    buffer_clear(&utf8);
}

bool socket_port_holder(uint16_t port, char *text, size_t size)
{
    char name[HOLDER_TEXT_MAX];
    DWORD pid = 0;

    if (!listening_pid(port, &pid)) {
        return false;
    }
    if (pid == SYSTEM_PID && (port == 445 || port == 139)) {
        (void)snprintf(text, size, "Windows file sharing");
    } else if (pid == SYSTEM_PID) {
        (void)snprintf(text, size, "the Windows HTTP service (http.sys: IIS, WinRM)");
    } else {
        program_name(pid, name, sizeof(name));
        (void)snprintf(text, size, "%s (pid %lu)", name[0] != '\0' ? name : "a program",
                       (unsigned long)pid);
    }
    return true;
}

/* ---- host name ------------------------------------------------------------------------------- */

void socket_host_name(char *text, size_t size)
{
    struct buffer utf8 = BUFFER_INIT(HOST_NAME_MAX_BYTES);
    struct error ignored = ERROR_INIT;
    wchar_t name[HOST_NAME_MAX_BYTES];
    DWORD len = HOST_NAME_MAX_BYTES;
    bool usable = GetComputerNameExW(ComputerNameDnsFullyQualified, name, &len) != 0
                  && wide_to_utf8(name, &utf8, &ignored) && utf8.len > 0;

    for (size_t i = 0; usable && i < utf8.len; i++) {
        uint8_t c = utf8.data[i];

        if (c >= 'A' && c <= 'Z') {
            utf8.data[i] = (uint8_t)(c + ('a' - 'A'));
        } else {
            usable = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        }
    }
    (void)snprintf(text, size, "%s", usable ? buffer_text(&utf8) : "localhost");
    buffer_clear(&utf8);
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
    int len = sizeof(name);

    return getsockname((SOCKET)s, (struct sockaddr *)&name, &len) == 0
           && socket_address((const struct sockaddr *)&name, address, port);
}
