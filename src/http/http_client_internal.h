/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of the HTTPS client share: the client, one kept pair of libcurl's
 *           handles, one call on its way.
 * Not here: the interface (http_client.h).
 * Owns:     see the structs.
 * Threads:  a transfer and its slot belong to the thread of the call; stop only wakes the slot.
 * Spec:     none. libcurl's handles are void: its header is included where it is used.
 */
#ifndef OPENNDES_HTTP_HTTP_CLIENT_INTERNAL_H
#define OPENNDES_HTTP_HTTP_CLIENT_INTERNAL_H

#include "http/http_client.h"
#include "http/tls_trust.h"
#include "platform/proxy.h"
#include "platform/threads.h"

#define HTTP_CLIENT_HOST_MAX 256
#define HTTP_CLIENT_HEAD_MAX 65536u /* status line and headers of an answer */
#define HTTP_CLIENT_ERROR_MAX 256   /* CURL_ERROR_SIZE, checked where libcurl is included */

/* An easy handle in a multi handle of its own, which keeps its connections and can be woken. */
struct http_slot {
    void *multi;
    void *easy;
    struct http_slot *next; /* in one of the client's lists */
};

struct http_client {
    char *user_agent; /* constant from here */
    char *proxy;      /* "system", "" none, "http://HOST:PORT" */
    char *proxy_user;
    struct secret proxy_password;
    char *no_proxy;
    struct tls_trust *trust;
    int64_t connect_seconds;
    int64_t total_seconds;
    size_t max_answer;
    _Atomic int64_t failed_us; /* when a connection did not come about last; monotonic */
    bool global;               /* libcurl was started */
    pthread_mutex_t lock;      /* guards what follows */
    bool locked;               /* there is a lock */
    bool stopping;
    struct http_slot *running;
    struct http_slot *idle;
    unsigned idle_count;
};

/* One call on its way. */
struct http_transfer {
    struct http_client *client;
    struct http_slot *slot;
    const struct http_call *call;
    struct http_answer *answer;
    char host[HTTP_CLIENT_HOST_MAX];  /* as in the certificate */
    char place[HTTP_CLIENT_HOST_MAX]; /* with the port when it is not 443; for people */
    size_t head_bytes;                /* over the maximum: that is what was too large */
    bool too_large;
    bool no_memory;
    bool stopped;
    int result;                       /* CURLcode */
    char said[HTTP_CLIENT_ERROR_MAX]; /* libcurl's own words */
};

bool http_client_is_stopping(struct http_client *client);
/* How old an address may be that is used without asking the name server. */
long http_client_address_seconds(const struct http_client *client);
/*
 * Do the call of a transfer whose client, slot, call, answer (body empty), host and proxy are set.
 * True: it ran, the result says how. Errors: REASON_NO_MEMORY, REASON_INTERNAL, REASON_USAGE (a
 * header or method that cannot be sent).
 */
MUST_USE bool http_transfer_run(struct http_transfer *transfer, struct error *err);
/* Judge what ran: fill the answer, or say what went wrong, also in answer->failure. */
MUST_USE bool http_transfer_judge(struct http_transfer *transfer, struct error *err);

#endif
