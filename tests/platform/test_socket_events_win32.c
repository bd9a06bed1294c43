/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the system tells what happens to sockets: once, again after they were used, each to its
 *           own group.
 * Not here: who serves them so (http/test_http_server*.c).
 * Owns:     nothing.
 * Threads:  one waits, one wakes it.
 * Spec:     Winsock 2: WSAEventSelect.
 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "platform/socket_events.h"
#include "platform/threads.h"

#define PATIENCE_MS 20000
#define SHORT_MS 50
#define PIECE 65536u

struct watched {
    socket_handle ends[2]; /* ours, the other side's */
    unsigned group;
};

static int start(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(sockets_start(&err), &err, "");
    return 0;
}

static void open_pair(struct socket_events *events, struct watched *w)
{
    struct error err = ERROR_INIT;

    assert_done(socket_pair(w->ends, &err), &err, "");
    assert_true(socket_events_add(events, w->ends[0], &w->group));
}

static void close_pair(struct socket_events *events, struct watched *w)
{
    socket_events_remove(events, w->ends[0], w->group);
    socket_close(w->ends[0]);
    socket_close(w->ends[1]);
}

static void say(socket_handle s)
{
    size_t sent = 0;

    assert_int_equal(socket_send(s, bytes_of("x", 1), &sent), SOCKET_IO_DONE);
}

static void hear(socket_handle s)
{
    char one = 0;
    size_t got = 0;

    assert_int_equal(socket_receive(s, &one, 1, &got), SOCKET_IO_DONE);
}

static void expect_event(struct socket_events *events, const struct watched *w, unsigned what)
{
    assert_true((socket_events_wait(events, PATIENCE_MS) >> w->group & 1u) != 0);
    assert_int_equal(socket_events_take(w->ends[0]) & what, what);
}

static void read__data__told_once_and_again_after_reading(void **state)
{
    struct socket_events *events = socket_events_create();
    struct watched w;

    (void)state;
    assert_non_null(events);
    open_pair(events, &w);
    assert_int_equal(socket_events_wait(events, 0), 0);
    say(w.ends[1]);
    say(w.ends[1]);
    expect_event(events, &w, SOCKET_POLL_READ);
    hear(w.ends[0]); /* one of two: the other one is told of */
    expect_event(events, &w, SOCKET_POLL_READ);
    hear(w.ends[0]);
    assert_int_equal(socket_events_wait(events, SHORT_MS), 0);
    say(w.ends[1]);
    expect_event(events, &w, SOCKET_POLL_READ);
    close_pair(events, &w);
    socket_events_free(events);
}

static void read__data_before_add__told(void **state)
{
    struct socket_events *events = socket_events_create();
    struct error err = ERROR_INIT;
    struct watched w;

    (void)state;
    assert_done(socket_pair(w.ends, &err), &err, "");
    say(w.ends[1]);
    assert_true(socket_events_add(events, w.ends[0], &w.group));
    expect_event(events, &w, SOCKET_POLL_READ);
    close_pair(events, &w);
    socket_events_free(events);
}

static void end__other_side_closes__told_behind_data(void **state)
{
    struct socket_events *events = socket_events_create();
    unsigned happened = 0;
    char rest[8];
    size_t got = 0;
    struct watched w;

    (void)state;
    open_pair(events, &w);
    say(w.ends[1]);
    socket_close(w.ends[1]);
    w.ends[1] = SOCKET_HANDLE_NONE;
    while ((happened & SOCKET_EVENTS_END) == 0) {
        assert_true((socket_events_wait(events, PATIENCE_MS) >> w.group & 1u) != 0);
        happened |= socket_events_take(w.ends[0]);
        if ((happened & SOCKET_POLL_READ) != 0) {
            (void)socket_receive(w.ends[0], rest, sizeof(rest), &got);
        }
    }
    close_pair(events, &w);
    socket_events_free(events);
}

