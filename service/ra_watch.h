/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the running service replaces RAs before they end, and tells so in log, audit file and
 *           Event Log.
 * Not here: when and how (ca/ra_roll.h); loading what was made (runtime.h notices the files).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/ca.md, "RA certificates are replaced by themselves"; docs/events.md (122).
 */
#ifndef OPENNDES_SERVICE_RA_WATCH_H
#define OPENNDES_SERVICE_RA_WATCH_H

#include "audit/audit.h"
#include "service/runtime.h"

struct ra_watch {
    const char *data_folder;
    struct log *log;
    struct audit *audit;
    struct event_log *events;
    struct store *store; /* by whose clock former RAs go for good */
};

/*
 * Every CA of this runtime, about once an hour. What cannot be replaced, because the folder cannot
 * be written, say, is a line of the log; the next time it is tried again. True: files have changed.
 */
bool ra_watch_run(const struct ra_watch *watch, const struct runtime *runtime, int64_t now);

#endif
