/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_internal.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "base/text.h"
#include "http/http_target.h"
#include "platform/clock.h"

#define STATUS_FIRST_FINAL 200
#define STATUS_LAST 599
#define STATUS_UNAUTHORIZED 401

/* ---- life ------------------------------------------------------------------------------------ */

static void fill_request(struct http_exchange *exchange, const struct http_link *link)
{
    struct http_request *request = &exchange->request;

    request->method_text = exchange->method_text;
    request->started_us = clock_monotonic_us();
    /* eleven hex digits of milliseconds last until the year 2527: it always fits */
    if (!text_format(request->id, sizeof(request->id), "%llx-%x",
                     (unsigned long long)exchange->server->started_ms,
                     atomic_fetch_add(&exchange->server->next_id, 1))) {
        request->id[0] = '\0';
    }
    request->peer = link->peer;
    request->peer_port = link->peer_port;
    request->local_known = link->local_known;
    request->local = link->local;
    request->local_port = link->local_port;
    request->faces = link->faces;
    request->tls = link->tls;
    _Static_assert(TLS_BINDING_MAX <= HTTP_CHANNEL_BINDING_MAX, "a binding fits");
    memcpy(request->channel_binding, link->binding.digest, link->binding.len);
    request->channel_binding_len = link->binding.len;
    request->connection = http_connection_ref(link->connection);
}

struct http_exchange *http_exchange_create(struct http_server *server,
                                           struct MHD_Connection *connection,
                                           struct http_link *link, const char *raw_target)
{
    struct http_target target;
    struct error err = ERROR_INIT;
    struct http_exchange *exchange = NULL;
    size_t path_size = 0;

    /* a refusal waits until the headers are here: only then libmicrohttpd takes a response */
    if (!http_target_parse(raw_target, &target, &err)) {
        target.raw_query = bytes_of(NULL, 0);
    }
    path_size = strlen(target.path) + 1;
    exchange = calloc(1, sizeof(*exchange) + path_size + target.raw_query.len);
    if (exchange == NULL) return NULL;
    atomic_init(&exchange->holders, 1);
    atomic_init(&exchange->abandoned, false);
    exchange->server = server;
    exchange->connection = connection;
    exchange->guarded = &link->guarded;
    exchange->watched = &link->watched;
    exchange->loop = link->loop;
    exchange->target_refused = err.reason;
    exchange->body.max = server->options.body_bytes;
    memcpy(exchange->text, target.path, path_size);
    if (target.raw_query.len > 0) {
        memcpy(exchange->text + path_size, target.raw_query.data, target.raw_query.len);
    }
    exchange->request.path = exchange->text;
    exchange->request.raw_query = bytes_of(exchange->text + path_size, target.raw_query.len);
    fill_request(exchange, link);
    return exchange;
}

static void exchange_free(struct http_exchange *exchange)
{
    http_connection_unref(exchange->request.connection);
    buffer_clear(&exchange->headers.authorization); /* wiped */
    buffer_clear(&exchange->headers.content_type);
    buffer_clear(&exchange->headers.forwarded_for);
    buffer_clear(&exchange->headers.forwarded_proto);
    buffer_clear(&exchange->body);
    buffer_clear(&exchange->response.headers);
    http_response_drop_body(&exchange->response);
    free(exchange);
}

/* Whoever leaves last frees it. */
static void exchange_drop(struct http_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->holders, 1) == 1) {
        exchange_free(exchange);
    }
}

static void tell_answered(struct http_exchange *exchange)
{
    const struct http_server_options *options = &exchange->server->options;

    if (options->answered != NULL) {
        options->answered(options->context, &exchange->request, &exchange->response);
    }
}

/* ---- who waits for a worker ------------------------------------------------------------------ */

/* With the lock held. */
static void working_add(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    exchange->prev = NULL;
    exchange->next = server->working;
    if (server->working != NULL) {
        server->working->prev = exchange;
    }
    server->working = exchange;
}

static void working_remove(struct http_exchange *exchange)
{
    if (exchange->prev != NULL) {
        exchange->prev->next = exchange->next;
    } else {
        exchange->server->working = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->prev = exchange->prev;
    }
    exchange->prev = NULL;
    exchange->next = NULL;
}

