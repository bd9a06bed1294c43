/* SPDX-License-Identifier: Apache-2.0 */
#include "model/key_sign.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/crypto_memory.h"

#define TRIES 34 /* of which one makes new blinding numbers */

static bool set_padding(EVP_PKEY_CTX *context, bool pss)
{
    return !pss
           || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0
               && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
}

/*
 * When memory ends while an ECDSA signature is written as DER, OpenSSL 3.0 says done and tells a
 * length of -1.
 */
static bool sign(const struct key_signing *s, uint8_t *signature, size_t *len)
{
    size_t room = *len;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *of_key = NULL; /* part of context */
    bool ok = context != NULL && EVP_DigestSignInit(context, &of_key, s->digest, NULL, s->key) == 1
              && set_padding(of_key, s->pss);

    for (size_t i = 0; ok && i < s->count; i++) {
        ok = EVP_DigestSignUpdate(context, s->pieces[i].data, s->pieces[i].len) == 1;
    }
    ok = ok && EVP_DigestSignFinal(context, signature, len) == 1 && *len > 0 && *len <= room;
    EVP_MD_CTX_free(context);
    return ok;
}

/* *fits is nothing when this is false: nobody could look. */
static bool verify(const struct key_signing *s, struct bytes signature, bool *fits)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *of_key = NULL; /* part of context */
    bool ok = context != NULL
              && EVP_DigestVerifyInit(context, &of_key, s->digest, NULL, s->key) == 1
              && set_padding(of_key, s->pss);

    for (size_t i = 0; ok && i < s->count; i++) {
        ok = EVP_DigestVerifyUpdate(context, s->pieces[i].data, s->pieces[i].len) == 1;
    }
    *fits = ok && EVP_DigestVerifyFinal(context, signature.data, signature.len) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

bool key_sign_pieces(const struct key_signing *signing, uint8_t *signature, size_t *len)
{
    bool is_rsa = EVP_PKEY_get_base_id(signing->key) == EVP_PKEY_RSA;
    size_t room = *len;

    for (int i = 0; i < TRIES; i++) {
        bool fits = false;

        *len = room;
        if (!sign(signing, signature, len)) {
            return false;
        }
        if (!is_rsa) {
            return true; /* nothing is kept from one signature to the next */
        }
        if (crypto_memory_sound()) {
            return true;
        }
        if (!verify(signing, bytes_of(signature, *len), &fits)) {
            return false;
        }
        if (fits) {
            return true;
        }
    }
    return false;
}

bool key_sign(EVP_PKEY *key, const EVP_MD *digest, bool pss, struct bytes data, uint8_t *signature,
              size_t *len)
{
    const struct key_signing signing = {
        .key = key, .digest = digest, .pss = pss, .pieces = &data, .count = 1
    };

    return key_sign_pieces(&signing, signature, len);
}
