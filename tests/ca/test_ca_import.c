/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/limits.h"
#include "ca/ca_key.h"
#include "platform/clock.h"

#define PASSWORD "correct horse"

/* Made once: keys are slow. root -> policy -> issuing, and what does not belong to them. */
struct world {
    EVP_PKEY *root_key, *policy_key, *key, *other_key, *rsa_key;
    X509 *root, *policy, *cert, *other, *rsa_cert;
};

static int set_up(void **state)
{
    static struct world world; /* of this test program alone */
    struct world *w = &world;

    w->root_key = sample_key_ec();
    w->policy_key = sample_key_ec();
    w->key = sample_key_ec();
    w->other_key = sample_key_ec();
    w->rsa_key = sample_key_rsa();
    w->root = sample_cert(&(struct sample_cert){ .subject = "Root", .key = w->root_key });
    w->policy = sample_cert(&(struct sample_cert){ .subject = "Policy",
                                                   .key = w->policy_key,
                                                   .issuer = w->root,
                                                   .issuer_key = w->root_key,
                                                   .digest = EVP_sha1() });
    w->cert = sample_cert(&(struct sample_cert){
        .subject = "Issuing", .key = w->key, .issuer = w->policy, .issuer_key = w->policy_key });
    w->other = sample_cert(&(struct sample_cert){ .subject = "Other", .key = w->other_key });
    w->rsa_cert = sample_cert(&(struct sample_cert){ .subject = "RSA", .key = w->rsa_key });
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    EVP_PKEY *keys[] = { w->root_key, w->policy_key, w->key, w->other_key, w->rsa_key };
    X509 *certs[] = { w->root, w->policy, w->cert, w->other, w->rsa_cert };

    for (size_t i = 0; i < 5; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(certs[i]);
    }
    return 0;
}

/* ---- files in all their forms ---------------------------------------------------------------- */

static void write_cert_der(const struct test_folder *folder, X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    assert_true(len > 0);
    sample_write(folder, "cert", der, (size_t)len);
    OPENSSL_free(der);
}

static void write_p7b(const struct test_folder *folder, X509 *const *certs, size_t count, bool pem)
{
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    p7->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(PKCS7_add_certificate(p7, certs[i]), 1);
    }
    assert_int_equal(pem ? PEM_write_bio_PKCS7(bio, p7) : i2d_PKCS7_bio(bio, p7), 1);
    len = BIO_get_mem_data(bio, &data);
    sample_write(folder, "cert", data, (size_t)len);
    BIO_free(bio);
    PKCS7_free(p7);
}

static void write_key(const struct test_folder *folder, const EVP_PKEY *key, const char *format,
                      const char *structure, const char *cipher, const char *password)
{
    OSSL_ENCODER_CTX *ctx =
        OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, format, structure, NULL);
    unsigned char *data = NULL;
    size_t len = 0;

    if (cipher != NULL) {
        assert_int_equal(OSSL_ENCODER_CTX_set_cipher(ctx, cipher, NULL), 1);
        assert_int_equal(
            OSSL_ENCODER_CTX_set_passphrase(ctx, (const unsigned char *)password, strlen(password)),
            1);
    }
    assert_int_equal(OSSL_ENCODER_to_data(ctx, &data, &len), 1);
    sample_write(folder, "key", data, len);
    OPENSSL_free(data);
    OSSL_ENCODER_CTX_free(ctx);
}

/* PEM encryption of old (RFC 1421), DEK-Info in the header. */
static void write_traditional(const struct test_folder *folder, EVP_PKEY *key,
                              const EVP_CIPHER *cipher)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(
                         bio, key, cipher, cipher != NULL ? (const unsigned char *)PASSWORD : NULL,
                         cipher != NULL ? (int)strlen(PASSWORD) : 0, NULL, NULL),
                     1);
    len = BIO_get_mem_data(bio, &data);
    sample_write(folder, "key", data, (size_t)len);
    BIO_free(bio);
}

