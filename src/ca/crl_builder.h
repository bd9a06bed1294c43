/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  put a complete CRL together, entry by entry, and sign it.
 * Not here: when a CRL is due and where it is kept (ca_crl.h).
 * Owns:     the entries until it is freed.
 * Threads:  one owner.
 * Spec:     RFC 5280 5.
 */
#ifndef OPENNDES_CA_CRL_BUILDER_H
#define OPENNDES_CA_CRL_BUILDER_H

#include "base/buffer.h"
#include "ca/cert_issuer.h"

struct crl_builder;

#define CRL_BYTES_MAX 67108864u /* 64 MiB: 1.5 million entries of about 42 bytes */

/* `expected`: about so many bytes of entries, if it is known; else 0. */
struct crl_builder *crl_builder_create(size_t expected, struct error *err);
void crl_builder_free(struct crl_builder *builder); /* NULL is allowed */

/*
 * serial in hex; reason is a CRLReason of RFC 5280 5.3.1: 0 and what a complete CRL cannot have are
 * left out of the entry. Errors: REASON_SYNTAX (serial), REASON_NO_MEMORY.
 */
MUST_USE bool crl_builder_add(struct crl_builder *builder, const char *serial, int64_t revoked_at,
                              int reason, struct error *err);
/* Sign and append the DER; once per builder. Errors: REASON_SIGN_FAILED, REASON_LIMIT. */
MUST_USE bool crl_builder_sign(struct crl_builder *builder, const struct cert_issuer *issuer,
                               int64_t number, int64_t this_update, int64_t next_update,
                               struct buffer *der, struct error *err);

/* Is this CRL whole, and made by this issuer? */
bool crl_builder_made_by(struct bytes der, const struct cert_issuer *issuer);

#endif
