/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of the HTTPS front share: the front and its clients.
 * Not here: the interface (tls_front.h).
 * Owns:     see the structs.
 * Threads:  fields are marked with who may touch them.
 * Spec:     none.
 */
#ifndef OPENNDES_HTTP_TLS_FRONT_INTERNAL_H
#define OPENNDES_HTTP_TLS_FRONT_INTERNAL_H

#include "base/limits.h"
#include "http/tls_connection.h"
#include "http/tls_front.h"
#include "http/worker_pool.h"
#include "platform/threads.h"

#define US_PER_SECOND INT64_C(1000000)
#define TLS_CLIENT_NOT_POLLED ((size_t)-1)

enum tls_client_stage { TLS_CLIENT_HANDSHAKE, TLS_CLIENT_RELAY, TLS_CLIENT_LINGER };

struct tls_client {
    struct tls_front *front;
    struct tls_connection *connection;
    void *listener;
    struct tls_arrival arrival;
    enum tls_client_stage stage;
    int64_t deadline_us; /* of the handshake or of lingering */
    size_t poll_client;  /* place in the poll table; TLS_CLIENT_NOT_POLLED */
    size_t poll_inner;
    /* written by the job, read by the front's thread after the job is done */
    enum tls_progress progress;
    const char *why;
    bool in_job; /* the front's thread only */
    struct tls_client *next_done;
    /* under the front's lock */
    socket_handle handed; /* the plain side that nobody has asked about yet; NONE */
    struct tls_client *next_handed;
};

struct tls_listener {
    socket_handle socket;
    struct tls_context *tls;
    void *listener;
};

struct tls_front {
    struct tls_front_options options; /* constant */
    struct worker_pool *pool;
    pthread_t thread;
    socket_handle wake_read; /* the front's thread waits for it */
    socket_handle wake_write;

    pthread_mutex_t lock; /* guards what follows up to `poll` */
    pthread_cond_t changed;
    bool locks_ready;
    bool woken;                /* a byte is on its way */
    struct tls_client *done;   /* jobs that have ended; list through next_done */
    struct tls_client *handed; /* no two with one number; list through next_handed */
    struct tls_listener listeners[LIMIT_LISTENERS];
    size_t listener_count;
    bool quiesce;   /* asked for */
    bool quiesced;  /* done */
    int64_t end_us; /* when to close what is left; NO_DEADLINE: not asked for */

    /* the front's thread only */
    struct socket_poll *poll;
    struct tls_client **clients;
    size_t client_count;
    int64_t accept_after_us;
    size_t poll_listeners; /* place of the first listener in the poll table */
    size_t polled_listeners;
};

/* Let the front's thread look at what has changed. With the lock held. */
void tls_front_wake(struct tls_front *front);
/* Nobody may ask about the client's plain side any more. With the lock held. */
void tls_front_forget_handed(struct tls_front *front, struct tls_client *client);

/* All of these on the front's thread. */

/* Accept some of those who wait. */
void tls_front_accept(struct tls_front *front, const struct tls_listener *listener);
/* What the client's job has brought; false: drop it. */
MUST_USE bool tls_front_client_job_done(struct tls_front *front, struct tls_client *client,
                                        bool quiesce);
/* After waiting: go on with the client; false: drop it. */
MUST_USE bool tls_front_client_step(struct tls_front *front, struct tls_client *client,
                                    int64_t now_us);
/* Close it; the last one takes its place. */
void tls_front_client_drop(struct tls_front *front, size_t index);

#endif
