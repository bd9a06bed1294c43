/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include <string.h>

#include <openssl/ssl.h>

#include "base/limits.h"
#include "http/tls_connection.h"
#include "platform/clock.h"

#define STEPS_MAX 10000u
#define WAIT_MS 20000

/* One connection of the server, and a client of its own at the other end. */
struct scene {
    struct tls_context *tls;
    struct tls_connection *connection;
    socket_handle client_socket;
    SSL_CTX *client_context;
    SSL *client;
    socket_handle plain; /* what an HTTP server would have */
};

/* Wait until one of the server's sockets has an event it waits for. */
static void wait_for_event(const struct scene *scene)
{
    struct socket_poll *poll = socket_poll_create(2);
    struct tls_wants wants;

    assert_non_null(poll);
    tls_connection_wants(scene->connection, &wants);
    if (wants.client != 0) {
        socket_poll_add(poll, wants.client_socket, wants.client);
    }
    if (wants.inner != 0) {
        socket_poll_add(poll, wants.inner_socket, wants.inner);
    }
    if (!wants.at_once) {
        socket_poll_wait(poll, WAIT_MS);
        assert_true(socket_poll_events(poll, 0) != 0 || socket_poll_events(poll, 1) != 0);
    }
    socket_poll_free(poll);
}

static void shake_hands(struct scene *scene)
{
    enum tls_progress progress = TLS_PROGRESS_LATER;
    const char *why = "";
    int rc = 0;

    for (unsigned i = 0; i < STEPS_MAX && (rc != 1 || progress != TLS_PROGRESS_DONE); i++) {
        if (rc != 1) {
            rc = SSL_do_handshake(scene->client);
        }
        if (progress == TLS_PROGRESS_LATER) {
            progress = tls_connection_handshake(scene->connection, &why);
        }
    }
    assert_string_equal(why, "");
    assert_int_equal(rc, 1);
    assert_int_equal(progress, TLS_PROGRESS_DONE);
}

static void scene_create(struct scene *scene, const struct tls_identity *identity, int version)
{
    socket_handle ends[2];
    struct error err = ERROR_INIT;

    memset(scene, 0, sizeof(*scene));
    assert_done(sockets_start(&err), &err, "sockets");
    assert_done(socket_pair(ends, &err), &err, "pair");
    scene->tls = https_context(identity, TLS_VERSION_1_2);
    scene->connection = tls_connection_create(scene->tls, ends[0], &err);
    assert_done(scene->connection != NULL, &err, "connection");
    scene->client_socket = ends[1];
    scene->client_context = SSL_CTX_new(TLS_client_method());
    assert_non_null(scene->client_context);
    assert_int_equal(SSL_CTX_set_max_proto_version(scene->client_context, version), 1);
    scene->client = SSL_new(scene->client_context);
    assert_non_null(scene->client);
    assert_int_equal(SSL_set_fd(scene->client, (int)scene->client_socket), 1);
    SSL_set_connect_state(scene->client);
    shake_hands(scene);
    assert_done(socket_pair(ends, &err), &err, "pair");
    tls_connection_attach(scene->connection, ends[0]);
    scene->plain = ends[1];
}

static void scene_destroy(struct scene *scene)
{
    SSL_free(scene->client);
    SSL_CTX_free(scene->client_context);
    tls_connection_free(scene->connection);
    tls_context_free(scene->tls);
    socket_close(scene->client_socket);
    socket_close(scene->plain);
}

/* How many steps the server needs until its plain side has the one byte that the client says. */
static unsigned steps_to_byte(struct scene *scene)
{
    enum socket_io io = SOCKET_IO_LATER;
    unsigned steps = 0;
    char byte = 0;
    size_t got = 0;

    assert_int_equal(SSL_write(scene->client, "x", 1), 1);
    while (io == SOCKET_IO_LATER && steps < STEPS_MAX) {
        wait_for_event(scene);
        assert_int_equal(tls_connection_relay(scene->connection), TLS_PROGRESS_LATER);
        steps++;
        io = socket_receive(scene->plain, &byte, 1, &got);
    }
    assert_int_equal(io, SOCKET_IO_DONE);
    assert_int_equal(byte, 'x');
    return steps;
}

