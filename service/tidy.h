/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take rows out of the database whose time is over.
 * Not here: how often (app.c); which rows these are (store/).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_TIDY_H
#define OPENNDES_SERVICE_TIDY_H

#include "audit/log.h"
#include "store/store.h"

/* What cannot be removed now is removed the next time; the log tells either way. */
void tidy_store(struct store *store, int64_t now, struct log *log);

#endif
