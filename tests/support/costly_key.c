/* SPDX-License-Identifier: Apache-2.0 */
#include "support/costly_key.h"

#include "support/test_support.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

static X509_ALGOR *algorithm(enum costly_kdf kdf, int rounds)
{
    static unsigned char salt[] = "salt-salt";
    X509_ALGOR *made = NULL;

    switch (kdf) {
    case COSTLY_PBKDF2:
        made = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, salt, 8, NULL, NID_hmacWithSHA256);
        break;
    case COSTLY_PKCS12:
        made = PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, rounds, salt, 8);
        break;
    case COSTLY_SCRYPT:
        made = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, 8, NULL, 16384, 1,
                                     (uint64_t)rounds / 16384);
        break;
    }
    assert_non_null(made);
    return made;
}

static X509_SIG *encrypted_key(enum costly_kdf kdf, int rounds)
{
    X509_ALGOR *made = algorithm(kdf, rounds);
    X509_SIG *key = X509_SIG_new();
    ASN1_OCTET_STRING *content = NULL;
    X509_ALGOR *place = NULL;

    assert_non_null(key);
    X509_SIG_getm(key, &place, &content);
    assert_int_equal(X509_ALGOR_copy(place, made), 1);
    assert_int_equal(ASN1_OCTET_STRING_set(content, (const unsigned char *)"0123456789abcdef", 16),
                     1);
    X509_ALGOR_free(made);
    return key;
}

static void take_bio(BIO *bio, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    assert_done(buffer_append(out, data, (size_t)len, &err), &err, "");
    BIO_free(bio);
}

void costly_key_der(enum costly_kdf kdf, int rounds, struct buffer *out)
{
    X509_SIG *key = encrypted_key(kdf, rounds);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(i2d_PKCS8_bio(bio, key), 1);
    take_bio(bio, out);
    X509_SIG_free(key);
}

void costly_key_pem(enum costly_kdf kdf, int rounds, struct buffer *out)
{
    X509_SIG *key = encrypted_key(kdf, rounds);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PKCS8(bio, key), 1);
    take_bio(bio, out);
    X509_SIG_free(key);
}

/* ---- PKCS#12 --------------------------------------------------------------------------------- */

static STACK_OF(PKCS7) * parts(enum costly_place place, int rounds)
{
    bool costly = place == COSTLY_BAG || place == COSTLY_INSIDE;
    int cipher = place == COSTLY_PART || place == COSTLY_INSIDE
                     ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC
                     : -1; /* open */
    PKCS12_SAFEBAG *bag =
        PKCS12_SAFEBAG_create0_pkcs8(encrypted_key(COSTLY_PBKDF2, costly ? rounds : 1));
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    STACK_OF(PKCS7) *made = NULL;

    assert_non_null(bag);
    assert_true(sk_PKCS12_SAFEBAG_push(bags, bag) > 0);
    assert_int_equal(PKCS12_add_safe(&made, bags, cipher, 1, COSTLY_PASSWORD), 1);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    if (place == COSTLY_PART) {
        X509_ALGOR *more = algorithm(COSTLY_PKCS12, rounds);

        assert_int_equal(
            X509_ALGOR_copy(sk_PKCS7_value(made, 0)->d.encrypted->enc_data->algorithm, more), 1);
        X509_ALGOR_free(more);
    }
    return made;
}

/* OpenSSL hands them out for reading only. */
static void change_mac(PKCS12 *p12, enum costly_place place, int rounds)
{
    const ASN1_INTEGER *iterations = NULL;
    const X509_ALGOR *found = NULL;

    PKCS12_get0_mac(NULL, &found, NULL, &iterations, p12);
    if (place == COSTLY_MAC) {
        assert_int_equal(ASN1_INTEGER_set((ASN1_INTEGER *)(uintptr_t)iterations, rounds), 1);
    } else if (place == COSTLY_PBMAC1) {
        X509_ALGOR *made = algorithm(COSTLY_PBKDF2, rounds);
        const void *parameter = NULL;
        int type = V_ASN1_UNDEF;

        X509_ALGOR_get0(NULL, &type, &parameter, made);
        assert_int_equal(type, V_ASN1_SEQUENCE);
        assert_int_equal(X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)found, OBJ_nid2obj(NID_pbmac1),
                                         V_ASN1_SEQUENCE, ASN1_STRING_dup(parameter)),
                         1);
        X509_ALGOR_free(made);
    }
}

void costly_pkcs12(enum costly_place place, int rounds, struct buffer *out)
{
    STACK_OF(PKCS7) *content = parts(place, rounds);
    PKCS12 *p12 = PKCS12_add_safes(content, 0);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(p12);
    sk_PKCS7_pop_free(content, PKCS7_free);
    assert_int_equal(PKCS12_set_mac(p12, COSTLY_PASSWORD, -1, NULL, 0, 2, EVP_sha256()), 1);
    change_mac(p12, place, rounds);
    assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
    take_bio(bio, out);
    PKCS12_free(p12);
}
