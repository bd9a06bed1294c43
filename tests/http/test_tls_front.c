/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include <string.h>

#include "http/tls_front.h"

#define PLAIN_MAX 8u
#define WAIT_MS 20000
#define FLUSH_MS 20000
#define TEXT_LIMIT 67108864u
#define PIECE 65536u

enum on_connected {
    CONNECTED_KEEP,   /* the test has the plain side */
    CONNECTED_REFUSE, /* closed, and said so */
    CONNECTED_FORGET  /* closed without a word, as a server without memory does */
};

/* A front with the test behind it instead of an HTTP server. */
struct scene {
    struct tls_front *front;
    struct tls_context *tls;
    struct ip_address address;
    uint16_t port;
    int mark;             /* its address is the listener's */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    enum on_connected on_connected;
    unsigned connected;
    socket_handle plain[PLAIN_MAX];
    uint16_t peer_port[PLAIN_MAX];
    bool freeing;
};

static bool on_connected(void *context, void *listener, socket_handle take_socket,
                         const struct tls_arrival *arrival)
{
    struct scene *scene = context;
    enum on_connected what = CONNECTED_KEEP;

    (void)pthread_mutex_lock(&scene->lock);
    what = scene->on_connected;
    if (scene->connected < PLAIN_MAX && listener == &scene->mark) {
        scene->plain[scene->connected] = take_socket;
        scene->peer_port[scene->connected] = arrival->peer_port;
        scene->connected++;
    }
    (void)pthread_cond_broadcast(&scene->changed);
    (void)pthread_mutex_unlock(&scene->lock);
    if (what != CONNECTED_KEEP) {
        socket_close(take_socket);
    }
    return what != CONNECTED_REFUSE;
}

static void set_on_connected(struct scene *scene, enum on_connected what)
{
    (void)pthread_mutex_lock(&scene->lock);
    scene->on_connected = what;
    (void)pthread_mutex_unlock(&scene->lock);
}

static void scene_create(struct scene *scene, const struct tls_identity *identity)
{
    const struct tls_front_options options = {
        .connections = PLAIN_MAX,
        .handshake_seconds = 10,
        .idle_seconds = 30,
        .context = scene,
        .connected = on_connected,
    };
    socket_handle listening = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;

    memset(scene, 0, sizeof(*scene));
    assert_done(sockets_start(&err), &err, "sockets");
    assert_int_equal(pthread_mutex_init(&scene->lock, NULL), 0);
    assert_true(thread_cond_init(&scene->changed, &err));
    scene->tls = https_context(identity, TLS_VERSION_1_2);
    scene->front = tls_front_create(&options, &err);
    assert_done(scene->front != NULL, &err, "front");
    assert_true(ip_address_parse(bytes_of_text("127.0.0.1"), &scene->address, &err));
    assert_done(socket_listen(&scene->address, 0, 16, &listening, &scene->port, &err), &err, "");
    assert_done(tls_front_listen(scene->front, listening, scene->tls, &scene->mark, &err), &err,
                "listen");
}

static void scene_destroy(struct scene *scene)
{
    tls_front_free(scene->front, 0);
    tls_context_free(scene->tls);
    (void)pthread_cond_destroy(&scene->changed);
    (void)pthread_mutex_destroy(&scene->lock);
}

static struct raw_client *scene_connect(struct scene *scene)
{
    struct raw_client *client = tls_client_connect(&scene->address, scene->port, NULL, NULL);

    assert_non_null(client);
    return client;
}

/* The plain side of the n-th connection. */
static socket_handle wait_plain(struct scene *scene, unsigned n)
{
    bool in_time = true;
    socket_handle plain = SOCKET_HANDLE_NONE;

    (void)pthread_mutex_lock(&scene->lock);
    while (scene->connected <= n && in_time) {
        in_time = thread_cond_wait_ms(&scene->changed, &scene->lock, WAIT_MS);
    }
    plain = scene->plain[n];
    (void)pthread_mutex_unlock(&scene->lock);
    assert_true(in_time);
    return plain;
}

/* What the plain side says next; false at its end. */
static bool plain_receive(socket_handle plain, char *text, size_t size)
{
    struct socket_poll *poll = socket_poll_create(1);
    size_t got = 0;

    assert_non_null(poll);
    socket_poll_add(poll, plain, SOCKET_POLL_READ);
    socket_poll_wait(poll, WAIT_MS);
    socket_poll_free(poll);
    if (socket_receive(plain, text, size - 1, &got) == SOCKET_IO_LATER) {
        fail(); /* nothing came in time */
    }
    text[got] = '\0';
    return got > 0;
}

