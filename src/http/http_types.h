/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one HTTP request and one response as plain values.
 * Not here: sockets and libmicrohttpd (http_server.h).
 * Owns:     a response owns its body and headers.
 * Threads:  one request, one thread at a time.
 * Spec:     RFC 9110, RFC 9112.
 */
#ifndef OPENNDES_HTTP_HTTP_TYPES_H
#define OPENNDES_HTTP_HTTP_TYPES_H

#include "base/ip_prefix.h"

#define HTTP_REQUEST_ID_MAX 24
#define HTTP_CHANNEL_BINDING_MAX 64 /* bytes of the longest digest */

struct http_connection;

enum http_method { HTTP_METHOD_OTHER, HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_POST };

struct http_request {
    char id[HTTP_REQUEST_ID_MAX]; /* ours; unique in this process's life, for log and audit */
    enum http_method method;
    const char *method_text;
    const char *path;       /* percent-decoded once, without query; never contains NUL */
    struct bytes raw_query; /* as it stood behind '?', undecoded */
    struct bytes body;      /* empty in the admit phase */
    struct ip_address peer;
    uint16_t peer_port;
    bool local_known;
    struct ip_address local; /* this end of the client's connection */
    uint16_t local_port;
    /* Headers; NULL: not there. Where one stands twice: the first, but for X-Forwarded-For. */
    const char *authorization; /* a secret; wiped with the request */
    const char *content_type;
    const char *forwarded_for;   /* all X-Forwarded-For, in order, joined by ","; untrusted */
    const char *forwarded_proto; /* X-Forwarded-Proto; untrusted */
    bool tls;                    /* came over HTTPS */
    /*
     * tls-server-end-point (RFC 5929 4): digest of the server's certificate; empty without TLS, and
     * where the RFC defines none for the certificate's algorithm (Ed25519)
     */
    uint8_t channel_binding[HTTP_CHANNEL_BINDING_MAX];
    size_t channel_binding_len;
    unsigned faces;                     /* LISTEN_FACE_...: what its listener serves */
    struct http_connection *connection; /* for what has to last longer than a request; never NULL
                                           in handle() */
    int64_t started_us;                 /* clock_monotonic_us when the headers were complete */
};

/*
 * A body that stays somebody else's: for what is large and asked for often, so that a hundred slow
 * clients hold one copy of it. give_back is called once, on any thread.
 */
struct http_lent {
    struct bytes bytes;             /* valid and unchanged until it is given back */
    void (*give_back)(void *owner); /* NULL: nothing is lent */
    void *owner;
};

struct http_response {
    int status;
    const char *content_type; /* constant text; NULL: none */
    const char *allow;        /* constant text for 405; NULL: none */
    unsigned retry_after;     /* seconds; 0: no header */
    bool may_be_kept;         /* http_cache_allow; false: Cache-Control says no-store */
    struct buffer headers;    /* further ones: "Name: value\n"...; http_response_add_header */
    struct buffer body;       /* handed to the server without a copy */
    struct http_lent lent;    /* instead of body */
    enum reason refused; /* set by the server for what it refuses by itself (413, 414, 503 ...) */
};

/*
 * One more header, such as WWW-Authenticate, which may stand several times. Nothing in the value
 * may be a line end. Errors: REASON_INTERNAL, REASON_NO_MEMORY.
 */
MUST_USE bool http_response_add_header(struct http_response *response, const char *name,
                                       const char *value, struct error *err);
/* Status and a short text/plain body from an error; 403 has no body. Headers added stay. */
void http_response_error(struct http_response *response, const struct error *err);
/*
 * Status 200 with a text/plain or other body of constant type; the content of take_body is moved.
 */
void http_response_body(struct http_response *response, const char *content_type,
                        struct buffer *take_body);
/* The same with what is lent, which the response takes over. */
void http_response_lend(struct http_response *response, const char *content_type,
                        const struct http_lent *take_lent);
/* Forget the body: wipe its own, give back what was lent. */
void http_response_drop_body(struct http_response *response);

#endif
