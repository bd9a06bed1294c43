/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a piece of the product's work on files, hurt: the power fails before each of its
 *           operations, each of its calls fails, once and lastingly. What is there afterwards, seen
 *           by the product's own code, is the old state or the new one, and the work can be done
 *           again.
 * Not here: the pieces of work. SQLite's files among them are hurt as well.
 * Owns:     the folders in which they are done.
 * Threads:  one test at a time.
 * Spec:     docs/reliability.md. OPENNDES_POWER_ALL=1 plays everything, else a selection that
 *           differs from run to run.
 */
#ifndef OPENNDES_TESTS_SUPPORT_FILE_FLOW_H
#define OPENNDES_TESTS_SUPPORT_FILE_FLOW_H

#include "base/error.h"

enum flow_rest { FLOW_OLD, FLOW_NEW };

struct file_flow {
    const char *name;
    void (*prepare)(const char *folder); /* the old state, in an empty folder; NULL: empty */
    bool (*act)(const char *folder, struct error *err);
    /* Fails the test, with the flow's and the case's name, when it is neither old nor new. */
    enum flow_rest (*look)(const char *folder, const char *name);
    /* What refuses to do twice what was done says this; REASON_NONE: it is done again. */
    enum reason again;
    bool is_unflushed; /* what was done may be lost with the power */
};

/* Once per program. */
void file_flow_set_up(void);
void file_flow_power(const struct file_flow *flow);
void file_flow_faults(const struct file_flow *flow);

#endif
