/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a certificate says about its holder and what it is good for: all that a renewal
 *           may hand on.
 * Not here: whether it may (enroll/enroll_renewal.h), what of it a template still allows
 *           (template/).
 * Owns:     its lists.
 * Threads:  one owner.
 * Spec:     RFC 5280 4.1.2.6, 4.2.1.3, 4.2.1.6, 4.2.1.12; [MS-WCCE] 2.2.2.7.7.4 (sid).
 */
#ifndef OPENNDES_MODEL_CERTIFICATE_CONTENT_H
#define OPENNDES_MODEL_CERTIFICATE_CONTENT_H

#include "model/sid.h"

struct x509_st;
struct X509_name_st;
struct stack_st_GENERAL_NAME;
struct stack_st_ASN1_OBJECT;

struct certificate_content {
    struct X509_name_st *subject;      /* never NULL after reading; may be empty */
    struct stack_st_GENERAL_NAME *san; /* NULL: none */
    bool has_key_usage;                /* false: the key is for everything */
    uint32_t key_usage;                /* KEY_USAGE_... */
    struct stack_st_ASN1_OBJECT *eku;  /* NULL: no extension, good for everything */
    char sid[SID_TEXT_MAX];            /* of the extension; "" none */
};

/*
 * Errors: REASON_CERT_UNREADABLE (an extension that is malformed, there twice, or a SID extension
 * of no account), REASON_NO_MEMORY. out is cleared on failure.
 */
MUST_USE bool certificate_content_read(const struct x509_st *cert, struct certificate_content *out,
                                       struct error *err);
void certificate_content_clear(struct certificate_content *content); /* NULL is allowed */

#endif
