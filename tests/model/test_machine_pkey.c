/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <pthread.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "model/machine_pkey.h"
#include "support/machine_key_stand_in.h"
#include "support/scep_ca.h"
#include "support/scep_keys.h"

#define BLOCK_MAX 1024u

struct world {
    EVP_PKEY *software; /* the key itself, to verify with and to encrypt to */
    EVP_PKEY *raw;      /* the same behind a provider that does raw RSA */
    EVP_PKEY *padded;   /* and behind one that does not */
    X509 *cert;
};

static EVP_PKEY *machine(EVP_PKEY *software, unsigned lacks)
{
    struct error err = ERROR_INIT;
    EVP_PKEY *key =
        machine_pkey_create(machine_stand_in_key(software, lacks), "ONDK1 store 00", &err);

    assert_done(key != NULL, &err, "machine_pkey_create");
    return key;
}

static int set_up(void **state)
{
    static struct world world; /* of one test at a time */

    world.software = scep_test_key(SCEP_TEST_KEY_RA);
    world.raw = machine(world.software, 0);
    world.padded = machine(world.software, MACHINE_NO_RAW);
    world.cert = scep_cert_make(
        &(struct scep_cert_options){ .key = world.software, .cn = "RA", .key_id = true });
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    EVP_PKEY_free(w->software);
    EVP_PKEY_free(w->raw);
    EVP_PKEY_free(w->padded);
    X509_free(w->cert);
    machine_stand_in_clear();
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static const unsigned char message[] = "what is signed";

/* The signature's bytes; 0 when it fails. pss: salt as long as the digest. */
static size_t sign(EVP_PKEY *key, const EVP_MD *md, bool pss, uint8_t out[BLOCK_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    size_t len = BLOCK_MAX;

    assert_int_equal(EVP_DigestSignInit(ctx, &key_ctx, md, NULL, key), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    if (EVP_DigestSign(ctx, out, &len, message, sizeof(message)) != 1) {
        len = 0;
    }
    EVP_MD_CTX_free(ctx);
    return len;
}

static bool verifies(EVP_PKEY *key, const EVP_MD *md, bool pss, const uint8_t *signature,
                     size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    bool ok = false;

    assert_int_equal(EVP_DigestVerifyInit(ctx, &key_ctx, md, NULL, key), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 1);
    }
    ok = EVP_DigestVerify(ctx, signature, len, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static void sign__every_digest__verifies_and_is_as_the_key_itself_signs(void **state)
{
    struct world *w = *state;
    const struct {
        const EVP_MD *md;
        bool by_raw; /* no provider knows it by name */
    } cases[] = { { EVP_md5(), false },    { EVP_sha1(), false },   { EVP_sha224(), true },
                  { EVP_sha256(), false }, { EVP_sha384(), false }, { EVP_sha512(), false } };
    uint8_t signature[BLOCK_MAX];
    uint8_t expected[BLOCK_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int signs = machine_stand_in_counts().signs;
        size_t len = sign(w->raw, cases[i].md, false, signature);

        assert_int_equal(machine_stand_in_counts().signs - signs, cases[i].by_raw ? 0 : 1);
        assert_int_equal(len, 256);
        assert_true(verifies(w->software, cases[i].md, false, signature, len));
        assert_true(verifies(w->raw, cases[i].md, false, signature, len));
        assert_int_equal(sign(w->software, cases[i].md, false, expected), len);
        assert_memory_equal(signature, expected, len);
        /* without raw RSA a digest that has no name is refused, never signed wrongly */
        assert_int_equal(sign(w->padded, cases[i].md, false, signature), cases[i].by_raw ? 0 : 256);
        ERR_clear_error();
    }
}

static void sign__pss__verifies_where_raw_rsa_is(void **state)
{
    struct world *w = *state;
    uint8_t signature[BLOCK_MAX];
    size_t len = sign(w->raw, EVP_sha256(), true, signature);

    assert_int_equal(len, 256);
    assert_true(verifies(w->software, EVP_sha256(), true, signature, len));
    assert_false(verifies(w->software, EVP_sha256(), false, signature, len));
    ERR_clear_error();
    assert_int_equal(sign(w->padded, EVP_sha256(), true, signature), 0);
    ERR_clear_error();
}

static void sign__certificate_crl_request__verify(void **state)
{
    struct world *w = *state;
    EVP_PKEY *keys[] = { w->raw, w->padded };

    for (size_t i = 0; i < 2; i++) {
        X509 *cert = X509_dup(w->cert);
        X509_CRL *crl = X509_CRL_new();
        X509_REQ *req = X509_REQ_new();
        ASN1_TIME *now = X509_gmtime_adj(NULL, 0);

        assert_int_equal(X509_check_private_key(w->cert, keys[i]), 1);
        assert_true(X509_sign(cert, keys[i], EVP_sha256()) > 0);
        assert_int_equal(X509_verify(cert, w->software), 1);
        assert_int_equal(X509_verify(cert, keys[i]), 1);
        assert_int_equal(X509_CRL_set1_lastUpdate(crl, now), 1);
        assert_true(X509_CRL_sign(crl, keys[i], EVP_sha256()) > 0);
        assert_int_equal(X509_CRL_verify(crl, w->software), 1);
        assert_int_equal(X509_CRL_verify(crl, keys[i]), 1);
        assert_int_equal(X509_REQ_set_version(req, X509_REQ_VERSION_1), 1);
        assert_int_equal(X509_REQ_set_pubkey(req, keys[i]), 1);
        assert_true(X509_REQ_sign(req, keys[i], EVP_sha256()) > 0);
        assert_int_equal(X509_REQ_verify(req, w->software), 1);
        assert_int_equal(X509_REQ_check_private_key(req, keys[i]), 1);
        ASN1_TIME_free(now);
        X509_REQ_free(req);
        X509_CRL_free(crl);
        X509_free(cert);
    }
}

static void sign__cms__verifies(void **state)
{
    struct world *w = *state;
    BIO *in = BIO_new_mem_buf(message, (int)sizeof(message));
    CMS_ContentInfo *cms = CMS_sign(w->cert, w->raw, NULL, in, CMS_BINARY);

    assert_non_null(cms);
    assert_int_equal(CMS_verify(cms, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY), 1);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
}

/* ---- messages to the key --------------------------------------------------------------------- */

/* To the certificate; oaep: with that. */
static CMS_ContentInfo *encrypt(const struct world *w, bool oaep)
{
    BIO *in = BIO_new_mem_buf(message, (int)sizeof(message));
    CMS_ContentInfo *cms =
        CMS_encrypt(NULL, in, EVP_aes_128_cbc(), CMS_BINARY | CMS_PARTIAL | CMS_USE_KEYID);
    CMS_RecipientInfo *recipient = NULL;

    assert_non_null(cms);
    recipient = CMS_add1_recipient_cert(cms, w->cert, CMS_KEY_PARAM);
    assert_non_null(recipient);
    if (oaep) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(CMS_RecipientInfo_get0_pkey_ctx(recipient),
                                                      RSA_PKCS1_OAEP_PADDING),
                         1);
    }
    assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
    BIO_free(in);
    return cms;
}

/* True when the message is back; the error queue is the caller's. */
static bool opens(CMS_ContentInfo *cms, EVP_PKEY *key, X509 *cert)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;
    bool ok = CMS_decrypt(cms, key, cert, NULL, out, CMS_BINARY) == 1;

    if (ok) { /* with a random content key, 1 time in 256 rubbish comes out */
        len = BIO_get_mem_data(out, &data);
        ok = len == (long)sizeof(message) && memcmp(data, message, sizeof(message)) == 0;
    }
    BIO_free(out);
    return ok;
}

static void decrypt__cms__opens(void **state)
{
    struct world *w = *state;
    const struct {
        const char *name;
        EVP_PKEY *key;
        bool oaep;
        bool expected;
    } cases[] = {
        { "PKCS#1, raw", w->raw, false, true },
        { "PKCS#1, padded", w->padded, false, true },
        { "OAEP, raw", w->raw, true, true },
        { "OAEP without raw RSA", w->padded, true, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CMS_ContentInfo *cms = encrypt(w, cases[i].oaep);

        if (opens(cms, cases[i].key, w->cert) != cases[i].expected) {
            fail_msg("%s", cases[i].name);
        }
        ERR_clear_error();
        CMS_ContentInfo_free(cms);
    }
}

/* The result of EVP_PKEY_decrypt with PKCS#1 padding; out gets BLOCK_MAX bytes. */
static int open_key(EVP_PKEY *key, const uint8_t *cipher, size_t cipher_len, uint8_t *out,
                    size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int result = 0;

    *len = BLOCK_MAX;
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    result = EVP_PKEY_decrypt(ctx, out, len, cipher, cipher_len);
    EVP_PKEY_CTX_free(ctx);
    return result;
}

/* As CryptoAPI could: whichever end comes first, the provider never judges a padding. */
static void raw_rsa__the_other_way_round__is_raw_rsa(void **state)
{
    struct world *w = *state;
    EVP_PKEY *turned = machine(w->software, MACHINE_RAW_TURNED);
    CMS_ContentInfo *oaep = encrypt(w, true);
    int decrypts = machine_stand_in_counts().decrypts;
    uint8_t cipher[256] = { 1 };
    uint8_t out[BLOCK_MAX];
    struct error err = ERROR_INIT;
    size_t len = sign(turned, EVP_sha256(), true, out);

    assert_true(verifies(w->software, EVP_sha256(), true, out, len));
    assert_true(opens(oaep, turned, w->cert));
    assert_done(machine_pkey_try_decrypt(turned, &err), &err, "PKCS#1");
    assert_int_equal(open_key(turned, cipher, sizeof(cipher), out, &len), 1);
    assert_int_equal(len, 32);
    assert_int_equal(machine_stand_in_counts().decrypts, decrypts);
    CMS_ContentInfo_free(oaep);
    EVP_PKEY_free(turned);
}

/* A block of the modulus' length, encrypted as it is. */
static void encrypt_block(EVP_PKEY *software, const uint8_t *block, uint8_t *cipher)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(software, NULL);
    size_t len = 256;

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, cipher, &len, block, 256), 1);
    EVP_PKEY_CTX_free(ctx);
}

