/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an HTTP server with a small application behind it, for the server's tests.
 * Not here: the tests.
 * Owns:     server, pool, and what they have seen.
 * Threads:  the test's thread; fields under `lock` are written by the server's threads.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_HTTP_HTTP_WORLD_H
#define OPENNDES_TESTS_HTTP_HTTP_WORLD_H

#include "support/test_support.h"

#include "base/limits.h"
#include "http/http_server.h"
#include "http/raw_client.h"
#include "platform/threads.h"

#define WORLD_SEEN_MAX 64
#define WORLD_TEXT_MAX 64
#define WORLD_WHY_MAX 128

struct world_seen {
    char id[HTTP_REQUEST_ID_MAX];
    char path[WORLD_TEXT_MAX];
    char method[WORLD_TEXT_MAX];
    int status;
    enum reason refused;
    struct ip_address peer;
    struct ip_address local;
    uint16_t peer_port;
    uint16_t local_port;
    bool local_known;
    bool tls;
    unsigned faces;
    uint8_t channel_binding[HTTP_CHANNEL_BINDING_MAX];
    size_t channel_binding_len;
    size_t body_len;
};

struct world_options {
    size_t body_bytes;
    unsigned threads;
    unsigned queue;
    unsigned connections;
    unsigned connections_per_address;
    bool v6;
    struct tls_context *tls; /* not NULL: one more listener, for HTTPS, with the SCEP face only */
    unsigned tls_connections;
    unsigned handshake_seconds;
    unsigned idle_seconds;
    unsigned head_seconds;
    unsigned grace_seconds;
};

/* What admit and handle do is chosen by the path:
 *   /denied    admit answers 403 without a body
 *   /sign-in   admit answers 401 "sign in" with two WWW-Authenticate headers
 *   /sign-in-handle   the same from handle
 *   /admitted  admit answers 200 with the headers of the request that handlers see
 *   /headers   handle answers the same
 *   /count     handle answers how many requests of this connection came here
 *   /cached    admit answers 200 "cached"
 *   /block     handle waits for the gate, then as below
 *   /slow-block   the same, admitted as slow
 *   /empty     handle answers 200 without a body
 *   /nothing   handle forgets the status of its answer
 *   /big       handle answers 1 MiB of 'b'
 *   others     handle answers 200 with the body of a POST, otherwise the raw query
 * OTHER methods and HEAD: admit lets them pass, handle answers 405 with Allow. */
struct world {
    struct worker_pool *pool;
    struct http_server *server;
    struct ip_address address;
    uint16_t port;
    uint16_t tls_port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool gate_open;
    unsigned inside; /* handlers at the gate */
    unsigned handled;
    unsigned answered;
    unsigned counters_freed;  /* values kept with connections */
    unsigned freed_when_kept; /* the same, as handle saw it right after keeping one */
    unsigned handshakes_failed;
    char why[WORLD_WHY_MAX]; /* the last one's reason */
    struct ip_address failed_peer;
    struct world_seen seen[WORLD_SEEN_MAX]; /* the first answered ones */
};

#define WORLD_OPTIONS_DEFAULT                                                                      \
    {                                                                                              \
        LIMIT_BODY_BYTES_DEFAULT, 2, 16, 100, 0, false, NULL, 64, 10, 30, 0, 0                     \
    }

/* NULL options: the default. Skips the test when IPv6 is wanted and not there. */
void world_create(struct world *world, const struct world_options *options);
void world_destroy(struct world *world); /* opens the gate first */
void world_open_gate(struct world *world);
void world_wait_inside(struct world *world, unsigned count);
void world_wait_answered(struct world *world, unsigned count);
/* So far; the fields themselves belong to other threads until world_destroy. */
unsigned world_handled(struct world *world);
unsigned world_answered(struct world *world);
void world_wait_counters_freed(struct world *world, unsigned count);
void world_wait_handshakes_failed(struct world *world, unsigned count);
/* The reason of the last failed handshake holds this text. */
void world_assert_why(struct world *world, const char *text);
/* Until the server says that so many requests run. */
void world_wait_running(struct world *world, unsigned count);

struct raw_client *world_connect(struct world *world);
/* What to listen on for one more plain listener with all faces. */
struct http_listen_options world_listen_options(const struct world *world, uint16_t port);
/* Send a text and read the answer to it. */
void world_exchange(struct raw_client *client, const char *request, struct raw_response *out);
/* The same on a connection of its own; returns the status. */
int world_ask(struct world *world, const char *request);
/* Header by header: what each of our responses has. */
void world_assert_complete(const struct raw_response *response);

#endif
