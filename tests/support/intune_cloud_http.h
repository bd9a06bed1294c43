/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the HTTP/1.1 of the stand-in for Microsoft's cloud, behind our own HTTPS front: whole
 *           requests with every header, and answers that may be broken on purpose.
 * Not here: what is answered (intune_cloud.c). http/http_server.h is not used: it shows a handler
 *           four headers and cannot misbehave.
 * Owns:     its connections and their threads.
 * Threads:  handle and sent run on a connection's thread and may block.
 * Spec:     RFC 9112, as far as a client of this cloud needs it.
 */
#ifndef OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_HTTP_H
#define OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_HTTP_H

#include "base/buffer.h"

struct cloud_http;
struct tls_context;

struct cloud_request {
    char method[16];
    struct buffer target;
    struct buffer headers; /* lines "name: value\n" in order */
    struct buffer body;
    const char *odd; /* what is wrong with it as HTTP; NULL: nothing */
};

enum cloud_ending {
    CLOUD_ANSWER,
    CLOUD_CUT,          /* half of the body, then the end */
    CLOUD_DRIP,         /* whole, byte by byte */
    CLOUD_ENDLESS_HEAD, /* header lines until the caller has enough */
    CLOUD_ENDLESS_BODY, /* the body's bytes likewise */
    CLOUD_CLOSE         /* no answer at all */
};

struct cloud_response {
    int status;
    const char *content_type; /* constant text */
    struct buffer headers;    /* lines "name: value\r\n" */
    struct buffer body;
    int64_t date_offset; /* seconds that the Date header is off */
    enum cloud_ending ending;
    unsigned drip_ms; /* CLOUD_DRIP: between two bytes */
    unsigned number;  /* the handler's own, for sent() */
};

struct cloud_http_options {
    struct tls_context *tls; /* borrowed */
    void *context;
    void (*handle)(void *context, const struct cloud_request *request,
                   struct cloud_response *response);
    /* The answer is on its way, or there will be none. */
    void (*sent)(void *context, const struct cloud_response *response);
};

/* Listens on 127.0.0.1. Errors: those of sockets and threads. */
struct cloud_http *cloud_http_create(const struct cloud_http_options *options, uint16_t *port,
                                     struct error *err);
/* Closes all connections and waits for their threads. NULL is allowed. */
void cloud_http_free(struct cloud_http *http);

/* Number of headers of this name; the first one's value is appended to value (NULL: not). */
unsigned cloud_header(struct bytes headers, const char *name, struct buffer *value);
/* One line of a response; line ends are left out. */
MUST_USE bool cloud_add_header(struct cloud_response *response, const char *name, const char *value,
                               struct error *err);

#endif
