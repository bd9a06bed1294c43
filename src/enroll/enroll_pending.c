/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll_pending.h"

#include <string.h>

#include "base/text.h"
#include "model/csr_strip.h"
#include "platform/clock.h"

#define CHALLENGE_TYPE_MAX 32
#define NOTE_SHOWN 256
/* One key's transactions are at one template as a rule, at two during a move. */
#define TEMPLATES_MAX 32
/* One in so many of pending.max is not for requests without challenge. */
#define PLACES_KEPT_FREE 10

/* ---- a kept request -------------------------------------------------------------------------- */

/* Copied of a row: a visit holds a connection, and signing may take its time. */
struct kept {
    int64_t id;
    enum store_pending_state state;
    char challenge_type[CHALLENGE_TYPE_MAX];
    char note[NOTE_SHOWN]; /* escaped */
    uint8_t csr_sha256[DIGEST_SHA256_BYTES];
    struct buffer csr;
    struct buffer renews;
};

#define KEPT_INIT                                                                                  \
    {                                                                                              \
        .csr = BUFFER_INIT(LIMIT_CSR_BYTES), .renews = BUFFER_INIT(LIMIT_BODY_BYTES_MAX)           \
    }

static void kept_clear(struct kept *kept)
{
    buffer_clear(&kept->csr);
    buffer_clear(&kept->renews);
}

static bool copy_row(void *context, const struct store_pending_row *row, struct error *err)
{
    struct kept *kept = context;

    kept->id = row->id;
    kept->state = row->state;
    text_escape(kept->note, sizeof(kept->note), bytes_of_text(row->note));
    if (row->csr_sha256.len != DIGEST_SHA256_BYTES
        || !text_copy(kept->challenge_type, sizeof(kept->challenge_type), row->challenge_type)) {
        return error_set(err, REASON_STORE_CORRUPT, "request %lld in the database is malformed",
                         (long long)row->id);
    }
    memcpy(kept->csr_sha256, row->csr_sha256.data, DIGEST_SHA256_BYTES);
    /* the request itself only where it is needed: most polls come while it waits */
    return row->state != STORE_PENDING_APPROVED
           || (buffer_append_bytes(&kept->csr, row->csr, err)
               && buffer_append_bytes(&kept->renews, row->renews, err));
}

/* The request as it came, but for its challenge; of who asks now only peer and request id. */
static bool rebuild(const struct kept *kept, const struct enroll_request *asks,
                    struct enroll_request *out, struct x509_st **signer, struct error *err)
{
    *out = (struct enroll_request){
        .kind = ENROLL_KIND_NEW,
        .request_id = asks->request_id,
        .peer = asks->peer,
        .transaction_id = asks->transaction_id,
        .signer = asks->signer,
        .signer_self_signed = kept->renews.len == 0,
        .csr = CSR_INIT,
    };
    memcpy(out->signer_key_sha256, asks->signer_key_sha256, DIGEST_SHA256_BYTES);
    if (kept->renews.len > 0) {
        *signer = certificate_parse(buffer_bytes(&kept->renews), err);
        out->signer = *signer;
        if (*signer == NULL) {
            return false;
        }
    }
    if (!csr_parse(buffer_bytes(&kept->csr), &out->csr, err)) {
        return error_context(err, "request %lld in the database", (long long)kept->id);
    }
    memcpy(out->csr.sha256, kept->csr_sha256, DIGEST_SHA256_BYTES);
    return true;
}

static bool issue_kept(const struct enroll_options *options, const struct kept *kept,
                       const struct enroll_request *asks, struct issuance *out,
                       struct enroll_report *report, struct error *err)
{
    struct enroll_approval approval = {
        .id = kept->id,
        .renewal = kept->renews.len > 0,
        .challenge_type = kept->challenge_type,
    };
    struct enroll_request request = { .csr = CSR_INIT };
    struct x509_st *signer = NULL;
    bool ok = rebuild(kept, asks, &request, &signer, err)
              && enroll_approved(options, &request, &approval, out, report, err);

    csr_clear(&request.csr);
    certificate_free(signer);
    return ok;
}

