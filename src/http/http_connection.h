/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a handler keeps with a connection from one request to the next: a half-finished
 *           sign-in, which belongs to the connection and to nothing else.
 * Not here: the connection's socket (http_server.h).
 * Owns:     the kept value.
 * Threads:  any thread; references are counted.
 * Spec:     RFC 4559 6: NTLM authenticates a connection.
 */
#ifndef OPENNDES_HTTP_HTTP_CONNECTION_H
#define OPENNDES_HTTP_HTTP_CONNECTION_H

struct http_connection;

/* One reference; NULL when out of memory. */
struct http_connection *http_connection_create(void);
struct http_connection *http_connection_ref(struct http_connection *c);
void http_connection_unref(struct http_connection *c); /* NULL is allowed */
/* The connection has ended: what is kept goes, and nothing is kept any more. */
void http_connection_end(struct http_connection *c);

/* Take out what is kept, with its ownership; NULL: nothing. */
void *http_connection_take(struct http_connection *c);
/*
 * Keep a value until it is taken; free_value ends it with the connection (at once when that has
 * ended). What was kept before goes.
 */
void http_connection_keep(struct http_connection *c, void *take_value,
                          void (*free_value)(void *value));

#endif