struct wrong_block {
    const char *name;
    uint8_t first, second;
    size_t zero_at; /* 0: none */
};

static const struct wrong_block wrong_blocks[] = {
    { "first byte", 1, 2, 200 },
    { "block type 1", 0, 1, 200 },
    { "no end of the padding", 0, 2, 0 },
    { "padding of 7 bytes", 0, 2, 9 },
};

static void make_wrong(const struct world *w, const struct wrong_block *wrong, uint8_t *cipher)
{
    uint8_t block[256];

    memset(block, 0x5a, sizeof(block));
    block[0] = wrong->first;
    block[1] = wrong->second;
    if (wrong->zero_at != 0) {
        block[wrong->zero_at] = 0;
    }
    encrypt_block(w->software, block, cipher);
}

/* Nothing tells a wrong padding: a result of fixed length, the same each time, no error left. */
static void decrypt__wrong_padding__is_a_plain_text_like_any_other(void **state)
{
    struct world *w = *state;
    EVP_PKEY *keys[] = { w->raw, w->padded };
    uint8_t cipher[256];
    uint8_t first[BLOCK_MAX];
    uint8_t again[BLOCK_MAX];
    uint8_t before[32] = { 0 };
    size_t len = 0;

    for (size_t i = 0; i < sizeof(wrong_blocks) / sizeof(wrong_blocks[0]); i++) {
        make_wrong(w, &wrong_blocks[i], cipher);
        for (size_t k = 0; k < 2; k++) {
            if (open_key(keys[k], cipher, sizeof(cipher), first, &len) != 1 || len != 32) {
                fail_msg("%s: %zu bytes", wrong_blocks[i].name, len);
            }
            assert_int_equal(ERR_peek_error(), 0);
            assert_int_equal(open_key(keys[k], cipher, sizeof(cipher), again, &len), 1);
            assert_memory_equal(first, again, 32);
            assert_memory_not_equal(first, before, 32);
            memcpy(before, first, 32);
        }
    }
}

