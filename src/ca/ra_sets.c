/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_sets.h"

#include <openssl/x509.h>

#include "base/text.h"
#include "platform/clock.h"

#define DAY_SECONDS 86400

void ra_sets_clear(struct ra_sets *sets)
{
    ra_set_unref(sets->plain);
    ra_set_unref(sets->with_pair);
    *sets = (struct ra_sets){ .plain = NULL };
}

static struct ra_identity identity_of(const struct ra_cert *ra)
{
    return (struct ra_identity){ .cert = ra->cert, .key = ra->key };
}

static bool add_pair(struct ra_set *to, const struct ra_cert ra[RA_CERT_ROLES], struct error *err)
{
    const struct ra_identity sign = identity_of(&ra[RA_CERT_SIGN]);
    const struct ra_identity decrypt = identity_of(&ra[RA_CERT_ENC]);

    return ra_set_add_pair(to, &sign, &decrypt, err);
}

/* Behind what is current: devices are shown the first. */
static bool add_former(struct ra_set *to, const struct ra_generations *generations,
                       struct error *err)
{
    size_t from = to->ra_count;

    for (size_t i = 0; i < generations->count; i++) {
        const struct ra_former *former = &generations->former[i];
        const struct ra_cert *single = &former->ra[RA_CERT_SINGLE];

        if (former->form == RA_GENERATION_PAIR
                ? !add_pair(to, former->ra, err)
                : !ra_set_add_ra(to, single->cert, single->key, err)) {
            return false;
        }
    }
    ra_set_mark_former(to, from);
    return true;
}

/* A set with the single RA, the pair if wanted, former ones, and the chain. */
static struct ra_set *make_set(const struct ca_set *set, bool pair,
                               const struct ra_generations *generations, struct error *err)
{
    struct ra_set *ras = ra_set_create();
    const struct ra_cert *single = &set->ra[RA_CERT_SINGLE];
    bool ok = false;

    if (ras == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        return NULL;
    }
    ok = ra_set_add_ra(ras, single->cert, single->key, err)
         && (!pair || add_pair(ras, set->ra, err)) && add_former(ras, generations, err)
         && ra_set_add_chain(ras, set->issuer.cert, err);
    for (int i = 0; ok && set->parents != NULL && i < sk_X509_num(set->parents); i++) {
        ok = ra_set_add_chain(ras, sk_X509_value(set->parents, i), err);
    }
    if (!ok) {
        ra_set_unref(ras);
        ras = NULL;
    }
    return ras;
}

/* Cut `life` to the time of one more certificate. */
static bool cut_lifetime(struct ra_lifetime *life, const X509 *cert, struct error *err)
{
    struct certificate_info info;

    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    life->not_before = info.not_before > life->not_before ? info.not_before : life->not_before;
    life->not_after = info.not_after < life->not_after ? info.not_after : life->not_after;
    return true;
}

static bool note_former(struct ra_sets *sets, const struct ra_generations *generations,
                        int64_t keep_seconds, struct error *err)
{
    sets->kept_until = INT64_MAX;
    for (size_t i = 0; i < generations->count; i++) {
        const struct ra_former *from = &generations->former[i];
        struct ra_sets_former *to = &sets->former[sets->former_count++];
        const X509 *sign = from->ra[RA_CERT_SIGN].cert;
        struct certificate_info info = { .serial = "" };

        if (sign != NULL && !certificate_info(sign, &info, err)) {
            return false;
        }
        *to = (struct ra_sets_former){
            .lead = ra_generation_lead(from->form),
            .not_after = from->info.not_after,
            .kept_until = from->counts_from + keep_seconds,
        };
        if (!text_copy(to->serial, sizeof(to->serial), from->info.serial)
            || !text_copy(to->sign_serial, sizeof(to->sign_serial), info.serial)) {
            return error_set(err, REASON_INTERNAL, "the serial of an RA");
        }
        sets->kept_until = to->kept_until < sets->kept_until ? to->kept_until : sets->kept_until;
    }
    sets->unusable = generations->unusable;
    sets->unusable_error = generations->why;
    return true;
}

