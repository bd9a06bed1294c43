/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs of requests that wait for an administrator: record within a limit, find for a
 *           repeat or a poll, list, decide, housekeeping.
 * Not here: whether a request has to wait (enroll/); the commit that issues one, which is
 *           store_record_certificate's with `pending` (store.h).
 * Owns:     nothing.
 * Threads:  as store.h says; other processes may decide at the same time.
 * Spec:     RFC 8894 3.2.1.3, 4.4.
 *
 * A row is there until its end, whatever was decided: waiting, approved, denied, issued. Behind it,
 * it counts for nothing and no verb but a list of housekeeping sees it.
 */
#ifndef OPENNDES_STORE_STORE_PENDING_H
#define OPENNDES_STORE_STORE_PENDING_H

#include "store/store.h"

enum store_pending_state {
    STORE_PENDING_WAITS,
    STORE_PENDING_APPROVED, /* the certificate is made when the device asks the next time */
    STORE_PENDING_DENIED,
    STORE_PENDING_ISSUED
};

/* A request as it is recorded, all borrowed. */
struct store_pending {
    const struct store_request_key *request;
    const char *request_id;
    uint8_t csr_sha1[DIGEST_SHA1_BYTES]; /* of the request as it came, like the key's SHA-256 */
    uint8_t csr_md5[DIGEST_MD5_BYTES];
    struct bytes csr; /* without challenge (model/csr_strip.h) */
    const char *subject;
    const char *peer;
    const char *challenge_type; /* NULL or "": no challenge was given */
    struct bytes renews;        /* DER of the certificate that vouches; no bytes: none */
    int64_t reservation;        /* id of the one-time password to spend in the commit; 0: none */
    int64_t now;
    int64_t expires_at;
};

/*
 * Record; one durable commit. *recorded false: the same request (key and CSR bytes) is there
 * already and was not issued yet; nothing was written, no password spent: ask store_pending_find.
 * Errors: REASON_PENDING_FULL: `max` requests of the template wait; REASON_CHALLENGE_USED,
 * _EXPIRED, _REJECTED as store_record_certificate; REASON_STORE_*.
 */
MUST_USE bool store_pending_record(struct store *store, const struct store_pending *pending,
                                   int64_t max, bool *recorded, struct error *err);

/* One recorded request; texts are never NULL, all of it valid during the visit. */
struct store_pending_row {
    int64_t id;
    enum store_pending_state state;
    const char *request_id, *template_name, *ca_name, *subject, *peer, *challenge_type;
    const char *decided_by, *note; /* "" not decided, none */
    int64_t created_at, expires_at;
    int64_t decided_at; /* 0: not decided */
    struct bytes transaction_id, signer_key_sha256, csr_sha256, csr_sha1, csr_md5, csr, renews;
};

/* The rules of store_certificate_visit. */
typedef bool store_pending_visit(void *context, const struct store_pending_row *row,
                                 struct error *err);

/* This very request, unless it was issued. *found false: it is not there at `now`. */
MUST_USE bool store_pending_find(struct store *store, const struct store_request_key *key,
                                 int64_t now, store_pending_visit *visit, void *context,
                                 bool *found, struct error *err);
/* The newest request of this template, CA, transaction and key; the key's csr_sha256 is not looked
   at: a poll does not know it. */
MUST_USE bool store_pending_poll(struct store *store, const struct store_request_key *key,
                                 int64_t now, store_pending_visit *visit, void *context,
                                 bool *found, struct error *err);

/* Templates that know this transaction of this key, newest first, each once. */
typedef bool store_pending_template_visit(void *context, const char *template_name,
                                          struct error *err);
MUST_USE bool store_pending_templates(struct store *store, struct bytes transaction_id,
                                      const uint8_t signer_key_sha256[DIGEST_SHA256_BYTES],
                                      int64_t now, store_pending_template_visit *visit,
                                      void *context, struct error *err);

struct store_pending_filter {
    const char *template_name; /* NULL: any */
    bool all;                  /* also what is decided */
    int64_t now;
    int64_t limit;     /* rows, newest first; 0: 1000 */
    int64_t before_id; /* paging: ids below this one; 0: from the newest */
};
MUST_USE bool store_pending_list(struct store *store, const struct store_pending_filter *filter,
                                 store_pending_visit *visit, void *context, struct error *err);
/*
 * Whatever a person may mean by `text`: the row's id, the request's id, or the first digits
 * (STORE_PENDING_PREFIX or more, hex) of a fingerprint of the CSR. Newest first, 100 at most.
 */
#define STORE_PENDING_PREFIX 8
MUST_USE bool store_pending_match(struct store *store, const char *text, int64_t now,
                                  store_pending_visit *visit, void *context, struct error *err);

struct store_pending_decision {
    int64_t id;
    bool approve;
    const char *by;
    const char *note;
    int64_t now;
};
/*
 * Approve what waits; deny what waits or was approved and is not issued yet. Durable when true; of
 * several at a time one wins. Errors: REASON_REQUEST_MISSING: no such row, or its time is over;
 * REASON_REQUEST_NOT_PENDING: the detail says what became of it; REASON_STORE_*.
 */
MUST_USE bool store_pending_decide(struct store *store,
                                   const struct store_pending_decision *decision,
                                   struct error *err);

/* Of each template with any: how many wait at `now`, and since when the oldest does. */
typedef bool store_pending_count_visit(void *context, const char *template_name, int64_t waiting,
                                       int64_t oldest_at, struct error *err);
MUST_USE bool store_pending_counts(struct store *store, int64_t now,
                                   store_pending_count_visit *visit, void *context,
                                   struct error *err);

/* Remove rows whose time is over, in short commits; *count (may be NULL) of them. */
MUST_USE bool store_pending_tidy(struct store *store, int64_t now, int64_t *count,
                                 struct error *err);
/* Remove all of a template: a new one of its name must not honour what was approved for the old. */
MUST_USE bool store_pending_forget(struct store *store, const char *template_name,
                                   struct error *err);

#endif
