/* SPDX-License-Identifier: Apache-2.0 */
#include "http/raw_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/raw_socket.h"

#define PIECE 16384
#define HELD_MAX 8388608u

struct raw_client {
    socket_handle socket;
    const struct raw_transport *transport; /* NULL: the socket itself */
    void *context;
    struct buffer held; /* read and not yet delivered */
    bool ended;         /* closed or reset by the server */
};

struct raw_client *raw_client_connect(const struct ip_address *address, uint16_t port)
{
    struct raw_client *client = calloc(1, sizeof(*client));

    if (client == NULL) return NULL;
    client->held.max = HELD_MAX;
    client->socket = raw_socket_connect(address, port);
    if (client->socket == SOCKET_HANDLE_NONE) {
        raw_client_close(client);
        return NULL;
    }
    return client;
}

void raw_client_use(struct raw_client *client, const struct raw_transport *transport,
                    void *take_context)
{
    client->transport = transport;
    client->context = take_context;
}

void *raw_client_context(const struct raw_client *client)
{
    return client->context;
}

socket_handle raw_client_socket(const struct raw_client *client)
{
    return client->socket;
}

void raw_client_close(struct raw_client *client)
{
    if (client == NULL) return;
    if (client->transport != NULL) {
        client->transport->free(client->context);
    }
    socket_close(client->socket); /* NONE is allowed */
    buffer_clear(&client->held);
    free(client);
}

void raw_client_reset(struct raw_client *client)
{
    raw_socket_abort(client->socket);
    raw_client_close(client);
}

bool raw_client_send(struct raw_client *client, struct bytes data)
{
    while (data.len > 0) {
        size_t piece = data.len < PIECE ? data.len : PIECE;
        struct bytes part = bytes_of(data.data, piece);
        size_t sent = client->transport != NULL ? client->transport->send(client->context, part)
                                                : raw_socket_send(client->socket, part);

        if (sent == 0) return false;
        data = bytes_of(data.data + sent, data.len - sent);
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
    size_t got =
        client->transport != NULL
            ? client->transport->receive(client->context, piece, sizeof(piece), &client->ended)
            : raw_socket_receive(client->socket, piece, sizeof(piece), &client->ended);

    return got > 0 && buffer_append(&client->held, piece, got, &err);
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

bool raw_client_take(struct raw_client *client, size_t len, struct buffer *out)
{
    return deliver(client, len, out);
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
    return client->held.len == 0 && !read_more(client) && client->ended;
}

bool raw_client_drain(struct raw_client *client)
{
    do {
        buffer_reset(&client->held);
    } while (read_more(client));
    return client->ended;
}

uint16_t raw_client_port(const struct raw_client *client)
{
    struct ip_address address;
    uint16_t port = 0;

    return socket_local_address(client->socket, &address, &port) ? port : 0;
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
