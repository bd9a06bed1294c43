/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/clock.h"
#include "platform/socket_io.h"

#define PAIRS 50u
#define MORE_THAN_A_BUFFER 67108864u
#define PIECE 65536u
#define WAIT_MS 20000
#define US_PER_MS 1000

static int start(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(sockets_start(&err), &err, "");
    return 0;
}

static void make_pair(socket_handle ends[2])
{
    struct error err = ERROR_INIT;

    assert_done(socket_pair(ends, &err), &err, "");
    assert_true(ends[0] != SOCKET_HANDLE_NONE && ends[1] != SOCKET_HANDLE_NONE);
    assert_true(ends[0] != ends[1]);
}

static void close_pair(const socket_handle ends[2])
{
    socket_close(ends[0]);
    socket_close(ends[1]);
}

/* Until one of these events has come; the test fails when it does not. */
static void wait_for(socket_handle s, unsigned events)
{
    struct socket_poll *poll = socket_poll_create(1);

    assert_non_null(poll);
    socket_poll_add(poll, s, events);
    socket_poll_wait(poll, WAIT_MS);
    assert_int_not_equal(socket_poll_events(poll, 0), 0);
    socket_poll_free(poll);
}

static void expect_text(socket_handle s, const char *text)
{
    char got_text[64];
    size_t len = 0;
    size_t got = 0;

    while (len < strlen(text)) {
        wait_for(s, SOCKET_POLL_READ);
        assert_int_equal(socket_receive(s, got_text + len, sizeof(got_text) - len, &got),
                         SOCKET_IO_DONE);
        len += got;
    }
    assert_bytes_text(bytes_of(got_text, len), text);
}

static void send_text(socket_handle s, const char *text)
{
    size_t sent = 0;

    assert_int_equal(socket_send(s, bytes_of_text(text), &sent), SOCKET_IO_DONE);
    assert_int_equal(sent, strlen(text));
}

static void pair__both_ways__bytes_arrive(void **state)
{
    socket_handle ends[2];
    char byte = 0;
    size_t got = 1;

    (void)state;
    make_pair(ends);
    assert_int_equal(socket_receive(ends[0], &byte, 1, &got), SOCKET_IO_LATER);
    assert_int_equal(got, 0);
    send_text(ends[0], "there");
    expect_text(ends[1], "there");
    send_text(ends[1], "and back");
    expect_text(ends[0], "and back");
    close_pair(ends);
}

/* Each connection has its own two ends, however many there are. */
static void pair__many__not_mixed_up(void **state)
{
    static socket_handle ends[PAIRS][2];
    char text[2] = "";

    (void)state;
    for (unsigned i = 0; i < PAIRS; i++) {
        make_pair(ends[i]);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        text[0] = (char)('0' + i);
        send_text(ends[i][i % 2], text);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        text[0] = (char)('0' + i);
        expect_text(ends[i][1 - i % 2], text);
        close_pair(ends[i]);
    }
}

static void send__nobody_reads__later_and_then_on(void **state)
{
    static uint8_t piece[PIECE];
    enum socket_io result = SOCKET_IO_DONE;
    size_t in = 0;
    size_t out = 0;
    size_t count = 0;
    socket_handle ends[2];

    (void)state;
    make_pair(ends);
    while (in < MORE_THAN_A_BUFFER && result == SOCKET_IO_DONE) {
        result = socket_send(ends[0], bytes_of(piece, sizeof(piece)), &count);
        in += count;
    }
    assert_int_equal(result, SOCKET_IO_LATER);
    assert_int_equal(count, 0);
    while (out < in) {
        wait_for(ends[1], SOCKET_POLL_READ);
        assert_int_equal(socket_receive(ends[1], piece, sizeof(piece), &count), SOCKET_IO_DONE);
        out += count;
    }
    assert_int_equal(out, in);
    wait_for(ends[0], SOCKET_POLL_WRITE);
    send_text(ends[0], "on");
    expect_text(ends[1], "on");
    close_pair(ends);
}

static void end_sending__other_way_goes_on(void **state)
{
    socket_handle ends[2];
    char byte = 0;
    size_t got = 0;

    (void)state;
    make_pair(ends);
    send_text(ends[0], "last");
    socket_end_sending(ends[0]);
    expect_text(ends[1], "last");
    wait_for(ends[1], SOCKET_POLL_READ);
    assert_int_equal(socket_receive(ends[1], &byte, 1, &got), SOCKET_IO_ENDED);
    send_text(ends[1], "answer");
    expect_text(ends[0], "answer");
    close_pair(ends);
}

