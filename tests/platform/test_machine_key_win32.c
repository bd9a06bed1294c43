/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CryptoAPI machine containers as they are; the way from a certificate to its key and CNG by a
 * table of functions, because Wine has neither.
 */
#include "support/test_support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "base/text.h"
#include "model/machine_pkey.h"
#include "platform/thumbprint.h"
#include "support/scep_ca.h"
#include "support/scep_keys.h"

/* last: wincrypt.h has macros with names that OpenSSL uses */
#include "platform/fake_machine_system_win32.h"

#undef X509_NAME
#undef PKCS7_SIGNER_INFO

#define BLOCK_MAX 1024u

struct world {
    wchar_t aes[64]; /* container of the RSA and AES provider, a key to exchange */
    wchar_t old[64]; /* of the provider that NDES uses, a key to sign */
    char aes_name[64];
    char old_name[64];
    EVP_PKEY *software; /* what the CNG stand-in works with */
    X509 *cert;         /* in the machine's store */
    char thumbprint[THUMBPRINT_TEXT_MAX];
};

static struct world world;

/* ---- containers and certificate, gone when the tests end ------------------------------------- */

static void remove_containers(void)
{
    HCRYPTPROV csp = 0;

    (void)CryptAcquireContextW(&csp, world.aes, NULL, PROV_RSA_AES,
                               CRYPT_DELETEKEYSET | CRYPT_MACHINE_KEYSET | CRYPT_SILENT);
    (void)CryptAcquireContextW(&csp, world.old, MS_STRONG_PROV_W, PROV_RSA_FULL,
                               CRYPT_DELETEKEYSET | CRYPT_MACHINE_KEYSET | CRYPT_SILENT);
}

static bool make_container(const wchar_t *name, const wchar_t *provider, DWORD type, DWORD spec)
{
    HCRYPTPROV csp = 0;
    HCRYPTKEY key = 0;
    bool ok = CryptAcquireContextW(&csp, name, provider, type,
                                   CRYPT_NEWKEYSET | CRYPT_MACHINE_KEYSET | CRYPT_SILENT)
              && CryptGenKey(csp, spec, 2048u << 16, &key);

    if (!ok) {
        print_message("container: error 0x%08lx\n", (unsigned long)GetLastError());
    }
    if (key != 0) {
        (void)CryptDestroyKey(key);
    }
    if (csp != 0) {
        (void)CryptReleaseContext(csp, 0);
    }
    return ok;
}

static HCERTSTORE open_store(void)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"MY");
}

static void store_certificate(bool add)
{
    HCERTSTORE store = open_store();
    unsigned char *der = NULL;
    int len = i2d_X509(world.cert, &der);
    PCCERT_CONTEXT cert = CertCreateCertificateContext(X509_ASN_ENCODING, der, (DWORD)len);
    PCCERT_CONTEXT found = NULL;

    if (store != NULL && cert != NULL && add) {
        (void)CertAddCertificateContextToStore(store, cert, CERT_STORE_ADD_REPLACE_EXISTING, NULL);
    } else if (store != NULL && cert != NULL) {
        found =
            CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, cert, NULL);
        if (found != NULL) {
            (void)CertDeleteCertificateFromStore(found); /* frees it, too */
        }
    }
    (void)CertFreeCertificateContext(cert);
    (void)CertCloseStore(store, 0);
    OPENSSL_free(der);
}

