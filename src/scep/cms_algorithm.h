/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  AlgorithmIdentifier and the parameters of RSAES-OAEP and RSASSA-PSS, checked before a
 *           library reads them.
 * Not here: which algorithm is allowed where (scep_types.h, scep_message.h).
 * Owns:     nothing: all views point into the input.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1.1.2, RFC 8017 A.2.1 and A.2.3, RFC 4055 3 and 4.
 */
#ifndef OPENNDES_SCEP_CMS_ALGORITHM_H
#define OPENNDES_SCEP_CMS_ALGORITHM_H

#include "scep/ber.h"
#include "scep/scep_oid.h"
#include "scep/scep_types.h"

struct cms_algorithm {
    struct bytes oid;    /* content octets */
    struct bytes params; /* whole element; empty when absent */
};

/* Read the next element of r, a SEQUENCE. Errors: REASON_NOT_CMS and those of ber_next. */
MUST_USE bool cms_algorithm_next(struct ber_reader *r, struct cms_algorithm *out,
                                 struct error *err);
/* True when parameters are absent or NULL. */
bool cms_algorithm_plain(const struct cms_algorithm *algorithm);

struct cms_oaep {
    enum scep_digest digest;
    enum scep_digest mgf_digest;
};

/*
 * Absent parameters mean the defaults (SHA-1), although RFC 4055 4.1 wants them present. SHA-1 and
 * SHA-256 only, MGF1 only, no label. Errors: REASON_KEY_TRANSPORT_NOT_ALLOWED.
 */
MUST_USE bool cms_oaep_read(const struct cms_algorithm *algorithm, struct cms_oaep *out,
                            struct error *err);

struct cms_pss {
    enum scep_digest digest;
    enum scep_digest mgf_digest;
    size_t salt_bytes;
};

/* Parameters must be there. Errors: REASON_SIGNATURE_ALG_NOT_ALLOWED. */
MUST_USE bool cms_pss_read(const struct cms_algorithm *algorithm, struct cms_pss *out,
                           struct error *err);

#endif