/* No signal ends the program either. */
static void send__other_side_closed__ended(void **state)
{
    enum socket_io result = SOCKET_IO_DONE;
    int64_t end_us = clock_monotonic_us() + (int64_t)WAIT_MS * US_PER_MS;
    socket_handle ends[2];
    size_t sent = 0;

    (void)state;
    make_pair(ends);
    socket_close(ends[1]);
    while (result == SOCKET_IO_DONE && clock_monotonic_us() < end_us) {
        result = socket_send(ends[0], bytes_of("x", 1), &sent); /* the first may still go */
    }
    assert_int_equal(result, SOCKET_IO_ENDED);
    socket_close(ends[0]);
}

static void accept__nobody_and_somebody__told_apart(void **state)
{
    const struct ip_address loopback = { .v6 = false, .octets = { 127, 0, 0, 1 } };
    struct ip_address address;
    struct error err = ERROR_INIT;
    socket_handle listening = SOCKET_HANDLE_NONE;
    socket_handle accepted = SOCKET_HANDLE_NONE;
    uint16_t port = 0;
    uint16_t bound = 0;

    (void)state;
    assert_done(socket_listen(&loopback, 0, 5, &listening, &bound, &err), &err, "");
    assert_true(socket_set_nonblocking(listening));
    assert_int_equal(socket_accept(listening, &accepted, &address, &port), SOCKET_IO_LATER);
    assert_true(accepted == SOCKET_HANDLE_NONE);
    assert_true(socket_local_address(listening, &address, &port));
    assert_true(ip_address_equal(&address, &loopback));
    assert_int_equal(port, bound);
    socket_close(listening);
    /* a handle that listens no more would make a loop spin if it said LATER */
    assert_int_equal(socket_accept(SOCKET_HANDLE_NONE, &accepted, &address, &port),
                     SOCKET_IO_ENDED);
    assert_false(socket_local_address(SOCKET_HANDLE_NONE, &address, &port));
}

static void poll__events__of_the_right_socket(void **state)
{
    struct socket_poll *poll = socket_poll_create(3);
    socket_handle quiet[2];
    socket_handle busy[2];

    (void)state;
    assert_non_null(poll);
    make_pair(quiet);
    make_pair(busy);
    send_text(busy[1], "x");
    wait_for(busy[0], SOCKET_POLL_READ);
    socket_poll_add(poll, quiet[0], SOCKET_POLL_READ);
    socket_poll_add(poll, busy[0], SOCKET_POLL_READ);
    socket_poll_add(poll, busy[0], SOCKET_POLL_READ | SOCKET_POLL_WRITE);
    socket_poll_add(poll, quiet[1], SOCKET_POLL_WRITE); /* one too many: not looked at */
    socket_poll_wait(poll, -1);
    assert_int_equal(socket_poll_events(poll, 0), 0);
    assert_int_equal(socket_poll_events(poll, 1), SOCKET_POLL_READ);
    assert_int_equal(socket_poll_events(poll, 2), SOCKET_POLL_READ | SOCKET_POLL_WRITE);
    assert_int_equal(socket_poll_events(poll, 3), 0);
    socket_poll_reset(poll);
    assert_int_equal(socket_poll_events(poll, 1), 0);
    close_pair(quiet);
    close_pair(busy);
    socket_poll_free(poll);
    socket_poll_free(NULL);
}

static void poll__nothing_happens__ends_in_time(void **state)
{
    struct socket_poll *poll = socket_poll_create(1);
    int64_t begin_us = clock_monotonic_us();
    socket_handle ends[2];

    (void)state;
    assert_non_null(poll);
    make_pair(ends);
    begin_us = clock_monotonic_us();
    socket_poll_add(poll, ends[0], SOCKET_POLL_READ);
    socket_poll_wait(poll, 50);
    assert_int_equal(socket_poll_events(poll, 0), 0);
    assert_true(clock_monotonic_us() - begin_us >= 40 * US_PER_MS); /* clocks differ a little */
    close_pair(ends);
    socket_poll_free(poll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair__both_ways__bytes_arrive),
        cmocka_unit_test(pair__many__not_mixed_up),
        cmocka_unit_test(send__nobody_reads__later_and_then_on),
        cmocka_unit_test(end_sending__other_way_goes_on),
        cmocka_unit_test(send__other_side_closed__ended),
        cmocka_unit_test(accept__nobody_and_somebody__told_apart),
        cmocka_unit_test(poll__events__of_the_right_socket),
        cmocka_unit_test(poll__nothing_happens__ends_in_time),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
