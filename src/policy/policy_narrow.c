/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_narrow.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "policy/policy_match_internal.h"
#include "policy/policy_validity.h"

#define OID_MAX 128
#define MINUTE 60

static bool listed(const struct policy_texts *oids, const ASN1_OBJECT *object)
{
    char oid[OID_MAX];
    int len = OBJ_obj2txt(oid, sizeof(oid), object, 1);

    for (size_t i = 0; len > 0 && len < OID_MAX && i < oids->count; i++) {
        if (strcmp(oids->item[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

static bool narrow_eku(const struct policy *p, struct cert_plan *plan, struct error *err)
{
    if (!p->eku.stated || plan->eku == NULL) {
        return true; /* without the extension: of a template that has none; a conflict by then */
    }
    for (int i = sk_ASN1_OBJECT_num(plan->eku) - 1; i >= 0; i--) {
        if (!listed(&p->eku.oids, sk_ASN1_OBJECT_value(plan->eku, i))) {
            ASN1_OBJECT_free(sk_ASN1_OBJECT_delete(plan->eku, i));
        }
    }
    /* An empty list would be left out of the certificate, which is then good for everything. */
    return sk_ASN1_OBJECT_num(plan->eku) > 0
           || error_set(err, REASON_POLICY_CONFLICT,
                        "policy \"%s\": no extended key usage is left of the template's", p->name);
}

static bool narrow_key_usage(const struct policy *p, struct cert_plan *plan, struct error *err)
{
    if (p->key_usage.stated) {
        plan->key_usage &= p->key_usage.bits;
    }
    return plan->key_usage != 0
           || error_set(err, REASON_POLICY_CONFLICT,
                        "policy \"%s\": no key usage is left of the template's", p->name);
}

static void cut(struct cert_plan *plan, int64_t end)
{
    plan->not_after = end < plan->not_after ? end : plan->not_after;
}

static void narrow_validity(const struct policy *p, const struct csr_details *details, int64_t now,
                            struct cert_plan *plan)
{
    int64_t end = 0;

    if (p->validity.stated && policy_validity_end(now, p->validity.value, p->validity.unit, &end)) {
        cut(plan, end);
    }
    /* the check's own reading: what it has told is what is issued */
    if (policy_match_asked_end(details, now, &end)) {
        cut(plan, end);
    }
    if (p->validity.backdate_minutes >= 0) {
        plan->not_before = now - p->validity.backdate_minutes * MINUTE;
    }
}

bool policy_narrow_plan(const struct policy *p, const struct csr_details *details, int64_t now,
                        struct cert_plan *plan, struct error *err)
{
    narrow_validity(p, details, now, plan);
    return narrow_key_usage(p, plan, err) && narrow_eku(p, plan, err);
}
