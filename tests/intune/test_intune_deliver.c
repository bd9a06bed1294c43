/* SPDX-License-Identifier: Apache-2.0 */
/* Failure notifications: told in order, kept through an outage, given up in the end. */
#include <string.h>

#include "base/text.h"
#include "keeper_fixture.h"

static struct intune_round deliver(struct world *world, int64_t now)
{
    struct intune_round round = { 0 };
    struct error err = ERROR_INIT;

    assert_done(
        intune_keeper_deliver(&world->options, world->client, now, KEEPER_DAY, &round, &err), &err,
        "");
    return round;
}

static void fail_with(struct world *world, enum intune_cloud_how how, int64_t number,
                      const char *value, unsigned times)
{
    const struct intune_cloud_behaviour behaviour = {
        .path = INTUNE_CLOUD_FAILURE, .how = how, .value = value, .number = number, .times = times
    };
    struct error err = ERROR_INIT;

    assert_done(intune_cloud_behave(world->cloud, &behaviour, &err), &err, "");
}

static void deliver__due__told_in_order_and_gone(void **state)
{
    struct world *world = *state;
    int64_t next = -1;

    world_any_order(world);
    for (unsigned i = 0; i < 20; i++) {
        world_post(world, i, KEEPER_NOW);
    }
    world_post(world, 99, KEEPER_NOW + 1);
    assert_int_equal(deliver(world, KEEPER_NOW - 1).delivered, 0);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE), 0);
    /* A few at a time. */
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 8);
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 8);
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 4);
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 0);
    assert_int_equal(world_waiting(world, &next), 1);
    for (unsigned i = 0; i < 20; i++) {
        struct intune_cloud_enrolment enrolment;
        char transaction[40];

        assert_true(text_format(transaction, sizeof(transaction), "txn-%u", i));
        assert_true(intune_cloud_enrolment_at(world->cloud, i, &enrolment));
        assert_string_equal(enrolment.transaction_id, transaction);
        assert_int_equal(enrolment.failures, 1);
        assert_int_equal(enrolment.hresult, (int32_t)0xa0040203u);
        assert_string_equal(enrolment.description, "policy-key-size: 1024 bits");
    }
    assert_int_equal(world_news(world, INTUNE_NEWS_DELIVERED).count, 20);
    assert_non_null(strstr(world_news(world, INTUNE_NEWS_DELIVERED).text, "txn-19"));
    assert_non_null(strstr(world_news(world, INTUNE_NEWS_DELIVERED).text, "policy-key-size"));
    world_assert_no_objection(world);
}

/* With the first one told, the second one's device gets its certificate. */
static void take_second(void *context, const struct intune_news_item *item)
{
    struct world *world = context;
    struct error err = ERROR_INIT;

    if (item->news == INTUNE_NEWS_DELIVERED) {
        assert_done(store_outbox_remove(world->store, 2, &err), &err, "");
    }
}

static void deliver__overtaken_within_the_round__not_told(void **state)
{
    struct world *world = *state;
    struct intune_cloud_enrolment enrolment;

    world_any_order(world);
    for (unsigned i = 1; i <= 3; i++) {
        world_post(world, i, KEEPER_NOW);
    }
    world->options.news = take_second;
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 2);
    assert_true(intune_cloud_enrolment_at(world->cloud, 1, &enrolment));
    assert_string_equal(enrolment.transaction_id, "txn-3");
}

/* 30 s, 1, 2, 4, 8, 16, 30, 30 minutes, up to a fifth earlier. */
static void deliver__outage__backs_off_and_delivers_afterwards(void **state)
{
    static const int64_t waits[] = { 30, 60, 120, 240, 480, 960, 1800, 1800 };
    struct world *world = *state;
    int64_t now = KEEPER_NOW;
    int64_t next = 0;

    world_any_order(world);
    world_post(world, 1, now);
    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_FAILURE, 500,
                                    sizeof(waits) / sizeof(waits[0])));
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        struct intune_round round = deliver(world, now);

        assert_int_equal(round.delayed, 1);
        assert_int_equal(round.delivered + round.lost, 0);
        assert_int_equal(world_waiting(world, &next), 1);
        assert_in_range(next - now, waits[i] - waits[i] / 5, waits[i]);
        assert_int_equal(deliver(world, next - 1).delayed, 0);
        now = next;
    }
    assert_int_equal(deliver(world, now).delivered, 1);
    assert_int_equal(world_waiting(world, &next), 0);
    struct news_seen delayed = world_news(world, INTUNE_NEWS_DELAYED);
    assert_int_equal(delayed.why, REASON_INTUNE_UNAVAILABLE);
    assert_non_null(strstr(delayed.text, "txn-1"));
    world_assert_no_objection(world);
}

