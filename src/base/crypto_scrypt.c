/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto_scrypt.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define N_MIN 16384u
#define N_MAX 262144u /* with r = 8: 256 MB */
#define R_ONLY 8u
#define P_MAX 4u

bool crypto_scrypt_cost_valid(const struct scrypt_cost *cost)
{
    return cost->n >= N_MIN && cost->n <= N_MAX && (cost->n & (cost->n - 1)) == 0
           && cost->r == R_ONLY && cost->p >= 1 && cost->p <= P_MAX;
}

bool crypto_scrypt(struct bytes password, struct bytes salt, const struct scrypt_cost *cost,
                   uint8_t *out, size_t len, struct error *err)
{
    /* OpenSSL counts 128*r*(n+p) and some more; its own limit is just below our default */
    uint64_t memory = UINT64_C(128) * cost->r * ((uint64_t)cost->n + cost->p + 2) + 65536;

    if (!crypto_scrypt_cost_valid(cost)) {
        return error_set(err, REASON_INTERNAL, "scrypt with n=%lu r=%lu p=%lu",
                         (unsigned long)cost->n, (unsigned long)cost->r, (unsigned long)cost->p);
    }
    if (EVP_PBE_scrypt((const char *)password.data, password.len, salt.data, salt.len, cost->n,
                       cost->r, cost->p, memory, out, len)
        != 1) {
        ERR_clear_error();
        return error_set(err, REASON_NO_MEMORY, "scrypt finds not enough memory");
    }
    return true;
}
