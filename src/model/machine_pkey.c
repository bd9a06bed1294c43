/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA_METHOD and the functions around it are deprecated since OpenSSL 3.0, whose way is a provider
 * of its own. A method needs no loader, works from 3.0 to the last 3.x and is a tenth of the code.
 * To be replaced by a provider (key management, signature, asymmetric cipher) before OpenSSL 4,
 * which drops it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "model/machine_pkey.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"

#define MODULUS_BYTES_MAX (LIMIT_RSA_BITS_MAX / 8)
#define EXPONENT_BYTES_MAX 8u
#define DIGEST_INFO_MAX 128
#define REJECTION_BYTES 32u /* what stands for the plain text of a wrong padding */

/* OpenSSL 3.2 and later, in CMS: padding 1 whose caller does without implicit rejection. */
#ifndef RSA_PKCS1_NO_IMPLICIT_REJECT_PADDING
#define RSA_PKCS1_NO_IMPLICIT_REJECT_PADDING 8
#endif

struct machine_pkey {
    struct machine_key *key;
    char *place;
    size_t size;                      /* bytes of the modulus */
    bool has_raw;                     /* tried once; a provider does not learn it later */
    bool raw_turned;                  /* its results have the least byte first */
    uint8_t secret[SECRET_MAC_BYTES]; /* for implicit rejection */
    pthread_mutex_t lock;             /* for trouble */
    struct error trouble;             /* what the provider said last, until it is told */
};

static const struct digest_row {
    int nid;
    enum machine_digest digest;
    unsigned len;
} digest_rows[] = {
    { NID_md5, MACHINE_DIGEST_MD5, 16 },       { NID_sha1, MACHINE_DIGEST_SHA1, 20 },
    { NID_sha256, MACHINE_DIGEST_SHA256, 32 }, { NID_sha384, MACHINE_DIGEST_SHA384, 48 },
    { NID_sha512, MACHINE_DIGEST_SHA512, 64 },
};

/* ---- what the provider says ------------------------------------------------------------------ */

static void note_trouble(struct machine_pkey *p, const struct error *why)
{
    (void)pthread_mutex_lock(&p->lock);
    p->trouble = *why;
    (void)pthread_mutex_unlock(&p->lock);
}

/* ---- the private operations ------------------------------------------------------------------ */

static struct machine_pkey *of_rsa(const RSA *rsa)
{
    return RSA_meth_get0_app_data(RSA_get_method(rsa));
}

/* The same bytes the other way round; the places differ. */
static void turn(unsigned char *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = in[len - 1 - i];
    }
}

/* `in` as long as the modulus or shorter; `out` has room for the modulus. */
static bool raw(struct machine_pkey *p, struct bytes in, unsigned char *out)
{
    uint8_t padded[MODULUS_BYTES_MAX] = { 0 };
    struct buffer result = BUFFER_INIT(MODULUS_BYTES_MAX);
    struct error why = ERROR_INIT;
    bool ok = false;

    if (in.len > p->size) {
        return false;
    }
    memcpy(padded + p->size - in.len, in.data, in.len);
    ok = machine_key_raw(p->key, bytes_of(padded, p->size), &result, &why)
         && (result.len == p->size
             || error_set(&why, REASON_MACHINE_KEY_UNUSABLE,
                          "raw RSA gave %zu bytes instead of %zu", result.len, p->size));
    if (!ok) {
        note_trouble(p, &why);
    } else if (p->raw_turned) {
        turn(out, result.data, result.len);
    } else {
        memcpy(out, result.data, result.len);
    }
    buffer_clear(&result);
    secret_wipe(padded, sizeof(padded));
    return ok;
}

/* Bytes of plain text, or -1; constant in time for what the padding is. */
static int unpad_raw(struct machine_pkey *p, struct bytes cipher, unsigned char *plain)
{
    uint8_t block[MODULUS_BYTES_MAX];
    int len = -1;

    if (raw(p, cipher, block)) {
        len =
            RSA_padding_check_PKCS1_type_2(plain, (int)p->size, block, (int)p->size, (int)p->size);
    }
    secret_wipe(block, sizeof(block));
    return len;
}

