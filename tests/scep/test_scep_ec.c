/* SPDX-License-Identifier: Apache-2.0 */
/* Devices with EC keys: their messages, and answers that they can read. */
#include "scep/scep_fixture.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scep/scep_legacy.h"
#include "scep/scep_stand_in.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define OK REASON_NONE
#define DIGEST REASON_DIGEST_NOT_ALLOWED
#define ALGORITHM REASON_SIGNATURE_ALG_NOT_ALLOWED

static const enum scep_test_key keys[] = { SCEP_TEST_KEY_CLIENT_EC, SCEP_TEST_KEY_CLIENT_EC_384,
                                           SCEP_TEST_KEY_CLIENT_EC_521 };

static struct scep_client ec_client(const struct scep_fixture *f, EVP_PKEY *key)
{
    struct scep_client c = scep_fixture_client(f);

    c.key = key;
    c.signature = SCEP_CLIENT_ECDSA;
    return c;
}

static void check(const struct scep_fixture *f, const struct scep_client *c,
                  enum algorithm_level level, enum reason expected, const char *name)
{
    struct scep_outcome o;

    scep_fixture_send(f, c, level, &o);
    if (expected == OK) {
        assert_opened(&o, name);
        assert_int_equal(SCEP_SIGNATURE_ECDSA, scep_message_facts(o.message)->signature_form);
        assert_int_equal(KEY_TYPE_EC, o.csr.key_type);
        assert_true(scep_message_facts(o.message)->signer_self_signed);
    } else {
        assert_outcome(&o, expected, name);
    }
    scep_outcome_clear(&o);
}

static void message__each_digest_and_level__verified_or_not(void **state)
{
    static const struct {
        const char *name;
        const char *digest;
        enum scep_client_signature signature;
        enum reason modern;
        enum reason compat;
        enum reason legacy;
    } rows[] = {
        { "SHA-1", "SHA1", SCEP_CLIENT_ECDSA, DIGEST, OK, OK },
        { "SHA-224", "SHA224", SCEP_CLIENT_ECDSA, DIGEST, OK, OK },
        { "SHA-256", "SHA256", SCEP_CLIENT_ECDSA, OK, OK, OK },
        { "SHA-384", "SHA384", SCEP_CLIENT_ECDSA, OK, OK, OK },
        { "SHA-512", "SHA512", SCEP_CLIENT_ECDSA, OK, OK, OK },
        /* there is no ECDSA with MD5, whatever the level */
        { "MD5", "MD5", SCEP_CLIENT_ECDSA_OTHER_DIGEST, DIGEST, DIGEST, ALGORITHM },
        { "SHA-256 named SHA-512", "SHA256", SCEP_CLIENT_ECDSA_OTHER_DIGEST, ALGORITHM, ALGORITHM,
          ALGORITHM },
        { "SHA-512 named SHA-256", "SHA512", SCEP_CLIENT_ECDSA_OTHER_DIGEST, ALGORITHM, ALGORITHM,
          ALGORITHM },
        { "the key's name", "SHA256", SCEP_CLIENT_ECDSA_NO_DIGEST, ALGORITHM, ALGORITHM,
          ALGORITHM },
        { "RSA's name", "SHA256", SCEP_CLIENT_RSA, ALGORITHM, ALGORITHM, ALGORITHM },
        { "RSA's long name", "SHA256", SCEP_CLIENT_RSA_WITH_DIGEST, ALGORITHM, ALGORITHM,
          ALGORITHM },
    };
    const struct scep_fixture *f = *state;
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scep_client c = ec_client(f, key);

        c.digest = rows[i].digest;
        c.signature = rows[i].signature;
        check(f, &c, ALGORITHM_LEVEL_MODERN, rows[i].modern, rows[i].name);
        check(f, &c, ALGORITHM_LEVEL_COMPAT, rows[i].compat, rows[i].name);
        check(f, &c, ALGORITHM_LEVEL_LEGACY, rows[i].legacy, rows[i].name);
    }
    EVP_PKEY_free(key);
}

static void message__each_curve_right_and_wrong__verified_or_not(void **state)
{
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        EVP_PKEY *key = scep_test_key(keys[i]);
        struct scep_client c = ec_client(f, key);

        check(f, &c, ALGORITHM_LEVEL_MODERN, OK, "right");
        c.order = SCEP_CLIENT_UNSORTED_SIGN_SORTED;
        check(f, &c, ALGORITHM_LEVEL_MODERN, OK, "unsorted, signed sorted");
        c.order = SCEP_CLIENT_SORTED;
        c.faults = SCEP_CLIENT_BAD_SIGNATURE;
        check(f, &c, ALGORITHM_LEVEL_MODERN, REASON_SIGNATURE_WRONG, "changed signature");
        c.faults = SCEP_CLIENT_BAD_CONTENT;
        check(f, &c, ALGORITHM_LEVEL_MODERN, REASON_SIGNATURE_WRONG, "changed content");
        EVP_PKEY_free(key);
    }
}

