/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_key.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/ca_error.h"
#include "model/key_work.h"
#include "model/legacy_crypto.h"
#include "model/machine_pkey.h"
#include "platform/protect.h"

struct key_spec {
    enum ca_key_spec spec;
    const char *name;
    size_t rsa_bits;   /* 0: not RSA */
    const char *curve; /* NULL: not EC */
};

static const struct key_spec key_specs[] = {
    { CA_KEY_RSA_2048, "rsa2048", 2048, NULL }, { CA_KEY_RSA_3072, "rsa3072", 3072, NULL },
    { CA_KEY_RSA_4096, "rsa4096", 4096, NULL }, { CA_KEY_EC_P256, "p256", 0, "prime256v1" },
    { CA_KEY_EC_P384, "p384", 0, "secp384r1" },
};

/* Curves a CA may have and the digest of the same strength (RFC 5480 4). P-521 only by import. */
struct key_curve {
    const char *name;
    const EVP_MD *(*digest)(void);
};

static const struct key_curve key_curves[] = {
    { "prime256v1", EVP_sha256 },
    { "secp384r1", EVP_sha384 },
    { "secp521r1", EVP_sha512 },
};

#define KEY_SPEC_COUNT (sizeof(key_specs) / sizeof(key_specs[0]))
#define KEY_CURVE_COUNT (sizeof(key_curves) / sizeof(key_curves[0]))

bool ca_key_spec_parse(const char *text, enum ca_key_spec *out, struct error *err)
{
    char shown[64];

    for (size_t i = 0; i < KEY_SPEC_COUNT; i++) {
        if (text_equal_nocase(text, key_specs[i].name)) {
            *out = key_specs[i].spec;
            return true;
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(text));
    return error_set(err, REASON_USAGE,
                     "\"%s\" is not a kind of CA key; possible: rsa2048, rsa3072, rsa4096, p256, "
                     "p384",
                     shown);
}

struct evp_pkey_st *ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    EVP_PKEY *key = NULL;

    for (size_t i = 0; i < KEY_SPEC_COUNT; i++) {
        if (key_specs[i].spec != spec) {
            continue;
        }
        /* e is 65537 and curves are named: OpenSSL's defaults, held by a test. */
        if (key_specs[i].curve == NULL) {
            key = EVP_RSA_gen(key_specs[i].rsa_bits);
        } else {
            key = EVP_EC_gen(key_specs[i].curve);
        }
    }
    if (key == NULL) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a key cannot be generated");
    }
    return key;
}

static const struct key_curve *find_curve(const EVP_PKEY *key)
{
    char name[64] = "";
    char encoding[32] = "";
    size_t len = 0;

    /* Explicit parameters are not for PKIX certificates: RFC 5480 2.1.1. */
    if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1
        || EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding,
                                          sizeof(encoding), &len)
               != 1
        || strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < KEY_CURVE_COUNT; i++) {
        if (strcmp(name, key_curves[i].name) == 0) {
            return &key_curves[i];
        }
    }
    return NULL;
}

const struct evp_md_st *ca_key_digest(const struct evp_pkey_st *key)
{
    const struct key_curve *curve = NULL;

    /* SHA-256 for RSA of any size: larger digests bring nothing and old devices lack them. */
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        return EVP_sha256();
    }
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        curve = find_curve(key);
    }
    return curve != NULL ? curve->digest() : NULL;
}

bool ca_key_check(const struct evp_pkey_st *key, struct error *err)
{
    int bits = EVP_PKEY_get_bits(key);

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        if (bits < 2048 || bits > (int)LIMIT_RSA_BITS_MAX) {
            return error_set(err, REASON_CA_UNSUITABLE,
                             "the CA's RSA key has %d bits; 2048 to %u are possible", bits,
                             LIMIT_RSA_BITS_MAX);
        }
        return true;
    case EVP_PKEY_EC:
        if (find_curve(key) == NULL) {
            ERR_clear_error();
            return error_set(err, REASON_CA_UNSUITABLE,
                             "the CA's EC key is not on a named curve P-256, P-384 or P-521");
        }
        return true;
    default:
        return error_set(err, REASON_CA_UNSUITABLE,
                         "the CA's key is of a type that is not supported; RSA and EC are");
    }
}

bool ca_key_check_pair(struct evp_pkey_st *key, struct error *err)
{
    EVP_PKEY_CTX *ctx = NULL;
    bool ok = false;

    if (machine_pkey_place(key) != NULL) { /* its private numbers are nobody's to see: it works? */
        return machine_pkey_try_sign(key, err);
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    ok = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok) {
        return ca_error_openssl(err, REASON_KEY_UNREADABLE,
                                "the private key is damaged: its parts do not fit together");
    }
    return true;
}

/* What OpenSSL's question for a password finds and leaves. */
struct password_answer {
    const struct secret *password;
    bool asked;
};

static int answer_password(char *buf, int size, int writing, void *context)
{
    struct password_answer *answer = context;

    (void)writing;
    answer->asked = true;
    if (answer->password == NULL || answer->password->len > (size_t)size) {
        return -1;
    }
    if (answer->password->len > 0) {
        memcpy(buf, answer->password->data, answer->password->len);
    }
    return (int)answer->password->len;
}

