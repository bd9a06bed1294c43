/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_front_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/address_table.h"
#include "http/http_guard.h"
#include "platform/clock.h"

#define ACCEPTS_PER_ROUND 16u
#define ACCEPT_PAUSE_US INT64_C(100000) /* when descriptors have run out */
#define LINGER_US INT64_C(1000000)

/* ---- life ------------------------------------------------------------------------------------ */

static void report(struct tls_front *front, const struct ip_address *peer, const char *why)
{
    if (front->options.handshake_failed != NULL) {
        front->options.handshake_failed(front->options.context, peer, why);
    }
}

void tls_front_forget_handed(struct tls_front *front, struct tls_client *client)
{
    struct tls_client **link = &front->handed;

    while (*link != NULL && *link != client) {
        link = &(*link)->next_handed;
    }
    if (*link != NULL) {
        *link = client->next_handed;
    }
    client->handed = SOCKET_HANDLE_NONE;
}

/* With the lock held. The number is new: the HTTP server has closed what had it before. */
static void remember_handed(struct tls_front *front, struct tls_client *client,
                            socket_handle socket)
{
    struct tls_client *former = front->handed;

    while (former != NULL && former->handed != socket) {
        former = former->next_handed;
    }
    if (former != NULL) {
        tls_front_forget_handed(front, former);
    }
    client->handed = socket;
    client->next_handed = front->handed;
    front->handed = client;
}

void tls_front_client_drop(struct tls_front *front, size_t index)
{
    struct tls_client *client = front->clients[index];

    (void)pthread_mutex_lock(&front->lock);
    tls_front_forget_handed(front, client);
    (void)pthread_mutex_unlock(&front->lock);
    front->clients[index] = front->clients[--front->client_count];
    tls_connection_free(client->connection);
    free(client);
}

static void linger(struct tls_client *client, int64_t now_us)
{
    client->stage = TLS_CLIENT_LINGER;
    client->deadline_us = now_us + LINGER_US;
    tls_connection_end(client->connection);
}

/* ---- handshake ------------------------------------------------------------------------------- */

static void handshake_job(void *context)
{
    struct tls_client *client = context;
    struct tls_front *front = client->front;

    client->progress = tls_connection_handshake(client->connection, &client->why);
    (void)pthread_mutex_lock(&front->lock);
    client->next_done = front->done;
    front->done = client;
    tls_front_wake(front);
    (void)pthread_mutex_unlock(&front->lock);
}

/* Each client has at most one job and the queue has room for all: it is never full. */
static bool begin_job(struct tls_front *front, struct tls_client *client)
{
    client->in_job = worker_pool_submit(front->pool, handshake_job, client);
    return client->in_job;
}

/*
 * The plain side goes to the HTTP server. What belongs to it can be asked for before connected()
 * is called, because another thread may take the connection up at once.
 */
static bool hand_over(struct tls_front *front, struct tls_client *client)
{
    socket_handle ends[2] = { SOCKET_HANDLE_NONE, SOCKET_HANDLE_NONE };
    struct error err = ERROR_INIT;

    if (!socket_pair(ends, &err)) {
        report(front, &client->arrival.peer, "the system has no sockets left");
        return false;
    }
    tls_connection_attach(client->connection, ends[0]);
    client->stage = TLS_CLIENT_RELAY;
    (void)pthread_mutex_lock(&front->lock);
    remember_handed(front, client, ends[1]);
    (void)pthread_mutex_unlock(&front->lock);
    return front->options.connected(front->options.context, client->listener, ends[1],
                                    &client->arrival);
}

bool tls_front_client_job_done(struct tls_front *front, struct tls_client *client, bool quiesce)
{
    client->in_job = false;
    if (client->progress == TLS_PROGRESS_FAILED) {
        report(front, &client->arrival.peer, client->why);
        linger(client, clock_monotonic_us());
        return true;
    }
    if (quiesce) return false;
    return client->progress != TLS_PROGRESS_DONE || hand_over(front, client);
}

/* ---- one step of a client -------------------------------------------------------------------- */

static bool step_handshake(struct tls_front *front, struct tls_client *client, unsigned events,
                           int64_t now_us)
{
    if (now_us >= client->deadline_us) {
        report(front, &client->arrival.peer, "the handshake took too long");
        return false;
    }
    return events == 0 || begin_job(front, client);
}

static bool step_relay(struct tls_front *front, struct tls_client *client, unsigned events,
                       int64_t now_us)
{
    int64_t idle_us = (int64_t)front->options.idle_seconds * US_PER_SECOND;

    if (events != 0) {
        switch (tls_connection_relay(client->connection)) {
        case TLS_PROGRESS_DONE:
            linger(client, now_us);
            return true;
        case TLS_PROGRESS_FAILED:
            return false;
        case TLS_PROGRESS_LATER:
            break;
        }
    }
    return !tls_connection_too_slow(client->connection, front->options.grace_seconds, now_us)
           && (idle_us == 0 || tls_connection_stalled_us(client->connection) < idle_us);
}

static unsigned events_of(const struct tls_front *front, const struct tls_client *client)
{
    struct tls_wants wants;
    unsigned events = 0;

    if (client->poll_client != TLS_CLIENT_NOT_POLLED) {
        events |= socket_poll_events(front->poll, client->poll_client);
    }
    if (client->poll_inner != TLS_CLIENT_NOT_POLLED) {
        events |= socket_poll_events(front->poll, client->poll_inner);
    }
    tls_connection_wants(client->connection, &wants);
    return events | (wants.at_once ? SOCKET_POLL_READ : 0u);
}

