/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a proxy for tests that knows CONNECT and nothing else, and leads every name to
 *           127.0.0.1.
 * Not here: the client.
 * Owns:     its server and what it has seen.
 * Threads:  the test's thread.
 * Spec:     RFC 9110 9.3.6, RFC 7617.
 */
#ifndef OPENNDES_TESTS_HTTP_CONNECT_PROXY_H
#define OPENNDES_TESTS_HTTP_CONNECT_PROXY_H

#include "base/buffer.h"
#include "http/peer_server.h"

#define PROXY_URL_MAX 64

struct connect_proxy;

struct connect_proxy_options {
    const char *basic; /* base64 of user:password that is asked for; NULL: everybody may */
    int refuse;        /* status instead of a tunnel; 0: none */
    bool hang_up;      /* close without an answer */
};

struct connect_proxy *connect_proxy_start(const struct connect_proxy_options *options);
void connect_proxy_stop(struct connect_proxy *proxy);
/* "http://127.0.0.1:PORT" */
const char *connect_proxy_url(const struct connect_proxy *proxy);
/* The heads of all requests so far, one behind the other. */
void connect_proxy_seen(struct connect_proxy *proxy, struct buffer *out);
/* Tunnels that came about. */
unsigned connect_proxy_tunnels(struct connect_proxy *proxy);

#endif
