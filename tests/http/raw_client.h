/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a TCP client that sends exactly what a test says, and reads HTTP responses.
 * Not here: building requests.
 * Owns:     its socket and what it has read.
 * Threads:  a client belongs to one thread.
 * Spec:     RFC 9112, as far as the tests need it.
 */
#ifndef OPENNDES_TESTS_HTTP_RAW_CLIENT_H
#define OPENNDES_TESTS_HTTP_RAW_CLIENT_H

#include "base/buffer.h"
#include "base/ip_prefix.h"
#include "platform/sockets.h"

struct raw_client;

/* Another way for the bytes than the bare socket. Both say 0 as raw_socket.h does. */
struct raw_transport {
    size_t (*send)(void *context, struct bytes data);
    size_t (*receive)(void *context, void *data, size_t size, bool *ended);
    void (*free)(void *context); /* the socket is still open */
};

struct raw_response {
    int status;
    struct buffer head; /* status line and headers */
    struct buffer body;
};

#define RAW_RESPONSE_INIT                                                                          \
    {                                                                                              \
        0, BUFFER_INIT(65536), BUFFER_INIT(4194304)                                                \
    }

/* Every wait ends after 20 seconds as a failure. NULL when the connection cannot be had. */
struct raw_client *raw_client_connect(const struct ip_address *address, uint16_t port);
/* From now on bytes go this way. */
void raw_client_use(struct raw_client *client, const struct raw_transport *transport,
                    void *take_context);
/* What raw_client_use took; NULL: nothing. */
void *raw_client_context(const struct raw_client *client);
socket_handle raw_client_socket(const struct raw_client *client);
void raw_client_close(struct raw_client *client); /* NULL is allowed */
/* Close with a reset instead of an orderly end. */
void raw_client_reset(struct raw_client *client);
MUST_USE bool raw_client_send(struct raw_client *client, struct bytes data);
MUST_USE bool raw_client_send_text(struct raw_client *client, const char *text);
/* Exactly so many bytes, appended; false when they do not come. */
MUST_USE bool raw_client_take(struct raw_client *client, size_t len, struct buffer *out);
/* The next response; has_body is false for answers to HEAD. False when there is no whole one. */
MUST_USE bool raw_client_receive(struct raw_client *client, bool has_body,
                                 struct raw_response *out);
/* True when the server has closed the connection and nothing more came before. */
MUST_USE bool raw_client_at_end(struct raw_client *client);
/* Read until the server closes and throw it away; false when it does not close. */
MUST_USE bool raw_client_drain(struct raw_client *client);
uint16_t raw_client_port(const struct raw_client *client);

void raw_response_clear(struct raw_response *response);
/* Number of headers with this name; *value gets the last one's. */
unsigned raw_response_header(const struct raw_response *response, const char *name,
                             struct bytes *value);

#endif
