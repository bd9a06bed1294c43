/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  HTTPS calls to other servers: bounded in size and time, verified, through a proxy,
 *           ended when the service stops.
 * Not here: what is said (intune/), the system's proxy settings (platform/proxy.h).
 * Owns:     kept connections.
 * Threads:  any number of threads may call at the same time.
 * Spec:     RFC 9110, RFC 8446; RFC 9110 9.3.6 (CONNECT), RFC 7617 (Basic, to the proxy).
 */
#ifndef OPENNDES_HTTP_HTTP_CLIENT_H
#define OPENNDES_HTTP_HTTP_CLIENT_H

#include "base/secret.h"

struct http_client;

struct http_client_options {
    const char *user_agent;
    const char *proxy;           /* "system", "none", "http://HOST:PORT" */
    const char *proxy_user;      /* "" none */
    struct bytes proxy_password; /* copied, wiped */
    const char *no_proxy;        /* comma list of hosts and ".suffixes" */
    const char *ca_file;         /* PEM, trusted besides the system's CAs; "" none */
    int64_t connect_seconds;
    int64_t total_seconds;
    size_t max_answer; /* bytes of one body; 0: LIMIT_HTTP_CLIENT_BODY */
};

/* Texts are copied. Errors: REASON_HTTP_CLIENT, REASON_NO_MEMORY, file errors (ca_file). */
struct http_client *http_client_create(const struct http_client_options *options,
                                       struct error *err);
/* No call may be running. NULL is allowed. */
void http_client_free(struct http_client *client);
/* Running calls end at once with REASON_STOPPING, later ones as well. Any thread. */
void http_client_stop(struct http_client *client);

#define HTTP_CALL_HEADERS 12

/* One call, all borrowed. */
struct http_call {
    const char *url;    /* https only */
    const char *method; /* "GET" or "POST" */
    /* "Name: value" without line ends, NULL at the end; values may be secret */
    const char *headers[HTTP_CALL_HEADERS];
    struct bytes body;
};

enum http_call_failure {
    HTTP_CALL_NONE,      /* an answer came */
    HTTP_CALL_NAME,      /* host name not resolved */
    HTTP_CALL_PROXY,     /* proxy not found, or it refuses */
    HTTP_CALL_CONNECT,   /* no connection */
    HTTP_CALL_TLS,       /* certificate or handshake */
    HTTP_CALL_TIMEOUT,   /* connect_seconds or total_seconds over */
    HTTP_CALL_TOO_LARGE, /* answer over max_answer */
    HTTP_CALL_STOPPED,
    HTTP_CALL_OTHER
};

struct http_answer {
    int status; /* 200 .. 599; 0 when none came. Redirects are not followed: 3xx is an answer */
    struct buffer body;  /* cap max_answer; may hold secrets (tokens): wiped on clear */
    int64_t retry_after; /* seconds of Retry-After (number or date); -1 none */
    int64_t date;        /* of the Date header, seconds since 1970; 0 none */
    char content_type[128];
    enum http_call_failure failure;
    char proxy[256]; /* the proxy used, "" none; for tests of the set-up */
    int64_t duration_us;
};

#define HTTP_ANSWER_INIT                                                                           \
    {                                                                                              \
        .body = BUFFER_INIT(0), .retry_after = -1                                                  \
    }
void http_answer_clear(struct http_answer *answer); /* wipes; NULL is allowed */

/*
 * Call. true: an answer with a status came, whatever it is. Errors: REASON_HTTP_CLIENT with a
 * sentence on what to do (name, proxy, connection, certificate, time); REASON_STOPPING;
 * REASON_LIMIT; REASON_USAGE (not https). The detail holds host and cause, never headers or body.
 */
MUST_USE bool http_client_call(struct http_client *client, const struct http_call *call,
                               struct http_answer *answer, struct error *err);

#endif
