/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of HTTPS share: identities made once, clients that must succeed.
 * Not here: the server and its application (http_world.h), TLS (tls_client.h).
 * Owns:     the identities of a group of tests.
 * Threads:  the test's thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_HTTP_HTTPS_WORLD_H
#define OPENNDES_TESTS_HTTP_HTTPS_WORLD_H

#include "http/http_world.h"
#include "http/tls_client.h"

/* Keys cost time: made once per program, and handed to each test as its state. */
struct https_identities {
    struct tls_identity *ec;  /* "ec.test", signed with SHA-256 */
    struct tls_identity *rsa; /* "rsa.test", 2048 bits, signed with SHA-384 */
};

int https_identities_create(void **state);
int https_identities_free(void **state);

/* A context that shows this identity (NULL: none yet). */
struct tls_context *https_context(const struct tls_identity *identity,
                                  enum tls_version min_version);
/* The world and the context of its options. */
void https_world_destroy(struct world *world, const struct world_options *options);
/* With a handshake, and without one. */
struct raw_client *https_connect(struct world *world);
struct raw_client *https_connect_raw(struct world *world);
/* Until the server has noticed that another client has left. */
struct raw_client *https_connect_when_room(struct world *world);
/* The next answer; body NULL: not looked at. */
void https_expect(struct raw_client *client, int status, const char *body);
/* Ask and expect 200. */
void https_ask(struct raw_client *client, const char *request, const char *body);

#endif