/*
 * The library would work off all that is there in one call, and with it all that comes meanwhile:
 * other connections would have to wait as long as the client likes.
 */
static void tls_connection_relay__records_without_data__others_have_their_turn(void **state)
{
    const struct https_identities *made = *state;
    struct scene scene;

    scene_create(&scene, made->ec, TLS1_3_VERSION);
    (void)steps_to_byte(&scene);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(SSL_key_update(scene.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(scene.client), 1);
    }
    assert_in_range(steps_to_byte(&scene), 4, 100);
    scene_destroy(&scene);
}

static void tls_connection_relay__much_data__arrives_whole(void **state)
{
    const struct https_identities *made = *state;
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    static uint8_t piece[16384];
    static uint8_t received[sizeof(piece)];
    struct scene scene;

    for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
        size_t len = 0;
        size_t got = 0;

        scene_create(&scene, made->rsa, versions[v]);
        for (size_t i = 0; i < sizeof(piece); i++) {
            piece[i] = (uint8_t)(i / 61);
        }
        assert_int_equal(SSL_write(scene.client, piece, sizeof(piece)), sizeof(piece));
        for (unsigned i = 0; i < STEPS_MAX && len < sizeof(piece); i++) {
            assert_int_equal(tls_connection_relay(scene.connection), TLS_PROGRESS_LATER);
            if (socket_receive(scene.plain, received + len, sizeof(received) - len, &got)
                == SOCKET_IO_DONE) {
                len += got;
            } else {
                wait_for_event(&scene);
            }
        }
        assert_int_equal(len, sizeof(piece));
        assert_memory_equal(received, piece, sizeof(piece));
        scene_destroy(&scene);
    }
}

/* A byte now and then makes no reader of a client that takes less than it is owed. */
static void tls_connection_too_slow__client_takes_little__in_the_end(void **state)
{
    enum { GRACE = 20, PIECE = 4096 };
    const struct https_identities *made = *state;
    const int64_t second_us = INT64_C(1000000);
    int64_t now_us = clock_monotonic_us();
    uint8_t piece[PIECE] = { 0 };
    struct scene scene;
    size_t sent = 1;
    uint64_t taken = 0;

    scene_create(&scene, made->ec, TLS1_3_VERSION);
    assert_false(tls_connection_too_slow(scene.connection, GRACE, now_us + 9999 * second_us));
    while (sent > 0) { /* until nothing fits any more: the client reads nothing */
        (void)socket_send(scene.plain, bytes_of(piece, sizeof(piece)), &sent);
        taken += sent;
        assert_int_equal(tls_connection_relay(scene.connection), TLS_PROGRESS_LATER);
    }
    assert_false(
        tls_connection_too_slow(scene.connection, GRACE, now_us + (GRACE - 2) * second_us));
    now_us += (GRACE + 2 + (int64_t)(taken / LIMIT_ANSWER_RATE)) * second_us;
    assert_true(tls_connection_too_slow(scene.connection, GRACE, now_us));
    while (SSL_read(scene.client, piece, sizeof(piece)) > 0) { /* it takes all there is */
        assert_int_equal(tls_connection_relay(scene.connection), TLS_PROGRESS_LATER);
    }
    assert_false(tls_connection_too_slow(scene.connection, GRACE, now_us + 9999 * second_us));
    scene_destroy(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_connection_relay__records_without_data__others_have_their_turn),
        cmocka_unit_test(tls_connection_relay__much_data__arrives_whole),
        cmocka_unit_test(tls_connection_too_slow__client_takes_little__in_the_end),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