static int group_setup(void **state)
{
    uint8_t random[8];
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[17];
    unsigned len = 0;
    struct error err = ERROR_INIT;

    *state = &world;
    if (!secret_random(random, sizeof(random), &err)) {
        return -1;
    }
    text_hex(hex, sizeof(hex), bytes_of(random, sizeof(random)));
    (void)snprintf(world.aes_name, sizeof(world.aes_name), "OpenNDES test aes %s", hex);
    (void)snprintf(world.old_name, sizeof(world.old_name), "OpenNDES test old %s", hex);
    (void)MultiByteToWideChar(CP_UTF8, 0, world.aes_name, -1, world.aes, 64);
    (void)MultiByteToWideChar(CP_UTF8, 0, world.old_name, -1, world.old, 64);
    world.software = scep_test_key(SCEP_TEST_KEY_RA);
    world.cert = scep_cert_make(
        &(struct scep_cert_options){ .key = world.software, .cn = hex, .key_id = true });
    if (X509_digest(world.cert, EVP_sha1(), digest, &len) != 1) {
        return -1;
    }
    text_hex(world.thumbprint, sizeof(world.thumbprint), bytes_of(digest, len));
    store_certificate(true);
    return make_container(world.aes, NULL, PROV_RSA_AES, AT_KEYEXCHANGE)
                   && make_container(world.old, MS_STRONG_PROV_W, PROV_RSA_FULL, AT_SIGNATURE)
               ? 0
               : -1;
}

/* cmocka calls it also when a test or the setup has failed. */
static int group_teardown(void **state)
{
    (void)state;
    remove_containers();
    store_certificate(false);
    EVP_PKEY_free(world.software);
    X509_free(world.cert);
    return 0;
}

/* ---- what OpenSSL thinks of it --------------------------------------------------------------- */

/* A public key of the library's own. */
static EVP_PKEY *public_of(struct machine_key *key)
{
    struct buffer modulus = BUFFER_INIT(BLOCK_MAX);
    struct buffer exponent = BUFFER_INIT(8);
    struct error err = ERROR_INIT;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *made = NULL;
    OSSL_PARAM params[3];

    assert_done(machine_key_public(key, &modulus, &exponent, &err), &err, "public");
    assert_int_equal(modulus.len, 256);
    for (size_t i = 0; i < 128; i++) { /* parameters have the machine's order, least byte first */
        uint8_t byte = modulus.data[i];

        modulus.data[i] = modulus.data[255 - i];
        modulus.data[255 - i] = byte;
    }
    for (size_t i = 0; i < exponent.len / 2; i++) {
        uint8_t byte = exponent.data[i];

        exponent.data[i] = exponent.data[exponent.len - 1 - i];
        exponent.data[exponent.len - 1 - i] = byte;
    }
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.data, modulus.len);
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.data, exponent.len);
    params[2] = OSSL_PARAM_construct_end();
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    buffer_clear(&modulus);
    buffer_clear(&exponent);
    return made;
}

static void assert_signs(struct machine_key *key, EVP_PKEY *public_key)
{
    const struct {
        enum machine_digest digest;
        const EVP_MD *md;
    } cases[] = { { MACHINE_DIGEST_MD5, EVP_md5() },
                  { MACHINE_DIGEST_SHA1, EVP_sha1() },
                  { MACHINE_DIGEST_SHA256, EVP_sha256() },
                  { MACHINE_DIGEST_SHA384, EVP_sha384() },
                  { MACHINE_DIGEST_SHA512, EVP_sha512() } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer signature = BUFFER_INIT(BLOCK_MAX);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(public_key, NULL);
        size_t len = (size_t)EVP_MD_get_size(cases[i].md);
        struct error err = ERROR_INIT;
        uint8_t hash[64];

        memset(hash, 0x31 + (int)i, sizeof(hash));
        assert_done(machine_key_sign(key, cases[i].digest, bytes_of(hash, len), &signature, &err),
                    &err, EVP_MD_get0_name(cases[i].md));
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, cases[i].md), 1);
        if (EVP_PKEY_verify(ctx, signature.data, signature.len, hash, len) != 1) {
            fail_msg("%s is not verified", EVP_MD_get0_name(cases[i].md));
        }
        assert_refused(
            machine_key_sign(key, cases[i].digest, bytes_of(hash, len - 1), &signature, &err), &err,
            REASON_INTERNAL, "short");
        EVP_PKEY_CTX_free(ctx);
        buffer_clear(&signature);
    }
}

