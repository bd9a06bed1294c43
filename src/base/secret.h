/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  secret bytes: wiped when freed, compared in constant time, never printed; randomness,
 *           MAC and digest.
 * Not here: protection on disk (platform/protect.h).
 * Owns:     the memory of a struct secret.
 * Threads:  a secret belongs to one thread at a time; the functions share nothing.
 * Spec:     FIPS 198-1 (HMAC), FIPS 180-4 (SHA-1, SHA-2).
 */
#ifndef OPENNDES_BASE_SECRET_H
#define OPENNDES_BASE_SECRET_H

#include "base/buffer.h"

#define SECRET_MAC_BYTES 32
#define DIGEST_SHA1_BYTES 20
#define DIGEST_MD5_BYTES 16
#define DIGEST_SHA256_BYTES 32

struct secret {
    uint8_t *data; /* one NUL behind len when not NULL */
    size_t len;
};

#define SECRET_INIT                                                                                \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* Copy bytes in; the former content is wiped. Errors: REASON_NO_MEMORY. */
MUST_USE bool secret_set(struct secret *s, const void *data, size_t len, struct error *err);
/* Take over the content of a buffer (wiped and emptied). */
MUST_USE bool secret_take_buffer(struct secret *s, struct buffer *take_buffer, struct error *err);
/* Wipe and free. NULL is allowed. */
void secret_clear(struct secret *s);
struct bytes secret_bytes(const struct secret *s);
/* Constant time in the length of b; lengths may be told apart. */
bool secret_equal(struct bytes a, struct bytes b);
/* Overwrite memory so that the compiler cannot leave it out. */
void secret_wipe(void *data, size_t len);

/* Cryptographic randomness. Errors: REASON_INTERNAL. */
MUST_USE bool secret_random(void *data, size_t len, struct error *err);
/* HMAC-SHA-256 over context (with its NUL, so that contexts are separate) and message. */
MUST_USE bool secret_mac(struct bytes key, const char *context, struct bytes message,
                         uint8_t mac[SECRET_MAC_BYTES], struct error *err);
/* SHA-256 of bytes. */
MUST_USE bool digest_sha256(struct bytes data, uint8_t digest[DIGEST_SHA256_BYTES],
                            struct error *err);
/* SHA-1 of bytes: where Windows makes names of it, never for trust. */
MUST_USE bool digest_sha1(struct bytes data, uint8_t digest[DIGEST_SHA1_BYTES], struct error *err);
/* MD5 of bytes: where people compare it by procedures of old, never for trust. */
MUST_USE bool digest_md5(struct bytes data, uint8_t digest[DIGEST_MD5_BYTES], struct error *err);

#endif