/* ---- the import itself ----------------------------------------------------------------------- */

static bool import(const struct test_folder *folder, bool pkcs12, const char *password,
                   struct error *err)
{
    struct ca_import_options options = { .base = fixture_options(folder) };
    struct secret secret = SECRET_INIT;
    char cert[FILE_PATH_MAX];
    char key[FILE_PATH_MAX];
    bool ok = false;

    test_folder_path(folder, "cert", cert);
    test_folder_path(folder, "key", key);
    if (pkcs12) {
        options.pkcs12_file = key;
    } else {
        options.cert_file = cert;
        options.key_file = key;
    }
    if (password != NULL) {
        assert_true(secret_set(&secret, password, strlen(password), err));
        options.password = &secret;
    }
    ok = ca_files_import(&options, err);
    secret_clear(&secret);
    return ok;
}

/* Nothing was written: not even an unfinished folder. */
static void assert_no_trace(const struct test_folder *folder, const char *name)
{
    char path[FILE_PATH_MAX];

    test_folder_path(folder, "ca/issuing", path);
    if (folder_exists(path)) {
        fail_msg("%s: the folder is there", name);
    }
    test_folder_path(folder, "ca/.issuing.new", path);
    if (folder_exists(path)) {
        fail_msg("%s: the draft is there", name);
    }
}

/* It opens, its certificate is this one, its chain has so many certificates, its RA verifies. */
static void assert_imported(const struct test_folder *folder, const X509 *cert, size_t chain,
                            const char *name)
{
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = fixture_open(folder, NULL, &builtin);
    struct ra_set *set = ca_ra(ca, &err);

    assert_done(set != NULL, &err, name);
    assert_int_equal(X509_cmp(ca_builtin_certificate(builtin), cert), 0);
    assert_int_equal(set->chain_count, chain);
    assert_int_equal(X509_cmp(set->chain[0], cert), 0);
    for (size_t i = 1; i < chain; i++) {
        assert_int_equal(X509_verify(set->chain[i - 1], X509_get0_pubkey(set->chain[i])), 1);
    }
    assert_int_equal(X509_verify(set->ra[0].cert, X509_get0_pubkey(set->chain[0])), 1);
    ra_set_unref(set);
    ca_free(ca);
}

/* ---- key files ------------------------------------------------------------------------------- */

struct key_case {
    const char *name;
    bool rsa;
    const char *format, *structure, *cipher;
    const char *password;
    enum reason reason; /* REASON_NONE: imported */
};

static const struct key_case key_cases[] = {
    { "PKCS#8 PEM", false, "PEM", "PrivateKeyInfo", NULL, NULL, REASON_NONE },
    { "PKCS#8 PEM, needless password", false, "PEM", "PrivateKeyInfo", NULL, "x", REASON_NONE },
    { "PKCS#8 DER", false, "DER", "PrivateKeyInfo", NULL, NULL, REASON_NONE },
    { "RSA PEM", true, "PEM", "type-specific", NULL, NULL, REASON_NONE },
    { "RSA DER", true, "DER", "type-specific", NULL, NULL, REASON_NONE },
    { "EC DER", false, "DER", "type-specific", NULL, NULL, REASON_NONE },
    { "encrypted", false, "PEM", "EncryptedPrivateKeyInfo", "AES-256-CBC", PASSWORD, REASON_NONE },
    { "encrypted, 3DES", true, "PEM", "EncryptedPrivateKeyInfo", "DES-EDE3-CBC", PASSWORD,
      REASON_NONE },
    { "encrypted DER", true, "DER", "EncryptedPrivateKeyInfo", "AES-256-CBC", PASSWORD,
      REASON_NONE },
    { "encrypted, wrong password", false, "PEM", "EncryptedPrivateKeyInfo", "AES-256-CBC", "wrong",
      REASON_KEY_PASSWORD },
    { "encrypted, empty password", false, "PEM", "EncryptedPrivateKeyInfo", "AES-256-CBC", "",
      REASON_KEY_PASSWORD },
    { "encrypted, no password", false, "PEM", "EncryptedPrivateKeyInfo", "AES-256-CBC", NULL,
      REASON_KEY_PASSWORD },
    { "encrypted DER, wrong password", true, "DER", "EncryptedPrivateKeyInfo", "AES-256-CBC",
      "wrong", REASON_KEY_PASSWORD },
    { "encrypted DER, no password", true, "DER", "EncryptedPrivateKeyInfo", "AES-256-CBC", NULL,
      REASON_KEY_PASSWORD },
    { "public key only", false, "PEM", "SubjectPublicKeyInfo", NULL, NULL, REASON_KEY_UNREADABLE },
};

