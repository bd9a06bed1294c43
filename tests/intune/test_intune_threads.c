/* SPDX-License-Identifier: Apache-2.0 */
/* Many at a time: one fetch for all, one failure for all, and an end when the service stops. */
#include "intune/intune_world.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define HERD 16
#define WAIT_MS 60000
#define AT_ONCE 25000000 /* us; what hangs takes 60 seconds, what waits for Retry-After 30 */
#define PATIENT "\"connect_seconds\":60,\"total_seconds\":60" /* sixteen handshakes take time */

struct member {
    struct intune_world *world;
    pthread_t thread;
    struct buffer csr;
    bool done;
    struct error err;
    int64_t took_us;
};

static void *validate(void *context)
{
    struct member *member = context;
    struct intune_request request = { "3F2A9C", buffer_bytes(&member->csr) };
    char id[INTUNE_ID_MAX];
    int64_t begin = clock_monotonic_us();

    member->done = intune_validate(member->world->client, &request, id, &member->err);
    member->took_us = clock_monotonic_us() - begin;
    return NULL;
}

/* assertions end a test in its own thread only: requests are made here */
static void herd_start(struct intune_world *world, struct member *herd, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        herd[i] = (struct member){ .world = world, .csr = BUFFER_INIT(32768), .err = ERROR_INIT };
        intune_world_csr(world, &herd[i].csr);
    }
    for (size_t i = 0; i < count; i++) {
        struct error err = ERROR_INIT;

        assert_done(thread_start(&herd[i].thread, "herd", validate, &herd[i], &err), &err, "");
    }
}

static void herd_end(struct member *herd, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        thread_join(herd[i].thread);
        buffer_clear(&herd[i].csr);
    }
}

static void herd__at_the_start__asks_once(void **state)
{
    struct intune_world *world = *state;
    struct member herd[HERD];

    intune_world_client(world, PATIENT);
    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_SLOW, "", 300, 0);
    intune_world_behave(world, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_SLOW, "", 300, 0);
    herd_start(world, herd, HERD);
    herd_end(herd, HERD);
    for (size_t i = 0; i < HERD; i++) {
        assert_done(herd[i].done, &herd[i].err, "");
    }
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 1);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 1);
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 1);
    assert_calls(world, INTUNE_CLOUD_VALIDATE, HERD);
}

/* All of them are told 401 with the same token; one of them gets a new one. */
static void herd__when_the_token_has_ended__asks_once(void **state)
{
    struct intune_world *world = *state;
    struct member herd[HERD];
    struct error err = ERROR_INIT;

    intune_world_client(world, PATIENT);
    assert_done(intune_world_validate(world, &err), &err, "");
    intune_cloud_expire_tokens(world->cloud);
    herd_start(world, herd, HERD);
    herd_end(herd, HERD);
    for (size_t i = 0; i < HERD; i++) {
        assert_done(herd[i].done, &herd[i].err, "");
    }
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 2);
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 1);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 1);
}

/* Nobody waits one after the other for the same silence. */
static void herd__when_no_token_comes__shares_the_failure(void **state)
{
    struct intune_world *world = *state;
    struct member herd[HERD];
    char shared[ERROR_DETAIL_MAX];

    intune_world_client(world, "\"total_seconds\":6,\"connect_seconds\":6");
    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_HANG, "", 0, 0);
    herd_start(world, herd, HERD);
    herd_end(herd, HERD);
    assert_calls(world, INTUNE_CLOUD_TOKEN, 1);
    assert_true(text_copy(shared, sizeof(shared), herd[0].err.detail));
    for (size_t i = 0; i < HERD; i++) {
        assert_refused(herd[i].done, &herd[i].err, REASON_INTUNE_UNAVAILABLE, "");
        assert_string_equal(herd[i].err.detail, shared);
        assert_true(herd[i].took_us < AT_ONCE); /* one after the other: 96 s */
    }
}

static void stop__during_a_call__ends_it_at_once(void **state)
{
    struct intune_world *world = *state;
    static const enum intune_cloud_path paths[] = { INTUNE_CLOUD_TOKEN_GRAPH,
                                                    INTUNE_CLOUD_ENDPOINTS,
                                                    INTUNE_CLOUD_TOKEN_INTUNE,
                                                    INTUNE_CLOUD_VALIDATE };

    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
        struct member herd[3];
        struct error err = ERROR_INIT;
        int64_t begin = 0;

        intune_cloud_reset(world->cloud);
        intune_world_client(world, PATIENT);
        intune_world_behave(world, paths[p], INTUNE_CLOUD_HANG, "", 0, 0);
        herd_start(world, herd, 3); /* one asks, the others wait for it */
        assert_true(intune_cloud_wait(world->cloud, paths[p],
                                      paths[p] == INTUNE_CLOUD_VALIDATE ? 3 : 1, WAIT_MS));
        begin = clock_monotonic_us();
        intune_client_stop(world->client);
        herd_end(herd, 3);
        assert_true(clock_monotonic_us() - begin < AT_ONCE);
        for (size_t i = 0; i < 3; i++) {
            assert_refused(herd[i].done, &herd[i].err, REASON_STOPPING, "");
        }
        assert_refused(intune_world_validate(world, &err), &err, REASON_STOPPING, "later");
    }
}

static void stop__while_it_waits_for_retry_after__ends_it_at_once(void **state)
{
    struct intune_world *world = *state;
    struct member one;
    int64_t begin = 0;

    intune_world_client(world, PATIENT);
    intune_world_behave(world, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_RETRY, "30", 503, 0);
    herd_start(world, &one, 1);
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_VALIDATE, 1, WAIT_MS));
    begin = clock_monotonic_us();
    intune_client_stop(world->client);
    herd_end(&one, 1);
    assert_true(clock_monotonic_us() - begin < AT_ONCE);
    assert_refused(one.done, &one.err, REASON_STOPPING, "");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 1);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(herd__at_the_start__asks_once),
        WORLD_TEST(herd__when_the_token_has_ended__asks_once),
        WORLD_TEST(herd__when_no_token_comes__shares_the_failure),
        WORLD_TEST(stop__during_a_call__ends_it_at_once),
        WORLD_TEST(stop__while_it_waits_for_retry_after__ends_it_at_once),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
