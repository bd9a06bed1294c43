/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a certificate's subject from the request's and the template's own attributes.
 * Not here: subject alternative names (template_san.h).
 * Owns:     the compiled rules.
 * Threads:  immutable after creation.
 * Spec:     RFC 5280 4.1.2.6 (order and multi-valued RDNs are kept).
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_SUBJECT_H
#define OPENNDES_TEMPLATE_TEMPLATE_SUBJECT_H

#include "config/template_config.h"

struct X509_name_st;
struct template_subject;

/* Errors: REASON_CONFIG_BAD_VALUE with the key, REASON_NO_MEMORY. Owned: template_subject_free. */
struct template_subject *template_subject_create(const struct template_config *config,
                                                 struct error *err);
void template_subject_free(struct template_subject *s); /* NULL is allowed */

/*
 * The attributes of `wanted` that are listed, in their order and string types. The template's own
 * attributes replace those of the same type and stand as if written behind the name's RFC 2253
 * text: CN=host with O=Example,C=DE gives CN=host,O=Example,C=DE. The result may be empty.
 * NULL on failure; owned. Errors: REASON_SUBJECT_ATTRIBUTE, _SUBJECT_CN, _SUBJECT_TOO_LONG,
 * REASON_NO_MEMORY.
 */
struct X509_name_st *template_subject_make(const struct template_subject *s,
                                           const struct X509_name_st *wanted, struct error *err);

#endif
