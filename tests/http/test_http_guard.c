/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <string.h>

#include "http/http_guard.h"
#include "platform/clock.h"
#include "platform/socket_io.h"

#define SECOND_US INT64_C(1000000)
#define HOST "Host: test\r\n"
#define GET_PLAIN "GET /p?p HTTP/1.1\r\n" HOST "\r\n"
#define GET_BLOCK "GET /block?b HTTP/1.1\r\n" HOST "\r\n"

static struct ip_address address_of(const char *text)
{
    struct ip_address address;
    struct error err = ERROR_INIT;

    assert_true(ip_address_parse(bytes_of_text(text), &address, &err));
    return address;
}

static struct http_guard *guard_of(unsigned connections, unsigned per_address,
                                   uint64_t answer_bytes)
{
    const struct http_guard_options options = { .connections = connections,
                                                .per_address = per_address,
                                                .idle_seconds = 3000,
                                                .head_seconds = 3000,
                                                .grace_seconds = 3000,
                                                .answer_bytes = answer_bytes };
    struct error err = ERROR_INIT;
    struct http_guard *guard = NULL;

    assert_done(sockets_start(&err), &err, "sockets");
    guard = http_guard_create(&options, &err);
    assert_non_null(guard);
    return guard;
}

/* Numbers that no socket has. */
static socket_handle no_socket(size_t i)
{
    return -2 - (socket_handle)i;
}

static bool admit(struct http_guard *guard, const struct ip_address *peer)
{
    return http_guard_admit(guard, no_socket(0), peer);
}

/* Connections without a socket: cutting one shows in `cut`. */
static void open_one(struct http_guard *guard, struct http_guarded *c, const char *address)
{
    const struct http_guard_arrival arrival = {
        .socket = no_socket(0), .peer = address_of(address), .listener = guard, .connection = c
    };

    http_guard_open(guard, c, &arrival);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void guard_look__each_phase__cut_at_its_end(void **state)
{
    static const struct {
        enum http_phase phase;
        uint64_t bytes;
        int64_t seconds; /* 0: never */
    } phases[] = {
        { HTTP_PHASE_IDLE, 0, 3000 },   { HTTP_PHASE_HEAD, 0, 3000 },
        { HTTP_PHASE_BODY, 0, 3000 },   { HTTP_PHASE_BODY, 100 * LIMIT_BODY_RATE, 3100 },
        { HTTP_PHASE_ANSWER, 5, 3000 }, { HTTP_PHASE_ANSWER, 100 * LIMIT_ANSWER_RATE, 3100 },
        { HTTP_PHASE_WORK, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        struct http_guard *guard = guard_of(10, 0, 0);
        int64_t now_us = clock_monotonic_us();
        struct http_guarded c;

        open_one(guard, &c, "192.0.2.1");
        if (phases[i].phase == HTTP_PHASE_BODY) { /* in pieces, as it comes */
            http_guard_phase(guard, &c, HTTP_PHASE_BODY, 0);
            http_guard_moved(guard, &c, phases[i].bytes / 2);
            http_guard_moved(guard, &c, phases[i].bytes / 2);
        } else {
            http_guard_phase(guard, &c, phases[i].phase, phases[i].bytes);
        }
        http_guard_look(guard, now_us + (phases[i].seconds - 1) * SECOND_US);
        assert_false(c.cut);
        http_guard_look(guard, now_us + (phases[i].seconds + 10) * SECOND_US);
        assert_int_equal(c.cut, phases[i].seconds != 0);
        http_guard_look(guard, now_us + 100000 * SECOND_US);
        assert_int_equal(http_guard_cut_total(guard), phases[i].seconds != 0 ? 1 : 0);
        http_guard_close(guard, &c);
        http_guard_free(guard);
    }
}

/* ---- room ------------------------------------------------------------------------------------ */

/* Each is older than the one behind it, by a tenth of a second. */
static void age(struct http_guarded *c, size_t count, int64_t us)
{
    for (size_t i = 0; i < count; i++) {
        c[i].since_us -= us + (int64_t)(count - i) * SECOND_US / 10;
    }
}

static void guard_admit__full__who_wastes_most_goes(void **state)
{
    struct http_guard *guard = guard_of(4, 0, 0);
    const struct ip_address peer = address_of("192.0.2.9");
    struct http_guarded c[6];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(admit(guard, &peer));
        open_one(guard, &c[i], "192.0.2.1");
    }
    http_guard_phase(guard, &c[0], HTTP_PHASE_WORK, 0);
    http_guard_phase(guard, &c[1], HTTP_PHASE_BODY, 0);
    age(c, 4, 10 * SECOND_US);
    http_guard_moved(guard, &c[1], 9 * LIMIT_BODY_RATE); /* a body that comes well enough */
    assert_null(http_guard_take_cut(guard, guard));
    assert_true(admit(guard, &peer));
    assert_true(c[2].cut);
    assert_null(http_guard_take_cut(guard, &peer)); /* of another listener */
    assert_ptr_equal(http_guard_take_cut(guard, guard), &c[2]);
    assert_null(http_guard_take_cut(guard, guard));
    open_one(guard, &c[4], "192.0.2.1");
    http_guard_phase(guard, &c[3], HTTP_PHASE_WORK, 0);
    assert_true(admit(guard, &peer)); /* one works, one has only just come */
    assert_true(c[1].cut);
    assert_false(c[4].cut);
    open_one(guard, &c[5], "192.0.2.1");
    http_guard_phase(guard, &c[4], HTTP_PHASE_WORK, 0);
    http_guard_phase(guard, &c[5], HTTP_PHASE_ANSWER, 5000);
    assert_false(admit(guard, &peer)); /* three work, one has just got its answer */
    c[5].since_us -= 2 * SECOND_US;
    assert_true(admit(guard, &peer)); /* which it does not take */
    assert_true(c[5].cut);
    for (size_t i = 0; i < 6; i++) {
        http_guard_close(guard, &c[i]);
    }
    http_guard_free(guard);
}

static void guard_admit__cut_ones_never_leave__bounded(void **state)
{
    enum { MOST = 4 + HTTP_GUARD_LEAVING };
    struct http_guard *guard = guard_of(4, 0, 0);
    const struct ip_address peer = address_of("192.0.2.9");
    struct http_guarded c[MOST];

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        assert_true(admit(guard, &peer));
        open_one(guard, &c[i], "192.0.2.1");
    }
    assert_false(admit(guard, &peer));
    for (size_t i = 0; i < MOST; i++) {
        http_guard_close(guard, &c[i]);
    }
    assert_true(admit(guard, &peer));
    http_guard_free(guard);
}

