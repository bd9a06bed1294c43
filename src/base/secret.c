/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/crypto_memory.h"

bool secret_set(struct secret *s, const void *data, size_t len, struct error *err)
{
    uint8_t *copy = NULL;

    if (len >= SIZE_MAX / 2) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a secret");
    }
    copy = malloc(len + 1);
    if (copy == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a secret");
    }
    if (len > 0) {
        memcpy(copy, data, len);
    }
    copy[len] = 0;
    secret_clear(s); /* after the copy: data may lie inside s */
    s->data = copy;
    s->len = len;
    return true;
}

bool secret_take_buffer(struct secret *s, struct buffer *take_buffer, struct error *err)
{
    size_t cap = take_buffer->cap;
    size_t len = take_buffer->len;

    if (len == 0) {
        buffer_clear(take_buffer);
        return secret_set(s, NULL, 0, err);
    }
    /* what once stood behind the end would escape secret_clear, which knows only len */
    secret_wipe(take_buffer->data + len, cap + 1 - len);
    secret_clear(s);
    s->data = buffer_take(take_buffer, &s->len);
    return true;
}

void secret_clear(struct secret *s)
{
    if (s == NULL) {
        return;
    }
    if (s->data != NULL) {
        secret_wipe(s->data, s->len);
        free(s->data);
    }
    s->data = NULL;
    s->len = 0;
}

struct bytes secret_bytes(const struct secret *s)
{
    return bytes_of(s->data, s->len);
}

bool secret_equal(struct bytes a, struct bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    return a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}

void secret_wipe(void *data, size_t len)
{
    if (data != NULL && len > 0) {
        OPENSSL_cleanse(data, len);
    }
}

/* Returns false. Nothing of it stays behind for whoever looks at the queue next. */
static bool unavailable(const char *what, struct error *err)
{
    enum reason reason = crypto_memory_reason(REASON_INTERNAL);

    ERR_clear_error();
    return error_set(err, reason, "%s is not available", what);
}

bool secret_random(void *data, size_t len, struct error *err)
{
    if (len > INT_MAX || (len > 0 && RAND_bytes(data, (int)len) != 1)) {
        return error_set(err, REASON_INTERNAL, "the system gives no random bytes");
    }
    return true;
}

bool secret_mac(struct bytes key, const char *context, struct bytes message,
                uint8_t mac[SECRET_MAC_BYTES], struct error *err)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[2];
    EVP_MAC *algorithm = NULL;
    EVP_MAC_CTX *ctx = NULL;
    uint8_t result[SECRET_MAC_BYTES];
    size_t result_len = 0;
    bool ok = false;

    /* a NULL key would mean "the key of before" to OpenSSL */
    const uint8_t *key_data = key.data != NULL ? key.data : (const uint8_t *)"";

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = algorithm != NULL ? EVP_MAC_CTX_new(algorithm) : NULL;
    if (algorithm == NULL || ctx == NULL || !EVP_MAC_init(ctx, key_data, key.len, params)
        || !EVP_MAC_update(ctx, (const uint8_t *)context, strlen(context) + 1)
        || (message.len > 0 && !EVP_MAC_update(ctx, message.data, message.len))
        || !EVP_MAC_final(ctx, result, &result_len, sizeof(result))
        || result_len != sizeof(result)) {
        (void)unavailable("HMAC-SHA-256", err);
        goto out;
    }
    memcpy(mac, result, sizeof(result));
    ok = true;
out:
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(algorithm);
    secret_wipe(result, sizeof(result));
    return ok;
}

bool digest_sha256(struct bytes data, uint8_t digest[DIGEST_SHA256_BYTES], struct error *err)
{
    unsigned len = 0;
    const void *from = data.len > 0 ? (const void *)data.data : "";

    if (EVP_Digest(from, data.len, digest, &len, EVP_sha256(), NULL) != 1
        || len != DIGEST_SHA256_BYTES) {
        return unavailable("SHA-256", err);
    }
    return true;
}

bool digest_sha1(struct bytes data, uint8_t digest[DIGEST_SHA1_BYTES], struct error *err)
{
    unsigned len = 0;
    const void *from = data.len > 0 ? (const void *)data.data : "";

    if (EVP_Digest(from, data.len, digest, &len, EVP_sha1(), NULL) != 1
        || len != DIGEST_SHA1_BYTES) {
        return unavailable("SHA-1", err);
    }
    return true;
}

bool digest_md5(struct bytes data, uint8_t digest[DIGEST_MD5_BYTES], struct error *err)
{
    unsigned len = 0;
    const void *from = data.len > 0 ? (const void *)data.data : "";

    if (EVP_Digest(from, data.len, digest, &len, EVP_md5(), NULL) != 1 || len != DIGEST_MD5_BYTES) {
        return unavailable("MD5", err);
    }
    return true;
}
