/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <string.h>

#include "platform/clock.h"

#define HOST "Host: test\r\n"
#define GET_BLOCK "GET /block?b HTTP/1.1\r\n" HOST "\r\n"
#define GET_PLAIN "GET /p?p HTTP/1.1\r\n" HOST "\r\n"
#define GET_CACHED "GET /cached HTTP/1.1\r\n" HOST "\r\n"
#define GRACE_MS 20000
#define LATE_MS 150 /* at least */
#define CLIENTS 20u
#define ROUNDS 25u
#define US_PER_MS 1000

static struct raw_client *connect_blocked(struct world *world, unsigned inside)
{
    struct raw_client *client = world_connect(world);

    assert_true(raw_client_send_text(client, GET_BLOCK));
    world_wait_inside(world, inside);
    return client;
}

static void expect(struct raw_client *client, int status, const char *body)
{
    struct raw_response response = RAW_RESPONSE_INIT;

    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, status);
    world_assert_complete(&response);
    if (body != NULL) {
        assert_bytes_text(buffer_bytes(&response.body), body);
    }
    raw_response_clear(&response);
}

/* Who has its answer is idle as soon as the server knows, too: so many requests run still. */
static void wait_answered(struct world *world, unsigned running)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)GRACE_MS * US_PER_MS;

    while (http_server_running(world->server) > running && clock_monotonic_us() < end_us) {
        thread_pause_ms(1);
    }
    assert_int_equal(http_server_running(world->server), running);
}

/* ---- full pool ------------------------------------------------------------------------------- */

/*
 * One thread is blocked and one place is left in the queue: of two further requests one waits and
 * one is refused. Which one is the server's choice.
 */
static void http_server__pool_full__503_with_retry_after(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *blocked = NULL;
    struct raw_client *rivals[2];
    struct http_server_stats stats;
    unsigned refused = 0;
    struct bytes value;
    struct world world;

    (void)state;
    options.threads = 1;
    options.queue = 1;
    world_create(&world, &options);
    blocked = connect_blocked(&world, 1);
    for (unsigned i = 0; i < 2; i++) {
        rivals[i] = world_connect(&world);
        assert_true(raw_client_send_text(rivals[i], GET_PLAIN));
    }
    world_wait_answered(&world, 1);
    assert_int_equal(world.seen[0].refused, REASON_SERVER_BUSY);
    http_server_get_stats(world.server, &stats);
    assert_int_equal(stats.busy_refused, 1);
    assert_int_equal(stats.accepted, 3);
    assert_int_equal(stats.connections, 3);
    assert_int_equal(stats.handshakes_failed, 0);
    world_open_gate(&world);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(raw_client_receive(rivals[i], true, &response));
        if (response.status == 503) {
            refused++;
            world_assert_complete(&response);
            assert_int_equal(raw_response_header(&response, "Retry-After", &value), 1);
            /* the connection lives on */
            world_exchange(rivals[i], GET_PLAIN, &response);
        }
        assert_int_equal(response.status, 200);
        raw_client_close(rivals[i]);
    }
    assert_int_equal(refused, 1);
    expect(blocked, 200, "b");
    raw_client_close(blocked);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* Four ask for what takes long, and two threads may do it: the other two serve everybody else. */
static void http_server__slow_ones_stand_still__others_served(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *slow[4];
    struct world world;

    (void)state;
    options.threads = 4;
    world_create(&world, &options);
    for (unsigned i = 0; i < 4; i++) {
        slow[i] = world_connect(&world);
        assert_true(raw_client_send_text(slow[i], "GET /slow-block?b HTTP/1.1\r\n" HOST "\r\n"));
    }
    world_wait_inside(&world, 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    }
    assert_int_equal(world.inside, 2);
    world_open_gate(&world);
    for (unsigned i = 0; i < 4; i++) {
        expect(slow[i], 200, "b");
        raw_client_close(slow[i]);
    }
    world_destroy(&world);
}

/* ---- clients that leave ---------------------------------------------------------------------- */

static void http_server__disconnect_while_handling__answered_and_forgotten(void **state)
{
    struct world world;

    (void)state;
    world_create(&world, NULL);
    raw_client_close(connect_blocked(&world, 1));
    raw_client_reset(connect_blocked(&world, 2));
    world_open_gate(&world);
    world_wait_answered(&world, 2);
    assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    world_destroy(&world);
}

static void http_server__disconnect_in_the_middle__next_one_served(void **state)
{
    static const char *const parts[] = {
        "",
        "GE",
        "GET /p?x HTTP/1.1\r\n",
        "GET /p?x HTTP/1.1\r\nHost",
        "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
        "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST /denied HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
    };
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct raw_client *client = world_connect(&world);

        assert_true(raw_client_send_text(client, parts[i]));
        if (i % 2 == 0) {
            raw_client_close(client);
        } else {
            raw_client_reset(client);
        }
        assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    }
    assert_int_equal(world_handled(&world), sizeof(parts) / sizeof(parts[0]));
    world_destroy(&world);
}

