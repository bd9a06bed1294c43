/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what is kept sealed in the database, so that a backup can open it here and seal it
 *           again on another machine.
 * Not here: sealing (platform/protect.h); what the secrets are (store_passwords.h, store_outbox.h).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     docs/data-folder.md. A column that holds sealed bytes stands in this list.
 */
#ifndef OPENNDES_STORE_STORE_SEALED_H
#define OPENNDES_STORE_STORE_SEALED_H

#include "store/store.h"

enum store_sealed_column {
    STORE_SEALED_PASSWORD, /* password.sealed: single passwords */
    STORE_SEALED_TICKET,   /* notification.ticket */
    STORE_SEALED_COLUMNS
};

/* One sealed value; scope is never NULL ("" for tickets). */
struct store_sealed_row {
    enum store_sealed_column column;
    int64_t id;
    const char *scope;
    struct bytes sealed;
};

/* "password.sealed"; the table and column of the schema. */
const char *store_sealed_name(enum store_sealed_column column);

/* Every sealed value, by column and id; the rules of store_certificate_visit. */
typedef bool store_sealed_visit(void *context, const struct store_sealed_row *row,
                                struct error *err);
MUST_USE bool store_sealed_list(struct store *store, store_sealed_visit *visit, void *context,
                                struct error *err);
/*
 * Put other sealed bytes into rows that are there, all in one commit; scope is only for messages.
 * Errors: REASON_STORE_FAILED: no such row; REASON_STORE_*.
 */
MUST_USE bool store_sealed_replace(struct store *store, const struct store_sealed_row *rows,
                                   size_t count, struct error *err);

#endif
