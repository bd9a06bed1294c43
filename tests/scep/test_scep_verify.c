/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "scep/scep_legacy.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct algorithm_case {
    const char *name;
    const char *digest;
    enum scep_client_signature signature;
    enum reason modern; /* REASON_NONE: verified */
    enum reason compat;
    enum reason legacy;
};

#define OK REASON_NONE
#define DIGEST REASON_DIGEST_NOT_ALLOWED
#define ALGORITHM REASON_SIGNATURE_ALG_NOT_ALLOWED

static const struct algorithm_case algorithms[] = {
    { "MD5", "MD5", SCEP_CLIENT_RSA, DIGEST, DIGEST, OK },
    { "MD5 named", "MD5", SCEP_CLIENT_RSA_WITH_DIGEST, DIGEST, DIGEST, OK },
    { "SHA-1", "SHA1", SCEP_CLIENT_RSA, DIGEST, OK, OK },
    { "SHA-1 named", "SHA1", SCEP_CLIENT_RSA_WITH_DIGEST, DIGEST, OK, OK },
    { "SHA-1 PSS", "SHA1", SCEP_CLIENT_PSS, DIGEST, OK, OK },
    { "SHA-224", "SHA224", SCEP_CLIENT_RSA, DIGEST, OK, OK },
    { "SHA-256", "SHA256", SCEP_CLIENT_RSA, OK, OK, OK },
    { "SHA-256 named", "SHA256", SCEP_CLIENT_RSA_WITH_DIGEST, OK, OK, OK },
    { "SHA-256 PSS", "SHA256", SCEP_CLIENT_PSS, OK, OK, OK },
    { "SHA-384", "SHA384", SCEP_CLIENT_RSA, OK, OK, OK },
    { "SHA-384 named", "SHA384", SCEP_CLIENT_RSA_WITH_DIGEST, OK, OK, OK },
    { "SHA-512", "SHA512", SCEP_CLIENT_RSA, OK, OK, OK },
    { "SHA-512 named", "SHA512", SCEP_CLIENT_RSA_WITH_DIGEST, OK, OK, OK },
    { "SHA-512 PSS", "SHA512", SCEP_CLIENT_PSS, OK, OK, OK },
    { "SHA-3", "SHA3-256", SCEP_CLIENT_RSA, DIGEST, DIGEST, DIGEST },
    { "RIPEMD", "RIPEMD160", SCEP_CLIENT_RSA, DIGEST, DIGEST, DIGEST },
    { "SHA-256 and sha512WithRSA", "SHA256", SCEP_CLIENT_RSA_OTHER_DIGEST, ALGORITHM, ALGORITHM,
      ALGORITHM },
    { "SHA-512 and sha256WithRSA", "SHA512", SCEP_CLIENT_RSA_OTHER_DIGEST, ALGORITHM, ALGORITHM,
      ALGORITHM },
    { "SHA-256 and PSS with SHA-1", "SHA256", SCEP_CLIENT_PSS_OTHER_DIGEST, ALGORITHM, ALGORITHM,
      ALGORITHM },
    { "DSA's name", "SHA256", SCEP_CLIENT_DSA_OID, ALGORITHM, ALGORITHM, ALGORITHM },
};

static void check(const struct scep_client *c, enum algorithm_level level, enum reason expected,
                  const char *name)
{
    struct buffer request = ASN1_BUFFER_INIT;
    struct scep_message *message = NULL;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    scep_client_sign(c, bytes_of_text("content"), &request, &cert);
    message = scep_message_parse(buffer_bytes(&request), &err);
    assert_done(message != NULL, &err, name);
    if (expected == REASON_NONE) {
        assert_done(scep_message_verify(message, level, &err), &err, name);
    } else {
        assert_refused(scep_message_verify(message, level, &err), &err, expected, name);
    }
    scep_message_free(message);
    X509_free(cert);
    buffer_clear(&request);
}