/* RSA keys do not sign ECDSA, and curves without a name end before a library decodes them. */
static void message__odd_keys__refused(void **state)
{
    const struct scep_fixture *f = *state;
    EVP_PKEY *unknown = EVP_EC_gen("secp256k1");
    struct scep_client c = scep_fixture_client(f);

    c.signature = SCEP_CLIENT_ECDSA_NO_DIGEST;
    check(f, &c, ALGORITHM_LEVEL_COMPAT, ALGORITHM, "RSA key, ECDSA's name");
    c.signature = SCEP_CLIENT_ECDSA_OTHER_DIGEST;
    check(f, &c, ALGORITHM_LEVEL_COMPAT, ALGORITHM, "RSA key, ecdsa-with-SHA512");
    assert_non_null(unknown);
    c = ec_client(f, unknown);
    check(f, &c, ALGORITHM_LEVEL_LEGACY, ALGORITHM, "another curve");
    EVP_PKEY_free(unknown);
}

static void signer__explicit_curve__refused_before_use(void **state)
{
    const struct scep_fixture *f = *state;
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    struct scep_client c = ec_client(f, key);
    struct buffer request = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    if (EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                       OSSL_PKEY_EC_ENCODING_EXPLICIT)
        != 1) {
        EVP_PKEY_free(key);
        test_skip("this OpenSSL writes no explicit parameters");
    }
    scep_client_request(&c, &request, &cert);
    assert_null(scep_message_parse(buffer_bytes(&request), &err));
    assert_int_equal(REASON_CMS_SIGNER_KEY, err.reason);
    X509_free(cert);
    buffer_clear(&request);
    EVP_PKEY_free(key);
}

/* Which key the request may have: the signer's, or in a renewal any that is harmless. */
static void request__key_beside_the_signers__opened_or_not(void **state)
{
    static const struct {
        const char *name;
        enum scep_test_key signer;
        enum scep_test_key key;
        bool self_signed;
        const char *challenge;
        bool opened;
    } rows[] = {
        { "other curve", SCEP_TEST_KEY_CLIENT_EC, SCEP_TEST_KEY_CLIENT_EC_384, true, "x", false },
        { "RSA in EC", SCEP_TEST_KEY_CLIENT_EC, SCEP_TEST_KEY_CLIENT, true, NULL, false },
        { "EC in RSA", SCEP_TEST_KEY_CLIENT, SCEP_TEST_KEY_CLIENT_EC, true, NULL, false },
        { "renewal EC to RSA", SCEP_TEST_KEY_CLIENT_EC, SCEP_TEST_KEY_CLIENT, false, NULL, true },
        { "renewal RSA to EC", SCEP_TEST_KEY_CLIENT, SCEP_TEST_KEY_CLIENT_EC_521, false, NULL,
          true },
        { "renewal EC to EC", SCEP_TEST_KEY_CLIENT_EC, SCEP_TEST_KEY_CLIENT_EC_384, false, NULL,
          true },
        /* whose it is nobody knows: it is taken out */
        { "with somebody's challenge", SCEP_TEST_KEY_CLIENT, SCEP_TEST_KEY_CLIENT_EC, false, "x",
          true },
    };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        EVP_PKEY *signer = scep_test_key(rows[i].signer);
        EVP_PKEY *key = scep_test_key(rows[i].key);
        struct scep_cert_options options = {
            .key = signer, .cn = "client", .issuer = f->ca.cert, .issuer_key = f->ca.key
        };
        struct scep_client c = ec_client(f, signer);
        struct scep_outcome o;

        c.signature = rows[i].signer == SCEP_TEST_KEY_CLIENT ? SCEP_CLIENT_RSA : SCEP_CLIENT_ECDSA;
        c.csr_key = key;
        c.challenge = rows[i].challenge;
        c.cert = rows[i].self_signed ? NULL : scep_cert_make(&options);
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (rows[i].opened) {
            assert_opened(&o, rows[i].name);
            assert_false(o.csr.has_challenge);
            assert_int_equal(scep_message_facts(o.message)->challenge_withheld,
                             rows[i].challenge != NULL);
        } else {
            assert_outcome(&o, REASON_UNIFORM_FAILURE, rows[i].name);
        }
        scep_outcome_clear(&o);
        X509_free(c.cert);
        EVP_PKEY_free(signer);
        EVP_PKEY_free(key);
    }
}

/* The constant requests must verify: otherwise refusals would be quick. */
static void stand_in__every_kind__works(void **state)
{
    (void)state;
    assert_true(scep_stand_in_parse());
    for (int way = PUBLIC_KEY_NOT_READ; way <= PUBLIC_KEY_LIBRARY; way++) {
        assert_true(scep_stand_in_decode((enum public_key_way)way));
    }
    for (int ec = 0; ec < 2; ec++) {
        assert_true(scep_stand_in_work(ec != 0, KEY_TYPE_OTHER, 0));
        assert_true(scep_stand_in_work(ec != 0, KEY_TYPE_RSA, 4096));
        assert_true(scep_stand_in_work(ec != 0, KEY_TYPE_EC, 384));
    }
}