static void write_public_key(const struct test_folder *folder, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_get_mem_data(bio, &data);
    sample_write(folder, "key", data, (size_t)len);
    BIO_free(bio);
}

static void import__each_key_file__taken_or_refused(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(key_cases) / sizeof(key_cases[0]); i++) {
        const struct key_case *c = &key_cases[i];
        X509 *cert = c->rsa ? w->rsa_cert : w->other;
        EVP_PKEY *key = c->rsa ? w->rsa_key : w->other_key;
        struct test_folder folder;
        struct error err = ERROR_INIT;

        test_folder_create(&folder);
        sample_write_pem(&folder, "cert", &cert, 1, NULL, NULL, NULL);
        if (strcmp(c->structure, "SubjectPublicKeyInfo") == 0) {
            write_public_key(&folder, key);
        } else {
            write_key(&folder, key, c->format, c->structure, c->cipher, PASSWORD);
        }
        if (c->reason == REASON_NONE) {
            assert_done(import(&folder, false, c->password, &err), &err, c->name);
            assert_imported(&folder, cert, 1, c->name);
        } else {
            assert_refused(import(&folder, false, c->password, &err), &err, c->reason, c->name);
            assert_null(strstr(err.detail, "wrong"));
            assert_no_trace(&folder, c->name);
        }
        test_folder_remove(&folder);
    }
}

static void import__traditional_pem__with_its_password(void **state)
{
    struct world *w = *state;
    struct test_folder folder;
    struct error err = ERROR_INIT;

    test_folder_create(&folder);
    sample_write_pem(&folder, "cert", &w->rsa_cert, 1, NULL, NULL, NULL);
    write_traditional(&folder, w->rsa_key, EVP_aes_128_cbc());
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_KEY_PASSWORD, "none");
    assert_refusal(import(&folder, false, "wrong", &err), &err, REASON_KEY_PASSWORD, "wrong");
    assert_no_trace(&folder, "wrong");
    assert_done(import(&folder, false, PASSWORD, &err), &err, "right");
    assert_imported(&folder, w->rsa_cert, 1, "right");
    assert_refusal(import(&folder, false, PASSWORD, &err), &err, REASON_CA_EXISTS, "again");
    test_folder_remove(&folder);
    /* 3DES as old OpenSSL wrote it */
    test_folder_create(&folder);
    sample_write_pem(&folder, "cert", &w->rsa_cert, 1, NULL, NULL, NULL);
    write_traditional(&folder, w->rsa_key, EVP_des_ede3_cbc());
    assert_done(import(&folder, false, PASSWORD, &err), &err, "3DES");
    test_folder_remove(&folder);
}