/* How much goes until it would block. */
static void fill(socket_handle s)
{
    static const char piece[PIECE];
    size_t sent = 0;

    while (socket_send(s, bytes_of(piece, sizeof(piece)), &sent) == SOCKET_IO_DONE) {
    }
}

static void drain(socket_handle s)
{
    static char piece[PIECE];
    size_t got = 0;

    while (socket_receive(s, piece, sizeof(piece), &got) == SOCKET_IO_DONE) {
    }
}

static void write__full_then_room__told(void **state)
{
    struct socket_events *events = socket_events_create();
    uint64_t happened = 0;
    struct watched w;

    (void)state;
    open_pair(events, &w);
    assert_false(socket_events_full(events, w.ends[0], w.group));
    fill(w.ends[0]);
    assert_true(socket_events_full(events, w.ends[0], w.group));
    (void)socket_events_wait(events, 0); /* it could be written to when that was asked first */
    (void)socket_events_take(w.ends[0]);
    for (int i = 0; i < PATIENCE_MS / SHORT_MS && happened == 0; i++) {
        drain(w.ends[1]);
        happened = socket_events_wait(events, SHORT_MS);
    }
    assert_true((happened >> w.group & 1u) != 0);
    assert_int_equal(socket_events_take(w.ends[0]) & SOCKET_POLL_WRITE, SOCKET_POLL_WRITE);
    close_pair(events, &w);
    socket_events_free(events);
}

static void groups__more_sockets_than_events__each_found(void **state)
{
    struct socket_events *events = socket_events_create();
    struct watched w[SOCKET_EVENT_GROUPS + 10];
    const size_t count = sizeof(w) / sizeof(w[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        open_pair(events, &w[i]);
        assert_true(w[i].group < SOCKET_EVENT_GROUPS);
    }
    for (size_t i = 0; i < count; i++) {
        say(w[i].ends[1]);
        expect_event(events, &w[i], SOCKET_POLL_READ);
        hear(w[i].ends[0]);
    }
    for (size_t i = 0; i < count; i++) {
        close_pair(events, &w[i]);
    }
    socket_events_free(events);
}

/* Each of some that always have something to say has its turn. */
static void wait__busy_sockets__nobody_left_out(void **state)
{
    struct socket_events *events = socket_events_create();
    struct watched w[3];
    unsigned seen[3] = { 0, 0, 0 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_pair(events, &w[i]);
        say(w[i].ends[1]);
    }
    for (int round = 0; round < 12; round++) {
        uint64_t happened = socket_events_wait(events, PATIENCE_MS);

        assert_true(happened != 0);
        for (size_t i = 0; i < 3; i++) {
            if ((happened >> w[i].group & 1u) != 0) {
                seen[i]++;
                (void)socket_events_take(w[i].ends[0]);
                hear(w[i].ends[0]);
                say(w[i].ends[1]);
            }
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(seen[i] >= 3);
        close_pair(events, &w[i]);
    }
    socket_events_free(events);
}

static void *wake_it(void *context)
{
    socket_events_wake(context);
    return NULL;
}

static void wake__before_and_during_wait__goes_on(void **state)
{
    struct socket_events *events = socket_events_create();
    struct error err = ERROR_INIT;
    pthread_t thread;

    (void)state;
    socket_events_wake(events);
    assert_int_equal(socket_events_wait(events, -1), 0);
    assert_done(thread_start(&thread, "waker", wake_it, events, &err), &err, "");
    assert_int_equal(socket_events_wait(events, -1), 0);
    thread_join(thread);
    socket_events_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__data__told_once_and_again_after_reading),
        cmocka_unit_test(read__data_before_add__told),
        cmocka_unit_test(end__other_side_closes__told_behind_data),
        cmocka_unit_test(write__full_then_room__told),
        cmocka_unit_test(groups__more_sockets_than_events__each_found),
        cmocka_unit_test(wait__busy_sockets__nobody_left_out),
        cmocka_unit_test(wake__before_and_during_wait__goes_on),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
