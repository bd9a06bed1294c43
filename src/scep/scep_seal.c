/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_seal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/limits.h"
#include "base/secret.h"
#include "scep/cms_writer.h"
#include "scep/scep_agree.h"

/* Room for a chain with large keys; what we seal comes from our own CA. */
#define CIPHERTEXT_BYTES_MAX (2u * LIMIT_BODY_BYTES_MAX)
/* Name and serial of a certificate that somebody else has made, and a key. */
#define RECIPIENT_BYTES_MAX LIMIT_BODY_BYTES_MAX

struct sealed {
    unsigned char key[EVP_MAX_KEY_LENGTH];
    unsigned char iv[EVP_MAX_IV_LENGTH];
    struct buffer ciphertext;
    struct buffer recipient; /* RecipientInfo, DER */
};

static bool encrypt_content(const struct scep_cipher_info *info, struct bytes plain,
                            struct sealed *s, struct error *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = EVP_get_cipherbynid(info->nid);
    int len = 0;
    int last = 0;
    bool ok = false;

    if (ctx == NULL || cipher == NULL || plain.len > LIMIT_BODY_BYTES_MAX) {
        (void)error_set(err, REASON_SIGN_FAILED, "%s is not available", info->name);
        goto out;
    }
    if (!buffer_reserve(&s->ciphertext, plain.len + info->block_bytes, err)
        || !secret_random(s->iv, info->block_bytes, err)) {
        goto out;
    }
    /* the library makes the key: it knows about the parity of DES keys */
    if (EVP_EncryptInit_ex(ctx, cipher, NULL, NULL, NULL) != 1
        || EVP_CIPHER_CTX_rand_key(ctx, s->key) != 1
        || EVP_EncryptInit_ex(ctx, NULL, NULL, s->key, s->iv) != 1
        || EVP_EncryptUpdate(ctx, s->ciphertext.data, &len, plain.data, (int)plain.len) != 1
        || EVP_EncryptFinal_ex(ctx, s->ciphertext.data + len, &last) != 1) {
        (void)error_set(err, REASON_SIGN_FAILED, "encryption with %s failed", info->name);
        goto out;
    }
    s->ciphertext.len = (size_t)len + (size_t)last;
    ok = true;
out:
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct scep_seal_options *options)
{
    const struct scep_digest_info *info = NULL;
    const EVP_MD *md = NULL;

    if (options->transport != SCEP_TRANSPORT_OAEP) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    }
    info = scep_digest_info(options->oaep_digest);
    md = info == NULL ? NULL : EVP_get_digestbynid(info->nid);
    return md != NULL && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0
           && EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0
           && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0;
}

static bool encrypt_key(const struct scep_seal_options *options, struct bytes content_key,
                        struct buffer *encrypted, struct error *err)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(options->key, NULL);
    size_t len = LIMIT_RSA_BITS_MAX / 8;
    bool ok = false;

    if (ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && set_padding(ctx, options)
        && buffer_reserve(encrypted, len, err)
        && EVP_PKEY_encrypt(ctx, encrypted->data, &len, content_key.data, content_key.len) == 1) {
        encrypted->len = len;
        ok = true;
    } else {
        (void)error_set(err, crypto_memory_reason(REASON_SIGN_FAILED),
                        "key cannot be encrypted to the signer");
    }
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* RFC 5652 6.2.1 */
static bool transport_recipient(const struct scep_seal_options *options, struct bytes content_key,
                                struct buffer *out, struct error *err)
{
    struct buffer encrypted = BUFFER_INIT(LIMIT_RSA_BITS_MAX / 8);
    struct der_writer w = der_writer_to(out, err);
    bool ok = encrypt_key(options, content_key, &encrypted, err);

    if (ok) {
        der_open(&w, DER_SEQUENCE);
        der_put_small(&w, 0);
        cms_put_issuer_serial(&w, options->recipient);
        if (options->transport == SCEP_TRANSPORT_OAEP) {
            cms_put_oaep(&w, options->oaep_digest);
        } else {
            der_put_algorithm(&w, scep_oid_bytes(SCEP_OID_RSA));
        }
        der_put(&w, DER_OCTET_STRING, buffer_bytes(&encrypted));
        der_close(&w);
        ok = der_finish(&w);
    }
    buffer_clear(&encrypted);
    return ok;
}

static bool by_agreement(const struct scep_seal_options *options)
{
    return EVP_PKEY_get_base_id(options->key) == EVP_PKEY_EC;
}

static bool make_recipient(const struct scep_seal_options *options,
                           const struct scep_cipher_info *info, struct sealed *s, struct error *err)
{
    struct bytes content_key = bytes_of(s->key, info->key_bytes);
    const struct scep_agree_options agree = { .recipient = options->recipient,
                                              .key = options->key,
                                              .cipher = info,
                                              .kdf_digest = options->kdf_digest };

    return by_agreement(options) ? scep_agree_recipient(&agree, content_key, &s->recipient, err)
                                 : transport_recipient(options, content_key, &s->recipient, err);
}

/* RFC 5652 6.1 */
static void put_encrypted_content(struct der_writer *w, const struct scep_cipher_info *info,
                                  const struct sealed *s)
{
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_DATA);
    der_open(w, DER_SEQUENCE);
    der_put(w, DER_OID, scep_oid_of_nid(info->nid));
    der_put(w, DER_OCTET_STRING, bytes_of(s->iv, info->block_bytes));
    der_close(w);
    der_put(w, DER_CONTEXT_0, buffer_bytes(&s->ciphertext));
    der_close(w);
}

bool scep_seal(const struct scep_seal_options *options, struct bytes plain, struct buffer *out,
               struct error *err)
{
    const struct scep_cipher_info *info = scep_cipher_info(options->cipher);
    struct sealed s = { .ciphertext = BUFFER_INIT(CIPHERTEXT_BYTES_MAX),
                        .recipient = BUFFER_INIT(RECIPIENT_BYTES_MAX) };
    struct der_writer w = der_writer_to(out, err);
    bool ok = false;

    if (info == NULL) {
        return error_set(err, REASON_INTERNAL, "no cipher for the answer");
    }
    if (!encrypt_content(info, plain, &s, err) || !make_recipient(options, info, &s, err)) {
        goto out;
    }
    der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, SCEP_OID_ENVELOPED_DATA);
    der_open(&w, DER_CONTEXT_0_CONSTRUCTED);
    der_open(&w, DER_SEQUENCE);
    der_put_small(&w, by_agreement(options) ? 2 : 0); /* RFC 5652 6.1 */
    der_open(&w, DER_SET);
    der_put_raw(&w, buffer_bytes(&s.recipient));
    der_close(&w);
    put_encrypted_content(&w, info, &s);
    der_close(&w);
    der_close(&w);
    der_close(&w);
    ok = der_finish(&w);
out:
    secret_wipe(s.key, sizeof(s.key));
    buffer_clear(&s.ciphertext);
    buffer_clear(&s.recipient);
    ERR_clear_error();
    return ok;
}
