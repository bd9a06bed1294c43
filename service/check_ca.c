/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_ca.h"

#include "base/text.h"
#include "ca/ocsp_signer.h"
#include "ca/ra_sets.h"
#include "ca/ra_suitability.h"
#include "model/ra_identity.h"
#include "platform/clock.h"
#include "service/ca_ends.h"

#define CRL_BYTES_MAX (64u * 1024u * 1024u)
#define WHAT_MAX (LIMIT_TEMPLATE_NAME + 32)

struct ca_builtin *check_ca_open(const char *data, const char *name, struct error *err)
{
    struct ca_builtin_options options = {
        .data_folder = data,
        .name = name,
        .crl_validity_hours = 168,
        .crl_renew_hours = 48,
    };

    return ca_builtin_open(&options, err);
}

static bool tell(const struct check_ca_options *o, enum check_level level, const char *kind,
                 const struct error *why, const char *text, const char *remedy, struct error *err)
{
    char what[WHAT_MAX];

    if (!text_format(what, sizeof(what), "%s %s", kind, o->name)) {
        return error_set(err, REASON_INTERNAL, "the name of a CA");
    }
    return o->visit(o->context, level, what, why, text, remedy, err);
}

/* A ca_ends_visit: "valid until DATE", with a warning as it comes near, and an error in the end. */
static bool tell_end(void *context, const struct end_thing *thing, struct error *err)
{
    const struct check_ca_options *o = context;
    enum end_stage stage = end_stage(thing->ends_at, thing->within, o->now);
    enum check_level level = CHECK_OK;
    int64_t left = thing->ends_at - o->now;
    char remedy[END_TEXT_MAX];
    char until[CLOCK_TEXT_MAX];
    char text[96];

    if (stage != END_FAR) {
        level = stage >= END_URGENT ? CHECK_ERROR : CHECK_WARNING;
    }
    end_thing_remedy(thing, remedy, sizeof(remedy));
    clock_format(thing->ends_at, until);
    return text_format(text, sizeof(text), "%s %s (%lld days)",
                       stage == END_PAST ? "has ended on" : "valid until", until,
                       (long long)(left / END_DAY_SECONDS))
           && tell(o, level, end_kind_name(thing->kind), NULL, text,
                   level == CHECK_OK ? NULL : remedy, err);
}

/* ---- RAs ------------------------------------------------------------------------------------ */

struct suit_context {
    const struct check_ca_options *options;
    const char *kind;
    size_t found;
};

/* A ra_suitability_visit. */
static bool unsuitable(void *context, const char *text, struct error *err)
{
    struct suit_context *c = context;

    c->found++;
    return tell(c->options, CHECK_WARNING, c->kind, NULL, text,
                "openndes ca renew-ra NAME makes one that all clients accept", err);
}

static bool check_ra(const struct check_ca_options *o, const char *kind, const struct x509_st *cert,
                     enum ra_cert_role role, const struct x509_st *ca, struct error *err)
{
    struct suit_context c = { o, kind, 0 };

    return ra_suitability(cert, role, ca, unsuitable, &c, err)
           && (c.found != 0
               || tell(o, CHECK_OK, kind, NULL, "suits Windows and Apple devices", NULL, err));
}

/* The NDES face shows the pair; everything else works without it. */
static bool check_pair(const struct check_ca_options *o, const struct ca_builtin *builtin,
                       struct error *err)
{
    const struct x509_st *ca = ca_builtin_certificate(builtin);
    const struct error *why = ca_builtin_pair_error(builtin);
    struct error text = ERROR_INIT;

    if (why == NULL) {
        return check_ra(o, "signing RA of CA", ca_builtin_ra_sign_certificate(builtin),
                        RA_CERT_SIGN, ca, err)
               && check_ra(o, "decrypting RA of CA", ca_builtin_ra_enc_certificate(builtin),
                           RA_CERT_ENC, ca, err);
    }
    text = *why;
    if (why->reason == REASON_RA_MISSING) {
        (void)error_context(&text, "missing, made when the service starts");
        return tell(o, CHECK_WARNING, "RA pair of CA", why, text.detail, "start the service", err);
    }
    return tell(o, CHECK_WARNING, "RA pair of CA", why, text.detail, NULL, err);
}

/* Devices that have one of these are refused. */
static bool check_former(const struct check_ca_options *o, const struct ca_builtin *builtin,
                         struct error *err)
{
    const struct ra_sets *ras = ca_builtin_ra_sets(builtin);
    struct error why = ras->unusable_error;

    if (ras->unusable == 0) {
        return true;
    }
    (void)error_context(&why, "%zu cannot be used, devices that have them are refused",
                        ras->unusable);
    return tell(o, CHECK_WARNING, "former RAs of CA", &why, why.detail,
                "restore their files from a backup, or: openndes ca renew-ra NAME --drop-former",
                err);
}

