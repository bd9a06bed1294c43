/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_agree.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "scep/cms_writer.h"

/* RFC 3217 3.1: an IV and a checksum of 8 octets each; RFC 3394 adds 8. */
#define WRAP_BYTES_MAX 16u
#define SHARED_INFO_BYTES_MAX 128u

/*
 * Why not the library's CMS: up to 3.3 it writes SHA-1 key derivation whatever it is told, and it
 * parses all extensions of the recipient's certificate.
 *
 * SHA-256 is what RFC 5753 wants everybody to read, and OpenSSL, CryptoAPI and Bouncy Castle do.
 * SHA-1 is what CryptoAPI writes, and so NDES; it is for those who sign with SHA-1 and may know
 * nothing newer. More than SHA-256 would make nothing stronger: what is derived is a key of at most
 * 256 bits, and collisions do not matter.
 */
static const struct {
    enum scep_digest digest;
    int scheme;
} schemes[] = {
    { SCEP_DIGEST_SHA1, NID_dhSinglePass_stdDH_sha1kdf_scheme },
    { SCEP_DIGEST_SHA256, NID_dhSinglePass_stdDH_sha256kdf_scheme },
};

/* One agreement on its way. */
struct agreement {
    const struct scep_agree_options *options;
    const EVP_CIPHER *wrap;
    int scheme;
    const EVP_MD *kdf;
    EVP_PKEY *ephemeral;
    unsigned char *point; /* its public half; OPENSSL_free */
    size_t point_len;
    unsigned char kek[EVP_MAX_KEY_LENGTH];
    size_t kek_len;
    struct buffer wrapped;
};

static bool failed(const char *what, struct error *err)
{
    ERR_clear_error();
    return error_set(err, REASON_SIGN_FAILED, "key agreement with the signer: %s", what);
}

static bool choose(struct agreement *a, struct error *err)
{
    const struct scep_digest_info *digest = scep_digest_info(a->options->kdf_digest);

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (schemes[i].digest == a->options->kdf_digest) {
            a->scheme = schemes[i].scheme;
        }
    }
    a->kdf = digest == NULL ? NULL : EVP_get_digestbynid(digest->nid);
    a->wrap = a->options->cipher->wrap_nid == NID_undef
                  ? NULL
                  : EVP_get_cipherbynid(a->options->cipher->wrap_nid);
    if (a->scheme == NID_undef || a->kdf == NULL || a->wrap == NULL) {
        return error_set(err, REASON_INTERNAL, "no key agreement for %s", a->options->cipher->name);
    }
    a->kek_len = (size_t)EVP_CIPHER_get_key_length(a->wrap);
    return true;
}

static bool make_ephemeral(struct agreement *a, EVP_PKEY *recipient, struct error *err)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(recipient, NULL);
    bool ok =
        ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &a->ephemeral) == 1;

    EVP_PKEY_CTX_free(ctx);
    if (ok) {
        a->point_len = EVP_PKEY_get1_encoded_public_key(a->ephemeral, &a->point);
    }
    return (ok && a->point_len != 0) || failed("no ephemeral key", err);
}

/* RFC 3370 4.3.1 wants NULL behind the name of the 3DES wrap, RFC 3565 2.3.2 nothing for AES. */
static void put_wrap(struct der_writer *w, const struct scep_cipher_info *cipher)
{
    struct bytes oid = scep_oid_of_nid(cipher->wrap_nid);

    if (cipher->wrap_nid == NID_id_smime_alg_CMS3DESwrap) {
        der_put_algorithm(w, oid);
        return;
    }
    der_open(w, DER_SEQUENCE);
    der_put(w, DER_OID, oid);
    der_close(w);
}

/* RFC 5753 7.2 ECC-CMS-SharedInfo: what the derived key is for. */
static bool write_shared_info(const struct agreement *a, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);
    size_t bits = a->kek_len * 8;
    const uint8_t length[4] = { 0, 0, (uint8_t)(bits >> 8), (uint8_t)bits };

    der_open(&w, DER_SEQUENCE);
    put_wrap(&w, a->options->cipher);
    der_open(&w, DER_CONTEXT_0_CONSTRUCTED + 2);
    der_put(&w, DER_OCTET_STRING, bytes_of(length, sizeof(length)));
    der_close(&w);
    der_close(&w);
    return der_finish(&w);
}

