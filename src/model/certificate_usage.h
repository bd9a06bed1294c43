/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a certificate that somebody else has issued is for: key usage, extended key usage,
 *           the template of AD CS that it was made from.
 * Not here: names and dates (certificate.h), usages we issue (template/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.2.1.3 and 4.2.1.12; MS-WCCE 2.2.2.7.7.1 and 2.2.2.7.7.2 (templates).
 */
#ifndef OPENNDES_MODEL_CERTIFICATE_USAGE_H
#define OPENNDES_MODEL_CERTIFICATE_USAGE_H

#include "base/buffer.h"

struct x509_st;

#define CERTIFICATE_TEMPLATE_MAX 256

struct certificate_usage {
    bool has_key_usage; /* false: the certificate says nothing, every use is possible */
    bool digital_signature;
    bool key_encipherment;
    /* name of a version 1 template ("EnrollmentAgentOffline"), OID of a newer one, "" neither;
     * not escaped */
    char ad_template[CERTIFICATE_TEMPLATE_MAX];
};

/* Errors: REASON_CERT_UNREADABLE (key usage malformed). A template that cannot be read is none. */
MUST_USE bool certificate_usage_read(const struct x509_st *cert, struct certificate_usage *out,
                                     struct error *err);
/* True when the certificate names this extended key usage, given as dotted OID. */
bool certificate_usage_has_eku(const struct x509_st *cert, const char *oid);

#endif
