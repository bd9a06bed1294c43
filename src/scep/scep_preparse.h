/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  look at the structure of a pkiMessage before any crypto library sees a byte.
 * Not here: its envelope (scep_preparse_envelope.h), signatures and keys (scep_message.h).
 * Owns:     nothing: all views point into the input.
 * Threads:  pure functions.
 * Spec:     RFC 5652 5.1, 5.3; RFC 8894 3.
 */
#ifndef OPENNDES_SCEP_SCEP_PREPARSE_H
#define OPENNDES_SCEP_SCEP_PREPARSE_H

#include "base/limits.h"
#include "scep/cms_algorithm.h"

/* One signed attribute with exactly one value. */
struct scep_attribute {
    struct bytes oid; /* content octets */
    struct ber_element value;
};

struct scep_outline {
    size_t message_bytes; /* of the ContentInfo; tolerated tail excluded */
    bool has_content;
    struct ber_element content; /* eContent's OCTET STRING, may be constructed */
    size_t certificate_count;
    bool sid_is_key_id;             /* signer by subjectKeyIdentifier */
    struct bytes digest_oid;        /* of the SignerInfo */
    struct cms_algorithm signature; /* how the signer names its signature algorithm */
    size_t attribute_count;
    struct scep_attribute attributes[LIMIT_CMS_ATTRIBUTES];
};

/*
 * The outer SignedData: exactly one SignerInfo, signedAttrs present, digestAlgorithms not empty,
 * eContentType data, X.509 certificates only and no CRLs, counts within limits, no attribute twice,
 * single values. Errors: the kind is ERROR_MALFORMED, reasons as in reasons.def.
 */
MUST_USE bool scep_preparse(struct bytes message, struct scep_outline *out, struct error *err);
/* The attribute with this OID; NULL when there is none. */
const struct scep_attribute *scep_outline_attribute(const struct scep_outline *outline,
                                                    enum scep_oid oid);

#endif
