/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll_renewal.h"

#include <string.h>

#include "base/text.h"
#include "enroll/trusted_cas.h"
#include "model/certificate.h"
#include "model/certificate_names.h"
#include "model/certificate_usage.h"
#include "platform/clock.h"

#define PERCENT 100

/* The old certificate as the checks see it. */
struct old {
    const struct x509_st *cert; /* borrowed from the request */
    struct buffer der;
    struct certificate_info info;
    /* By this its renewals are counted: of the DER, when that is recorded here; else of what its CA
       has signed, which is the part that nobody else can write in another way. */
    uint8_t counted_sha256[DIGEST_SHA256_BYTES];
    const char *ca_name; /* that has it recorded; NULL: a trusted CA's */
};

static bool refuse(const struct old *old, const char *why, struct error *err)
{
    return error_set(err, REASON_RENEWAL_REFUSED, "renewal with certificate %s: %s",
                     old->info.serial[0] != '\0' ? old->info.serial : "(unknown)", why);
}

/* What cannot be read is refused, and the cause told; what could not be looked at is no refusal. */
static bool refuse_because(const struct old *old, const struct error *cause, struct error *err)
{
    if (cause->reason == REASON_NO_MEMORY) {
        return error_set(err, cause->reason, "%s", cause->detail);
    }
    return refuse(old, cause->detail, err);
}

/* ---- the issuer ------------------------------------------------------------------------------ */

/* The CAs of this server by number, the template's own first; NULL: no more. */
static struct ca *server_ca(const struct enroll_options *options, size_t index)
{
    if (index == 0) {
        return options->ca;
    }
    return index <= options->renewal.ca_count ? options->renewal.cas[index - 1] : NULL;
}

bool enroll_renewal_accepts(const struct enroll_options *options, const struct x509_st *signer)
{
    struct ca *ca = NULL;
    size_t trusted = 0;

    for (size_t i = 0; signer != NULL && (ca = server_ca(options, i)) != NULL; i++) {
        if (ca_is_issuer_of(ca, signer)) {
            return true;
        }
    }
    return signer != NULL && trusted_cas_find(options->renewal.trusted, signer, &trusted);
}

/* A trusted CA without a certificate that can be used has issued nothing as far as we can tell. */
bool enroll_renewal_refuse_issuer(const struct enroll_options *options, struct error *err)
{
    const struct trusted_cas *trusted = options->renewal.trusted;
    struct error why = ERROR_INIT;

    for (size_t i = 0; i < trusted_cas_count(trusted); i++) {
        if (trusted_cas_problem(trusted, i, clock_now(), &why) != NULL) {
            return error_set(err, REASON_RENEWAL_REFUSED,
                             "no CA whose certificates are renewed here has signed the signer's "
                             "certificate; one of them cannot be used: %s",
                             why.detail);
        }
    }
    return error_set(err, REASON_RENEWAL_REFUSED,
                     "no CA whose certificates are renewed here has signed the signer's "
                     "certificate");
}

/* ---- the request ----------------------------------------------------------------------------- */

/* A request may have waited for approval since this was asked on its way here. */
static bool check_enabled(const struct enroll_options *options, struct error *err)
{
    return options->renewal.enabled
           || error_set(err, REASON_RENEWAL_NOT_ENABLED, "renewals are off at this template");
}

static bool check_request(const struct old *old, const struct enroll_request *request,
                          struct error *err)
{
    return (request->signer != NULL && !request->signer_self_signed)
           || refuse(old, "the message is not signed with an issued certificate", err);
}

static bool read_old(struct old *old, const struct enroll_request *request, struct error *err)
{
    struct error cause = ERROR_INIT;

    old->cert = request->signer;
    if (!certificate_info(old->cert, &old->info, &cause)
        || !certificate_der(old->cert, &old->der, &cause)) {
        return refuse_because(old, &cause, err);
    }
    /* who reads the message and who decides must mean the same certificate */
    if (memcmp(old->info.key_sha256, request->signer_key_sha256, DIGEST_SHA256_BYTES) != 0) {
        return refuse(old, "another key has signed the message", err);
    }
    return true;
}

/* ---- the certificate by itself --------------------------------------------------------------- */

static bool refuse_time(const struct old *old, enum reason reason, const char *why, int64_t time,
                        struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    clock_format(time, text);
    return error_set(err, reason, "renewal with certificate %s: %s %s", old->info.serial, why,
                     text);
}