static void load_pair(struct ra_sets *sets, const struct ra_sets_options *options,
                      struct ca_folder *folder, struct ca_set *set)
{
    struct error *why = &sets->pair_error;

    if (options->make_missing_pair && !ca_set_make_missing_pair(folder, set, options->now, why)) {
        (void)error_context(why, "the pair of RAs cannot be made now");
        return;
    }
    (void)(ca_set_load_ra(folder, RA_CERT_SIGN, set, why)
           && ca_set_load_ra(folder, RA_CERT_ENC, set, why));
}

static bool take_pair(struct ra_sets *sets, const struct ca_set *set,
                      const struct ra_generations *generations, struct error *err)
{
    if (error_is_set(&sets->pair_error)) {
        return true;
    }
    if (!cut_lifetime(&sets->pair_life, set->ra[RA_CERT_SIGN].cert, err)
        || !cut_lifetime(&sets->pair_life, set->ra[RA_CERT_ENC].cert, err)) {
        return false;
    }
    sets->with_pair = make_set(set, true, generations, err);
    return sets->with_pair != NULL;
}

bool ra_sets_load(struct ra_sets *sets, const struct ra_sets_options *options,
                  struct ca_folder *folder, struct ca_set *set, struct error *err)
{
    int64_t keep_seconds = options->keep_days * DAY_SECONDS;
    struct ra_generations generations = { .count = 0 };
    bool ok = false;

    sets->plain_life = sets->pair_life = (struct ra_lifetime){ INT64_MIN, INT64_MAX };
    sets->loaded_at = options->now;
    if (!ca_set_load_ra(folder, RA_CERT_SINGLE, set, err)) goto out;
    load_pair(sets, options, folder, set);
    ra_generations_load(folder, &set->issuer, options->now - keep_seconds, &generations);
    if (!cut_lifetime(&sets->plain_life, set->ra[RA_CERT_SINGLE].cert, err)) goto out;
    sets->plain = make_set(set, false, &generations, err);
    if (sets->plain == NULL) goto out;
    if (!take_pair(sets, set, &generations, err)) goto out;
    if (!note_former(sets, &generations, keep_seconds, err)) goto out;
    ok = true;
out:
    ra_generations_clear(&generations);
    return ok;
}

bool ra_sets_check_time(const struct ra_sets *sets, const char *ca_name, int64_t now,
                        struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    if (now > sets->plain_life.not_after) {
        clock_format(sets->plain_life.not_after, text);
        return error_set(err, REASON_RA_EXPIRED,
                         "ca/%s/ra.crt ended at %s; make a new RA: openndes ca renew-ra %s",
                         ca_name, text, ca_name);
    }
    if (now < sets->plain_life.not_before) {
        clock_format(sets->plain_life.not_before, text);
        return error_set(err, REASON_RA_EXPIRED,
                         "ca/%s/ra.crt begins at %s; is this machine's clock right?", ca_name,
                         text);
    }
    return true;
}

struct ra_set *ra_sets_get(const struct ra_sets *sets, const char *ca_name, int64_t now,
                           struct error *err)
{
    bool pair = sets->with_pair != NULL && now >= sets->pair_life.not_before
                && now <= sets->pair_life.not_after;

    if (!ra_sets_check_time(sets, ca_name, now, err)) {
        return NULL;
    }
    return ra_set_ref(pair ? sets->with_pair : sets->plain);
}

const struct ra_identity *ra_sets_current(const struct ra_sets *sets, enum ra_cert_role role)
{
    size_t decrypt = 0;

    if (role == RA_CERT_SINGLE) {
        return sets->plain == NULL ? NULL : &sets->plain->ra[0];
    }
    if (sets->with_pair == NULL || !ra_set_find_pair(sets->with_pair, &decrypt)) {
        return NULL;
    }
    return role == RA_CERT_SIGN ? ra_set_signer(sets->with_pair, decrypt)
                                : &sets->with_pair->ra[decrypt];
}
