/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "intune/intune_credential.h"
#include "intune/intune_credential_files.h"
#include "intune/intune_key_file.h"
#include "model/certificate.h"
#include "model/legacy_crypto.h"
#include "support/costly_key.h"

#define PASSWORD "Pass-Marker 4711"

/* One RSA identity, a parent, and what does not fit. */
struct identities {
    EVP_PKEY *key, *other_key, *small_key, *ec_key;
    X509 *cert, *other_cert, *small_cert, *ec_cert;
};

static X509 *make_cert(EVP_PKEY *key, const char *name)
{
    X509 *cert = X509_new();

    assert_non_null(key);
    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -86400));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 86400));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(cert)), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static int make_identities(void **state)
{
    static struct identities made;

    made.key = EVP_RSA_gen(2048);
    made.other_key = EVP_RSA_gen(2048);
    made.small_key = EVP_RSA_gen(1024);
    made.ec_key = EVP_EC_gen("P-256");
    made.cert = make_cert(made.key, "application");
    made.other_cert = make_cert(made.other_key, "other");
    made.small_cert = make_cert(made.small_key, "small");
    made.ec_cert = make_cert(made.ec_key, "curve");
    *state = &made;
    return 0;
}

static int free_identities(void **state)
{
    struct identities *made = *state;

    X509_free(made->cert);
    X509_free(made->other_cert);
    X509_free(made->small_cert);
    X509_free(made->ec_cert);
    EVP_PKEY_free(made->key);
    EVP_PKEY_free(made->other_key);
    EVP_PKEY_free(made->small_key);
    EVP_PKEY_free(made->ec_key);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void take_bio(BIO *bio, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    assert_true(buffer_append(out, data, (size_t)len, &err));
    BIO_free(bio);
}

enum key_form { KEY_PKCS8, KEY_PKCS8_ENCRYPTED, KEY_TRADITIONAL, KEY_TRADITIONAL_ENCRYPTED };

static void add_key(EVP_PKEY *key, enum key_form form, struct buffer *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const unsigned char *password = (const unsigned char *)PASSWORD;
    int len = (int)strlen(PASSWORD);
    int done = 0;

    switch (form) {
    case KEY_PKCS8:
        done = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
        break;
    case KEY_PKCS8_ENCRYPTED:
        done =
            PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), PASSWORD, len, NULL, NULL);
        break;
    case KEY_TRADITIONAL:
        done = PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
        break;
    case KEY_TRADITIONAL_ENCRYPTED:
        done = PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), password, len,
                                                    NULL, NULL);
        break;
    }
    assert_int_equal(done, 1);
    take_bio(bio, out);
}

static void add_cert(X509 *cert, struct buffer *out)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    take_bio(bio, out);
}

/* ciphers 0: OpenSSL's default; -1: none. mac -1: no MAC. False: the legacy provider is missing. */
static bool make_pkcs12(const struct identities *ids, const char *password, int key_cipher,
                        int cert_cipher, int mac, struct buffer *out)
{
    struct legacy_crypto legacy = { NULL, NULL, NULL };
    STACK_OF(X509) *others = sk_X509_new_null();
    bool old = cert_cipher == NID_pbe_WithSHA1And40BitRC2_CBC;
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    PKCS12 *p12 = NULL;
    int len = 0;

    assert_true(sk_X509_push(others, ids->other_cert) > 0);
    if (old && !legacy_crypto_open(&legacy)) {
        legacy_crypto_close(&legacy);
        sk_X509_free(others);
        return false;
    }
    p12 = PKCS12_create_ex(password, "app", ids->key, ids->cert, others, key_cipher, cert_cipher,
                           2048, mac, 0, legacy.context, NULL);
    assert_non_null(p12);
    len = i2d_PKCS12(p12, &der);
    assert_true(len > 0);
    assert_true(buffer_append(out, der, (size_t)len, &err));
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(others);
    legacy_crypto_close(&legacy);
    return true;
}

