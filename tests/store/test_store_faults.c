/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nth call of each kind to the file system fails, for every n of one of everything that the
 * service writes: OPENNDES_POWER_ALL=1; else a selection, which differs from run to run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/clock.h"
#include "store/power_vfs.h"
#include "store/power_work.h"

#define QUICK_RUNS 2u /* of each kind */
#define SLOW_US 30000 /* of one run: half as many, as files are slow under Wine */
#define LASTING 1000000u

static bool play_all(void)
{
    return getenv("OPENNDES_POWER_ALL") != NULL;
}

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A failure of the database's file has to be said as one, with a sentence how to mend it. */
static bool is_well_said(const struct error *err)
{
    static const enum reason reasons[] = { REASON_STORE_FAILED, REASON_STORE_FULL,
                                           REASON_STORE_READ_ONLY, REASON_STORE_BUSY };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (err->reason == reasons[i]) {
            return strstr(err->detail, "openndes.db") != NULL;
        }
    }
    return false;
}

/*
 * The work with one fault in it. Lasting: until a step has failed; then the disk is well again, and
 * every step behind has to succeed. False when the fault was not met any more.
 */
static bool run(enum power_call call, unsigned nth, bool lasting, size_t *failed_steps)
{
    struct power_work work;
    void *own = NULL;

    fixture_set_up(&own);
    struct fixture *f = own;
    power_work_init(&work, f);
    power_vfs_fail(call, nth, lasting ? LASTING : 0);
    for (size_t i = 0; i < power_step_count(); i++) {
        if (power_work_step(&work, i)) {
            continue;
        }
        if (power_vfs_failures() == 0 || !is_well_said(&work.err)) {
            fail_msg("%s %u fails, %s: %s: %s", power_call_names[call], nth, power_step_name(i),
                     reason_id(work.err.reason), work.err.detail);
        }
        if (lasting) {
            power_vfs_mend();
        }
        ++*failed_steps;
    }
    bool met = power_vfs_failures() > 0;
    power_vfs_mend();
    const char *found = power_work_check(f->path, work.outcome);
    power_work_close(&work);
    found = found == NULL ? power_work_restart(f, work.outcome) : found;
    if (found != NULL) {
        fail_msg("%s %u fails%s: %s", power_call_names[call], nth, lasting ? " from then on" : "",
                 found);
    }
    fixture_tear_down(&own);
    return met;
}

/* How often a call is made, so that a selection can be drawn. */
static unsigned calls_of(enum power_call call)
{
    struct power_work work;
    void *own = NULL;

    fixture_set_up(&own);
    power_work_init(&work, own);
    power_vfs_fail(call, LASTING, 0);
    for (size_t i = 0; i < power_step_count(); i++) {
        if (!power_work_step(&work, i)) {
            fail_msg("%s: %s", power_step_name(i), work.err.detail);
        }
    }
    power_work_close(&work);
    unsigned calls = power_vfs_calls(call);
    power_vfs_mend();
    fixture_tear_down(&own);
    return calls;
}

static void work__nth_call_fails__whole_or_absent_and_goes_on(void **state)
{
    uint32_t seed = (uint32_t)time(NULL) * 2654435761u;

    (void)state;
    for (unsigned call = 0; call < POWER_CALLS; call++) {
        int64_t begun_us = clock_monotonic_us();
        unsigned calls = calls_of((enum power_call)call);
        bool slow = !play_all() && clock_monotonic_us() - begun_us > SLOW_US;
        unsigned some = slow ? 1 : QUICK_RUNS;
        unsigned step = play_all() || calls < some ? 1 : calls / some;
        size_t runs = 0;
        size_t failed_steps = 0;

        for (unsigned nth = step == 1 ? 1 : 1 + dice(&seed) % step; nth <= calls; nth += step) {
            for (unsigned lasting = slow ? nth % 2 : 0; lasting < (slow ? nth % 2 + 1 : 2);
                 lasting++) {
                (void)!run((enum power_call)call, nth, lasting != 0, &failed_steps);
                runs++;
            }
        }
        print_message("    %s: %u calls, %u runs, %u steps failed\n", power_call_names[call], calls,
                      (unsigned)runs, (unsigned)failed_steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work__nth_call_fails__whole_or_absent_and_goes_on),
    };

    power_vfs_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
