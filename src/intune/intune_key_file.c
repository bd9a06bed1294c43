/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_key_file.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "model/certificate.h"
#include "model/key_work.h"
#include "model/legacy_crypto.h"
#include "model/pem_password.h"

#define KEY_DER_MAX 16384u /* PKCS#8 of RSA 8192 is below 5 KB */
#define CERTIFICATES_MAX 16u
#define RSA_BITS_MIN 2048 /* what Entra takes */

/* What a file holds, as bytes: nothing is bound to the library context that read it. */
struct contents {
    struct secret key;   /* PKCS#8 */
    struct buffer certs; /* PEM */
};

static void contents_clear(struct contents *c)
{
    secret_clear(&c->key);
    buffer_clear(&c->certs);
}

/* ---- the key's bytes ------------------------------------------------------------------------- */

bool intune_key_encode(const struct evp_pkey_st *key, struct secret *out, struct error *err)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    bool ok = false;

    if (len > 0) {
        ok = secret_set(out, der, (size_t)len, err);
        OPENSSL_clear_free(der, (size_t)len);
    } else {
        (void)error_set(err, REASON_KEY_UNREADABLE, "there is no private key to keep");
    }
    ERR_clear_error();
    PKCS8_PRIV_KEY_INFO_free(info); /* wipes the key inside */
    return ok;
}

struct evp_pkey_st *intune_key_decode(struct bytes pkcs8, struct error *err)
{
    const unsigned char *p = pkcs8.data;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    if (pkcs8.len > 0 && pkcs8.len <= KEY_DER_MAX) {
        info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.len);
    }
    if (info != NULL && p == pkcs8.data + pkcs8.len) {
        key = EVP_PKCS82PKEY(info);
    }
    if (key == NULL) {
        (void)error_set(err, REASON_KEY_UNREADABLE, "the private key is not valid PKCS#8");
    }
    ERR_clear_error();
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

bool intune_key_belongs(const struct x509_st *cert, const struct evp_pkey_st *key)
{
    bool belongs = X509_check_private_key(cert, key) == 1;

    ERR_clear_error();
    return belongs;
}

/* ---- PEM ------------------------------------------------------------------------------------- */

/* What OpenSSL's question for a password finds and leaves. */
struct password_answer {
    struct bytes password;
    bool asked;
};

static int answer_password(char *buf, int size, int writing, void *context)
{
    struct password_answer *answer = context;

    (void)writing;
    answer->asked = true;
    if (answer->password.len == 0 || answer->password.len > (size_t)size) return -1;
    memcpy(buf, answer->password.data, answer->password.len);
    return (int)answer->password.len;
}

static bool read_pem_key(struct bytes file, struct password_answer *answer, OSSL_LIB_CTX *library,
                         struct secret *out)
{
    struct error ignored = ERROR_INIT;
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (bio != NULL) {
        key = PEM_read_bio_PrivateKey_ex(bio, NULL, answer_password, answer, library, NULL);
        ok = key != NULL && intune_key_encode(key, out, &ignored);
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

static bool read_pem(struct bytes file, struct bytes password, struct contents *out,
                     struct error *err)
{
    struct password_answer answer = { password, false };
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    bool have_legacy = false;
    bool read = read_pem_key(file, &answer, NULL, &out->key);

    if (!read && answer.asked && password.len > 0) {
        have_legacy = legacy_crypto_open(&legacy);
        read = have_legacy && read_pem_key(file, &answer, legacy.context, &out->key);
        legacy_crypto_close(&legacy);
    }
    if (read) return buffer_append_bytes(&out->certs, file, err);
    if (answer.asked && password.len == 0) {
        return error_set(err, REASON_KEY_PASSWORD,
                         "the private key in the file is encrypted; give its password");
    }
    if (answer.asked) {
        return error_set(err, REASON_KEY_PASSWORD,
                         "the private key in the file does not open with this password%s",
                         legacy_crypto_hint(have_legacy));
    }
    return error_set(err, REASON_KEY_UNREADABLE,
                     "the file holds no private key: it has to be PEM with certificate and key, or "
                     "PKCS#12 (.pfx, .p12)");
}

/* ---- PKCS#12 --------------------------------------------------------------------------------- */

/* Owned; NULL: no PKCS#12. The file is bound to the context whose ciphers may open it. */
static PKCS12 *parse_pkcs12(struct bytes file, OSSL_LIB_CTX *library)
{
    const unsigned char *p = file.data;
    PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, library, NULL);

    p12 = d2i_PKCS12(&p12, &p, (long)file.len); /* frees what it was given on failure */
    ERR_clear_error();
    return p12;
}

/* The text with which the file's MAC fits; without a password it was made with "" or with none. */
static bool find_password(PKCS12 *p12, const char *password, const char **found)
{
    bool fits = false;

    *found = password;
    fits = !PKCS12_mac_present(p12) || PKCS12_verify_mac(p12, password, -1) == 1;
    if (!fits && password[0] == '\0' && PKCS12_verify_mac(p12, NULL, 0) == 1) {
        *found = NULL;
        fits = true;
    }
    ERR_clear_error();
    return fits;
}

static bool take_certs(X509 *cert, const STACK_OF(X509) * others, struct buffer *out)
{
    struct error ignored = ERROR_INIT;
    bool ok = cert == NULL || certificate_pem(cert, out, &ignored);

    for (int i = 0; ok && i < sk_X509_num(others); i++) {
        ok = certificate_pem(sk_X509_value(others, i), out, &ignored);
    }
    return ok;
}

static bool open_pkcs12(struct bytes file, const char *password, OSSL_LIB_CTX *library,
                        struct contents *out)
{
    struct error ignored = ERROR_INIT;
    PKCS12 *p12 = parse_pkcs12(file, library);
    STACK_OF(X509) *others = NULL;
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bool ok = false;

