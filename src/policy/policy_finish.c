/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/csr.h"
#include "policy/policy_dn.h"

#define VALIDITY_DAYS_MAX 36500 /* 100 years */
#define BACKDATE_MINUTES_MAX 10080
#define PER_DAY_MAX 1000000
#define SID_EXTENSION "1.3.6.1.4.1.311.25.2"

/* A key usage that would make a CA of the device. */
#define KEY_USAGE_OF_A_CA (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)
#define KEY_USAGE_ALL 0x1ffu

/* ---- the order of what has none -------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a;
    unsigned y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static int compare_sans(const void *a, const void *b)
{
    const struct policy_san *x = a;
    const struct policy_san *y = b;

    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    return strcmp(x->pattern, y->pattern);
}

static void sort_texts(struct policy_texts *texts)
{
    size_t kept = 0;

    if (texts->count < 2) {
        return;
    }
    qsort(texts->item, texts->count, sizeof(texts->item[0]), compare_texts);
    for (size_t i = 0; i < texts->count; i++) {
        if (kept > 0 && strcmp(texts->item[kept - 1], texts->item[i]) == 0) {
            free(texts->item[i]);
        } else {
            texts->item[kept++] = texts->item[i];
        }
    }
    texts->count = kept;
}

/* Host names and domains have no case. */
static void lower_texts(struct policy_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        for (char *c = texts->item[i]; *c != '\0'; c++) {
            if (*c >= 'A' && *c <= 'Z') {
                *c = (char)(*c - 'A' + 'a');
            }
        }
    }
    sort_texts(texts);
}

/* The same row twice is one row that must be met twice. The limits of each were checked before, so
 * the sums cannot overflow. */
static void sort_sans(struct policy *p)
{
    size_t kept = 0;

    if (p->san.count < 2) {
        return;
    }
    qsort(p->san.item, p->san.count, sizeof(p->san.item[0]), compare_sans);
    for (size_t i = 0; i < p->san.count; i++) {
        struct policy_san *last = kept > 0 ? &p->san.item[kept - 1] : NULL;

        if (last != NULL && compare_sans(last, &p->san.item[i]) == 0) {
            last->min += p->san.item[i].min;
            last->max += p->san.item[i].max;
            free(p->san.item[i].pattern);
        } else {
            p->san.item[kept++] = p->san.item[i];
        }
    }
    p->san.count = kept;
}

static void sort_bits(struct policy *p)
{
    if (p->key.bits_count > 1) {
        qsort(p->key.bits, p->key.bits_count, sizeof(p->key.bits[0]), compare_numbers);
    }
    if (p->key.at_least && p->key.bits_count > 1) {
        p->key.bits_count = 1; /* only the smallest counts */
    }
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* A normal form must be one that can be read again. */
static bool check_subject_length(const struct policy *p, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT);
    bool ok = policy_dn_print(p, &text, err) || error_context(err, "subject");

    buffer_clear(&text);
    return ok;
}

static bool check_subject(struct policy *p, struct error *err)
{
    for (size_t i = 0; i < p->subject.count; i++) {
        if (p->subject.item[i].oid[0] == '\0' && p->subject.count > 1) {
            return error_set(err, REASON_POLICY_VALUE,
                             "subject: %s stands for the whole name and allows nothing beside it",
                             p->subject.item[i].pattern);
        }
    }
    p->subject.whole_dn = p->subject.count == 1 && p->subject.item[0].oid[0] == '\0';
    p->subject.stated = p->subject.stated || p->subject.count > 0;
    return check_subject_length(p, err);
}

static bool check_sans(struct policy *p, struct error *err)
{
    for (size_t i = 0; i < p->san.count; i++) {
        const struct policy_san *s = &p->san.item[i];

        if (s->min > s->max || s->max < 1 || s->max > LIMIT_SAN_ENTRIES) {
            return error_set(err, REASON_POLICY_VALUE,
                             "san %s: min %u and max %u; possible: min up to max, max 1 to %u",
                             policy_san_word(s->type), s->min, s->max, LIMIT_SAN_ENTRIES);
        }
    }
    p->san.stated = p->san.stated || p->san.count > 0;
    return true;
}

static bool check_usages(const struct policy *p, struct error *err)
{
    if (p->key_usage.stated && (p->key_usage.bits & KEY_USAGE_OF_A_CA) != 0) {
        return error_set(
            err, REASON_POLICY_VALUE,
            "key usage: keyCertSign and cRLSign are never issued to a device: it would "
            "be a CA");
    }
    if (p->key_usage.stated
        && (p->key_usage.bits == 0 || (p->key_usage.bits & ~KEY_USAGE_ALL) != 0)) {
        return error_set(err, REASON_POLICY_VALUE, "key usage: bits 0x%x name no usage",
                         (unsigned)p->key_usage.bits);
    }
    if (p->eku.stated && p->eku.oids.count == 0) {
        return error_set(err, REASON_POLICY_VALUE,
                         "extended key usage: an empty list would mean a certificate for every "
                         "usage; leave it out or name some");
    }
    return true;
}

static bool check_algorithms(const struct policy *p, struct error *err)
{
    if (p->hash.stated && !p->hash.sha1 && !p->hash.sha2) {
        return error_set(err, REASON_POLICY_VALUE, "hash: names no family; possible: sha1, sha2");
    }
    if (p->key.at_least && p->key.bits_count == 0) {
        return error_set(err, REASON_POLICY_VALUE, "key: \"at least\" without a size");
    }
    return true;
}

