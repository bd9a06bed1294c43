/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/clock.h"

#include <sys/timex.h>
#include <time.h>

/* clock_gettime cannot fail for these two clocks with a valid pointer. */
static int64_t read_ns(clockid_t clock)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_now_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_now(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000000;
}

int64_t clock_monotonic_us(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000;
}

enum clock_source clock_source(void)
{
    struct timex state = { .modes = 0 };
    int answer = adjtimex(&state);

    if (answer == -1) {
        return CLOCK_SOURCE_UNKNOWN;
    }
    return answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0 ? CLOCK_SOURCE_NONE
                                                                    : CLOCK_SOURCE_SET;
}
