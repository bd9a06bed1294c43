/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  everything else that a PKCS#10 request says: extended key usage, basic constraints,
 *           other extensions, Microsoft's name/value pairs, the digest of its signature.
 * Not here: what is needed of every request (csr.h); whether it may be issued (policy/).
 * Owns:     its texts.
 * Threads:  one owner.
 * Spec:     RFC 2986, RFC 5280 4.2; [MS-WCCE] 2.2.2.7 (enrollment name/value pair).
 */
#ifndef OPENNDES_MODEL_CSR_DETAILS_H
#define OPENNDES_MODEL_CSR_DETAILS_H

#include "model/csr.h"

#define CSR_DETAIL_OIDS 64   /* extensions, EKUs, attributes each; more: REASON_LIMIT */
#define CSR_OID_TEXT_MAX 128 /* dotted */
#define CSR_PAIRS 16
#define CSR_PAIR_TEXT 128

enum csr_digest {
    CSR_DIGEST_OTHER,
    CSR_DIGEST_MD5,
    CSR_DIGEST_SHA1,
    CSR_DIGEST_SHA224,
    CSR_DIGEST_SHA256,
    CSR_DIGEST_SHA384,
    CSR_DIGEST_SHA512
};

struct csr_extension {
    char oid[CSR_OID_TEXT_MAX];
    bool critical;
    struct bytes value; /* content of the OCTET STRING; lives as long as the details */
};

/* 1.3.6.1.4.1.311.13.2.1, as UTF-8. */
struct csr_pair {
    char name[CSR_PAIR_TEXT];
    char value[CSR_PAIR_TEXT];
};

struct csr_details {
    enum csr_digest digest; /* of the request's own signature */
    char signature_oid[CSR_OID_TEXT_MAX];
    bool has_eku;
    size_t eku_count;
    char eku[CSR_DETAIL_OIDS][CSR_OID_TEXT_MAX];
    bool has_basic_constraints;
    bool is_ca; /* basicConstraints cA TRUE */
    size_t extension_count;
    struct csr_extension extension[CSR_DETAIL_OIDS]; /* all, in order, repeated ones too */
    size_t attribute_count;
    char attribute[CSR_DETAIL_OIDS][CSR_OID_TEXT_MAX]; /* all, in order, repeated ones too */
    size_t pair_count;
    struct csr_pair pair[CSR_PAIRS];
    bool has_challenge_attribute; /* also an empty one */
};

/*
 * Parse what csr_parse has accepted. An EKU that lists nothing asks for nothing. Owned:
 * csr_details_free. Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY.
 */
struct csr_details *csr_details_parse(const struct csr *csr, struct error *err);
void csr_details_free(struct csr_details *details); /* NULL is allowed */
/* A value of a pair by name without regard to case; NULL: none. */
const char *csr_details_pair(const struct csr_details *details, const char *name);

#endif
