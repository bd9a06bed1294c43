/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_dn.h"
#include "policy/policy_learn_pattern.h"
#include "policy/policy_learn_read.h"
#include "policy/policy_match.h"
#include "policy/policy_validity.h"

#define LEARNED_NAME "learned"

struct learn {
    const struct policy_learn_request *requests;
    size_t count;
    struct policy *p;
    struct policy_learn_variables *variables;
    struct policy_learn_values *values; /* owned: of each request, subject or names */
    struct policy_texts *notes;
    struct error *err;
};

static bool note(const struct learn *l, const char *format, ...) PRINTF_FORMAT(2, 3);
static bool note(const struct learn *l, const char *format, ...)
{
    struct buffer text = BUFFER_INIT(1024);
    va_list args;
    bool ok;

    va_start(args, format);
    ok = buffer_vprintf(&text, l->err, format, args);
    va_end(args);
    ok = ok && policy_texts_tell(l->notes, buffer_text(&text), l->err);
    buffer_clear(&text);
    return ok;
}

/* ---- names: what has the same key in all requests is one row --------------------------------- */

static size_t count_key(const struct policy_learn_values *values, const char *key)
{
    size_t count = 0;

    for (size_t i = 0; i < values->count; i++) {
        count += strcmp(values->item[i].key, key) == 0 ? 1 : 0;
    }
    return count;
}

/* The n-th value of a key; no data: there is none. */
static struct bytes nth(const struct policy_learn_values *values, const char *key, size_t n)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->item[i].key, key) == 0 && n-- == 0) {
            return buffer_bytes(&values->item[i].text);
        }
    }
    return bytes_of(NULL, 0);
}

/* Has an earlier value, of this request or one before it, this key? */
static bool seen_before(const struct learn *l, size_t request, size_t index)
{
    const char *key = l->values[request].item[index].key;

    for (size_t r = 0; r <= request; r++) {
        size_t end = r == request ? index : l->values[r].count;

        for (size_t i = 0; i < end; i++) {
            if (strcmp(l->values[r].item[i].key, key) == 0) {
                return true;
            }
        }
    }
    return false;
}

struct key_counts {
    size_t min, max;
};

static struct key_counts count_in_all(const struct learn *l, const char *key)
{
    struct key_counts c = { SIZE_MAX, 0 };

    for (size_t r = 0; r < l->count; r++) {
        size_t n = count_key(&l->values[r], key);

        c.min = n < c.min ? n : c.min;
        c.max = n > c.max ? n : c.max;
    }
    return c;
}

/* The pattern of the n-th values of a key, and its note. */
static bool learn_row(const struct learn *l, const char *key, size_t n, enum policy_learn_kind kind,
                      const char *shown, struct buffer *pattern)
{
    struct bytes *row = calloc(l->count, sizeof(*row));
    char remark[POLICY_LEARN_NOTE_MAX];
    bool ok;

    if (row == NULL) {
        return error_set(l->err, REASON_NO_MEMORY, "learned values");
    }
    for (size_t r = 0; r < l->count; r++) {
        row[r] = nth(&l->values[r], key, n);
    }
    ok = policy_learn_pattern(l->variables, row, kind, pattern, remark, l->err)
         && (remark[0] == '\0' || note(l, "%s: %s", shown, remark));
    free(row);
    return ok;
}

/* ---- subject --------------------------------------------------------------------------------- */

static bool learn_attribute(const struct learn *l, const char *oid)
{
    struct key_counts c = count_in_all(l, oid);
    bool ok = true;

    for (size_t n = 0; ok && n < c.min; n++) {
        struct buffer pattern = BUFFER_INIT(LIMIT_POLICY_TEXT);

        ok = learn_row(l, oid, n, POLICY_LEARN_TEXT, policy_dn_word(oid), &pattern)
             && policy_add_rdn(l->p, oid, buffer_text(&pattern), l->err);
        buffer_clear(&pattern);
    }
    if (ok && c.min < c.max) {
        l->p->subject.extra = POLICY_EXTRA_ALLOW;
        ok = note(l, "subject: %s is not in all requests as often; further attributes are allowed",
                  policy_dn_word(oid));
    }
    return ok;
}

