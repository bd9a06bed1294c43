/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#define HOST "Host: test\r\n"
#define GET_PLAIN "GET /p?p HTTP/1.1\r\n" HOST "\r\n"
#define GET_BLOCK "GET /block?b HTTP/1.1\r\n" HOST "\r\n"
#define GET_BIG "GET /big HTTP/1.1\r\n" HOST "\r\n"
#define GRACE_MS 20000

static struct tls_context *context_of(void **state)
{
    const struct https_identities *made = *state;

    return https_context(made->ec, TLS_VERSION_1_2);
}

static void *open_gate_when_refused(void *context)
{
    struct world *world = context;
    struct raw_client *client = NULL;

    do {
        raw_client_close(client);
        client = raw_client_connect(&world->address, world->tls_port);
    } while (client != NULL); /* until nobody listens any more */
    world_open_gate(world);
    return NULL;
}

static void http_server_stop__https_request_running__answered_within_grace(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *running = NULL;
    struct raw_client *idle = NULL;
    struct raw_client *silent = NULL;
    struct error err = ERROR_INIT;
    pthread_t thread;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    idle = https_connect(&world);
    https_ask(idle, GET_PLAIN, "p");
    silent = https_connect_raw(&world);
    running = https_connect(&world);
    assert_true(raw_client_send_text(running, GET_BLOCK));
    world_wait_inside(&world, 1);
    assert_done(thread_start(&thread, "gate", open_gate_when_refused, &world, &err), &err, "");
    http_server_stop(world.server, GRACE_MS);
    thread_join(thread);
    assert_int_equal(http_server_running(world.server), 0);
    https_expect(running, 200, "b");
    assert_true(raw_client_at_end(running));
    assert_true(tls_client_was_told(running));
    assert_true(raw_client_at_end(idle));
    assert_true(raw_client_at_end(silent));
    raw_client_close(running);
    raw_client_close(idle);
    raw_client_close(silent);
    https_world_destroy(&world, &options);
}

static void http_server_stop__https_grace_over__given_up_with_503(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    client = https_connect(&world);
    assert_true(raw_client_send_text(client, GET_BLOCK));
    world_wait_inside(&world, 1);
    http_server_stop(world.server, 50);
    https_expect(client, 503, NULL);
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

struct reader {
    struct raw_client *client;
    size_t got;
    bool told;
};

static void *read_answer(void *context)
{
    struct reader *reader = context;
    struct raw_response response = RAW_RESPONSE_INIT;

    if (raw_client_receive(reader->client, true, &response)) {
        reader->got = response.body.len;
    }
    reader->told = raw_client_at_end(reader->client) && tls_client_was_told(reader->client);
    raw_response_clear(&response);
    return NULL;
}

/* For libmicrohttpd an answer may be sent that is still in the front: see test_tls_front.c. */
static void http_server_stop__https_answer_on_its_way__arrives_whole(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct reader reader = { NULL, 0, false };
    struct error err = ERROR_INIT;
    pthread_t thread;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    reader.client = https_connect(&world);
    assert_true(raw_client_send_text(reader.client, GET_BIG));
    world_wait_answered(&world, 1);
    assert_done(thread_start(&thread, "reader", read_answer, &reader, &err), &err, "");
    http_server_stop(world.server, GRACE_MS);
    thread_join(thread);
    assert_int_equal(reader.got, LIMIT_BODY_BYTES_MAX);
    assert_true(reader.told);
    raw_client_close(reader.client);
    https_world_destroy(&world, &options);
}

static void http_server_free__https_in_use__everything_ends(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *clients[6];
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    for (unsigned i = 0; i < 6; i++) {
        clients[i] = i % 2 == 0 ? https_connect(&world) : https_connect_raw(&world);
    }
    assert_true(raw_client_send_text(clients[0], GET_BLOCK));
    world_wait_inside(&world, 1);
    assert_true(raw_client_send_text(clients[2], "POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\n"));
    https_world_destroy(&world, &options);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(raw_client_drain(clients[i]));
        raw_client_close(clients[i]);
    }
}

static void http_server_listen__https_port_in_use__refused(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct http_listen_options listen;
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct world world;

    options.tls = context_of(state);
    world_create(&world, &options);
    listen = world_listen_options(&world, world.tls_port);
    listen.tls = options.tls;
    assert_refused(http_server_listen(world.server, &listen, &port, &err), &err, REASON_PORT_IN_USE,
                   "same port");
    error_clear(&err);
    listen.port = 0;
    assert_done(http_server_listen(world.server, &listen, &port, &err), &err, "a second one");
    client = tls_client_connect(&world.address, port, NULL, NULL);
    assert_non_null(client);
    https_ask(client, GET_PLAIN, "p");
    assert_int_equal(world.seen[0].local_port, port);
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server_stop__https_request_running__answered_within_grace),
        cmocka_unit_test(http_server_stop__https_grace_over__given_up_with_503),
        cmocka_unit_test(http_server_stop__https_answer_on_its_way__arrives_whole),
        cmocka_unit_test(http_server_free__https_in_use__everything_ends),
        cmocka_unit_test(http_server_listen__https_port_in_use__refused),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