    buffer_reset(&out->certs);
    if (p12 != NULL && PKCS12_parse(p12, password, &key, &cert, &others) == 1) {
        ok = key != NULL && intune_key_encode(key, &out->key, &ignored)
             && take_certs(cert, others, &out->certs);
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    X509_free(cert);
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(p12);
    return ok;
}

static bool read_pkcs12(struct bytes file, PKCS12 *p12, const struct secret *password,
                        struct contents *out, struct error *err)
{
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    const char *text = password->data != NULL ? (const char *)password->data : "";
    const char *found = NULL;
    bool have_legacy = false;
    bool ok = false;

    if (strlen(text) != password->len) {
        return error_set(err, REASON_KEY_PASSWORD, "a password cannot hold a zero byte");
    }
    if (!find_password(p12, text, &found)) {
        return error_set(err, REASON_KEY_PASSWORD,
                         password->len == 0 ? "the file needs a password"
                                            : "the file does not open with this password");
    }
    if (!key_work_check_pkcs12_inside(p12, found, err)) return false;
    ok = open_pkcs12(file, found, NULL, out);
    if (!ok) {
        have_legacy = legacy_crypto_open(&legacy);
        ok = have_legacy && open_pkcs12(file, found, legacy.context, out);
        legacy_crypto_close(&legacy);
    }
    if (ok) return true;
    /* without a MAC a wrong password shows only here */
    return error_set(err, PKCS12_mac_present(p12) ? REASON_KEY_UNREADABLE : REASON_KEY_PASSWORD,
                     "the PKCS#12 file holds no private key that can be read%s%s",
                     PKCS12_mac_present(p12) ? "" : ", or the password is wrong",
                     legacy_crypto_hint(have_legacy));
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool check_key(EVP_PKEY *key, struct error *err)
{
    EVP_PKEY_CTX *ctx = NULL;
    bool sound = false;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return error_set(err, REASON_KEY_TYPE, "Entra takes RSA keys only; this is another kind");
    }
    if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN || EVP_PKEY_get_bits(key) > (int)LIMIT_RSA_BITS_MAX) {
        return error_set(err, REASON_KEY_TYPE, "the RSA key has %d bits; %d to %u are possible",
                         EVP_PKEY_get_bits(key), RSA_BITS_MIN, LIMIT_RSA_BITS_MAX);
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    sound = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return sound
           || error_set(err, REASON_KEY_UNREADABLE,
                        "the private key is damaged: its parts do not fit together");
}

/* Owned: the first certificate of the key. */
static X509 *find_cert(struct bytes pem, const EVP_PKEY *key, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *cert = NULL;
    bool any = false;

    for (unsigned i = 0; bio != NULL && i < CERTIFICATES_MAX; i++) {
        cert = PEM_read_bio_X509(bio, NULL, pem_no_password, NULL);
        if (cert == NULL || intune_key_belongs(cert, key)) break;
        any = true;
        X509_free(cert);
        cert = NULL;
    }
    ERR_clear_error();
    BIO_free(bio);
    if (cert == NULL && any) {
        (void)error_set(err, REASON_KEY_MISMATCH,
                        "no certificate in the file belongs to its private key");
    } else if (cert == NULL) {
        (void)error_set(err, REASON_CERT_UNREADABLE, "the file holds no certificate");
    }
    return cert;
}

static bool read_contents(struct bytes file, struct bytes password, struct contents *out,
                          struct error *err)
{
    PKCS12 *p12 = parse_pkcs12(file, NULL);
    struct secret text = SECRET_INIT; /* with a NUL behind it, as PKCS#12 wants it */
    bool ok = false;

    if (p12 == NULL) return key_work_check(file, err) && read_pem(file, password, out, err);
    ok = key_work_check_pkcs12(p12, err) && secret_set(&text, password.data, password.len, err)
         && read_pkcs12(file, p12, &text, out, err);
    secret_clear(&text);
    PKCS12_free(p12);
    return ok;
}

bool intune_key_file_read(struct bytes file, struct bytes password, struct x509_st **cert,
                          struct evp_pkey_st **key, struct error *err)
{
    struct contents contents = { SECRET_INIT, BUFFER_INIT(LIMIT_PEM_FILE_BYTES) };
    EVP_PKEY *found_key = NULL;
    X509 *found_cert = NULL;
    bool ok = false;

    ERR_clear_error();
    if (file.len == 0 || file.len > LIMIT_PEM_FILE_BYTES) {
        return error_set(err, REASON_KEY_UNREADABLE, "the file is empty, or over %u bytes",
                         LIMIT_PEM_FILE_BYTES);
    }
    if (!read_contents(file, password, &contents, err)) goto out;
    found_key = intune_key_decode(secret_bytes(&contents.key), err);
    if (found_key == NULL || !check_key(found_key, err)) goto out;
    found_cert = find_cert(buffer_bytes(&contents.certs), found_key, err);
    if (found_cert == NULL) goto out;
    *key = found_key;
    *cert = found_cert;
    found_key = NULL;
    found_cert = NULL;
    ok = true;
out:
    EVP_PKEY_free(found_key);
    X509_free(found_cert);
    contents_clear(&contents);
    return ok;
}