/* ---- CRL ------------------------------------------------------------------------------------ */

/* A service that runs renews the kept one in time: one that has ended is a service that is off. */
static bool check_crl(const struct check_ca_options *o, struct error *err)
{
    struct buffer der = BUFFER_INIT(CRL_BYTES_MAX);
    struct store_crl crl = { 0 };
    struct error why = ERROR_INIT;
    char until[CLOCK_TEXT_MAX];
    char text[96];
    bool found = false;
    bool ok = false;

    if (o->store == NULL) {
        ok = true; /* the database's finding says why */
    } else if (!store_get_crl(o->store, o->name, &crl, &der, &found, &why)) {
        ok = tell(o, CHECK_ERROR, "CRL of CA", &why, why.detail, NULL, err);
    } else if (!found) {
        ok = tell(o, CHECK_OK, "CRL of CA", NULL, "none yet: the service makes it when it starts",
                  NULL, err);
    } else {
        clock_format(crl.next_update, until);
        ok = text_format(text, sizeof(text), "number %lld, %s %s", (long long)crl.number,
                         crl.next_update <= o->now ? "has ended on" : "valid until", until)
             && tell(o, crl.next_update <= o->now ? CHECK_WARNING : CHECK_OK, "CRL of CA", NULL,
                     text,
                     crl.next_update <= o->now
                         ? "start the service; if it runs, its log says why there is no new one"
                         : NULL,
                     err);
    }
    buffer_clear(&der);
    return ok;
}

/* ---- OCSP ----------------------------------------------------------------------------------- */

struct signer_search {
    bool found;
    int64_t not_after;
};

/* A store_certificate_visit. */
static bool take_signer(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct signer_search *search = context;

    (void)err;
    search->found = true;
    search->not_after = row->not_after;
    return true;
}

/* The key is in the memory of the service; what it has is on record. */
static bool check_ocsp(const struct check_ca_options *o, struct error *err)
{
    const struct store_list_filter newest = {
        .template_name = OCSP_TEMPLATE_NAME,
        .ca_name = o->name,
        .limit = 1,
    };
    struct signer_search search = { .found = false };
    struct error why = ERROR_INIT;
    char until[CLOCK_TEXT_MAX];
    char text[96];
    bool ended = false;

    if (o->store == NULL || !o->ocsp) {
        return true;
    }
    if (!store_list_certificates(o->store, &newest, take_signer, &search, &why)) {
        return tell(o, CHECK_ERROR, "OCSP of CA", &why, why.detail, NULL, err);
    }
    if (!search.found) {
        return tell(o, CHECK_OK, "OCSP of CA", NULL,
                    "no signer yet: the service makes it when it starts", NULL, err);
    }
    ended = search.not_after <= o->now;
    clock_format(search.not_after, until);
    return text_format(text, sizeof(text), "signer %s %s", ended ? "has ended on" : "valid until",
                       until)
           && tell(o, ended ? CHECK_WARNING : CHECK_OK, "OCSP of CA", NULL, text,
                   ended ? "start the service; if it runs, its log says why there is no new one"
                         : NULL,
                   err);
}

/* ---- the CA --------------------------------------------------------------------------------- */

static bool check_ready(const struct check_ca_options *o, const struct ca_builtin *builtin,
                        struct ca *ca, struct error *err)
{
    struct error why = ERROR_INIT;
    struct ra_set *ras = NULL;
    bool ok = false;

    if (!ca_ready(ca, &why)) {
        return tell(o, CHECK_ERROR, "CA", &why, why.detail, NULL, err);
    }
    if (!ca_ends(builtin, o->name, o->ra_renew_days, o->now, tell_end, (void *)(uintptr_t)o, err)) {
        return false;
    }
    ras = ca_ra(ca, &why);
    ok = ras == NULL ? tell(o, CHECK_ERROR, "RA of CA", &why, why.detail, NULL, err)
                     : check_ra(o, "RA of CA", ras->ra[0].cert, RA_CERT_SINGLE,
                                ca_builtin_certificate(builtin), err)
                           && check_pair(o, builtin, err) && check_former(o, builtin, err);
    ra_set_unref(ras);
    return ok && check_crl(o, err) && check_ocsp(o, err);
}

bool check_ca(const struct check_ca_options *options, struct error *err)
{
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = check_ca_open(options->data, options->name, &why);
    struct ca *ca = builtin == NULL ? NULL : ca_builtin_as_ca(builtin);
    bool ok;

    if (ca == NULL) {
        return tell(options, CHECK_ERROR, "CA", &why, why.detail, NULL, err);
    }
    ok = ca_builtin_certificate(builtin) == NULL
             ? tell(options, CHECK_WARNING, "CA", NULL, "waits for its certificate",
                    "openndes ca install NAME --cert FILE", err)
             : check_ready(options, builtin, ca, err);
    ca_free(ca);
    return ok;
}
