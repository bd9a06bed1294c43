/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_guard.h"

#include <stdlib.h>

#include "base/address_table.h"
#include "base/limits.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define LOOK_MS 250
#define SECOND_US INT64_C(1000000)
/* Who reads at all has taken a SCEP answer long before. */
#define ANSWER_YOUNG_US SECOND_US
/* libmicrohttpd does not tell of a connection that it had no memory for. */
#define COMING_US (5 * SECOND_US)
/* Who waits for room waits for some, so that libmicrohttpd need not wake for each place. */
#define ROOM_MS 200
#define ROOM_WANTED (HTTP_GUARD_LEAVING / 2u)

/* The place of a connection that libmicrohttpd has not opened yet. */
struct coming {
    socket_handle socket;
    struct ip_address address; /* as it is counted */
    int64_t since_us;
};

struct http_guard {
    struct http_guard_options options; /* constant */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    pthread_cond_t room; /* somebody opened, left or withdrew while `waiting` */
    bool ending;
    bool waiting;
    bool impatient;
    struct coming *coming; /* as many as there may be connections */
    unsigned coming_count;
    struct http_guarded *first; /* whose phase began first */
    struct http_guarded *last;
    unsigned open;
    unsigned leaving;    /* of these, cut */
    uint64_t on_the_way; /* bytes of answers */
    uint64_t cut_total;
};

/* ---- the list; with the lock held ------------------------------------------------------------ */

static void append(struct http_guard *guard, struct http_guarded *c)
{
    c->prev = guard->last;
    c->next = NULL;
    if (guard->last != NULL) {
        guard->last->next = c;
    } else {
        guard->first = c;
    }
    guard->last = c;
}

static void take_out(struct http_guard *guard, struct http_guarded *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        guard->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    } else {
        guard->last = c->prev;
    }
}

/* libmicrohttpd sees the end of the stream, and closes as if the client had. */
static void cut(struct http_guard *guard, struct http_guarded *c)
{
    c->cut = true;
    guard->leaving++;
    guard->cut_total++;
    socket_shut(c->arrival.socket);
    if (guard->options.cut != NULL) {
        guard->options.cut(c->arrival.listener);
    }
}

/* ---- who goes; with the lock held ------------------------------------------------------------ */

struct wanted {
    const struct ip_address *address; /* NULL: any */
    bool tls;                         /* only such */
};

static bool is_wanted(const struct http_guarded *c, const struct wanted *wanted)
{
    return !c->cut && (!wanted->tls || c->arrival.tls)
           && (wanted->address == NULL || ip_address_equal(&c->arrival.peer, wanted->address));
}

static int64_t time_at(uint64_t bytes, uint64_t bytes_per_second)
{
    return (int64_t)(bytes * (uint64_t)SECOND_US / bytes_per_second);
}

/*
 * How long a connection has held its place for nothing: the time of its phase, less what the bytes
 * of a body account for. An answer of usual size is taken within a second.
 */
static int64_t time_wasted(const struct http_guarded *c, int64_t now_us)
{
    int64_t age_us = now_us - c->since_us;

    if (c->phase == HTTP_PHASE_BODY) return age_us - time_at(c->bytes, LIMIT_BODY_RATE);
    return c->phase == HTTP_PHASE_ANSWER ? age_us - ANSWER_YOUNG_US : age_us;
}

/*
 * Whoever has wasted most. Not simply one without a request: when all others hold their places with
 * bodies that never end, that would be the device that has only just come.
 */
static struct http_guarded *find_victim(struct http_guard *guard, const struct wanted *wanted)
{
    int64_t now_us = clock_monotonic_us();
    struct http_guarded *victim = NULL;
    int64_t most_us = -1;

    for (struct http_guarded *c = guard->first; c != NULL; c = c->next) {
        if (is_wanted(c, wanted) && c->phase != HTTP_PHASE_WORK
            && time_wasted(c, now_us) > most_us) {
            victim = c;
            most_us = time_wasted(c, now_us);
        }
    }
    return victim;
}

static bool make_room(struct http_guard *guard, const struct wanted *wanted)
{
    struct http_guarded *victim = find_victim(guard, wanted);

    if (victim == NULL) return false;
    cut(guard, victim);
    return true;
}

/* ---- who comes; with the lock held ----------------------------------------------------------- */

