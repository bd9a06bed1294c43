/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll.h"

#include <string.h>

#include "platform/clock.h"

/*
 * A serial of 159 random bits repeats only when the random source is broken: try little, then say
 * so.
 */
#define SERIAL_TRIES 3

/* Every noun made on the way of one decision. */
struct enroll_work {
    struct store_request_key key;
    struct grant grant;
    struct cert_plan plan;
    struct issuance issuance;
    int64_t now;
};

static void work_init(struct enroll_work *work, const struct enroll_options *options,
                      const struct enroll_request *request)
{
    *work = (struct enroll_work){ .grant = GRANT_INIT, .issuance = ISSUANCE_INIT };
    work->now = clock_now();
    work->key.template_name = options->template_name;
    work->key.ca_name = ca_name(options->ca);
    work->key.transaction_id = request->transaction_id;
    memcpy(work->key.signer_key_sha256, request->signer_key_sha256, DIGEST_SHA256_BYTES);
    memcpy(work->key.csr_sha256, request->csr.sha256, DIGEST_SHA256_BYTES);
}

static void work_clear(struct enroll_work *work)
{
    grant_clear(&work->grant);
    cert_plan_clear(&work->plan);
    issuance_clear(&work->issuance);
}

/* The certificate found for a repeated request becomes the answer. */
static bool repeat_answer(struct enroll_work *work, struct error *err)
{
    struct x509_st *cert = certificate_parse(buffer_bytes(&work->issuance.cert_der), err);
    bool ok = cert != NULL && certificate_info(cert, &work->issuance.info, err);

    certificate_free(cert);
    work->issuance.state = ISSUANCE_ISSUED;
    work->issuance.repeated = true;
    return ok;
}

/*
 * Lost replies, retries of proxies and replays all look the same: the same bytes by the same key.
 * They get the same answer and cost no second challenge; once the certificate is revoked they get
 * nothing (RFC 8894 5.2, 7.4).
 */
static bool seen_before(const struct enroll_options *options, struct enroll_work *work,
                        bool *answered, struct error *err)
{
    enum store_seen seen = STORE_SEEN_NEVER;
    /*
     * With no repeats wanted only a revoked certificate is of interest: nothing is issued after
     * this.
     */
    int64_t since = options->repeat_seconds == 0 ? INT64_MAX : work->now - options->repeat_seconds;

    *answered = false;
    if (!store_find_request(options->store, &work->key, since, &seen, &work->issuance.cert_der,
                            err)) {
        return false;
    }
    switch (seen) {
    case STORE_SEEN_NEVER:
        return true;
    case STORE_SEEN_REVOKED:
        return error_set(err, REASON_REQUEST_OF_REVOKED,
                         "these exact request bytes led to a certificate that was revoked since");
    case STORE_SEEN_ISSUED:
        break;
    }
    if (!repeat_answer(work, err)) {
        return false;
    }
    *answered = true;
    return true;
}

/*
 * Which authority does this request appeal to? An allow-list: whatever has no row here is refused
 * (RFC 8894 2.3).
 */
static bool path_check(const struct enroll_options *options, const struct enroll_request *request,
                       struct error *err)
{
    if (request->kind == ENROLL_KIND_NEW && request->signer_self_signed) {
        return true; /* the challenge decides, also about an absent one */
    }
    if (request->kind == ENROLL_KIND_NEW && request->csr.has_challenge) {
        return true; /* signed with some certificate, but the challenge decides all the same */
    }
    (void)options;
    return error_set(err, REASON_RENEWAL_NOT_ENABLED,
                     "signed with an existing certificate and without challenge: a renewal");
}

static bool record(const struct enroll_options *options, const struct enroll_request *request,
                   struct enroll_work *work, enum store_record_result *result, struct error *err)
{
    char peer[IP_TEXT_MAX];
    struct store_certificate row = {
        .request = &work->key,
        .info = &work->issuance.info,
        .der = buffer_bytes(&work->issuance.cert_der),
        .peer = peer,
        .challenge_type = work->grant.challenge_type,
        .request_id = request->request_id,
        .issued_at = work->now,
        .reservation = work->grant.reservation,
    };

    ip_address_format(&request->peer, peer);
    return store_record_certificate(options->store, &row, options->repeat_seconds, result, err);
}

/* Sign and commit. Only what is durable when this returns true may leave the house. */
static bool issue_and_record(const struct enroll_options *options,
                             const struct enroll_request *request, struct enroll_work *work,
                             struct error *err)
{
    enum store_record_result result = STORE_RECORDED;
    bool answered = false;

    for (int i = 0; i < SERIAL_TRIES; i++) {
        error_clear(err);
        issuance_clear(&work->issuance);
        if (!ca_issue(options->ca, &request->csr, &work->plan, &work->issuance, err)
            || !challenge_confirm(options->challenge, &work->grant, &work->issuance, err)) {
            return false;
        }
        if (record(options, request, work, &result, err)) {
            break;
        }
        if (err->reason != REASON_STORE_DUPLICATE || i + 1 == SERIAL_TRIES) {
            return false;
        }
    }
    if (result == STORE_RECORDED) {
        return true;
    }
    /*
     * The same bytes were decided by another thread meanwhile: its certificate is the answer, ours
     * was never handed out and is forgotten.
     */
    issuance_clear(&work->issuance);
    if (!seen_before(options, work, &answered, err)) {
        return false;
    }
    return answered || error_set(err, REASON_INTERNAL, "a repeated request was not found again");
}

bool enroll_handle(const struct enroll_options *options, const struct enroll_request *request,
                   struct issuance *out, const char **challenge_type, struct error *err)
{
    struct enroll_work work;
    bool answered = false;
    bool granted = false;
    bool ok = false;

    work_init(&work, options, request);
    if (!seen_before(options, &work, &answered, err)) goto out;
    if (!answered) {
        if (!path_check(options, request, err)) goto out;
        if (!challenge_check(options->challenge, request, &work.grant, err)) goto out;
        granted = true;
        *challenge_type = work.grant.challenge_type;
        if (!template_plan(options->template, &request->csr, work.now, &work.plan, err)) goto out;
        if (!issue_and_record(options, request, &work, err)) goto out;
    }
    issuance_move(out, &work.issuance);
    ok = true;
out:
    if (!ok && granted) {
        challenge_refuse(options->challenge, request, &work.grant, err);
    }
    work_clear(&work);
    return ok;
}
