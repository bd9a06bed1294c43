/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A validator that answers byte by byte, or without end: each call is over by its deadline or at
 * its limit, whichever comes first, and the next one is answered as ever.
 */
#include "intune/intune_world.h"

#include "platform/clock.h"

/* Twice intune.total_seconds below (docs/intune.md), and a machine that does much else. */
#define MOST_US INT64_C(12000000)

struct slow_case {
    const char *name;
    enum intune_cloud_path path;
    enum intune_cloud_how how;
    int64_t number;
    enum reason reason;
    const char *says;
};

/* 256 bytes with 100 ms between two: half a minute, and each of them comes in time. */
static const struct slow_case cases[] = {
    { "token, byte by byte", INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_DRIP, 100, REASON_INTUNE_UNAVAILABLE,
      "within 1 seconds" },
    { "verdict, byte by byte", INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_DRIP, 100,
      REASON_INTUNE_UNAVAILABLE, "within 1 seconds" },
    { "discovery, endless headers", INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_ENDLESS_HEAD, 0,
      REASON_INTUNE_ANSWER, "larger than" },
    { "verdict, endless headers", INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_ENDLESS_HEAD, 0,
      REASON_INTUNE_ANSWER, "larger than" },
    { "token, endless body", INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_ENDLESS_BODY, 0, REASON_INTUNE_ANSWER,
      "larger than" },
    { "verdict, endless body", INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_ENDLESS_BODY, 0,
      REASON_INTUNE_ANSWER, "larger than" },
};

static void validate__answer_slow_or_endless__over_in_time(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct slow_case *c = &cases[i];
        struct error err = ERROR_INIT;
        int64_t begin = 0;
        int64_t took = 0;

        intune_cloud_reset(world->cloud);
        intune_world_client(world, c->how == INTUNE_CLOUD_DRIP ? "\"total_seconds\":1" : "");
        intune_world_behave(world, c->path, c->how, "", c->number, 0);
        begin = clock_monotonic_us();
        if (intune_world_validate(world, &err) || err.reason != c->reason) {
            fail_msg("%s: %s: %s", c->name, reason_id(err.reason), err.detail);
        }
        took = clock_monotonic_us() - begin;
        print_message("%s: %lld ms: %s\n", c->name, (long long)(took / 1000), err.detail);
        assert_says(&err, c->says, c->name);
        assert_true(took < MOST_US);
        intune_cloud_reset(world->cloud);
        intune_world_client(world, "");
        error_clear(&err);
        assert_done(intune_world_validate(world, &err), &err, c->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(validate__answer_slow_or_endless__over_in_time,
                                        intune_world_begin, intune_world_end),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
