/* SPDX-License-Identifier: Apache-2.0 */
#include "model/public_key.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/limits.h"

#define TAG_INTEGER 0x02u
#define TAG_BIT_STRING 0x03u
#define TAG_SEQUENCE 0x30u
#define LENGTH_OCTETS_MAX 3u /* more than 65535 octets are no key that is taken */
#define EXPONENT_BYTES_MAX 4u

/* AlgorithmIdentifier of rsaEncryption with NULL parameters: RFC 3279 2.3.1. */
static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                         0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

/* ---- the one form ---------------------------------------------------------------------------- */

/* Take `count` octets off the front. */
static bool take(struct bytes *from, size_t count, struct bytes *out)
{
    if (count > from->len) {
        return false;
    }
    *out = bytes_of(from->data, count);
    *from = bytes_of(from->data + count, from->len - count);
    return true;
}

/* Take an element with this tag off the front; its length in the fewest octets (X.690 10.1). */
static bool take_element(struct bytes *from, uint8_t tag, struct bytes *content)
{
    struct bytes head;
    struct bytes octets;
    size_t length = 0;

    if (!take(from, 2, &head) || head.data[0] != tag) {
        return false;
    }
    if (head.data[1] < 0x80) {
        return take(from, head.data[1], content);
    }
    if (head.data[1] == 0x80 || !take(from, head.data[1] & 0x7fu, &octets)
        || octets.len > LENGTH_OCTETS_MAX - 1 || octets.data[0] == 0) {
        return false;
    }
    for (size_t i = 0; i < octets.len; i++) {
        length = (length << 8) | octets.data[i];
    }
    return length >= 0x80 && take(from, length, content);
}

/* A positive and odd INTEGER in the fewest octets; `out` without the octet for the sign. */
static bool take_odd(struct bytes *from, struct bytes *out)
{
    struct bytes sign;

    if (!take_element(from, TAG_INTEGER, out) || out->len == 0 || (out->data[0] & 0x80u) != 0) {
        return false;
    }
    if (out->data[0] == 0 && (out->len < 2 || out->data[1] < 0x80 || !take(out, 1, &sign))) {
        return false;
    }
    return (out->data[out->len - 1] & 1u) != 0;
}

static bool is_one(struct bytes number)
{
    return number.len == 1 && number.data[0] == 1;
}

bool public_key_rsa_view(struct bytes spki, struct rsa_view *out)
{
    struct bytes info;
    struct bytes algorithm;
    struct bytes bits;
    struct bytes unused;
    struct bytes numbers;

    if (!take_element(&spki, TAG_SEQUENCE, &info) || spki.len != 0
        || !take(&info, sizeof(rsa_algorithm), &algorithm)
        || !bytes_equal(algorithm, bytes_of(rsa_algorithm, sizeof(rsa_algorithm)))
        || !take_element(&info, TAG_BIT_STRING, &bits) || info.len != 0 || !take(&bits, 1, &unused)
        || unused.data[0] != 0) {
        return false;
    }
    out->key = bits;
    return take_element(&bits, TAG_SEQUENCE, &numbers) && bits.len == 0
           && take_odd(&numbers, &out->modulus) && take_odd(&numbers, &out->exponent)
           && numbers.len == 0 && out->modulus.len <= LIMIT_RSA_BITS_MAX / 8u
           && out->exponent.len <= EXPONENT_BYTES_MAX && !is_one(out->exponent);
}

/* ---- reading --------------------------------------------------------------------------------- */