static void plain_send(socket_handle plain, const char *text)
{
    size_t sent = 0;

    assert_int_equal(socket_send(plain, bytes_of_text(text), &sent), SOCKET_IO_DONE);
    assert_int_equal(sent, strlen(text));
}

/* ---- what belongs to a plain side ------------------------------------------------------------ */

static void tls_front_arrival__asked_once__right_client(void **state)
{
    const struct https_identities *made = *state;
    struct tls_arrival arrival;
    struct raw_client *clients[2];
    struct scene scene;

    scene_create(&scene, made->ec);
    for (unsigned i = 0; i < 2; i++) {
        clients[i] = scene_connect(&scene);
        (void)wait_plain(&scene, i);
    }
    for (unsigned i = 0; i < 2; i++) { /* the older one first */
        socket_handle plain = wait_plain(&scene, i);

        assert_true(tls_front_arrival(scene.front, plain, &arrival));
        assert_int_equal(arrival.peer_port, raw_client_port(clients[i]));
        assert_int_equal(arrival.local_port, scene.port);
        assert_true(ip_address_equal(&arrival.peer, &scene.address));
        assert_true(ip_address_equal(&arrival.local, &scene.address));
        assert_int_equal(arrival.binding.len, 32);
        assert_false(tls_front_arrival(scene.front, plain, &arrival));
    }
    assert_false(tls_front_arrival(scene.front, SOCKET_HANDLE_NONE - 1, &arrival));
    for (unsigned i = 0; i < 2; i++) {
        raw_client_close(clients[i]);
        socket_close(wait_plain(&scene, i));
    }
    scene_destroy(&scene);
}

/*
 * The server has closed the plain side of one without asking. While the front still waits for that
 * client to close, the number comes again: the newest counts. All connect first, so that no other
 * socket takes the number.
 */
static void tls_front_arrival__number_comes_again__newest_client(void **state)
{
    const struct https_identities *made = *state;
    struct raw_client *clients[PLAIN_MAX];
    struct tls_arrival arrival;
    unsigned again = 0;
    struct scene scene;

    scene_create(&scene, made->ec);
    for (unsigned i = 0; i < PLAIN_MAX; i++) {
        clients[i] = raw_client_connect(&scene.address, scene.port);
        assert_non_null(clients[i]);
    }
    for (unsigned i = 0; i < PLAIN_MAX; i++) {
        set_on_connected(&scene, i == 0 ? CONNECTED_FORGET : CONNECTED_KEEP);
        assert_true(tls_client_handshake(clients[i], NULL, NULL));
        again += wait_plain(&scene, i) == scene.plain[0] ? 1u : 0u;
        if (i > 0) {
            assert_true(tls_front_arrival(scene.front, scene.plain[i], &arrival));
            assert_int_equal(arrival.peer_port, raw_client_port(clients[i]));
        }
    }
    print_message("the number came again: %s\n", again > 1 ? "yes" : "no");
    for (unsigned i = 0; i < PLAIN_MAX; i++) {
        if (i > 0) {
            socket_close(scene.plain[i]);
        }
        assert_true(raw_client_at_end(clients[i]));
        raw_client_close(clients[i]);
    }
    scene_destroy(&scene);
}

/* As before, but the newest client is gone when the server asks: nobody's, not the former one's. */
static void tls_front_arrival__newest_client_left__not_the_former_one(void **state)
{
    const struct https_identities *made = *state;
    struct raw_client *clients[2];
    socket_handle again = SOCKET_HANDLE_NONE;
    struct tls_arrival arrival;
    struct scene scene;
    char text[8];

    scene_create(&scene, made->ec);
    for (unsigned i = 0; i < 2; i++) {
        clients[i] = raw_client_connect(&scene.address, scene.port);
        assert_non_null(clients[i]);
    }
    set_on_connected(&scene, CONNECTED_FORGET);
    assert_true(tls_client_handshake(clients[0], NULL, NULL));
    (void)wait_plain(&scene, 0);
    set_on_connected(&scene, CONNECTED_KEEP);
    assert_true(tls_client_handshake(clients[1], NULL, NULL));
    again = wait_plain(&scene, 1);
    print_message("the number came again: %s\n", again == scene.plain[0] ? "yes" : "no");
    tls_client_reset(clients[1]);
    assert_false(plain_receive(again, text, sizeof(text)));
    /* where the system shows a reset as an orderly end, its own arrival may still be there */
    assert_true(!tls_front_arrival(scene.front, again, &arrival)
                || arrival.peer_port != raw_client_port(clients[0]));
    socket_close(again);
    raw_client_close(clients[0]);
    scene_destroy(&scene);
}