static EVP_PKEY *read_der_key(BIO *bio, struct password_answer *answer, OSSL_LIB_CTX *library)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&key, "DER", NULL, NULL, EVP_PKEY_KEYPAIR, library, NULL);

    if (decoder == NULL
        || OSSL_DECODER_CTX_set_pem_password_cb(decoder, answer_password, answer) != 1
        || OSSL_DECODER_from_bio(decoder, bio) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

/* The key as PKCS#8 bytes, so that nothing is left that is bound to the library context. */
static bool read_key(struct bytes content, struct password_answer *answer, OSSL_LIB_CTX *library,
                     struct secret *out)
{
    struct error ignored = ERROR_INIT;
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (bio == NULL) {
        goto out;
    }
    key = PEM_read_bio_PrivateKey_ex(bio, NULL, answer_password, answer, library, NULL);
    if (key == NULL) {
        (void)BIO_reset(bio);
        key = read_der_key(bio, answer, library);
    }
    ok = key != NULL && ca_key_pkcs8(key, out, &ignored);
out:
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok;
}

struct evp_pkey_st *ca_key_parse(struct bytes content, const char *file,
                                 const struct secret *password, struct error *err)
{
    struct password_answer answer = { password, false };
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    struct secret pkcs8 = SECRET_INIT;
    EVP_PKEY *key = NULL;
    bool bounded = content.len > 0 && content.len <= LIMIT_PEM_FILE_BYTES;
    bool have_legacy = false;
    bool read = false;

    if (bounded && !key_work_check(content, err)) {
        (void)error_context(err, "%s", file);
        goto out;
    }
    read = bounded && read_key(content, &answer, NULL, &pkcs8);
    if (!read && answer.asked && password == NULL) {
        (void)error_set(err, REASON_KEY_PASSWORD,
                        "%s: the private key is encrypted; give its password", file);
        goto out;
    }
    if (!read && answer.asked) {
        have_legacy = legacy_crypto_open(&legacy);
        read = have_legacy && read_key(content, &answer, legacy.context, &pkcs8);
    }
    if (read) {
        key = ca_key_from_pkcs8(secret_bytes(&pkcs8), err);
    } else if (answer.asked) {
        (void)error_set(err, REASON_KEY_PASSWORD,
                        "%s: the private key does not open with this password%s", file,
                        legacy_crypto_hint(have_legacy));
    } else {
        (void)error_set(err, REASON_KEY_UNREADABLE,
                        "%s holds no private key in PEM or DER that can be read (a PKCS#12 file, "
                        ".pfx or .p12, is given as such)",
                        file);
    }
out:
    ERR_clear_error();
    secret_clear(&pkcs8);
    legacy_crypto_close(&legacy);
    return key;
}

bool ca_key_pkcs8(const struct evp_pkey_st *key, struct secret *out, struct error *err)
{
    PKCS8_PRIV_KEY_INFO *info = NULL;
    unsigned char *der = NULL;
    int len = -1;
    bool ok = false;

    if (machine_pkey_place(key) != NULL) {
        return error_set(err, REASON_KEY_UNREADABLE,
                         "the key is in the machine's store and stays there: it cannot be written "
                         "or sealed");
    }
    info = EVP_PKEY2PKCS8(key);
    len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    if (len <= 0) {
        /* the library says "out of memory" of an EC key without a private half */
        (void)error_set(err, REASON_KEY_UNREADABLE, "there is no private key to keep");
        ERR_clear_error();
        goto out;
    }
    ok = secret_set(out, der, (size_t)len, err);
out:
    if (der != NULL) {
        OPENSSL_clear_free(der, (size_t)len);
    }
    PKCS8_PRIV_KEY_INFO_free(info); /* wipes the key inside */
    return ok;
}

struct evp_pkey_st *ca_key_from_pkcs8(struct bytes der, struct error *err)
{
    const unsigned char *p = der.data;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    if (der.len > 0 && der.len <= CA_KEY_DER_MAX) {
        info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);
    }
    if (info != NULL && p == der.data + der.len) {
        key = EVP_PKCS82PKEY(info);
    }
    if (key == NULL) {
        (void)ca_error_openssl(err, REASON_KEY_UNREADABLE, "a private key is not valid PKCS#8");
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

static bool make_purpose(char *purpose, size_t size, const char *kind, const char *name,
                         struct error *err)
{
    if (!text_format(purpose, size, "%s:%s", kind, name)) {
        return error_set(err, REASON_LIMIT, "the name of the CA is too long");
    }
    return true;
}

bool ca_key_seal(const char *data_folder, const char *kind, const char *name,
                 const struct evp_pkey_st *key, struct buffer *out, struct error *err)
{
    char purpose[LIMIT_TEMPLATE_NAME + 32];
    struct secret pkcs8 = SECRET_INIT;
    bool ok = make_purpose(purpose, sizeof(purpose), kind, name, err)
              && ca_key_pkcs8(key, &pkcs8, err)
              && protect_seal(data_folder, purpose, secret_bytes(&pkcs8), out, err);

    secret_clear(&pkcs8);
    return ok;
}

struct evp_pkey_st *ca_key_unseal(const char *data_folder, const char *kind, const char *name,
                                  struct bytes sealed, struct error *err)
{
    char purpose[LIMIT_TEMPLATE_NAME + 32];
    struct secret pkcs8 = SECRET_INIT;
    EVP_PKEY *key = NULL;

    if (make_purpose(purpose, sizeof(purpose), kind, name, err)
        && protect_open(data_folder, purpose, sealed, &pkcs8, err)) {
        key = ca_key_from_pkcs8(secret_bytes(&pkcs8), err);
    }
    secret_clear(&pkcs8);
    return key;
}
