/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_ocsp.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ocsp_cache.h"

#define BACKDATE_SECONDS 600 /* for clients whose clock is a little behind; as for CRLs */
#define RETRY_SECONDS 60
#define MINUTE_SECONDS 60
#define DAY_SECONDS 86400
#define OWN_MAX 64u /* RAs of a CA, those that were replaced included */

/* How a CertID names this CA. */
struct issuer_hash {
    uint8_t name[EVP_MAX_MD_SIZE];
    uint8_t key[EVP_MAX_MD_SIZE];
    unsigned len;
};

struct ca_ocsp {
    const char *ca_name;
    const struct cert_issuer *issuer;
    struct store *store;
    int64_t validity; /* seconds */
    int64_t margin;   /* seconds before its end that a signer is replaced */
    int64_t signer_days;
    struct issuer_hash hashes[OCSP_HASH_OTHER];
    struct ocsp_cache *cache;
    pthread_mutex_t refreshing; /* one signer is made at a time; guards the next two */
    int64_t retry_at;
    enum reason told;     /* why there is no new signer, as it was told; REASON_NONE: nothing */
    pthread_mutex_t lock; /* guards all below */
    struct ocsp_signer signer;
    struct error why; /* of the last attempt to make one */
    char own[OWN_MAX][SERIAL_TEXT_MAX];
    size_t own_count;
};

/* ---- life ------------------------------------------------------------------------------------ */

static bool make_hashes(struct ca_ocsp *ocsp, struct error *err)
{
    const EVP_MD *const digests[OCSP_HASH_OTHER] = {
        [OCSP_HASH_SHA1] = EVP_sha1(),
        [OCSP_HASH_SHA256] = EVP_sha256(),
        [OCSP_HASH_SHA384] = EVP_sha384(),
        [OCSP_HASH_SHA512] = EVP_sha512(),
    };
    const X509 *cert = ocsp->issuer->cert;

    for (int i = 0; i < OCSP_HASH_OTHER; i++) {
        struct issuer_hash *hash = &ocsp->hashes[i];

        /* RFC 6960 4.1.1: of the issuer's name as it stands, of its key's bits alone */
        if (X509_NAME_digest(X509_get_subject_name(cert), digests[i], hash->name, &hash->len) != 1
            || X509_pubkey_digest(cert, digests[i], hash->key, &hash->len) != 1) {
            return ca_error_openssl(err, REASON_INTERNAL, "the CA's name cannot be hashed");
        }
    }
    return true;
}

struct ca_ocsp *ca_ocsp_create(const struct ca_ocsp_options *options, struct error *err)
{
    struct ca_ocsp *ocsp = calloc(1, sizeof(*ocsp));
    int64_t life = options->settings.signer_days * DAY_SECONDS;

    if (ocsp == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an OCSP responder");
        return NULL;
    }
    ocsp->ca_name = options->ca_name;
    ocsp->issuer = options->issuer;
    ocsp->store = options->store;
    ocsp->signer_days = options->settings.signer_days;
    ocsp->validity = options->settings.validity_minutes * MINUTE_SECONDS;
    /* No answer outlives its signer: so that few are cut, it does not get so near its end. */
    ocsp->margin = life / 3 > ocsp->validity ? life / 3 : ocsp->validity;
    if (ocsp->margin > life / 2) {
        ocsp->margin = life / 2;
    }
    (void)pthread_mutex_init(&ocsp->refreshing, NULL); /* cannot fail without attributes */
    (void)pthread_mutex_init(&ocsp->lock, NULL);
    error_clear(&ocsp->why);
    ocsp->cache = ocsp_cache_create(err);
    if (ocsp->cache == NULL || !make_hashes(ocsp, err)
        || !ca_ocsp_add_own(ocsp, ocsp->issuer->cert, err)) {
        ca_ocsp_free(ocsp);
        ocsp = NULL;
    }
    return ocsp;
}

void ca_ocsp_free(struct ca_ocsp *ocsp)
{
    if (ocsp == NULL) {
        return;
    }
    ocsp_cache_free(ocsp->cache);
    ocsp_signer_clear(&ocsp->signer);
    (void)pthread_mutex_destroy(&ocsp->refreshing);
    (void)pthread_mutex_destroy(&ocsp->lock);
    free(ocsp);
}

