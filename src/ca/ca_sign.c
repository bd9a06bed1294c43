/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_sign.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_error.h"
#include "ca/der_writer.h"
#include "model/key_sign.h"
#include "model/machine_pkey.h"

#define SIGNATURE_BYTES_MAX 8192 /* a key of 16384 bits has 2048 */

/* Parameters: RFC 4055 5 and RFC 5758 3.2: NULL with RSA, nothing with ECDSA. */
static bool algorithm_of(const EVP_PKEY *key, const EVP_MD *digest, int *nid, int *params)
{
    int type = EVP_PKEY_get_base_id(key);

    *params = type == EVP_PKEY_EC ? V_ASN1_UNDEF : V_ASN1_NULL;
    return (type == EVP_PKEY_RSA || type == EVP_PKEY_EC) && digest != NULL
           && OBJ_find_sigid_by_algs(nid, EVP_MD_get_type(digest), type) == 1;
}

/* ---- certificates ---------------------------------------------------------------------------- */

/* The places of one signature, in what is signed and beside it. */
struct signing {
    X509_ALGOR *inside;
    X509_ALGOR *beside;
    ASN1_BIT_STRING *signature;
    unsigned char *tbs; /* OPENSSL_free */
    int tbs_len;
};

/* Both, from key and digest. Their objects are constants of the library. */
static bool set_algorithm(const struct signing *s, const EVP_PKEY *key, const EVP_MD *digest)
{
    int params = V_ASN1_UNDEF;
    int nid = NID_undef;

    return algorithm_of(key, digest, &nid, &params)
           && X509_ALGOR_set0(s->inside, OBJ_nid2obj(nid), params, NULL) == 1
           && X509_ALGOR_set0(s->beside, OBJ_nid2obj(nid), params, NULL) == 1;
}

static bool put_signature(const struct signing *s, EVP_PKEY *key, const EVP_MD *digest)
{
    struct bytes tbs = { s->tbs, (size_t)s->tbs_len };
    int size = EVP_PKEY_get_size(key);
    size_t len = size > 0 ? (size_t)size : 0;
    unsigned char *value = len > 0 ? OPENSSL_malloc(len) : NULL;

    if (value == NULL || !key_sign(key, digest, false, tbs, value, &len)) {
        OPENSSL_free(value);
        return false;
    }
    ASN1_STRING_set0(s->signature, value, (int)len); /* taken over */
    /* no unused bits, however the last byte ends */
    s->signature->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
    s->signature->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    return true;
}

bool ca_sign_certificate(X509 *cert, EVP_PKEY *key, const EVP_MD *digest)
{
    struct signing s = { .inside = (X509_ALGOR *)X509_get0_tbs_sigalg(cert) };
    const ASN1_BIT_STRING *signature = NULL;
    const X509_ALGOR *beside = NULL;
    bool ok = false;

    X509_get0_signature(&signature, &beside, cert);
    s.beside = (X509_ALGOR *)beside;
    s.signature = (ASN1_BIT_STRING *)signature;
    if (set_algorithm(&s, key, digest)) {
        s.tbs_len = i2d_re_X509_tbs(cert, &s.tbs);
        ok = s.tbs_len > 0 && put_signature(&s, key, digest);
    }
    OPENSSL_free(s.tbs);
    return ok;
}

/* ---- what is put together as DER ------------------------------------------------------------- */

bool ca_sign_algorithm(const EVP_PKEY *key, const EVP_MD *digest, struct buffer *der,
                       struct error *err)
{
    X509_ALGOR *algorithm = X509_ALGOR_new();
    int params = V_ASN1_UNDEF;
    int nid = NID_undef;
    bool ok = algorithm != NULL && algorithm_of(key, digest, &nid, &params)
              && X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), params, NULL) == 1;

    ok = ok ? der_append_item(der, algorithm, ASN1_ITEM_rptr(X509_ALGOR), err)
            : ca_error_openssl(err, REASON_SIGN_FAILED, "no signature algorithm for this key");
    X509_ALGOR_free(algorithm);
    return ok;
}

bool ca_sign_pieces(EVP_PKEY *key, const EVP_MD *digest, const struct bytes *pieces, size_t count,
                    struct buffer *out, struct error *err)
{
    const struct key_signing signing = {
        .key = key, .digest = digest, .pieces = pieces, .count = count
    };
    struct buffer signature = BUFFER_INIT(SIGNATURE_BYTES_MAX);
    int size = EVP_PKEY_get_size(key);
    size_t len = size > 0 ? (size_t)size : 0;
    bool ok = false;

    if (!buffer_reserve(&signature, len, err)) goto out;
    if (len == 0 || !key_sign_pieces(&signing, signature.data, &len)) {
        (void)ca_error_openssl(err, REASON_SIGN_FAILED, "the key does not sign");
        machine_pkey_explain(key, err);
        goto out;
    }
    ok = der_append_bits(out, bytes_of(signature.data, len), err);
out:
    buffer_clear(&signature);
    return ok;
}