/* A certificate for the client's key as an answer; what the client makes of it. */
static void answer(const struct scep_fixture *f, const struct scep_client *c,
                   enum algorithm_level level, struct scep_client_reply *reply)
{
    struct scep_reply_options options = { .ras = f->ca.set, .level = level };
    struct buffer cert = ASN1_BUFFER_INIT;
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, c, level, &o);
    assert_opened(&o, c->cipher);
    scep_test_ca_issue(&f->ca, c->key, "issued", &cert);
    assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err), &err,
                c->cipher);
    if (!scep_client_read(buffer_bytes(&out), f->ca.ra_certs[0], c->key, o.cert, reply)) {
        fail_msg("%s %s: %s", c->cipher, c->digest, reply->problem);
    }
    assert_int_equal(1, reply->recipient_count);
    assert_int_equal(1, reply->cert_count);
    assert_true(X509_check_private_key(reply->cert, c->key) == 1);
    assert_int_equal(NID_undef, reply->transport_nid);
    assert_int_equal(NID_rsaEncryption, reply->signature_nid); /* the RA's key is RSA */
    buffer_clear(&cert);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

/* Read by OpenSSL's CMS, which has no line in common with what wrote it. */
static void answer__each_curve_cipher_and_digest__opened_by_cms(void **state)
{
    static const struct {
        const char *cipher;
        int nid;
        int wrap;
    } ciphers[] = {
        { "DES-EDE3-CBC", NID_des_ede3_cbc, NID_id_smime_alg_CMS3DESwrap },
        { "AES-128-CBC", NID_aes_128_cbc, NID_id_aes128_wrap },
        { "AES-192-CBC", NID_aes_192_cbc, NID_id_aes192_wrap },
        { "AES-256-CBC", NID_aes_256_cbc, NID_id_aes256_wrap },
    };
    static const struct {
        const char *digest;
        int nid;
        int kdf;
    } digests[] = {
        { "SHA1", NID_sha1, NID_dhSinglePass_stdDH_sha1kdf_scheme },
        { "SHA256", NID_sha256, NID_dhSinglePass_stdDH_sha256kdf_scheme },
        { "SHA512", NID_sha512, NID_dhSinglePass_stdDH_sha256kdf_scheme },
    };
    const struct scep_fixture *f = *state;

    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        EVP_PKEY *key = scep_test_key(keys[k]);

        for (size_t i = 0; i < COUNT_OF(ciphers) * COUNT_OF(digests); i++) {
            size_t with = i % COUNT_OF(ciphers);
            size_t by = i / COUNT_OF(ciphers);
            struct scep_client c = ec_client(f, key);
            struct scep_client_reply reply;

            c.cipher = ciphers[with].cipher;
            c.digest = digests[by].digest;
            c.transport = i % 2 == 0 ? SCEP_CLIENT_PKCS1 : SCEP_CLIENT_OAEP_SHA256;
            answer(f, &c, ALGORITHM_LEVEL_COMPAT, &reply);
            assert_int_equal(ciphers[with].nid, reply.cipher_nid);
            assert_int_equal(ciphers[with].wrap, reply.wrap_nid);
            assert_int_equal(digests[by].nid, reply.digest_nid);
            assert_int_equal(digests[by].kdf, reply.kdf_nid);
            scep_client_reply_clear(&reply);
        }
        EVP_PKEY_free(key);
    }
}

/* Nothing wraps a key of 8 bytes. Last: the provider stays. */
static void answer__single_des__raised(void **state)
{
    const struct scep_fixture *f = *state;
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    struct scep_client c = ec_client(f, key);
    struct scep_client_reply reply;
    struct error err = ERROR_INIT;

    if (!scep_legacy_start(&err)) {
        EVP_PKEY_free(key);
        test_skip("this OpenSSL has no legacy provider");
    }
    c.cipher = "DES-CBC";
    answer(f, &c, ALGORITHM_LEVEL_LEGACY, &reply);
    assert_int_equal(NID_aes_128_cbc, reply.cipher_nid);
    assert_int_equal(NID_id_aes128_wrap, reply.wrap_nid);
    scep_client_reply_clear(&reply);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__each_digest_and_level__verified_or_not),
        cmocka_unit_test(message__each_curve_right_and_wrong__verified_or_not),
        cmocka_unit_test(message__odd_keys__refused),
        cmocka_unit_test(signer__explicit_curve__refused_before_use),
        cmocka_unit_test(request__key_beside_the_signers__opened_or_not),
        cmocka_unit_test(stand_in__every_kind__works),
        cmocka_unit_test(answer__each_curve_cipher_and_digest__opened_by_cms),
        cmocka_unit_test(answer__single_des__raised),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