/* Three failures say enough: the others are not tried, and their turn comes in the old order. */
static void deliver__outage_with_many__few_calls_and_the_order_stays(void **state)
{
    struct world *world = *state;
    struct intune_cloud_enrolment enrolment;
    int64_t next = 0;

    world_any_order(world);
    for (unsigned i = 0; i < 6; i++) {
        world_post(world, i, KEEPER_NOW);
    }
    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_FAILURE, 500, 3));
    assert_int_equal(deliver(world, KEEPER_NOW).delayed, 3);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE), 3);
    assert_int_equal(world_news(world, INTUNE_NEWS_DELAYED).count, 1);
    assert_int_equal(world_waiting(world, &next), 6);
    assert_int_equal(deliver(world, KEEPER_NOW + 30).delivered, 6);
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_string_equal(enrolment.transaction_id, "txn-0");
    assert_true(intune_cloud_enrolment_at(world->cloud, 5, &enrolment));
    assert_string_equal(enrolment.transaction_id, "txn-5");
}

/* Rows that never succeed do not stand in the way of all others for ever. */
static void deliver__hopeless_ones_in_front__others_get_through(void **state)
{
    struct world *world = *state;
    struct error err = ERROR_INIT;
    int64_t next = 0;

    world_any_order(world);
    for (unsigned i = 0; i < 6; i++) {
        world_post(world, i, KEEPER_NOW);
    }
    for (unsigned i = 0; i < 4 * 8; i++) {
        assert_done(store_outbox_retry(world->store, 1 + i % 4, KEEPER_NOW, &err), &err, "");
    }
    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_FAILURE, 500, 4));
    struct intune_round round = deliver(world, KEEPER_NOW);
    assert_int_equal(round.delayed, 4);
    assert_int_equal(round.delivered, 2);
    assert_int_equal(world_waiting(world, &next), 4);
}

struct failure_case {
    const char *name;
    enum intune_cloud_how how;
    int64_t number;
    const char *value;
    bool final;
    enum reason why; /* REASON_NONE: whichever */
};

static const struct failure_case failure_cases[] = {
    { "a known no", INTUNE_CLOUD_CODE, 0, "ChallengeExpired", true,
      REASON_INTUNE_CHALLENGE_EXPIRED },
    { "a no that nobody knows", INTUNE_CLOUD_CODE, 0, "SomethingNew", true,
      REASON_INTUNE_CODE_UNKNOWN },
    { "another tenant", INTUNE_CLOUD_CODE, 0, "BadTenantIdInChallenge", true,
      REASON_INTUNE_TENANT },
    { "no code", INTUNE_CLOUD_NO_CODE, 0, NULL, false, REASON_INTUNE_ANSWER },
    { "a proxy's page", INTUNE_CLOUD_HTML, 0, NULL, false, REASON_INTUNE_ANSWER },
    { "internal error", INTUNE_CLOUD_INTERNAL, 0, NULL, false, REASON_INTUNE_UNAVAILABLE },
    { "no right", INTUNE_CLOUD_STATUS, 403, NULL, false, REASON_INTUNE_RIGHTS },
    { "hung up", INTUNE_CLOUD_CLOSE, 0, NULL, false, REASON_NONE },
};