static bool check_time(const struct enroll_options *options, const struct old *old, int64_t now,
                       struct error *err)
{
    if (now < old->info.not_before) {
        return refuse_time(old, REASON_RENEWAL_REFUSED, "it is not valid before",
                           old->info.not_before, err);
    }
    return now - options->renewal.grace_seconds <= old->info.not_after
           || refuse_time(old, REASON_RENEWAL_REFUSED, "it has ended at", old->info.not_after, err);
}

/* Counted from the end: what the certificate's time is, its CA may have cut. */
static bool check_window(const struct enroll_options *options, const struct old *old, int64_t now,
                         struct error *err)
{
    int64_t percent = options->renewal.window_percent;
    int64_t life = old->info.not_after - old->info.not_before;
    int64_t from =
        old->info.not_after - life / PERCENT * percent - life % PERCENT * percent / PERCENT;

    return percent >= PERCENT || now >= from
           || refuse_time(old, REASON_RENEWAL_TOO_EARLY, "it can be renewed from", from, err);
}

static bool check_key(const struct enroll_options *options, const struct old *old,
                      const struct enroll_request *request, struct error *err)
{
    return options->renewal.same_key
           || memcmp(old->info.key_sha256, request->csr.key_sha256, DIGEST_SHA256_BYTES) != 0
           || refuse(old, "the request has the same key, and renewal.same_key is off", err);
}

/* RFC 8894 2.3: the key signs the message, or is good for nothing but what the client needs it for
 * afterwards, reading the answer. */
static bool check_usage(const struct old *old, struct error *err)
{
    struct certificate_usage usage;
    struct error cause = ERROR_INIT;

    if (!certificate_is_end_entity(old->cert)) {
        return refuse(old, "it is a CA's certificate, or malformed", err);
    }
    if (!certificate_usage_read(old->cert, &usage, &cause)) {
        return refuse_because(old, &cause, err);
    }
    if (usage.has_key_usage && !usage.digital_signature && !usage.key_encipherment) {
        return refuse(old, "its key is for neither signing nor encipherment", err);
    }
    return true;
}

/* ---- is it in force -------------------------------------------------------------------------- */

struct look {
    const struct enroll_options *options;
    const struct old *old;
    const char *why; /* constant; NULL: nothing against it */
};

static bool is_renewed_here(const struct enroll_options *options, const char *template_name)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    if (strcmp(template_name, options->template_name) == 0) {
        return true;
    }
    while (options->renewal.templates != NULL
           && text_next_item(bytes_of_text(options->renewal.templates), ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text(template_name))) {
            return true;
        }
    }
    return false;
}

static bool look(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct look *l = context;

    (void)err;
    if (!bytes_equal(row->der, buffer_bytes(&l->old->der))) {
        l->why = "it is not the one that is recorded under this serial";
    } else if (!is_renewed_here(l->options, row->template_name)) {
        l->why = "it was issued for another template";
    } else if (row->withheld != STORE_IN_USE) {
        l->why = "it was never handed out";
    } else if (row->revoked_at != 0) {
        l->why = "it is revoked";
    }
    return true;
}

/* *found false: this CA has signed it, but never in this database. */
static bool check_store(const struct enroll_options *options, const struct ca *ca,
                        const struct old *old, bool *found, struct error *err)
{
    struct look l = { options, old, NULL };
    struct error cause = ERROR_INIT;

    *found =
        store_show_certificate(options->store, ca_name(ca), old->info.serial, look, &l, &cause);
    if (!*found) {
        return cause.reason == REASON_CERT_NOT_FOUND
               || error_set(err, cause.reason, "%s", cause.detail);
    }
    return l.why == NULL || refuse(old, l.why, err);
}

static bool check_trusted(const struct trusted_cas *trusted, size_t index, struct old *old,
                          int64_t now, struct error *err)
{
    struct error cause = ERROR_INIT;
    bool revoked = true;

    if (!certificate_signed_sha256(buffer_bytes(&old->der), old->counted_sha256, &cause)) {
        return refuse_because(old, &cause, err);
    }
    if (!trusted_cas_status(trusted, index, old->cert, now, &revoked, err)) {
        return error_context(err, "renewal with certificate %s: nobody can tell whether it is good",
                             old->info.serial);
    }
    return !revoked || refuse(old, "it is revoked", err);
}

/*
 * Our own word first: what this database says of a certificate no CRL outdoes. A trusted CA may
 * have the key of one of ours, when that was taken over with certificates out there.
 */
