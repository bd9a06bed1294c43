/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what SQLite's result codes mean to an administrator.
 * Not here: the connection that failed (db.h).
 * Owns:     constant texts.
 * Threads:  any thread.
 * Spec:     sqlite.org: rescode.
 */
#ifndef OPENNDES_STORE_DB_OUTCOME_H
#define OPENNDES_STORE_DB_OUTCOME_H

#include "base/error.h"

struct db_outcome {
    int code; /* primary result code */
    enum reason reason;
    const char *sentence; /* what is wrong and how to mend it */
};

/* Of an extended result code; `folder` is the database's: its disk may be full without a word. */
struct db_outcome db_outcome_of(const char *folder, int code);

#endif
