/* SPDX-License-Identifier: Apache-2.0 */
#include "http/raw_client.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#define TIMEOUT_VALUE ((DWORD)TIMEOUT_SECONDS * 1000)
typedef SOCKET native_socket;
typedef DWORD native_timeout;
typedef int native_size;
#define NO_SOCKET INVALID_SOCKET
#define TIMED_OUT (WSAGetLastError() == WSAETIMEDOUT)
#else
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#define TIMEOUT_VALUE                                                                              \
    {                                                                                              \
        TIMEOUT_SECONDS, 0                                                                         \
    }
typedef int native_socket;
typedef struct timeval native_timeout;
typedef size_t native_size;
#define NO_SOCKET (-1)
#define TIMED_OUT (errno == EAGAIN)
#define closesocket close
#endif

#include "base/text.h"

#define TIMEOUT_SECONDS 20
#define PIECE 16384
#define HELD_MAX 8388608u

struct raw_client {
    native_socket socket;
    struct buffer held; /* read and not yet delivered */
};

static bool set_option(native_socket s, int level, int name, const void *value, size_t size)
{
    return setsockopt(s, level, name, value, (socklen_t)size) == 0;
}

static bool connect_to(native_socket s, const struct ip_address *address, uint16_t port)
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

struct raw_client *raw_client_connect(const struct ip_address *address, uint16_t port)
{
    struct raw_client *client = calloc(1, sizeof(*client));
    native_timeout timeout = TIMEOUT_VALUE;
    int on = 1;

    if (client == NULL) return NULL;
    client->held.max = HELD_MAX;
    client->socket = socket(address->v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (client->socket == NO_SOCKET
        || !set_option(client->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))
        || !set_option(client->socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout))
        || !set_option(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
        || !connect_to(client->socket, address, port)) {
        raw_client_close(client);
        return NULL;
    }
    return client;
}

void raw_client_close(struct raw_client *client)
{
    if (client == NULL) return;
    if (client->socket != NO_SOCKET) {
        (void)closesocket(client->socket);
    }
    buffer_clear(&client->held);
    free(client);
}

void raw_client_reset(struct raw_client *client)
{
    struct linger linger;

    memset(&linger, 0, sizeof(linger));
    linger.l_onoff = 1;
    (void)set_option(client->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    raw_client_close(client);
}

bool raw_client_send(struct raw_client *client, struct bytes data)
{
    while (data.len > 0) {
        size_t piece = data.len < PIECE ? data.len : PIECE;
        long sent = (long)send(client->socket, (const void *)data.data, (native_size)piece, 0);

        if (sent <= 0) return false;
        data = bytes_of(data.data + sent, data.len - (size_t)sent);
    }
    return true;
}

bool raw_client_send_text(struct raw_client *client, const char *text)
{
    return raw_client_send(client, bytes_of_text(text));
}

/* More bytes; false at the end or when nothing comes. */
static bool read_more(struct raw_client *client)
{
    struct error err = ERROR_INIT;
    char piece[PIECE];
    long got = (long)recv(client->socket, piece, (native_size)sizeof(piece), 0);

    return got > 0 && buffer_append(&client->held, piece, (size_t)got, &err);
}

static bool deliver(struct raw_client *client, size_t len, struct buffer *out)
{
    struct error err = ERROR_INIT;
    struct bytes held;
    struct buffer rest = BUFFER_INIT(HELD_MAX);

    while (client->held.len < len) {
        if (!read_more(client)) return false;
    }
    held = buffer_bytes(&client->held);
    if (!buffer_append(out, held.data, len, &err)
        || !buffer_append(&rest, held.data + len, held.len - len, &err)) {
        buffer_clear(&rest);
        return false;
    }
    buffer_move(&client->held, &rest);
    return true;
}

static bool head_length(struct raw_client *client, size_t *len)
{
    for (;;) {
        const char *end = strstr(buffer_text(&client->held), "\r\n\r\n");

        if (end != NULL) {
            *len = (size_t)(end - buffer_text(&client->held)) + 4;
            return true;
        }
        if (!read_more(client)) return false;
    }
}

bool raw_client_receive(struct raw_client *client, bool has_body, struct raw_response *out)
{
    struct bytes value;
    uint64_t number = 0;
    size_t len = 0;

    raw_response_clear(out);
    if (!head_length(client, &len) || !deliver(client, len, &out->head)
        || !text_starts_nocase(buffer_text(&out->head), "HTTP/1.") || out->head.len < 12
        || !text_parse_u64(bytes_of(out->head.data + 9, 3), 999, &number)) {
        return false;
    }
    out->status = (int)number;
    if (!has_body || out->status == 100) return true;
    if (raw_response_header(out, "Content-Length", &value) != 1
        || !text_parse_u64(value, HELD_MAX, &number)) {
        return false;
    }
    return deliver(client, (size_t)number, &out->body);
}

bool raw_client_at_end(struct raw_client *client)
{
    char byte = 0;
    long got = 0;

    if (client->held.len > 0) return false;
    got = (long)recv(client->socket, &byte, 1, 0);
    return got == 0 || (got < 0 && !TIMED_OUT); /* a reset is an end too */
}

uint16_t raw_client_port(const struct raw_client *client)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    if (getsockname(client->socket, (struct sockaddr *)&name, &len) != 0) return 0;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

void raw_response_clear(struct raw_response *response)
{
    response->status = 0;
    buffer_clear(&response->head);
    buffer_clear(&response->body);
}

unsigned raw_response_header(const struct raw_response *response, const char *name,
                             struct bytes *value)
{
    struct bytes line;
    size_t pos = 0;
    size_t name_len = strlen(name);
    unsigned count = 0;

    while (text_next_item(buffer_bytes(&response->head), '\n', &pos, &line)) {
        if (line.len > name_len && line.data[name_len] == ':'
            && text_starts_nocase((const char *)line.data, name)) {
            *value = text_trim(bytes_of(line.data + name_len + 1, line.len - name_len - 1));
            count++;
        }
    }
    return count;
}
