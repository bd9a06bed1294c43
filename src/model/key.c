/* SPDX-License-Identifier: Apache-2.0 */
#include "model/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/limits.h"
#include "model/der_parts.h"

#define PRODUCT_MAX UINT32_MAX

/* A positive INTEGER of an RSAPublicKey; NULL on failure. Owned: BN_free. */
static BIGNUM *positive_integer(const STACK_OF(ASN1_TYPE) * parts, size_t index, struct error *err)
{
    const ASN1_INTEGER *integer = der_parts_string(parts, index, V_ASN1_INTEGER);
    BIGNUM *number = integer == NULL ? NULL : ASN1_INTEGER_to_BN(integer, NULL);

    if (number == NULL || BN_is_negative(number) || BN_is_zero(number)) {
        (void)error_set(err, REASON_SYNTAX, "RSA public key without a positive number");
        BN_free(number);
        return NULL;
    }
    return number;
}

static bool inspect_rsa(struct bytes key, struct key_facts *out, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    bool ok = false;

    parts = der_parts_sequence(key, "RSA public key", err);
    if (parts == NULL) {
        goto out;
    }
    if (der_parts_count(parts) != 2) {
        (void)error_set(err, REASON_SYNTAX, "RSA public key is malformed");
        goto out;
    }
    modulus = positive_integer(parts, 0, err);
    exponent = positive_integer(parts, 1, err);
    if (modulus == NULL || exponent == NULL) {
        goto out;
    }
    out->type = KEY_TYPE_RSA;
    out->bits = (unsigned)BN_num_bits(modulus);
    /* odd and of at most 32 bits is below 2^32 */
    out->exponent_ok = BN_is_odd(exponent) && !BN_is_one(exponent) && BN_num_bits(exponent) <= 32;
    if (out->bits > LIMIT_RSA_BITS_MAX) {
        (void)error_set(err, REASON_LIMIT, "RSA key of %u bits, more than %u", out->bits,
                        LIMIT_RSA_BITS_MAX);
        goto out;
    }
    ok = true;
out:
    BN_free(exponent);
    BN_free(modulus);
    der_parts_free(parts);
    return ok;
}

/*
 * X9.62 4.3.6 writes the point at infinity as one zero octet, and the library takes it for a key.
 * It needs no private half: everybody can make signatures that fit it (RFC 5480 2.2 has no such
 * form). Nor can anything be encrypted to it.
 */
static bool is_infinity(struct bytes point)
{
    return point.len == 0 || point.data[0] == 0;
}

static bool inspect_ec(const STACK_OF(ASN1_TYPE) * algorithm, struct bytes point,
                       struct key_facts *out, struct error *err)
{
    static const struct {
        int nid;
        unsigned bits;
    } curves[] = {
        { NID_X9_62_prime256v1, 256 },
        { NID_secp384r1, 384 },
        { NID_secp521r1, 521 },
    };
    const ASN1_OBJECT *curve = der_parts_object(algorithm, 1);

    /* RFC 5480 2.1.1: namedCurve, and neither implicitCurve nor specifiedCurve */
    if (curve == NULL) {
        return error_set(err, REASON_SYNTAX, "elliptic curve key without a named curve");
    }
    if (is_infinity(point)) {
        return error_set(err, REASON_SYNTAX, "elliptic curve key is no point of the curve");
    }
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (OBJ_obj2nid(curve) == curves[i].nid) {
            out->type = KEY_TYPE_EC;
            out->bits = curves[i].bits;
        }
    }
    return true;
}

bool key_inspect(struct bytes spki, struct key_facts *out, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    STACK_OF(ASN1_TYPE) *algorithm = NULL;
    const ASN1_OBJECT *type = NULL;
    struct key_facts facts = { KEY_TYPE_OTHER, 0, true };
    bool ok = false;

    parts = der_parts_sequence(spki, "public key", err);
    if (parts == NULL) {
        goto out;
    }
    algorithm =
        der_parts_sequence(der_parts_bytes(parts, 0, V_ASN1_SEQUENCE), "public key algorithm", err);
    if (algorithm == NULL) {
        goto out;
    }
    type = der_parts_object(algorithm, 0);
    if (der_parts_count(parts) != 2 || type == NULL || der_parts_count(algorithm) > 2
        || der_parts_string(parts, 1, V_ASN1_BIT_STRING) == NULL) {
        (void)error_set(err, REASON_SYNTAX, "public key is malformed");
        goto out;
    }
    if (OBJ_obj2nid(type) == NID_rsaEncryption) {
        ok = inspect_rsa(der_parts_bytes(parts, 1, V_ASN1_BIT_STRING), &facts, err);
    } else if (OBJ_obj2nid(type) == NID_X9_62_id_ecPublicKey) {
        ok = inspect_ec(algorithm, der_parts_bytes(parts, 1, V_ASN1_BIT_STRING), &facts, err);
    } else {
        ok = true;
    }
    if (ok) {
        *out = facts;
    }
out:
    der_parts_free(algorithm);
    der_parts_free(parts);
    return ok;
}

