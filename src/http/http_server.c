/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "base/text.h"
#include "http/http_server_internal.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define LISTEN_BACKLOG 1024 /* a flood that fills it makes others wait for seconds */
#define STOP_FLUSH_MS 500   /* for the answers to those who are given up */
#define STOP_LATE_US 200000 /* for requests that are on their way when the last one is answered */
#define STOP_LATE_STEP_MS 10
#define US_PER_MS 1000
#define LISTEN_TRIES 10u
#define LISTEN_PAUSE_MS 50u

/* ---- what libmicrohttpd calls ---------------------------------------------------------------- */

/* On the loop's thread: tell it of connections that were cut. */
static void on_round(void *context)
{
    const struct http_listener *listener = context;
    struct http_watched *w = NULL;

    while ((w = http_guard_take_cut(listener->server->guard, listener)) != NULL) {
        http_loop_shut(w);
    }
}

/* With the guard's lock held. */
static void on_cut(const void *listener)
{
    http_loop_wake(((const struct http_listener *)listener)->loop);
}

/* Over TLS libmicrohttpd's socket is one end of a pair: the front knows the client's own. */
static void find_ends_tls(struct http_link *link, struct http_server *server, socket_handle socket)
{
    struct tls_arrival arrival;

    if (!tls_front_arrival(server->tls_front, socket, &arrival)) return;
    link->peer_known = true;
    link->peer = arrival.peer;
    link->peer_port = arrival.peer_port;
    link->local_known = true;
    link->local = arrival.local;
    link->local_port = arrival.local_port;
    link->binding = arrival.binding;
}

static socket_handle socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info != NULL ? (socket_handle)info->connect_fd : SOCKET_HANDLE_NONE;
}

static void find_ends(struct http_link *link, const struct http_listener *listener,
                      struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = NULL;
    socket_handle socket = socket_of(connection);

    if (listener->tls) {
        find_ends_tls(link, listener->server, socket);
        return;
    }
    link->local_known = socket_local_address(socket, &link->local, &link->local_port);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    link->peer_known = info != NULL && info->client_addr != NULL
                       && socket_address(info->client_addr, &link->peer, &link->peer_port);
}

/* NULL when out of memory: such a connection gets no answer. */
static struct http_link *link_create(const struct http_listener *listener,
                                     struct MHD_Connection *connection)
{
    struct http_link *link = calloc(1, sizeof(*link));

    if (link != NULL) {
        link->connection = http_connection_create();
    }
    if (link == NULL || link->connection == NULL
        || !http_loop_watch(listener->loop, &link->watched, socket_of(connection))) {
        http_guard_withdraw(listener->server->guard, socket_of(connection));
        if (link != NULL) {
            http_connection_unref(link->connection);
        }
        free(link);
        return NULL;
    }
    link->loop = listener->loop;
    link->faces = listener->faces;
    link->tls = listener->tls;
    find_ends(link, listener, connection);
    http_guard_open(listener->server->guard, &link->guarded,
                    &(struct http_guard_arrival){ .socket = socket_of(connection),
                                                  .peer = link->peer,
                                                  .tls = link->tls,
                                                  .listener = listener,
                                                  .connection = &link->watched });
    return link;
}

static void link_free(struct http_server *server, struct http_link *link)
{
    if (link == NULL) return;
    http_guard_close(server->guard, &link->guarded);
    http_loop_unwatch(link->loop, &link->watched);
    /* also while a worker has a request of it: what it keeps from now on goes at once */
    http_connection_end(link->connection);
    http_connection_unref(link->connection);
    free(link);
}

/*
 * libmicrohttpd 0.9.75 does not tell the end of a request whose query has more arguments than the
 * connection's memory holds. What it forgot ends with the next request or the connection.
 */
static void forget_exchange(struct http_link *link)
{
    if (link == NULL || link->exchange == NULL) return;
    http_exchange_release(link->exchange, true);
    link->exchange = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        (void)atomic_fetch_add(&listener->server->connections, 1);
        (void)atomic_fetch_add_explicit(&listener->server->accepted, 1, memory_order_relaxed);
        *socket_context = link_create(listener, connection);
    } else {
        (void)atomic_fetch_sub(&listener->server->connections, 1);
        forget_exchange(*socket_context);
        link_free(listener->server, *socket_context);
        *socket_context = NULL;
    }
}