void ca_ocsp_answer_clear(struct ca_ocsp_answer *answer)
{
    buffer_clear(&answer->der);
}

/* With the lock held. */
static bool is_own(const struct ca_ocsp *ocsp, const char *serial)
{
    for (size_t i = 0; i < ocsp->own_count; i++) {
        if (strcmp(ocsp->own[i], serial) == 0) {
            return true;
        }
    }
    return false;
}

bool ca_ocsp_add_own(struct ca_ocsp *ocsp, const struct x509_st *cert, struct error *err)
{
    struct certificate_info info;
    bool ok = true;

    /* The serial of another CA's, such as the parent's of this one, says nothing here. */
    if (!cert_issuer_signed(ocsp->issuer, cert)) {
        return true;
    }
    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    (void)pthread_mutex_lock(&ocsp->lock);
    if (!is_own(ocsp, info.serial)) {
        ok = ocsp->own_count < OWN_MAX
             && text_copy(ocsp->own[ocsp->own_count], SERIAL_TEXT_MAX, info.serial);
        ocsp->own_count += ok ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&ocsp->lock);
    return ok
           || error_set(err, REASON_LIMIT, "more than %u certificates of the CA itself", OWN_MAX);
}

/* ---- the signer ------------------------------------------------------------------------------ */

int64_t ca_ocsp_end(struct ca_ocsp *ocsp)
{
    int64_t end = 0;

    (void)pthread_mutex_lock(&ocsp->lock);
    end = ocsp->signer.cert != NULL ? ocsp->signer.not_after : 0;
    (void)pthread_mutex_unlock(&ocsp->lock);
    return end;
}

static bool signer_is_due(struct ca_ocsp *ocsp, int64_t now)
{
    const struct ocsp_signer *signer = &ocsp->signer;
    bool due = false;

    (void)pthread_mutex_lock(&ocsp->lock);
    due =
        signer->cert == NULL || now < signer->not_before
        || now > signer->not_after
        /* one that ends with the CA cannot be followed by a longer one */
        || (now >= signer->not_after - ocsp->margin && signer->not_after < ocsp->issuer->not_after);
    (void)pthread_mutex_unlock(&ocsp->lock);
    return due;
}

/* What is in use is replaced only by what is there. */
static void signer_publish(struct ca_ocsp *ocsp, struct ocsp_signer *take_signer)
{
    struct ocsp_signer old;

    (void)pthread_mutex_lock(&ocsp->lock);
    old = ocsp->signer;
    ocsp->signer = *take_signer;
    error_clear(&ocsp->why);
    (void)pthread_mutex_unlock(&ocsp->lock);
    *take_signer = (struct ocsp_signer){ .cert = NULL };
    ocsp_signer_clear(&old);
}

/* Under `refreshing`. */
static bool signer_renew(struct ca_ocsp *ocsp, int64_t now, struct error *err)
{
    const struct ocsp_signer_options options = {
        .ca_name = ocsp->ca_name,
        .issuer = ocsp->issuer,
        .store = ocsp->store,
        .days = ocsp->signer_days,
    };
    struct ocsp_signer made = { .cert = NULL };

    if (!ocsp_signer_make(&options, now, &made, err)) {
        (void)pthread_mutex_lock(&ocsp->lock);
        ocsp->why = *err;
        (void)pthread_mutex_unlock(&ocsp->lock);
        return false;
    }
    signer_publish(ocsp, &made);
    return true;
}

bool ca_ocsp_refresh(struct ca_ocsp *ocsp, int64_t now, bool *made, struct error *err)
{
    struct error why = ERROR_INIT;
    bool waits = false;
    bool ok = true;

    *made = false;
    (void)pthread_mutex_lock(&ocsp->refreshing);
    waits = now < ocsp->retry_at && ocsp->retry_at - now <= RETRY_SECONDS;
    if (!waits && signer_is_due(ocsp, now)) {
        *made = signer_renew(ocsp, now, &why);
        ocsp->retry_at = *made ? 0 : now + RETRY_SECONDS;
        ok = *made || why.reason == ocsp->told;
        ocsp->told = *made ? REASON_NONE : why.reason;
    }
    (void)pthread_mutex_unlock(&ocsp->refreshing);
    if (!ok) {
        *err = why;
    }
    return ok;
}

