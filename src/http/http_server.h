/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the HTTP/1.0 and 1.1 server: listeners, limits, two-phase handling, hand-over to the
 *           worker pool.
 * Not here: routes (service/dispatch.c), workers (worker_pool.h), address lists (ip_acl.h), TLS
 *           (tls_front.h).
 * Owns:     listeners, connections, the daemon's threads.
 * Threads:  admit and answered run on an I/O thread and must not block; handle runs on a worker
 *           while the connection is suspended. Create, listen, stop and free: one thread.
 * Spec:     RFC 9110, RFC 9112.
 */
#ifndef OPENNDES_HTTP_HTTP_SERVER_H
#define OPENNDES_HTTP_HTTP_SERVER_H

#include "http/http_types.h"
#include "http/worker_pool.h"

struct http_server;
struct tls_context;

enum http_admit {
    HTTP_ADMIT_HANDLE,
    HTTP_ADMIT_HANDLE_SLOW, /* of a kind that may take long by itself: worker_pool_submit_slow */
    HTTP_ADMIT_ANSWERED
};

struct http_server_options {
    const char *server_token;         /* "OpenNDES": value of the Server header */
    size_t body_bytes;                /* limit of a body: 413 above */
    unsigned connections;             /* in total; at the limit idle ones make room */
    unsigned connections_per_address; /* of an IPv4 address or an IPv6 /64; 0: off */
    unsigned idle_seconds;            /* at most, between two requests and before the first */
    unsigned head_seconds;            /* these two: see http_guard.h; 0: as limits.h says */
    unsigned grace_seconds;
    unsigned tls_connections;   /* of the connections, over HTTPS, handshakes included */
    unsigned handshake_seconds; /* a TLS handshake that takes longer is ended */
    struct worker_pool *pool;   /* must outlive the server; NULL where admit answers everything */
    void *context;
    /*
     * Headers are complete, the body is not read: answer at once (refusals, what is in memory) or
     * let it go on.
     */
    enum http_admit (*admit)(void *context, const struct http_request *request,
                             struct http_response *response);
    /* The whole request is here. Must fill the response. */
    void (*handle)(void *context, const struct http_request *request,
                   struct http_response *response);
    /*
     * Every answered request, also those the server refuses by itself (400, 413, 414, 503) and
     * those whose client left meanwhile; after the response is queued. The response still shows
     * its body. What libmicrohttpd refuses by itself behind the request line comes as 400 with
     * REASON_SYNTAX and no method. May be NULL.
     */
    void (*answered)(void *context, const struct http_request *request,
                     const struct http_response *response);
    /*
     * A client did not get as far as HTTP: its handshake failed or took too long, or a limit was
     * reached. `why` is a text for the log, valid during the call, never a secret. Every such
     * connection is told: whoever logs it limits the rate. On the HTTPS thread; must not block. May
     * be NULL.
     */
    void (*handshake_failed)(void *context, const struct ip_address *peer, const char *why);
};

struct http_listen_options {
    struct ip_address address;
    uint16_t port;           /* 0: a free one */
    unsigned faces;          /* LISTEN_FACE_...: comes back in each request */
    struct tls_context *tls; /* NULL: plain HTTP; borrowed, outlives the server */
};

struct http_server *http_server_create(const struct http_server_options *options,
                                       struct error *err);
/*
 * Open one more listener. *bound_port gets the port. Errors: REASON_PORT_*,
 * REASON_ADDRESS_NOT_LOCAL, REASON_LISTEN_FAILED, REASON_NO_MEMORY.
 */
MUST_USE bool http_server_listen(struct http_server *server,
                                 const struct http_listen_options *options, uint16_t *bound_port,
                                 struct error *err);
/*
 * Listen no more, answer what runs for at most grace_ms, then close. Requests that begin meanwhile
 * on open connections and those still handled after the grace get 503 (REASON_STOPPING); what their
 * handle() answers later is dropped.
 */
void http_server_stop(struct http_server *server, int64_t grace_ms);
/*
 * Stops if still running, then waits until the last handle() has returned: afterwards nothing is
 * called any more. NULL is allowed.
 */
void http_server_free(struct http_server *server);
/* Requests being answered now. */
unsigned http_server_running(const struct http_server *server);

struct http_server_stats {
    uint64_t connections; /* open now; those over HTTPS once their handshake is done */
    uint64_t running;     /* requests being answered now */
    /* since the server was created */
    uint64_t accepted;
    uint64_t busy_refused; /* requests for which no worker was free and the queue was full */
    uint64_t handshakes_failed;
    uint64_t cut; /* connections ended because they were too slow, or to make room */
};
/* From any thread, without a lock. */
void http_server_get_stats(struct http_server *server, struct http_server_stats *stats);

#endif
