/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_loop.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <microhttpd.h>

#include "platform/clock.h"
#include "platform/socket_events.h"
#include "platform/threads.h"

#define TABLE 1024u /* a power of two */
/*
 * An answer takes three rounds: headers, body, the end. Who still wants to write after these waits
 * to be told that there is room.
 */
#define WRITES_AT_ONCE 4u
#define LOOK_MS 1000 /* how often is looked for what nobody has told of */
#define LOOKS_AT_ONCE 256u
#define US_PER_MS 1000
/* So many rounds go to those who are known, then others are listened to. */
#define BUSY_ROUNDS 8u
#define READERS_MOST 32u /* in a round; a power of two */

struct http_loop {
    struct http_loop_options options; /* constant */
    struct socket_events *events;
    pthread_t thread;
    bool started;
    atomic_bool ending;
    /* of the loop's thread */
    struct http_watched *table[TABLE]; /* by socket */
    struct http_watched *group[SOCKET_EVENT_GROUPS];
    u_int readers_most; /* in the next round */
    bool broke_off;     /* this round, before everybody was looked at */
    bool suspended;     /* in this round somebody was */
    u_int next_reader;  /* becomes the first one: everybody has its turn */
    u_int first_reader; /* in wants_read: where the next round begins to look */
    int64_t looked_us;  /* when was looked for what nobody has told of, and where next */
    u_int looked;
    fd_set *wants_read; /* these three have room for options.sockets */
    fd_set *wants_write;
    fd_set *reads;
    fd_set *writes;
};

/* ---- sets of sockets; Windows has lists ------------------------------------------------------ */

static fd_set *set_create(unsigned sockets)
{
    return calloc(1, offsetof(fd_set, fd_array) + (size_t)sockets * sizeof(SOCKET));
}

static void set_add(fd_set *set, socket_handle socket)
{
    set->fd_array[set->fd_count++] = (SOCKET)socket;
}

/* ---- who is watched -------------------------------------------------------------------------- */

static struct http_watched **row_of(struct http_loop *loop, socket_handle socket)
{
    return &loop->table[((uintptr_t)socket >> 2) % TABLE]; /* handles are multiples of four */
}

static struct http_watched *find(struct http_loop *loop, socket_handle socket)
{
    struct http_watched *w = *row_of(loop, socket);

    while (w != NULL && w->socket != socket) {
        w = w->next;
    }
    return w;
}

bool http_loop_watch(struct http_loop *loop, struct http_watched *w, socket_handle socket)
{
    struct http_watched **row = row_of(loop, socket);

    *w = (struct http_watched){ .socket = socket, .next = *row };
    if (!socket_events_add(loop->events, socket, &w->group)) return false;
    w->sibling = loop->group[w->group];
    loop->group[w->group] = w;
    *row = w;
    return true;
}

void http_loop_unwatch(struct http_loop *loop, struct http_watched *w)
{
    struct http_watched **at = row_of(loop, w->socket);
    struct http_watched **in_group = &loop->group[w->group];

    loop->broke_off = true;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    while (*in_group != w) {
        in_group = &(*in_group)->sibling;
    }
    *in_group = w->sibling;
    socket_events_remove(loop->events, w->socket, w->group);
}

void http_loop_suspended(struct http_loop *loop, const struct http_watched *w)
{
    bool is_only_reader =
        loop->reads->fd_count == 1 && loop->reads->fd_array[0] == (SOCKET)w->socket;

    loop->suspended = true;
    loop->broke_off = loop->broke_off || !is_only_reader;
}

void http_loop_written(struct http_watched *w)
{
    w->writes = 0;
}