/* Who was admitted holds a place from then on, though libmicrohttpd has not begun with it. */
static void guard_admit__admitted_not_opened__counted(void **state)
{
    enum { MOST = 4 };
    struct http_guard *guard = guard_of(MOST, 0, 0);
    const struct ip_address peer = address_of("192.0.2.9");
    struct http_guarded c;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        assert_true(http_guard_admit(guard, no_socket(i), &peer));
    }
    assert_int_equal(http_guard_coming(guard), MOST);
    assert_false(http_guard_admit(guard, no_socket(MOST), &peer)); /* nobody can say who goes */
    http_guard_withdraw(guard, no_socket(1));
    assert_true(http_guard_admit(guard, no_socket(MOST), &peer));
    /* the number of one whose end nobody told of: its place is the new one's */
    assert_true(http_guard_admit(guard, no_socket(2), &peer));
    assert_int_equal(http_guard_coming(guard), MOST);
    open_one(guard, &c, "192.0.2.9"); /* number 0 */
    assert_int_equal(http_guard_coming(guard), MOST - 1);
    assert_true(http_guard_admit(guard, no_socket(MOST + 1), &peer));
    assert_true(c.cut);
    http_guard_close(guard, &c);
    http_guard_free(guard);
}

static void guard_admit__admitted_not_opened__counted_for_its_address(void **state)
{
    struct http_guard *guard = guard_of(10, 1, 0);
    const struct ip_address peer = address_of("192.0.2.1");
    const struct ip_address other = address_of("192.0.2.2");

    (void)state;
    assert_true(http_guard_admit(guard, no_socket(0), &peer));
    assert_false(http_guard_admit(guard, no_socket(1), &peer));
    assert_true(http_guard_admit(guard, no_socket(1), &other));
    http_guard_free(guard);
}

struct patient {
    struct http_guard *guard;
    struct ip_address peer;
    bool admitted;
};

static void *be_patient(void *context)
{
    struct patient *patient = context;

    patient->admitted = http_guard_admit_patiently(patient->guard, no_socket(100), &patient->peer);
    return NULL;
}

/*
 * Full, and somebody is about to leave: whoever comes waits for that, and no longer. Whether one or
 * all of them leave: of several he waits for a moment longer.
 */