static int unpad_by_provider(struct machine_pkey *p, struct bytes cipher, unsigned char *plain)
{
    uint8_t padded[MODULUS_BYTES_MAX] = { 0 };
    struct buffer result = BUFFER_INIT(MODULUS_BYTES_MAX);
    struct error why = ERROR_INIT;
    int len = -1;

    if (cipher.len > p->size) {
        return -1;
    }
    memcpy(padded + p->size - cipher.len, cipher.data, cipher.len);
    if (machine_key_decrypt(p->key, bytes_of(padded, p->size), &result, &why)
        && result.len <= p->size) {
        if (result.len > 0) {
            memcpy(plain, result.data, result.len);
        }
        len = (int)result.len;
    } else {
        note_trouble(p, &why);
    }
    buffer_clear(&result);
    return len;
}

/*
 * RFC 3218 2.3.2: what stands for a wrong padding is made before the key is used, depends on the
 * cipher text (twice the same question has twice the same answer) and is taken by a mask.
 */
static int decrypt_pkcs1(struct machine_pkey *p, struct bytes cipher, unsigned char *to)
{
    uint8_t plain[MODULUS_BYTES_MAX] = { 0 };
    uint8_t stand_in[MODULUS_BYTES_MAX] = { 0 };
    struct error why = ERROR_INIT;
    unsigned bad = 0;
    int len = -1;

    if (!secret_mac(bytes_of(p->secret, sizeof(p->secret)), "implicit rejection", cipher, stand_in,
                    &why)) {
        note_trouble(p, &why);
        return -1;
    }
    ERR_set_mark(); /* the library notes a wrong padding, and nothing may remember it */
    len = p->has_raw ? unpad_raw(p, cipher, plain) : unpad_by_provider(p, cipher, plain);
    ERR_pop_to_mark();
    bad = 0u - ((unsigned)len >> (8 * sizeof(unsigned) - 1)); /* all ones when len is negative */
    for (size_t i = 0; i < p->size; i++) {
        to[i] = (unsigned char)((plain[i] & ~bad) | (stand_in[i] & bad));
    }
    secret_wipe(plain, sizeof(plain));
    secret_wipe(stand_in, sizeof(stand_in));
    return (int)(((unsigned)len & ~bad) | (REJECTION_BYTES & bad));
}

static int method_decrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa,
                          int padding)
{
    struct machine_pkey *p = of_rsa(rsa);
    struct bytes cipher = bytes_of(from, len > 0 ? (size_t)len : 0);

    switch (padding) {
    case RSA_PKCS1_PADDING:
    case RSA_PKCS1_NO_IMPLICIT_REJECT_PADDING:
        return decrypt_pkcs1(p, cipher, to);
    case RSA_NO_PADDING: /* OAEP, whose padding the library takes off */
        return raw(p, cipher, to) ? (int)p->size : -1;
    default:
        ERR_raise(ERR_LIB_RSA, RSA_R_UNKNOWN_PADDING_TYPE);
        return -1;
    }
}

/* PSS comes without padding, ready-made; a digest's own padding comes by method_sign. */
static int method_encrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa,
                          int padding)
{
    struct machine_pkey *p = of_rsa(rsa);
    uint8_t block[MODULUS_BYTES_MAX];
    struct bytes in = bytes_of(from, len > 0 ? (size_t)len : 0);

    switch (padding) {
    case RSA_NO_PADDING:
        break;
    case RSA_PKCS1_PADDING:
        if (RSA_padding_add_PKCS1_type_1(block, (int)p->size, from, len) != 1) {
            return -1;
        }
        in = bytes_of(block, p->size);
        break;
    default:
        ERR_raise(ERR_LIB_RSA, RSA_R_UNKNOWN_PADDING_TYPE);
        return -1;
    }
    return raw(p, in, to) ? (int)p->size : -1;
}

