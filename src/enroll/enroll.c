/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll.h"

#include <string.h>

#include "enroll/enroll_path.h"
#include "enroll/enroll_pending.h"
#include "enroll/enroll_renewal.h"
#include "intune/intune_codes.h"
#include "model/sid.h"
#include "platform/clock.h"
#include "store/store_outbox.h"

/* Every noun made on the way of one decision. */
struct enroll_work {
    enum enroll_path path;
    bool remote;     /* only another machine can check the challenge, after all that we can */
    bool told;       /* the grant's end is settled: nobody has to be told of a refusal any more */
    int64_t pending; /* the approved request's row; 0: decided at once */
    struct enroll_renewal renewal; /* while a certificate vouches */
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
    work->remote = challenge_is_remote(options->challenge);
    work->key.template_name = options->template_name;
    work->key.ca_name = ca_name(options->ca);
    work->key.transaction_id = request->transaction_id;
    memcpy(work->key.signer_key_sha256, request->signer_key_sha256, DIGEST_SHA256_BYTES);
    memcpy(work->key.csr_sha256, request->csr.sha256, DIGEST_SHA256_BYTES);
}

static void work_clear(struct enroll_work *work)
{
    enroll_renewal_clear(&work->renewal);
    grant_clear(&work->grant);
    cert_plan_clear(&work->plan);
    issuance_clear(&work->issuance);
}

/* Has the challenge a say, and the certificate that has signed? */
static bool by_challenge(const struct enroll_work *work)
{
    return work->path == PATH_CHALLENGE || work->path == PATH_EITHER || work->path == PATH_BOTH;
}

static bool by_certificate(const struct enroll_work *work)
{
    return work->path == PATH_CERTIFICATE || work->path == PATH_BOTH;
}