void http_loop_shut(struct http_watched *w)
{
    w->readable = true;
    w->ended = true;
    w->full = false;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void take(struct http_watched *w)
{
    unsigned happened = socket_events_take(w->socket);

    w->untold = false;
    w->readable = w->readable || (happened & SOCKET_POLL_READ) != 0;
    w->ended = w->ended || (happened & SOCKET_EVENTS_END) != 0;
    w->full = w->full && (happened & SOCKET_POLL_WRITE) == 0;
}

/* Who has something to read already, and waits for its turn, is asked when it has read. */
static void take_events(struct http_loop *loop, uint64_t groups)
{
    for (unsigned group = 0; groups >> group != 0; group++) {
        struct http_watched *w = (groups >> group & 1u) != 0 ? loop->group[group] : NULL;

        for (; w != NULL; w = w->sibling) {
            w->untold = true;
            if (!w->readable || w->full) {
                take(w);
            }
        }
    }
}

/* What each connection wants from its socket. Who wants nothing is not asked for errors either. */
static void ask(struct http_loop *loop)
{
    loop->wants_read->fd_count = 0;
    loop->wants_write->fd_count = 0;
    (void)MHD_get_fdset2(loop->options.daemon, loop->wants_read, loop->wants_write, NULL, NULL,
                         loop->options.sockets);
}

/*
 * Of these, who can have it. libmicrohttpd breaks a round off when a connection is suspended or
 * ends, and each that may not have been looked at has to be asked afterwards whether it has read:
 * as long as that happens one reads in a round, else more and more.
 */
static void choose(struct http_loop *loop)
{
    u_int count = loop->wants_read->fd_count;

    loop->reads->fd_count = 0;
    loop->writes->fd_count = 0;
    for (u_int i = 0; i < count && loop->reads->fd_count < loop->readers_most; i++) {
        u_int at = (loop->first_reader + i) % count;
        struct http_watched *w = find(loop, (socket_handle)loop->wants_read->fd_array[at]);

        if (w != NULL && w->readable) {
            set_add(loop->reads, w->socket);
            loop->next_reader = at + 1;
        }
    }
    for (u_int i = 0; i < loop->wants_write->fd_count; i++) {
        struct http_watched *w = find(loop, (socket_handle)loop->wants_write->fd_array[i]);

        if (w != NULL && !w->full) {
            set_add(loop->writes, w->socket);
        }
    }
}

static bool nothing_to_do(const struct http_loop *loop)
{
    return loop->reads->fd_count == 0 && loop->writes->fd_count == 0;
}

/* -1: as long as it takes. */
static int64_t time_left(struct http_loop *loop)
{
    uint64_t ms = 0;

    if (MHD_get_timeout64(loop->options.daemon, &ms) != MHD_YES) return -1;
    return ms < INT64_MAX ? (int64_t)ms : INT64_MAX;
}

/* What the system has told of once it does not tell again before it was read. */
static void note_reads(struct http_loop *loop)
{
    for (u_int i = 0; i < loop->reads->fd_count; i++) {
        struct http_watched *w = find(loop, (socket_handle)loop->reads->fd_array[i]);

        if (w != NULL) {
            w->writes = 0;
            w->readable = w->ended || (loop->broke_off && socket_events_unread(w->socket));
            if (!w->readable && w->untold) {
                take(w);
            }
        }
    }
    if (loop->broke_off || loop->suspended) {
        loop->readers_most = 1;
    } else if (loop->readers_most < READERS_MOST) {
        loop->readers_most *= 2;
    }
    loop->first_reader = loop->next_reader;
}

/*
 * Whoever has written for some rounds and is not done waits until the system says that there is
 * room.
 */
static void note_writes(struct http_loop *loop)
{
    for (u_int i = 0; i < loop->writes->fd_count; i++) {
        struct http_watched *w = find(loop, (socket_handle)loop->writes->fd_array[i]);

        if (w != NULL && ++w->writes > WRITES_AT_ONCE) {
            w->writes = 0;
            w->full = socket_events_full(loop->events, w->socket, w->group);
        }
    }
}

static void look_for_room(struct http_loop *loop)
{
    for (u_int i = 0; i < loop->wants_write->fd_count; i++) {
        struct http_watched *w = find(loop, (socket_handle)loop->wants_write->fd_array[i]);

        if (w != NULL && w->full) {
            w->full = socket_events_full(loop->events, w->socket, w->group);
        }
    }
}

/* Under Wine a thread is not woken now and then, and some clients say nothing a second time. */
static void look_for_unread(struct http_loop *loop)
{
    u_int count = loop->wants_read->fd_count;

    for (u_int i = 0; i < count && i < LOOKS_AT_ONCE; i++) {
        struct http_watched *w =
            find(loop, (socket_handle)loop->wants_read->fd_array[(loop->looked + i) % count]);

        if (w != NULL && !w->readable) {
            w->readable = socket_events_unread(w->socket);
        }
    }
    loop->looked += LOOKS_AT_ONCE;
}

/* At most left_ms, unless -1; also when nothing is to be waited for, others are to be heard. */
static void wait_for_some(struct http_loop *loop, int64_t left_ms)
{
    bool somebody = loop->wants_read->fd_count + loop->wants_write->fd_count > 0;
    bool cut_short = somebody && (left_ms < 0 || left_ms > LOOK_MS);

    take_events(loop, socket_events_wait(loop->events, cut_short ? LOOK_MS : left_ms));
    if (clock_monotonic_us() - loop->looked_us >= LOOK_MS * US_PER_MS) {
        loop->looked_us = clock_monotonic_us();
        look_for_room(loop);
        look_for_unread(loop);
    }
    choose(loop);
}

static void *run(void *context)
{
    struct http_loop *loop = context;
    unsigned unheard = 0; /* rounds in which nobody was listened to */

    while (!atomic_load(&loop->ending)) {
        int64_t left_ms = time_left(loop);

        ask(loop);
        choose(loop);
        if (nothing_to_do(loop) || ++unheard > BUSY_ROUNDS) {
            wait_for_some(loop, nothing_to_do(loop) ? left_ms : 0);
            unheard = 0;
        }
        if (loop->options.round != NULL) {
            loop->options.round(loop->options.context);
        }
        loop->broke_off = false;
        loop->suspended = false;
        (void)MHD_run_from_select2(loop->options.daemon, loop->reads, loop->writes, NULL,
                                   loop->options.sockets);
        note_reads(loop);
        note_writes(loop);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

unsigned http_loop_flags(void)
{
    /* MHD_ALLOW_SUSPEND_RESUME without the socket pair that would wake libmicrohttpd's thread */
    return (unsigned)MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC;
}

void http_loop_daemon_options(unsigned sockets, struct MHD_OptionItem *out)
{
    out[0] = (struct MHD_OptionItem){ MHD_OPTION_APP_FD_SETSIZE, (intptr_t)sockets, NULL };
    out[1] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static bool make_parts(struct http_loop *loop, struct error *err)
{
    unsigned sockets = loop->options.sockets;

    loop->wants_read = set_create(sockets);
    loop->wants_write = set_create(sockets);
    loop->reads = set_create(sockets);
    loop->writes = set_create(sockets);
    loop->events = socket_events_create();
    if (loop->wants_read == NULL || loop->wants_write == NULL || loop->reads == NULL
        || loop->writes == NULL || loop->events == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server's loop");
    }
    loop->started = thread_start(&loop->thread, "http", run, loop, err);
    return loop->started;
}

struct http_loop *http_loop_begin(const struct http_loop_options *options, struct error *err)
{
    struct http_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTP server's loop");
        return NULL;
    }
    loop->options = *options;
    loop->readers_most = 1;
    atomic_init(&loop->ending, false);
    if (!make_parts(loop, err)) {
        http_loop_free(loop);
        return NULL;
    }
    return loop;
}

void http_loop_end(struct http_loop *loop)
{
    if (loop == NULL || !loop->started) return;
    atomic_store(&loop->ending, true);
    socket_events_wake(loop->events);
    thread_join(loop->thread);
    loop->started = false;
}

void http_loop_free(struct http_loop *loop)
{
    if (loop == NULL) return;
    http_loop_end(loop);
    socket_events_free(loop->events);
    free(loop->wants_read);
    free(loop->wants_write);
    free(loop->reads);
    free(loop->writes);
    free(loop);
}

void http_loop_wake(struct http_loop *loop)
{
    if (loop != NULL) {
        socket_events_wake(loop->events);
    }
}