/* ---- the response ---------------------------------------------------------------------------- */

static void refusal(struct http_response *response, enum reason reason)
{
    struct error err = ERROR_INIT;

    (void)error_set(&err, reason, "refused by the HTTP server");
    http_response_error(response, &err);
    buffer_clear(&response->headers); /* they belonged to another answer */
    response->may_be_kept = false;
    response->allow = NULL;
    response->refused = reason;
}

static void refuse(struct http_exchange *exchange, enum reason reason)
{
    buffer_clear(&exchange->body);
    exchange->request.body = bytes_of(NULL, 0);
    refusal(&exchange->response, reason);
    exchange->stage = HTTP_STAGE_REPLY;
}

/* Give the response to libmicrohttpd. */
static bool queue_response(struct http_exchange *exchange)
{
    struct http_response *from = &exchange->response;
    struct MHD_Response *response = NULL;
    bool owned = false;
    bool done = false;

    if (from->status < STATUS_FIRST_FINAL || from->status > STATUS_LAST) {
        refuse(exchange, REASON_INTERNAL); /* handle() filled nothing in */
    }
    response = http_exchange_response(exchange, &owned);
    if (response == NULL) return false;
    done = MHD_queue_response(exchange->connection, (unsigned)from->status, response) == MHD_YES;
    if (done) {
        exchange->stage = HTTP_STAGE_QUEUED;
        http_guard_phase(exchange->server->guard, exchange->guarded, HTTP_PHASE_ANSWER,
                         from->body.len);
        tell_answered(exchange);
    }
    if (owned) {
        memset(&from->body, 0, sizeof(from->body));
        memset(&from->lent, 0, sizeof(from->lent));
    }
    MHD_destroy_response(response);
    return done;
}

/* ---- the worker's side ----------------------------------------------------------------------- */

/* The response becomes the exchange's, unless the server has answered in the worker's place. */
static bool hand_back(struct http_exchange *exchange, struct http_response *response)
{
    struct http_server *server = exchange->server;
    bool wanted = false;

    (void)pthread_mutex_lock(&server->lock);
    wanted = !atomic_load(&exchange->abandoned);
    if (wanted) {
        working_remove(exchange);
        server->resuming++;
        exchange->response = *response;
        memset(response, 0, sizeof(*response));
        exchange->stage = HTTP_STAGE_REPLY;
    }
    (void)pthread_mutex_unlock(&server->lock);
    return wanted;
}

/*
 * handle() writes into a response of its own: while it runs the server may give the exchange up and
 * answer with another one. libmicrohttpd is told without the lock: its thread wakes at once, and
 * would run into it.
 */
static void run_job(void *context)
{
    struct http_exchange *exchange = context;
    struct http_server *server = exchange->server;
    struct http_response response;
    bool resume = false;

    memset(&response, 0, sizeof(response));
    if (!atomic_load(&exchange->abandoned)) {
        server->options.handle(server->options.context, &exchange->request, &response);
    }
    resume = hand_back(exchange, &response);
    if (resume) {
        MHD_resume_connection(exchange->connection);
        http_loop_wake(exchange->loop);
    }
    exchange_drop(exchange);
    (void)pthread_mutex_lock(&server->lock);
    server->resuming -= resume ? 1u : 0u;
    server->jobs--;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock); /* from here on the server may be gone */
    buffer_clear(&response.headers);
    http_response_drop_body(&response);
}

static bool submit(struct http_exchange *exchange)
{
    struct worker_pool *pool = exchange->server->options.pool;

    return exchange->slow ? worker_pool_submit_slow(pool, run_job, exchange)
                          : worker_pool_submit(pool, run_job, exchange);
}

/*
 * The lock is held from before the job exists until the connection is suspended: so the job cannot
 * resume it too early, and a full queue needs no suspending at all.
 */
