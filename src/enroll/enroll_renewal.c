/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll_renewal.h"

#include <string.h>

#include "model/certificate.h"
#include "model/certificate_names.h"
#include "model/certificate_usage.h"
#include "platform/clock.h"

/* The old certificate as the checks see it. */
struct old {
    const struct x509_st *cert; /* borrowed from the request */
    struct buffer der;
    struct certificate_info info;
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

/* ---- the request ----------------------------------------------------------------------------- */

/* Is this the kind of request that a certificate may vouch for? */
static bool check_request(const struct old *old, const struct enroll_request *request,
                          struct error *err)
{
    if (request->kind != ENROLL_KIND_NEW) {
        return refuse(old, "the message is a RenewalReq, which is not accepted", err);
    }
    if (request->signer == NULL || request->signer_self_signed) {
        return refuse(old, "the message is not signed with an issued certificate", err);
    }
    if (request->csr.has_challenge) {
        return refuse(old, "the request has a challenge, which decides", err);
    }
    return true;
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

static bool check_time(const struct old *old, int64_t now, struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    if (now < old->info.not_before) {
        clock_format(old->info.not_before, text);
        return error_set(err, REASON_RENEWAL_REFUSED,
                         "renewal with certificate %s: it is not valid before %s", old->info.serial,
                         text);
    }
    if (now > old->info.not_after) {
        clock_format(old->info.not_after, text);
        return error_set(err, REASON_RENEWAL_REFUSED,
                         "renewal with certificate %s: it has ended at %s", old->info.serial, text);
    }
    return true;
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

/* ---- the certificate in the store ------------------------------------------------------------ */

struct look {
    const struct enroll_options *options;
    const struct old *old;
    const char *why; /* constant; NULL: nothing against it */
};

static bool look(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct look *l = context;

    (void)err;
    if (!bytes_equal(row->der, buffer_bytes(&l->old->der))) {
        l->why = "it is not the one that is recorded under this serial";
    } else if (strcmp(row->template_name, l->options->template_name) != 0) {
        l->why = "it was issued for another template";
    } else if (row->withheld != STORE_IN_USE) {
        l->why = "it was never handed out";
    } else if (row->revoked_at != 0) {
        l->why = "it is revoked";
    }
    return true;
}

static bool check_store(const struct enroll_options *options, const struct old *old,
                        struct error *err)
{
    struct look l = { options, old, NULL };
    struct error cause = ERROR_INIT;

    if (!store_show_certificate(options->store, ca_name(options->ca), old->info.serial, look, &l,
                                &cause)) {
        if (cause.reason == REASON_CERT_NOT_FOUND) {
            return refuse(old, "it is not recorded here", err);
        }
        return error_set(err, cause.reason, "%s", cause.detail);
    }
    return l.why == NULL || refuse(old, l.why, err);
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool check_names(const struct old *old, const struct enroll_request *request,
                        struct error *err)
{
    const char *difference = NULL;
    struct error cause = ERROR_INIT;

    if (!certificate_names_compare(old->cert, &request->csr, &difference, &cause)) {
        return refuse_because(old, &cause, err);
    }
    if (difference == NULL) return true;
    return error_set(err, REASON_RENEWAL_REFUSED,
                     "renewal with certificate %s: the request asks for %s", old->info.serial,
                     difference);
}

bool enroll_renewal_check(const struct enroll_options *options,
                          const struct enroll_request *request, int64_t now, struct error *err)
{
    struct old old = { .der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    bool ok = false;

    if (!check_request(&old, request, err)) goto out;
    if (!read_old(&old, request, err)) goto out;
    if (!ca_is_issuer_of(options->ca, old.cert)) {
        ok = refuse(&old, "this template's CA has not signed it", err);
        goto out;
    }
    if (!check_time(&old, now, err)) goto out;
    if (!check_usage(&old, err)) goto out;
    if (!check_store(options, &old, err)) goto out;
    ok = check_names(&old, request, err);
out:
    buffer_clear(&old.der);
    return ok;
}
