/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_front.h"

#include <stdlib.h>
#include <string.h>

#include "http/http_guard.h"
#include "http/tls_front_internal.h"
#include "platform/clock.h"

/*
 * One thread waits for all sockets and moves all bytes: some thousand connections are nothing for
 * poll, and moving costs little. A handshake costs a private-key operation, milliseconds with a
 * large RSA key; so each of its steps is a job for a few threads, and a flood of handshakes slows
 * down handshakes only. A connection belongs to the front's thread, but while its job runs it
 * belongs to the job.
 */

#define HANDSHAKE_THREADS_MAX 4u
#define US_PER_MS 1000
#define NO_DEADLINE INT64_MAX

/* ---- waking the thread ----------------------------------------------------------------------- */

void tls_front_wake(struct tls_front *front)
{
    static const uint8_t byte = 0;
    size_t sent = 0;

    if (front->woken) return;
    front->woken = socket_send(front->wake_write, bytes_of(&byte, 1), &sent) == SOCKET_IO_DONE;
}

static void forget_wake(struct tls_front *front)
{
    uint8_t bytes[16];
    size_t got = 0;

    (void)pthread_mutex_lock(&front->lock);
    while (socket_receive(front->wake_read, bytes, sizeof(bytes), &got) == SOCKET_IO_DONE) {
    }
    front->woken = false;
    (void)pthread_mutex_unlock(&front->lock);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What others have told since the last round. */
struct round {
    struct tls_listener listeners[LIMIT_LISTENERS];
    size_t listener_count;
    struct tls_client *done;
    bool quiesce;
    int64_t end_us;
};

static void begin_round(struct tls_front *front, struct round *round)
{
    (void)pthread_mutex_lock(&front->lock);
    memcpy(round->listeners, front->listeners, sizeof(round->listeners));
    round->listener_count = front->quiesce ? 0 : front->listener_count;
    round->done = front->done;
    front->done = NULL;
    round->quiesce = front->quiesce;
    round->end_us = front->end_us;
    (void)pthread_mutex_unlock(&front->lock);
}

static size_t index_of(const struct tls_front *front, const struct tls_client *client)
{
    size_t i = 0;

    while (front->clients[i] != client) {
        i++;
    }
    return i;
}

static void take_jobs_back(struct tls_front *front, const struct round *round)
{
    struct tls_client *client = round->done;

    while (client != NULL) {
        struct tls_client *next = client->next_done;

        if (!tls_front_client_job_done(front, client, round->quiesce)) {
            tls_front_client_drop(front, index_of(front, client));
        }
        client = next;
    }
}

/* Handshakes end, but for those whose job still runs: the next round follows its end. */
static void quiesce(struct tls_front *front)
{
    bool waiting = false;
    size_t i = 0;

    while (i < front->client_count) {
        const struct tls_client *client = front->clients[i];

        waiting = waiting || client->in_job;
        if (client->stage == TLS_CLIENT_HANDSHAKE && !client->in_job) {
            tls_front_client_drop(front, i);
        } else {
            i++;
        }
    }
    if (waiting) return;
    (void)pthread_mutex_lock(&front->lock);
    for (i = 0; !front->quiesced && i < front->listener_count; i++) {
        socket_close(front->listeners[i].socket);
    }
    front->quiesced = true;
    (void)pthread_cond_broadcast(&front->changed);
    (void)pthread_mutex_unlock(&front->lock);
}

/* Next moment at which something is to be done although no socket has an event. */
static int64_t client_deadline(const struct tls_front *front, const struct tls_client *client,
                               int64_t now_us)
{
    int64_t stalled_us = 0;

    if (client->stage != TLS_CLIENT_RELAY) return client->deadline_us;
    stalled_us = tls_connection_stalled_us(client->connection);
    if (stalled_us == 0 || front->options.idle_seconds == 0) return NO_DEADLINE;
    return now_us - stalled_us + (int64_t)front->options.idle_seconds * US_PER_SECOND;
}

static size_t poll_add(struct tls_front *front, socket_handle socket, unsigned events,
                       size_t *polled)
{
    if (events == 0 || socket == SOCKET_HANDLE_NONE) return TLS_CLIENT_NOT_POLLED;
    socket_poll_add(front->poll, socket, events);
    return (*polled)++;
}

/* Fill the poll table; returns how long to wait at most. */
static int64_t prepare(struct tls_front *front, const struct round *round)
{
    int64_t now_us = clock_monotonic_us();
    int64_t until_us = round->end_us;
    size_t polled = 0;

    socket_poll_reset(front->poll);
    (void)poll_add(front, front->wake_read, SOCKET_POLL_READ, &polled);
    for (size_t i = 0; i < front->client_count; i++) {
        struct tls_client *client = front->clients[i];
        struct tls_wants wants;

        client->poll_client = TLS_CLIENT_NOT_POLLED;
        client->poll_inner = TLS_CLIENT_NOT_POLLED;
        if (client->in_job) continue; /* a wake tells its end */
        tls_connection_wants(client->connection, &wants);
        client->poll_client = poll_add(front, wants.client_socket, wants.client, &polled);
        client->poll_inner = poll_add(front, wants.inner_socket, wants.inner, &polled);
        if (wants.at_once) {
            until_us = now_us;
        } else if (client_deadline(front, client, now_us) < until_us) {
            until_us = client_deadline(front, client, now_us);
        }
    }
    front->poll_listeners = polled;
    front->polled_listeners = now_us < front->accept_after_us ? 0 : round->listener_count;
    for (size_t i = 0; i < front->polled_listeners; i++) {
        (void)poll_add(front, round->listeners[i].socket, SOCKET_POLL_READ, &polled);
    }
    if (now_us < front->accept_after_us && front->accept_after_us < until_us) {
        until_us = front->accept_after_us;
    }
    if (until_us == NO_DEADLINE) return -1;
    return until_us <= now_us ? 0 : (until_us - now_us + US_PER_MS - 1) / US_PER_MS;
}

/* Clients that leave make room for those that come: they go first. */
static void work(struct tls_front *front, const struct round *round)
{
    int64_t now_us = clock_monotonic_us();
    size_t i = 0;

    if (socket_poll_events(front->poll, 0) != 0) {
        forget_wake(front);
    }
    while (i < front->client_count) {
        if (tls_front_client_step(front, front->clients[i], now_us)) {
            i++;
        } else {
            tls_front_client_drop(front, i); /* another one takes its place */
        }
    }
    for (i = 0; i < front->polled_listeners; i++) {
        if (socket_poll_events(front->poll, front->poll_listeners + i) != 0) {
            tls_front_accept(front, &round->listeners[i]);
        }
    }
}

static void *run(void *context)
{
    struct tls_front *front = context;
    struct round round;

    for (;;) {
        begin_round(front, &round);
        take_jobs_back(front, &round);
        if (round.quiesce) {
            quiesce(front);
        }
        if (round.end_us != NO_DEADLINE
            && (front->client_count == 0 || clock_monotonic_us() >= round.end_us)) {
            break;
        }
        socket_poll_wait(front->poll, prepare(front, &round));
        work(front, &round);
    }
    while (front->client_count > 0) {
        tls_front_client_drop(front, front->client_count - 1);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool make_parts(struct tls_front *front, struct error *err)
{
    socket_handle ends[2] = { SOCKET_HANDLE_NONE, SOCKET_HANDLE_NONE };
    unsigned threads = thread_processor_count();
    size_t most = (size_t)front->options.connections + HTTP_GUARD_LEAVING;

    front->clients = calloc(most, sizeof(struct tls_client *));
    front->poll = socket_poll_create(1 + 2 * most + LIMIT_LISTENERS);
    if (front->clients == NULL || front->poll == NULL
        || pthread_mutex_init(&front->lock, NULL) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for HTTPS");
    }
    if (!thread_cond_init(&front->changed, err)) {
        (void)pthread_mutex_destroy(&front->lock);
        return false;
    }
    front->locks_ready = true;
    if (!socket_pair(ends, err)) return false;
    front->wake_read = ends[0];
    front->wake_write = ends[1];
    threads = threads < HANDSHAKE_THREADS_MAX ? threads : HANDSHAKE_THREADS_MAX;
    front->pool = worker_pool_create(threads, (unsigned)most, err);
    return front->pool != NULL;
}

static void free_parts(struct tls_front *front)
{
    worker_pool_free(front->pool);
    socket_close(front->wake_read);
    socket_close(front->wake_write);
    if (front->locks_ready) {
        (void)pthread_cond_destroy(&front->changed);
        (void)pthread_mutex_destroy(&front->lock);
    }
    socket_poll_free(front->poll);
    free(front->clients);
    free(front);
}

struct tls_front *tls_front_create(const struct tls_front_options *options, struct error *err)
{
    struct tls_front *front = calloc(1, sizeof(*front));

    if (front == NULL || options->connections == 0) {
        free(front);
        (void)error_set(err, REASON_NO_MEMORY, "no memory or no connections for HTTPS");
        return NULL;
    }
    front->options = *options;
    if (front->options.grace_seconds == 0) {
        front->options.grace_seconds = LIMIT_GRACE_SECONDS;
    }
    front->wake_read = SOCKET_HANDLE_NONE;
    front->wake_write = SOCKET_HANDLE_NONE;
    front->end_us = NO_DEADLINE;
    if (!make_parts(front, err) || !thread_start(&front->thread, "https", run, front, err)) {
        free_parts(front);
        return NULL;
    }
    return front;
}

bool tls_front_listen(struct tls_front *front, socket_handle take_socket, struct tls_context *tls,
                      void *listener, struct error *err)
{
    bool done = false;

    (void)pthread_mutex_lock(&front->lock);
    if (!front->quiesce && front->listener_count < LIMIT_LISTENERS
        && socket_set_nonblocking(take_socket)) {
        front->listeners[front->listener_count].socket = take_socket;
        front->listeners[front->listener_count].tls = tls;
        front->listeners[front->listener_count].listener = listener;
        front->listener_count++;
        tls_front_wake(front);
        done = true;
    }
    (void)pthread_mutex_unlock(&front->lock);
    if (done) return true;
    socket_close(take_socket);
    return error_set(err, REASON_LISTEN_FAILED, "no more HTTPS listeners are possible");
}

bool tls_front_arrival(struct tls_front *front, socket_handle socket, struct tls_arrival *out)
{
    struct tls_client *client = NULL;

    (void)pthread_mutex_lock(&front->lock);
    client = front->handed;
    while (client != NULL && client->handed != socket) {
        client = client->next_handed;
    }
    if (client != NULL) {
        *out = client->arrival;
        tls_front_forget_handed(front, client);
    }
    (void)pthread_mutex_unlock(&front->lock);
    return client != NULL;
}

void tls_front_quiesce(struct tls_front *front)
{
    (void)pthread_mutex_lock(&front->lock);
    front->quiesce = true;
    tls_front_wake(front);
    while (!front->quiesced) {
        (void)pthread_cond_wait(&front->changed, &front->lock);
    }
    (void)pthread_mutex_unlock(&front->lock);
}

void tls_front_free(struct tls_front *front, int64_t flush_ms)
{
    if (front == NULL) return;
    tls_front_quiesce(front); /* no job runs from here on */
    (void)pthread_mutex_lock(&front->lock);
    front->end_us = clock_monotonic_us() + flush_ms * US_PER_MS;
    tls_front_wake(front);
    (void)pthread_mutex_unlock(&front->lock);
    thread_join(front->thread);
    free_parts(front);
}