static EVP_PKEY *rsa_import(BIGNUM *modulus, BIGNUM *exponent)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (build != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *rsa_key(const struct rsa_view *rsa)
{
    BIGNUM *modulus = BN_bin2bn(rsa->modulus.data, (int)rsa->modulus.len, NULL);
    BIGNUM *exponent = BN_bin2bn(rsa->exponent.data, (int)rsa->exponent.len, NULL);
    EVP_PKEY *key = modulus != NULL && exponent != NULL ? rsa_import(modulus, exponent) : NULL;

    BN_free(modulus);
    BN_free(exponent);
    return key;
}

static EVP_PKEY *any_key(struct bytes spki)
{
    const unsigned char *at = spki.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.len);

    if (key != NULL && at != spki.data + spki.len) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* rsa NULL: by the library. */
static bool decode(struct bytes spki, const struct rsa_view *rsa, struct public_key *read,
                   struct error *err)
{
    read->way = rsa != NULL ? PUBLIC_KEY_PLAIN : PUBLIC_KEY_LIBRARY;
    read->key = rsa != NULL ? rsa_key(rsa) : any_key(spki);
    if (read->key == NULL) {
        return error_set(err, crypto_memory_reason(REASON_SYNTAX), "public key cannot be read");
    }
    if (rsa == NULL) {
        return key_sha256(read->key, read->sha256, err);
    }
    memcpy(read->sha256, read->spki_sha256,
           sizeof(read->sha256)); /* the form that it would write */
    return true;
}

static bool read_key(struct bytes spki, const struct public_key *known, bool slowly,
                     struct public_key *out, struct error *err)
{
    struct public_key read = { .facts = { KEY_TYPE_OTHER, 0, true } };
    struct rsa_view rsa;
    bool ok = false;

    *out = read;
    if (!digest_sha256(spki, read.spki_sha256, err)) {
        return false;
    }
    if (known != NULL && memcmp(known->spki_sha256, read.spki_sha256, sizeof(read.spki_sha256)) == 0
        && EVP_PKEY_up_ref(known->key) == 1) {
        *out = *known;
        out->way = PUBLIC_KEY_KNOWN;
        return true;
    }
    ok = key_inspect(spki, &read.facts, err)
         && decode(spki, !slowly && public_key_rsa_view(spki, &rsa) ? &rsa : NULL, &read, err);
    if (ok) {
        *out = read;
    } else {
        EVP_PKEY_free(read.key);
        out->way = read.way;
    }
    ERR_clear_error();
    return ok;
}

bool public_key_read(struct bytes spki, const struct public_key *known, struct public_key *out,
                     struct error *err)
{
    return read_key(spki, known, false, out, err);
}

bool public_key_read_slowly(struct bytes spki, struct public_key *out, struct error *err)
{
    return read_key(spki, NULL, true, out, err);
}

/* ---- in certificates ------------------------------------------------------------------------- */

bool public_key_sha256_of(const X509 *cert, uint8_t digest[DIGEST_SHA256_BYTES], struct error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    struct bytes spki = bytes_of(der, len > 0 ? (size_t)len : 0);
    struct public_key key;
    struct rsa_view rsa;
    bool ok = false;

    if (public_key_rsa_view(spki, &rsa)) {
        ok = digest_sha256(spki, digest, err);
    } else if (X509_get0_pubkey(cert) != NULL) {
        ok = key_sha256(X509_get0_pubkey(cert), digest, err);
    } else if (public_key_read(spki, NULL, &key, err)) {
        memcpy(digest, key.sha256, sizeof(key.sha256));
        EVP_PKEY_free(key.key);
        ok = true;
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return ok;
}

static bool put_rsa(X509 *cert, const struct rsa_view *rsa)
{
    unsigned char *copy = OPENSSL_memdup(rsa->key.data, rsa->key.len);

    if (copy == NULL
        || X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(cert), OBJ_nid2obj(NID_rsaEncryption),
                                  V_ASN1_NULL, NULL, copy, (int)rsa->key.len)
               != 1) {
        OPENSSL_free(copy);
        return false;
    }
    return true;
}

bool public_key_put(X509 *cert, EVP_PKEY *key, struct bytes spki, struct error *err)
{
    struct rsa_view rsa;
    bool ok =
        public_key_rsa_view(spki, &rsa) ? put_rsa(cert, &rsa) : X509_set_pubkey(cert, key) == 1;

    return ok || error_set(err, REASON_SYNTAX, "public key cannot be put into a certificate");
}