static void guard_admit_patiently__somebody_leaves__admitted(void **state)
{
    enum { MOST = 2 + HTTP_GUARD_LEAVING };
    static const unsigned leaving[] = { 1, MOST,
                                        0 }; /* the last one: nobody, and the server stops */
    struct patient patient = { .guard = guard_of(2, 0, 0), .peer = address_of("192.0.2.9") };
    struct http_guarded c[MOST];
    struct error err = ERROR_INIT;
    pthread_t thread;

    (void)state;
    for (size_t round = 0; round < sizeof(leaving) / sizeof(leaving[0]); round++) {
        for (size_t i = 0; i < MOST; i++) {
            assert_true(admit(patient.guard, &patient.peer));
            open_one(patient.guard, &c[i], "192.0.2.1");
        }
        assert_done(thread_start(&thread, "patient", be_patient, &patient, &err), &err, "");
        thread_pause_ms(20);
        for (size_t i = 0; i < leaving[round]; i++) {
            http_guard_close(patient.guard, &c[i]);
        }
        if (leaving[round] == 0) {
            http_guard_end_patience(patient.guard);
        }
        thread_join(thread);
        assert_int_equal(patient.admitted, leaving[round] > 0);
        http_guard_withdraw(patient.guard, no_socket(100));
        for (size_t i = leaving[round]; i < MOST; i++) {
            http_guard_close(patient.guard, &c[i]);
        }
    }
    http_guard_free(patient.guard);
}

/* One client of IPv6 has a /64 for itself. */
static void guard_admit__of_one_address__by_prefix(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        bool same;
    } pairs[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
        { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct http_guard *guard = guard_of(10, 1, 0);
        struct ip_address second = address_of(pairs[i].second);
        struct http_guarded c;

        open_one(guard, &c, pairs[i].first);
        assert_true(admit(guard, &second));
        assert_int_equal(c.cut, pairs[i].same);
        http_guard_withdraw(guard, no_socket(0));
        http_guard_close(guard, &c);
        open_one(guard, &c, pairs[i].first);
        http_guard_phase(guard, &c, HTTP_PHASE_WORK, 0);
        assert_int_equal(admit(guard, &second), !pairs[i].same);
        http_guard_close(guard, &c);
        http_guard_free(guard);
    }
}

static void guard_phase__answers_nobody_takes__bounded(void **state)
{
    struct http_guard *guard = guard_of(10, 0, 1000);
    struct http_guarded c[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        open_one(guard, &c[i], "192.0.2.1");
    }
    http_guard_phase(guard, &c[0], HTTP_PHASE_ANSWER, 600);
    http_guard_phase(guard, &c[1], HTTP_PHASE_ANSWER, 600);
    assert_false(c[0].cut); /* too young to be called slow */
    for (size_t i = 0; i < 4; i++) {
        c[i].since_us -= 2 * SECOND_US;
    }
    http_guard_phase(guard, &c[2], HTTP_PHASE_ANSWER, 300);
    assert_true(c[0].cut);
    assert_false(c[1].cut);
    http_guard_close(guard, &c[0]);
    http_guard_phase(guard, &c[2], HTTP_PHASE_IDLE, 0); /* taken */
    http_guard_phase(guard, &c[3], HTTP_PHASE_ANSWER, 400);
    assert_false(c[1].cut);
    for (size_t i = 1; i < 4; i++) {
        http_guard_close(guard, &c[i]);
    }
    http_guard_free(guard);
}

/* ---- a server that is attacked --------------------------------------------------------------- */