/* Whatever was issued for it, however long ago: the answer was lost, or somebody asks twice. */
static bool issued_answer(const struct enroll_options *options, struct store_request_key key,
                          const struct kept *kept, struct issuance *out, struct error *err)
{
    enum store_seen seen = STORE_SEEN_NEVER;
    struct x509_st *cert = NULL;
    bool ok = false;

    memcpy(key.csr_sha256, kept->csr_sha256, DIGEST_SHA256_BYTES);
    issuance_clear(out);
    if (!store_find_request(options->store, &key, 0, &seen, &out->cert_der, err)) goto out;
    if (seen != STORE_SEEN_ISSUED) {
        error_set(err, seen == STORE_SEEN_REVOKED ? REASON_REQUEST_OF_REVOKED : REASON_INTERNAL,
                  seen == STORE_SEEN_REVOKED
                      ? "the certificate of request %lld was revoked since"
                      : "request %lld was issued, but its certificate is not in the database",
                  (long long)kept->id);
        goto out;
    }
    cert = certificate_parse(buffer_bytes(&out->cert_der), err);
    if (cert == NULL || !certificate_info(cert, &out->info, err)) goto out;
    out->state = ISSUANCE_ISSUED;
    out->repeated = true;
    ok = true;
out:
    certificate_free(cert);
    if (!ok) {
        issuance_clear(out);
    }
    return ok;
}

static bool answer(const struct enroll_options *options, const struct kept *kept,
                   const struct store_request_key *key, const struct enroll_request *asks,
                   struct issuance *out, struct enroll_report *report, struct error *err)
{
    switch (kept->state) {
    case STORE_PENDING_WAITS:
        out->state = ISSUANCE_PENDING;
        out->repeated = true;
        return true;
    case STORE_PENDING_APPROVED:
        return issue_kept(options, kept, asks, out, report, err);
    case STORE_PENDING_ISSUED:
        return issued_answer(options, *key, kept, out, err);
    case STORE_PENDING_DENIED:
        break;
    }
    return error_set(err, REASON_REQUEST_DENIED, "request %lld was denied by an administrator%s%s",
                     (long long)kept->id, kept->note[0] != '\0' ? ": " : "", kept->note);
}

/* ---- repeats --------------------------------------------------------------------------------- */

bool enroll_pending_seen(const struct enroll_options *options, const struct enroll_request *request,
                         const struct store_request_key *key, int64_t now, struct issuance *out,
                         struct enroll_report *report, bool *answered, struct error *err)
{
    struct kept kept = KEPT_INIT;
    bool found = false;
    bool ok = store_pending_find(options->store, key, now, copy_row, &kept, &found, err)
              && (!found || answer(options, &kept, key, request, out, report, err));

    *answered = ok && found;
    kept_clear(&kept);
    return ok;
}

/* ---- keeping --------------------------------------------------------------------------------- */

bool enroll_pending_excuses(const struct enroll_options *options,
                            const struct enroll_request *request, struct error *err)
{
    if (!options->approval.manual || err->reason != REASON_CHALLENGE_MISSING
        || !request->signer_self_signed || request->csr.has_challenge) {
        return false;
    }
    error_clear(err);
    return true;
}

static bool digests(const struct enroll_request *request, struct store_pending *pending,
                    struct error *err)
{
    struct bytes der = buffer_bytes(&request->csr.der);

    return digest_sha1(der, pending->csr_sha1, err) && digest_md5(der, pending->csr_md5, err);
}

/* A person decides by it: who has given no challenge was not recognised by one. */
static const char *rule_of(const struct enroll_request *request, const struct grant *grant,
                           bool renewal)
{
    bool proven = renewal || request->csr.has_challenge || grant->challenge_type == NULL;

    return proven ? grant->challenge_type : "none";
}

/*
 * Anybody can send requests without challenge: were all places theirs, a flood of them would lock
 * out devices with the right challenge, and renewals, until it is over or somebody denies it.
 */
static int64_t places_for(const struct enroll_options *options, bool anybody)
{
    int64_t kept_free = anybody ? options->approval.max / PLACES_KEPT_FREE : 0;

    return options->approval.max - kept_free;
}

