/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include <string.h>

#include "http/raw_socket.h"
#include "platform/clock.h"

#define HOST "Host: test\r\n"
#define GET_PLAIN "GET /p?p HTTP/1.1\r\n" HOST "\r\n"
#define GET_BLOCK "GET /block?b HTTP/1.1\r\n" HOST "\r\n"
#define GET_CACHED "GET /cached HTTP/1.1\r\n" HOST "\r\n"
#define GET_BIG "GET /big HTTP/1.1\r\n" HOST "\r\n"
#define GET_COUNT "GET /count HTTP/1.1\r\n" HOST "\r\n"
#define CLIENTS 40u
#define ROUNDS 5u
#define US_PER_MS 1000

static struct tls_context *context_of(void **state)
{
    const struct https_identities *made = *state;

    return https_context(made->ec, TLS_VERSION_1_2);
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
    struct raw_client *client =
        tls_client_connect(&member->world->address, member->world->tls_port, NULL, NULL);

    for (unsigned i = 0; client != NULL && i < ROUNDS; i++) {
        buffer_reset(&request);
        buffer_reset(&body);
        if (buffer_printf(&body, &err, "%u of %u: %*u", i, member->number,
                          1 + (int)((i + member->number) * 997 % 20000), i)
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

static void https__parallel_clients__each_gets_its_own_answers(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct crowd_member members[CLIENTS];
    pthread_t threads[CLIENTS];
    struct error err = ERROR_INIT;
    int64_t begin_us = 0;
    struct world world;

    options.tls = context_of(state);
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
    assert_int_equal(world.handshakes_failed, 0);
    https_world_destroy(&world, &options);
}

/* ---- the identity ---------------------------------------------------------------------------- */

static void assert_shown(const struct raw_client *client, const char *expected)
{
    char name[64];

    tls_client_name(client, name, sizeof(name));
    assert_string_equal(name, expected);
}

static void https__identity_exchanged__open_connections_keep_theirs(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct tls_binding first;
    struct tls_binding second;
    struct raw_client *before = NULL;
    struct raw_client *after = NULL;
    struct error err = ERROR_INIT;
    struct world world;

    options.tls = context_of(state);
    test_identity_digest(made->ec, "SHA256", &first);
    test_identity_digest(made->rsa, "SHA384", &second);
    world_create(&world, &options);
    before = https_connect(&world);
    assert_shown(before, "ec.test");
    https_ask(before, GET_PLAIN, "p");
    assert_done(tls_context_set(options.tls, made->rsa, &err), &err, "exchange");
    after = https_connect(&world);
    assert_shown(after, "rsa.test");
    https_ask(after, GET_PLAIN, "p");
    https_ask(before, GET_PLAIN, "p");
    world_wait_answered(&world, 3);
    assert_memory_equal(world.seen[0].channel_binding, first.digest, first.len);
    assert_memory_equal(world.seen[1].channel_binding, second.digest, second.len);
    assert_memory_equal(world.seen[2].channel_binding, first.digest, first.len);
    raw_client_close(before);
    raw_client_close(after);
    https_world_destroy(&world, &options);
}

static void https__no_identity_yet__closed(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;
    struct world world;

    options.tls = https_context(NULL, TLS_VERSION_1_2);
    world_create(&world, &options);
    assert_null(tls_client_connect(&world.address, world.tls_port, NULL, NULL));
    world_wait_handshakes_failed(&world, 1);
    world_assert_why(&world, "no certificate");
    assert_done(tls_context_set(options.tls, made->ec, &err), &err, "now");
    client = https_connect(&world);
    https_ask(client, GET_PLAIN, "p");
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

/* ---- clients that speak no TLS, or none any more --------------------------------------------- */

/* A TLS record header of a handshake that announces more than comes. */
#define HALF_HELLO "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

static void https__handshake_that_never_ends__closed_in_time(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } begun[] = { { "", 0 }, { HALF_HELLO, 3 }, { HALF_HELLO, sizeof(HALF_HELLO) - 1 } };
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *clients[3];
    int64_t begin_us = 0;
    struct world world;

    options.tls = context_of(state);
    options.handshake_seconds = 1;
    world_create(&world, &options);
    begin_us = clock_monotonic_us();
    for (size_t i = 0; i < 3; i++) {
        clients[i] = https_connect_raw(&world);
        assert_true(raw_client_send(clients[i], bytes_of(begun[i].bytes, begun[i].len)));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(raw_client_at_end(clients[i]));
        raw_client_close(clients[i]);
    }
    assert_true(clock_monotonic_us() - begin_us >= 1000 * US_PER_MS);
    world_wait_handshakes_failed(&world, 3);
    world_assert_why(&world, "too long");
    assert_true(ip_address_equal(&world.failed_peer, &world.address));
    https_world_destroy(&world, &options);
}

/* The time limit is one of the handshake, not of the connection. */
static void https__handshake_done__limit_does_not_count_any_more(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct raw_client *stuck = NULL;
    struct world world;

    options.tls = context_of(state);
    options.handshake_seconds = 1;
    world_create(&world, &options);
    client = https_connect(&world);
    stuck = https_connect_raw(&world);
    assert_true(raw_client_at_end(stuck)); /* later than the first one's limit */
    https_ask(client, GET_PLAIN, "p");
    raw_client_close(stuck);
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

static void https__plain_http__closed_without_a_word(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    client = https_connect_raw(&world);
    assert_true(raw_client_send_text(client, GET_PLAIN));
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    world_wait_handshakes_failed(&world, 1);
    world_assert_why(&world, "plain HTTP");
    assert_int_equal(world_answered(&world), 0);
    https_world_destroy(&world, &options);
}

static void https__garbage__closed_and_next_one_served(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } garbage[] = {
        { "\0\0\0\0\0\0\0\0\0\0\0\0", 12 },
        { "\x16\x03\x01\xff\xff\x01\x00\xff\xff", 9 },
        { "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10 },
        { "\x15\x03\x03\x00\x02\x02\x28", 7 },
        { "\x17\x03\x03\x00\x05hello", 10 },
        { "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x01\x00\x80", 14 },
        { "SSH-2.0-OpenSSH_9.2\r\n", 21 },
    };
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct world world;

    options.tls = context_of(state);
    options.handshake_seconds = 1; /* for what looks like the beginning of something longer */
    world_create(&world, &options);
    for (unsigned i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct raw_client *client = https_connect_raw(&world);

        assert_true(raw_client_send(client, bytes_of(garbage[i].bytes, garbage[i].len)));
        assert_true(raw_client_drain(client));
        raw_client_close(client);
        world_wait_handshakes_failed(&world, i + 1);
        client = https_connect(&world);
        https_ask(client, GET_PLAIN, "p");
        raw_client_close(client);
    }
    https_world_destroy(&world, &options);
}

/* In the middle of a session: the record's MAC is wrong. */
static void https__garbage_after_handshake__closed(void **state)
{
    static const char record[] = "\x17\x03\x03\x00\x20"
                                 "garbage garbage garbage garbage!";
    const size_t len = sizeof(record) - 1;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    client = https_connect(&world);
    https_ask(client, GET_COUNT, "1");
    assert_int_equal(raw_socket_send(raw_client_socket(client), bytes_of(record, len)), len);
    world_wait_counters_freed(&world, 1); /* the connection has ended */
    assert_true(raw_client_drain(client));
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

static void https__clients_leave__next_one_served(void **state)
{
    static const char *const parts[] = { "", "GE", "GET /p?x HTTP/1.1\r\nHost",
                                         "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
                                         GET_BIG };
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    for (size_t i = 0; i < 2 * sizeof(parts) / sizeof(parts[0]); i++) {
        client = https_connect(&world);
        assert_true(raw_client_send_text(client, parts[i / 2]));
        if (i % 2 == 0) {
            raw_client_close(client);
        } else {
            tls_client_reset(client);
        }
    }
    client = https_connect(&world);
    https_ask(client, GET_PLAIN, "p");
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

/* The handler still has the request when its client goes. */
static void https__client_leaves_while_handled__answered_and_forgotten(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    client = https_connect(&world);
    assert_true(raw_client_send_text(client, "GET /count?gate HTTP/1.1\r\n" HOST "\r\n"));
    world_wait_inside(&world, 1);
    tls_client_reset(client);
    client = https_connect(&world);
    assert_true(raw_client_send_text(client, "GET /count?gate HTTP/1.1\r\n" HOST "\r\n"));
    world_wait_inside(&world, 2);
    raw_client_close(client);
    world_open_gate(&world);
    world_wait_answered(&world, 2);
    world_wait_counters_freed(&world, 2);
    https_world_destroy(&world, &options);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void block(struct world *world, struct raw_client *client, unsigned inside)
{
    assert_true(raw_client_send_text(client, GET_BLOCK));
    world_wait_inside(world, inside);
}

/* Whoever has not finished its handshake goes first, then who asks for nothing. */
static void https__connections_over_limit__waiting_goes_else_closed(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *clients[5];
    struct world world;

    options.tls = context_of(state);
    options.tls_connections = 2;
    world_create(&world, &options);
    clients[0] = https_connect(&world);
    clients[1] = https_connect_raw(&world); /* one that never speaks counts as well */
    clients[2] = https_connect(&world);
    assert_true(raw_client_at_end(clients[1]));
    world_wait_handshakes_failed(&world, 1);
    world_assert_why(&world, "made room");
    block(&world, clients[2], 1);
    clients[3] = https_connect(&world);
    assert_true(raw_client_at_end(clients[0])); /* idle */
    block(&world, clients[3], 2);
    clients[4] = https_connect_raw(&world);
    assert_true(raw_client_at_end(clients[4]));
    world_wait_handshakes_failed(&world, 2);
    world_assert_why(&world, "too many HTTPS connections");
    assert_int_equal(world_ask(&world, GET_CACHED), 200); /* plain HTTP is not concerned */
    world_open_gate(&world);
    https_expect(clients[2], 200, "b");
    https_expect(clients[3], 200, "b");
    for (size_t i = 0; i < 5; i++) {
        raw_client_close(clients[i]);
    }
    https_world_destroy(&world, &options);
}

static void https__connections_over_one_address__waiting_goes_else_closed(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *first = NULL;
    struct raw_client *other = NULL;
    struct world world;

    options.tls = context_of(state);
    options.connections_per_address = 1;
    world_create(&world, &options);
    first = https_connect(&world);
    block(&world, first, 1);
    other = https_connect_raw(&world);
    assert_true(raw_client_at_end(other));
    raw_client_close(other);
    world_wait_handshakes_failed(&world, 1);
    world_assert_why(&world, "of this address");
    world_open_gate(&world);
    https_expect(first, 200, "b");
    other = https_connect_when_room(&world);
    https_ask(other, GET_PLAIN, "p");
    assert_true(raw_client_at_end(first));
    raw_client_close(other);
    raw_client_close(first);
    https_world_destroy(&world, &options);
}

/* HTTPS counts in the server's total too. */
static void https__connections_over_the_servers_total__closed(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *first = NULL;
    struct raw_client *second = NULL;
    struct world world;

    options.tls = context_of(state);
    options.connections = 1;
    world_create(&world, &options);
    first = world_connect(&world);
    block(&world, first, 1);
    second = tls_client_connect(&world.address, world.tls_port, NULL, NULL);
    if (second != NULL) { /* a client of TLS 1.3 is done before the server */
        assert_true(raw_client_at_end(second));
        raw_client_close(second);
    }
    raw_client_close(first);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

/* Thirty handshakes that stall where eight places are: others still get in. */
static void https__stalled_handshakes__others_are_served(void **state)
{
    enum { CROWD = 30 };
    static const uint8_t half_hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00 };
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *crowd[CROWD];
    struct world world;

    options.tls = context_of(state);
    options.tls_connections = 8;
    world_create(&world, &options);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = https_connect_raw(&world);
        if (i % 2 == 0) {
            (void)!raw_client_send(crowd[i], bytes_of(half_hello, sizeof(half_hello)));
        }
        if (i % 10 == 9) {
            struct raw_client *client = https_connect(&world);

            https_ask(client, GET_PLAIN, "p");
            raw_client_close(client);
        }
    }
    for (size_t i = 0; i < CROWD; i++) {
        raw_client_close(crowd[i]);
    }
    https_world_destroy(&world, &options);
}

/* Sixteen megabytes are more than all buffers on the way hold. */
static void https__client_does_not_take_its_answers__closed_when_idle(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *greedy = NULL;
    struct raw_client *other = NULL;
    struct world world;

    options.tls = context_of(state);
    options.tls_connections = 1;
    options.idle_seconds = 1;
    world_create(&world, &options);
    greedy = https_connect(&world);
    https_ask(greedy, GET_COUNT, "1");
    for (unsigned i = 0; i < 16; i++) {
        assert_true(raw_client_send_text(greedy, GET_BIG));
    }
    world_wait_counters_freed(&world, 1);
    other = https_connect_when_room(&world);
    https_ask(other, GET_PLAIN, "p");
    assert_true(world_answered(&world) < 18);
    raw_client_close(other);
    raw_client_close(greedy);
    https_world_destroy(&world, &options);
}

static void https__idle__closed_in_good_order(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    options.idle_seconds = 1;
    world_create(&world, &options);
    client = https_connect(&world);
    https_ask(client, GET_PLAIN, "p");
    assert_true(raw_client_at_end(client));
    assert_true(tls_client_was_told(client));
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https__parallel_clients__each_gets_its_own_answers),
        cmocka_unit_test(https__identity_exchanged__open_connections_keep_theirs),
        cmocka_unit_test(https__no_identity_yet__closed),
        cmocka_unit_test(https__handshake_that_never_ends__closed_in_time),
        cmocka_unit_test(https__handshake_done__limit_does_not_count_any_more),
        cmocka_unit_test(https__plain_http__closed_without_a_word),
        cmocka_unit_test(https__garbage__closed_and_next_one_served),
        cmocka_unit_test(https__garbage_after_handshake__closed),
        cmocka_unit_test(https__clients_leave__next_one_served),
        cmocka_unit_test(https__client_leaves_while_handled__answered_and_forgotten),
        cmocka_unit_test(https__connections_over_limit__waiting_goes_else_closed),
        cmocka_unit_test(https__connections_over_one_address__waiting_goes_else_closed),
        cmocka_unit_test(https__connections_over_the_servers_total__closed),
        cmocka_unit_test(https__stalled_handshakes__others_are_served),
        cmocka_unit_test(https__client_does_not_take_its_answers__closed_when_idle),
        cmocka_unit_test(https__idle__closed_in_good_order),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
