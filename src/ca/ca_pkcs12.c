/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_pkcs12.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include "base/limits.h"
#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/cert_chain.h"
#include "model/key_work.h"
#include "model/legacy_crypto.h"
#include "model/certificate.h"

/* What a file holds, as bytes: nothing in it is bound to the library context that read it. */
struct contents {
    struct secret key;
    struct buffer certs; /* PEM */
};

/* Owned. PKCS12_init_ex binds the file to the context whose ciphers may open it. */
static PKCS12 *parse(struct bytes content, OSSL_LIB_CTX *library)
{
    const unsigned char *p = content.data;
    PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, library, NULL);

    return d2i_PKCS12(&p12, &p, (long)content.len); /* frees p12 on failure */
}

/* The text with which the file's MAC fits; without a password it was made with "" or with none. */
static bool find_password(PKCS12 *p12, const struct secret *password, const char **found)
{
    bool empty = password == NULL || password->len == 0;
    const char *text = empty ? "" : (const char *)password->data;

    *found = text;
    if (!PKCS12_mac_present(p12) || PKCS12_verify_mac(p12, text, -1) == 1) {
        return true;
    }
    if (empty && PKCS12_verify_mac(p12, NULL, 0) == 1) {
        *found = NULL;
        return true;
    }
    return false;
}

static bool take_contents(PKCS12 *p12, const char *password, struct contents *out,
                          struct error *err)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *others = NULL;
    bool ok = false;

    if (PKCS12_parse(p12, password, &key, &cert, &others) != 1) {
        goto out;
    }
    buffer_reset(&out->certs);
    ok = key != NULL && ca_key_pkcs8(key, &out->key, err)
         && (cert == NULL || certificate_pem(cert, &out->certs, err))
         && cert_chain_pem(others, &out->certs, err);
out:
    EVP_PKEY_free(key);
    X509_free(cert);
    cert_chain_free(others);
    return ok;
}

/* With old ciphers at hand. */
static bool take_legacy_contents(struct bytes content, const char *password, bool *have_legacy,
                                 struct contents *out)
{
    struct error ignored = ERROR_INIT;
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    PKCS12 *p12 = NULL;
    bool ok = false;

    *have_legacy = legacy_crypto_open(&legacy);
    if (*have_legacy) {
        p12 = parse(content, legacy.context);
        ok = p12 != NULL && take_contents(p12, password, out, &ignored);
    }
    PKCS12_free(p12);
    legacy_crypto_close(&legacy);
    return ok;
}

static bool check_mac(PKCS12 *p12, const char *file, const struct secret *password,
                      const char **text, struct error *err)
{
    if (password != NULL && password->len > 0
        && strlen((const char *)password->data) != password->len) {
        return error_set(err, REASON_KEY_PASSWORD, "a password cannot hold a zero byte");
    }
    ERR_clear_error();
    if (find_password(p12, password, text)) {
        return true;
    }
    /* A MAC that differs leaves nothing in the queue; an unknown algorithm does. */
    if (ERR_peek_error() != 0) {
        return ca_error_openssl(err, REASON_KEY_UNREADABLE,
                                "%s: its integrity check cannot be computed", file);
    }
    if (password == NULL) {
        return error_set(err, REASON_KEY_PASSWORD, "%s needs a password", file);
    }
    return error_set(err, REASON_KEY_PASSWORD, "%s does not open with this password", file);
}

/* Without a MAC a wrong password shows only here. */
static bool refuse_contents(const PKCS12 *p12, const char *file, bool have_legacy,
                            struct error *err)
{
    if (!PKCS12_mac_present(p12)) {
        return error_set(err, REASON_KEY_PASSWORD,
                         "%s does not open with this password, or holds no private key%s", file,
                         legacy_crypto_hint(have_legacy));
    }
    return error_set(err, REASON_KEY_UNREADABLE, "%s: no private key can be read from it%s", file,
                     legacy_crypto_hint(have_legacy));
}

struct evp_pkey_st *ca_pkcs12_read(struct bytes content, const char *file,
                                   const struct secret *password, struct stack_st_X509 *pool,
                                   struct error *err)
{
    struct contents contents = { SECRET_INIT, BUFFER_INIT(LIMIT_PEM_FILE_BYTES) };
    struct error ignored = ERROR_INIT;
    const char *text = NULL;
    EVP_PKEY *key = NULL;
    PKCS12 *p12 = NULL;
    bool have_legacy = false;

    if (content.len > 0 && content.len <= LIMIT_PEM_FILE_BYTES) {
        p12 = parse(content, NULL);
    }
    if (p12 == NULL) {
        (void)ca_error_openssl(err, REASON_KEY_UNREADABLE, "%s is not a PKCS#12 file", file);
        goto out;
    }
    if (!key_work_check_pkcs12(p12, err)) {
        (void)error_context(err, "%s", file);
        goto out;
    }
    if (!check_mac(p12, file, password, &text, err)) {
        goto out;
    }
    if (!key_work_check_pkcs12_inside(p12, text, err)) {
        (void)error_context(err, "%s", file);
        goto out;
    }
    if (!take_contents(p12, text, &contents, &ignored)
        && !take_legacy_contents(content, text, &have_legacy, &contents)) {
        (void)refuse_contents(p12, file, have_legacy, err);
        goto out;
    }
    key = ca_key_from_pkcs8(secret_bytes(&contents.key), err);
    if (key == NULL) {
        goto out;
    }
    if (contents.certs.len == 0
        || !cert_chain_parse(buffer_bytes(&contents.certs), file, pool, err)) {
        (void)error_set(err, REASON_CERT_UNREADABLE, "%s holds no certificate", file);
        EVP_PKEY_free(key);
        key = NULL;
    }
out:
    ERR_clear_error();
    secret_clear(&contents.key);
    buffer_clear(&contents.certs);
    PKCS12_free(p12);
    return key;
}
