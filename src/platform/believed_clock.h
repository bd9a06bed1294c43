/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the time by which what is old is thrown away for good: the wall clock's, but for a leap
 *           ahead, which has to last before it is believed.
 * Not here: the clocks themselves (clock.h).
 * Owns:     nothing.
 * Threads:  pure; one clock belongs to one caller at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_BELIEVED_CLOCK_H
#define OPENNDES_PLATFORM_BELIEVED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Further than this the clock was set, or the machine slept. */
#define BELIEVED_CLOCK_LEAP_SECONDS 86400
/* Nobody leaves a wrong clock for so long; and a machine that slept catches up. */
#define BELIEVED_CLOCK_LASTS_SECONDS (7 * 86400)

struct believed_clock {
    bool begun;
    int64_t wall;         /* seconds, when it was believed last */
    int64_t monotonic_us; /* at the same moment */
    bool ahead;           /* since: */
    int64_t ahead_us;     /* monotonic */
};

/*
 * What to go by when the clocks say this. The first time the wall clock is believed; then only when
 * it is not a day further than the time that has passed, or has been so for a week. A step back is
 * believed at once: nothing is lost by it.
 */
int64_t believed_clock_read(struct believed_clock *clock, int64_t wall, int64_t monotonic_us);

#endif