/* With a padding of the library's, or none for 256 bytes. */
static void encrypt(EVP_PKEY *public_key, int padding, struct bytes plain, uint8_t cipher[256])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(public_key, NULL);
    size_t len = 256;

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, cipher, &len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(ctx);
}

static void assert_decrypts(struct machine_key *key, EVP_PKEY *public_key)
{
    struct buffer plain = BUFFER_INIT(BLOCK_MAX);
    struct error err = ERROR_INIT;
    uint8_t cipher[256];
    uint8_t block[256];

    encrypt(public_key, RSA_PKCS1_PADDING, bytes_of_text("sixteen bytes..."), cipher);
    assert_done(machine_key_decrypt(key, bytes_of(cipher, 256), &plain, &err), &err, "decrypt");
    assert_bytes_text(buffer_bytes(&plain), "sixteen bytes...");
    buffer_clear(&plain);

    memset(block, 0x44, sizeof(block));
    block[0] = 0;
    encrypt(public_key, RSA_NO_PADDING, bytes_of(block, 256), cipher);
    assert_refused(machine_key_decrypt(key, bytes_of(cipher, 256), &plain, &err), &err,
                   REASON_MACHINE_KEY_UNUSABLE, "no padding");
    assert_int_equal(plain.len, 0);
    error_clear(&err);
    assert_refused(machine_key_decrypt(key, bytes_of(cipher, 255), &plain, &err), &err,
                   REASON_INTERNAL, "short");
    error_clear(&err);
    if (machine_key_raw(key, bytes_of(cipher, 256), &plain, &err)) {
        print_message("raw RSA: yes\n");
        assert_int_equal(plain.len, 256);
        assert_memory_equal(plain.data, block, 256);
    } else {
        print_message("raw RSA: %s\n", err.detail);
        assert_int_equal(err.reason, REASON_MACHINE_KEY_UNUSABLE);
    }
    buffer_clear(&plain);
}

/* As an EVP_PKEY: its own tests, CMS to and from it. */
static void assert_works_in_openssl(struct machine_key *take_key)
{
    static const char text[] = "what a device sends";
    struct error err = ERROR_INIT;
    EVP_PKEY *key = machine_pkey_create(take_key, "ONDK1 container - test", &err);
    CMS_ContentInfo *cms = NULL;
    BIO *in = BIO_new_mem_buf(text, (int)sizeof(text));
    BIO *out = BIO_new(BIO_s_mem());
    char *data = NULL;
    X509 *cert = NULL;

    assert_done(key != NULL, &err, "machine_pkey_create");
    assert_done(machine_pkey_try_sign(key, &err), &err, "sign");
    assert_done(machine_pkey_try_decrypt(key, &err), &err, "decrypt");
    cert = scep_cert_make(&(struct scep_cert_options){ .key = key, .cn = "RA", .key_id = true });
    assert_int_equal(X509_check_private_key(cert, key), 1);
    cms = CMS_sign(cert, key, NULL, in, CMS_BINARY);
    assert_non_null(cms);
    assert_int_equal(CMS_verify(cms, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY), 1);
    CMS_ContentInfo_free(cms);

    STACK_OF(X509) *to = sk_X509_new_null();
    assert_true(sk_X509_push(to, cert) > 0);
    assert_int_equal(BIO_reset(in), 1);
    cms = CMS_encrypt(to, in, EVP_aes_128_cbc(), CMS_BINARY);
    assert_non_null(cms);
    assert_int_equal(CMS_decrypt(cms, key, cert, NULL, out, CMS_BINARY), 1);
    assert_int_equal(BIO_get_mem_data(out, &data), sizeof(text));
    assert_memory_equal(data, text, sizeof(text));

    CMS_ContentInfo_free(cms);
    sk_X509_free(to);
    X509_free(cert);
    BIO_free(in);
    BIO_free(out);
    EVP_PKEY_free(key);
}

/* ---- containers ------------------------------------------------------------------------------ */

