/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a policy is held against of a CA's certificates: thumbprints, extended key usage,
 *           the end.
 * Not here: reading the file they lie in (ca/cert_chain.h), the lints (policy_lint.h).
 * Owns:     copies of what it tells.
 * Threads:  immutable after creation.
 * Spec:     RFC 5280 4.2.1.12.
 */
#ifndef OPENNDES_POLICY_POLICY_CA_H
#define OPENNDES_POLICY_POLICY_CA_H

#include "model/certificate.h"
#include "policy/policy.h"

struct stack_st_X509;

struct policy_ca_certificate {
    char md5[33], sha1[41], sha256[65]; /* of the DER, lower-case hex */
    char subject[NAME_TEXT_MAX];        /* escaped */
    int64_t not_after;
    bool is_root;    /* issued by itself */
    bool is_issuing; /* has issued none of the others: devices' certificates come from it */
    bool has_eku;    /* false: every use is allowed */
    struct policy_texts ekus; /* dotted */
};

struct policy_ca {
    struct policy_ca_certificate *item;
    size_t count; /* 1.. */
};

/* Errors: REASON_CERT_UNREADABLE, REASON_LIMIT, REASON_NO_MEMORY. Owned: policy_ca_free. */
struct policy_ca *policy_ca_create(const struct stack_st_X509 *certificates, struct error *err);
void policy_ca_free(struct policy_ca *ca); /* NULL is allowed */
/* The certificate with this MD5, SHA-1 or SHA-256 in lower-case hex; NULL: none. */
const struct policy_ca_certificate *policy_ca_find(const struct policy_ca *ca, const char *hex);
/* Every certificate that restricts extended key usage has it, or anyExtendedKeyUsage. */
bool policy_ca_allows(const struct policy_ca *ca, const char *oid);

#endif
