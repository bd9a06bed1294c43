/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an HTTPS server for tests that answers each path with the bytes a test has written, and
 *           misbehaves on demand; certificates of a CA made for the test.
 * Not here: the client; a server that behaves (http_world.h).
 * Owns:     its server, keys, certificates, and what it has seen.
 * Threads:  the test's thread.
 * Spec:     RFC 9112, RFC 5280.
 */
#ifndef OPENNDES_TESTS_HTTP_TLS_PEER_H
#define OPENNDES_TESTS_HTTP_TLS_PEER_H

#include "base/buffer.h"
#include "http/peer_server.h"
#include "http/tls_context.h"

/* ---- certificates ---------------------------------------------------------------------------- */

struct test_pki;

/* A root CA with this name. */
struct test_pki *test_pki_create(const char *name);
void test_pki_free(struct test_pki *pki);
/* PEM and DER of the root, appended. */
void test_pki_pem(const struct test_pki *pki, struct buffer *out);
void test_pki_der(const struct test_pki *pki, struct buffer *out);
/* A server certificate: subject alternative names as in OpenSSL ("DNS:a,IP:127.0.0.1"), valid
 * between these days from now. */
struct tls_identity *test_pki_server(const struct test_pki *pki, const char *names, long from_days,
                                     long to_days);
void test_pki_server_free(struct tls_identity *identity);

/* ---- the server ------------------------------------------------------------------------------ */

/* What is said to a path: the bytes as they are. The connection stays open. */
struct tls_peer_answer {
    const char *path; /* with query */
    const char *bytes;
};

/* Besides the answers:
 *   /silent        nothing is said
 *   /slow-body     the head, half of the body, and then nothing
 *   /endless       a body without end, chunked
 *   /endless-head  headers without end
 *   /hang-up       the connection is closed
 * Any other path: 404. */
struct tls_peer;

struct tls_peer_options {
    const struct tls_identity *identity;
    int max_version; /* TLS1_1_VERSION ...; 0: any */
    const struct tls_peer_answer *answers;
    size_t answer_count;
};

/* Borrows the options until it is stopped. */
struct tls_peer *tls_peer_start(const struct tls_peer_options *options);
void tls_peer_stop(struct tls_peer *peer);
uint16_t tls_peer_port(const struct tls_peer *peer);
/* Heads and bodies of all requests so far. */
void tls_peer_seen(struct tls_peer *peer, struct buffer *out);
unsigned tls_peer_requests(struct tls_peer *peer);
unsigned tls_peer_connections(struct tls_peer *peer);
/* Until so many requests have been read; the test fails after 20 seconds. */
void tls_peer_wait_requests(struct tls_peer *peer, unsigned count);

#endif