static void decrypt__no_number_below_the_modulus__is_a_plain_text_too(void **state)
{
    struct world *w = *state;
    uint8_t cipher[256];
    uint8_t plain[BLOCK_MAX];
    size_t len = 0;

    memset(cipher, 0xff, sizeof(cipher));
    assert_int_equal(open_key(w->raw, cipher, sizeof(cipher), plain, &len), 1);
    assert_int_equal(len, 32);
    assert_int_equal(open_key(w->padded, cipher, sizeof(cipher), plain, &len), 1);
    assert_int_equal(len, 32);
}

/* The shortest and the longest plain text, and a cipher text whose leading zeros were left out. */
static void decrypt__right_padding__gives_exactly_what_was_encrypted(void **state)
{
    struct world *w = *state;
    EVP_PKEY *keys[] = { w->raw, w->padded };
    const size_t lengths[] = { 0, 1, 24, 245 };
    uint8_t plain[245];
    uint8_t cipher[256];
    uint8_t back[BLOCK_MAX];
    size_t len = 0;
    size_t skip = 0;

    memset(plain, 0x77, sizeof(plain));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(w->software, NULL);

        len = sizeof(cipher);
        assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_encrypt(ctx, cipher, &len, plain, lengths[i]), 1);
        EVP_PKEY_CTX_free(ctx);
        for (skip = 0; cipher[skip] == 0;) {
            skip++;
        }
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(open_key(keys[k], cipher + skip, 256 - skip, back, &len), 1);
            assert_int_equal(len, lengths[i]);
            assert_memory_equal(back, plain, len);
        }
    }
}

