/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "template/template_san.h"
#include "template/template_subject.h"
#include "template/template_usage.h"

#define SECONDS_PER_MINUTE 60
#define SECONDS_PER_DAY 86400

/* RFC 5480 2.1.1.1; the size names the curve, because no other curve is KEY_TYPE_EC. */
static const struct {
    const char *name;
    unsigned bits;
} curves[] = { { "P-256", 256 }, { "P-384", 384 }, { "P-521", 521 } };

#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

struct template
{
    bool rsa;
    bool ec;
    bool curves[CURVE_COUNT];
    unsigned rsa_min_bits;
    unsigned rsa_max_bits;
    struct template_subject *subject;
    struct template_san *san;
    struct template_usage usage;
    int64_t backdate; /* seconds */
    int64_t validity; /* seconds */
};

static bool compile_key_types(struct template *t, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(all, ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text("rsa"))) {
            t->rsa = true;
        } else if (bytes_equal(item, bytes_of_text("ec"))) {
            t->ec = true;
        } else {
            return error_set(err, REASON_CONFIG_BAD_VALUE, "key.types: \"%.*s\" is not a key type",
                             (int)item.len, (const char *)item.data);
        }
    }
    return t->rsa || t->ec
           || error_set(err, REASON_CONFIG_BAD_VALUE, "key.types: nothing is listed");
}

static bool compile_curves(struct template *t, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;
    bool any = false;

    while (text_next_item(all, ',', &pos, &item)) {
        size_t at = 0;

        while (at < CURVE_COUNT && !bytes_equal(item, bytes_of_text(curves[at].name))) {
            at++;
        }
        if (at == CURVE_COUNT) {
            return error_set(err, REASON_CONFIG_BAD_VALUE, "key.curves: \"%.*s\" is not a curve",
                             (int)item.len, (const char *)item.data);
        }
        t->curves[at] = true;
        any = true;
    }
    return any || !t->ec
           || error_set(err, REASON_CONFIG_BAD_VALUE, "key.curves: nothing is listed");
}

struct template *template_create(const struct template_config *config, struct error *err)
{
    struct template *t = calloc(1, sizeof(*t));
    bool ok = false;

    if (t == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a template");
        return NULL;
    }
    if (config->key.rsa_min_bits < (int64_t)LIMIT_RSA_BITS_MIN
        || config->key.rsa_max_bits > (int64_t)LIMIT_RSA_BITS_MAX) {
        (void)error_set(err, REASON_CONFIG_BAD_VALUE,
                        "key.rsa_min_bits and key.rsa_max_bits: "
                        "possible: %u to %u",
                        LIMIT_RSA_BITS_MIN, LIMIT_RSA_BITS_MAX);
        goto out;
    }
    t->rsa_min_bits = (unsigned)config->key.rsa_min_bits;
    t->rsa_max_bits = (unsigned)config->key.rsa_max_bits;
    t->backdate = config->validity.backdate_minutes * SECONDS_PER_MINUTE;
    t->validity = config->validity.days * SECONDS_PER_DAY;
    t->subject = template_subject_create(config, err);
    t->san = t->subject == NULL ? NULL : template_san_create(config, err);
    ok = t->san != NULL && compile_key_types(t, config->key.types, err)
         && compile_curves(t, config->key.curves, err)
         && template_usage_init(&t->usage, config, err);
out:
    if (!ok) {
        template_free(t);
        t = NULL;
    }
    return t;
}

void template_free(struct template *t)
{
    if (t == NULL) {
        return;
    }
    template_subject_free(t->subject);
    template_san_free(t->san);
    template_usage_clear(&t->usage);
    free(t);
}

bool template_takes(const struct template *t, enum key_type type)
{
    return (type == KEY_TYPE_RSA && t->rsa) || (type == KEY_TYPE_EC && t->ec);
}

static bool check_curve(const struct template *t, const struct csr *csr, struct error *err)
{
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        if (curves[i].bits == csr->key_bits && t->curves[i]) {
            return true;
        }
    }
    return error_set(err, REASON_KEY_SIZE, "EC key of %u bits, whose curve is not listed",
                     csr->key_bits);
}

static bool check_rsa(const struct template *t, const struct csr *csr, struct error *err)
{
    if (csr->key_bits < t->rsa_min_bits || csr->key_bits > t->rsa_max_bits) {
        return error_set(err, REASON_KEY_SIZE, "RSA key of %u bits, not %u to %u", csr->key_bits,
                         t->rsa_min_bits, t->rsa_max_bits);
    }
    if (!csr->key_exponent_ok) {
        return error_set(err, REASON_KEY_EXPONENT, "RSA exponent is not odd and 3 to 2^32");
    }
    if (key_has_small_factor(csr_key(csr))) {
        return error_set(err, REASON_KEY_EXPONENT, "RSA modulus has a small factor");
    }
    return true;
}

static bool check_key(const struct template *t, const struct csr *csr, struct error *err)
{
    if (!template_takes(t, csr->key_type)) {
        return error_set(err, REASON_KEY_TYPE, "key type is not listed");
    }
    return csr->key_type == KEY_TYPE_EC ? check_curve(t, csr, err) : check_rsa(t, csr, err);
}

/* Whose names a certificate gets, before the rules. Borrowed. */
struct wanted_names {
    const X509_NAME *subject;
    const GENERAL_NAMES *san; /* NULL: none */
};

static bool make_plan(const struct template *t, const struct csr *csr,
                      const struct wanted_names *names, int64_t now, struct cert_plan *plan,
                      struct error *err)
{
    struct cert_plan made = { 0 };
    bool ok = false;

    if (!check_key(t, csr, err)) {
        goto out;
    }
    made.subject = template_subject_make(t->subject, names->subject, err);
    if (made.subject == NULL || !template_san_make(t->san, names->san, &made.san, err)
        || !template_usage_bits(&t->usage, csr, &made.key_usage, err)
        || !template_usage_eku(&t->usage, &made.eku, err)) {
        goto out;
    }
    /* RFC 5280 4.1.2.6: somebody must be named */
    if (X509_NAME_entry_count(made.subject) == 0 && made.san == NULL) {
        (void)error_set(err, REASON_SUBJECT_EMPTY, "neither subject nor alternative name");
        goto out;
    }
    made.not_before = now - t->backdate;
    made.not_after = now + t->validity;
    *plan = made;
    made = (struct cert_plan){ 0 }; /* its content has a new owner */
    ok = true;
out:
    cert_plan_clear(&made);
    return ok;
}

bool template_plan(const struct template *t, const struct csr *csr, int64_t now,
                   struct cert_plan *plan, struct error *err)
{
    const struct wanted_names names = { csr_subject(csr), csr->san };

    return make_plan(t, csr, &names, now, plan, err);
}

bool template_plan_renewal(const struct template *t, const struct csr *csr,
                           const struct certificate_content *old, int64_t now,
                           struct cert_plan *plan, struct error *err)
{
    const struct wanted_names names = { old->subject, old->san };
    struct cert_plan made = { 0 };
    bool ok = make_plan(t, csr, &names, now, &made, err)
              && template_usage_keep(old, &made.key_usage, &made.eku, err);

    if (ok) {
        memcpy(made.sid, old->sid, sizeof(made.sid));
        *plan = made;
        made = (struct cert_plan){ 0 }; /* its content has a new owner */
    }
    cert_plan_clear(&made);
    return ok;
}