static void forget_coming(struct http_guard *guard, unsigned i)
{
    guard->coming[i] = guard->coming[--guard->coming_count];
}

/* The number of a socket is used again only after that one was closed. */
static void forget_socket(struct http_guard *guard, socket_handle socket)
{
    for (unsigned i = 0; i < guard->coming_count; i++) {
        if (guard->coming[i].socket == socket) {
            forget_coming(guard, i);
            return;
        }
    }
}

static void forget_lost(struct http_guard *guard)
{
    int64_t before_us = clock_monotonic_us() - COMING_US;
    unsigned i = 0;

    while (i < guard->coming_count) {
        if (guard->coming[i].since_us < before_us) {
            forget_coming(guard, i);
        } else {
            i++;
        }
    }
}

static unsigned coming_of(const struct http_guard *guard, const struct ip_address *address)
{
    unsigned count = 0;

    for (unsigned i = 0; i < guard->coming_count; i++) {
        count += ip_address_equal(&guard->coming[i].address, address) ? 1u : 0u;
    }
    return count;
}

/* Connections of an address that stay. */
static unsigned count_of(const struct http_guard *guard, const struct ip_address *address)
{
    unsigned count = coming_of(guard, address);

    for (const struct http_guarded *c = guard->first; c != NULL; c = c->next) {
        count += !c->cut && ip_address_equal(&c->arrival.peer, address) ? 1u : 0u;
    }
    return count;
}

enum verdict { VERDICT_YES, VERDICT_NO, VERDICT_LATER };

/* Of those who have only just come nobody knows yet whether one could go. */
static enum verdict one_for_one(struct http_guard *guard, const struct wanted *wanted,
                                unsigned coming)
{
    if (make_room(guard, wanted)) return VERDICT_YES;
    return coming > 0 ? VERDICT_LATER : VERDICT_NO;
}

/* room: so many of the places of those that are leaving have to be free. */
static enum verdict judge(struct http_guard *guard, const struct ip_address *address, unsigned room)
{
    const struct http_guard_options *most = &guard->options;
    unsigned taken = 0;

    forget_lost(guard);
    taken = guard->open + guard->coming_count;
    if (taken + room > most->connections + HTTP_GUARD_LEAVING) return VERDICT_LATER;
    if (most->per_address != 0 && count_of(guard, address) >= most->per_address) {
        return one_for_one(guard, &(struct wanted){ .address = address },
                           coming_of(guard, address));
    }
    if (taken - guard->leaving < most->connections) return VERDICT_YES;
    return one_for_one(guard, &(struct wanted){ .address = NULL }, guard->coming_count);
}

static bool admit(struct http_guard *guard, socket_handle socket, const struct ip_address *peer,
                  bool patiently)
{
    struct ip_address address = address_counted(peer);
    enum verdict verdict = VERDICT_NO;
    bool told = false;

    (void)pthread_mutex_lock(&guard->lock);
    forget_socket(guard, socket);
    verdict = judge(guard, &address, 1);
    while (verdict == VERDICT_LATER && patiently && !guard->impatient) {
        guard->waiting = true;
        told = thread_cond_wait_ms(&guard->room, &guard->lock, ROOM_MS);
        verdict = judge(guard, &address, told ? ROOM_WANTED : 1);
    }
    if (patiently) {
        guard->waiting = false;
    }
    if (verdict == VERDICT_YES) {
        guard->coming[guard->coming_count++] = (struct coming){ .socket = socket,
                                                                .address = address,
                                                                .since_us = clock_monotonic_us() };
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return verdict == VERDICT_YES;
}

bool http_guard_admit(struct http_guard *guard, socket_handle socket, const struct ip_address *peer)
{
    return admit(guard, socket, peer, false);
}

bool http_guard_admit_patiently(struct http_guard *guard, socket_handle socket,
                                const struct ip_address *peer)
{
    return admit(guard, socket, peer, true);
}

/* With the lock held: places have come free, or those that have come can be judged. */
static void tell_waiting(struct http_guard *guard)
{
    unsigned taken = guard->open + guard->coming_count;

    if (guard->waiting
        && (guard->impatient || guard->coming_count == 0
            || taken + ROOM_WANTED <= guard->options.connections + HTTP_GUARD_LEAVING)) {
        (void)pthread_cond_signal(&guard->room);
    }
}

void http_guard_end_patience(struct http_guard *guard)
{
    (void)pthread_mutex_lock(&guard->lock);
    guard->impatient = true;
    tell_waiting(guard);
    (void)pthread_mutex_unlock(&guard->lock);
}

void http_guard_withdraw(struct http_guard *guard, socket_handle socket)
{
    (void)pthread_mutex_lock(&guard->lock);
    forget_socket(guard, socket);
    tell_waiting(guard);
    (void)pthread_mutex_unlock(&guard->lock);
}

unsigned http_guard_coming(struct http_guard *guard)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&guard->lock);
    count = guard->coming_count;
    (void)pthread_mutex_unlock(&guard->lock);
    return count;
}