/* DigestInfo of a digest that providers have no name for (SHA-224); the bytes' number, or -1. */
static int digest_info(int nid, struct bytes hash, unsigned char out[DIGEST_INFO_MAX])
{
    X509_SIG *info = X509_SIG_new();
    X509_ALGOR *algorithm = NULL;
    ASN1_OCTET_STRING *digest = NULL;
    int len = -1;

    if (info != NULL && OBJ_nid2obj(nid) != NULL) {
        X509_SIG_getm(info, &algorithm, &digest);
        if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), V_ASN1_NULL, NULL) == 1
            && ASN1_OCTET_STRING_set(digest, hash.data, (int)hash.len) == 1
            && i2d_X509_SIG(info, NULL) <= DIGEST_INFO_MAX) {
            len = i2d_X509_SIG(info, &out);
        }
    }
    X509_SIG_free(info);
    return len;
}

static int method_sign(int nid, const unsigned char *hash, unsigned len, unsigned char *out,
                       unsigned *out_len, const RSA *rsa)
{
    struct machine_pkey *p = of_rsa(rsa);
    unsigned char info[DIGEST_INFO_MAX];
    struct buffer signature = BUFFER_INIT(MODULUS_BYTES_MAX);
    struct error why = ERROR_INIT;
    const struct digest_row *row = NULL;
    bool ok = false;

    for (size_t i = 0; i < sizeof(digest_rows) / sizeof(digest_rows[0]); i++) {
        row = digest_rows[i].nid == nid && digest_rows[i].len == len ? &digest_rows[i] : row;
    }
    if (row == NULL) {
        int info_len = digest_info(nid, bytes_of(hash, len), info);

        ok = info_len > 0
             && method_encrypt(info_len, info, out, (RSA *)rsa, RSA_PKCS1_PADDING) == (int)p->size;
    } else {
        ok = machine_key_sign(p->key, row->digest, bytes_of(hash, len), &signature, &why)
             && (signature.len == p->size
                 || error_set(&why, REASON_MACHINE_KEY_UNUSABLE,
                              "a signature has %zu bytes instead of %zu", signature.len, p->size));
        if (ok) {
            memcpy(out, signature.data, signature.len);
        } else {
            note_trouble(p, &why);
        }
    }
    if (ok) {
        *out_len = (unsigned)p->size;
    } else {
        ERR_raise(ERR_LIB_RSA, ERR_R_OPERATION_FAIL);
    }
    buffer_clear(&signature);
    return ok ? 1 : 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void machine_pkey_free(struct machine_pkey *p)
{
    if (p == NULL) {
        return;
    }
    machine_key_free(p->key);
    (void)pthread_mutex_destroy(&p->lock);
    secret_wipe(p->secret, sizeof(p->secret));
    free(p->place);
    free(p);
}

/* The last reference: the library looks at the method no more when this returns. */
static int method_finish(RSA *rsa)
{
    RSA_METHOD *method = (RSA_METHOD *)RSA_get_method(rsa);
    int result = RSA_meth_get_finish(RSA_PKCS1_OpenSSL())(rsa);

    machine_pkey_free(RSA_meth_get0_app_data(method));
    RSA_meth_free(method);
    return result;
}

/* The library's own for the public half; a method for each key, so that it can carry the key. */
static RSA_METHOD *make_method(struct machine_pkey *p)
{
    RSA_METHOD *method = RSA_meth_dup(RSA_PKCS1_OpenSSL());

    if (method == NULL || RSA_meth_set1_name(method, "OpenNDES machine key") != 1
        || RSA_meth_set_flags(method, RSA_FLAG_EXT_PKEY | RSA_METHOD_FLAG_NO_CHECK) != 1
        || RSA_meth_set_priv_dec(method, method_decrypt) != 1
        || RSA_meth_set_priv_enc(method, method_encrypt) != 1
        || RSA_meth_set_sign(method, method_sign) != 1
        || RSA_meth_set_finish(method, method_finish) != 1
        || RSA_meth_set0_app_data(method, p) != 1) {
        RSA_meth_free(method);
        return NULL;
    }
    return method;
}

/* An RSA with the public numbers of the key; its size goes to p. NULL with err set. */
static RSA *make_public(struct machine_pkey *p, struct error *err)
{
    struct buffer modulus = BUFFER_INIT(MODULUS_BYTES_MAX + 1);
    struct buffer exponent = BUFFER_INIT(EXPONENT_BYTES_MAX);
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    RSA *rsa = NULL;

    if (!machine_key_public(p->key, &modulus, &exponent, err)) goto out;
    n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    if (n == NULL || e == NULL || BN_num_bits(n) < (int)LIMIT_RSA_BITS_MIN
        || BN_num_bits(n) > (int)LIMIT_RSA_BITS_MAX || !BN_is_odd(n) || !BN_is_odd(e)
        || BN_num_bits(e) < 2) {
        (void)error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                        "the key's public numbers are not those of an RSA key of %u to %u bits",
                        LIMIT_RSA_BITS_MIN, LIMIT_RSA_BITS_MAX);
        goto out;
    }
    p->size = ((size_t)BN_num_bits(n) + 7) / 8;
    rsa = RSA_new();
    if (rsa == NULL || RSA_set0_key(rsa, n, e, NULL) != 1) {
        RSA_free(rsa);
        rsa = NULL;
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        goto out;
    }
    n = e = NULL; /* the RSA has them */
out:
    BN_free(n);
    BN_free(e);
    buffer_clear(&modulus);
    buffer_clear(&exponent);
    return rsa;
}

