/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs of our domain over the database: record a certificate, find a repeated
 *           request, revoke, CRL numbers.
 * Not here: passwords (store_passwords.h), SQL drivers (db.h), the decision (enroll/).
 * Owns:     the database connections and the writer thread.
 * Threads:  any thread; writes of concurrent callers share one commit (group commit); a verb that
 *           writes returns only after the commit is durable.
 * Spec:     none.
 */
#ifndef OPENNDES_STORE_STORE_H
#define OPENNDES_STORE_STORE_H

#include "base/histogram.h"
#include "base/limits.h"
#include "base/secret.h"
#include "model/certificate.h"

struct store;

struct store_options {
    const char *path;  /* openndes.db */
    bool read_only;    /* for commands that only look; the file must exist */
    unsigned readers;  /* connections for reading, 1..64; each is opened when first needed */
    int64_t busy_ms;   /* how long another process's write is waited for; 0: 10 seconds */
    int64_t max_pages; /* tests: the database cannot grow beyond, as on a full disk; 0: it can */
};

/*
 * Open; makes the file and its schema, upgrades an older schema in one transaction per step,
 * refuses a newer one. Reads a file of up to 64 MB through to see whether it is sound (store_check
 * does so at any size).
 * Errors: REASON_STORE_CORRUPT, _READ_ONLY, _FULL, _BUSY, _SCHEMA_NEWER, _FAILED: each with a
 * sentence how to mend it.
 */
struct store *store_open(const struct store_options *options, struct error *err);
/*
 * From now on another process's lock is waited for a quarter of a second at most. For the end of a
 * service that has no more time. From any thread.
 */
void store_hurry(struct store *store);
void store_close(struct store *store); /* waits for running writes; NULL is allowed */

/*
 * The time by which what is old goes for good: `now`; but when the clock has leapt ahead by more
 * than a day while the store was open, only the time that has really passed (believed_clock.h):
 * what a wrong clock takes nobody brings back. The store's own housekeeping goes by it.
 */
int64_t store_time_to_forget(struct store *store, int64_t now);

/* What makes two requests the same one. */
struct store_request_key {
    const char *template_name;
    const char *ca_name;
    struct bytes transaction_id;
    uint8_t signer_key_sha256[DIGEST_SHA256_BYTES];
    uint8_t csr_sha256[DIGEST_SHA256_BYTES];
};

/* A certificate as it is recorded, all borrowed. */
struct store_certificate {
    const struct store_request_key *request;
    const struct certificate_info *info;
    struct bytes der;
    const char *peer; /* address as text */
    const char *challenge_type;
    const char *request_id;
    int64_t issued_at;     /* seconds; also "now" for repeat_seconds */
    int64_t reservation;   /* id of the one-time password to spend in the same commit; 0: none */
    int64_t spent_at;      /* with a reservation: now, which must be before the password's end */
    const uint8_t *renews; /* SHA-256 of the certificate that this one renews; NULL: none */
    int64_t renews_max; /* with renews: certificates in use that it may have then; 0: any number */
    /* With renews: where that is recorded, and must not be revoked meanwhile; NULL: not here. */
    const char *renews_ca, *renews_serial;
    int64_t pending; /* id of the pending request that is settled in the same commit; 0: none */
};

enum store_record_result {
    STORE_RECORDED,   /* durable */
    STORE_REPEATED,   /* the same request was recorded less than repeat_seconds ago, or the pending
                         one was issued before: nothing was written; store_find_request gives the
                         certificate */
    STORE_WAS_REVOKED /* a certificate of the same CSR was revoked: nothing was written */
};

/*
 * Record; one durable commit, shared with concurrent callers. repeat_seconds 0: every request is
 * new. A reserved password is spent when, and only when, the certificate is recorded: of those who
 * hold the same one, one succeeds. The same holds for the place that `renews_max` leaves, and an
 * approved request (`pending`) is issued once.
 * Errors: REASON_STORE_DUPLICATE: this CA has issued this serial already; REASON_CHALLENGE_USED,
 * _EXPIRED, _REJECTED (purged): the reservation is worth nothing any more; REASON_REQUEST_DENIED,
 * REASON_POLL_UNKNOWN: so is the approval; REASON_RENEWAL_USED_UP, _REFUSED; REASON_STORE_BUSY,
 * _FULL, _READ_ONLY, _CORRUPT, _FAILED, REASON_STOPPING.
 */
