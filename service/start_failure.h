/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  why the service did not start, for whoever has started it: found in its log file.
 * Not here: writing that line (app.c), starting (service_verbs.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/service.md.
 */
#ifndef OPENNDES_SERVICE_START_FAILURE_H
#define OPENNDES_SERVICE_START_FAILURE_H

#include "platform/files.h"

/* What app.c writes in front of reason and sentence. */
#define START_FAILURE_TEXT "start failed"

/*
 * The newest start that failed at since_ms (Unix time) or later: reason and sentence into *why,
 * which is empty. False: none is in the log, or it cannot be read. path gets the path of the log.
 */
bool start_failure_find(const char *data, int64_t since_ms, char path[FILE_PATH_MAX],
                        struct error *why);
/* The same in the text of a log. */
bool start_failure_in(struct bytes text, int64_t since_ms, struct error *why);

#endif
