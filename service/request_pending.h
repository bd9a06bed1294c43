/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  requests that wait for an administrator, for "openndes request": list them, find one by
 *           what a person says, decide.
 * Not here: requests of the audit files (request_records.h), printing one (cmd_request.c).
 * Owns:     nothing that outlives a call.
 * Threads:  the main thread; the service may run and decide at the same time.
 * Spec:     docs/approval.md.
 */
#ifndef OPENNDES_SERVICE_REQUEST_PENDING_H
#define OPENNDES_SERVICE_REQUEST_PENDING_H

#include "service/commands.h"

/* Those that wait, newest first, as lines or JSON. */
MUST_USE bool request_pending_list(const struct command *command, const char *template_name,
                                   struct error *err);
/* How many wait, in all templates. 0 also when the database does not tell. */
int64_t request_pending_count(const struct command *command);
/*
 * One request by number, request id or the first digits of a fingerprint: the one that waits when
 * several are meant, else the newest. *object (owned) stays NULL: there is none. Errors:
 * REASON_USAGE: several wait; REASON_STORE_*.
 */
MUST_USE bool request_pending_find(const struct command *command, const char *id,
                                   struct json **object, struct error *err);
/*
 * Decide about the one that is meant, and tell audit file and Event Log. *found false: there is
 * none, nothing was done. Errors: as store_pending_decide, REASON_USAGE: several wait.
 */
MUST_USE bool request_pending_decide(const struct command *command, const char *id, bool approve,
                                     const char *note, bool *found, struct error *err);

#endif
