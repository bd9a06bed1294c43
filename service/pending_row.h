/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a request that waits for an administrator, or did, as the verbs show it: the object of
 *           --json with everything that helps to decide.
 * Not here: the verbs (cmd_request.c, request_pending.c), the rows (store/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/command-line.md, docs/approval.md.
 */
#ifndef OPENNDES_SERVICE_PENDING_ROW_H
#define OPENNDES_SERVICE_PENDING_ROW_H

#include "base/json.h"
#include "store/store_pending.h"

/* "pending", "approved", "denied" or "issued": the result of "request list". */
const char *pending_row_state(enum store_pending_state state);
/*
 * The members that every request has (request_records.h), then those of one that waits. Owned;
 * NULL: REASON_NO_MEMORY, or the kept request cannot be read.
 */
struct json *pending_row_json(const struct store_pending_row *row, struct error *err);

#endif