static void algorithms__each_level__allowed_or_not(void **state)
{
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        struct scep_client c = scep_fixture_client(f);

        c.digest = algorithms[i].digest;
        c.signature = algorithms[i].signature;
        if (EVP_get_digestbyname(c.digest) == NULL
            || EVP_Digest("", 0, (unsigned char[EVP_MAX_MD_SIZE]){ 0 }, NULL,
                          EVP_get_digestbyname(c.digest), NULL)
                   != 1) {
            continue; /* this OpenSSL was built without it */
        }
        check(&c, ALGORITHM_LEVEL_MODERN, algorithms[i].modern, algorithms[i].name);
        check(&c, ALGORITHM_LEVEL_COMPAT, algorithms[i].compat, algorithms[i].name);
        check(&c, ALGORITHM_LEVEL_LEGACY, algorithms[i].legacy, algorithms[i].name);
    }
}

/* strongSwan's --rsa-padding pss, as far as the answer. */
static void pss__whole_way__opened(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct scep_outcome o;

    c.signature = SCEP_CLIENT_PSS;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "PSS");
    assert_int_equal(SCEP_SIGNATURE_PSS, scep_message_facts(o.message)->signature_form);
    scep_outcome_clear(&o);
    c.faults = SCEP_CLIENT_BAD_SIGNATURE;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_SIGNATURE_WRONG, "PSS, changed");
    scep_outcome_clear(&o);
    c.faults = 0;
    c.order = SCEP_CLIENT_UNSORTED_SIGN_SORTED;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "PSS, unsorted, signed sorted");
    scep_outcome_clear(&o);
}

static void keys__kinds_and_sizes__allowed_or_not(void **state)
{
    static const struct {
        const char *name;
        enum scep_test_key key;
        enum scep_client_signature signature;
        enum reason modern;
        enum reason compat;
    } cases[] = {
        { "512", SCEP_TEST_KEY_CLIENT_512, SCEP_CLIENT_RSA, REASON_SIGNER_KEY_NOT_ALLOWED,
          REASON_SIGNER_KEY_NOT_ALLOWED },
        { "1024", SCEP_TEST_KEY_CLIENT_1024, SCEP_CLIENT_RSA, REASON_SIGNER_KEY_NOT_ALLOWED, OK },
        { "2048", SCEP_TEST_KEY_CLIENT, SCEP_CLIENT_RSA, OK, OK },
        { "3072", SCEP_TEST_KEY_CLIENT_3072, SCEP_CLIENT_RSA, OK, OK },
        { "4096", SCEP_TEST_KEY_CLIENT_4096, SCEP_CLIENT_RSA, OK, OK },
        { "EC and RSA's name", SCEP_TEST_KEY_CLIENT_EC, SCEP_CLIENT_RSA, ALGORITHM, ALGORITHM },
        { "EC", SCEP_TEST_KEY_CLIENT_EC, SCEP_CLIENT_ECDSA, OK, OK },
    };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        EVP_PKEY *key = scep_test_key(cases[i].key);
        struct scep_client c = scep_fixture_client(f);

        c.key = key;
        c.signature = cases[i].signature;
        check(&c, ALGORITHM_LEVEL_MODERN, cases[i].modern, cases[i].name);
        check(&c, ALGORITHM_LEVEL_COMPAT, cases[i].compat, cases[i].name);
        EVP_PKEY_free(key);
    }
}