static bool check_validity(const struct policy *p, struct error *err)
{
    /* 1200 months are 100 years as well */
    static const int64_t max[] = { VALIDITY_DAYS_MAX, 1200, 100 };
    enum policy_unit unit = p->validity.unit;

    if (p->validity.stated && (p->validity.value < 1 || p->validity.value > max[unit])) {
        return error_set(err, REASON_POLICY_VALUE, "validity: %lld %s; possible: 1 to %lld",
                         (long long)p->validity.value, policy_unit_word(unit),
                         (long long)max[unit]);
    }
    if (p->validity.backdate_minutes < -1 || p->validity.backdate_minutes > BACKDATE_MINUTES_MAX) {
        return error_set(err, REASON_POLICY_VALUE,
                         "validity: %lld minutes of backdating; possible: 0 to %d",
                         (long long)p->validity.backdate_minutes, BACKDATE_MINUTES_MAX);
    }
    return true;
}

static bool check_extensions(const struct policy *p, struct error *err)
{
    char shown[80];

    for (size_t i = 0; i < p->extensions.allow.count; i++) {
        const char *oid = p->extensions.allow.item[i];

        if (!policy_oid_valid(oid)) {
            text_escape(shown, sizeof(shown), bytes_of_text(oid));
            return error_set(err, REASON_POLICY_VALUE, "extensions: \"%s\" is no OID", shown);
        }
        if (strcmp(oid, SID_EXTENSION) == 0) {
            return error_set(err, REASON_POLICY_VALUE,
                             "extensions: the SID extension " SID_EXTENSION
                             " is not passed over in silence; \"sid\" says what becomes of it");
        }
    }
    return true;
}

static bool check_limits(const struct policy *p, struct error *err)
{
    if (p->challenge.max < 0 || p->challenge.max > (int64_t)LIMIT_CHALLENGE_BYTES) {
        return error_set(err, REASON_POLICY_VALUE,
                         "challenge: at most %lld bytes; possible: up to "
                         "%u",
                         (long long)p->challenge.max, LIMIT_CHALLENGE_BYTES);
    }
    if (p->limits.per_identity_per_day < 0 || p->limits.per_identity_per_day > PER_DAY_MAX) {
        return error_set(err, REASON_POLICY_VALUE, "limits: %lld a day; possible: up to %d",
                         (long long)p->limits.per_identity_per_day, PER_DAY_MAX);
    }
    return true;
}

static bool check_facts(struct policy *p, struct error *err)
{
    uint8_t digest[32];
    size_t len = 0;
    char *hex = p->facts.ca_fingerprint;

    if (hex != NULL
        && (!text_unhex(digest, sizeof(digest), &len, bytes_of_text(hex))
            || (len != 16 && len != 20 && len != 32))) {
        return error_set(err, REASON_POLICY_VALUE,
                         "CA fingerprint: not the 32, 40 or 64 hex digits of an MD5, SHA-1 or "
                         "SHA-256 digest");
    }
    if (hex != NULL) {
        text_hex(hex, 2 * len + 1, bytes_of(digest, len)); /* lower case */
    }
    if (p->facts.renewal_threshold < -1 || p->facts.renewal_threshold > 99) {
        return error_set(err, REASON_POLICY_VALUE,
                         "renewal threshold: %lld percent; possible: 0 to 99",
                         (long long)p->facts.renewal_threshold);
    }
    if (p->facts.retry_count < -1 || p->facts.retry_delay_seconds < -1) {
        return error_set(err, REASON_POLICY_VALUE, "retries: a negative number");
    }
    return true;
}

/* What hangs on something unstated means nothing, and must not tell two policies apart. */
static void forget_idle(struct policy *p)
{
    if (!p->subject.stated) {
        p->subject.order = POLICY_ORDER_ANY;
        p->subject.extra = POLICY_EXTRA_DENY;
    }
    if (!p->key_usage.stated) {
        p->key_usage.bits = 0;
        p->key_usage.absent = POLICY_ABSENT_ADD;
    }
    if (!p->eku.stated) {
        p->eku.absent = POLICY_ABSENT_ADD;
    }
    if (!p->hash.stated) {
        p->hash.sha1 = false;
        p->hash.sha2 = false;
    }
    if (!p->validity.stated) {
        p->validity.value = 0;
        p->validity.unit = POLICY_UNIT_DAYS;
        p->validity.over = POLICY_OVER_CLAMP;
    }
}

bool policy_finish(struct policy *p, struct error *err)
{
    if (!check_subject(p, err) || !check_sans(p, err) || !check_usages(p, err)
        || !check_algorithms(p, err) || !check_validity(p, err) || !check_extensions(p, err)
        || !check_limits(p, err) || !check_facts(p, err)) {
        return false;
    }
    forget_idle(p);
    sort_sans(p);
    sort_texts(&p->eku.oids);
    sort_bits(p);
    sort_texts(&p->extensions.allow);
    sort_texts(&p->endpoints);
    lower_texts(&p->email_domains);
    lower_texts(&p->host_suffixes);
    return check_sans(p, err); /* once more: rows that were folded have added up */
}