static struct http_link *current_link(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void *on_request_line(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_listener *listener = context;
    struct http_link *link = current_link(connection);

    if (link == NULL || !link->peer_known) return NULL; /* nobody to decide about */
    forget_exchange(link);
    http_guard_phase(listener->server->guard, &link->guarded, HTTP_PHASE_HEAD, 0);
    /*
     * strongSwan sends HTTP/1.1 without Host. libmicrohttpd 1.0 accepts that only on
     * its most careless level; with a Host of our own the level can stay where smuggling is
     * refused. Nobody reads Host.
     */
    (void)MHD_set_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST, "");
    link->exchange = http_exchange_create(listener->server, connection, link, target);
    return link->exchange;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **request_context)
{
    struct http_exchange *exchange = *request_context;
    struct http_step step;

    (void)context;
    (void)connection;
    (void)url;
    if (exchange == NULL) return MHD_NO; /* on_request_line had no memory */
    step.method = method;
    step.version = version;
    step.data = bytes_of(data, *size);
    *size = 0;
    return http_exchange_step(exchange, &step) ? MHD_YES : MHD_NO;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *request_context;
    struct http_link *link = current_link(connection);

    (void)context;
    if (exchange == NULL) return;
    *request_context = NULL;
    if (link != NULL) {
        link->exchange = NULL;
        http_loop_written(&link->watched);
        http_guard_phase(exchange->server->guard, &link->guarded, HTTP_PHASE_IDLE, 0);
    }
    http_exchange_release(exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK
                                        || code == MHD_REQUEST_TERMINATED_WITH_ERROR);
}

/* The target was copied before; here nothing is to be changed. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool make_guard(struct http_server *server, struct error *err)
{
    const struct http_guard_options options = {
        .connections = server->options.connections,
        .per_address = server->options.connections_per_address,
        .idle_seconds = server->options.idle_seconds,
        .head_seconds = server->options.head_seconds,
        .grace_seconds = server->options.grace_seconds,
        .cut = on_cut,
    };

    server->guard = http_guard_create(&options, err);
    return server->guard != NULL;
}

struct http_server *http_server_create(const struct http_server_options *options, struct error *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    struct http_server *result = NULL;
    bool locked = false;

    if (server == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server");
        return NULL;
    }
    server->options = *options;
    server->started_ms = clock_now_ms();
    atomic_init(&server->next_id, 1);
    atomic_init(&server->connections, 0);
    atomic_init(&server->running, 0);
    atomic_init(&server->stopping, false);
    atomic_init(&server->accepted, 0);
    atomic_init(&server->busy_refused, 0);
    atomic_init(&server->handshakes_failed, 0);
    server->server_token = text_dup(options->server_token);
    locked = server->server_token != NULL && pthread_mutex_init(&server->lock, NULL) == 0;
    if (!locked) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server");
        goto out;
    }
    if (!make_guard(server, err) || !thread_cond_init(&server->changed, err)) goto out;
    result = server;
    server = NULL;
out:
    if (server != NULL) {
        http_guard_free(server->guard);
        if (locked) {
            (void)pthread_mutex_destroy(&server->lock);
        }
        free(server->server_token);
        free(server);
    }
    return result;
}

/* Of one listener, those included that were cut and have not left. */
static unsigned connections_most(const struct http_server *server)
{
    return server->options.connections + HTTP_GUARD_LEAVING + 1u;
}

/*
 * One I/O thread per listener: it only parses and copies, all work is the pool's. No
 * MHD_USE_ERROR_LOG: what clients do wrong is told by answered(), and libmicrohttpd's own texts
 * would go to standard error.
 *
 * libmicrohttpd does not listen: connections are accepted and judged elsewhere, then added. The
 * limit is the guard's: it lets nobody come whom libmicrohttpd would refuse.
 */
static struct MHD_Daemon *start_daemon(struct http_listener *listener)
{
    const struct http_server_options *options = &listener->server->options;
    unsigned flags = http_loop_flags() | (unsigned)MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem of_loop[HTTP_LOOP_DAEMON_OPTIONS];

    http_loop_daemon_options(connections_most(listener->server), of_loop);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, listener, MHD_OPTION_ARRAY, of_loop,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_LIMIT, connections_most(listener->server),
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, listener, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, listener, MHD_OPTION_STRICT_FOR_CLIENT,
        0, /* bare LF yes; we check framing ourselves */
        MHD_OPTION_END);
}

/* A socket that was admitted goes to libmicrohttpd, which closes it when it cannot take it. */
static bool add_connection(struct http_listener *listener, socket_handle take_socket,
                           const struct ip_address *peer, uint16_t port)
{
    struct sockaddr_storage address;
    size_t len = socket_address_write(peer, port, &address);

    if (MHD_add_connection(listener->daemon, (MHD_socket)take_socket,
                           (const struct sockaddr *)&address, (socklen_t)len)
        == MHD_YES) {
        http_loop_wake(listener->loop);
        return true;
    }
    http_guard_withdraw(listener->server->guard, take_socket);
    return false;
}