/* With a wrong content key CMS fails as it does with a key of the library's own. */
static void decrypt__cms_with_wrong_key__fails_like_any_other_key(void **state)
{
    struct world *w = *state;
    EVP_PKEY *other = scep_test_key(SCEP_TEST_KEY_OTHER);
    EVP_PKEY *strange = machine(other, 0);
    EVP_PKEY *strange_padded = machine(other, MACHINE_NO_RAW);
    EVP_PKEY *keys[] = { other, strange, strange_padded };
    CMS_ContentInfo *cms = encrypt(w, false);
    unsigned long expected = 0;

    for (size_t i = 0; i < 3; i++) {
        /* a random key fails in the content's padding, 1 time in 256 it is rubbish */
        BIO *out = BIO_new(BIO_s_mem());
        char *data = NULL;
        int result = CMS_decrypt(cms, keys[i], w->cert, NULL, out, CMS_BINARY);

        if (result != 1) {
            expected = expected == 0 ? ERR_peek_error() : expected;
            assert_int_not_equal(expected, 0);
            assert_int_equal(ERR_peek_error(), expected);
            assert_int_equal(ERR_peek_last_error(), expected);
        } else {
            long len = BIO_get_mem_data(out, &data);

            assert_true(len != (long)sizeof(message)
                        || memcmp(data, message, sizeof(message)) != 0);
        }
        ERR_clear_error();
        BIO_free(out);
    }
    CMS_ContentInfo_free(cms);
    EVP_PKEY_free(strange);
    EVP_PKEY_free(strange_padded);
    EVP_PKEY_free(other);
}

/* ---- providers that fail --------------------------------------------------------------------- */

static void provider__that_fails__is_explained_once_and_to_administrators_only(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    uint8_t cipher[256];
    uint8_t out[BLOCK_MAX];
    size_t len = 0;

    make_wrong(w, &wrong_blocks[0], cipher);
    machine_stand_in_break(true);
    assert_int_equal(sign(w->raw, EVP_sha256(), false, out), 0);
    ERR_clear_error();
    (void)error_set(&err, REASON_SIGN_FAILED, "no signature");
    machine_pkey_explain(w->raw, &err);
    assert_string_equal(err.detail,
                        "no signature; the machine's key: device unplugged (error 0x8009002d)");
    error_clear(&err);
    (void)error_set(&err, REASON_SIGN_FAILED, "no signature");
    machine_pkey_explain(w->raw, &err);
    assert_string_equal(err.detail, "no signature");
    error_clear(&err);

    /* a peer sees the same as with a wrong padding */
    assert_int_equal(open_key(w->raw, cipher, sizeof(cipher), out, &len), 1);
    assert_int_equal(len, 32);
    (void)error_set(&err, REASON_UNIFORM_FAILURE, "envelope");
    machine_pkey_explain(w->raw, &err);
    assert_non_null(strstr(err.detail, "device unplugged"));
    assert_null(strstr(reason_public_text(err.reason), "unplugged"));

    machine_stand_in_break(false);
    assert_int_equal(sign(w->raw, EVP_sha256(), false, out), 256);
}