/* ---- many ------------------------------------------------------------------------------------ */

struct crowd_member {
    struct world *world;
    unsigned number;
    unsigned good;
};

/* No assertions here: cmocka's work on the test's thread only. */
static void *crowd_run(void *context)
{
    struct crowd_member *member = context;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct buffer request = BUFFER_INIT(65536);
    struct buffer body = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    struct raw_client *client = raw_client_connect(&member->world->address, member->world->port);

    for (unsigned i = 0; client != NULL && i < ROUNDS; i++) {
        buffer_reset(&request);
        buffer_reset(&body);
        if (buffer_printf(&body, &err, "%u of %u: %*u", i, member->number,
                          1 + (int)(i * 997 % 20000), i)
            && buffer_printf(&request, &err,
                             "POST /p HTTP/1.1\r\n" HOST "Content-Length: %lu\r\n\r\n%s",
                             (unsigned long)body.len, buffer_text(&body))
            && raw_client_send(client, buffer_bytes(&request))
            && raw_client_receive(client, true, &response) && response.status == 200
            && bytes_equal(buffer_bytes(&response.body), buffer_bytes(&body))) {
            member->good++;
        }
    }
    raw_client_close(client);
    raw_response_clear(&response);
    buffer_clear(&request);
    buffer_clear(&body);
    return NULL;
}

static void http_server__parallel_clients__each_gets_its_own_answers(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct crowd_member members[CLIENTS];
    pthread_t threads[CLIENTS];
    struct error err = ERROR_INIT;
    int64_t begin_us = 0;
    struct world world;

    (void)state;
    options.threads = 4;
    options.queue = CLIENTS;
    world_create(&world, &options);
    begin_us = clock_monotonic_us();
    for (unsigned i = 0; i < CLIENTS; i++) {
        members[i].world = &world;
        members[i].number = i;
        members[i].good = 0;
        assert_done(thread_start(&threads[i], "client", crowd_run, &members[i], &err), &err, "");
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        thread_join(threads[i]);
        assert_int_equal(members[i].good, ROUNDS);
    }
    print_message("%u requests of %u clients in %lu ms\n", CLIENTS * ROUNDS, CLIENTS,
                  (unsigned long)((clock_monotonic_us() - begin_us) / US_PER_MS));
    world_wait_answered(&world, CLIENTS * ROUNDS); /* told behind the answer */
    assert_int_equal(world_answered(&world), CLIENTS * ROUNDS);
    world_destroy(&world);
}

/* Over the total the connection is closed, on whichever listener. */
/* All listeners count together; who is being worked on stays. */
static void http_server__connections_over_total__idle_goes_else_closed(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *blocked = NULL;
    struct raw_client *idle = NULL;
    struct raw_client *second = NULL;
    struct raw_client *other = NULL;
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct world world;

    (void)state;
    options.connections = 2;
    world_create(&world, &options);
    listen = world_listen_options(&world, 0);
    assert_done(http_server_listen(world.server, &listen, &port, &err), &err, "second");
    blocked = connect_blocked(&world, 1);
    idle = world_connect(&world);
    assert_true(raw_client_send_text(idle, GET_CACHED));
    expect(idle, 200, "cached");
    wait_answered(&world, 1);
    second = raw_client_connect(&world.address, port);
    assert_non_null(second);
    assert_true(raw_client_send_text(second, GET_BLOCK));
    world_wait_inside(&world, 2);
    assert_true(raw_client_at_end(idle));
    other = raw_client_connect(&world.address, port);
    assert_non_null(other);
    assert_true(raw_client_at_end(other));
    world_open_gate(&world);
    expect(blocked, 200, "b");
    expect(second, 200, "b");
    raw_client_close(blocked);
    raw_client_close(idle);
    raw_client_close(second);
    raw_client_close(other);
    world_destroy(&world);
}

static void http_server__connections_over_one_address__idle_goes_else_closed(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *idle = NULL;
    struct raw_client *blocked = NULL;
    struct raw_client *other = NULL;
    struct world world;

    (void)state;
    options.connections_per_address = 1;
    world_create(&world, &options);
    idle = world_connect(&world);
    assert_true(raw_client_send_text(idle, GET_CACHED));
    expect(idle, 200, "cached");
    wait_answered(&world, 0);
    blocked = connect_blocked(&world, 1);
    assert_true(raw_client_at_end(idle));
    other = world_connect(&world);
    assert_true(raw_client_at_end(other));
    world_open_gate(&world);
    expect(blocked, 200, "b");
    raw_client_close(other);
    raw_client_close(blocked);
    raw_client_close(idle);
    world_destroy(&world);
}