static bool check_in_force(const struct enroll_options *options, struct old *old, int64_t now,
                           struct error *err)
{
    struct ca *ca = NULL;
    bool signed_here = false;
    bool found = false;
    size_t trusted = 0;

    for (size_t i = 0; (ca = server_ca(options, i)) != NULL; i++) {
        if ((i > 0 && ca == options->ca) || !ca_is_issuer_of(ca, old->cert)) {
            continue;
        }
        signed_here = true;
        if (!check_store(options, ca, old, &found, err)) {
            return false;
        }
        if (found) {
            memcpy(old->counted_sha256, old->info.sha256, DIGEST_SHA256_BYTES);
            old->ca_name = ca_name(ca);
            return true;
        }
    }
    if (trusted_cas_find(options->renewal.trusted, old->cert, &trusted)) {
        return check_trusted(options->renewal.trusted, trusted, old, now, err);
    }
    return signed_here ? refuse(old, "it is not recorded here", err)
                       : enroll_renewal_refuse_issuer(options, err);
}

/* Asked again when the new one is recorded; here before anything is signed. */
static bool check_count(const struct enroll_options *options, const struct old *old, int64_t now,
                        struct error *err)
{
    int64_t max = options->renewal.per_certificate;
    int64_t count = 0;

    if (max == 0) {
        return true;
    }
    if (!store_count_renewals(options->store, old->counted_sha256, now, &count, err)) {
        return false;
    }
    return count < max
           || error_set(err, REASON_RENEWAL_USED_UP,
                        "renewal with certificate %s: it was renewed to %lld certificates in use, "
                        "at most %lld are allowed",
                        old->info.serial, (long long)count, (long long)max);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A policy judges what the request asks for: then that has to be what is issued. */
static bool check_names(const struct enroll_options *options, const struct old *old,
                        const struct enroll_request *request, struct error *err)
{
    bool by_policy = options->policy != NULL && policy_gate_count(options->policy) > 0;
    const char *difference = NULL;
    struct error cause = ERROR_INIT;

    if (options->renewal.names != RENEWAL_NAMES_EQUAL && !by_policy) {
        return true;
    }
    if (!certificate_names_compare(old->cert, &request->csr, &difference, &cause)) {
        return refuse_because(old, &cause, err);
    }
    return difference == NULL
           || error_set(err, REASON_RENEWAL_REFUSED,
                        "renewal with certificate %s: the request asks for %s", old->info.serial,
                        difference);
}

/* What the new one inherits. Two ways of naming an account that name two: whose is it? */
static bool take_content(const struct old *old, struct enroll_renewal *out, struct error *err)
{
    struct error cause = ERROR_INIT;
    char sid[SID_TEXT_MAX];

    if (!certificate_content_read(old->cert, &out->content, &cause)) {
        return refuse_because(old, &cause, err);
    }
    if (out->content.sid[0] != '\0' && sid_in_names(out->content.san, sid) != 0
        && strcmp(sid, out->content.sid) != 0) {
        return refuse(old, "its SID extension and its names are of two accounts", err);
    }
    memcpy(out->serial, old->info.serial, sizeof(out->serial));
    memcpy(out->sha256, old->counted_sha256, sizeof(out->sha256));
    out->ca_name = old->ca_name;
    return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

void enroll_renewal_clear(struct enroll_renewal *renewal)
{
    if (renewal != NULL) {
        certificate_content_clear(&renewal->content);
        memset(renewal, 0, sizeof(*renewal));
    }
}

bool enroll_renewal_check(const struct enroll_options *options,
                          const struct enroll_request *request, int64_t now,
                          struct enroll_renewal *out, struct error *err)
{
    struct old old = { .der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (!check_enabled(options, err)) goto out;
    if (!check_request(&old, request, err)) goto out;
    if (!read_old(&old, request, err)) goto out;
    /* whose it is comes first: what else it says is read when a CA stands behind it */
    if (!check_in_force(options, &old, now, err)) goto out;
    if (!check_time(options, &old, now, err)) goto out;
    if (!check_usage(&old, err)) goto out;
    if (!check_window(options, &old, now, err)) goto out;
    if (!check_key(options, &old, request, err)) goto out;
    if (!check_names(options, &old, request, err)) goto out;
    if (!check_count(options, &old, now, err)) goto out;
    ok = take_content(&old, out, err);
out:
    if (!ok) {
        enroll_renewal_clear(out);
    }
    buffer_clear(&old.der);
    return ok;
}