static void import__damaged_files__the_file_is_named(void **state)
{
    struct world *w = *state;
    struct test_folder folder;
    struct error err = ERROR_INIT;
    static const char broken[] = "-----BEGIN CERTIFICATE-----\nMIIB!!\n-----END CERTIFICATE-----\n";
    static const char broken_key[] =
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\n-----END PRIVATE KEY-----\n";

    test_folder_create(&folder);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_FILE_MISSING, "no files");
    write_key(&folder, w->key, "PEM", "PrivateKeyInfo", NULL, NULL);
    sample_write(&folder, "cert", broken, sizeof(broken) - 1);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_CERT_UNREADABLE, "damaged");
    sample_write(&folder, "cert", "", 0);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_CERT_UNREADABLE, "empty");
    sample_write(&folder, "cert", "hello", 5);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_CERT_UNREADABLE, "text");
    sample_write_pem(&folder, "cert", &w->cert, 1, NULL, NULL, NULL);
    sample_write(&folder, "key", broken_key, sizeof(broken_key) - 1);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_KEY_UNREADABLE, "key");
    sample_write(&folder, "key", "", 0);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_KEY_UNREADABLE, "empty key");
    assert_refusal(import(&folder, true, NULL, &err), &err, REASON_KEY_UNREADABLE, "no PKCS#12");
    assert_no_trace(&folder, "damaged");
    test_folder_remove(&folder);
}

/* The public half of our CA behind another key's private half: the certificate seems to fit. */
static void import__halves_of_two_keys__refused(void **state)
{
    struct world *w = *state;
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(CA_KEY_DER_MAX);
    unsigned char *point = NULL;
    size_t len = EVP_PKEY_get1_encoded_public_key(w->key, &point);
    char path[FILE_PATH_MAX];

    test_folder_create(&folder);
    test_folder_path(&folder, "key", path);
    sample_write_pem(&folder, "cert", &w->cert, 1, NULL, NULL, NULL);
    write_key(&folder, w->other_key, "DER", "type-specific", NULL, NULL);
    assert_done(file_read(path, CA_KEY_DER_MAX, &der, &err), &err, "key");
    /* the point is the last element of ECPrivateKey: RFC 5915 3 */
    assert_int_equal(len, 65);
    memcpy(der.data + der.len - len, point, len);
    sample_write(&folder, "key", der.data, der.len);
    assert_refusal(import(&folder, false, NULL, &err), &err, REASON_KEY_UNREADABLE, "halves");
    assert_no_trace(&folder, "halves");
    OPENSSL_free(point);
    buffer_clear(&der);
    test_folder_remove(&folder);
}

/* ---- certificate files and chains ------------------------------------------------------------ */

static void import__each_certificate_file__chain_in_order(void **state)
{
    static const char *const names[] = {
        "PEM, in order", "PEM, mixed, twice", "DER alone",           "p7b DER",
        "p7b PEM",       "no root",           "key in the same file"
    };
    static const size_t chains[] = { 3, 3, 1, 3, 3, 2, 3 };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        X509 *ordered[] = { w->cert, w->policy, w->root };
        X509 *mixed[] = { w->root, w->cert, w->policy, w->root };
        struct test_folder folder;
        struct error err = ERROR_INIT;

        test_folder_create(&folder);
        write_key(&folder, w->key, "PEM", "PrivateKeyInfo", NULL, NULL);
        switch (i) {
        case 0:
            sample_write_pem(&folder, "cert", ordered, 3, NULL, NULL, NULL);
            break;
        case 1:
            sample_write_pem(&folder, "cert", mixed, 4, NULL, NULL, NULL);
            break;
        case 2:
            write_cert_der(&folder, w->cert);
            break;
        case 3:
            write_p7b(&folder, mixed, 3, false);
            break;
        case 4:
            write_p7b(&folder, mixed, 3, true);
            break;
        case 5:
            sample_write_pem(&folder, "cert", ordered, 2, NULL, NULL, NULL);
            break;
        default:
            sample_write_pem(&folder, "cert", ordered, 3, w->key, NULL, NULL);
            sample_write_pem(&folder, "key", ordered, 3, w->key, NULL, NULL);
            break;
        }
        assert_done(import(&folder, false, NULL, &err), &err, names[i]);
        assert_imported(&folder, w->cert, chains[i], names[i]);
        test_folder_remove(&folder);
    }
}