static void container__rsa_and_aes__signs_and_decrypts(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct machine_key *key = machine_key_by_container(NULL, w->aes_name, &err);
    EVP_PKEY *public_key = NULL;

    assert_done(key != NULL, &err, "open");
    assert_true(text_starts_nocase(machine_key_provider(key), "CryptoAPI, Microsoft Enhanced RSA"));
    public_key = public_of(key);
    assert_signs(key, public_key);
    assert_decrypts(key, public_key);
    assert_works_in_openssl(key);
    EVP_PKEY_free(public_key);
}

/* A key of the provider without SHA-2 that NDES's certificates have; it only signs. */
static void container__older_provider__is_exchanged(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct machine_key *key =
        machine_key_by_container("Microsoft Strong Cryptographic Provider", w->old_name, &err);
    EVP_PKEY *public_key = NULL;

    assert_done(key != NULL, &err, "open");
    assert_true(text_starts_nocase(machine_key_provider(key), "CryptoAPI, Microsoft Enhanced RSA"));
    public_key = public_of(key);
    assert_signs(key, public_key);
    EVP_PKEY_free(public_key);
    machine_key_free(key);
}

static void container__that_is_not_there__is_missing(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(machine_key_by_container(NULL, "OpenNDES no such container", &err) != NULL, &err,
                   REASON_MACHINE_KEY_MISSING, "none");
    assert_non_null(strstr(err.detail, "no such container"));
    machine_key_free(NULL);
}

#define THREADS 4
#define ROUNDS 8

static void *sign_often(void *context)
{
    EVP_PKEY *key = context;
    struct error err = ERROR_INIT;
    size_t good = 0;

    for (int i = 0; i < ROUNDS; i++) {
        good += machine_pkey_try_sign(key, &err) && machine_pkey_try_decrypt(key, &err) ? 1 : 0;
    }
    return (void *)good;
}

static void container__many_threads__all_succeed(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct machine_key *machine = machine_key_by_container(NULL, w->aes_name, &err);
    EVP_PKEY *key = NULL;
    pthread_t threads[THREADS];

    assert_done(machine != NULL, &err, "open");
    key = machine_pkey_create(machine, "x", &err);
    assert_done(key != NULL, &err, "create");
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, key), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *good = NULL;

        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_int_equal((size_t)good, ROUNDS);
    }
    EVP_PKEY_free(key);
}

/* ---- certificate to key, CNG ----------------------------------------------------------------- */

static int fake_setup(void **state)
{
    *state = &world;
    memset(&fake_machine, 0, sizeof(fake_machine));
    fake_machine.software = world.software;
    fake_machine.is_callers = TRUE;
    return 0;
}

static struct machine_key *open_fake(struct buffer *cert, struct error *err)
{
    return machine_key_by_thumbprint_in(&fake_machine_system, world.thumbprint, cert, err);
}

static void store__certificate_with_cng_key__signs_and_decrypts(void **state)
{
    struct world *w = *state;
    struct buffer cert = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_X509(w->cert, &der);
    struct machine_key *key = open_fake(&cert, &err);

    assert_done(key != NULL, &err, "open");
    assert_string_equal(machine_key_provider(key), "CNG, Example Hardware Provider");
    assert_int_equal(fake_machine.providers, 0);
    assert_true(bytes_equal(buffer_bytes(&cert), bytes_of(der, (size_t)len)));
    assert_signs(key, w->software);
    assert_decrypts(key, w->software);
    assert_works_in_openssl(key);
    assert_int_equal(fake_machine.frees, 1);
    OPENSSL_free(der);
    buffer_clear(&cert);
}

/* An HSM or a TPM: the provider takes the padding off. */
static void store__cng_key_without_raw_rsa__decrypts_all_the_same(void **state)
{
    struct error err = ERROR_INIT;
    struct machine_key *key = NULL;

    (void)state;
    fake_machine.no_raw = true;
    key = open_fake(NULL, &err);
    assert_done(key != NULL, &err, "open");
    assert_works_in_openssl(key);
    assert_int_equal(fake_machine.frees, 1);
}