/* A signer that is valid at `now`. */
static bool signer_take(struct ca_ocsp *ocsp, int64_t now, struct ocsp_signer *out,
                        struct error *err)
{
    struct error why = ERROR_INIT;

    (void)pthread_mutex_lock(&ocsp->lock);
    *out = ocsp_signer_ref(&ocsp->signer);
    why = ocsp->why;
    (void)pthread_mutex_unlock(&ocsp->lock);
    if (out->cert != NULL && now >= out->not_before && now < out->not_after) {
        return true;
    }
    return error_set(
        err, REASON_OCSP_SIGNER, "the CA \"%s\" has no certificate to sign OCSP answers with%s%s",
        ocsp->ca_name, error_is_set(&why) ? ": " : "", error_is_set(&why) ? why.detail : "");
}

/* ---- what is known --------------------------------------------------------------------------- */

static bool is_issuer(const struct ca_ocsp *ocsp, const struct ocsp_question *question)
{
    const struct issuer_hash *hash = NULL;

    if (question->hash == OCSP_HASH_OTHER) {
        return false;
    }
    hash = &ocsp->hashes[question->hash];
    return bytes_equal(question->name_hash, bytes_of(hash->name, hash->len))
           && bytes_equal(question->key_hash, bytes_of(hash->key, hash->len));
}

/*
 * A provisional certificate is unknown: nobody has been given it, and it is good from the commit on
 * that comes before that. A withheld one is revoked, as in the CRL.
 */
static struct ocsp_status status_of(const struct store_status *found)
{
    if (found->revoked_at != 0) {
        return (struct ocsp_status){ OCSP_REVOKED, found->revoked_at, found->reason };
    }
    return (struct ocsp_status){ .status =
                                     found->withheld == STORE_IN_USE ? OCSP_GOOD : OCSP_UNKNOWN };
}

static bool look_up(struct ca_ocsp *ocsp, const struct ocsp_question *question,
                    struct ocsp_status *status, struct error *err)
{
    struct store_status found = { .recorded = false };

    *status = (struct ocsp_status){ .status = OCSP_UNKNOWN };
    if (question->serial[0] == '\0') {
        return true;
    }
    if (!store_read_status(ocsp->store, ocsp->ca_name, question->serial, &found, err)) {
        return false;
    }
    if (found.recorded) {
        *status = status_of(&found);
        return true;
    }
    (void)pthread_mutex_lock(&ocsp->lock);
    status->status = is_own(ocsp, question->serial) ? OCSP_GOOD : OCSP_UNKNOWN;
    (void)pthread_mutex_unlock(&ocsp->lock);
    return true;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* One question and its statement each. */
struct work {
    struct ocsp_request request;
    struct ocsp_statement statements[OCSP_QUESTIONS_MAX];
    bool authorized; /* all are of this CA */
    bool known;      /* the state of each certificate */
    bool may_keep;   /* somebody else can be given the answer */
    struct ocsp_times times;
};

static bool find_statements(struct ca_ocsp *ocsp, struct work *work, struct error *err)
{
    work->known = true;
    for (size_t i = 0; i < work->request.count; i++) {
        const struct ocsp_question *question = &work->request.question[i];
        struct ocsp_statement *statement = &work->statements[i];

        statement->cert_id = question->cert_id;
        work->authorized = is_issuer(ocsp, question);
        if (!work->authorized) {
            return true;
        }
        if (!look_up(ocsp, question, &statement->status, err)) {
            return false;
        }
        work->known = work->known && statement->status.status != OCSP_UNKNOWN;
    }
    /* What is unknown may be issued the next moment; and anybody could fill all places with it. */
    work->may_keep = work->known && work->request.nonce.len == 0;
    return true;
}

/* thisUpdate is never before a revocation that the answer tells of. */
static void choose_times(const struct ca_ocsp *ocsp, const struct ocsp_signer *signer, int64_t now,
                         struct work *work)
{
    struct ocsp_times *times = &work->times;