MUST_USE bool store_record_certificate(struct store *store, const struct store_certificate *cert,
                                       int64_t repeat_seconds, enum store_record_result *result,
                                       struct error *err);

/*
 * Certificates in use at `now` that the one with this SHA-256 was renewed to: neither revoked for
 * good, withheld nor ended; provisional ones count, and those on hold.
 */
MUST_USE bool store_count_renewals(struct store *store, const uint8_t renews[DIGEST_SHA256_BYTES],
                                   int64_t now, int64_t *count, struct error *err);

enum store_seen { STORE_SEEN_NEVER, STORE_SEEN_ISSUED, STORE_SEEN_REVOKED };

/*
 * Was this request answered since `not_before` (seconds)? What is provisional or withheld is no
 * answer. ISSUED: cert_der gets the certificate, appended. REVOKED: any certificate of the same
 * template and CSR bytes is revoked, whenever it was issued. Errors: REASON_STORE_*.
 */
MUST_USE bool store_find_request(struct store *store, const struct store_request_key *key,
                                 int64_t not_before, enum store_seen *seen, struct buffer *cert_der,
                                 struct error *err);

/*
 * The same, and when it was never answered: is it kept at `now`, waiting or decided but not yet
 * issued? Then store_pending_find gives it. Both with one look at the database.
 */
MUST_USE bool store_find_request_or_kept(struct store *store, const struct store_request_key *key,
                                         int64_t not_before, int64_t now, enum store_seen *seen,
                                         bool *kept, struct buffer *cert_der, struct error *err);

/* Of a template with a remote validator (store_outbox.h); all others are in use. */
enum store_certificate_state {
    STORE_IN_USE,
    STORE_PROVISIONAL, /* recorded, not handed out yet */
    STORE_WITHHELD     /* revoked before anybody got it */
};

/* Who revoked; a validator's word comes with store_revoke_for. */
#define STORE_BY_ADMINISTRATOR "administrator"
#define STORE_BY_WITHHOLDING "openndes"

/* One recorded certificate; texts are never NULL and valid during the visit. */
struct store_certificate_row {
    int64_t id;
    const char *serial, *ca_name, *template_name, *subject, *peer, *request_id, *challenge_type;
    int64_t issued_at, not_before, not_after;
    int64_t revoked_at;     /* 0: not revoked */
    int revocation_reason;  /* CRLReason of RFC 5280 */
    const char *revoked_by; /* "": not revoked */
    enum store_certificate_state withheld;
    struct bytes der;
    struct bytes transaction_id;
    struct bytes renews; /* SHA-256 of the certificate that this one renews; len 0: none */
};

/*
 * False ends the walk and is handed on; the visit has then set err. A visit occupies a connection
 * for reading: it is quick and calls no other verb of the store.
 */
typedef bool store_certificate_visit(void *context, const struct store_certificate_row *row,
                                     struct error *err);

struct store_list_filter {
    const char *template_name; /* NULL: any */
    const char *ca_name;
    const char *subject_contains; /* ASCII case ignored; NULL: any */
    bool only_valid;              /* in use, neither revoked nor expired at `now` */
    bool only_revoked;
    int64_t now;
    int64_t limit;     /* rows, newest first; 0: 1000 */
    int64_t before_id; /* paging: ids below this one; 0: from the newest */
};

MUST_USE bool store_list_certificates(struct store *store, const struct store_list_filter *filter,
                                      store_certificate_visit *visit, void *context,
                                      struct error *err);

/*
 * By serial (lower-case hex) and CA. ca_name NULL: any.
 * Errors: REASON_CERT_NOT_FOUND; REASON_USAGE: two CAs have issued this serial.
 */
MUST_USE bool store_show_certificate(struct store *store, const char *ca_name, const char *serial,
                                     store_certificate_visit *visit, void *context,
                                     struct error *err);

/* Every certificate with this serial, one per CA; none is no error. The rules of a list's visit. */
MUST_USE bool store_each_serial(struct store *store, const char *serial,
                                store_certificate_visit *visit, void *context, struct error *err);

/* RFC 5280 5.3.1: what is revoked for this reason may be valid again. */
#define STORE_REASON_HOLD 6

