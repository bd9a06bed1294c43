/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a certificate's subject alternative names from those a request asks for.
 * Not here: the subject (template_subject.h).
 * Owns:     the compiled rules.
 * Threads:  immutable after creation.
 * Spec:     RFC 5280 4.2.1.6; UPN: MS-WCCE, otherName 1.3.6.1.4.1.311.20.2.3.
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_SAN_H
#define OPENNDES_TEMPLATE_TEMPLATE_SAN_H

#include "config/template_config.h"

struct stack_st_GENERAL_NAME;
struct template_san;

/* Errors: REASON_CONFIG_BAD_VALUE with the key, REASON_NO_MEMORY. Owned: template_san_free. */
struct template_san *template_san_create(const struct template_config *config, struct error *err);
void template_san_free(struct template_san *s); /* NULL is allowed */

/*
 * Check the wanted names and copy those of listed types, each once; *out is NULL when none remain,
 * else owned. `wanted` may be NULL.
 * A strong mapping URI ("tag:microsoft.com,2022-09-14:sid:...") is always refused: it would let a
 * request name the Windows account it logs on as, and no challenge vouches for that yet.
 * Errors: REASON_SAN_TYPE, _SAN_VALUE, _SAN_WILDCARD, _SAN_COUNT, REASON_NO_MEMORY.
 */
MUST_USE bool template_san_make(const struct template_san *s,
                                const struct stack_st_GENERAL_NAME *wanted,
                                struct stack_st_GENERAL_NAME **out, struct error *err);

#endif
