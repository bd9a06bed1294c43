/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs of the password cache: add within a limit, find, list, purge, the single
 *           password of a scope, housekeeping.
 * Not here: what a password is and who may have one (mscep/ndes_password.h); spending, which is
 *           part of store_record_certificate (store.h).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     NDES: observed (PasswordMax, UseSinglePassword).
 *
 * The store sees keyed MACs and sealed blobs, never a password. A scope is a template's name or a
 * word that no template can have; the store gives it no meaning.
 */
#ifndef OPENNDES_STORE_STORE_PASSWORDS_H
#define OPENNDES_STORE_STORE_PASSWORDS_H

#include "store/store.h"

/* A password as it is added, all borrowed. */
struct store_password {
    const char *scope;
    struct bytes mac;
    struct bytes sealed; /* the single password; otherwise empty */
    const char *subject; /* NULL or "": any */
    const char *peer;    /* prefix as text; NULL or "": any */
    const char *made_by;
    int64_t created_at; /* seconds; also "now" */
    int64_t expires_at; /* good while now < expires_at; single: 0 */
};

/* One row; texts are never NULL and valid during the visit. */
struct store_password_row {
    int64_t id;
    const char *scope, *subject, *peer, *made_by;
    bool single;
    int64_t created_at, expires_at;
    int64_t spent_at; /* 0: not spent */
    const char *spent_ca, *spent_serial, *spent_peer;
    struct bytes mac, sealed;
};

/* False ends the walk and is handed on; the rules of store_certificate_visit. */
typedef bool store_password_visit(void *context, const struct store_password_row *row,
                                  struct error *err);

/*
 * Add a one-time password if fewer than `max` of its scope are outstanding (neither spent nor
 * expired at created_at); both in one transaction. Takes some old rows away on the occasion.
 * Errors: REASON_PASSWORD_CACHE_FULL; REASON_STORE_DUPLICATE: this MAC is there already, make
 * another password; REASON_STORE_*.
 */
MUST_USE bool store_password_add(struct store *store, const struct store_password *password,
                                 int64_t max, int64_t *id, struct error *err);

/*
 * The one-time password with this MAC, also a spent or expired one, so that a log can say why. Not
 * in constant time: nobody without the key can choose a MAC. What the visit says is the result.
 */
MUST_USE bool store_password_find(struct store *store, struct bytes mac,
                                  store_password_visit *visit, void *context, bool *found,
                                  struct error *err);

struct store_password_filter {
    const char *scope; /* NULL: any */
    bool all;          /* also spent and expired ones */
    int64_t now;
    int64_t limit;     /* rows, newest first; 0: 1000 */
    int64_t before_id; /* paging: ids below this one; 0: from the newest */
};

MUST_USE bool store_password_list(struct store *store, const struct store_password_filter *filter,
                                  store_password_visit *visit, void *context, struct error *err);

/* Which one-time passwords go; all of these together. */
struct store_password_purge {
    int64_t id;        /* 0: any */
    const char *scope; /* NULL: any */
    bool only_expired; /* at `now` */
    int64_t now;
};

/*
 * Take unspent passwords away; what was spent stays on record until housekeeping. *count gets their
 * number, also on failure: more than one commit may be needed.
 */
MUST_USE bool store_password_purge(struct store *store, const struct store_password_purge *purge,
                                   int64_t *count, struct error *err);

/*
 * A clock that was put back must not make passwords live longer: before it was made, but for the
 * steps by which clocks are kept right, one is worth nothing.
 */
#define STORE_PASSWORD_EARLY_SECONDS 300

/*
 * Say why this password, which is spent or out of its time, is worth nothing. Always false.
 * Errors: REASON_CHALLENGE_USED, REASON_CHALLENGE_EXPIRED.
 */
MUST_USE bool store_password_refuse(const struct store_password_row *row, struct error *err);

/* All that could still be redeemed in a scope, its single password included, which is gone. */
MUST_USE bool store_password_forget(struct store *store, const char *scope, struct error *err);

/* Per scope, for metrics: how many can be redeemed, how many have expired unused. */
typedef bool store_password_count_visit(void *context, const char *scope, int64_t outstanding,
                                        int64_t expired, struct error *err);
MUST_USE bool store_password_counts(struct store *store, int64_t now,
                                    store_password_count_visit *visit, void *context,
                                    struct error *err);

/* The single password of a scope. */
MUST_USE bool store_password_get_single(struct store *store, const char *scope,
                                        store_password_visit *visit, void *context, bool *found,
                                        struct error *err);
/*
 * Put the single password of its scope, in place of the former one. keep_former: only if there is
 * none; *put false: there was one, and it stays.
 */
MUST_USE bool store_password_put_single(struct store *store, const struct store_password *password,
                                        bool keep_former, bool *put, int64_t *id,
                                        struct error *err);

/* What was spent or has expired longer ago goes: until then a log can say why it is refused. */
#define STORE_PASSWORD_KEEP_SECONDS (7 * 86400)

/* Housekeeping, by the clock of the caller; *count (may be NULL) gets the number of rows. */
MUST_USE bool store_password_tidy(struct store *store, int64_t now, int64_t *count,
                                  struct error *err);

#endif