static struct machine_pkey *make_state(struct machine_key *take_key, const char *place,
                                       struct error *err)
{
    struct machine_pkey *p = calloc(1, sizeof(*p));

    if (p == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p);
        machine_key_free(take_key);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        return NULL;
    }
    p->key = take_key;
    p->place = text_dup(place);
    if (p->place == NULL || !secret_random(p->secret, sizeof(p->secret), err)) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        machine_pkey_free(p);
        return NULL;
    }
    return p;
}

/*
 * Does the provider do raw RSA? Its answer is also compared: some flags are silently ignored, and
 * which way round CryptoAPI gives the result is written nowhere.
 */
static bool try_raw(struct machine_pkey *p, RSA *rsa)
{
    uint8_t block[MODULUS_BYTES_MAX];
    uint8_t cipher[MODULUS_BYTES_MAX];
    uint8_t back[MODULUS_BYTES_MAX];
    uint8_t turned[MODULUS_BYTES_MAX];
    struct error ignored = ERROR_INIT;
    bool works = false;

    if (secret_random(block, p->size, &ignored)) {
        block[0] = 0; /* smaller than the modulus */
        works = RSA_public_encrypt((int)p->size, block, cipher, rsa, RSA_NO_PADDING) == (int)p->size
                && raw(p, bytes_of(cipher, p->size), back);
    }
    if (works) {
        turn(turned, back, p->size);
        p->raw_turned = secret_equal(bytes_of(block, p->size), bytes_of(turned, p->size));
        works = p->raw_turned || secret_equal(bytes_of(block, p->size), bytes_of(back, p->size));
    }
    error_clear(&p->trouble); /* nobody has the key yet: no lock */
    ERR_clear_error();
    return works;
}

struct evp_pkey_st *machine_pkey_create(struct machine_key *take_key, const char *place,
                                        struct error *err)
{
    struct machine_pkey *p = make_state(take_key, place, err);
    RSA_METHOD *method = NULL;
    EVP_PKEY *key = NULL;
    RSA *rsa = NULL;

    if (p == NULL) {
        return NULL;
    }
    rsa = make_public(p, err);
    if (rsa == NULL) goto out;
    key = EVP_PKEY_new();
    method = make_method(p);
    /* Before anything else is done with it: what the former method cached would be freed twice. */
    if (key == NULL || method == NULL || RSA_set_method(rsa, method) != 1) {
        RSA_meth_free(method);
        EVP_PKEY_free(key);
        key = NULL;
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        goto out;
    }
    p->has_raw = try_raw(p, rsa);
    p = NULL; /* freed with the RSA from here on */
    RSA_set_flags(rsa, RSA_FLAG_EXT_PKEY);
    if (EVP_PKEY_assign_RSA(key, rsa) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        goto out;
    }
    rsa = NULL; /* the EVP_PKEY has it */
out:
    RSA_free(rsa);
    machine_pkey_free(p);
    return key;
}

