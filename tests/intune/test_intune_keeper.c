/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's thread: wakes, changes clients, stops at once; tells once what lasts. */
#include <string.h>

#include "keeper_fixture.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SOON 60000    /* ms; far above what it takes */
#define AT_ONCE 30000 /* ms; the calls that hang would take 120 seconds */

static struct intune_keeper *start(struct world *world)
{
    struct error err = ERROR_INIT;
    struct intune_keeper *keeper = intune_keeper_create(&world->options, &err);

    assert_done(keeper != NULL, &err, "keeper");
    return keeper;
}

static void behave(struct world *world, enum intune_cloud_path path, enum intune_cloud_how how)
{
    const struct intune_cloud_behaviour behaviour = { .path = path, .how = how };
    struct error err = ERROR_INIT;

    assert_done(intune_cloud_behave(world->cloud, &behaviour, &err), &err, "");
}

/* Ends it; how long that took, in ms. */
static int64_t stop(struct intune_keeper *keeper)
{
    int64_t begun = clock_monotonic_us();

    intune_keeper_free(keeper);
    return (clock_monotonic_us() - begun) / 1000;
}

static void keeper__never_used__ends(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = start(world);

    intune_keeper_wake(keeper);
    intune_keeper_use(keeper, NULL, NULL);
    assert_in_range(stop(keeper), 0, AT_ONCE);
    intune_keeper_free(NULL);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_ANY), 0);
}

static void keeper__client_comes__all_duties_at_once(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = NULL;
    char serial[41], configuration[160];

    world_any_order(world);
    world_post(world, 1, clock_now());
    world_certificate(world, 1, false, serial, configuration);
    assert_true(intune_cloud_revoke(world->cloud, serial, configuration, NULL));
    keeper = start(world);
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, 1, SOON));
    assert_true(world_wait_news(world, INTUNE_NEWS_REVOKED, 1, SOON));
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_UPLOAD, 1, SOON));
    /* Asleep; something new comes. */
    world_post(world, 2, clock_now());
    intune_keeper_wake(keeper);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, 2, SOON));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 1);
    world_assert_no_objection(world);
}

static void keeper__many_waiting__all_in_one_go(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = NULL;
    int64_t next = 0;

    world_any_order(world);
    for (unsigned i = 0; i < 30; i++) {
        world_post(world, i, clock_now());
    }
    keeper = start(world);
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, 30, SOON));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(world_waiting(world, &next), 0);
}

static void keeper__polls_off__no_download(void **state)
{
    struct world *world = *state;
    struct intune_client *client = world_client(world, ", \"revocation_minutes\": 0");
    struct intune_keeper *keeper = start(world);

    world_any_order(world);
    world_post(world, 1, clock_now());
    intune_keeper_use(keeper, client, &world->config);
    /* The credential's end is the last duty of a start. */
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_APPLICATION, 1, SOON));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 0);
    intune_client_unref(client);
}

/* In each kind of call that hangs. */
static void keeper__stopped_during_a_call__ends_at_once_and_the_row_stays(void **state)
{
    static const enum intune_cloud_path paths[] = { INTUNE_CLOUD_FAILURE, INTUNE_CLOUD_TOKEN,
                                                    INTUNE_CLOUD_DOWNLOAD,
                                                    INTUNE_CLOUD_APPLICATION };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct intune_keeper *keeper = NULL;
        int64_t next = 0;

        intune_cloud_reset(world->cloud);
        world_any_order(world);
        intune_client_unref(world->client);
        world->client = world_client(world, "");
        world_post(world, (unsigned)i, clock_now());
        behave(world, paths[i], INTUNE_CLOUD_HANG);
        keeper = start(world);
        intune_keeper_use(keeper, world->client, &world->config);
        assert_true(intune_cloud_wait(world->cloud, paths[i], 1, SOON));
        assert_in_range(stop(keeper), 0, AT_ONCE);
        /* Nobody has said no: no attempt is counted, nothing is told. */
        assert_int_equal(world_news(world, INTUNE_NEWS_DELAYED).count, 0);
        assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).count, 0);
        (void)world_waiting(world, &next);
    }
}

