/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs of an enrolment: was this request answered, record the answer.
 * Not here: administration (store_certificates.c), CRLs (store_crl.c), certificates that wait for
 *           a remote validator (store_provisional.c).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     RFC 8894 4.3, 7.4: a request repeated after a lost answer gets the same certificate.
 */
#include "base/text.h"
#include "store/store_internal.h"

static struct bytes digest_bytes(const uint8_t digest[DIGEST_SHA256_BYTES])
{
    return bytes_of(digest, DIGEST_SHA256_BYTES);
}

bool store_request_revoked(struct db *db, const struct store_request_key *key, bool *revoked,
                           struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_CSR_REVOKED, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, digest_bytes(key->csr_sha256));
    db_bind_text(query, 2, key->template_name);
    bool ok = db_step(query, revoked, err);
    db_query_end(query);
    return ok;
}

bool store_request_issued(struct db *db, const struct store_request_key *key, int64_t not_before,
                          bool *found, struct buffer *der, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_FIND_REQUEST, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, digest_bytes(key->csr_sha256));
    db_bind_int(query, 2, not_before);
    db_bind_text(query, 3, key->template_name);
    db_bind_text(query, 4, key->ca_name);
    db_bind_bytes(query, 5, digest_bytes(key->signer_key_sha256));
    db_bind_bytes(query, 6, key->transaction_id);
    bool ok = db_step(query, found, err);
    if (ok && *found && der != NULL) {
        ok = buffer_append_bytes(der, db_column_bytes(query, 0), err);
    }
    db_query_end(query);
    return ok;
}

struct look {
    const struct store_request_key *key;
    int64_t not_before;
    int64_t now; /* 0: requests that are kept are of no interest */
    enum store_seen seen;
    bool kept;
};

static bool look_up(struct db *db, struct look *look, struct buffer *cert_der, struct error *err)
{
    bool revoked = false;
    bool found = false;

    if (!store_request_revoked(db, look->key, &revoked, err)
        || (!revoked
            && !store_request_issued(db, look->key, look->not_before, &found, cert_der, err))) {
        return false;
    }
    look->seen = revoked ? STORE_SEEN_REVOKED : found ? STORE_SEEN_ISSUED : STORE_SEEN_NEVER;
    return look->now == 0 || look->seen != STORE_SEEN_NEVER
           || store_pending_kept(db, look->key, look->now, &look->kept, err);
}

/* One connection and one view for all questions: each would lock the file anew. */
static bool look_once(struct store *store, struct look *look, struct buffer *cert_der,
                      struct error *err)
{
    struct db *db = NULL;
    bool ok = false;

    if (!store_readers_take(store->readers, &db, err)) goto out;
    if (!db_view_begin(db, err)) goto out;
    ok = look_up(db, look, cert_der, err);
    db_view_end(db);
out:
    store_readers_give(store->readers, db);
    return ok;
}

bool store_find_request(struct store *store, const struct store_request_key *key,
                        int64_t not_before, enum store_seen *seen, struct buffer *cert_der,
                        struct error *err)
{
    struct look look = { .key = key, .not_before = not_before };

    if (!look_once(store, &look, cert_der, err)) {
        return false;
    }
    *seen = look.seen;
    return true;
}

bool store_find_request_or_kept(struct store *store, const struct store_request_key *key,
                                int64_t not_before, int64_t now, enum store_seen *seen, bool *kept,
                                struct buffer *cert_der, struct error *err)
{
    struct look look = { .key = key, .not_before = not_before, .now = now };

    if (!look_once(store, &look, cert_der, err)) {
        return false;
    }
    *seen = look.seen;
    *kept = look.kept;
    return true;
}

bool store_certificate_insert(struct db *db, const struct store_certificate *cert,
                              enum store_certificate_state state, struct error *err)
{
    const struct store_request_key *key = cert->request;
    const struct certificate_info *info = cert->info;
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_INSERT_CERTIFICATE, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, key->ca_name);
    db_bind_text(query, 2, info->serial);
    db_bind_text(query, 3, key->template_name);
    db_bind_text(query, 4, info->subject);
    db_bind_text(query, 5, info->issuer);
    db_bind_int(query, 6, info->not_before);
    db_bind_int(query, 7, info->not_after);
    db_bind_bytes(query, 8, digest_bytes(info->sha256));
    db_bind_bytes(query, 9, digest_bytes(info->key_sha256));
    db_bind_int(query, 10, cert->issued_at);
    db_bind_text(query, 11, text_or_empty(cert->peer));
    db_bind_text(query, 12, text_or_empty(cert->request_id));
    db_bind_text(query, 13, text_or_empty(cert->challenge_type));
    db_bind_bytes(query, 14, key->transaction_id);
    db_bind_bytes(query, 15, digest_bytes(key->signer_key_sha256));
    db_bind_bytes(query, 16, digest_bytes(key->csr_sha256));
    db_bind_bytes(query, 17, cert->der);
    db_bind_int(query, 18, state);
    if (cert->renews != NULL) {
        db_bind_bytes(query, 19, digest_bytes(cert->renews));
    } else {
        db_bind_text(query, 19, NULL);
    }
    bool ok = db_run(query, NULL, err);
    if (!ok && err->reason == REASON_STORE_DUPLICATE) {
        error_context(err, "CA %s, serial %s", key->ca_name, info->serial);
    }
    db_query_end(query);
    return ok;
}