/* ---- asked about ----------------------------------------------------------------------------- */

static struct machine_pkey *of_pkey(const EVP_PKEY *key)
{
    const RSA *rsa = NULL;

    /* Keys of the library's own providers must not be asked: that would make a second copy. */
    if (key == NULL || EVP_PKEY_get0_provider(key) != NULL
        || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return NULL;
    }
    rsa = EVP_PKEY_get0_RSA(key);
    return rsa != NULL && RSA_meth_get_finish(RSA_get_method(rsa)) == method_finish ? of_rsa(rsa)
                                                                                    : NULL;
}

const char *machine_pkey_place(const struct evp_pkey_st *key)
{
    const struct machine_pkey *p = of_pkey(key);

    return p == NULL ? NULL : p->place;
}

struct machine_key *machine_pkey_machine_key(const struct evp_pkey_st *key)
{
    const struct machine_pkey *p = of_pkey(key);

    return p == NULL ? NULL : p->key;
}

void machine_pkey_explain(const struct evp_pkey_st *key, struct error *err)
{
    struct machine_pkey *p = of_pkey(key);
    size_t len = 0;

    if (p == NULL || !error_is_set(err)) {
        return;
    }
    len = strlen(err->detail);
    (void)pthread_mutex_lock(&p->lock);
    if (error_is_set(&p->trouble)) {
        (void)snprintf(err->detail + len, sizeof(err->detail) - len, "; the machine's key: %.400s",
                       p->trouble.detail);
        error_clear(&p->trouble);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

bool machine_pkey_try_sign(struct evp_pkey_st *key, struct error *err)
{
    static const unsigned char text[] = "a test of the key, which nobody sees";
    unsigned char signature[MODULUS_BYTES_MAX];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = NULL;
    bool ok = false;

    if (of_pkey(key) == NULL) {
        return true;
    }
    ctx = EVP_MD_CTX_new();
    ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
         && EVP_DigestSign(ctx, signature, &len, text, sizeof(text)) == 1
         && EVP_MD_CTX_reset(ctx) == 1
         && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
         && EVP_DigestVerify(ctx, signature, len, text, sizeof(text)) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!ok) {
        (void)error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                        "a test signature (RSA with SHA-256) does not succeed");
        machine_pkey_explain(key, err);
    }
    return ok;
}

bool machine_pkey_try_decrypt(struct evp_pkey_st *key, struct error *err)
{
    uint8_t secret[24]; /* as long as a key for 3DES */
    uint8_t cipher[MODULUS_BYTES_MAX];
    uint8_t plain[MODULUS_BYTES_MAX];
    size_t len = sizeof(cipher);
    size_t plain_len = sizeof(plain);
    EVP_PKEY_CTX *encrypt = NULL;
    EVP_PKEY_CTX *decrypt = NULL;
    bool ok = false;

    if (of_pkey(key) == NULL) {
        return true;
    }
    if (!secret_random(secret, sizeof(secret), err)) {
        return false;
    }
    encrypt = EVP_PKEY_CTX_new(key, NULL);
    decrypt = EVP_PKEY_CTX_new(key, NULL);
    ok = encrypt != NULL && decrypt != NULL && EVP_PKEY_encrypt_init(encrypt) == 1
         && EVP_PKEY_encrypt(encrypt, cipher, &len, secret, sizeof(secret)) == 1
         && EVP_PKEY_decrypt_init(decrypt) == 1
         && EVP_PKEY_decrypt(decrypt, plain, &plain_len, cipher, len) == 1
         && secret_equal(bytes_of(plain, plain_len), bytes_of(secret, sizeof(secret)));
    EVP_PKEY_CTX_free(encrypt);
    EVP_PKEY_CTX_free(decrypt);
    secret_wipe(plain, sizeof(plain));
    ERR_clear_error();
    if (!ok) {
        (void)error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                        "a test decryption (RSA, PKCS#1 v1.5) does not succeed");
        machine_pkey_explain(key, err);
    }
    return ok;
}
