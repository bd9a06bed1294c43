/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the thread that drives one listener's libmicrohttpd, and how others wake it.
 * Not here: what libmicrohttpd calls (http_server.c), who may come (http_guard.h).
 * Owns:     on Windows that thread; elsewhere it is libmicrohttpd's own.
 * Threads:  wake from any thread, as long as the loop lives; watch and unwatch on the loop's
 *           thread; begin and end on the owner's.
 * Spec:     none.
 *
 * libmicrohttpd's own thread asks all sockets each time that one of them has something to say, and
 * three times for each answer. On Linux that is cheap. On Windows it costs in proportion to the
 * connections, of which an attacker may have many, and under Wine more than the cryptography of an
 * enrollment. There the system tells of sockets as something happens to them, and a socket counts
 * as writable until a send says otherwise.
 */
#ifndef OPENNDES_HTTP_HTTP_SERVER_LOOP_H
#define OPENNDES_HTTP_HTTP_SERVER_LOOP_H

#include "base/error.h"
#include "platform/sockets.h"

struct MHD_Daemon;
struct MHD_OptionItem;
struct http_loop;

struct http_loop_options {
    struct MHD_Daemon *daemon; /* started with http_loop_flags */
    unsigned sockets;          /* at most so many connections */
    void *context;
    /* On the loop's thread, before libmicrohttpd goes on. NULL: nothing. */
    void (*round)(void *context);
};

/* A connection's place. All fields are the loop's. */
struct http_watched {
    struct http_watched *next;    /* in the same row of the table */
    struct http_watched *sibling; /* in the same group */
    socket_handle socket;
    unsigned group;
    unsigned writes; /* rounds in which it could write, one after the other */
    bool readable;   /* there was something, and libmicrohttpd has not read since */
    bool untold;     /* the system may have told what was not asked for yet */
    bool ended;      /* readable for ever */
    bool full;       /* it waits until the socket can be written to */
};

/* How a daemon has to be started: flags, and a list of so many options. */
#define HTTP_LOOP_DAEMON_OPTIONS 2u
unsigned http_loop_flags(void);
void http_loop_daemon_options(unsigned sockets, struct MHD_OptionItem *out);

/* Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct http_loop *http_loop_begin(const struct http_loop_options *options, struct error *err);
/* Before the daemon is stopped, which ends the connections; NULL is allowed. */
void http_loop_end(struct http_loop *loop);
void http_loop_free(struct http_loop *loop); /* after that; NULL is allowed */

/* Look at what another thread has told libmicrohttpd. NULL: it is not there yet. */
void http_loop_wake(struct http_loop *loop);
/* A connection begins and ends. False: it cannot be served. */
MUST_USE bool http_loop_watch(struct http_loop *loop, struct http_watched *w, socket_handle socket);
void http_loop_unwatch(struct http_loop *loop, struct http_watched *w);
/* On the loop's thread: libmicrohttpd suspends the connection. */
void http_loop_suspended(struct http_loop *loop, const struct http_watched *w);
/* On the loop's thread: an answer is written. */
void http_loop_written(struct http_watched *w);
/* On the loop's thread: the socket was shut down on this side, which Windows does not tell. */
void http_loop_shut(struct http_watched *w);

#endif