static void store__cng_key_with_a_zero_before_its_modulus__works(void **state)
{
    struct error err = ERROR_INIT;
    struct machine_key *key = NULL;

    (void)state;
    fake_machine.leading_zero = true;
    key = open_fake(NULL, &err);
    assert_done(key != NULL, &err, "open");
    assert_works_in_openssl(key);
}

static void store__handle_of_the_certificate__is_not_freed(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    fake_machine.is_callers = FALSE;
    machine_key_free(open_fake(NULL, &err));
    assert_false(error_is_set(&err));
    assert_int_equal(fake_machine.frees, 0);
}

static void store__certificate_with_cryptoapi_key__signs_and_decrypts(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct machine_key *key = NULL;
    EVP_PKEY *public_key = NULL;

    assert_true(CryptAcquireContextW(&fake_machine.csp, w->aes, NULL, PROV_RSA_AES,
                                     CRYPT_MACHINE_KEYSET | CRYPT_SILENT));
    key = open_fake(NULL, &err);
    assert_done(key != NULL, &err, "open");
    public_key = public_of(key);
    assert_signs(key, public_key);
    assert_decrypts(key, public_key);
    EVP_PKEY_free(public_key);
    machine_key_free(key);
    assert_int_equal(fake_machine.frees, 0);
}

static void store__failures__have_their_reason(void **state)
{
    static const struct {
        const char *name;
        DWORD number;
        enum reason reason;
        const char *words;
    } cases[] = {
        { "no key", (DWORD)CRYPT_E_NO_KEY_PROPERTY, REASON_MACHINE_KEY_MISSING,
          "without its private key" },
        { "no right", ERROR_ACCESS_DENIED, REASON_NOT_PERMITTED, "Manage Private Keys" },
        { "no right, CNG", (DWORD)NTE_PERM, REASON_NOT_PERMITTED, "Manage Private Keys" },
        { "keyset", (DWORD)NTE_BAD_KEYSET, REASON_MACHINE_KEY_MISSING, "Manage Private Keys" },
        { "PIN", (DWORD)NTE_SILENT_CONTEXT, REASON_MACHINE_KEY_UNUSABLE, "PIN" },
        { "other", (DWORD)NTE_FAIL, REASON_MACHINE_KEY_UNUSABLE, "error" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;

        fake_machine.failure = cases[i].number;
        assert_refused(open_fake(NULL, &err) != NULL, &err, cases[i].reason, cases[i].name);
        assert_non_null(strstr(err.detail, cases[i].words));
        assert_non_null(strstr(err.detail, world.thumbprint));
    }
}

static void store__unknown_thumbprint__is_missing(void **state)
{
    static const char unknown[] = "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF 00 11 22 33";
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(machine_key_by_thumbprint(unknown, NULL, &err) != NULL, &err,
                   REASON_MACHINE_KEY_MISSING, "unknown");
    error_clear(&err);
    assert_refused(machine_key_by_thumbprint("1234", NULL, &err) != NULL, &err, REASON_USAGE,
                   "short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container__rsa_and_aes__signs_and_decrypts),
        cmocka_unit_test(container__older_provider__is_exchanged),
        cmocka_unit_test(container__that_is_not_there__is_missing),
        cmocka_unit_test(container__many_threads__all_succeed),
        cmocka_unit_test_setup(store__certificate_with_cng_key__signs_and_decrypts, fake_setup),
        cmocka_unit_test_setup(store__cng_key_without_raw_rsa__decrypts_all_the_same, fake_setup),
        cmocka_unit_test_setup(store__cng_key_with_a_zero_before_its_modulus__works, fake_setup),
        cmocka_unit_test_setup(store__handle_of_the_certificate__is_not_freed, fake_setup),
        cmocka_unit_test_setup(store__certificate_with_cryptoapi_key__signs_and_decrypts,
                               fake_setup),
        cmocka_unit_test_setup(store__failures__have_their_reason, fake_setup),
        cmocka_unit_test_setup(store__unknown_thumbprint__is_missing, fake_setup),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