/* A public key by numbers: a modulus of so many bits (odd, top bit set) and an exponent. */
static EVP_PKEY *rsa_by_numbers(int bits, const char *exponent)
{
    BIGNUM *n = BN_new();
    BIGNUM *e = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    scep_must(BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1
              && BN_hex2bn(&e, exponent) > 0
              && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1
              && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1);
    params = OSSL_PARAM_BLD_to_param(builder);
    scep_must(EVP_PKEY_fromdata_init(ctx) == 1
              && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    BN_free(e);
    return key;
}

static void keys__odd_rsa_numbers__refused_before_use(void **state)
{
    static const struct {
        const char *name;
        int bits;
        const char *exponent;
        enum reason parse;  /* REASON_NONE: parsed */
        enum reason verify; /* when it was parsed */
    } cases[] = {
        /* the signature does not fit a made-up key: what counts is who says no */
        { "good numbers", 2048, "010001", OK, REASON_SIGNATURE_WRONG },
        { "exponent 3", 2048, "03", OK, REASON_SIGNATURE_WRONG },
        { "exponent 1", 2048, "01", OK, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "even exponent", 2048, "010000", OK, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "exponent of 2^32 + 1", 2048, "0100000001", OK, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "8192 bits", 8192, "010001", OK, REASON_SIGNATURE_WRONG },
        { "8193 bits", 8193, "010001", REASON_CMS_SIGNER_KEY, OK },
        { "16384 bits", 16384, "010001", REASON_CMS_SIGNER_KEY, OK },
        { "1023 bits", 1023, "010001", OK, REASON_SIGNER_KEY_NOT_ALLOWED },
    };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        EVP_PKEY *key = rsa_by_numbers(cases[i].bits, cases[i].exponent);
        struct scep_cert_options options = { .key = key, .cn = "x", .issuer_key = f->client_key };
        struct scep_client c = scep_fixture_client(f);
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_message *message = NULL;
        struct error err = ERROR_INIT;

        c.cert = scep_cert_make(&options);
        scep_client_sign(&c, bytes_of_text("content"), &request, NULL);
        message = scep_message_parse(buffer_bytes(&request), &err);
        if (cases[i].parse != REASON_NONE) {
            assert_refused(message != NULL, &err, cases[i].parse, cases[i].name);
        } else {
            assert_done(message != NULL, &err, cases[i].name);
            assert_false(scep_message_facts(message)->signer_self_signed);
            assert_refused(scep_message_verify(message, ALGORITHM_LEVEL_COMPAT, &err), &err,
                           cases[i].verify, cases[i].name);
        }
        scep_message_free(message);
        X509_free(c.cert);
        buffer_clear(&request);
        EVP_PKEY_free(key);
    }
}

static void certificate__odd_in_every_way__accepted(void **state)
{
    static const unsigned char negative[] = { 0x80, 0x01 };
    static const unsigned char zero[] = { 0x00 };
    static const unsigned char long_serial[32] = { 0xa0, 0x15, 0xd3 };
    const struct scep_fixture *f = *state;
    const struct {
        const char *name;
        struct scep_cert_options options;
        bool self_signed;
    } cases[] = {
        { "version 1", { .cn = "x", .version = 1 }, true },
        { "negative serial", { .cn = "x", .serial = negative, .serial_len = 2 }, true },
        { "serial 0", { .cn = "x", .serial = zero, .serial_len = 1 }, true },
        { "serial of 32", { .cn = "x", .serial = long_serial, .serial_len = 32 }, true },
        { "empty subject", { .cn = NULL }, true },
        { "another subject than the request", { .cn = "2E5B9D0C" }, true },
        { "expired", { .cn = "x", .days_from = -20000, .days_to = -19000 }, true },
        { "far future", { .cn = "x", .days_from = 3000, .days_to = 26000 }, true },
        { "SHA-1", { .cn = "x", .digest = "SHA1" }, true },
        { "MD5", { .cn = "x", .digest = "MD5" }, true },
        { "CA", { .cn = "x", .ca = true }, true },
        { "signature wrong", { .cn = "x", .break_signature = true }, false },
        { "of another issuer",
          { .cn = "x", .issuer = f->ca.cert, .issuer_key = f->ca.key },
          false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_cert_options options = cases[i].options;
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        options.key = f->client_key;
        options.issuer_key = options.issuer_key != NULL ? options.issuer_key : f->client_key;
        c.cert = scep_cert_make(&options);
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_opened(&o, cases[i].name);
        if (scep_message_facts(o.message)->signer_self_signed != cases[i].self_signed) {
            fail_msg("%s: signer_self_signed", cases[i].name);
        }
        scep_outcome_clear(&o);
        X509_free(c.cert);
    }
}

static void certificates__several__found_by_sid(void **state)
{
    const struct scep_fixture *f = *state;

    for (int by_key_id = 0; by_key_id < 2; by_key_id++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.signer_by_key_id = by_key_id != 0;
        c.more_cert_count = LIMIT_CMS_CERTIFICATES - 1;
        for (size_t i = 0; i < c.more_cert_count; i++) {
            c.more_certs[i] = i % 2 == 0 ? f->ca.cert : f->ca.ra_certs[0];
        }
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_opened(&o, "last of ten");
        assert_int_equal(0, X509_cmp(scep_message_facts(o.message)->signer, o.cert));
        scep_outcome_clear(&o);

        c.more_certs[c.more_cert_count++] = f->ca.cert;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_outcome(&o, REASON_CMS_TOO_MANY_CERTS, "eleven");
        scep_outcome_clear(&o);
    }
}

/* The signature is by another key than the certificate's. */
static void certificate__of_another_key__signature_wrong(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_cert_options options = { .key = f->other_key, .cn = "x" };
    struct scep_client c = scep_fixture_client(f);
    struct scep_outcome o;

    c.cert = scep_cert_make(&options);
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_SIGNATURE_WRONG, "other key");
    scep_outcome_clear(&o);
    X509_free(c.cert);
}

