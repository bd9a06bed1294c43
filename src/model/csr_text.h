/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a PKCS#10 request asks for, in words for the person who decides about it.
 * Not here: its subject (name.h), judging it (template/, policy/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.2.1.3, 4.2.1.6.
 */
#ifndef OPENNDES_MODEL_CSR_TEXT_H
#define OPENNDES_MODEL_CSR_TEXT_H

#include "model/csr.h"

#define CSR_KEY_TEXT_MAX 32
#define CSR_USAGE_TEXT_MAX 160

/* "RSA 2048", "EC 256". */
void csr_key_text(const struct csr *csr, char text[CSR_KEY_TEXT_MAX]);
/* "digitalSignature,keyEncipherment"; "" when none is asked for. */
void csr_usage_text(const struct csr *csr, char text[CSR_USAGE_TEXT_MAX]);

/*
 * Each subject alternative name as "DNS:host", "email:", "URI:", "IP:", "UPN:", "dirName:", "RID:"
 * or, of other types, as the type alone ("otherName:1.2.3"). Escaped as a sentence, valid during
 * the visit; false ends the walk and is handed on.
 */
typedef bool csr_san_visit(void *context, const char *text, struct error *err);
MUST_USE bool csr_each_san(const struct csr *csr, csr_san_visit *visit, void *context,
                           struct error *err);

#endif
