/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_roll.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/asn1_time.h"
#include "ca/ca_set.h"
#include "ca/ca_validity.h"
#include "model/machine_pkey.h"

#define DAY_SECONDS INT64_C(86400)

/* ---- when ------------------------------------------------------------------------------------ */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where one that is made at `at` would end, if the CA lasted. */
static int64_t planned_end(const struct ra_roll_life *life, int64_t at)
{
    int64_t span = life->not_after - life->not_before;

    if (span > CA_BACKDATE_SECONDS + DAY_SECONDS) {
        span -= CA_BACKDATE_SECONDS; /* a new one begins as long before its birth, too */
    }
    return smaller(at + span, ASN1_TIME_SECONDS_MAX);
}

enum ra_roll_fate ra_roll_fate(const struct ra_roll_life *life, int64_t ca_end, int64_t renew_days,
                               int64_t now, int64_t *margin)
{
    int64_t third = (life->not_after - life->not_before) / 3;
    int64_t at = 0;

    *margin = smaller(renew_days * DAY_SECONDS, third);
    at = life->not_after - *margin > now ? life->not_after - *margin : now;
    if (life->in_store) {
        return RA_ROLL_OUT_OF_STORE;
    }
    if (renew_days == 0) {
        return RA_ROLL_OFF;
    }
    /* One that ends as early would be due at once again. */
    return smaller(planned_end(life, at), ca_end) - life->not_after < smaller(DAY_SECONDS, third)
               ? RA_ROLL_CA_ENDS
               : RA_ROLL_BY_ITSELF;
}

bool ra_roll_life(const struct x509_st *cert, const struct evp_pkey_st *key,
                  struct ra_roll_life *out, struct error *err)
{
    struct certificate_info info;

    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    *out =
        (struct ra_roll_life){ info.not_before, info.not_after, machine_pkey_place(key) != NULL };
    return true;
}

/* ---- one CA ---------------------------------------------------------------------------------- */

struct rolling {
    const struct ra_roll_options *options;
    struct ra_roll_result *result;
    struct ca_folder folder;
    struct ca_set set; /* as it is in the folder */
    bool due[RA_GENERATION_FORMS];
    struct ra_cert_order orders[RA_CERT_ROLES]; /* of the forms that are due */
    bool untidy;
};

static int64_t ended_before(const struct ra_roll_options *options)
{
    return options->past - options->keep_days * DAY_SECONDS;
}

/* A role of the set: what would replace it, and whether it is time. */
static bool judge(struct rolling *r, enum ra_cert_role role, bool *due, bool *possible,
                  struct error *err)
{
    const struct ra_cert *ra = &r->set.ra[role];
    enum ra_roll_fate fate = RA_ROLL_OFF;
    struct ra_roll_life life;
    int64_t margin = 0;
    bool early = false;

    if (!ra_roll_life(ra->cert, ra->key, &life, err)) {
        return false;
    }
    fate = ra_roll_fate(&life, r->set.issuer.not_after, r->options->renew_days, r->options->now,
                        &margin);
    /* Made while the clock was ahead: nobody is answered with it, so how it ends is no matter. */
    early = life.not_before > r->options->now;
    *possible = *possible && (fate == RA_ROLL_BY_ITSELF || (early && fate == RA_ROLL_CA_ENDS));
    *due = *due || early || life.not_after - r->options->now < margin;
    r->orders[role] = (struct ra_cert_order){
        .role = role,
        .bits = EVP_PKEY_get_bits(ra->key) > 2048 ? 3072 : 2048,
        .now = r->options->now,
        .not_after = planned_end(&life, r->options->now),
    };
    return true;
}