/* Curves by explicit parameters: refused before a library decodes the key (CVE-2022-0778). */
static void certificate__explicit_curve__refused(void **state)
{
    const struct scep_fixture *f = *state;
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    struct scep_cert_options options = { .key = key, .cn = "x" };
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    X509 *cert = NULL;

    if (EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                       OSSL_PKEY_EC_ENCODING_EXPLICIT)
        != 1) {
        EVP_PKEY_free(key);
        test_skip("this OpenSSL writes no explicit parameters");
    }
    c.more_certs[0] = scep_cert_make(&options);
    c.more_cert_count = 1;
    scep_client_request(&c, &request, &cert);
    assert_null(scep_message_parse(buffer_bytes(&request), &err));
    assert_int_equal(REASON_CMS_SIGNER_KEY, err.reason);
    X509_free(c.more_certs[0]);
    X509_free(cert);
    buffer_clear(&request);
    EVP_PKEY_free(key);
}

static void verify__twice__same_answer(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    c.order = SCEP_CLIENT_UNSORTED_SIGN_SORTED;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "first");
    assert_done(scep_message_verify(o.message, ALGORITHM_LEVEL_MODERN, &err), &err, "second");
    scep_outcome_clear(&o);
}

/* Last, because the provider stays: single DES needs it, and only level legacy lets it through. */
static void legacy__single_des__only_at_its_level(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    if (!scep_legacy_start(&err)) {
        test_skip("this OpenSSL has no legacy provider");
    }
    c.digest = "MD5";
    c.cipher = "DES-CBC";
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_LEGACY, &o);
    assert_opened(&o, "legacy");
    assert_int_equal(SCEP_CIPHER_DES, scep_message_facts(o.message)->cipher);
    scep_outcome_clear(&o);
    c.digest = "SHA1";
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_COMPAT, &o);
    assert_outcome(&o, REASON_CIPHER_NOT_ALLOWED, "compat");
    scep_outcome_clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms__each_level__allowed_or_not),
        cmocka_unit_test(pss__whole_way__opened),
        cmocka_unit_test(keys__kinds_and_sizes__allowed_or_not),
        cmocka_unit_test(keys__odd_rsa_numbers__refused_before_use),
        cmocka_unit_test(certificate__odd_in_every_way__accepted),
        cmocka_unit_test(certificates__several__found_by_sid),
        cmocka_unit_test(certificate__of_another_key__signature_wrong),
        cmocka_unit_test(certificate__explicit_curve__refused),
        cmocka_unit_test(verify__twice__same_answer),
        cmocka_unit_test(legacy__single_des__only_at_its_level),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