static bool hand_over(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    enum reason reason = REASON_NONE;

    exchange->request.body = buffer_bytes(&exchange->body);
    /* before a worker has it: from then on nobody may cut it to make room */
    http_guard_phase(server->guard, exchange->guarded, HTTP_PHASE_WORK, 0);
    (void)pthread_mutex_lock(&server->lock);
    if (server->abandoning) {
        reason = REASON_STOPPING;
    } else if (server->options.pool == NULL) {
        reason = REASON_INTERNAL; /* admit was to answer */
    } else if (!submit(exchange)) {
        reason = REASON_SERVER_BUSY;
        (void)atomic_fetch_add_explicit(&server->busy_refused, 1, memory_order_relaxed);
    } else {
        server->jobs++;
        (void)atomic_fetch_add(&exchange->holders, 1);
        exchange->stage = HTTP_STAGE_WORKING;
        working_add(exchange);
        MHD_suspend_connection(exchange->connection);
        http_loop_suspended(exchange->loop, exchange->watched);
    }
    (void)pthread_mutex_unlock(&server->lock);
    if (reason == REASON_NONE) return true;
    refuse(exchange, reason);
    return queue_response(exchange);
}

void http_exchange_abandon_all(struct http_server *server)
{
    while (server->working != NULL) {
        struct http_exchange *exchange = server->working;

        working_remove(exchange);
        atomic_store(&exchange->abandoned, true);
        exchange->close = true;
        /* not refuse(): the worker still reads the request's body */
        refusal(&exchange->response, REASON_STOPPING);
        exchange->stage = HTTP_STAGE_REPLY;
        MHD_resume_connection(exchange->connection);
        http_loop_wake(exchange->loop);
    }
}

/* ---- headers are here ------------------------------------------------------------------------ */

static enum http_method method_of(const char *text)
{
    static const struct {
        const char *text;
        enum http_method method;
    } methods[] = {
        { MHD_HTTP_METHOD_GET, HTTP_METHOD_GET },
        { MHD_HTTP_METHOD_HEAD, HTTP_METHOD_HEAD },
        { MHD_HTTP_METHOD_POST, HTTP_METHOD_POST },
    };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(text, methods[i].text) == 0) return methods[i].method;
    }
    return HTTP_METHOD_OTHER;
}

/*
 * Count a request as running; false when the server begins nothing new. Counted first: either this
 * one sees that the server stops, or the server sees it run.
 */
static bool enter(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    exchange->counted = true;
    (void)atomic_fetch_add(&server->running, 1);
    return !atomic_load(&server->stopping);
}

/* What is to happen with a request whose body ends where the headers say. */
static void decide(struct http_exchange *exchange, const struct http_framing *framing)
{
    const struct http_server_options *options = &exchange->server->options;

    if (exchange->target_refused != REASON_NONE) {
        refuse(exchange, exchange->target_refused);
        return;
    }
    switch (options->admit(options->context, &exchange->request, &exchange->response)) {
    case HTTP_ADMIT_ANSWERED:
        exchange->stage = HTTP_STAGE_REPLY;
        return;
    case HTTP_ADMIT_HANDLE_SLOW:
        exchange->slow = true;
        break;
    case HTTP_ADMIT_HANDLE:
        break;
    }
    exchange->stage = HTTP_STAGE_READING;
    if (framing->length > options->body_bytes) {
        refuse(exchange, REASON_BODY_TOO_LARGE);
    }
}

static const char *kept_text(const struct buffer *kept)
{
    return kept->data != NULL ? buffer_text(kept) : NULL;
}

static bool read_headers(struct http_exchange *exchange, const char *version,
                         struct http_framing *framing, struct error *err)
{
    struct http_request *request = &exchange->request;
    struct http_kept_headers *kept = &exchange->headers;
    bool done = http_headers_read(exchange->connection, version, framing, kept, err);

    request->authorization = kept_text(&kept->authorization);
    request->content_type = kept_text(&kept->content_type);
    request->forwarded_for = kept_text(&kept->forwarded_for);
    request->forwarded_proto = kept_text(&kept->forwarded_proto);
    return done;
}

/*
 * May the answer go out before the body? A body of allowed size is read and dropped first: closing
 * a socket with unread bytes sends a reset, which on Windows takes the answer away from the client.
 * Who asks with Expect sends nothing before our answer; whether it then sends the body nobody
 * knows, so the connection cannot go on. Therefore who is asked to sign in is let send it: the next
 * step must come on the same connection (RFC 4559 6).
 */