static void tls_front__connected_refuses__client_closed(void **state)
{
    const struct https_identities *made = *state;
    struct tls_arrival arrival;
    struct raw_client *client = NULL;
    struct scene scene;

    scene_create(&scene, made->ec);
    set_on_connected(&scene, CONNECTED_REFUSE);
    client = tls_client_connect(&scene.address, scene.port, NULL, NULL);
    (void)wait_plain(&scene, 0);
    assert_true(client == NULL || raw_client_at_end(client));
    assert_false(tls_front_arrival(scene.front, scene.plain[0], &arrival));
    raw_client_close(client);
    scene_destroy(&scene);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* The client says that nothing more comes, and still gets its answer. */
static void tls_front__client_ends_sending__answer_arrives(void **state)
{
    const struct https_identities *made = *state;
    struct buffer answer = BUFFER_INIT(TEXT_LIMIT);
    socket_handle plain = SOCKET_HANDLE_NONE;
    struct raw_client *client = NULL;
    char text[64];
    struct scene scene;

    scene_create(&scene, made->ec);
    client = scene_connect(&scene);
    plain = wait_plain(&scene, 0);
    assert_true(raw_client_send_text(client, "question"));
    assert_true(plain_receive(plain, text, sizeof(text)));
    assert_string_equal(text, "question");
    tls_client_end_sending(client);
    assert_false(plain_receive(plain, text, sizeof(text)));
    plain_send(plain, "answer");
    assert_true(raw_client_take(client, strlen("answer"), &answer));
    assert_bytes_text(buffer_bytes(&answer), "answer");
    socket_close(plain);
    assert_true(raw_client_at_end(client));
    assert_true(tls_client_was_told(client));
    raw_client_close(client);
    buffer_clear(&answer);
    scene_destroy(&scene);
}

static void tls_front__client_resets__plain_side_ends(void **state)
{
    const struct https_identities *made = *state;
    socket_handle plain = SOCKET_HANDLE_NONE;
    struct raw_client *client = NULL;
    char text[64];
    struct scene scene;

    scene_create(&scene, made->ec);
    client = scene_connect(&scene);
    plain = wait_plain(&scene, 0);
    tls_client_reset(client);
    assert_false(plain_receive(plain, text, sizeof(text)));
    socket_close(plain);
    scene_destroy(&scene);
}

/* ---- stopping -------------------------------------------------------------------------------- */

struct late_reader {
    struct scene *scene;
    struct raw_client *client;
    size_t expected;
    struct buffer got;
    bool whole;
    bool told;
};

/* Read nothing before the front is told to end. */
static void *read_late(void *context)
{
    struct late_reader *reader = context;
    struct scene *scene = reader->scene;

    (void)pthread_mutex_lock(&scene->lock);
    while (!scene->freeing) {
        (void)pthread_cond_wait(&scene->changed, &scene->lock);
    }
    (void)pthread_mutex_unlock(&scene->lock);
    reader->whole = raw_client_take(reader->client, reader->expected, &reader->got);
    reader->told = raw_client_at_end(reader->client) && tls_client_was_told(reader->client);
    return NULL;
}

/* Write until all buffers on the way to a client that does not read are full; returns how much. */
static size_t fill(socket_handle plain, struct buffer *sent_bytes)
{
    static uint8_t piece[PIECE];
    struct socket_poll *poll = socket_poll_create(1);
    struct error err = ERROR_INIT;
    size_t sent = 0;
    bool room = true;

    assert_non_null(poll);
    while (room && sent_bytes->len < TEXT_LIMIT - PIECE) {
        for (size_t i = 0; i < sizeof(piece); i++) {
            piece[i] = (uint8_t)((sent_bytes->len + i) / 251);
        }
        if (socket_send(plain, bytes_of(piece, sizeof(piece)), &sent) == SOCKET_IO_DONE) {
            assert_true(buffer_append(sent_bytes, piece, sent, &err));
            continue;
        }
        socket_poll_reset(poll);
        socket_poll_add(poll, plain, SOCKET_POLL_WRITE);
        socket_poll_wait(poll, 200); /* the front may still make room */
        room = socket_poll_events(poll, 0) != 0;
    }
    socket_poll_free(poll);
    return sent_bytes->len;
}

static void tls_front_free__bytes_on_their_way__arrive_whole(void **state)
{
    const struct https_identities *made = *state;
    struct buffer sent = BUFFER_INIT(TEXT_LIMIT);
    struct late_reader reader = { .got = BUFFER_INIT(TEXT_LIMIT) };
    socket_handle plain = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;
    pthread_t thread;
    struct scene scene;

    scene_create(&scene, made->ec);
    reader.scene = &scene;
    reader.client = scene_connect(&scene);
    plain = wait_plain(&scene, 0);
    reader.expected = fill(plain, &sent);
    socket_close(plain);
    assert_done(thread_start(&thread, "reader", read_late, &reader, &err), &err, "");
    tls_front_quiesce(scene.front);
    (void)pthread_mutex_lock(&scene.lock);
    scene.freeing = true;
    (void)pthread_cond_broadcast(&scene.changed);
    (void)pthread_mutex_unlock(&scene.lock);
    tls_front_free(scene.front, FLUSH_MS);
    scene.front = NULL;
    thread_join(thread);
    assert_true(reader.whole);
    assert_true(bytes_equal(buffer_bytes(&reader.got), buffer_bytes(&sent)));
    assert_true(reader.told);
    raw_client_close(reader.client);
    buffer_clear(&reader.got);
    buffer_clear(&sent);
    scene_destroy(&scene);
}

/* Nobody waits for a client that takes nothing. */
static void tls_front_free__client_takes_nothing__ends_all_the_same(void **state)
{
    const struct https_identities *made = *state;
    struct buffer sent = BUFFER_INIT(TEXT_LIMIT);
    socket_handle plain = SOCKET_HANDLE_NONE;
    struct raw_client *client = NULL;
    struct scene scene;

    scene_create(&scene, made->ec);
    client = scene_connect(&scene);
    plain = wait_plain(&scene, 0);
    (void)fill(plain, &sent);
    tls_front_free(scene.front, 50);
    scene.front = NULL;
    socket_close(plain);
    raw_client_close(client);
    buffer_clear(&sent);
    scene_destroy(&scene);
}

static void tls_front_quiesce__handshakes_end_and_connections_go_on(void **state)
{
    const struct https_identities *made = *state;
    struct buffer answer = BUFFER_INIT(TEXT_LIMIT);
    socket_handle listening = SOCKET_HANDLE_NONE;
    socket_handle plain = SOCKET_HANDLE_NONE;
    struct raw_client *client = NULL;
    struct raw_client *silent = NULL;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    struct scene scene;

    scene_create(&scene, made->ec);
    silent = raw_client_connect(&scene.address, scene.port);
    assert_non_null(silent);
    client = scene_connect(&scene);
    plain = wait_plain(&scene, 0);
    tls_front_quiesce(scene.front);
    tls_front_quiesce(scene.front);
    assert_null(raw_client_connect(&scene.address, scene.port));
    assert_true(raw_client_at_end(silent));
    plain_send(plain, "still here");
    assert_true(raw_client_take(client, strlen("still here"), &answer));
    assert_done(socket_listen(&scene.address, 0, 16, &listening, &port, &err), &err, "");
    assert_refused(tls_front_listen(scene.front, listening, scene.tls, NULL, &err), &err,
                   REASON_LISTEN_FAILED, "too late");
    assert_null(raw_client_connect(&scene.address, port)); /* it was closed */
    raw_client_close(silent);
    raw_client_close(client);
    socket_close(plain);
    buffer_clear(&answer);
    scene_destroy(&scene);
}

static void tls_front__nothing_to_serve__begins_and_ends(void **state)
{
    const struct tls_front_options none = { .connections = 0 };
    const struct tls_front_options one = { .connections = 1 };
    struct error err = ERROR_INIT;
    struct tls_front *front = NULL;

    (void)state;
    assert_done(sockets_start(&err), &err, "sockets");
    tls_front_free(NULL, 0);
    assert_null(tls_front_create(&none, &err));
    error_clear(&err);
    front = tls_front_create(&one, &err);
    assert_done(front != NULL, &err, "");
    tls_front_free(front, WAIT_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_front_arrival__asked_once__right_client),
        cmocka_unit_test(tls_front_arrival__number_comes_again__newest_client),
        cmocka_unit_test(tls_front_arrival__newest_client_left__not_the_former_one),
        cmocka_unit_test(tls_front__connected_refuses__client_closed),
        cmocka_unit_test(tls_front__client_ends_sending__answer_arrives),
        cmocka_unit_test(tls_front__client_resets__plain_side_ends),
        cmocka_unit_test(tls_front_free__bytes_on_their_way__arrive_whole),
        cmocka_unit_test(tls_front_free__client_takes_nothing__ends_all_the_same),
        cmocka_unit_test(tls_front_quiesce__handshakes_end_and_connections_go_on),
        cmocka_unit_test(tls_front__nothing_to_serve__begins_and_ends),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
