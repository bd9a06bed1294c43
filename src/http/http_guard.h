/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the connections of one HTTP server as an attacker uses them: how long each may take for
 *           what it does, how many there may be, also of one address, and which one goes when
 *           another one needs the room.
 * Not here: what a request says (http_server_request.c), TLS handshakes (tls_front.h).
 * Owns:     the list of connections and a thread that looks after their deadlines; the connections'
 *           places in it belong to the caller.
 * Threads:  any thread; one short lock. Only http_guard_admit_patiently waits for anything else.
 * Spec:     RFC 9112 9.5: a server may close a connection at any time.
 *
 * A timeout that starts anew with each byte bounds nothing: so each phase has its own end, which
 * bytes move only at a minimum rate. What a worker has is never cut.
 */
#ifndef OPENNDES_HTTP_HTTP_GUARD_H
#define OPENNDES_HTTP_HTTP_GUARD_H

#include "base/error.h"
#include "base/ip_prefix.h"
#include "platform/sockets.h"

/* Connections beyond the limit: those that were cut and are not yet gone. */
#define HTTP_GUARD_LEAVING 64u

struct http_guard;

enum http_phase {
    HTTP_PHASE_IDLE,   /* no whole request line: new, silent, or between two requests */
    HTTP_PHASE_HEAD,   /* the request line is here, the headers are not */
    HTTP_PHASE_BODY,   /* the body comes */
    HTTP_PHASE_WORK,   /* a worker has the request */
    HTTP_PHASE_ANSWER, /* the client takes the answer */
    HTTP_PHASES
};

struct http_guard_options {
    unsigned connections; /* in total */
    unsigned per_address; /* of one IPv4 address or one IPv6 /64; 0: off */
    unsigned idle_seconds;
    unsigned head_seconds;  /* 0: LIMIT_HEAD_SECONDS */
    unsigned grace_seconds; /* of a body or an answer before the rate counts; 0: the limit's */
    uint64_t answer_bytes;  /* of all answers on their way; 0: LIMIT_ANSWERS_BYTES */
    /* Its socket was shut down; from any thread, must not call the guard. NULL: nobody cares. */
    void (*cut)(const void *listener);
};

/* A new connection; pointers are the caller's, for http_guard_take_cut. */
struct http_guard_arrival {
    socket_handle socket;
    struct ip_address peer;
    bool tls;
    const void *listener;
    void *connection;
};

/* A connection's place. All fields are the guard's. */
struct http_guarded {
    struct http_guarded *prev; /* in the order in which phases began */
    struct http_guarded *next;
    struct http_guard_arrival arrival; /* peer: as it is counted */
    bool cut;   /* its socket is shut down; it ends as soon as libmicrohttpd looks */
    bool taken; /* http_guard_take_cut has told */
    enum http_phase phase;
    int64_t since_us;
    uint64_t bytes; /* of the body, so far; of the answer, in total */
};

/* Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct http_guard *http_guard_create(const struct http_guard_options *options, struct error *err);
void http_guard_free(struct http_guard *guard); /* no connection is left; NULL is allowed */

/*
 * May a new connection come from there? When all places are taken, the one goes that has held its
 * place for nothing for longest, whether silent or slow; of the same address where that one's limit
 * is met. False: all of them are being worked on or get on as they should. True: the place is kept
 * for this socket until http_guard_open or http_guard_withdraw.
 */
MUST_USE bool http_guard_admit(struct http_guard *guard, socket_handle socket,
                               const struct ip_address *peer);
/*
 * The same, but where a place is about to come free, because somebody was cut and has not left, or
 * nobody can say yet what those do who have only just come: waits for that. From one thread.
 */
MUST_USE bool http_guard_admit_patiently(struct http_guard *guard, socket_handle socket,
                                         const struct ip_address *peer);
/* Nobody waits any more: the server stops. */
void http_guard_end_patience(struct http_guard *guard);
/* The socket that was admitted is closed, and was not opened. */
void http_guard_withdraw(struct http_guard *guard, socket_handle socket);
/* Admitted, and neither opened nor withdrawn yet. */
unsigned http_guard_coming(struct http_guard *guard);
/*
 * The HTTPS front is full: let go of an HTTPS connection in the same way, of this address (as it is
 * counted) unless NULL.
 */
bool http_guard_make_room_tls(struct http_guard *guard, const struct ip_address *address);

void http_guard_open(struct http_guard *guard, struct http_guarded *c,
                     const struct http_guard_arrival *arrival);
/* Before the socket is closed. */
void http_guard_close(struct http_guard *guard, struct http_guarded *c);
/* The next phase begins; `bytes` of an answer. */
void http_guard_phase(struct http_guard *guard, struct http_guarded *c, enum http_phase phase,
                      uint64_t bytes);
/* Bytes of a body have come. */
void http_guard_moved(struct http_guard *guard, struct http_guarded *c, uint64_t bytes);

/* Cut all whose time was over at now_us (clock_monotonic_us); for the thread, and for tests. */
void http_guard_look(struct http_guard *guard, int64_t now_us);
/*
 * A connection of this listener that was cut and that nobody has been told of yet; NULL: none. For
 * Windows, where shutting a socket down does not wake whoever waits for it.
 */
void *http_guard_take_cut(struct http_guard *guard, const void *listener);
/* Connections cut so far, for whatever reason. */
uint64_t http_guard_cut_total(struct http_guard *guard);

#endif