static bool answers_at_once(const struct http_exchange *exchange,
                            const struct http_framing *framing)
{
    if (exchange->stage != HTTP_STAGE_REPLY) return false;
    if (framing->length > exchange->server->options.body_bytes) return true;
    return framing->expects_continue && exchange->response.status != STATUS_UNAUTHORIZED;
}

static bool begin_request(struct http_exchange *exchange, const struct http_step *step)
{
    struct http_framing framing;
    struct error err = ERROR_INIT;
    bool at_once = true;
    bool stopping = false;

    /* copied, because the connection may end before the worker does */
    if (!text_copy(exchange->method_text, sizeof(exchange->method_text), step->method)) {
        exchange->method_text[0] = '?'; /* and NUL: a word longer than any method */
    }
    exchange->request.method = method_of(step->method);
    exchange->request.started_us = clock_monotonic_us();
    http_guard_phase(exchange->server->guard, exchange->guarded, HTTP_PHASE_BODY, 0);
    stopping = !enter(exchange);
    exchange->close = stopping;
    if (!read_headers(exchange, step->version, &framing, &err)) {
        refuse(exchange, err.reason);
    } else {
        if (stopping) {
            refuse(exchange, REASON_STOPPING);
        } else {
            decide(exchange, &framing);
        }
        at_once = answers_at_once(exchange, &framing);
    }
    if (!at_once) return true;
    exchange->close = true; /* the rest of the body would be read as the next request */
    return queue_response(exchange);
}

/* ---- the body and after ---------------------------------------------------------------------- */

/* A response cannot be queued in the middle of a body, so even refused bodies are read on. */
static bool take_body(struct http_exchange *exchange, struct bytes data)
{
    size_t limit = exchange->server->options.body_bytes;
    struct error err = ERROR_INIT;

    http_guard_moved(exchange->server->guard, exchange->guarded, data.len);
    if (exchange->stage == HTTP_STAGE_READING && exchange->request.method == HTTP_METHOD_POST) {
        if (data.len <= limit - exchange->body.len) {
            if (!buffer_append_bytes(&exchange->body, data, &err)) {
                exchange->close = true;
                refuse(exchange, err.reason);
            }
            return true;
        }
        exchange->dropped = exchange->body.len;
    }
    exchange->dropped += data.len;
    if (exchange->stage == HTTP_STAGE_READING && exchange->dropped > limit) {
        exchange->close = true;
        refuse(exchange, REASON_BODY_TOO_LARGE);
    }
    return exchange->dropped <= (uint64_t)limit + LIMIT_BODY_BYTES_MAX;
}

bool http_exchange_step(struct http_exchange *exchange, const struct http_step *step)
{
    switch (exchange->stage) {
    case HTTP_STAGE_TARGET:
        return begin_request(exchange, step);
    case HTTP_STAGE_READING:
        if (step->data.len > 0) return take_body(exchange, step->data);
        return hand_over(exchange);
    case HTTP_STAGE_REPLY:
        if (step->data.len > 0) return take_body(exchange, step->data);
        return queue_response(exchange);
    case HTTP_STAGE_WORKING:
    case HTTP_STAGE_QUEUED:
        break;
    }
    return true;
}

/* A request has ended: whoever waits for that while stopping is told. */
static void leave(struct http_server *server)
{
    (void)atomic_fetch_sub(&server->running, 1);
    if (atomic_load(&server->stopping)) {
        (void)pthread_mutex_lock(&server->lock);
        (void)pthread_cond_broadcast(&server->changed);
        (void)pthread_mutex_unlock(&server->lock);
    }
}

void http_exchange_release(struct http_exchange *exchange, bool refused)
{
    if (refused && exchange->stage == HTTP_STAGE_TARGET) {
        refuse(exchange, REASON_SYNTAX);
    }
    if (exchange->stage == HTTP_STAGE_REPLY) {
        tell_answered(exchange); /* also when the client left before it had the answer */
    }
    if (exchange->counted) {
        leave(exchange->server);
    }
    exchange_drop(exchange);
}