static void assert_read(const struct identities *ids, const struct buffer *file,
                        const char *password, enum reason reason, const char *name)
{
    struct error err = ERROR_INIT;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool ok = intune_key_file_read(buffer_bytes(file), bytes_of_text(password), &cert, &key, &err);

    if (reason == REASON_NONE) {
        assert_done(ok, &err, name);
        assert_int_equal(X509_cmp(cert, ids->cert), 0);
        assert_int_equal(EVP_PKEY_eq(key, ids->key), 1);
        assert_true(intune_key_belongs(cert, key));
    } else {
        assert_refused(ok, &err, reason, name);
        assert_null(cert);
        assert_null(key);
        assert_null(strstr(err.detail, "Marker"));
    }
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void read__pem__every_form(void **state)
{
    static const struct {
        const char *name;
        enum key_form form;
        const char *password;
        enum reason reason;
    } cases[] = {
        { "PKCS#8", KEY_PKCS8, "", REASON_NONE },
        { "PKCS#8, needless password", KEY_PKCS8, "x", REASON_NONE },
        { "PKCS#8 encrypted", KEY_PKCS8_ENCRYPTED, PASSWORD, REASON_NONE },
        { "PKCS#8 encrypted, wrong", KEY_PKCS8_ENCRYPTED, "wrong", REASON_KEY_PASSWORD },
        { "PKCS#8 encrypted, none", KEY_PKCS8_ENCRYPTED, "", REASON_KEY_PASSWORD },
        { "RSA", KEY_TRADITIONAL, "", REASON_NONE },
        { "RSA encrypted", KEY_TRADITIONAL_ENCRYPTED, PASSWORD, REASON_NONE },
        { "RSA encrypted, none", KEY_TRADITIONAL_ENCRYPTED, "", REASON_KEY_PASSWORD },
    };
    const struct identities *ids = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = BUFFER_INIT(65536);

        add_key(ids->key, cases[i].form, &file);
        add_cert(ids->cert, &file);
        assert_read(ids, &file, cases[i].password, cases[i].reason, cases[i].name);
        buffer_clear(&file);
        /* the other order, and a certificate that is not the key's in front */
        add_cert(ids->other_cert, &file);
        add_cert(ids->cert, &file);
        add_key(ids->key, cases[i].form, &file);
        assert_read(ids, &file, cases[i].password, cases[i].reason, cases[i].name);
        buffer_clear(&file);
    }
}

static void read__pkcs12__every_form(void **state)
{
    static const struct {
        const char *name;
        const char *made_with;
        int key_cipher, cert_cipher, mac;
        const char *password;
        enum reason reason;
    } cases[] = {
        { "modern", PASSWORD, 0, 0, 0, PASSWORD, REASON_NONE },
        { "3DES", PASSWORD, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
          NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0, PASSWORD, REASON_NONE },
        { "as old Windows", PASSWORD, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
          NID_pbe_WithSHA1And40BitRC2_CBC, 0, PASSWORD, REASON_NONE },
        { "empty password", "", 0, 0, 0, "", REASON_NONE },
        { "nothing encrypted", NULL, -1, -1, -1, "", REASON_NONE },
        { "wrong password", PASSWORD, 0, 0, 0, "wrong", REASON_KEY_PASSWORD },
        { "no password", PASSWORD, 0, 0, 0, "", REASON_KEY_PASSWORD },
        { "no MAC, wrong password", PASSWORD, 0, 0, -1, "wrong", REASON_KEY_PASSWORD },
    };
    const struct identities *ids = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = BUFFER_INIT(65536);

        if (make_pkcs12(ids, cases[i].made_with, cases[i].key_cipher, cases[i].cert_cipher,
                        cases[i].mac, &file)) {
            assert_read(ids, &file, cases[i].password, cases[i].reason, cases[i].name);
        } else {
            print_message("%s: no legacy provider\n", cases[i].name);
        }
        buffer_clear(&file);
    }
}