bool key_is_bounded(const struct key_facts *facts)
{
    return facts->type == KEY_TYPE_EC
           || (facts->type == KEY_TYPE_RSA && facts->exponent_ok
               && facts->bits >= LIMIT_RSA_BITS_MIN && facts->bits <= LIMIT_RSA_BITS_MAX);
}

bool key_sha256(EVP_PKEY *key, uint8_t digest[DIGEST_SHA256_BYTES], struct error *err)
{
    unsigned char *der = NULL;
    int len = key == NULL ? -1 : i2d_PUBKEY(key, &der);
    bool ok = false;

    if (len <= 0) {
        (void)error_set(err, crypto_memory_reason(REASON_SYNTAX), "public key cannot be encoded");
    } else {
        ok = digest_sha256(bytes_of(der, (size_t)len), digest, err);
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return ok;
}

/* The modulus of an RSA key, owned; NULL for other keys. False: it cannot be had. */
static bool rsa_modulus(EVP_PKEY *key, BIGNUM **modulus)
{
    *modulus = NULL;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return true;
    }
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, modulus) != 1) {
        ERR_clear_error();
        return false;
    }
    return true;
}

bool key_has_small_factor(EVP_PKEY *key)
{
    /* odd primes below 1000 */
    static const uint16_t primes[] = {
        3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,
        67,  71,  73,  79,  83,  89,  97,  101, 103, 107, 109, 113, 127, 131, 137, 139, 149,
        151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
        241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311, 313, 317, 331, 337, 347,
        349, 353, 359, 367, 373, 379, 383, 389, 397, 401, 409, 419, 421, 431, 433, 439, 443,
        449, 457, 461, 463, 467, 479, 487, 491, 499, 503, 509, 521, 523, 541, 547, 557, 563,
        569, 571, 577, 587, 593, 599, 601, 607, 613, 617, 619, 631, 641, 643, 647, 653, 659,
        661, 673, 677, 683, 691, 701, 709, 719, 727, 733, 739, 743, 751, 757, 761, 769, 773,
        787, 797, 809, 811, 821, 823, 827, 829, 839, 853, 857, 859, 863, 877, 881, 883, 887,
        907, 911, 919, 929, 937, 941, 947, 953, 967, 971, 977, 983, 991, 997,
    };
    const size_t count = sizeof(primes) / sizeof(primes[0]);
    BIGNUM *modulus = NULL;
    bool found = false;

    if (!rsa_modulus(key, &modulus)) {
        return true; /* not looked at is not sound */
    }
    if (modulus == NULL) {
        return false;
    }
    found = !BN_is_odd(modulus);
    for (size_t i = 0; i < count && !found;) {
        size_t first = i;
        uint32_t product = 1;
        uint32_t rest = 0;

        /* a number is divided by several at once: the long division is what costs */
        for (; i < count && product <= PRODUCT_MAX / primes[i]; i++) {
            product *= primes[i];
        }
        rest = (uint32_t)BN_mod_word(modulus, product);
        for (size_t j = first; j < i && !found; j++) {
            found = rest % primes[j] == 0;
        }
    }
    BN_free(modulus);
    return found;
}

/* Is the residue a power of 65537 modulo this prime? */
static bool is_roca_residue(unsigned residue, unsigned prime)
{
    unsigned power = 1;

    do {
        if (power == residue) {
            return true;
        }
        power = power * (65537u % prime) % prime;
    } while (power != 1);
    return false;
}

bool key_is_roca(EVP_PKEY *key)
{
    /* odd primes of the primorial that all sizes of keys have in common */
    static const uint8_t primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,
                                      37,  41,  43,  47,  53,  59,  61,  67,  71,  73,
                                      79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
                                      131, 137, 139, 149, 151, 157, 163, 167 };
    BIGNUM *modulus = NULL;
    bool found = false;

    if (!rsa_modulus(key, &modulus)) {
        return true; /* as above */
    }
    found = modulus != NULL;
    for (size_t i = 0; found && i < sizeof(primes); i++) {
        found = is_roca_residue((unsigned)BN_mod_word(modulus, primes[i]), primes[i]);
    }
    BN_free(modulus);
    return found;
}
