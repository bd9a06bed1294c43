/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a small pool of connections for reading, each opened when it is first needed.
 * Not here: writing (store_writer.h).
 * Owns:     the connections.
 * Threads:  any thread takes and gives back; a taken connection is its taker's.
 * Spec:     none.
 */
#ifndef OPENNDES_STORE_STORE_READERS_H
#define OPENNDES_STORE_STORE_READERS_H

#include "store/db.h"

#define STORE_READERS_MAX 64u

struct store_readers;

/* options are copied, except the table of texts; their read_only is implied. Opens nothing yet. */
struct store_readers *store_readers_create(const struct db_options *options, unsigned max,
                                           struct error *err);
void store_readers_free(struct store_readers *readers); /* all are given back; NULL is allowed */

/* Errors: REASON_STORE_BUSY when none comes free in time; those of db_open. */
MUST_USE bool store_readers_take(struct store_readers *readers, struct db **db, struct error *err);
void store_readers_give(struct store_readers *readers, struct db *db); /* NULL is allowed */

#endif
