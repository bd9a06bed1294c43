/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include "http/http_connection.h"

#define HOST "Host: test\r\n"
#define COUNT "GET /count HTTP/1.1\r\n" HOST "\r\n"
#define COUNT_AT_GATE "GET /count?gate HTTP/1.1\r\n" HOST "\r\n"
#define THREADS 4u
#define ROUNDS 2000u

/* ---- by itself ------------------------------------------------------------------------------- */

struct kept {
    unsigned freed;
};

static void free_kept(void *value)
{
    struct kept *kept = value;

    kept->freed++;
}

static void http_connection__keep_and_take__ownership_moves(void **state)
{
    struct http_connection *c = http_connection_create();
    struct kept one = { 0 };

    (void)state;
    assert_non_null(c);
    assert_null(http_connection_take(c));
    http_connection_keep(c, &one, free_kept);
    assert_ptr_equal(http_connection_take(c), &one);
    assert_null(http_connection_take(c));
    http_connection_unref(c);
    assert_int_equal(one.freed, 0); /* it was the taker's */
}

static void http_connection__keep_again__former_one_freed(void **state)
{
    struct http_connection *c = http_connection_create();
    struct kept one = { 0 };
    struct kept two = { 0 };

    (void)state;
    http_connection_keep(c, &one, free_kept);
    http_connection_keep(c, &two, free_kept);
    assert_int_equal(one.freed, 1);
    http_connection_keep(c, NULL, NULL);
    assert_int_equal(two.freed, 1);
    http_connection_unref(c);
    assert_int_equal(one.freed, 1);
    assert_int_equal(two.freed, 1);
}

static void http_connection__ended__nothing_is_kept_any_more(void **state)
{
    struct http_connection *c = http_connection_create();
    struct kept before = { 0 };
    struct kept after = { 0 };

    (void)state;
    http_connection_keep(c, &before, free_kept);
    http_connection_end(c);
    assert_int_equal(before.freed, 1);
    assert_null(http_connection_take(c));
    http_connection_keep(c, &after, free_kept);
    assert_int_equal(after.freed, 1);
    assert_null(http_connection_take(c));
    http_connection_end(c);
    http_connection_unref(c);
    assert_int_equal(before.freed, 1);
    assert_int_equal(after.freed, 1);
}

static void http_connection__last_reference__frees_what_is_kept(void **state)
{
    struct http_connection *c = http_connection_create();
    struct kept one = { 0 };

    (void)state;
    assert_ptr_equal(http_connection_ref(c), c);
    http_connection_keep(c, &one, free_kept);
    http_connection_unref(c);
    assert_int_equal(one.freed, 0);
    http_connection_unref(c);
    assert_int_equal(one.freed, 1);
    http_connection_unref(NULL);
}

struct player {
    struct http_connection *connection;
    struct kept kept;
    unsigned kept_count;
    unsigned taken;
};

/* Keep one's own value and take whatever is there; each value is freed or taken exactly once. */
static void *play(void *context)
{
    struct player *player = context;

    for (unsigned i = 0; i < ROUNDS; i++) {
        http_connection_keep(player->connection, &player->kept, NULL);
        player->kept_count++;
        player->taken += http_connection_take(player->connection) != NULL ? 1u : 0u;
    }
    http_connection_unref(player->connection);
    return NULL;
}

static void http_connection__many_threads__nothing_taken_twice(void **state)
{
    struct http_connection *c = http_connection_create();
    struct player players[THREADS] = { 0 };
    pthread_t threads[THREADS];
    struct error err = ERROR_INIT;
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        players[i].connection = http_connection_ref(c);
        assert_done(thread_start(&threads[i], "player", play, &players[i], &err), &err, "");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
        taken += players[i].taken;
    }
    assert_true(taken > 0 && taken <= THREADS * ROUNDS);
    assert_null(http_connection_take(c));
    http_connection_unref(c);
}

/* ---- with the server ------------------------------------------------------------------------- */

static void ask_count(struct raw_client *client, const char *expected)
{
    struct raw_response response = RAW_RESPONSE_INIT;

    world_exchange(client, COUNT, &response);
    assert_int_equal(response.status, 200);
    assert_bytes_text(buffer_bytes(&response.body), expected);
    raw_response_clear(&response);
}

static void http_server__keep_alive__state_of_its_own_connection(void **state)
{
    struct raw_client *one = NULL;
    struct raw_client *two = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    one = world_connect(&world);
    two = world_connect(&world);
    ask_count(one, "1");
    ask_count(one, "2");
    ask_count(two, "1");
    ask_count(one, "3");
    assert_int_equal(world.counters_freed, 0);
    raw_client_close(one);
    world_wait_counters_freed(&world, 1);
    ask_count(two, "2");
    raw_client_close(two);
    world_wait_counters_freed(&world, 2);
    one = world_connect(&world);
    ask_count(one, "1"); /* nothing is left of a former connection */
    raw_client_close(one);
    world_destroy(&world);
    assert_int_equal(world.counters_freed, 3);
}

static void http_server__client_leaves_while_handled__state_goes_with_it(void **state)
{
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, COUNT_AT_GATE));
    world_wait_inside(&world, 1);
    raw_client_reset(client);
    world_open_gate(&world);
    world_wait_counters_freed(&world, 1);
    world_destroy(&world);
    assert_int_equal(world.counters_freed, 1);
}

/* The connection has ended before the worker keeps its value. */
static void http_server__kept_after_the_end__freed_at_once(void **state)
{
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, COUNT_AT_GATE));
    world_wait_inside(&world, 1);
    http_server_stop(world.server, 10);
    assert_int_equal(world.counters_freed, 0);
    world_open_gate(&world);
    world_wait_counters_freed(&world, 1);
    raw_client_close(client);
    world_destroy(&world);
    assert_int_equal(world.counters_freed, 1);
    assert_int_equal(world.freed_when_kept, 1); /* not only with the request */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_connection__keep_and_take__ownership_moves),
        cmocka_unit_test(http_connection__keep_again__former_one_freed),
        cmocka_unit_test(http_connection__ended__nothing_is_kept_any_more),
        cmocka_unit_test(http_connection__last_reference__frees_what_is_kept),
        cmocka_unit_test(http_connection__many_threads__nothing_taken_twice),
        cmocka_unit_test(http_server__keep_alive__state_of_its_own_connection),
        cmocka_unit_test(http_server__client_leaves_while_handled__state_goes_with_it),
        cmocka_unit_test(http_server__kept_after_the_end__freed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