/* Of an approved request nobody else is asked, also when the template does so by now. */
static bool by_remote(const struct enroll_work *work)
{
    return work->remote && by_challenge(work) && work->pending == 0;
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
static bool answered_before(const struct enroll_options *options, struct enroll_work *work,
                            bool *answered, bool *kept, struct error *err)
{
    enum store_seen seen = STORE_SEEN_NEVER;
    /*
     * With no repeats wanted only a revoked certificate is of interest: nothing is issued after
     * this.
     */
    int64_t since = options->repeat_seconds == 0 ? INT64_MAX : work->now - options->repeat_seconds;

    since = work->pending != 0 ? 0 : since; /* an approval is good for one, whenever it was */
    *answered = false;
    if (!store_find_request_or_kept(options->store, &work->key, since, work->now, &seen, kept,
                                    &work->issuance.cert_der, err)) {
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

/* The same with what is kept for an administrator. */
static bool seen_before(const struct enroll_options *options, const struct enroll_request *request,
                        struct enroll_work *work, struct enroll_report *report, bool *answered,
                        struct error *err)
{
    bool kept = false;

    return answered_before(options, work, answered, &kept, err)
           && (*answered || !kept
               || enroll_pending_seen(options, request, &work->key, work->now, &work->issuance,
                                      report, answered, err));
}

/* `peer` holds the text that the row refers to. */
static struct store_certificate record_row(const struct enroll_options *options,
                                           const struct enroll_request *request,
                                           const struct enroll_work *work, char peer[IP_TEXT_MAX])
{
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
        .pending = work->pending,
    };

    ip_address_format(&request->peer, peer);
    if (by_certificate(work)) {
        row.renews = work->renewal.sha256;
        row.renews_max = options->renewal.per_certificate;
        row.renews_ca = work->renewal.ca_name;
        row.renews_serial = work->renewal.ca_name != NULL ? work->renewal.serial : NULL;
    }
    return row;
}

static bool record(const struct enroll_options *options, const struct enroll_request *request,
                   struct enroll_work *work, enum store_record_result *result, struct error *err)
{
    char peer[IP_TEXT_MAX];
    struct store_certificate row = record_row(options, request, work, peer);

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
    bool kept = false;

    error_set(&lost, REASON_STORE_DUPLICATE,
              "the same request was answered with another certificate at the same time; the one "
              "with serial %s is not used",
              work->issuance.info.serial);
    issuance_clear(&work->issuance);
    if (!answered_before(options, work, &answered, &kept, err)) {
        return false;
    }
    if (!answered) {
        return error_set(err, REASON_INTERNAL, "a repeated request was not found again");
    }
    if (!work->told) {
        work->told = true;
        challenge_refuse(options->challenge, request, &work->grant, &lost);
    }
    return true;
}

/*
 * Sign and commit, for whoever needs no other machine's blessing. Only what is durable when this
 * returns true may leave the house.
 *
 * A serial that was issued before is not a reason to sign again: 159 random bits repeat only when
 * the random source is broken, which is better said than tried away; the request fails and the
 * caller gives the grant back. The same holds for whoever finds at the commit that a one-time
 * password went to somebody faster.
 */
static bool issue_local(const struct enroll_options *options, const struct enroll_request *request,
                        struct enroll_work *work, struct error *err)
{
    enum store_record_result result = STORE_RECORDED;

    if (!ca_issue(options->ca, &request->csr, &work->plan, &work->issuance, err)
        || (by_challenge(work) && work->pending == 0
            && !challenge_confirm(options->challenge, request, &work->grant, &work->issuance, err))
        || !record(options, request, work, &result, err)) {
        return false;
    }
    return result == STORE_RECORDED || yield_to_winner(options, request, work, err);
}

static struct store_refusal refusal_of(const struct error *why)
{
    struct store_refusal refusal = {
        .hresult = intune_hresult(why->reason),
        .reason = reason_id(why->reason),
        .detail = why->detail,
    };
    return refusal;
}

/* What the validator will hear should this process end before it can say anything else. */
static bool record_provisional(const struct enroll_options *options,
                               const struct enroll_request *request, struct enroll_work *work,
                               int64_t *id, struct error *err)
{
    struct error interrupted = ERROR_INIT;
    char peer[IP_TEXT_MAX];
    struct store_certificate row = record_row(options, request, work, peer);

    error_set(
        &interrupted, REASON_INTUNE_INTERRUPTED,
        "the service was interrupted between signature and notification; the certificate with "
        "serial %s was withheld and revoked",
        work->issuance.info.serial);

    struct store_refusal refusal = refusal_of(&interrupted);
    return store_provisional_record(options->store, &row, buffer_bytes(&work->grant.ticket),
                                    &refusal, id, err);
}

/*
 * The certificate is worth nothing any more, and the validator is told why. Should the store fail,
 * the same is done later, at the next start at the latest.
 */
static void withhold(const struct enroll_options *options, struct enroll_work *work, int64_t id,
                     struct error *err)
{
    struct store_refusal refusal = refusal_of(err);
    struct error failed = ERROR_INIT;

    if (!store_provisional_withhold(options->store, id, clock_now(), &refusal, &failed)) {
        error_context(err, "certificate %s could not be revoked now (%s) and will be later",
                      work->issuance.info.serial, reason_id(failed.reason));
    }
}

/*
 * Sign, commit as provisional, tell the validator, commit. Whatever happens in between, the
 * certificate is on record; it leaves only when the validator has said yes and that is durable.
 */
static bool issue_remote(const struct enroll_options *options, const struct enroll_request *request,
                         struct enroll_work *work, struct error *err)
{
    enum store_record_result result = STORE_RECORDED;
    int64_t id = 0;

    if (!ca_issue(options->ca, &request->csr, &work->plan, &work->issuance, err)
        || !record_provisional(options, request, work, &id, err)) {
        return false;
    }
    work->told = true; /* by the notification that was recorded with it */
    if (!challenge_confirm(options->challenge, request, &work->grant, &work->issuance, err)
        || !store_provisional_confirm(options->store, id, &work->key, clock_now(),
                                      options->repeat_seconds, &result, err)) {
        withhold(options, work, id, err);
        return false;
    }
    if (result == STORE_RECORDED || yield_to_winner(options, request, work, err)) {
        return true;
    }
    withhold(options, work, id, err); /* its notification still says that we were interrupted */
    return false;
}

/*
 * A one-time password or a certificate that is used up may have been used for this very request, by
 * another thread and after it was looked for. Then the answer is there, and the refusal is
 * forgotten.
 */
static bool used_by_the_same(const struct enroll_options *options,
                             const struct enroll_request *request, struct enroll_work *work,
                             struct enroll_report *report, struct error *err)
{
    struct error ignored = ERROR_INIT;
    bool answered = false;

    if (err->reason != REASON_CHALLENGE_USED && err->reason != REASON_RENEWAL_USED_UP) {
        return false;
    }
    if (!seen_before(options, request, work, report, &answered, &ignored) || !answered) {
        return false;
    }
    error_clear(err);
    return true;
}

/* A remote validator hears of what is refused before it was asked, too. */
static bool vouch_certificate(const struct enroll_options *options,
                              const struct enroll_request *request, struct enroll_work *work,
                              struct error *err)
{
    if (enroll_renewal_check(options, request, work->now, &work->renewal, err)) {
        return true;
    }
    if (by_remote(work)) {
        work->told = true;
        challenge_refuse(options->challenge, request, &work->grant, err);
    }
    return false;
}

/*
 * An administrator has to agree. Where no challenge is asked for at all, that is what the grant
 * says; an absent one is forgiven, and nothing else.
 */
static bool vouch_nobody(const struct enroll_options *options, const struct enroll_request *request,
                         struct enroll_work *work, struct error *err)
{
    return challenge_check(options->challenge, request, &work->grant, err)
           || enroll_pending_excuses(options, request, err);
}

/*
 * Whoever can be asked without leaving the house, and costs little: before all others. The
 * certificate first: a one-time password is not spent on what is refused anyway.
 */
static bool vouch(const struct enroll_options *options, const struct enroll_request *request,
                  struct enroll_work *work, struct error *err)
{
    if (work->path == PATH_APPROVAL) {
        return vouch_nobody(options, request, work, err);
    }
    if (by_certificate(work) && !vouch_certificate(options, request, work, err)) {
        return false;
    }
    if (by_challenge(work)) {
        return work->remote || challenge_check(options->challenge, request, &work->grant, err);
    }
    work->grant.challenge_type = "renewal";
    return true;
}

/*
 * A SID in a name is believed when a validator has compared it with the directory, when it stood in
 * the certificate that is renewed, or when a policy asks for it and has found what it asks for.
 */
static bool sid_check(const struct enroll_work *work, const struct policy_report *policy,
                      struct error *err)
{
    char sid[SID_TEXT_MAX];
    size_t count = sid_in_names(work->plan.san, sid);
    bool fits = policy->policy[0] != '\0' && strcmp(policy->verdict, "deny") != 0
                && strcmp(policy->verdict, "audit") != 0;

    if (count > 1) {
        return error_set(err, REASON_SAN_VALUE, "the names hold more than one account SID");
    }
    if (by_remote(work) || by_certificate(work) || fits) {
        return true;
    }
    /* also what only looks like one: who reads it as which account is not ours to guess */
    return sid_tags_in_names(work->plan.san) == 0
           || error_set(err, REASON_SAN_VALUE, "a name holds %s%s, which no policy has confirmed",
                        count == 0 ? "a tag for accounts" : "the account SID ", sid);
}

static bool plan_by_template(const struct enroll_options *options,
                             const struct enroll_request *request, struct enroll_work *work,
                             struct error *err)
{
    if (!by_certificate(work)) {
        return template_plan(options->template, &request->csr, work->now, &work->plan, err);
    }
    return template_plan_renewal(options->template, &request->csr, &work->renewal.content,
                                 work->now, &work->plan, err)
           || error_context(err, "renewal with certificate %s", work->renewal.serial);
}

static enum policy_challenge challenge_for_policy(const struct enroll_options *options,
                                                  const struct enroll_work *work)
{
    if (work->path == PATH_CERTIFICATE || work->pending != 0) {
        return POLICY_CHALLENGE_NONE; /* of an approved request it was looked at when it came */
    }
    return options->challenge_shape && by_remote(work) ? POLICY_CHALLENGE_INTUNE
                                                       : POLICY_CHALLENGE_ANY;
}

/* What the certificate shall be, and whether that is what the administrator meant. */
static bool plan(const struct enroll_options *options, const struct enroll_request *request,
                 struct enroll_work *work, struct enroll_report *report, struct error *err)
{
    return plan_by_template(options, request, work, err)
           && (options->policy == NULL
               || policy_gate_check(options->policy, request, challenge_for_policy(options, work),
                                    work->now, &work->plan, &report->policy, err))
           && sid_check(work, &report->policy, err);
}

/*
 * Only after a validator's yes: it has compared the names with what the directory says. Two of them
 * or none say nothing about whom the certificate is for.
 */
static void add_sid(const struct enroll_options *options, struct enroll_work *work)
{
    char sid[SID_TEXT_MAX];

    if (options->sid_extension && sid_in_names(work->plan.san, sid) == 1) {
        memcpy(work->plan.sid, sid, sizeof(sid));
    }
}

static bool ask_validator(const struct enroll_options *options,
                          const struct enroll_request *request, struct enroll_work *work,
                          struct enroll_report *report, struct error *err)
{
    bool ok = challenge_check(options->challenge, request, &work->grant, err);

    memcpy(report->correlation_id, work->grant.correlation_id, sizeof(report->correlation_id));
    if (!ok) {
        work->told = true; /* it has said no itself, or could not be reached */
        return false;
    }
    report->challenge_type = work->grant.challenge_type;
    add_sid(options, work);
    return true;
}

static bool issue(const struct enroll_options *options, const struct enroll_request *request,
                  struct enroll_work *work, struct enroll_report *report, struct error *err)
{
    bool ok = false;

    if (!by_remote(work)) {
        return issue_local(options, request, work, err);
    }
    ok = issue_remote(options, request, work, err);
    memcpy(report->correlation_id, work->grant.correlation_id, sizeof(report->correlation_id));
    return ok;
}

/* All that can be asked now has said yes: an administrator decides, or that was all. */
static bool keep_or_issue(const struct enroll_options *options,
                          const struct enroll_request *request, struct enroll_work *work,
                          struct enroll_report *report, struct error *err)
{
    if (options->approval.manual) {
        return enroll_pending_keep(options, request, &work->key, &work->grant, by_certificate(work),
                                   work->now, &work->issuance, report, err);
    }
    return issue(options, request, work, report, err);
}

/* Ask all who have a say on the path that the request takes. */
static bool go_path(const struct enroll_options *options, const struct enroll_request *request,
                    struct enroll_work *work, struct enroll_report *report, struct error *err)
{
    if (!vouch(options, request, work, err)) {
        return used_by_the_same(options, request, work, report, err);
    }
    report->challenge_type = work->grant.challenge_type;
    if (plan(options, request, work, report, err)
        && (!by_remote(work) || ask_validator(options, request, work, report, err))
        && keep_or_issue(options, request, work, report, err)) {
        return true;
    }
    if (by_challenge(work) && !work->told) {
        challenge_refuse(options->challenge, request, &work->grant, err);
    }
    return false;
}

/* The challenge itself is wrong or too old, not: could not be checked, or was right. */
static bool is_challenge_refused(const struct error *err)
{
    return error_kind(err) == ERROR_CHALLENGE || error_kind(err) == ERROR_BAD_TIME;
}

/*
 * The challenge was refused, and the certificate may vouch in its place. When it does not, the
 * refused challenge stays what is told and counted.
 */
static bool go_second(const struct enroll_options *options, const struct enroll_request *request,
                      struct enroll_work *work, struct enroll_report *report, struct error *err)
{
    struct error why = ERROR_INIT;

    grant_clear(&work->grant);
    cert_plan_clear(&work->plan);
    issuance_clear(&work->issuance);
    work->path = PATH_CERTIFICATE;
    work->told = true;
    if (go_path(options, request, work, report, &why)) {
        error_clear(err);
        return true;
    }
    return error_context(err, "nor does the certificate vouch (%s): %s", reason_id(why.reason),
                         why.detail);
}

/* What nobody has answered yet. */
static bool decide(const struct enroll_options *options, const struct enroll_request *request,
                   struct enroll_work *work, struct enroll_report *report, struct error *err)
{
    if (!enroll_path_find(options, request, &work->path, err)) {
        return false;
    }
    if (go_path(options, request, work, report, err)) {
        return true;
    }
    return work->path == PATH_EITHER && is_challenge_refused(err)
           && go_second(options, request, work, report, err);
}

/* In the words that are constant: a report outlives the row. */
static const char *recognised_by(const struct enroll_options *options,
                                 const struct enroll_approval *approval)
{
    const char *name = challenge_name(options->challenge);

    if (approval->renewal) {
        return "renewal";
    }
    return strcmp(name, approval->challenge_type) == 0 ? name : NULL;
}

bool enroll_approved(const struct enroll_options *options, const struct enroll_request *request,
                     const struct enroll_approval *approval, struct issuance *out,
                     struct enroll_report *report, struct error *err)
{
    struct enroll_work work;
    bool ok = false;

    work_init(&work, options, request);
    work.pending = approval->id;
    work.told = true; /* there is no grant any more */
    work.path = approval->renewal ? PATH_CERTIFICATE : PATH_CHALLENGE;
    if (approval->renewal && !vouch(options, request, &work, err)) goto out;
    work.grant.challenge_type = approval->challenge_type;
    report->challenge_type = recognised_by(options, approval);
    if (!plan(options, request, &work, report, err)) goto out;
    if (!issue_local(options, request, &work, err)) goto out;
    issuance_move(out, &work.issuance);
    ok = true;
out:
    work_clear(&work);
    return ok;
}

bool enroll_handle(const struct enroll_options *options, const struct enroll_request *request,
                   struct issuance *out, struct enroll_report *report, struct error *err)
{
    struct enroll_work work;
    bool answered = false;
    bool ok = false;

    *report = (struct enroll_report){ .challenge_type = NULL };
    work_init(&work, options, request);
    if (!seen_before(options, request, &work, report, &answered, err)) goto out;
    if (!answered && !decide(options, request, &work, report, err)) goto out;
    issuance_move(out, &work.issuance);
    ok = true;
out:
    work_clear(&work);
    return ok;
}