struct unsuitable_case {
    const char *name;
    struct sample_cert cert;
    enum reason reason;
};

static void import__unsuitable_certificate__refused(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    EVP_PKEY *unknown = EVP_EC_gen("secp256k1");
    EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct unsuitable_case cases[] = {
        { "another key's", { .subject = "x", .key = w->other_key }, REASON_KEY_MISMATCH },
        { "not a CA", { .subject = "x", .key = w->key, .not_ca = true }, REASON_CA_UNSUITABLE },
        { "no constraints",
          { .subject = "x", .key = w->key, .no_constraints = true },
          REASON_CA_UNSUITABLE },
        { "no keyCertSign",
          { .subject = "x", .key = w->key, .key_usage = KEY_USAGE_CRL_SIGN },
          REASON_CA_UNSUITABLE },
        { "no subject", { .subject = "", .key = w->key }, REASON_CA_UNSUITABLE },
        { "expired",
          { .subject = "x", .key = w->key, .not_before = now - 2 * DAY, .not_after = now - 60 },
          REASON_CA_EXPIRED },
        { "not yet valid",
          { .subject = "x", .key = w->key, .not_before = now + DAY },
          REASON_CA_NOT_YET_VALID },
        { "RSA 1024", { .subject = "x", .key = weak }, REASON_CA_UNSUITABLE },
        { "curve", { .subject = "x", .key = unknown }, REASON_CA_UNSUITABLE },
        { "Ed25519",
          { .subject = "x", .key = edwards, .issuer = w->root, .issuer_key = w->root_key },
          REASON_CA_UNSUITABLE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = sample_cert(&cases[i].cert);
        EVP_PKEY *key = cases[i].reason == REASON_KEY_MISMATCH ? w->key : cases[i].cert.key;
        struct test_folder folder;
        struct error err = ERROR_INIT;

        test_folder_create(&folder);
        sample_write_pem(&folder, "cert", &cert, 1, NULL, NULL, NULL);
        write_key(&folder, key, "PEM", "PrivateKeyInfo", NULL, NULL);
        assert_refused(import(&folder, false, NULL, &err), &err, cases[i].reason, cases[i].name);
        assert_no_trace(&folder, cases[i].name);
        X509_free(cert);
        test_folder_remove(&folder);
    }
    EVP_PKEY_free(weak);
    EVP_PKEY_free(unknown);
    EVP_PKEY_free(edwards);
}

static void import__no_key_usage_or_crl_sign__taken(void **state)
{
    const struct sample_cert wanted[] = {
        { .subject = "x", .no_key_usage = true },
        { .subject = "x", .key_usage = KEY_USAGE_KEY_CERT_SIGN },
    };
    struct world *w = *state;

    for (size_t i = 0; i < 2; i++) {
        struct sample_cert options = wanted[i];
        struct test_folder folder;
        struct error err = ERROR_INIT;
        X509 *cert = NULL;

        options.key = w->key;
        cert = sample_cert(&options);
        test_folder_create(&folder);
        sample_write_pem(&folder, "cert", &cert, 1, NULL, NULL, NULL);
        write_key(&folder, w->key, "PEM", "PrivateKeyInfo", NULL, NULL);
        assert_done(import(&folder, false, NULL, &err), &err, "usage");
        assert_imported(&folder, cert, 1, "usage");
        X509_free(cert);
        test_folder_remove(&folder);
    }
}

static void import__wrong_parents__refused(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    X509 *expired = sample_cert(&(struct sample_cert){ .subject = "Policy",
                                                       .key = w->policy_key,
                                                       .issuer = w->root,
                                                       .issuer_key = w->root_key,
                                                       .not_before = now - 2 * DAY,
                                                       .not_after = now - DAY });
    X509 *short_path = sample_cert(&(struct sample_cert){ .subject = "Policy",
                                                          .key = w->policy_key,
                                                          .issuer = w->root,
                                                          .issuer_key = w->root_key,
                                                          .pathlen = 1 });
    /* the parent's name, another key */
    X509 *forged = sample_cert(&(struct sample_cert){ .subject = "Policy", .key = w->other_key });
    X509 *no_ca = sample_cert(
        &(struct sample_cert){ .subject = "Policy", .key = w->policy_key, .not_ca = true });
    X509 *lists[][2] = { { w->cert, expired }, { w->cert, short_path }, { w->cert, forged },
                         { w->cert, no_ca },   { w->cert, w->root }, /* a gap */
                         { w->cert, w->other } };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct test_folder folder;
        struct error err = ERROR_INIT;

        test_folder_create(&folder);
        sample_write_pem(&folder, "cert", lists[i], 2, NULL, NULL, NULL);
        write_key(&folder, w->key, "PEM", "PrivateKeyInfo", NULL, NULL);
        /* pathlen 0 above our CA forbids it: RFC 5280 4.2.1.9 */
        assert_refused(import(&folder, false, NULL, &err), &err,
                       i == 0 ? REASON_CA_EXPIRED : REASON_CA_UNSUITABLE, "parents");
        assert_no_trace(&folder, "parents");
        test_folder_remove(&folder);
    }
    X509_free(expired);
    X509_free(short_path);
    X509_free(forged);
    X509_free(no_ca);
}

