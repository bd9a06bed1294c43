/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  key usage and extended key usage of a certificate.
 * Not here: the key itself (template.c).
 * Owns:     the compiled rules.
 * Threads:  immutable after filling.
 * Spec:     RFC 5280 4.2.1.3 and 4.2.1.12.
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_USAGE_H
#define OPENNDES_TEMPLATE_TEMPLATE_USAGE_H

#include "config/template_config.h"
#include "model/certificate_content.h"
#include "model/csr.h"

struct stack_st_ASN1_OBJECT;

struct template_usage {
    uint32_t allowed; /* KEY_USAGE_... */
    enum key_usage_source source;
    struct stack_st_ASN1_OBJECT *eku; /* NULL: no extension */
};

/* Errors: REASON_CONFIG_BAD_VALUE with the key, REASON_NO_MEMORY. */
MUST_USE bool template_usage_init(struct template_usage *u, const struct template_config *config,
                                  struct error *err);
void template_usage_clear(struct template_usage *u); /* NULL is allowed */

/* Bits for a request. Errors: REASON_KEY_USAGE. */
MUST_USE bool template_usage_bits(const struct template_usage *u, const struct csr *csr,
                                  uint32_t *bits, struct error *err);
/* A copy of the list for a plan; *out is NULL when there is none. What the request asks for never
 * counts. Errors: REASON_NO_MEMORY. */
MUST_USE bool template_usage_eku(const struct template_usage *u, struct stack_st_ASN1_OBJECT **out,
                                 struct error *err);

/*
 * Cut both to what an old certificate was good for, which is renewed: never more than it had. Where
 * it said nothing it was good for everything. *eku NULL, a template that puts no extension in:
 * becomes the old one's list without what no device is given (certificates for others, OCSP, time
 * stamps). Errors: REASON_RENEWAL_REFUSED (nothing is left), REASON_NO_MEMORY.
 */
MUST_USE bool template_usage_keep(const struct certificate_content *old, uint32_t *bits,
                                  struct stack_st_ASN1_OBJECT **eku, struct error *err);

#endif