/* On the acceptor's thread, which may wait for room. */
static void on_arrived(void *context, void *listener, socket_handle take_socket,
                       const struct ip_address *peer, uint16_t port)
{
    const struct http_server *server = context;

    if (http_guard_admit_patiently(server->guard, take_socket, peer)) {
        (void)add_connection(listener, take_socket, peer, port);
    } else {
        socket_close(take_socket);
    }
}

/* The plain side of an HTTPS connection; on the front's thread. */
static bool on_tls_connected(void *context, void *listener, socket_handle take_socket,
                             const struct tls_arrival *arrival)
{
    const struct http_server *server = context;

    if (http_guard_admit(server->guard, take_socket, &arrival->peer)) {
        return add_connection(listener, take_socket, &arrival->peer, arrival->peer_port);
    }
    socket_close(take_socket);
    return false;
}

static bool on_make_room(void *context, const struct ip_address *address)
{
    const struct http_server *server = context;

    return http_guard_make_room_tls(server->guard, address);
}

static void on_handshake_failed(void *context, const struct ip_address *peer, const char *why)
{
    struct http_server *server = context;

    (void)atomic_fetch_add_explicit(&server->handshakes_failed, 1, memory_order_relaxed);
    if (server->options.handshake_failed != NULL) {
        server->options.handshake_failed(server->options.context, peer, why);
    }
}

static bool need_front(struct http_server *server, struct error *err)
{
    const struct tls_front_options options = {
        .connections = server->options.tls_connections,
        .connections_per_address = server->options.connections_per_address,
        .handshake_seconds = server->options.handshake_seconds,
        .idle_seconds = server->options.idle_seconds,
        .grace_seconds = server->options.grace_seconds,
        .context = server,
        .connected = on_tls_connected,
        .make_room = on_make_room,
        .handshake_failed = on_handshake_failed,
    };

    if (server->tls_front == NULL) {
        server->tls_front = tls_front_create(&options, err);
    }
    return server->tls_front != NULL;
}

static bool need_acceptor(struct http_server *server, struct error *err)
{
    const struct http_acceptor_options options = { .context = server, .arrived = on_arrived };

    if (server->acceptor == NULL) {
        server->acceptor = http_acceptor_create(&options, err);
    }
    return server->acceptor != NULL;
}

static bool begin_loop(struct http_listener *listener, struct error *err)
{
    const struct http_loop_options options = { .daemon = listener->daemon,
                                               .sockets = connections_most(listener->server),
                                               .context = listener,
                                               .round = on_round };

    listener->loop = http_loop_begin(&options, err);
    return listener->loop != NULL;
}

static void stop_daemon(struct http_listener *listener)
{
    http_loop_end(listener->loop);
    MHD_stop_daemon(listener->daemon);
    http_loop_free(listener->loop);
    listener->loop = NULL;
}

/* The listening socket is taken over. */
static bool start_listener(struct http_listener *listener, socket_handle take_socket,
                           const struct http_listen_options *options, struct error *err)
{
    char shown[IP_TEXT_MAX];

    listener->daemon = start_daemon(listener);
    if (listener->daemon == NULL) {
        socket_close(take_socket);
        ip_address_format(&options->address, shown);
        return error_set(err, REASON_LISTEN_FAILED, "no HTTP server can be started on %s", shown);
    }
    if (!begin_loop(listener, err)) {
        socket_close(take_socket);
    } else if (listener->tls
                   ? tls_front_listen(listener->server->tls_front, take_socket, options->tls,
                                      listener, err)
                   : http_acceptor_listen(listener->server->acceptor, take_socket, listener, err)) {
        return true;
    }
    stop_daemon(listener);
    return false;
}

/* "openndes check" tries ports and holds each for an instant; so does a process that is ending. */
static bool listen_patiently(const struct http_listen_options *options, socket_handle *out,
                             uint16_t *bound, struct error *err)
{
    struct error why = ERROR_INIT;

    for (unsigned i = 0; i < LISTEN_TRIES; i++) {
        error_clear(&why);
        if (socket_listen(&options->address, options->port, LISTEN_BACKLOG, out, bound, &why)) {
            return true;
        }
        if (why.reason != REASON_PORT_IN_USE) {
            break;
        }
        thread_pause_ms(LISTEN_PAUSE_MS);
    }
    return error_set(err, why.reason, "%s", why.detail);
}

bool http_server_listen(struct http_server *server, const struct http_listen_options *options,
                        uint16_t *bound_port, struct error *err)
{
    struct http_listener *listener = NULL;
    socket_handle socket = SOCKET_HANDLE_NONE;
    uint16_t bound = 0;

    if (server->stopped || server->listener_count == LIMIT_LISTENERS) {
        return error_set(err, REASON_LISTEN_FAILED, "at most %u listening addresses are possible",
                         LIMIT_LISTENERS);
    }
    listener = &server->listeners[server->listener_count];
    listener->server = server;
    listener->faces = options->faces;
    listener->tls = options->tls != NULL;
    if (!(listener->tls ? need_front(server, err) : need_acceptor(server, err))
        || !listen_patiently(options, &socket, &bound, err)
        || !start_listener(listener, socket, options, err)) {
        return false;
    }
    server->listener_count++;
    *bound_port = bound;
    return true;
}

