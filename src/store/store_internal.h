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

#include "platform/believed_clock.h"
#include "platform/threads.h"
#include "store/store_outbox.h"
#include "store/store_readers.h"
#include "store/store_sql.h"
#include "store/store_writer.h"

struct store {
    struct store_readers *readers;
    struct store_writer *writer; /* NULL: opened for reading only */
    pthread_mutex_t clock_lock;  /* guards clock */
    struct believed_clock clock;
    atomic_bool hurry; /* every connection looks at it while it waits */
};

/* A statement whose rows are handed over one by one, on a reader: no row is seen behind a false. */
struct store_walk {
    enum store_sql statement;
    void (*bind)(struct db_query *query, const void *values);
    const void *values;
    bool (*take)(void *context, struct db_query *query, struct error *err);
    void *context;
};
/* Errors: REASON_STORE_*, those of take. */
MUST_USE bool store_walk(struct store *store, const struct store_walk *walk, struct error *err);

/*
 * Hand each row of a statement about `now` to the visit: a name and two numbers. The rules of a
 * list's visit. Errors: REASON_STORE_*, the visit's.
 */
typedef bool store_count_visit(void *context, const char *name, int64_t first, int64_t second,
                               struct error *err);
MUST_USE bool store_count_rows(struct store *store, enum store_sql statement, int64_t now,
                               store_count_visit *visit, void *context, struct error *err);

/* Run a write of one verb. Errors: as store_writer_run; REASON_STORE_READ_ONLY. */
MUST_USE bool store_write_run(struct store *store, store_write *write, void *context,
                              struct error *err);

/*
 * Inside a write: spend the one-time password that `cert` reserves, once and in time. Errors:
 * REASON_CHALLENGE_USED, _EXPIRED, _REJECTED (purged meanwhile), REASON_STORE_*.
 */
MUST_USE bool store_password_spend(struct db *db, const struct store_certificate *cert,
                                   struct error *err);

/*
 * Inside a write: is there room for this certificate beside those that renew the same one, which is
 * still not revoked? Without `renews` there is. Errors: REASON_RENEWAL_USED_UP, _REFUSED,
 * REASON_STORE_*.
 */
MUST_USE bool store_renewal_room(struct db *db, const struct store_certificate *cert,
                                 struct error *err);

/*
 * Inside a write: the approved request `cert->pending` is issued with this certificate.
 * *issued_before: it has another one already. Errors: REASON_REQUEST_DENIED, REASON_POLL_UNKNOWN
 * (its time is over, or it is gone), REASON_STORE_*.
 */
MUST_USE bool store_pending_settle(struct db *db, const struct store_certificate *cert,
                                   bool *issued_before, struct error *err);

/* Inside a write or on a reader: is this request kept and not yet issued? */
MUST_USE bool store_pending_kept(struct db *db, const struct store_request_key *key, int64_t now,
                                 bool *kept, struct error *err);
/* Inside a write or on a reader: is any certificate of the same template and CSR bytes revoked? */
MUST_USE bool store_request_revoked(struct db *db, const struct store_request_key *key,
                                    bool *revoked, struct error *err);
/* The newest certificate of the same request since not_before; der (may be NULL) gets it. */
MUST_USE bool store_request_issued(struct db *db, const struct store_request_key *key,
                                   int64_t not_before, bool *found, struct buffer *der,
                                   struct error *err);
/* Recorded at now - repeat_seconds or before is too old for a repeat; any setting is possible. */
int64_t store_repeats_since(int64_t now, int64_t repeat_seconds);
MUST_USE bool store_certificate_insert(struct db *db, const struct store_certificate *cert,
                                       enum store_certificate_state state, struct error *err);
/* The one certificate with this serial; ca_name NULL: whichever CA's. */
MUST_USE bool store_serial_find(struct db *db, const char *ca_name, const char *serial, int64_t *id,
                                int64_t *revoked_at, struct error *err);
/* One more revocation of the CA that issued certificate `id`. */
MUST_USE bool store_revocation_add(struct db *db, int64_t id, struct error *err);

/* A notification that becomes due by one of the next two. */
MUST_USE bool store_notification_arm(struct db *db, const struct store_certificate *cert,
                                     int64_t certificate_id, struct bytes ticket,
                                     const struct store_refusal *interrupted, struct error *err);
/*
 * The armed notification of this certificate goes when it needs no telling: the same request has
 * another certificate, the same reason (NULL: not asked) waits, or LIMIT_NOTIFICATIONS do.
 */
MUST_USE bool store_notification_drop_needless(struct db *db, int64_t certificate_id,
                                               const char *reason, struct error *err);
/* The armed notification, if any: due with this refusal unless needless, NULL: goes. */
MUST_USE bool store_notification_settle(struct db *db, int64_t certificate_id, int64_t now,
                                        const struct store_refusal *why, struct error *err);
/* The transaction has its certificate: what waits to be told of it is not true any more. */
MUST_USE bool store_notification_overtaken(struct db *db, const struct store_request_key *key,
                                           struct error *err);
/* All that were armed before `before` become due. */
MUST_USE bool store_notification_release(struct db *db, int64_t now, int64_t before,
                                         struct error *err);

#endif