static void deliver__what_intune_answers__final_or_later(void **state)
{
    struct world *world = *state;
    int64_t next = 0;

    for (unsigned i = 0; i < sizeof(failure_cases) / sizeof(failure_cases[0]); i++) {
        const struct failure_case *c = &failure_cases[i];

        intune_cloud_reset(world->cloud);
        world_any_order(world);
        intune_client_unref(world->client);
        world->client = world_client(world, "");
        world_post(world, i, KEEPER_NOW);
        fail_with(world, c->how, c->number, c->value, 0);
        struct intune_round round = deliver(world, KEEPER_NOW);
        struct news_seen news =
            world_news(world, c->final ? INTUNE_NEWS_LOST : INTUNE_NEWS_DELAYED);
        if (round.lost != (c->final ? 1u : 0u) || round.delayed != (c->final ? 0u : 1u)
            || (c->why != REASON_NONE && news.why != c->why)) {
            fail_msg("%s: lost %u, delayed %u, %s", c->name, round.lost, round.delayed,
                     reason_id(news.why));
        }
        if (c->final) {
            assert_int_equal(world_waiting(world, &next), 0);
            if (c->how == INTUNE_CLOUD_CODE && strstr(news.text, c->value) == NULL) {
                fail_msg("%s: the code is not in: %s", c->name, news.text);
            }
        } else {
            assert_int_equal(world_waiting(world, &next), 1);
            /* For the next case. */
            assert_int_equal(deliver(world, KEEPER_NOW + 2 * KEEPER_DAY).lost, 1);
        }
    }
}

static void deliver__kept_too_long__given_up_without_a_call(void **state)
{
    struct world *world = *state;
    int64_t next = 0;

    world_any_order(world);
    world_post(world, 1, KEEPER_NOW);
    world_post(world, 2, KEEPER_NOW + 1);
    struct intune_round round = deliver(world, KEEPER_NOW + KEEPER_DAY);
    assert_int_equal(round.lost, 1);
    assert_int_equal(round.delivered, 1);
    assert_int_equal(world_waiting(world, &next), 0);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE), 1);
    assert_non_null(strstr(world_news(world, INTUNE_NEWS_LOST).text, "txn-1"));
}

static void deliver__sealed_elsewhere__given_up_with_the_reason(void **state)
{
    static const struct store_refusal why = { 1, "policy", "" };
    struct world *world = *state;
    struct error err = ERROR_INIT;
    int64_t next = 0;
    bool added = false;

    world_any_order(world);
    assert_done(store_outbox_add(world->store, "devices", bytes_of_text("t"),
                                 bytes_of_text("ONDP1 of another machine"), true, &why, KEEPER_NOW,
                                 10, &added, &err),
                &err, "");
    world_post(world, 2, KEEPER_NOW);
    struct intune_round round = deliver(world, KEEPER_NOW);
    assert_int_equal(round.lost, 1);
    assert_int_equal(round.delivered, 1);
    assert_int_equal(world_waiting(world, &next), 0);
    assert_int_equal(world_news(world, INTUNE_NEWS_LOST).why, REASON_KEY_PROTECTION);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_FAILURE), 1);
}

static void deliver__long_description__cut_by_the_client(void **state)
{
    struct world *world = *state;
    struct store_refusal why = { 0xa0040001u, "policy", NULL };
    struct intune_request request = { "t", bytes_of_text("csr") };
    struct buffer ticket = BUFFER_INIT(98304);
    struct error err = ERROR_INIT;
    char detail[600];
    bool added = false;

    memset(detail, 'x', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    why.detail = detail;
    world_any_order(world);
    assert_done(intune_ticket_seal(world->folder.path, &request, &ticket, &err), &err, "");
    assert_done(store_outbox_add(world->store, "devices", bytes_of_text("t"), buffer_bytes(&ticket),
                                 true, &why, KEEPER_NOW, 10, &added, &err),
                &err, "");
    buffer_clear(&ticket);
    assert_int_equal(deliver(world, KEEPER_NOW).delivered, 1);
    world_assert_no_objection(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deliver__due__told_in_order_and_gone),
        TEST(deliver__overtaken_within_the_round__not_told),
        TEST(deliver__outage__backs_off_and_delivers_afterwards),
        TEST(deliver__outage_with_many__few_calls_and_the_order_stays),
        TEST(deliver__hopeless_ones_in_front__others_get_through),
        TEST(deliver__what_intune_answers__final_or_later),
        TEST(deliver__kept_too_long__given_up_without_a_call),
        TEST(deliver__sealed_elsewhere__given_up_with_the_reason),
        TEST(deliver__long_description__cut_by_the_client),
    };
    return cmocka_run_group_tests(tests, cloud_open, cloud_close);
}