/* ---- PKCS#12: its forms are in test_ca_pkcs12.c ---------------------------------------------- */

static void import__pkcs12__chain_and_password(void **state)
{
    struct world *w = *state;
    STACK_OF(X509) *parents = sk_X509_new_null();
    struct test_folder folder;
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    PKCS12 *p12 = NULL;
    int len = 0;

    assert_true(sk_X509_push(parents, w->root) > 0 && sk_X509_push(parents, w->policy) > 0);
    p12 = PKCS12_create(PASSWORD, "ca", w->key, w->cert, parents, 0, 0, 0, 0, 0);
    len = i2d_PKCS12(p12, &der);
    assert_true(len > 0);
    test_folder_create(&folder);
    sample_write(&folder, "key", der, (size_t)len);
    assert_refusal(import(&folder, true, "wrong", &err), &err, REASON_KEY_PASSWORD, "wrong");
    assert_refusal(import(&folder, true, NULL, &err), &err, REASON_KEY_PASSWORD, "none");
    assert_no_trace(&folder, "wrong");
    assert_done(import(&folder, true, PASSWORD, &err), &err, "right");
    assert_imported(&folder, w->cert, 3, "right");
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(parents);
    test_folder_remove(&folder);
}

static void import__files_missing_in_options__usage(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    struct ca_import_options options = { .base = fixture_options(&folder) };
    assert_refusal(ca_files_import(&options, &err), &err, REASON_USAGE, "nothing");
    options.cert_file = "cert";
    assert_refusal(ca_files_import(&options, &err), &err, REASON_USAGE, "no key");
    options.pkcs12_file = "p12";
    assert_refusal(ca_files_import(&options, &err), &err, REASON_USAGE, "both");
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(import__each_key_file__taken_or_refused),
        cmocka_unit_test(import__traditional_pem__with_its_password),
        cmocka_unit_test(import__damaged_files__the_file_is_named),
        cmocka_unit_test(import__halves_of_two_keys__refused),
        cmocka_unit_test(import__each_certificate_file__chain_in_order),
        cmocka_unit_test(import__unsuitable_certificate__refused),
        cmocka_unit_test(import__no_key_usage_or_crl_sign__taken),
        cmocka_unit_test(import__wrong_parents__refused),
        cmocka_unit_test(import__pkcs12__chain_and_password),
        cmocka_unit_test(import__files_missing_in_options__usage),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
