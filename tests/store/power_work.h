/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one of everything that the service writes into its database, step by step, and what
 *           must be true of a database in which steps have succeeded, failed or been cut off.
 * Not here: faults (power_vfs.h), cases.
 * Owns:     the store of a run.
 * Threads:  one.
 * Spec:     store.h: a verb that has returned true is durable, one that has not is whole or absent.
 */
#ifndef OPENNDES_TESTS_STORE_POWER_WORK_H
#define OPENNDES_TESTS_STORE_POWER_WORK_H

#include "store/store_fixture.h"

#define POWER_STEPS_MAX 40

enum power_outcome {
    POWER_NOT_BEGUN, /* nothing of it may be there */
    POWER_UNSURE,    /* all of it or nothing */
    POWER_DONE       /* all of it has to be there */
};

struct power_work {
    const struct fixture *fixture;
    struct store *store; /* NULL: not open */
    enum power_outcome outcome[POWER_STEPS_MAX];
    struct error err; /* of the last step that failed */
    int64_t ids[POWER_STEPS_MAX];
};

size_t power_step_count(void);
const char *power_step_name(size_t step);

/* fixture->path; the store is opened by the first step. */
void power_work_init(struct power_work *work, const struct fixture *fixture);
/* One step; steps that need an earlier one which has failed are left out. False: it failed. */
bool power_work_step(struct power_work *work, size_t step);
void power_work_close(struct power_work *work);

/* The first contradiction, or NULL. */
const char *power_work_check(const char *path, const enum power_outcome outcome[POWER_STEPS_MAX]);
/* Start as the service does: open, recovery; then the steps' traces, and one more certificate. */
const char *power_work_restart(const struct fixture *fixture,
                               const enum power_outcome outcome[POWER_STEPS_MAX]);

#endif