static void keeper__other_client_during_a_call__the_call_ends_as_it_would(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = start(world);
    struct intune_client *second = world_client(world, "");
    char id[INTUNE_ID_MAX];
    struct intune_request request = { "txn", bytes_of_text("csr") };
    struct error err = ERROR_INIT;

    world_any_order(world);
    world_post(world, 1, clock_now());
    behave(world, INTUNE_CLOUD_FAILURE, INTUNE_CLOUD_SLOW); /* until the latch is open */
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(intune_cloud_wait(world->cloud, INTUNE_CLOUD_FAILURE, 1, SOON));
    intune_keeper_use(keeper, second, &world->config);
    intune_cloud_open_latch(world->cloud);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, 1, SOON));
    /* The first one still works: others have it. */
    assert_done(intune_notify_failure(world->client, &request, 0xa0040001u, "x", id, &err), &err,
                "");
    intune_keeper_use(keeper, NULL, NULL);
    assert_in_range(stop(keeper), 0, AT_ONCE);
    intune_client_unref(second);
}

static void keeper__outage__told_once_and_new_rows_wait(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = start(world);
    int64_t next = 0;

    world_any_order(world);
    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_FAILURE, 500, 0));
    world_post(world, 1, clock_now());
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELAYED, 1, SOON));
    unsigned calls = intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE);
    world_post(world, 2, clock_now());
    intune_keeper_wake(keeper);
    /* The thread goes on with its other duties, and not to the new row. */
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_APPLICATION, 1, SOON));
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE), calls);
    /* Other settings: perhaps they mend it. */
    intune_cloud_reset(world->cloud);
    world_any_order(world);
    struct intune_client *second = world_client(world, "");
    intune_keeper_use(keeper, second, &world->config);
    assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, 1, SOON));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(world_news(world, INTUNE_NEWS_DELAYED).count, 1);
    (void)world_waiting(world, &next);
    intune_client_unref(second);
}

/* The cloud has answered before the keeper has read it; stopping would end the call in between. */
static bool end_becomes_known(struct intune_client *client, int64_t end)
{
    int64_t until = clock_monotonic_us() + (int64_t)SOON * 1000;

    while (intune_credential_end_told(client) != end && clock_monotonic_us() < until) {
        thread_pause_ms(2);
    }
    return intune_credential_end_told(client) == end;
}

/* At once, and when settings are saved; whoever wants to know finds it with the client. */
static void keeper__credential_end__asked_for_and_known(void **state)
{
    struct world *world = *state;
    struct intune_cloud_settings settings;
    struct intune_keeper *keeper = start(world);
    struct intune_client *second = NULL;
    int64_t end = clock_now() + 59 * KEEPER_DAY;

    intune_cloud_settings(world->cloud, &settings);
    settings.secret_ends = end;
    intune_cloud_set(world->cloud, &settings);
    assert_int_equal(intune_credential_end_told(world->client), 0);
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(end_becomes_known(world->client, end));
    second = world_client(world, "");
    intune_keeper_use(keeper, second, &world->config);
    assert_true(end_becomes_known(second, end));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_APPLICATION), 2);
    intune_client_unref(second);
}

static void keeper__poll_fails_again__told_once(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = start(world);

    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_DOWNLOAD, 500, 0));
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(world_wait_news(world, INTUNE_NEWS_POLL_FAILED, 1, SOON));
    unsigned calls = intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD);
    struct intune_client *second = world_client(world, "");
    intune_keeper_use(keeper, second, &world->config);
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_DOWNLOAD, calls + 1, SOON));
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).count, 1);
    intune_client_unref(second);
}

/* The service has loaded again, but for something else. */
static void keeper__the_same_client_again__asks_nothing(void **state)
{
    struct world *world = *state;
    struct intune_keeper *keeper = start(world);

    world_any_order(world);
    intune_keeper_use(keeper, world->client, &world->config);
    assert_true(intune_cloud_wait_answered(world->cloud, INTUNE_CLOUD_APPLICATION, 1, SOON));
    intune_keeper_use(keeper, world->client, &world->config);
    for (unsigned i = 1; i <= 3; i++) { /* one duty at a time: the others would get their turn */
        world_post(world, i, clock_now());
        intune_keeper_wake(keeper);
        assert_true(world_wait_news(world, INTUNE_NEWS_DELIVERED, i, SOON));
    }
    assert_in_range(stop(keeper), 0, AT_ONCE);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 1);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_APPLICATION), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeper__never_used__ends),
        TEST(keeper__client_comes__all_duties_at_once),
        TEST(keeper__many_waiting__all_in_one_go),
        TEST(keeper__polls_off__no_download),
        TEST(keeper__stopped_during_a_call__ends_at_once_and_the_row_stays),
        TEST(keeper__other_client_during_a_call__the_call_ends_as_it_would),
        TEST(keeper__outage__told_once_and_new_rows_wait),
        TEST(keeper__credential_end__asked_for_and_known),
        TEST(keeper__the_same_client_again__asks_nothing),
        TEST(keeper__poll_fails_again__told_once),
    };
    return cmocka_run_group_tests(tests, cloud_open, cloud_close);
}