static void try__what_a_provider_cannot__is_refused(void **state)
{
    struct world *w = *state;
    const struct {
        const char *name;
        unsigned lacks;
        bool signs, decrypts;
    } cases[] = {
        { "everything", 0, true, true },
        { "no raw", MACHINE_NO_RAW, true, true },
        { "signs only", MACHINE_NO_RAW | MACHINE_NO_DECRYPT, true, false },
        { "decrypts only", MACHINE_NO_SIGN, false, true },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EVP_PKEY *key = machine(w->software, cases[i].lacks);
        struct error err = ERROR_INIT;

        if (machine_pkey_try_sign(key, &err) != cases[i].signs) {
            fail_msg("%s signs: %s", cases[i].name, err.detail);
        }
        error_clear(&err);
        if (machine_pkey_try_decrypt(key, &err) != cases[i].decrypts) {
            fail_msg("%s decrypts: %s", cases[i].name, err.detail);
        }
        if (!cases[i].decrypts) {
            assert_int_equal(err.reason, REASON_MACHINE_KEY_UNUSABLE);
            assert_non_null(strstr(err.detail, "0x80090029"));
        }
        EVP_PKEY_free(key);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static void key__references__are_freed_exactly_once(void **state)
{
    struct world *w = *state;
    int open = machine_stand_in_counts().open;
    EVP_PKEY *key = machine(w->software, 0);

    assert_int_equal(machine_stand_in_counts().open, open + 1);
    assert_int_equal(EVP_PKEY_up_ref(key), 1);
    EVP_PKEY_free(key);
    assert_int_equal(machine_stand_in_counts().open, open + 1);
    EVP_PKEY_free(key);
    assert_int_equal(machine_stand_in_counts().open, open);
}

static void key__too_small__is_refused_and_freed(void **state)
{
    EVP_PKEY *small = scep_test_key(SCEP_TEST_KEY_CLIENT_512);
    struct error err = ERROR_INIT;
    int open = machine_stand_in_counts().open;

    (void)state;
    assert_refused(machine_pkey_create(machine_stand_in_key(small, 0), "x", &err) != NULL, &err,
                   REASON_MACHINE_KEY_UNUSABLE, "512 bits");
    assert_int_equal(machine_stand_in_counts().open, open);
    EVP_PKEY_free(small);
}

static void key__asked_about_itself__answers(void **state)
{
    struct world *w = *state;
    EVP_PKEY *public_key = X509_get0_pubkey(w->cert);
    struct error err = ERROR_INIT;

    assert_string_equal(machine_pkey_place(w->raw), "ONDK1 store 00");
    assert_non_null(machine_pkey_machine_key(w->raw));
    assert_null(machine_pkey_place(w->software));
    assert_null(machine_pkey_place(public_key));
    assert_null(machine_pkey_place(NULL));
    assert_null(machine_pkey_machine_key(w->software));
    assert_done(machine_pkey_try_sign(w->software, &err), &err, "other keys");
    assert_done(machine_pkey_try_decrypt(w->software, &err), &err, "other keys");
    (void)error_set(&err, REASON_SIGN_FAILED, "as it was");
    machine_pkey_explain(w->software, &err);
    assert_string_equal(err.detail, "as it was");
}

static void key__private_numbers__are_not_there(void **state)
{
    struct world *w = *state;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(w->raw);
    unsigned char *der = NULL;

    assert_null(info);
    assert_true(i2d_PrivateKey(w->raw, &der) <= 0);
    assert_null(der);
    ERR_clear_error();
}

/* ---- several threads ------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 10

struct worker {
    pthread_t thread;
    const struct world *world;
    EVP_PKEY *key;
    int good;
};

static void *work(void *context)
{
    struct worker *worker = context;
    uint8_t signature[BLOCK_MAX];
    CMS_ContentInfo *cms = encrypt(worker->world, false);

    for (int i = 0; i < ROUNDS; i++) {
        size_t len = sign(worker->key, EVP_sha256(), false, signature);

        if (verifies(worker->world->software, EVP_sha256(), false, signature, len)
            && opens(cms, worker->key, worker->world->cert)) {
            worker->good++;
        }
    }
    CMS_ContentInfo_free(cms);
    return NULL;
}

static void key__many_threads__all_get_what_is_theirs(void **state)
{
    struct world *w = *state;
    struct worker workers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .world = w, .key = i % 2 == 0 ? w->raw : w->padded };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].good, ROUNDS);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sign__every_digest__verifies_and_is_as_the_key_itself_signs),
        CASE(sign__pss__verifies_where_raw_rsa_is),
        CASE(raw_rsa__the_other_way_round__is_raw_rsa),
        CASE(sign__certificate_crl_request__verify),
        CASE(sign__cms__verifies),
        CASE(decrypt__cms__opens),
        CASE(decrypt__wrong_padding__is_a_plain_text_like_any_other),
        CASE(decrypt__no_number_below_the_modulus__is_a_plain_text_too),
        CASE(decrypt__right_padding__gives_exactly_what_was_encrypted),
        CASE(decrypt__cms_with_wrong_key__fails_like_any_other_key),
        CASE(provider__that_fails__is_explained_once_and_to_administrators_only),
        CASE(try__what_a_provider_cannot__is_refused),
        CASE(key__references__are_freed_exactly_once),
        CASE(key__too_small__is_refused_and_freed),
        CASE(key__asked_about_itself__answers),
        CASE(key__private_numbers__are_not_there),
        CASE(key__many_threads__all_get_what_is_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