    times->made_at = now;
    times->this_update = now - BACKDATE_SECONDS;
    for (size_t i = 0; i < work->request.count; i++) {
        int64_t revoked_at = work->statements[i].status.revoked_at;

        if (revoked_at > times->this_update && revoked_at <= now) {
            times->this_update = revoked_at;
        }
    }
    times->next_update = now + ocsp->validity;
    if (times->next_update > signer->not_after) {
        times->next_update = signer->not_after;
    }
    times->refresh_at = now + (times->next_update - now) / 2;
}

static bool sign(struct ca_ocsp *ocsp, int64_t now, struct work *work, struct buffer *der,
                 struct error *err)
{
    struct ocsp_signer signer = { .cert = NULL };
    struct ocsp_response_plan plan = {
        .statements = work->statements,
        .count = work->request.count,
        .nonce = work->request.nonce,
    };
    bool ok = signer_take(ocsp, now, &signer, err);

    if (ok) {
        choose_times(ocsp, &signer, now, work);
        plan.produced_at = work->times.made_at;
        plan.this_update = work->times.this_update;
        plan.next_update = work->times.next_update;
        ok = ocsp_response_sign(&signer, &plan, der, err);
    }
    ocsp_signer_clear(&signer);
    return ok;
}

/* From those that are kept, or a new one. */
static bool find_or_sign(struct ca_ocsp *ocsp, int64_t now, const struct ca_ocsp_asker *asker,
                         struct work *work, struct ca_ocsp_answer *out, struct error *err)
{
    const struct ocsp_statement *first = &work->statements[0];
    bool single = work->may_keep && work->request.count == 1;

    out->cached = single
                  && ocsp_cache_find(ocsp->cache, first->cert_id, &first->status, now, &work->times,
                                     &out->der);
    if (!out->cached) {
        if ((asker != NULL && !asker->may_sign(asker->context, err))
            || !sign(ocsp, now, work, &out->der, err)) {
            return false;
        }
        if (single) {
            ocsp_cache_keep(ocsp->cache, first->cert_id, &first->status, &work->times,
                            buffer_bytes(&out->der));
        }
    }
    out->this_update = work->times.this_update;
    out->keep_until = work->may_keep ? work->times.refresh_at : 0;
    return true;
}

bool ca_ocsp_answer(struct ca_ocsp *ocsp, struct bytes request, int64_t now,
                    const struct ca_ocsp_asker *asker, struct ca_ocsp_answer *out,
                    struct error *err)
{
    struct work work = { .authorized = false };

    if (!ocsp_request_parse(request, &work.request, err)) {
        return false;
    }
    if (!find_statements(ocsp, &work, err)) {
        return false;
    }
    buffer_reset(&out->der);
    out->authorized = work.authorized;
    out->count = work.request.count;
    memcpy(out->serial, work.request.question[0].serial, sizeof(out->serial));
    out->status = work.statements[0].status;
    out->cached = false;
    out->keep_until = 0;
    out->this_update = 0;
    if (!work.authorized) {
        /* RFC 5019 2.2.3; and no signature for whoever asks at the wrong place. */
        return ocsp_response_refuse(OCSP_UNAUTHORIZED, &out->der, err);
    }
    return find_or_sign(ocsp, now, asker, &work, out, err);
}

bool ca_ocsp_refuse(const struct error *why, struct buffer *der, struct error *err)
{
    enum ocsp_refusal status = OCSP_INTERNAL_ERROR;

    if (why->reason == REASON_OCSP_REQUEST) {
        status = OCSP_MALFORMED_REQUEST;
    } else if (error_kind(why) == ERROR_UNAVAILABLE || why->reason == REASON_STORE_BUSY
               || why->reason == REASON_RATE_LIMITED) {
        status = OCSP_TRY_LATER;
    }
    return ocsp_response_refuse(status, der, err);
}