bool enroll_pending_keep(const struct enroll_options *options, const struct enroll_request *request,
                         const struct store_request_key *key, const struct grant *grant,
                         bool renewal, int64_t now, struct issuance *out,
                         struct enroll_report *report, struct error *err)
{
    struct buffer csr = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct buffer renews = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    char subject[NAME_TEXT_MAX];
    char peer[IP_TEXT_MAX];
    struct store_pending pending = {
        .request = key,
        .request_id = request->request_id,
        .subject = subject,
        .peer = peer,
        .challenge_type = rule_of(request, grant, renewal),
        .reservation = grant->reservation,
        .now = now,
        .expires_at = now + options->approval.seconds,
    };
    bool anybody = grant->challenge_type == NULL; /* excused: neither challenge nor certificate */
    bool recorded = false;
    bool answered = false;
    bool ok = false;

    if (challenge_is_remote(options->challenge)) {
        error_set(err, REASON_INTERNAL, "a remote validator's word cannot wait for approval");
        goto out;
    }
    name_format(csr_subject(&request->csr), subject, sizeof(subject));
    ip_address_format(&request->peer, peer);
    if (!csr_strip(&request->csr, &csr, err) || !digests(request, &pending, err)) goto out;
    if (renewal && !certificate_der(request->signer, &renews, err)) goto out;
    pending.csr = buffer_bytes(&csr);
    pending.renews = buffer_bytes(&renews);
    if (!store_pending_record(options->store, &pending, places_for(options, anybody), &recorded,
                              err)) {
        if (anybody) {
            (void)error_context(err, "a request without challenge");
        }
        goto out;
    }
    if (recorded) {
        out->state = ISSUANCE_PENDING;
        ok = true;
        goto out;
    }
    ok = enroll_pending_seen(options, request, key, now, out, report, &answered, err)
         && (answered || error_set(err, REASON_INTERNAL, "a request that waits was not found"));
out:
    buffer_clear(&renews);
    buffer_clear(&csr);
    return ok;
}

/* ---- polls ----------------------------------------------------------------------------------- */

bool enroll_poll(const struct enroll_options *options, const struct enroll_request *request,
                 struct issuance *out, struct enroll_report *report, struct error *err)
{
    struct store_request_key key = {
        .template_name = options->template_name,
        .ca_name = ca_name(options->ca),
        .transaction_id = request->transaction_id,
    };
    struct issuance made = ISSUANCE_INIT;
    struct kept kept = KEPT_INIT;
    bool found = false;
    bool ok = false;

    *report = (struct enroll_report){ .challenge_type = NULL };
    memcpy(key.signer_key_sha256, request->signer_key_sha256, DIGEST_SHA256_BYTES);
    if (!store_pending_poll(options->store, &key, clock_now(), copy_row, &kept, &found, err)) {
        goto out;
    }
    if (!found) {
        error_set(err, REASON_POLL_UNKNOWN, "no request waits under this transaction");
        goto out;
    }
    if (!answer(options, &kept, &key, request, &made, report, err)) goto out;
    issuance_move(out, &made);
    ok = true;
out:
    issuance_clear(&made);
    kept_clear(&kept);
    return ok;
}

struct templates {
    char name[TEMPLATES_MAX][LIMIT_TEMPLATE_NAME + 1];
    size_t count;
};

static bool take_template(void *context, const char *template_name, struct error *err)
{
    struct templates *t = context;

    if (t->count == TEMPLATES_MAX) {
        return true; /* the newest are here */
    }
    return text_copy(t->name[t->count++], sizeof(t->name[0]), template_name)
           || error_set(err, REASON_STORE_CORRUPT, "a template's name in the database is too long");
}

/* Collected first: what the visit does may need a connection of its own. */
bool enroll_waiting_at(struct store *store, const struct enroll_request *request,
                       enroll_waiting_visit *visit, void *context, struct error *err)
{
    struct templates found = { .count = 0 };

    if (!store_pending_templates(store, request->transaction_id, request->signer_key_sha256,
                                 clock_now(), take_template, &found, err)) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        if (!visit(context, found.name[i], err)) {
            return false;
        }
    }
    return true;
}