static void read__does_not_fit__refused(void **state)
{
    const struct identities *ids = *state;
    const struct {
        const char *name;
        EVP_PKEY *key; /* NULL: none */
        X509 *cert;
        enum reason reason;
    } cases[] = {
        { "nothing", NULL, NULL, REASON_KEY_UNREADABLE },
        { "no key", NULL, ids->cert, REASON_KEY_UNREADABLE },
        { "no certificate", ids->key, NULL, REASON_CERT_UNREADABLE },
        { "another certificate", ids->key, ids->other_cert, REASON_KEY_MISMATCH },
        { "RSA 1024", ids->small_key, ids->small_cert, REASON_KEY_TYPE },
        { "EC", ids->ec_key, ids->ec_cert, REASON_KEY_TYPE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = BUFFER_INIT(65536);

        if (cases[i].key != NULL) add_key(cases[i].key, KEY_PKCS8, &file);
        if (cases[i].cert != NULL) add_cert(cases[i].cert, &file);
        assert_read(ids, &file, "", cases[i].reason, cases[i].name);
        buffer_clear(&file);
    }
}

/* Every shorter piece of a PKCS#12 file is refused, and none does harm. */
static void read__cut_files__refused(void **state)
{
    const struct identities *ids = *state;
    struct buffer file = BUFFER_INIT(65536);

    assert_true(make_pkcs12(ids, PASSWORD, 0, 0, 0, &file));
    for (size_t len = 0; len < file.len; len += 97) {
        struct error err = ERROR_INIT;
        X509 *cert = NULL;
        EVP_PKEY *key = NULL;

        assert_false(intune_key_file_read(bytes_of(file.data, len), bytes_of_text(PASSWORD), &cert,
                                          &key, &err));
        assert_true(error_is_set(&err));
    }
    buffer_clear(&file);
}

static void import__kept_sealed(void **state)
{
    const struct identities *ids = *state;
    struct test_folder folder;
    struct buffer file = BUFFER_INIT(65536);
    struct buffer content = BUFFER_INIT(65536);
    struct secret pkcs8 = SECRET_INIT;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;

    test_folder_create(&folder);
    add_key(ids->key, KEY_PKCS8_ENCRYPTED, &file);
    add_cert(ids->cert, &file);
    assert_refused(
        intune_certificate_import(folder.path, buffer_bytes(&file), bytes_of_text("wrong"), &err),
        &err, REASON_KEY_PASSWORD, "");
    error_clear(&err);
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "");
    assert_false(found); /* a refused one leaves nothing */
    assert_done(
        intune_certificate_import(folder.path, buffer_bytes(&file), bytes_of_text(PASSWORD), &err),
        &err, "");
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(X509_cmp(cert, ids->cert), 0);
    assert_int_equal(EVP_PKEY_eq(key, ids->key), 1);
    /* no run of the key's bytes is in the file */
    assert_done(intune_key_encode(key, &pkcs8, &err), &err, "");
    test_folder_read(&folder, INTUNE_FILE_KEY, &content);
    for (size_t i = 0; i + 16 <= content.len; i++) {
        assert_memory_not_equal(content.data + i, pkcs8.data + pkcs8.len - 16, 16);
    }
    secret_clear(&pkcs8);
    buffer_clear(&content);
    buffer_clear(&file);
    X509_free(cert);
    EVP_PKEY_free(key);
    test_folder_remove(&folder);
}

/* Before any of it is done: the test would take hours. */
static void read__password_to_be_hashed_for_hours__refused(void **state)
{
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    struct error err = ERROR_INIT;

    (void)state;
    for (int place = COSTLY_MAC; place <= COSTLY_INSIDE + 1; place++) {
        struct buffer file = BUFFER_INIT(8192);

        if (place <= COSTLY_INSIDE) {
            costly_pkcs12((enum costly_place)place, 2000000000, &file);
        } else {
            costly_key_pem(COSTLY_PBKDF2, 2000000000, &file);
        }
        assert_refused(intune_key_file_read(buffer_bytes(&file), bytes_of_text(COSTLY_PASSWORD),
                                            &cert, &key, &err),
                       &err, REASON_LIMIT, "");
        error_clear(&err);
        buffer_clear(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__password_to_be_hashed_for_hours__refused),
        cmocka_unit_test(read__pem__every_form),
        cmocka_unit_test(read__pkcs12__every_form),
        cmocka_unit_test(read__does_not_fit__refused),
        cmocka_unit_test(read__cut_files__refused),
        cmocka_unit_test(import__kept_sealed),
    };

    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
