/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of the HTTP server share: the server, one connection, one exchange.
 * Not here: the interface (http_server.h).
 * Owns:     see the structs.
 * Threads:  fields are marked with who may touch them.
 * Spec:     none.
 */
#ifndef OPENNDES_HTTP_HTTP_SERVER_INTERNAL_H
#define OPENNDES_HTTP_HTTP_SERVER_INTERNAL_H

#include <stdatomic.h>

#include "base/limits.h"
#include "http/http_acceptor.h"
#include "http/http_connection.h"
#include "http/http_guard.h"
#include "http/http_server.h"
#include "http/http_server_loop.h"
#include "http/tls_front.h"
#include "platform/sockets.h"
#include "platform/threads.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

struct http_listener {
    struct http_server *server;
    struct MHD_Daemon *daemon; /* does not listen */
    struct http_loop *loop;    /* drives it */
    unsigned faces;
    bool tls;
};

struct http_exchange;

struct http_server {
    struct http_server_options options; /* constant after creation */
    char *server_token;
    int64_t started_ms; /* first half of request ids */
    atomic_uint next_id;
    atomic_uint connections;
    atomic_uint running;
    atomic_bool stopping; /* nothing new is begun; who ends tells about it by `changed` */
    /* since the start */
    atomic_uint_least64_t accepted, busy_refused, handshakes_failed;
    /* the owner's thread only */
    struct http_listener listeners[LIMIT_LISTENERS];
    size_t listener_count;
    bool stopped;
    struct http_acceptor *acceptor; /* these two: NULL: no such listener; constant while daemons */
    struct tls_front *tls_front;    /* run */
    struct http_guard *guard;

    pthread_mutex_t lock; /* guards what follows; taken before libmicrohttpd's own locks */
    pthread_cond_t changed;
    unsigned jobs;                 /* handed to the pool and not yet at their end */
    struct http_exchange *working; /* suspended; list through prev and next */
    unsigned resuming;             /* off the list, and libmicrohttpd does not know it yet */
    bool abandoning;               /* nobody may be suspended any more */
};

/* A connection: with its two ends, found once. Owned by libmicrohttpd's connection. */
struct http_link {
    struct http_guarded guarded;        /* the guard's */
    struct http_watched watched;        /* the loop's */
    struct http_loop *loop;             /* the listener's */
    struct http_exchange *exchange;     /* NULL between requests */
    struct http_connection *connection; /* one reference; never NULL */
    unsigned faces;
    bool tls;
    bool peer_known;
    bool local_known;
    struct ip_address peer;
    struct ip_address local;
    uint16_t peer_port;
    uint16_t local_port;
    struct tls_binding binding;
};

enum http_stage {
    HTTP_STAGE_TARGET,  /* the request line is here, headers are not */
    HTTP_STAGE_READING, /* the body is collected for the worker */
    HTTP_STAGE_WORKING, /* suspended; the worker has it */
    HTTP_STAGE_REPLY,   /* the response waits for the end of the body, which is dropped */
    HTTP_STAGE_QUEUED   /* given to libmicrohttpd */
};

/* What the headers say about the body. */
struct http_framing {
    bool chunked;
    bool has_length;
    uint64_t length;
    bool expects_continue;
};

/* Headers that handlers read, copied: the connection may end while a worker has the request. */
struct http_kept_headers {
    struct buffer authorization;
    struct buffer content_type;
    struct buffer forwarded_for;
    struct buffer forwarded_proto;
};

#define HTTP_METHOD_TEXT_MAX 16

/*
 * One request and its response. Belongs to libmicrohttpd's connection, and while a worker handles
 * it to that one too; whoever leaves last frees it. request.connection is a reference.
 */
struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_guarded *guarded; /* the link's; not for workers, who may outlive it */
    struct http_watched *watched; /* the link's, too */
    struct http_loop *loop;       /* the listener's */
    enum http_stage stage;
    struct http_request request;
    struct http_response response;
    struct buffer body;
    struct http_kept_headers headers; /* what request points into */
    uint64_t dropped;                 /* bytes of the body that nobody wants */
    bool close;                       /* the connection ends with this response */
    bool slow;                        /* admit: of the kind that may take long */
    bool counted;                     /* in server->running */
    char method_text[HTTP_METHOD_TEXT_MAX];
    enum reason target_refused;
    atomic_uint holders;   /* libmicrohttpd's connection and a worker's job */
    atomic_bool abandoned; /* the connection does not wait for the worker any more */
    /* under the server's lock */
    struct http_exchange *prev;
    struct http_exchange *next;
    char text[]; /* path with NUL, raw query */
};

/*
 * Read the headers: those that say where the body ends, and refuse what two programs could read in
 * two ways (request smuggling); and those to keep, which go into *kept (empty before, cleared by
 * the caller). Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool http_headers_read(struct MHD_Connection *connection, const char *version,
                                struct http_framing *out, struct http_kept_headers *kept,
                                struct error *err);

/*
 * The exchange's response for libmicrohttpd; NULL when out of memory. *owned: the body has moved
 * into it, and the exchange keeps a view for answered(), to be forgotten before the response is
 * destroyed.
 */
struct MHD_Response *http_exchange_response(struct http_exchange *exchange, bool *owned);

/* Begin an exchange for a request line; NULL when out of memory. */
struct http_exchange *http_exchange_create(struct http_server *server,
                                           struct MHD_Connection *connection,
                                           struct http_link *link, const char *raw_target);
/* libmicrohttpd's connection lets go. refused: libmicrohttpd answered by itself. */
void http_exchange_release(struct http_exchange *exchange, bool refused);

/* What libmicrohttpd tells with each call. */
struct http_step {
    const char *method;
    const char *version;
    struct bytes data; /* a part of the body; empty: the headers or the whole body are here */
};
/* The next step of a request; false: close the connection without an answer. */
MUST_USE bool http_exchange_step(struct http_exchange *exchange, const struct http_step *step);

/* Give up all that workers still handle: they get 503. Called with the lock held. */
void http_exchange_abandon_all(struct http_server *server);

#endif
