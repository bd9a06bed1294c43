/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto_stream.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/secret.h"

#define NONCE_BYTES 12

struct crypto_stream {
    EVP_CIPHER_CTX *cipher;
    uint8_t key[CRYPTO_STREAM_KEY_BYTES];
    uint8_t prefix[CRYPTO_STREAM_PREFIX_BYTES];
    struct bytes associated;
    uint32_t number; /* of the next chunk */
    bool has_ended;
};

struct crypto_stream *crypto_stream_open(const uint8_t key[CRYPTO_STREAM_KEY_BYTES],
                                         const uint8_t prefix[CRYPTO_STREAM_PREFIX_BYTES],
                                         struct bytes associated, struct error *err)
{
    struct crypto_stream *stream = calloc(1, sizeof(*stream));

    if (stream != NULL) {
        stream->cipher = EVP_CIPHER_CTX_new();
    }
    if (stream == NULL || stream->cipher == NULL || associated.len > INT_MAX) {
        crypto_stream_close(stream);
        (void)error_set(err, REASON_NO_MEMORY, "no memory for a cipher");
        return NULL;
    }
    memcpy(stream->key, key, sizeof(stream->key));
    memcpy(stream->prefix, prefix, sizeof(stream->prefix));
    stream->associated = associated;
    return stream;
}

void crypto_stream_close(struct crypto_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    EVP_CIPHER_CTX_free(stream->cipher);
    secret_wipe(stream, sizeof(*stream));
    free(stream);
}

void crypto_stream_rewind(struct crypto_stream *stream)
{
    stream->number = 0;
    stream->has_ended = false;
}

/* The nonce of the next chunk; a number is used once. */
static bool take_nonce(struct crypto_stream *stream, bool is_last, uint8_t nonce[NONCE_BYTES],
                       struct error *err)
{
    uint32_t number = stream->number;

    if (stream->has_ended) {
        return error_set(err, REASON_INTERNAL, "a chunk behind the last one");
    }
    if (number == CRYPTO_STREAM_CHUNKS_MAX) {
        return error_set(err, REASON_LIMIT, "too long to be encrypted as one stream");
    }
    memcpy(nonce, stream->prefix, CRYPTO_STREAM_PREFIX_BYTES);
    for (size_t i = 0; i < 4; i++) {
        nonce[CRYPTO_STREAM_PREFIX_BYTES + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    nonce[NONCE_BYTES - 1] = is_last ? 1 : 0;
    stream->number++;
    stream->has_ended = is_last;
    return true;
}

/* Key, nonce and associated bytes of one chunk. */
static bool start(struct crypto_stream *stream, const uint8_t nonce[NONCE_BYTES], int encrypt)
{
    int done = 0;

    return EVP_CipherInit_ex(stream->cipher, EVP_aes_256_gcm(), NULL, stream->key, nonce, encrypt)
               == 1
           && EVP_CipherUpdate(stream->cipher, NULL, &done, stream->associated.data,
                               (int)stream->associated.len)
                  == 1;
}

static bool run(struct crypto_stream *stream, struct bytes in, uint8_t *out)
{
    int done = 0;

    return in.len == 0
           || (EVP_CipherUpdate(stream->cipher, out, &done, in.data, (int)in.len) == 1
               && (size_t)done == in.len);
}

static bool cipher_failed(struct error *err)
{
    ERR_clear_error();
    return error_set(err, REASON_INTERNAL, "AES-256-GCM cannot be used");
}

bool crypto_stream_seal(struct crypto_stream *stream, struct bytes plain, bool is_last,
                        uint8_t *out, struct error *err)
{
    uint8_t nonce[NONCE_BYTES];
    uint8_t nothing[CRYPTO_STREAM_TAG_BYTES];
    int done = 0;

    if (plain.len > INT_MAX) {
        return error_set(err, REASON_LIMIT, "a chunk of %zu bytes", plain.len);
    }
    if (!take_nonce(stream, is_last, nonce, err)) {
        return false;
    }
    if (!start(stream, nonce, 1) || !run(stream, plain, out)
        || EVP_CipherFinal_ex(stream->cipher, nothing, &done) != 1
        || EVP_CIPHER_CTX_ctrl(stream->cipher, EVP_CTRL_AEAD_GET_TAG, CRYPTO_STREAM_TAG_BYTES,
                               out + plain.len)
               != 1) {
        return cipher_failed(err);
    }
    return true;
}

bool crypto_stream_open_chunk(struct crypto_stream *stream, struct bytes sealed, bool is_last,
                              uint8_t *out, bool *genuine, struct error *err)
{
    uint8_t nonce[NONCE_BYTES];
    uint8_t nothing[CRYPTO_STREAM_TAG_BYTES];
    uint8_t tag[CRYPTO_STREAM_TAG_BYTES];
    struct bytes cipher_text = { sealed.data, 0 };
    int done = 0;

    *genuine = false;
    if (sealed.len < CRYPTO_STREAM_TAG_BYTES) {
        return true;
    }
    cipher_text.len = sealed.len - CRYPTO_STREAM_TAG_BYTES;
    if (cipher_text.len > INT_MAX) {
        return error_set(err, REASON_LIMIT, "a chunk of %zu bytes", sealed.len);
    }
    if (!take_nonce(stream, is_last, nonce, err)) {
        return false;
    }
    memcpy(tag, sealed.data + cipher_text.len, sizeof(tag));
    if (!start(stream, nonce, 0) || !run(stream, cipher_text, out)
        || EVP_CIPHER_CTX_ctrl(stream->cipher, EVP_CTRL_AEAD_SET_TAG, CRYPTO_STREAM_TAG_BYTES, tag)
               != 1) {
        secret_wipe(out, cipher_text.len);
        return cipher_failed(err);
    }
    *genuine = EVP_CipherFinal_ex(stream->cipher, nothing, &done) == 1;
    if (!*genuine) {
        ERR_clear_error();
        secret_wipe(out, cipher_text.len);
    }
    return true;
}
