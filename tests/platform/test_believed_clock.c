/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/believed_clock.h"

#include "support/test_support.h"

#define DAY 86400
#define START 1800000000
#define US 1000000

static void read__each_course__as_believed(void **state)
{
    static const struct {
        const char *name;
        int64_t passed, wall, believed; /* seconds since the start */
    } steps[] = {
        { "start", 0, 0, 0 },
        { "an hour later", 3600, 3600, 3600 },
        { "set ahead by half a day", 3601, 3601 + DAY / 2, 3601 + DAY / 2 },
        { "ten years ahead", 7200, 3650LL * DAY, 7200 + DAY / 2 },
        { "and an hour later", 10800, 3650LL * DAY + 3600, 10800 + DAY / 2 },
        { "back again", 14400, 14400, 14400 },
        { "further back", 18000, -DAY, -DAY },
        { "right again, a day and an hour", 18001, 18001, -DAY + 1 },
        { "that for six days", 18001 + 6 * DAY, 18001 + 6 * DAY, -DAY + 1 + 6 * DAY },
        { "for seven", 18001 + 7 * DAY, 18001 + 7 * DAY, 18001 + 7 * DAY },
        { "asleep for two days", 18002 + 7 * DAY, 18002 + 9 * DAY, 18002 + 7 * DAY },
        { "a day after", 18002 + 8 * DAY, 18002 + 10 * DAY, 18002 + 8 * DAY },
        { "a week after", 18002 + 14 * DAY, 18002 + 16 * DAY, 18002 + 16 * DAY },
    };
    struct believed_clock clock = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int64_t found =
            believed_clock_read(&clock, START + steps[i].wall, 77 + steps[i].passed * US);
        if (found != START + steps[i].believed) {
            fail_msg("%s: %lld", steps[i].name, (long long)(found - START));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__each_course__as_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
