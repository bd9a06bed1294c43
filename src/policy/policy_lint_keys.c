/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "policy/policy_lint_internal.h"
#include "policy/policy_validity.h"

#define OID_ANY_EKU "2.5.29.37.0"
#define DAY 86400
/* Of the life of a certificate, in percent: outside of these somebody has mistyped. */
#define RENEWAL_MIN 5
#define RENEWAL_MAX 50
/* A device that is switched off over a weekend has to find the window open. */
#define RENEWAL_DAYS_MIN 3

static bool has_bits(const struct policy *p, unsigned bits)
{
    for (size_t i = 0; i < p->key.bits_count; i++) {
        if (p->key.bits[i] == bits) {
            return true;
        }
    }
    return false;
}

static bool check_key(const struct lint_walk *w)
{
    const struct policy *p = w->p;
    bool hardware = p->facts.protection == POLICY_PROTECTION_TPM
                    || p->facts.protection == POLICY_PROTECTION_TPM_IF_THERE
                    || p->facts.protection == POLICY_PROTECTION_HELLO;

    if (has_bits(p, 1024)
        && !lint_say(w, LINT_KEY_1024, POLICY_LINT_ERROR, PLACE_KEY_SIZE,
                     "keys of 1024 bits can be broken%s",
                     p->facts.source == POLICY_SOURCE_APPLE
                         ? "; an Apple profile without Keysize means 1024"
                         : "")) {
        return false;
    }
    if (has_bits(p, 4096) && hardware
        && !lint_say(w, LINT_KEY_4096,
                     p->facts.protection == POLICY_PROTECTION_TPM_IF_THERE ? POLICY_LINT_INFO
                                                                           : POLICY_LINT_WARNING,
                     PLACE_KEY_SIZE, "4096 bits with %s",
                     p->facts.protection == POLICY_PROTECTION_HELLO ? "Windows Hello for Business"
                     : p->facts.protection == POLICY_PROTECTION_TPM
                         ? "a TPM"
                         : "a TPM where there is one: the key ends up in software")) {
        return false;
    }
    return p->key.rsa || p->key.bits_count > 0
           || lint_say(w, LINT_KEY_ANY, POLICY_LINT_INFO, PLACE_KEY_SIZE,
                       "any key fits; the template alone decides");
}

static bool check_hash(const struct lint_walk *w)
{
    const struct policy *p = w->p;

    return !p->hash.stated || !p->hash.sha1
           || lint_say(w, LINT_SHA1, POLICY_LINT_WARNING, PLACE_HASH, "%s",
                       p->hash.sha2 ? "SHA-1 is allowed beside SHA-2" : "SHA-1 alone is allowed");
}

static bool check_eku(const struct lint_walk *w)
{
    const struct policy *p = w->p;

    for (size_t i = 0; i < p->eku.oids.count; i++) {
        const char *oid = p->eku.oids.item[i];

        if (strcmp(oid, OID_ANY_EKU) == 0) {
            if (!lint_say(w, LINT_ANY_EKU, POLICY_LINT_ERROR, PLACE_EKU,
                          "anyExtendedKeyUsage makes a certificate good for everything")) {
                return false;
            }
        } else if (w->ca != NULL && !policy_ca_allows(w->ca, oid)
                   && !lint_say(w, LINT_EKU_CA, POLICY_LINT_ERROR, PLACE_EKU,
                                "%s is not among the extended key usages of the CA", oid)) {
            return false;
        }
    }
    return true;
}

static bool check_thumbprint(const struct lint_walk *w)
{
    const char *hex = w->p->facts.ca_fingerprint;

    return hex == NULL || w->ca == NULL || policy_ca_find(w->ca, hex) != NULL
           || lint_say(w, LINT_THUMBPRINT, POLICY_LINT_ERROR, PLACE_CA,
                       "the profile trusts the CA with thumbprint %s, which is not in the file",
                       hex);
}

/* The first CA to end ends the certificates. */
static bool check_validity(const struct lint_walk *w)
{
    const struct policy *p = w->p;
    const struct policy_ca_certificate *first = NULL;
    char until[CLOCK_TEXT_MAX];
    int64_t end = 0;

    for (size_t i = 0; w->ca != NULL && i < w->ca->count; i++) {
        if (first == NULL || w->ca->item[i].not_after < first->not_after) {
            first = &w->ca->item[i];
        }
    }
    if (first == NULL || !p->validity.stated
        || !policy_validity_end(w->now, p->validity.value, p->validity.unit, &end)
        || end <= first->not_after) {
        return true;
    }
    clock_format(first->not_after, until);
    return lint_say(w, LINT_VALIDITY_CA, POLICY_LINT_WARNING, PLACE_VALIDITY,
                    "%lld %s from now is beyond the end of %.120s, %s",
                    (long long)p->validity.value, policy_unit_word(p->validity.unit),
                    first->subject, until);
}

static bool check_renewal(const struct lint_walk *w)
{
    const struct policy *p = w->p;
    int64_t percent = p->facts.renewal_threshold;
    int64_t end = 0;
    int64_t days = 0;

    if (percent < 0) {
        return true;
    }
    if (percent < RENEWAL_MIN || percent > RENEWAL_MAX) {
        return lint_say(w, LINT_RENEWAL, POLICY_LINT_WARNING, PLACE_RENEWAL,
                        "renewal with %lld percent of the life left", (long long)percent);
    }
    if (!p->validity.stated || !policy_validity_end(0, p->validity.value, p->validity.unit, &end)) {
        return true;
    }
    days = end * percent / 100 / DAY;
    return days >= RENEWAL_DAYS_MIN
           || lint_say(w, LINT_RENEWAL, POLICY_LINT_WARNING, PLACE_RENEWAL,
                       "%lld percent of %lld %s leave %lld days to renew in", (long long)percent,
                       (long long)p->validity.value, policy_unit_word(p->validity.unit),
                       (long long)days);
}

bool lint_keys(const struct lint_walk *w)
{
    return check_key(w) && check_hash(w) && check_eku(w) && check_thumbprint(w) && check_validity(w)
           && check_renewal(w);
}
