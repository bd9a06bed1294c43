/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/believed_clock.h"

#define US 1000000

static bool leaps(const struct believed_clock *clock, int64_t wall, int64_t passed)
{
    return clock->begun && wall - passed > clock->wall + BELIEVED_CLOCK_LEAP_SECONDS;
}

static bool lasts(struct believed_clock *clock, int64_t monotonic_us)
{
    if (!clock->ahead) {
        clock->ahead = true;
        clock->ahead_us = monotonic_us;
    }
    return monotonic_us - clock->ahead_us >= (int64_t)BELIEVED_CLOCK_LASTS_SECONDS * US;
}

int64_t believed_clock_read(struct believed_clock *clock, int64_t wall, int64_t monotonic_us)
{
    int64_t passed = (monotonic_us - clock->monotonic_us) / US;

    if (leaps(clock, wall, passed) && !lasts(clock, monotonic_us)) {
        return clock->wall + passed;
    }
    *clock = (struct believed_clock){ true, wall, monotonic_us, false, 0 };
    return wall;
}
