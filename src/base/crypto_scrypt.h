/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a password stretched, so that a stolen hash costs much to guess.
 * Not here: where hashes are kept (mscep/accounts_file.h).
 * Owns:     nothing.
 * Threads:  any thread; takes long and much memory: the caller bounds how many run at once.
 * Spec:     RFC 7914.
 */
#ifndef OPENNDES_BASE_CRYPTO_SCRYPT_H
#define OPENNDES_BASE_CRYPTO_SCRYPT_H

#include "base/buffer.h"

/* Memory is 128 * n * r bytes, time grows with n * r * p. */
struct scrypt_cost {
    uint32_t n; /* a power of two */
    uint32_t r;
    uint32_t p;
};

/* 32 MB; about a tenth of a second. */
#define SCRYPT_COST_DEFAULT                                                                        \
    {                                                                                              \
        32768, 8, 1                                                                                \
    }

/* Neither too cheap to protect nor too dear to compute for everybody who asks. */
bool crypto_scrypt_cost_valid(const struct scrypt_cost *cost);
/* Errors: REASON_INTERNAL (cost not valid), REASON_NO_MEMORY. */
MUST_USE bool crypto_scrypt(struct bytes password, struct bytes salt,
                            const struct scrypt_cost *cost, uint8_t *out, size_t len,
                            struct error *err);

#endif