bool tls_front_client_step(struct tls_front *front, struct tls_client *client, int64_t now_us)
{
    unsigned events = 0;

    if (client->in_job) return true;
    events = events_of(front, client);
    switch (client->stage) {
    case TLS_CLIENT_HANDSHAKE:
        return step_handshake(front, client, events, now_us);
    case TLS_CLIENT_RELAY:
        return step_relay(front, client, events, now_us);
    case TLS_CLIENT_LINGER:
        break;
    }
    return now_us < client->deadline_us
           && (events == 0 || tls_connection_linger(client->connection) == TLS_PROGRESS_LATER);
}

/* ---- accepting ------------------------------------------------------------------------------- */

static bool is_of(const struct tls_client *client, const struct ip_address *address)
{
    struct ip_address counted = address_counted(&client->arrival.peer);

    return address == NULL || ip_address_equal(&counted, address);
}

/* Connections of an address; those that only linger do not count. */
static unsigned count_of(const struct tls_front *front, const struct ip_address *address)
{
    unsigned count = 0;

    for (size_t i = 0; i < front->client_count; i++) {
        const struct tls_client *client = front->clients[i];

        count += client->stage != TLS_CLIENT_LINGER && is_of(client, address) ? 1u : 0u;
    }
    return count;
}

/* The place of the one in this stage whose time ends first; client_count: there is none. */
static size_t find_oldest(const struct tls_front *front, enum tls_client_stage stage,
                          const struct ip_address *address)
{
    size_t oldest = front->client_count;

    for (size_t i = 0; i < front->client_count; i++) {
        const struct tls_client *client = front->clients[i];

        if (client->stage == stage && !client->in_job && is_of(client, address)
            && (oldest == front->client_count
                || client->deadline_us < front->clients[oldest]->deadline_us)) {
            oldest = i;
        }
    }
    return oldest;
}

/* The one whose handshake has taken longest is dropped, else one that asks for nothing is cut. */
static bool let_one_go(struct tls_front *front, const struct ip_address *address)
{
    size_t oldest = find_oldest(front, TLS_CLIENT_HANDSHAKE, address);

    if (oldest < front->client_count) {
        report(front, &front->clients[oldest]->arrival.peer,
               "its handshake made room for another one");
        tls_front_client_drop(front, oldest);
        return true;
    }
    return front->options.make_room != NULL
           && front->options.make_room(front->options.context, address);
}

static bool make_room(struct tls_front *front)
{
    size_t lingering = find_oldest(front, TLS_CLIENT_LINGER, NULL);

    /* these have been told everything: they go before all others */
    while (front->client_count >= front->options.connections && lingering < front->client_count) {
        tls_front_client_drop(front, lingering);
        lingering = find_oldest(front, TLS_CLIENT_LINGER, NULL);
    }
    if (front->client_count < front->options.connections) return true;
    /* what is cut leaves a moment later */
    return let_one_go(front, NULL)
           && front->client_count < front->options.connections + HTTP_GUARD_LEAVING;
}

/* NULL: there is room for it. */
static const char *over_limit(struct tls_front *front, const struct ip_address *peer)
{
    struct ip_address address = address_counted(peer);
    unsigned most = front->options.connections_per_address;

    if (most != 0 && count_of(front, &address) >= most && !let_one_go(front, &address)) {
        return "too many HTTPS connections of this address";
    }
    return front->client_count >= front->options.connections && !make_room(front)
               ? "too many HTTPS connections"
               : NULL;
}

static struct tls_client *client_create(struct tls_front *front,
                                        const struct tls_listener *listener,
                                        socket_handle take_socket,
                                        const struct tls_arrival *arrival, struct error *err)
{
    struct tls_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        socket_close(take_socket);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a TLS connection");
        return NULL;
    }
    client->front = front;
    client->listener = listener->listener;
    client->arrival = *arrival;
    client->poll_client = TLS_CLIENT_NOT_POLLED;
    client->poll_inner = TLS_CLIENT_NOT_POLLED;
    client->handed = SOCKET_HANDLE_NONE;
    client->deadline_us =
        clock_monotonic_us() + (int64_t)front->options.handshake_seconds * US_PER_SECOND;
    client->connection = tls_connection_create(listener->tls, take_socket, err);
    if (client->connection == NULL) {
        free(client);
        return NULL;
    }
    client->arrival.binding = *tls_connection_binding(client->connection);
    return client;
}

static void welcome(struct tls_front *front, const struct tls_listener *listener,
                    socket_handle take_socket, struct tls_arrival *arrival)
{
    const char *refused = over_limit(front, &arrival->peer);
    struct tls_client *client = NULL;
    struct error err = ERROR_INIT;

    if (refused == NULL
        && !socket_local_address(take_socket, &arrival->local, &arrival->local_port)) {
        refused = "the client closed the connection";
    }
    if (refused != NULL) {
        socket_close(take_socket);
        report(front, &arrival->peer, refused);
        return;
    }
    client = client_create(front, listener, take_socket, arrival, &err);
    if (client == NULL) {
        report(front, &arrival->peer, err.detail);
        return;
    }
    front->clients[front->client_count++] = client;
}

void tls_front_accept(struct tls_front *front, const struct tls_listener *listener)
{
    struct tls_arrival arrival;
    socket_handle socket = SOCKET_HANDLE_NONE;

    memset(&arrival, 0, sizeof(arrival));
    for (unsigned i = 0; i < ACCEPTS_PER_ROUND; i++) {
        switch (socket_accept(listener->socket, &socket, &arrival.peer, &arrival.peer_port)) {
        case SOCKET_IO_DONE:
            welcome(front, listener, socket, &arrival);
            break;
        case SOCKET_IO_LATER:
            return;
        case SOCKET_IO_ENDED: /* the socket stays readable: without a pause we would spin */
            front->accept_after_us = clock_monotonic_us() + ACCEPT_PAUSE_US;
            return;
        }
    }
}
