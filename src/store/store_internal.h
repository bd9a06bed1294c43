/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the store's handle, for the files that implement store.h.
 * Not here: what others may use (store.h).
 * Owns:     nothing.
 * Threads:  the parts guard themselves.
 * Spec:     none.
 */
#ifndef OPENNDES_STORE_STORE_INTERNAL_H
#define OPENNDES_STORE_STORE_INTERNAL_H

#include "store/store.h"
#include "store/store_readers.h"
#include "store/store_sql.h"
#include "store/store_writer.h"

struct store {
    struct store_readers *readers;
    struct store_writer *writer; /* NULL: opened for reading only */
};

/* Run a write of one verb. Errors: as store_writer_run; REASON_STORE_READ_ONLY. */
MUST_USE bool store_write_run(struct store *store, store_write *write, void *context,
                              struct error *err);

/*
 * Inside a write: spend the one-time password that `cert` reserves, once and in time. Errors:
 * REASON_CHALLENGE_USED, _EXPIRED, _REJECTED (purged meanwhile), REASON_STORE_*.
 */
MUST_USE bool store_password_spend(struct db *db, const struct store_certificate *cert,
                                   struct error *err);

#endif