bool http_guard_make_room_tls(struct http_guard *guard, const struct ip_address *address)
{
    bool made = false;

    (void)pthread_mutex_lock(&guard->lock);
    made = make_room(guard, &(struct wanted){ .address = address, .tls = true });
    (void)pthread_mutex_unlock(&guard->lock);
    return made;
}

/* ---- phases ---------------------------------------------------------------------------------- */

void http_guard_open(struct http_guard *guard, struct http_guarded *c,
                     const struct http_guard_arrival *arrival)
{
    *c = (struct http_guarded){ .arrival = *arrival, .phase = HTTP_PHASE_IDLE };
    c->arrival.peer = address_counted(&arrival->peer);
    (void)pthread_mutex_lock(&guard->lock);
    forget_socket(guard, arrival->socket);
    c->since_us = clock_monotonic_us();
    append(guard, c);
    if (guard->open++ == 0) {
        (void)pthread_cond_signal(&guard->changed);
    }
    tell_waiting(guard);
    (void)pthread_mutex_unlock(&guard->lock);
}

/* With the lock held. */
static void forget_answer(struct http_guard *guard, struct http_guarded *c)
{
    if (c->phase == HTTP_PHASE_ANSWER) {
        guard->on_the_way -= c->bytes;
    }
}

void http_guard_close(struct http_guard *guard, struct http_guarded *c)
{
    (void)pthread_mutex_lock(&guard->lock);
    forget_answer(guard, c);
    take_out(guard, c);
    guard->open--;
    guard->leaving -= c->cut ? 1u : 0u;
    tell_waiting(guard);
    (void)pthread_mutex_unlock(&guard->lock);
}

/*
 * Answers that nobody takes must not fill the memory, however many connections there may be: those
 * that have been on their way for longest go.
 */
static void bound_answers(struct http_guard *guard, int64_t now_us)
{
    struct http_guarded *c = guard->first;
    uint64_t leaving = 0;

    while (c != NULL && guard->on_the_way - leaving > guard->options.answer_bytes
           && c->since_us < now_us - ANSWER_YOUNG_US) {
        if (c->phase == HTTP_PHASE_ANSWER) {
            leaving += c->bytes;
            if (!c->cut) {
                cut(guard, c);
            }
        }
        c = c->next;
    }
}

void http_guard_phase(struct http_guard *guard, struct http_guarded *c, enum http_phase phase,
                      uint64_t bytes)
{
    (void)pthread_mutex_lock(&guard->lock);
    forget_answer(guard, c);
    take_out(guard, c);
    c->phase = phase;
    c->since_us = clock_monotonic_us();
    c->bytes = bytes;
    append(guard, c);
    if (phase == HTTP_PHASE_ANSWER) {
        guard->on_the_way += bytes;
        bound_answers(guard, c->since_us);
    }
    (void)pthread_mutex_unlock(&guard->lock);
}

