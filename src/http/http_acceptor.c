/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_acceptor.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define ACCEPTS_PER_ROUND 64u /* of one listener, before the others have their turn */
#define ROUNDS_AT_LAST 16u    /* for what the system's queue holds when we stop */
#define PAUSE_MS 100          /* when descriptors have run out */
#define US_PER_MS 1000

struct listening {
    socket_handle socket;
    void *listener;
};

struct http_acceptor {
    struct http_acceptor_options options; /* constant */
    struct socket_poll *poll;             /* the thread's */
    pthread_t thread;
    bool started;
    socket_handle wake_read; /* the thread waits for it */
    socket_handle wake_write;

    pthread_mutex_t lock; /* guards what follows */
    bool lock_ready;
    struct listening listening[LIMIT_LISTENERS];
    size_t count;
    bool quiesce;
};

/* What others have told since the last round. */
struct accept_round {
    struct listening listening[LIMIT_LISTENERS];
    size_t count;
    bool quiesce;
};

/* With the lock held; a wake that does not fit into the socket is not the first one. */
static void wake(struct http_acceptor *acceptor)
{
    static const uint8_t byte = 0;
    size_t sent = 0;

    (void)socket_send(acceptor->wake_write, bytes_of(&byte, 1), &sent);
}

static void forget_wakes(struct http_acceptor *acceptor)
{
    uint8_t bytes[16];
    size_t got = 0;

    while (socket_receive(acceptor->wake_read, bytes, sizeof(bytes), &got) == SOCKET_IO_DONE) {
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void begin_round(struct http_acceptor *acceptor, struct accept_round *round)
{
    (void)pthread_mutex_lock(&acceptor->lock);
    memcpy(round->listening, acceptor->listening, sizeof(round->listening));
    round->count = acceptor->count;
    round->quiesce = acceptor->quiesce;
    (void)pthread_mutex_unlock(&acceptor->lock);
}

struct arrival {
    socket_handle socket;
    struct ip_address peer;
    uint16_t port;
};

static void hand_on(struct http_acceptor *acceptor, const struct listening *from,
                    const struct arrival *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        acceptor->options.arrived(acceptor->options.context, from->listener, batch[i].socket,
                                  &batch[i].peer, batch[i].port);
    }
}

/*
 * First all are accepted, then all are handed on: libmicrohttpd's thread wakes at the first, and
 * should find the others too. False: the system has nothing left to accept them with.
 */
static bool accept_some(struct http_acceptor *acceptor, const struct listening *from,
                        unsigned *accepted)
{
    struct arrival batch[ACCEPTS_PER_ROUND];
    enum socket_io got = SOCKET_IO_DONE;
    unsigned count = 0;

    while (count < ACCEPTS_PER_ROUND && got == SOCKET_IO_DONE) {
        struct arrival *next = &batch[count];

        got = socket_accept_bare(from->socket, &next->socket, &next->peer, &next->port);
        count += got == SOCKET_IO_DONE ? 1u : 0u;
    }
    hand_on(acceptor, from, batch, count);
    *accepted = count;
    return got != SOCKET_IO_ENDED;
}

/* Listening sockets are left out while they would be readable for nothing. */
static void wait_for_some(struct http_acceptor *acceptor, const struct accept_round *round,
                          int64_t pause_us)
{
    socket_poll_reset(acceptor->poll);
    socket_poll_add(acceptor->poll, acceptor->wake_read, SOCKET_POLL_READ);
    for (size_t i = 0; pause_us <= 0 && i < round->count; i++) {
        socket_poll_add(acceptor->poll, round->listening[i].socket, SOCKET_POLL_READ);
    }
    socket_poll_wait(acceptor->poll, pause_us <= 0 ? -1 : (pause_us + US_PER_MS - 1) / US_PER_MS);
    if (socket_poll_events(acceptor->poll, 0) != 0) {
        forget_wakes(acceptor);
    }
}

static void *run(void *context)
{
    struct http_acceptor *acceptor = context;
    int64_t not_before_us = 0;
    unsigned accepted = 0;
    struct accept_round round;

    begin_round(acceptor, &round);
    while (!round.quiesce) {
        wait_for_some(acceptor, &round, not_before_us - clock_monotonic_us());
        for (size_t i = 0; i < round.count; i++) {
            /* of one that was left out there is no event */
            if (socket_poll_events(acceptor->poll, 1 + i) != 0
                && !accept_some(acceptor, &round.listening[i], &accepted)) {
                not_before_us = clock_monotonic_us() + (int64_t)PAUSE_MS * US_PER_MS;
            }
        }
        begin_round(acceptor, &round);
    }
    for (size_t i = 0; i < round.count; i++) {
        for (unsigned most = ROUNDS_AT_LAST;
             most > 0 && accept_some(acceptor, &round.listening[i], &accepted) && accepted > 0;
             most--) {
        }
        socket_close(round.listening[i].socket);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool make_parts(struct http_acceptor *acceptor, struct error *err)
{
    socket_handle ends[2] = { SOCKET_HANDLE_NONE, SOCKET_HANDLE_NONE };

    acceptor->poll = socket_poll_create(1 + LIMIT_LISTENERS);
    acceptor->lock_ready = acceptor->poll != NULL && pthread_mutex_init(&acceptor->lock, NULL) == 0;
    if (!acceptor->lock_ready) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for accepting connections");
    }
    if (!socket_pair(ends, err)) return false;
    acceptor->wake_read = ends[0];
    acceptor->wake_write = ends[1];
    acceptor->started = thread_start(&acceptor->thread, "accept", run, acceptor, err);
    return acceptor->started;
}

struct http_acceptor *http_acceptor_create(const struct http_acceptor_options *options,
                                           struct error *err)
{
    struct http_acceptor *acceptor = calloc(1, sizeof(*acceptor));

    if (acceptor == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for accepting connections");
        return NULL;
    }
    acceptor->options = *options;
    acceptor->wake_read = SOCKET_HANDLE_NONE;
    acceptor->wake_write = SOCKET_HANDLE_NONE;
    if (!make_parts(acceptor, err)) {
        http_acceptor_free(acceptor);
        return NULL;
    }
    return acceptor;
}

bool http_acceptor_listen(struct http_acceptor *acceptor, socket_handle take_socket, void *listener,
                          struct error *err)
{
    bool done = false;

    (void)pthread_mutex_lock(&acceptor->lock);
    if (!acceptor->quiesce && acceptor->count < LIMIT_LISTENERS
        && socket_set_nonblocking(take_socket)) {
        acceptor->listening[acceptor->count].socket = take_socket;
        acceptor->listening[acceptor->count].listener = listener;
        acceptor->count++;
        wake(acceptor);
        done = true;
    }
    (void)pthread_mutex_unlock(&acceptor->lock);
    if (done) return true;
    socket_close(take_socket);
    return error_set(err, REASON_LISTEN_FAILED, "no more listeners are possible");
}

void http_acceptor_quiesce(struct http_acceptor *acceptor)
{
    if (acceptor == NULL || !acceptor->started) return;
    (void)pthread_mutex_lock(&acceptor->lock);
    acceptor->quiesce = true;
    wake(acceptor);
    (void)pthread_mutex_unlock(&acceptor->lock);
    thread_join(acceptor->thread);
    acceptor->started = false;
}

void http_acceptor_free(struct http_acceptor *acceptor)
{
    if (acceptor == NULL) return;
    http_acceptor_quiesce(acceptor);
    socket_close(acceptor->wake_read);
    socket_close(acceptor->wake_write);
    if (acceptor->lock_ready) {
        (void)pthread_mutex_destroy(&acceptor->lock);
    }
    socket_poll_free(acceptor->poll);
    free(acceptor);
}