/* The context owns what it is given here; `info` itself stays the caller's. */
static bool set_shared_info(EVP_PKEY_CTX *ctx, struct bytes info)
{
    unsigned char *copy = OPENSSL_memdup(info.data, info.len);

    if (copy == NULL) {
        return false;
    }
    if (EVP_PKEY_CTX_set0_ecdh_kdf_ukm(ctx, copy, (int)info.len) <= 0) {
        OPENSSL_free(copy);
        return false;
    }
    return true;
}

static bool derive(struct agreement *a, EVP_PKEY *recipient, struct error *err)
{
    struct buffer info = BUFFER_INIT(SHARED_INFO_BYTES_MAX);
    EVP_PKEY_CTX *ctx = NULL;
    size_t len = a->kek_len;
    bool ok = false;

    if (!write_shared_info(a, &info, err)) {
        goto out;
    }
    ctx = EVP_PKEY_CTX_new(a->ephemeral, NULL);
    ok = (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1
          && EVP_PKEY_derive_set_peer(ctx, recipient) == 1
          && EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) > 0
          && EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, a->kdf) > 0
          && EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, (int)a->kek_len) > 0
          && set_shared_info(ctx, buffer_bytes(&info)) && EVP_PKEY_derive(ctx, a->kek, &len) == 1
          && len == a->kek_len)
         || failed("nothing derived", err);
out:
    EVP_PKEY_CTX_free(ctx);
    buffer_clear(&info);
    return ok;
}

static bool wrap_key(struct agreement *a, struct bytes key, struct error *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    bool ok = false;

    if (!buffer_reserve(&a->wrapped, key.len + WRAP_BYTES_MAX, err)) {
        goto out;
    }
    if (ctx == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        goto out;
    }
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_EncryptInit_ex(ctx, a->wrap, NULL, a->kek, NULL) != 1
        || EVP_EncryptUpdate(ctx, a->wrapped.data, &len, key.data, (int)key.len) != 1
        || (size_t)len <= key.len) {
        (void)failed("key cannot be wrapped", err);
        goto out;
    }
    a->wrapped.len = (size_t)len;
    ok = true;
out:
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/* originatorKey; parameters absent: the curve is the recipient's (RFC 5753 7.1.2). */
static void put_originator(struct der_writer *w, const struct agreement *a)
{
    static const uint8_t no_unused_bits = 0;

    der_open(w, DER_CONTEXT_0_CONSTRUCTED);
    der_open(w, DER_CONTEXT_0_CONSTRUCTED + 1);
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_EC_PUBLIC_KEY);
    der_close(w);
    der_open(w, DER_BIT_STRING);
    der_put_raw(w, bytes_of(&no_unused_bits, 1));
    der_put_raw(w, bytes_of(a->point, a->point_len));
    der_close(w);
    der_close(w);
    der_close(w);
}

/* RFC 5652 6.2.2; no ukm: the key is fresh. */
static bool write_recipient(const struct agreement *a, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);

    der_open(&w, DER_CONTEXT_0_CONSTRUCTED + 1);
    der_put_small(&w, 3);
    put_originator(&w, a);
    der_open(&w, DER_SEQUENCE);
    der_put(&w, DER_OID, scep_oid_of_nid(a->scheme));
    put_wrap(&w, a->options->cipher);
    der_close(&w);
    der_open(&w, DER_SEQUENCE);
    der_open(&w, DER_SEQUENCE);
    cms_put_issuer_serial(&w, a->options->recipient);
    der_put(&w, DER_OCTET_STRING, buffer_bytes(&a->wrapped));
    der_close(&w);
    der_close(&w);
    der_close(&w);
    return der_finish(&w);
}

bool scep_agree_recipient(const struct scep_agree_options *options, struct bytes key,
                          struct buffer *out, struct error *err)
{
    struct agreement a = { .options = options,
                           .wrapped = BUFFER_INIT(EVP_MAX_KEY_LENGTH + WRAP_BYTES_MAX) };
    EVP_PKEY *recipient = options->key;
    bool ok = false;

    if (recipient == NULL || EVP_PKEY_get_base_id(recipient) != EVP_PKEY_EC) {
        return error_set(err, REASON_INTERNAL, "key agreement without an EC key");
    }
    ok = choose(&a, err) && make_ephemeral(&a, recipient, err) && derive(&a, recipient, err)
         && wrap_key(&a, key, err) && write_recipient(&a, out, err);
    secret_wipe(a.kek, sizeof(a.kek));
    buffer_clear(&a.wrapped);
    OPENSSL_free(a.point);
    EVP_PKEY_free(a.ephemeral);
    ERR_clear_error();
    return ok;
}
