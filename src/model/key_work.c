/* SPDX-License-Identifier: Apache-2.0 */
#include "model/key_work.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#define TOO_MUCH INT64_MAX

/* ---- of an algorithm ------------------------------------------------------------------------- */

/* Absent: 1; a number that fits nowhere: too much. */
static int64_t number(const ASN1_INTEGER *value)
{
    int64_t out = 1;

    return value == NULL || ASN1_INTEGER_get_int64(&out, value) == 1 ? out : TOO_MUCH;
}

static int64_t product(int64_t a, int64_t b)
{
    if (a <= 0 || b <= 0) {
        return 0; /* for OpenSSL to refuse */
    }
    return a > TOO_MUCH / b ? TOO_MUCH : a * b;
}

static int64_t work_of_pbe(const ASN1_TYPE *parameter)
{
    PBEPARAM *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameter);
    int64_t work = pbe == NULL ? 0 : number(pbe->iter);

    PBEPARAM_free(pbe);
    return work;
}

static int64_t work_of_pbkdf2(const ASN1_TYPE *parameter)
{
    PBKDF2PARAM *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
    int64_t work = kdf == NULL ? 0 : number(kdf->iter);

    PBKDF2PARAM_free(kdf);
    return work;
}

static int64_t work_of_scrypt(const ASN1_TYPE *parameter)
{
    SCRYPT_PARAMS *s = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
    int64_t work = s == NULL ? 0
                             : product(product(number(s->costParameter), number(s->blockSize)),
                                       number(s->parallelizationParameter));

    SCRYPT_PARAMS_free(s);
    return work;
}

static int64_t work_of_kdf(const X509_ALGOR *kdf)
{
    switch (OBJ_obj2nid(kdf->algorithm)) {
    case NID_id_pbkdf2:
        return work_of_pbkdf2(kdf->parameter);
    case NID_id_scrypt:
        return work_of_scrypt(kdf->parameter);
    default:
        return 0;
    }
}

/* PBES2 and PBMAC1 begin alike: the key derivation, then what the key is for. */
static int64_t work_of(const X509_ALGOR *algorithm)
{
    int nid = OBJ_obj2nid(algorithm->algorithm);
    PBE2PARAM *two = NULL;
    int64_t work = 0;

    if (nid != NID_pbes2 && nid != NID_pbmac1) {
        return work_of_pbe(algorithm->parameter);
    }
    two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    work = two == NULL ? 0 : work_of_kdf(two->keyfunc);
    PBE2PARAM_free(two);
    return work;
}

static bool bounded(int64_t work, struct error *err)
{
    return work <= KEY_WORK_MAX
           || error_set(err, REASON_LIMIT,
                        "the password would have to be hashed more than %d times, which takes "
                        "hours; export the key anew with fewer iterations",
                        KEY_WORK_MAX);
}

static bool check_algorithm(const X509_ALGOR *algorithm, struct error *err)
{
    return algorithm == NULL || bounded(work_of(algorithm), err);
}

static bool check_encrypted_key(const X509_SIG *key, struct error *err)
{
    const X509_ALGOR *algorithm = NULL;

    if (key != NULL) {
        X509_SIG_get0(key, &algorithm, NULL);
    }
    return check_algorithm(algorithm, err);
}

/* ---- a key ----------------------------------------------------------------------------------- */

static bool check_der(struct bytes content, struct error *err)
{
    const unsigned char *p = content.data;
    X509_SIG *key = d2i_X509_SIG(NULL, &p, (long)content.len);
    bool ok = check_encrypted_key(key, err);

    X509_SIG_free(key);
    return ok;
}

/* The one that begins here. */
static bool check_pem(struct bytes content, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    bool ok = true;

    if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
        ok = check_der(bytes_of(der, (size_t)len), err);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    return ok;
}

bool key_work_check(struct bytes content, struct error *err)
{
    static const char begin[] = "-----BEGIN ENCRYPTED PRIVATE KEY";
    bool ok = true;

    ERR_set_mark();
    ok = check_der(content, err);
    /* Behind a damaged block, too: a reader may go on there. */
    for (size_t i = 0; ok && i + sizeof(begin) <= content.len; i++) {
        if (memcmp(content.data + i, begin, sizeof(begin) - 1) == 0) {
            ok = check_pem(bytes_of(content.data + i, content.len - i), err);
        }
    }
    ERR_pop_to_mark();
    return ok;
}

/* ---- PKCS#12 --------------------------------------------------------------------------------- */

static bool check_mac(const PKCS12 *p12, struct error *err)
{
    const ASN1_INTEGER *iterations = NULL;
    const X509_ALGOR *algorithm = NULL;

    if (!PKCS12_mac_present(p12)) {
        return true;
    }
    PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, p12);
    return bounded(number(iterations), err) && check_algorithm(algorithm, err);
}

/* Bags may hold bags. The depth is OpenSSL's: it has parsed them. */
static bool check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, struct error *err)
{
    bool ok = true;

    for (int i = 0; ok && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag) {
            ok = check_encrypted_key(PKCS12_SAFEBAG_get0_pkcs8(bag), err);
        } else if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag) {
            ok = check_bags(PKCS12_SAFEBAG_get0_safes(bag), err);
        }
    }
    return ok;
}

static bool check_owned_bags(STACK_OF(PKCS12_SAFEBAG) * bags, struct error *err)
{
    bool ok = check_bags(bags, err);

    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return ok;
}

static bool check_part(PKCS7 *part, struct error *err)
{
    if (PKCS7_type_is_data(part)) {
        return check_owned_bags(PKCS12_unpack_p7data(part), err);
    }
    return !PKCS7_type_is_encrypted(part) || part->d.encrypted == NULL
           || check_algorithm(part->d.encrypted->enc_data->algorithm, err);
}

bool key_work_check_pkcs12(const struct PKCS12_st *p12, struct error *err)
{
    STACK_OF(PKCS7) *parts = NULL;
    bool ok = true;

    ERR_set_mark();
    parts = PKCS12_unpack_authsafes(p12);
    ok = check_mac(p12, err);
    for (int i = 0; ok && i < sk_PKCS7_num(parts); i++) {
        ok = check_part(sk_PKCS7_value(parts, i), err);
    }
    sk_PKCS7_pop_free(parts, PKCS7_free);
    ERR_pop_to_mark();
    return ok;
}

bool key_work_check_pkcs12_inside(const struct PKCS12_st *p12, const char *password,
                                  struct error *err)
{
    int length = password == NULL ? 0 : (int)strlen(password);
    STACK_OF(PKCS7) *parts = NULL;
    bool ok = true;

    ERR_set_mark();
    parts = PKCS12_unpack_authsafes(p12);
    for (int i = 0; ok && i < sk_PKCS7_num(parts); i++) {
        PKCS7 *part = sk_PKCS7_value(parts, i);

        if (PKCS7_type_is_encrypted(part)) {
            ok = check_owned_bags(PKCS12_unpack_p7encdata(part, password, length), err);
        }
    }
    sk_PKCS7_pop_free(parts, PKCS7_free);
    ERR_pop_to_mark();
    return ok;
}