/* ---- listening ------------------------------------------------------------------------------- */

static void http_server_listen__port_in_use__refused(void **state)
{
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    listen = world_listen_options(&world, world.port);
    assert_refused(http_server_listen(world.server, &listen, &port, &err), &err, REASON_PORT_IN_USE,
                   "same port");
    assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    world_destroy(&world);
}

static void *let_go_of(void *context)
{
    thread_pause_ms(120);
    socket_close(*(socket_handle *)context);
    return NULL;
}

/* "openndes check" holds a port for an instant: a start at that moment must not fail. */
static void http_server_listen__port_held_for_an_instant__waits(void **state)
{
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    socket_handle holder = SOCKET_HANDLE_NONE;
    pthread_t thread;
    uint16_t port = 0;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    listen = world_listen_options(&world, 0);
    assert_done(socket_listen(&listen.address, 0, 1, &holder, &listen.port, &err), &err, "holder");
    assert_done(thread_start(&thread, "holder", let_go_of, &holder, &err), &err, "thread");
    assert_done(http_server_listen(world.server, &listen, &port, &err), &err, "same port");
    assert_int_equal(port, listen.port);
    thread_join(thread);
    world_destroy(&world);
}

static void http_server_listen__too_many__refused(void **state)
{
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    listen = world_listen_options(&world, 0);
    for (unsigned i = 1; i < LIMIT_LISTENERS; i++) {
        assert_done(http_server_listen(world.server, &listen, &port, &err), &err, "more");
    }
    assert_refused(http_server_listen(world.server, &listen, &port, &err), &err,
                   REASON_LISTEN_FAILED, "one too many");
    world_destroy(&world);
}

/* ---- stopping -------------------------------------------------------------------------------- */

struct stop_watch {
    struct world *world;
    struct raw_client *client; /* connected before the stop */
    int last;
};

/* Old connections are refused as soon as stopping has begun. */
static void *open_gate_when_stopping(void *context)
{
    struct stop_watch *watch = context;
    struct raw_response response = RAW_RESPONSE_INIT;

    do {
        watch->last = raw_client_send_text(watch->client, "GET /cached HTTP/1.1\r\n\r\n")
                              && raw_client_receive(watch->client, true, &response)
                          ? response.status
                          : 0;
    } while (watch->last == 200);
    raw_response_clear(&response);
    world_open_gate(watch->world);
    return NULL;
}

static void http_server_stop__request_running__answered_within_grace(void **state)
{
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;
    struct stop_watch watch;
    pthread_t thread;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    watch.world = &world;
    watch.client = world_connect(&world);
    client = connect_blocked(&world, 1);
    assert_int_equal(http_server_running(world.server), 1);
    assert_done(thread_start(&thread, "gate", open_gate_when_stopping, &watch, &err), &err, "");
    http_server_stop(world.server, GRACE_MS);
    assert_int_equal(http_server_running(world.server), 0);
    thread_join(thread);
    assert_int_equal(watch.last, 503);
    expect(client, 200, "b");
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    raw_client_close(watch.client);
    world_destroy(&world);
}

static void *stop_now(void *context)
{
    struct world *world = context;

    http_server_stop(world->server, GRACE_MS);
    return NULL;
}

/* The status; 0: there was no answer. */
static int ask_again(struct raw_client *client, struct raw_response *response)
{
    return raw_client_send_text(client, GET_CACHED) && raw_client_receive(client, true, response)
               ? response->status
               : 0;
}