/* A byte now and then keeps no connection: each phase has its own end. */
static const struct slow_client {
    const char *name;
    const char *begin;
    const char *again; /* every 20 ms */
} slow_clients[] = {
    { "silent", "", "" },
    { "empty lines", "", "\r\n" },
    { "method", "", "G" },
    { "request line", "GET /p?", "a" },
    { "many headers", "GET /p HTTP/1.1\r\n", "X-A: b\r\n" },
    { "one header", "GET /p HTTP/1.1\r\nX-A: ", "a" },
    { "body", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n", "a" },
    { "body nobody wants", "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n", "a" },
    { "chunks", "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n" },
    { "chunk extension", "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5;", "a" },
    { "after a request", GET_PLAIN, "" },
};
#define SLOW_CLIENTS (sizeof(slow_clients) / sizeof(slow_clients[0]))

/* Read what is there and throw it away; true: the server has closed. */
static bool has_ended(struct raw_client *client)
{
    struct socket_poll *poll = socket_poll_create(1);
    uint8_t piece[4096];
    bool ended = false;
    size_t got = 0;

    assert_non_null(poll);
    socket_poll_add(poll, raw_client_socket(client), SOCKET_POLL_READ);
    socket_poll_wait(poll, 0);
    if (socket_poll_events(poll, 0) != 0) {
        ended = socket_receive(raw_client_socket(client), piece, sizeof(piece), &got)
                == SOCKET_IO_ENDED;
    }
    socket_poll_free(poll);
    return ended;
}

static void http_server__slow_in_each_phase__closed_in_time(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *clients[SLOW_CLIENTS] = { NULL };
    int64_t begin_us = clock_monotonic_us();
    struct http_server_stats stats;
    struct world world;
    size_t open = SLOW_CLIENTS;

    (void)state;
    options.idle_seconds = 1;
    options.head_seconds = 1;
    options.grace_seconds = 1;
    world_create(&world, &options);
    for (size_t i = 0; i < SLOW_CLIENTS; i++) {
        clients[i] = world_connect(&world);
        assert_true(raw_client_send_text(clients[i], slow_clients[i].begin));
    }
    while (open > 0) {
        for (size_t i = 0; i < SLOW_CLIENTS; i++) {
            if (clients[i] == NULL) continue;
            (void)!raw_client_send_text(clients[i], slow_clients[i].again);
            if (has_ended(clients[i])) {
                raw_client_close(clients[i]);
                clients[i] = NULL;
                open--;
            } else if (clock_monotonic_us() - begin_us > 10 * SECOND_US) {
                fail_msg("case \"%s\" is still open", slow_clients[i].name);
            }
        }
        thread_pause_ms(20);
    }
    assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    http_server_get_stats(world.server, &stats);
    assert_true(stats.cut >= 8); /* the others libmicrohttpd may have ended by itself */
    world_destroy(&world);
}

static void http_server__body_at_the_rate__is_waited_for(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    int64_t begin_us = clock_monotonic_us();
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    options.grace_seconds = 1;
    world_create(&world, &options);
    client = world_connect(&world);
    assert_true(
        raw_client_send_text(client, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2000\r\n\r\n"));
    for (unsigned i = 0; i < 20; i++) { /* 100 bytes every 80 ms: more than 500 a second */
        char piece[100];

        memset(piece, 'a', sizeof(piece));
        assert_true(raw_client_send(client, bytes_of(piece, sizeof(piece))));
        thread_pause_ms(80);
    }
    assert_true(clock_monotonic_us() - begin_us > SECOND_US);
    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.len, 2000);
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* Twice as many connections that say nothing as there may be, and somebody who asks. */
static void http_server__silent_crowd__others_are_served(void **state)
{
    enum { CROWD = 200 };
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *crowd[CROWD];
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *blocked = NULL;
    struct http_server_stats stats;
    struct world world;

    (void)state;
    options.connections = 100;
    world_create(&world, &options);
    blocked = world_connect(&world);
    assert_true(raw_client_send_text(blocked, GET_BLOCK));
    world_wait_inside(&world, 1);
    for (size_t i = 0; i < CROWD; i++) {
        if (i == 90) {
            thread_pause_ms(1100); /* on Windows who has been silent for less does not go at once */
        }
        crowd[i] = world_connect(&world);
        (void)!raw_client_send_text(crowd[i], i % 2 == 0 ? "" : "GET /p HTTP/1.1\r\nX: ");
        if (i % 20 == 19) {
            int64_t begin_us = clock_monotonic_us();

            assert_int_equal(world_ask(&world, GET_PLAIN), 200);
            assert_true(clock_monotonic_us() - begin_us < 5 * SECOND_US);
        }
    }
    http_server_get_stats(world.server, &stats);
    assert_true(stats.connections <= 100 + HTTP_GUARD_LEAVING);
    assert_true(stats.cut >= CROWD - 100);
    world_open_gate(&world);
    assert_true(raw_client_receive(blocked, true, &response)); /* it was never in danger */
    assert_int_equal(response.status, 200);
    for (size_t i = 0; i < CROWD; i++) {
        raw_client_close(crowd[i]);
    }
    raw_client_close(blocked);
    raw_response_clear(&response);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_look__each_phase__cut_at_its_end),
        cmocka_unit_test(guard_admit__full__who_wastes_most_goes),
        cmocka_unit_test(guard_admit__cut_ones_never_leave__bounded),
        cmocka_unit_test(guard_admit__admitted_not_opened__counted),
        cmocka_unit_test(guard_admit__admitted_not_opened__counted_for_its_address),
        cmocka_unit_test(guard_admit_patiently__somebody_leaves__admitted),
        cmocka_unit_test(guard_admit__of_one_address__by_prefix),
        cmocka_unit_test(guard_phase__answers_nobody_takes__bounded),
        cmocka_unit_test(http_server__slow_in_each_phase__closed_in_time),
        cmocka_unit_test(http_server__body_at_the_rate__is_waited_for),
        cmocka_unit_test(http_server__silent_crowd__others_are_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