void http_guard_moved(struct http_guard *guard, struct http_guarded *c, uint64_t bytes)
{
    (void)pthread_mutex_lock(&guard->lock);
    c->bytes += bytes;
    (void)pthread_mutex_unlock(&guard->lock);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static bool is_over(const struct http_guard_options *o, const struct http_guarded *c,
                    int64_t now_us)
{
    int64_t allowed_us = 0;

    switch (c->phase) {
    case HTTP_PHASE_IDLE:
        allowed_us = o->idle_seconds * SECOND_US;
        break;
    case HTTP_PHASE_HEAD:
        allowed_us = o->head_seconds * SECOND_US;
        break;
    case HTTP_PHASE_BODY:
        allowed_us = o->grace_seconds * SECOND_US + time_at(c->bytes, LIMIT_BODY_RATE);
        break;
    case HTTP_PHASE_ANSWER:
        allowed_us = o->grace_seconds * SECOND_US + time_at(c->bytes, LIMIT_ANSWER_RATE);
        break;
    case HTTP_PHASE_WORK:
    case HTTP_PHASES:
        return false;
    }
    return now_us - c->since_us >= allowed_us;
}

void http_guard_look(struct http_guard *guard, int64_t now_us)
{
    (void)pthread_mutex_lock(&guard->lock);
    for (struct http_guarded *c = guard->first; c != NULL; c = c->next) {
        if (!c->cut && is_over(&guard->options, c, now_us)) {
            cut(guard, c);
        }
    }
    (void)pthread_mutex_unlock(&guard->lock);
}

/* Without connections it sleeps. */
static void *looker(void *context)
{
    struct http_guard *guard = context;

    (void)pthread_mutex_lock(&guard->lock);
    while (!guard->ending) {
        if (guard->open == 0) {
            (void)pthread_cond_wait(&guard->changed, &guard->lock);
            continue;
        }
        (void)thread_cond_wait_ms(&guard->changed, &guard->lock, LOOK_MS);
        (void)pthread_mutex_unlock(&guard->lock);
        http_guard_look(guard, clock_monotonic_us());
        (void)pthread_mutex_lock(&guard->lock);
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return NULL;
}

void *http_guard_take_cut(struct http_guard *guard, const void *listener)
{
    void *connection = NULL;

    (void)pthread_mutex_lock(&guard->lock);
    for (struct http_guarded *c = guard->first; guard->leaving > 0 && c != NULL; c = c->next) {
        if (c->cut && !c->taken && c->arrival.listener == listener) {
            c->taken = true;
            connection = c->arrival.connection;
            break;
        }
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return connection;
}

uint64_t http_guard_cut_total(struct http_guard *guard)
{
    uint64_t total = 0;

    (void)pthread_mutex_lock(&guard->lock);
    total = guard->cut_total;
    (void)pthread_mutex_unlock(&guard->lock);
    return total;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void fill_in(struct http_guard_options *o)
{
    if (o->head_seconds == 0) {
        o->head_seconds = LIMIT_HEAD_SECONDS;
    }
    if (o->grace_seconds == 0) {
        o->grace_seconds = LIMIT_GRACE_SECONDS;
    }
    if (o->answer_bytes == 0) {
        o->answer_bytes = LIMIT_ANSWERS_BYTES;
    }
}

/* What can fail; *conditions: how many of the two are there. */
static bool make_parts(struct http_guard *guard, unsigned *conditions, struct error *err)
{
    guard->coming =
        calloc((size_t)guard->options.connections + HTTP_GUARD_LEAVING, sizeof(guard->coming[0]));
    if (guard->coming == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server's connections");
    }
    if (!thread_cond_init(&guard->changed, err)) return false;
    *conditions = 1;
    if (!thread_cond_init(&guard->room, err)) return false;
    *conditions = 2;
    return thread_start(&guard->thread, "deadlines", looker, guard, err);
}

static void free_parts(struct http_guard *guard, unsigned conditions)
{
    if (conditions > 1) {
        (void)pthread_cond_destroy(&guard->room);
    }
    if (conditions > 0) {
        (void)pthread_cond_destroy(&guard->changed);
    }
    (void)pthread_mutex_destroy(&guard->lock);
    free(guard->coming);
    free(guard);
}

struct http_guard *http_guard_create(const struct http_guard_options *options, struct error *err)
{
    struct http_guard *guard = calloc(1, sizeof(*guard));
    unsigned conditions = 0;

    if (guard == NULL || pthread_mutex_init(&guard->lock, NULL) != 0) {
        free(guard);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server's connections");
        return NULL;
    }
    guard->options = *options;
    fill_in(&guard->options);
    if (!make_parts(guard, &conditions, err)) {
        free_parts(guard, conditions);
        return NULL;
    }
    return guard;
}

void http_guard_free(struct http_guard *guard)
{
    if (guard == NULL) return;
    (void)pthread_mutex_lock(&guard->lock);
    guard->ending = true;
    (void)pthread_cond_signal(&guard->changed);
    (void)pthread_mutex_unlock(&guard->lock);
    thread_join(guard->thread);
    free_parts(guard, 2);
}