/* Its client may have sent a request before it could know: closing at once would reset it. */
static void http_server_stop__idle_connection__has_a_moment_to_ask(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct raw_client *idle = NULL;
    struct error err = ERROR_INIT;
    int64_t begun_us = 0;
    pthread_t thread;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    idle = world_connect(&world);
    client = world_connect(&world);
    world_exchange(client, GET_CACHED, &response);
    begun_us = clock_monotonic_us();
    assert_done(thread_start(&thread, "stop", stop_now, &world, &err), &err, "");
    while (ask_again(client, &response) == 200) {
    }
    thread_join(thread);
    assert_true(clock_monotonic_us() - begun_us >= LATE_MS * US_PER_MS);
    assert_true(raw_client_at_end(idle));
    raw_client_close(client);
    raw_client_close(idle);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* What closes a socket with bytes unread sends a reset, and the client may lose the answer. */
static void http_server_stop__body_on_its_way__read_before_503(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct raw_client *blocked = NULL;
    struct raw_client *probe = NULL;
    struct error err = ERROR_INIT;
    pthread_t thread;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    probe = world_connect(&world);
    blocked = connect_blocked(&world, 1);
    assert_done(thread_start(&thread, "stop", stop_now, &world, &err), &err, "");
    while (ask_again(probe, &response) == 200) {
    }
    assert_int_equal(response.status, 503);
    assert_true(raw_client_send_text(client, "POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\na"));
    world_wait_running(&world, 2);
    assert_true(raw_client_send_text(client, "bcdefghi"));
    expect(client, 503, NULL);
    assert_true(raw_client_at_end(client));
    world_open_gate(&world);
    expect(blocked, 200, "b");
    thread_join(thread);
    raw_client_close(client);
    raw_client_close(probe);
    raw_response_clear(&response);
    raw_client_close(blocked);
    world_destroy(&world);
}

static void http_server_stop__grace_over__given_up_with_503(void **state)
{
    struct raw_client *client = NULL;
    int64_t begin_us = 0;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = connect_blocked(&world, 1);
    begin_us = clock_monotonic_us();
    http_server_stop(world.server, 50);
    assert_true(clock_monotonic_us() - begin_us < (int64_t)GRACE_MS * US_PER_MS);
    assert_int_equal(http_server_running(world.server), 0);
    expect(client, 503, NULL);
    world_wait_answered(&world, 1); /* told behind the answer */
    assert_int_equal(world_answered(&world), 1);
    assert_int_equal(world.seen[0].refused, REASON_STOPPING);
    raw_client_close(client);
    world_destroy(&world); /* the worker ends now, long after its connection */
    assert_int_equal(world.handled, 1);
}

static void http_server_stop__jobs_in_queue__never_handled(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *blocked = NULL;
    struct raw_client *queued = NULL;
    struct world world;

    (void)state;
    options.threads = 1;
    world_create(&world, &options);
    blocked = connect_blocked(&world, 1);
    queued = world_connect(&world);
    assert_true(raw_client_send_text(queued, GET_PLAIN));
    world_wait_running(&world, 2);
    http_server_stop(world.server, 0);
    expect(queued, 503, NULL);
    expect(blocked, 503, NULL);
    raw_client_close(queued);
    raw_client_close(blocked);
    world_destroy(&world);
    assert_int_equal(world.handled, 1);
}

static void http_server_stop__half_a_request__not_waited_for_after_grace(void **state)
{
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, "POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\na"));
    world_wait_running(&world, 1);
    http_server_stop(world.server, 10);
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    world_destroy(&world);
}

static void http_server_stop__twice_and_idle__nothing_happens(void **state)
{
    struct raw_client *idle = NULL;
    struct http_listen_options listen;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    idle = world_connect(&world);
    http_server_stop(world.server, GRACE_MS);
    http_server_stop(world.server, GRACE_MS);
    assert_true(raw_client_at_end(idle));
    assert_null(raw_client_connect(&world.address, world.port));
    listen = world_listen_options(&world, 0);
    assert_false(http_server_listen(world.server, &listen, &port, &err));
    raw_client_close(idle);
    world_destroy(&world);
}

static void http_server_free__null_or_never_listening__fine(void **state)
{
    const struct http_server_options options = { .server_token = "x", .connections = 1 };
    struct error err = ERROR_INIT;

    (void)state;
    http_server_free(NULL);
    http_server_free(http_server_create(&options, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__pool_full__503_with_retry_after),
        cmocka_unit_test(http_server__slow_ones_stand_still__others_served),
        cmocka_unit_test(http_server__disconnect_while_handling__answered_and_forgotten),
        cmocka_unit_test(http_server__disconnect_in_the_middle__next_one_served),
        cmocka_unit_test(http_server__parallel_clients__each_gets_its_own_answers),
        cmocka_unit_test(http_server__connections_over_total__idle_goes_else_closed),
        cmocka_unit_test(http_server__connections_over_one_address__idle_goes_else_closed),
        cmocka_unit_test(http_server_listen__port_in_use__refused),
        cmocka_unit_test(http_server_listen__port_held_for_an_instant__waits),
        cmocka_unit_test(http_server_listen__too_many__refused),
        cmocka_unit_test(http_server_stop__request_running__answered_within_grace),
        cmocka_unit_test(http_server_stop__idle_connection__has_a_moment_to_ask),
        cmocka_unit_test(http_server_stop__body_on_its_way__read_before_503),
        cmocka_unit_test(http_server_stop__grace_over__given_up_with_503),
        cmocka_unit_test(http_server_stop__jobs_in_queue__never_handled),
        cmocka_unit_test(http_server_stop__half_a_request__not_waited_for_after_grace),
        cmocka_unit_test(http_server_stop__twice_and_idle__nothing_happens),
        cmocka_unit_test(http_server_free__null_or_never_listening__fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
