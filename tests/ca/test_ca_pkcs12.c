/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/pkcs12.h>

#include "base/limits.h"
#include "ca/ca_key.h"
#include "ca/ca_pkcs12.h"
#include "ca/cert_chain.h"
#include "model/legacy_crypto.h"
#include "support/costly_key.h"

#define PASSWORD "correct horse"

struct pkcs12_case {
    const char *name;
    int key_cipher, cert_cipher; /* 0: OpenSSL's default (AES-256); -1: none */
    int mac_iterations;          /* -1: no MAC */
    bool legacy;                 /* needs the legacy provider to be made */
    const char *made_with;
    const char *password;
    enum reason reason;
};

static const struct pkcs12_case pkcs12_cases[] = {
    { "modern", 0, 0, 0, false, PASSWORD, PASSWORD, REASON_NONE },
    { "modern, UTF-8", 0, 0, 0, false, "gr\xc3\xbc\xc3\x9f dich", "gr\xc3\xbc\xc3\x9f dich",
      REASON_NONE },
    { "3DES", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0,
      false, PASSWORD, PASSWORD, REASON_NONE },
    { "as Windows and old OpenSSL: 3DES and RC2-40", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
      NID_pbe_WithSHA1And40BitRC2_CBC, 0, true, PASSWORD, PASSWORD, REASON_NONE },
    { "legacy, wrong password", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
      NID_pbe_WithSHA1And40BitRC2_CBC, 0, true, PASSWORD, "wrong", REASON_KEY_PASSWORD },
    { "empty password", 0, 0, 0, false, "", NULL, REASON_NONE },
    { "empty password given", 0, 0, 0, false, "", "", REASON_NONE },
    { "nothing encrypted, no MAC", -1, -1, -1, false, NULL, NULL, REASON_NONE },
    { "wrong password", 0, 0, 0, false, PASSWORD, "wrong", REASON_KEY_PASSWORD },
    { "no password", 0, 0, 0, false, PASSWORD, NULL, REASON_KEY_PASSWORD },
    { "no MAC, wrong password", 0, 0, -1, false, PASSWORD, "wrong", REASON_KEY_PASSWORD },
};

/* False when the legacy provider is needed and missing. */
static bool make_pkcs12(const struct pkcs12_case *c, EVP_PKEY *key, X509 *cert,
                        STACK_OF(X509) * parents, struct buffer *out)
{
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    PKCS12 *p12 = NULL;
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = 0;

    if (c->legacy && !legacy_crypto_open(&legacy)) {
        legacy_crypto_close(&legacy);
        return false;
    }
    p12 = PKCS12_create_ex(c->made_with, "ca", key, cert, parents, c->key_cipher, c->cert_cipher,
                           2048, c->mac_iterations, 0, legacy.context, NULL);
    assert_non_null(p12);
    len = i2d_PKCS12(p12, &der);
    assert_true(len > 0);
    buffer_reset(out);
    assert_done(buffer_append(out, der, (size_t)len, &err), &err, c->name);
    OPENSSL_free(der);
    PKCS12_free(p12);
    legacy_crypto_close(&legacy);
    return true;
}

/* Read with this password; the certificates are counted in *count. */
static EVP_PKEY *read_pkcs12(const struct buffer *content, const char *password, int *count,
                             struct error *err)
{
    STACK_OF(X509) *pool = sk_X509_new_null();
    struct secret secret = SECRET_INIT;
    EVP_PKEY *key = NULL;

    if (password != NULL) {
        assert_done(secret_set(&secret, password, strlen(password), err), err, "password");
    }
    key = ca_pkcs12_read(buffer_bytes(content), "ca.pfx", password != NULL ? &secret : NULL, pool,
                         err);
    *count = sk_X509_num(pool);
    secret_clear(&secret);
    cert_chain_free(pool);
    return key;
}

