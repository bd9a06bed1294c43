/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll.h"

#include <string.h>

#include "platform/clock.h"

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
        .spent_at = clock_now(), /* not when the decision began: signing may have taken its time */
    };

    ip_address_format(&request->peer, peer);
    return store_record_certificate(options->store, &row, options->repeat_seconds, result, err);
}

/*
 * Another thread has recorded the same bytes since they were looked for: its certificate is the
 * answer, ours was never handed out and is forgotten. A validator that has confirmed ours is told
 * so, as one that nobody will ever see.
 */
static bool yield_to_winner(const struct enroll_options *options,
                            const struct enroll_request *request, struct enroll_work *work,
                            struct error *err)
{
    struct error lost = ERROR_INIT;
    bool answered = false;

    error_set(&lost, REASON_STORE_DUPLICATE,
              "the same request was answered with another certificate at the same time; the one "
              "with serial %s is not used",
              work->issuance.info.serial);
    issuance_clear(&work->issuance);
    if (!seen_before(options, work, &answered, err)) {
        return false;
    }
    if (!answered) {
        return error_set(err, REASON_INTERNAL, "a repeated request was not found again");
    }
    challenge_refuse(options->challenge, request, &work->grant, &lost);
    return true;
}

/*
 * Sign, confirm, commit. Only what is durable when this returns true may leave the house.
 *
 * Each step runs once. The validator is asked before the commit, because what is recorded is given
 * to whoever repeats the request, and so must be confirmed already. A remote validator is then told
 * of one certificate per request and no more: a serial that was issued before is therefore not a
 * reason to sign and confirm again. 159 random bits repeat only when the random source is broken,
 * which is better said than tried away; the request fails and the caller gives the grant back. The
 * same holds for whoever finds at the commit that a one-time password went to somebody faster.
 */
static bool issue_and_record(const struct enroll_options *options,
                             const struct enroll_request *request, struct enroll_work *work,
                             struct error *err)
{
    enum store_record_result result = STORE_RECORDED;

    if (!ca_issue(options->ca, &request->csr, &work->plan, &work->issuance, err)
        || !challenge_confirm(options->challenge, request, &work->grant, &work->issuance, err)
        || !record(options, request, work, &result, err)) {
        return false;
    }
    return result == STORE_RECORDED || yield_to_winner(options, request, work, err);
}

/*
 * A one-time password that is used may have been used for this very request, by another thread and
 * after it was looked for. Then the answer is there, and the refusal is forgotten.
 */
static bool used_by_the_same(const struct enroll_options *options, struct enroll_work *work,
                             struct error *err)
{
    struct error ignored = ERROR_INIT;
    bool answered = false;

    if (err->reason != REASON_CHALLENGE_USED || !seen_before(options, work, &answered, &ignored)
        || !answered) {
        return false;
    }
    error_clear(err);
    return true;
}

/* What nobody has answered yet: ask all who have a say. */
static bool decide(const struct enroll_options *options, const struct enroll_request *request,
                   struct enroll_work *work, const char **challenge_type, struct error *err)
{
    if (!path_check(options, request, err)) {
        return false;
    }
    if (!challenge_check(options->challenge, request, &work->grant, err)) {
        return used_by_the_same(options, work, err);
    }
    *challenge_type = work->grant.challenge_type;
    if (template_plan(options->template, &request->csr, work->now, &work->plan, err)
        && issue_and_record(options, request, work, err)) {
        return true;
    }
    challenge_refuse(options->challenge, request, &work->grant, err);
    return false;
}

bool enroll_handle(const struct enroll_options *options, const struct enroll_request *request,
                   struct issuance *out, const char **challenge_type, struct error *err)
{
    struct enroll_work work;
    bool answered = false;
    bool ok = false;

    work_init(&work, options, request);
    if (!seen_before(options, &work, &answered, err)) goto out;
    if (!answered && !decide(options, request, &work, challenge_type, err)) goto out;
    issuance_move(out, &work.issuance);
    ok = true;
out:
    work_clear(&work);
    return ok;
}