/* ---- renewals -------------------------------------------------------------------------------- */

static bool count_renewals(struct db *db, const uint8_t renews[DIGEST_SHA256_BYTES], int64_t now,
                           int64_t *count, struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;

    if (!db_query_begin(db, STORE_SQL_COUNT_RENEWALS, &query, err)) {
        return false;
    }
    db_bind_bytes(query, 1, digest_bytes(renews));
    db_bind_int(query, 2, now);
    bool ok = db_step(query, &row, err);
    *count = ok ? db_column_int(query, 0) : 0;
    db_query_end(query);
    return ok;
}

/* It was good when the decision began; signing may have taken its time. */
static bool renewed_in_force(struct db *db, const struct store_certificate *cert, struct error *err)
{
    int64_t revoked_at = 0;
    int64_t id = 0;

    if (cert->renews == NULL || cert->renews_serial == NULL) {
        return true;
    }
    return store_serial_find(db, cert->renews_ca, cert->renews_serial, &id, &revoked_at, err)
           && (revoked_at == 0
               || error_set(err, REASON_RENEWAL_REFUSED,
                            "renewal with certificate %s: it was revoked while the new one was "
                            "made",
                            cert->renews_serial));
}

bool store_renewal_room(struct db *db, const struct store_certificate *cert, struct error *err)
{
    int64_t count = 0;

    if (!renewed_in_force(db, cert, err)) {
        return false;
    }
    if (cert->renews == NULL || cert->renews_max == 0) {
        return true;
    }
    if (!count_renewals(db, cert->renews, cert->issued_at, &count, err)) {
        return false;
    }
    return count < cert->renews_max
           || error_set(err, REASON_RENEWAL_USED_UP,
                        "the old certificate was renewed to %lld certificates in use, at most %lld "
                        "are allowed",
                        (long long)count, (long long)cert->renews_max);
}

bool store_count_renewals(struct store *store, const uint8_t renews[DIGEST_SHA256_BYTES],
                          int64_t now, int64_t *count, struct error *err)
{
    struct db *db = NULL;
    bool ok =
        store_readers_take(store->readers, &db, err) && count_renewals(db, renews, now, count, err);

    store_readers_give(store->readers, db);
    return ok;
}

/* ---- recording ------------------------------------------------------------------------------- */

struct recording {
    const struct store_certificate *cert;
    int64_t not_before; /* the same request recorded since then is a repeat */
    bool repeats;
    enum store_record_result result;
};

/* Asked again here, where no other write can come in between: two threads may hold the same
   request, and both have been told that it is new. */
static bool write_recording(struct db *db, void *context, struct error *err)
{
    struct recording *r = context;
    bool revoked = false;
    bool found = false;

    if (!store_request_revoked(db, r->cert->request, &revoked, err)) {
        return false;
    }
    if (revoked) {
        r->result = STORE_WAS_REVOKED;
        return true;
    }
    /* An approved request is asked by its own row, however long repeats are answered. */
    if (r->cert->pending != 0 && !store_pending_settle(db, r->cert, &found, err)) {
        return false;
    }
    if (r->repeats && r->cert->pending == 0
        && !store_request_issued(db, r->cert->request, r->not_before, &found, NULL, err)) {
        return false;
    }
    if (found) {
        r->result = STORE_REPEATED;
        return true;
    }
    /* After the repeat: whoever sends the same bytes again needs no second password. If the
       certificate cannot be recorded, the spending is undone with it. */
    if (!store_renewal_room(db, r->cert, err)
        || (r->cert->reservation != 0 && !store_password_spend(db, r->cert, err))) {
        return false;
    }
    r->result = STORE_RECORDED;
    return store_certificate_insert(db, r->cert, STORE_IN_USE, err);
}

int64_t store_repeats_since(int64_t now, int64_t repeat_seconds)
{
    return repeat_seconds < now ? now - repeat_seconds + 1 : 0;
}

bool store_record_certificate(struct store *store, const struct store_certificate *cert,
                              int64_t repeat_seconds, enum store_record_result *result,
                              struct error *err)
{
    struct recording recording = {
        .cert = cert,
        .not_before = store_repeats_since(cert->issued_at, repeat_seconds),
        .repeats = repeat_seconds > 0,
    };

    if (!store_write_run(store, write_recording, &recording, err)) {
        return false;
    }
    *result = recording.result;
    return true;
}
