/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_match_internal.h"

#define OID_ANY_EKU "2.5.29.37.0"
#define LIST_MAX 512
#define KEY_USAGE_BITS 9u
#define KEY_USAGE_OF_A_CA (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)

/* Append a word; a list that is too long ends early, and the finding is cut anyway. */
static void add_word(char *list, size_t size, const char *word)
{
    size_t len = strlen(list);

    (void)snprintf(list + len, size - len, "%s%s", len == 0 ? "" : " ", word);
}

/* ---- key usage ------------------------------------------------------------------------------- */

static void format_bits(uint32_t bits, char list[LIST_MAX])
{
    list[0] = '\0';
    for (unsigned i = 0; i < KEY_USAGE_BITS; i++) {
        if ((bits & (1u << i)) != 0) {
            add_word(list, LIST_MAX, policy_key_usage_word(1u << i));
        }
    }
}

static void match_key_usage(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    const struct csr *csr = m->request->csr;
    enum policy_outcome outcome = POLICY_PASS;
    char expected[LIST_MAX] = "";
    char found[LIST_MAX] = "";

    format_bits(csr->key_usage, found);
    if (csr->has_key_usage && (csr->key_usage & KEY_USAGE_OF_A_CA) != 0) {
        policy_match_tell(m, CHECK_KEY_USAGE_CA, POLICY_DENY, PLACE_KEY_USAGE,
                          "no key usage of a CA", found);
    }
    if (!p->key_usage.stated) {
        policy_match_tell(m, CHECK_KEY_USAGE, POLICY_PASS, PLACE_KEY_USAGE, "", found);
        return;
    }
    format_bits(p->key_usage.bits, expected);
    if (!csr->has_key_usage) {
        outcome = p->key_usage.absent == POLICY_ABSENT_ADD ? POLICY_FIXED : POLICY_DENY;
        (void)snprintf(found, sizeof(found), "not asked for");
    } else if (csr->key_usage != p->key_usage.bits) {
        outcome = POLICY_DENY;
    }
    policy_match_tell(m, CHECK_KEY_USAGE, outcome, PLACE_KEY_USAGE, expected, found);
}

/* ---- extended key usage ---------------------------------------------------------------------- */

static bool is_listed(const struct policy *p, const char *oid)
{
    for (size_t i = 0; i < p->eku.oids.count; i++) {
        if (strcmp(p->eku.oids.item[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_asked_for(const struct csr_details *details, const char *oid)
{
    for (size_t i = 0; i < details->eku_count; i++) {
        if (strcmp(details->eku[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

/* The same set, whatever its order. */
static bool same_usages(const struct policy *p, const struct csr_details *details)
{
    for (size_t i = 0; i < p->eku.oids.count; i++) {
        if (!is_asked_for(details, p->eku.oids.item[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < details->eku_count; i++) {
        if (!is_listed(p, details->eku[i])) {
            return false;
        }
    }
    return true;
}

static void match_eku(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    const struct csr_details *details = m->request->details;
    char expected[LIST_MAX] = "";
    char found[LIST_MAX] = "";

    for (size_t i = 0; i < p->eku.oids.count; i++) {
        add_word(expected, sizeof(expected), p->eku.oids.item[i]);
    }
    for (size_t i = 0; i < details->eku_count; i++) {
        add_word(found, sizeof(found), details->eku[i]);
    }
    if (is_asked_for(details, OID_ANY_EKU) && !is_listed(p, OID_ANY_EKU)) {
        policy_match_tell(m, CHECK_EKU_ANY, POLICY_DENY, PLACE_EKU, "usages by name", found);
    }
    if (p->eku.stated && !details->has_eku && p->eku.absent == POLICY_ABSENT_DENY) {
        policy_match_tell(m, CHECK_EKU_MISSING, POLICY_DENY, PLACE_EKU, expected, "not asked for");
    } else if (p->eku.stated && !details->has_eku) {
        policy_match_tell(m, CHECK_EKU, POLICY_FIXED, PLACE_EKU, expected, "not asked for");
    } else {
        policy_match_tell(m, CHECK_EKU,
                          p->eku.stated && !same_usages(p, details) ? POLICY_DENY : POLICY_PASS,
                          PLACE_EKU, expected, found);
    }
}

void policy_match_usage(struct policy_matching *m)
{
    match_key_usage(m);
    match_eku(m);
}