static bool learn_subject(const struct learn *l)
{
    for (size_t r = 0; r < l->count; r++) {
        if (!policy_learn_read_subject(l->requests[r].csr, &l->values[r], l->err)) {
            return error_context(l->err, "%s: subject", l->requests[r].name);
        }
    }
    l->p->subject.stated = true;
    for (size_t r = 0; r < l->count; r++) {
        for (size_t i = 0; i < l->values[r].count; i++) {
            if (!seen_before(l, r, i) && !learn_attribute(l, l->values[r].item[i].key)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- subject alternative names --------------------------------------------------------------- */

/* Between min and max of one row; of several that differ only a wildcard can stand for all. */
static bool learn_name(const struct learn *l, const char *key, size_t n, unsigned min, unsigned max,
                       enum policy_san_type type)
{
    static const enum policy_learn_kind kinds[] = {
        [POLICY_SAN_EMAIL] = POLICY_LEARN_EMAIL,
        [POLICY_SAN_DNS] = POLICY_LEARN_DNS,
        [POLICY_SAN_URI] = POLICY_LEARN_URI,
        [POLICY_SAN_UPN] = POLICY_LEARN_UPN,
    };
    struct buffer pattern = BUFFER_INIT(LIMIT_POLICY_TEXT);
    char shown[200];
    bool ok;

    text_escape(shown, sizeof(shown), bytes_of_text(key));
    ok = learn_row(l, key, n, kinds[type], shown, &pattern)
         && policy_add_san(l->p, type, buffer_text(&pattern), min, max, l->err);
    buffer_clear(&pattern);
    return ok;
}

static bool learn_key(const struct learn *l, const struct policy_learn_value *value)
{
    struct key_counts c = count_in_all(l, value->key);

    for (size_t n = 0; n < c.min; n++) {
        if (!learn_name(l, value->key, n, 1, 1, value->type)) {
            return false;
        }
    }
    for (size_t n = c.min; n < c.max; n++) {
        if (!learn_name(l, value->key, n, 0, 1, value->type)) {
            return false;
        }
    }
    return c.min == c.max
           || note(l, "%s: some requests have fewer of these names; those may be missing",
                   policy_san_word(value->type));
}

static bool learn_san(const struct learn *l)
{
    size_t foreign = 0;

    for (size_t r = 0; r < l->count; r++) {
        if (!policy_learn_read_san(l->requests[r].csr, &l->values[r], &foreign, l->err)) {
            return error_context(l->err, "%s: subject alternative names", l->requests[r].name);
        }
        if (foreign > 0
            && !note(l, "%s: %zu names of types that a policy cannot ask for", l->requests[r].name,
                     foreign)) {
            return false;
        }
    }
    l->p->san.stated = true;
    for (size_t r = 0; r < l->count; r++) {
        for (size_t i = 0; i < l->values[r].count; i++) {
            if (!seen_before(l, r, i) && !learn_key(l, &l->values[r].item[i])) {
                return false;
            }
        }
    }
    return true;
}

static void forget_values(const struct learn *l)
{
    for (size_t r = 0; r < l->count; r++) {
        policy_learn_values_clear(&l->values[r]);
    }
}

/* ---- usages, keys, digests, validity --------------------------------------------------------- */

static bool learn_key_usage(const struct learn *l)
{
    size_t stated = 0;
    uint32_t bits = 0;
    bool differ = false;

    for (size_t r = 0; r < l->count; r++) {
        const struct csr *csr = l->requests[r].csr;

        if (csr->has_key_usage) {
            differ = differ || (stated > 0 && csr->key_usage != bits);
            bits = csr->key_usage;
            stated++;
        }
    }
    if (differ) {
        return note(l, "key usage differs between the requests: not part of the policy");
    }
    l->p->key_usage.stated = stated > 0;
    l->p->key_usage.bits = bits;
    l->p->key_usage.absent = stated == l->count ? POLICY_ABSENT_DENY : POLICY_ABSENT_ADD;
    return true;
}

static bool has_eku(const struct csr_details *details, const char *oid)
{
    for (size_t i = 0; i < details->eku_count; i++) {
        if (strcmp(details->eku[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_ekus(const struct csr_details *a, const struct csr_details *b)
{
    for (size_t i = 0; i < a->eku_count; i++) {
        if (!has_eku(b, a->eku[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < b->eku_count; i++) {
        if (!has_eku(a, b->eku[i])) {
            return false;
        }
    }
    return true;
}

static bool learn_eku(const struct learn *l)
{
    const struct csr_details *first = NULL;
    size_t stated = 0;

    for (size_t r = 0; r < l->count; r++) {
        const struct csr_details *details = l->requests[r].details;

        if (!details->has_eku || details->eku_count == 0) {
            continue;
        }
        if (first != NULL && !same_ekus(first, details)) {
            return note(l, "extended key usage differs between the requests: not part of the "
                           "policy");
        }
        first = first == NULL ? details : first;
        stated++;
    }
    for (size_t i = 0; first != NULL && i < first->eku_count; i++) {
        if (!policy_add_eku(l->p, first->eku[i], l->err)) {
            return false;
        }
    }
    l->p->eku.absent = stated == l->count ? POLICY_ABSENT_DENY : POLICY_ABSENT_ADD;
    return true;
}

static bool has_bits(const struct policy *p, unsigned bits)
{
    for (size_t i = 0; i < p->key.bits_count; i++) {
        if (p->key.bits[i] == bits) {
            return true;
        }
    }
    return false;
}

static bool learn_keys(const struct learn *l)
{
    l->p->key.rsa = true;
    for (size_t r = 0; r < l->count; r++) {
        l->p->key.rsa = l->p->key.rsa && l->requests[r].csr->key_type == KEY_TYPE_RSA;
    }
    if (!l->p->key.rsa) {
        return note(l, "not all keys are RSA: neither type nor size is part of the policy");
    }
    for (size_t r = 0; r < l->count; r++) {
        unsigned bits = l->requests[r].csr->key_bits;

        if (!has_bits(l->p, bits) && !policy_add_bits(l->p, bits, l->err)) {
            return false;
        }
    }
    return true;
}

static bool learn_hash(const struct learn *l)
{
    l->p->hash.stated = true;
    for (size_t r = 0; r < l->count; r++) {
        switch (l->requests[r].details->digest) {
        case CSR_DIGEST_SHA1:
            l->p->hash.sha1 = true;
            break;
        case CSR_DIGEST_SHA256:
        case CSR_DIGEST_SHA384:
        case CSR_DIGEST_SHA512:
            l->p->hash.sha2 = true;
            break;
        default:
            l->p->hash.stated = false;
        }
    }
    if (!l->p->hash.stated) {
        l->p->hash.sha1 = l->p->hash.sha2 = false;
        return note(l, "a signature has neither SHA-1 nor SHA-2: the digest is not part of the "
                       "policy");
    }
    return !l->p->hash.sha1 || note(l, "a request is signed with SHA-1");
}

/* The longest one asked for; what asks for none gets the policy's. */
static bool learn_validity(const struct learn *l, int64_t now)
{
    int64_t longest = 0;

    for (size_t r = 0; r < l->count; r++) {
        enum policy_unit unit = POLICY_UNIT_DAYS;
        int64_t value = 0;
        int64_t end = 0;

        switch (policy_validity_asked(l->requests[r].details, &value, &unit)) {
        case POLICY_ASKED_NOTHING:
            break;
        case POLICY_ASKED_NONSENSE:
            if (!note(l, "%s: asks for a validity that is none", l->requests[r].name)) {
                return false;
            }
            break;
        case POLICY_ASKED:
            if (policy_validity_end(now, value, unit, &end) && end > longest) {
                longest = end;
                l->p->validity.stated = true;
                l->p->validity.value = value;
                l->p->validity.unit = unit;
                l->p->validity.over = POLICY_OVER_DENY;
            }
        }
    }
    return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* A policy that denies what it was learned from is worth nothing. */
static bool verify(const struct learn *l, int64_t now)
{
    struct policy_verdict *verdict = calloc(1, sizeof(*verdict));
    bool ok = verdict != NULL || error_set(l->err, REASON_NO_MEMORY, "a policy's verdict");

    for (size_t r = 0; ok && r < l->count; r++) {
        const struct policy_request request = {
            .csr = l->requests[r].csr, .details = l->requests[r].details, .path = "", .now = now
        };

        ok = policy_match(l->p, &request, verdict, l->err);
        for (size_t i = 0; ok && verdict->outcome == POLICY_DENY && i < verdict->count; i++) {
            const struct policy_finding *f = &verdict->finding[i];

            if (f->outcome == POLICY_DENY) {
                ok = error_set(l->err, REASON_POLICY_DENIED,
                               "no policy can be learned from it: %s %s: expected %s, found %s",
                               f->check, f->path, f->expected, f->found);
            }
        }
        ok = ok || error_context(l->err, "%s", l->requests[r].name);
    }
    free(verdict);
    return ok;
}

static bool learn_all(const struct learn *l, int64_t now)
{
    bool ok = learn_subject(l);

    /* The variables borrow from the values until the names are done. */
    if (ok) {
        struct policy_learn_values *subject = calloc(l->count, sizeof(*subject));

        if (subject == NULL) {
            return error_set(l->err, REASON_NO_MEMORY, "learned values");
        }
        memcpy(subject, l->values, l->count * sizeof(*subject));
        memset(l->values, 0, l->count * sizeof(*subject));
        ok = learn_san(l);
        for (size_t r = 0; r < l->count; r++) {
            policy_learn_values_clear(&subject[r]);
        }
        free(subject);
    }
    return ok && learn_key_usage(l) && learn_eku(l) && learn_keys(l) && learn_hash(l)
           && learn_validity(l, now) && policy_finish(l->p, l->err) && verify(l, now);
}

struct policy *policy_learn(const struct policy_learn_request *requests, size_t count, int64_t now,
                            struct policy_texts *notes, struct error *err)
{
    struct learn l = { .requests = requests, .count = count, .notes = notes, .err = err };
    bool ok = false;

    l.p = policy_new(LEARNED_NAME, err);
    if (l.p == NULL) goto out;
    l.variables = policy_learn_variables_new(count, l.p, err);
    l.values = calloc(count, sizeof(*l.values));
    if (l.values == NULL) {
        error_set(err, REASON_NO_MEMORY, "learned values");
        goto out;
    }
    ok = l.variables != NULL && learn_all(&l, now);
out:
    policy_learn_variables_free(l.variables);
    if (l.values != NULL) {
        forget_values(&l);
    }
    free(l.values);
    if (!ok) {
        policy_free(l.p);
        l.p = NULL;
    }
    return l.p;
}