/* One key in the store, or one that does not load, and the form stays as it is. */
static bool judge_form(struct rolling *r, enum ra_generation_form form, struct error *err)
{
    bool possible = true;
    bool due = false;

    r->due[form] = false;
    for (int i = 0; i < RA_CERT_ROLES; i++) {
        enum ra_cert_role role = (enum ra_cert_role)i;
        struct error why = ERROR_INIT;
        bool in_store = false;

        if (ra_generation_form_of(role) != form) {
            continue;
        }
        if (!ca_set_ra_is_reference(&r->folder, role, &in_store, &why) || in_store
            || !ca_set_load_ra(&r->folder, role, &r->set, &why)) {
            return true;
        }
        if (!judge(r, role, &due, &possible, err)) {
            return false;
        }
    }
    r->due[form] = due && possible;
    return true;
}

/* What is there to do? Asked without the lock, and again with it. */
static bool look(struct rolling *r, struct error *err)
{
    ca_set_clear(&r->set);
    if (!ca_set_load(&r->folder, &r->set, err)) {
        return false;
    }
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        if (!judge_form(r, (enum ra_generation_form)form, err)) {
            return false;
        }
    }
    r->untidy = ra_generations_untidy(&r->folder, ended_before(r->options));
    return true;
}

static bool note(struct rolling *r, const struct ca_set *made, enum ra_generation_form form,
                 struct error *err)
{
    enum ra_cert_role lead = ra_generation_lead(form);

    return certificate_info(r->set.ra[lead].cert, &r->result->former[form], err)
           && certificate_info(made->ra[lead].cert, &r->result->made[form], err);
}

/* All keys first, so that the folder changes in one go. */
static bool make(struct rolling *r, struct ca_set *made, struct error *err)
{
    for (int i = 0; i < RA_CERT_ROLES; i++) {
        if (r->due[ra_generation_form_of((enum ra_cert_role)i)]
            && !ra_cert_make(&r->set.issuer, &r->orders[i], &made->ra[i], err)) {
            return false;
        }
    }
    return true;
}

static bool replace(struct rolling *r, struct error *err)
{
    struct ca_set made = { .parents = NULL };
    bool ok = false;

    if (!cert_issuer_check_time(&r->set.issuer, r->options->now, err)) goto out;
    if (!make(r, &made, err)) goto out;
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        if (r->due[form] && !note(r, &made, (enum ra_generation_form)form, err)) goto out;
    }
    /* The issuer is lent: former ones are checked against it. */
    made.issuer = r->set.issuer;
    ok = ca_set_replace_ras(&r->folder, &made, &r->result->change, err);
    made.issuer = (struct cert_issuer){ .cert = NULL };
    for (int form = 0; ok && form < RA_GENERATION_FORMS; form++) {
        r->result->replaced[form] = r->due[form];
    }
out:
    ca_set_clear(&made);
    return ok;
}

static bool is_due(const struct rolling *r)
{
    return r->due[RA_GENERATION_SINGLE] || r->due[RA_GENERATION_PAIR];
}

static bool change(struct rolling *r, struct error *err)
{
    /* Somebody may have been at work since it was looked at. */
    return look(r, err) && (!is_due(r) || replace(r, err))
           && ra_generations_tidy(&r->folder, &r->set.issuer, ended_before(r->options),
                                  &r->result->removed, err);
}

bool ra_roll_run(const struct ra_roll_options *options, struct ra_roll_result *out,
                 struct error *err)
{
    struct rolling r = { .options = options, .result = out };
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;
    struct error why = ERROR_INIT;
    bool ok = false;

    *out = (struct ra_roll_result){ .removed = 0 };
    if (!ca_folder_open(&r.folder, options->data_folder, options->name, err)
        || !ca_folder_state(&r.folder, &state, err)) {
        goto out;
    }
    /* What is wrong with a CA is told by whoever serves it. */
    if (state != CA_FOLDER_CA || !look(&r, &why) || (!is_due(&r) && !r.untidy)) {
        ok = true;
        goto out;
    }
    if (!ca_folder_lock(&r.folder, err)) goto out;
    ok = change(&r, err);
out:
    ca_set_clear(&r.set);
    ca_folder_close(&r.folder);
    return ok;
}