/* With the lock held: wait until no request runs, at most so long. */
static void wait_for_requests(struct http_server *server, int64_t at_most_ms)
{
    int64_t end_us = clock_monotonic_us() + at_most_ms * US_PER_MS;

    while (atomic_load(&server->running) > 0) {
        int64_t left_us = end_us - clock_monotonic_us();

        if (left_us <= 0) break;
        (void)thread_cond_wait_ms(&server->changed, &server->lock,
                                  (left_us + US_PER_MS - 1) / US_PER_MS);
    }
}

/*
 * With the lock held: what clients have sent before they could know that this is the end may still
 * lie in their sockets; closing these now would reset the connections instead of saying 503. Who
 * has had his 503 is disconnected, so this ends early unless somebody keeps an idle connection.
 */
static void wait_for_late_requests(struct http_server *server, int64_t end_us)
{
    int64_t late_us = clock_monotonic_us() + STOP_LATE_US;

    end_us = end_us < late_us ? end_us : late_us;
    while ((atomic_load(&server->connections) > 0 || http_guard_coming(server->guard) > 0)
           && clock_monotonic_us() < end_us) {
        (void)thread_cond_wait_ms(&server->changed, &server->lock, STOP_LATE_STEP_MS);
    }
}

static void listen_no_more(struct http_server *server)
{
    http_guard_end_patience(server->guard);
    http_acceptor_quiesce(server->acceptor);
    if (server->tls_front != NULL) {
        tls_front_quiesce(server->tls_front); /* adds no connection to a daemon any more */
    }
}

/*
 * Daemons first: they close the plain sides, and the front brings to the clients what was said
 * there. An answer that is done for libmicrohttpd may still be on its way through the front, so it
 * has the rest of the grace too.
 */
static void close_all(struct http_server *server, int64_t end_us)
{
    int64_t left_ms = 0;

    for (size_t i = 0; i < server->listener_count; i++) {
        stop_daemon(&server->listeners[i]);
    }
    http_acceptor_free(server->acceptor);
    server->acceptor = NULL;
    left_ms = (end_us - clock_monotonic_us()) / US_PER_MS;
    tls_front_free(server->tls_front, left_ms > STOP_FLUSH_MS ? left_ms : STOP_FLUSH_MS);
    server->tls_front = NULL;
}

void http_server_stop(struct http_server *server, int64_t grace_ms)
{
    int64_t end_us = clock_monotonic_us() + grace_ms * US_PER_MS;

    if (server->stopped) return;
    server->stopped = true;
    listen_no_more(server);
    (void)pthread_mutex_lock(&server->lock);
    atomic_store(&server->stopping, true);
    wait_for_requests(server, grace_ms);
    wait_for_late_requests(server, end_us);
    wait_for_requests(server, (end_us - clock_monotonic_us()) / US_PER_MS);
    server->abandoning = true; /* libmicrohttpd cannot stop while somebody is suspended */
    if (server->working != NULL) {
        http_exchange_abandon_all(server);
        wait_for_requests(server, STOP_FLUSH_MS);
    }
    while (server->resuming > 0) { /* a call of libmicrohttpd that is under way: no time at all */
        (void)pthread_cond_wait(&server->changed, &server->lock);
    }
    (void)pthread_mutex_unlock(&server->lock);
    close_all(server, end_us);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) return;
    http_server_stop(server, 0);
    (void)pthread_mutex_lock(&server->lock);
    while (server->jobs > 0) {
        (void)pthread_cond_wait(&server->changed, &server->lock);
    }
    (void)pthread_mutex_unlock(&server->lock);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    http_guard_free(server->guard);
    free(server->server_token);
    free(server);
}

unsigned http_server_running(const struct http_server *server)
{
    return atomic_load(&server->running);
}

void http_server_get_stats(struct http_server *server, struct http_server_stats *stats)
{
    *stats = (struct http_server_stats){
        .connections = atomic_load(&server->connections),
        .running = atomic_load(&server->running),
        .accepted = atomic_load_explicit(&server->accepted, memory_order_relaxed),
        .busy_refused = atomic_load_explicit(&server->busy_refused, memory_order_relaxed),
        .handshakes_failed = atomic_load_explicit(&server->handshakes_failed, memory_order_relaxed),
        .cut = http_guard_cut_total(server->guard),
    };
}