static void pkcs12_read__each_file__key_and_certificates_or_reason(void **state)
{
    STACK_OF(X509) *parents = sk_X509_new_null();
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    EVP_PKEY *key = sample_key_rsa();
    EVP_PKEY *root_key = sample_key_ec();
    X509 *root = sample_cert(&(struct sample_cert){ .subject = "Root", .key = root_key });
    X509 *cert = sample_cert(&(struct sample_cert){
        .subject = "CA", .key = key, .issuer = root, .issuer_key = root_key });

    (void)state;
    assert_true(sk_X509_push(parents, root) > 0);
    for (size_t i = 0; i < sizeof(pkcs12_cases) / sizeof(pkcs12_cases[0]); i++) {
        const struct pkcs12_case *c = &pkcs12_cases[i];
        struct error err = ERROR_INIT;
        EVP_PKEY *found = NULL;
        int count = 0;

        if (!make_pkcs12(c, key, cert, parents, &content)) {
            print_message("skipped: %s: no legacy provider\n", c->name);
            continue;
        }
        found = read_pkcs12(&content, c->password, &count, &err);
        if (c->reason == REASON_NONE) {
            assert_done(found != NULL, &err, c->name);
            assert_int_equal(EVP_PKEY_eq(found, key), 1);
            assert_int_equal(count, 2);
        } else {
            assert_refused(found != NULL, &err, c->reason, c->name);
            assert_null(strstr(err.detail, "wrong"));
            assert_int_equal(count, 0);
        }
        EVP_PKEY_free(found);
    }
    X509_free(cert);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
    sk_X509_free(parents);
    buffer_clear(&content);
}

static void pkcs12_read__a_part_missing_or_damaged__refused(void **state)
{
    const struct pkcs12_case c = { .made_with = PASSWORD };
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct error err = ERROR_INIT;
    EVP_PKEY *key = sample_key_ec();
    X509 *cert = sample_cert(&(struct sample_cert){ .subject = "CA", .key = key });
    int count = 0;

    (void)state;
    assert_refusal(read_pkcs12(&content, NULL, &count, &err) != NULL, &err, REASON_KEY_UNREADABLE,
                   "empty");
    assert_true(make_pkcs12(&c, NULL, cert, NULL, &content));
    assert_refusal(read_pkcs12(&content, PASSWORD, &count, &err) != NULL, &err,
                   REASON_KEY_UNREADABLE, "no key");
    assert_true(make_pkcs12(&c, key, NULL, NULL, &content));
    assert_refusal(read_pkcs12(&content, PASSWORD, &count, &err) != NULL, &err,
                   REASON_CERT_UNREADABLE, "no certificate");
    content.len -= 10;
    assert_refusal(read_pkcs12(&content, PASSWORD, &count, &err) != NULL, &err,
                   REASON_KEY_UNREADABLE, "cut");
    X509_free(cert);
    EVP_PKEY_free(key);
    buffer_clear(&content);
}

/* Before any of it is done: the test would take hours. */
static void read__password_to_be_hashed_for_hours__refused(void **state)
{
    STACK_OF(X509) *pool = sk_X509_new_null();
    struct secret password = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(secret_set(&password, COSTLY_PASSWORD, strlen(COSTLY_PASSWORD), &err), &err, "");
    for (int place = COSTLY_MAC; place <= COSTLY_INSIDE; place++) {
        struct buffer file = BUFFER_INIT(8192);

        costly_pkcs12((enum costly_place)place, 2000000000, &file);
        assert_null(ca_pkcs12_read(buffer_bytes(&file), "f.pfx", &password, pool, &err));
        assert_refusal(false, &err, REASON_LIMIT, "PKCS#12");
        buffer_clear(&file);
    }
    for (int kdf = COSTLY_PBKDF2; kdf <= COSTLY_SCRYPT; kdf++) {
        struct buffer file = BUFFER_INIT(8192);

        costly_key_pem((enum costly_kdf)kdf, 2000000000, &file);
        assert_null(ca_key_parse(buffer_bytes(&file), "f.pem", &password, &err));
        assert_refusal(false, &err, REASON_LIMIT, "PEM");
        buffer_clear(&file);
    }
    secret_clear(&password);
    sk_X509_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__password_to_be_hashed_for_hours__refused),
        cmocka_unit_test(pkcs12_read__each_file__key_and_certificates_or_reason),
        cmocka_unit_test(pkcs12_read__a_part_missing_or_damaged__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
