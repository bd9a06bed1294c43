/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs that relying parties' answers are made with: what is revoked, the status of
 *           one certificate, the CRL that is kept.
 * Not here: building and signing CRLs and OCSP answers (ca/), revoking (store_certificates.c).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     RFC 5280 5, RFC 6960 2.2.
 */
#include "store/store_internal.h"

struct listing {
    const char *ca_name;
    int64_t not_expired_at;
    store_revoked_visit *visit;
    void *context;
};

static void bind_listing(struct db_query *query, const void *values)
{
    const struct listing *listing = values;

    db_bind_text(query, 1, listing->ca_name);
    db_bind_int(query, 2, listing->not_expired_at);
}

static bool take_revoked(void *context, struct db_query *query, struct error *err)
{
    const struct listing *listing = context;

    return listing->visit(listing->context, db_column_text(query, 0), db_column_int(query, 1),
                          (int)db_column_int(query, 2), err);
}

bool store_list_revoked(struct store *store, const char *ca_name, int64_t not_expired_at,
                        store_revoked_visit *visit, void *context, struct error *err)
{
    struct listing listing = { ca_name, not_expired_at, visit, context };
    const struct store_walk walk = { STORE_SQL_LIST_REVOKED, bind_listing, &listing, take_revoked,
                                     &listing };

    return store_walk(store, &walk, err);
}

bool store_read_status(struct store *store, const char *ca_name, const char *serial,
                       struct store_status *status, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_READ_STATUS, &query, err)) goto out;
    db_bind_text(query, 1, serial);
    db_bind_text(query, 2, ca_name);
    if (!db_step(query, &row, err)) goto out;
    *status = (struct store_status){ .recorded = row };
    if (row) {
        status->withheld = (enum store_certificate_state)db_column_int(query, 0);
        status->revoked_at = db_column_int(query, 1);
        status->reason = (int)db_column_int(query, 2);
    }
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_revocation_count(struct store *store, const char *ca_name, int64_t *count,
                            struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_READ_COUNT, &query, err)) goto out;
    db_bind_text(query, 1, STORE_META_REVOCATIONS);
    db_bind_text(query, 2, ca_name);
    if (!db_step(query, &row, err)) goto out;
    *count = row ? db_column_int(query, 0) : 0;
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

bool store_get_crl(struct store *store, const char *ca_name, struct store_crl *crl,
                   struct buffer *der, bool *found, struct error *err)
{
    struct db *db = NULL;
    struct db_query *query = NULL;
    bool row = false;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_query_begin(db, STORE_SQL_GET_CRL, &query, err)) goto out;
    db_bind_text(query, 1, ca_name);
    if (!db_step(query, &row, err)) goto out;
    if (row) {
        if (der != NULL && !buffer_append_bytes(der, db_column_bytes(query, 4), err)) goto out;
        crl->number = db_column_int(query, 0);
        crl->revocation_count = db_column_int(query, 1);
        crl->this_update = db_column_int(query, 2);
        crl->next_update = db_column_int(query, 3);
    }
    *found = row;
    ok = true;
out:
    db_query_end(query);
    store_readers_give(store->readers, db);
    return ok;
}

struct keeping {
    const char *ca_name;
    const struct store_crl *crl;
    struct bytes der;
    bool kept;
};

static bool run_keeping(struct db *db, enum store_sql statement, const struct keeping *k,
                        int64_t *changes, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, statement, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, k->ca_name);
    db_bind_int(query, 2, k->crl->number);
    db_bind_int(query, 3, k->crl->revocation_count);
    db_bind_int(query, 4, k->crl->this_update);
    db_bind_int(query, 5, k->crl->next_update);
    db_bind_bytes(query, 6, k->der);
    bool ok = db_run(query, changes, err);
    db_query_end(query);
    return ok;
}

static bool write_crl(struct db *db, void *context, struct error *err)
{
    struct keeping *k = context;
    int64_t changes = 0;

    if (!run_keeping(db, STORE_SQL_UPDATE_CRL, k, &changes, err)) {
        return false;
    }
    if (changes == 0 && !run_keeping(db, STORE_SQL_INSERT_CRL, k, &changes, err)) {
        return false;
    }
    k->kept = changes > 0;
    return true;
}

bool store_put_crl(struct store *store, const char *ca_name, const struct store_crl *crl,
                   struct bytes der, bool *kept, struct error *err)
{
    struct keeping keeping = { .ca_name = ca_name, .crl = crl, .der = der };

    if (!store_write_run(store, write_crl, &keeping, err)) {
        return false;
    }
    *kept = keeping.kept;
    return true;
}