/*
 * Revoke, with a CRLReason of RFC 5280 5.3.1; now 0: the clock's. For good, but for
 * STORE_REASON_HOLD. One on hold can be revoked for good: its time stays that of the hold, since
 * when nobody trusts it. Errors: as above, REASON_CERT_ALREADY_REVOKED (also: on hold already),
 * REASON_USAGE: no CRLReason of a certificate that is revoked.
 */
MUST_USE bool store_revoke_certificate(struct store *store, const char *ca_name, const char *serial,
                                       int reason, int64_t now, struct error *err);
/*
 * Take a hold back; counts as a revocation does, so that a CRL without the entry is made.
 * Errors: as above, REASON_CERT_NOT_HELD: not revoked, or for good.
 */
MUST_USE bool store_release_certificate(struct store *store, const char *ca_name,
                                        const char *serial, struct error *err);

/* What relying parties are told about one certificate. */
struct store_status {
    bool recorded; /* this CA has issued it; all else is zero when not */
    enum store_certificate_state withheld;
    int64_t revoked_at; /* 0: not revoked */
    int reason;         /* CRLReason */
};
/* By serial (lower-case hex) and CA, whatever its time. One row by index. */
MUST_USE bool store_read_status(struct store *store, const char *ca_name, const char *serial,
                                struct store_status *status, struct error *err);

/* CRL: revoked and not yet expired certificates of one CA, by serial. Visit's rules as above. */
typedef bool store_revoked_visit(void *context, const char *serial, int64_t revoked_at, int reason,
                                 struct error *err);
MUST_USE bool store_list_revoked(struct store *store, const char *ca_name, int64_t not_expired_at,
                                 store_revoked_visit *visit, void *context, struct error *err);

/* Grows with each revocation and release of this CA (also by another process); cheap. */
MUST_USE bool store_revocation_count(struct store *store, const char *ca_name, int64_t *count,
                                     struct error *err);

/* The kept CRL and what it was made from; *found false when none. The DER is appended to `der`
   (NULL: not read). */
struct store_crl {
    int64_t number;
    int64_t revocation_count;
    int64_t this_update, next_update;
};
MUST_USE bool store_get_crl(struct store *store, const char *ca_name, struct store_crl *crl,
                            struct buffer *der, bool *found, struct error *err);

/* Keep a CRL if its number is higher than the kept one's; *kept false: another was faster. */
MUST_USE bool store_put_crl(struct store *store, const char *ca_name, const struct store_crl *crl,
                            struct bytes der, bool *kept, struct error *err);

/* All recorded certificates, for "cert list" and checks; walks an index. */
MUST_USE bool store_count_certificates(struct store *store, int64_t *count, struct error *err);

/* Full integrity check (slow) for "openndes check". Errors: REASON_STORE_CORRUPT. */
MUST_USE bool store_check(struct store *store, struct error *err);

/* What the writer has done since store_open; all zero when opened for reading only. */
struct store_stats {
    int64_t writes;  /* verbs that asked for a write and whose transaction was committed */
    int64_t commits; /* transactions: fewer than writes when callers shared them */
    int64_t failed_commits;
    int64_t waiting;                      /* writes queued or under way just now */
    struct histogram_values commit_times; /* of the successful ones */
    enum reason last_failure; /* of the last transaction; REASON_NONE: it is on disk, or none yet */
    int64_t last_end_us;      /* monotonic: when that was known; 0: none yet */
    int64_t busy_since_us;    /* monotonic: when the transaction under way began; 0: none */
};
/* From any thread; does not wait for the disk. */
void store_get_stats(struct store *store, struct store_stats *stats);

/*
 * A durable write that changes nothing anybody reads: can certificates be recorded just now? Waits
 * like any write. Errors: as store_revoke_certificate's of the database.
 */
MUST_USE bool store_probe(struct store *store, int64_t now, struct error *err);

/* What is in the database, for metrics: each from an index or the end of one, however many rows. */
struct store_gauges {
    int64_t certificates;           /* recorded so far: rows are never removed */
    int64_t revoked;                /* of these, withheld ones included */
    int64_t provisional;            /* wait for a validator's blessing */
    int64_t notifications;          /* wait to be told to a validator */
    int64_t oldest_notification_at; /* seconds; 0: none waits */
};
MUST_USE bool store_read_gauges(struct store *store, struct store_gauges *gauges,
                                struct error *err);

#endif
