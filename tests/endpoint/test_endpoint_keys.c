/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys and algorithms a template takes, on the whole way from the message to the answer. */
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "endpoint/endpoint_world.h"
#include "scep/scep_legacy.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define EC ", \"key\": {\"types\": \"rsa,ec\"}"
#define COMPAT ", \"algorithms\": \"compat\""
#define SHORT ", \"algorithms\": \"compat\", \"key\": {\"rsa_min_bits\": 1024}"
#define LIST ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"127.0.0.1\"}"

static struct endpoint_world world;

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_world_close(&world);
    return 0;
}

/* What became of one enrolment: reason NONE and the certificate, or a refusal that was read. */
struct outcome {
    enum reason reason;
    int fail_info;
    char fail_text[256];
    int kdf_nid;
    int digest_nid;
    int cipher_nid;
    int signature_nid;
    X509 *cert; /* owned */
};

static void send(const struct endpoint *endpoint, const struct endpoint_face *face,
                 const struct scep_client *client, struct outcome *out)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client_reply reply;
    struct endpoint_answer answer;
    X509 *cert = NULL;

    scep_client_request(client, &message, &cert);
    endpoint_post_at(endpoint, face == NULL ? endpoint_own_face(endpoint) : face,
                     buffer_bytes(&message), &answer);
    if (answer.response.status != 200
        || !scep_client_read(buffer_bytes(&answer.response.body), world.ras->ra[0].cert,
                             client->key, cert, &reply)) {
        fail_msg("status %d, %s (%s)", answer.response.status,
                 reason_id(answer.report.error.reason), answer.report.error.detail);
    }
    *out = (struct outcome){ .reason = answer.report.error.reason,
                             .fail_info = reply.fail_info,
                             .kdf_nid = reply.kdf_nid,
                             .digest_nid = reply.digest_nid,
                             .cipher_nid = reply.cipher_nid,
                             .signature_nid = reply.signature_nid,
                             .cert = reply.cert };
    memcpy(out->fail_text, reply.fail_text, sizeof(out->fail_text));
    reply.cert = NULL; /* has a new owner */
    assert_int_equal(reply.status, out->reason == REASON_NONE ? 0 : 2);
    assert_int_equal(out->cert != NULL, out->reason == REASON_NONE);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    buffer_clear(&message);
    X509_free(cert);
}

static void expect(const char *settings, enum scep_test_key which, enum reason expected,
                   const char *name)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", settings);
    EVP_PKEY *key = scep_test_key(which);
    struct scep_client client;
    struct outcome o;

    endpoint_world_client(&world, &client);
    client.key = key;
    client.signature =
        EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? SCEP_CLIENT_ECDSA : SCEP_CLIENT_RSA_WITH_DIGEST;
    client.digest = strstr(settings, "compat") != NULL ? "SHA1" : "SHA256";
    client.cn = name; /* another request each time */
    send(endpoint, NULL, &client, &o);
    if (o.reason != expected) {
        fail_msg("%s: %s", name, reason_id(o.reason));
    }
    if (o.cert != NULL) {
        assert_int_equal(X509_check_private_key(o.cert, key), 1);
    }
    X509_free(o.cert);
    EVP_PKEY_free(key);
    endpoint_free(endpoint);
}

static void keys__sizes_and_kinds__as_the_template_says(void **state)
{
    static const struct {
        const char *name;
        const char *settings;
        enum scep_test_key key;
        enum reason reason;
    } rows[] = {
        { "1024, modern", "", SCEP_TEST_KEY_CLIENT_1024, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "1024, compat", COMPAT, SCEP_TEST_KEY_CLIENT_1024, REASON_KEY_SIZE },
        { "1024, by exception", SHORT, SCEP_TEST_KEY_CLIENT_1024, REASON_NONE },
        { "512, by exception", SHORT, SCEP_TEST_KEY_CLIENT_512, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "3072", "", SCEP_TEST_KEY_CLIENT_3072, REASON_NONE },
        { "4096", "", SCEP_TEST_KEY_CLIENT_4096, REASON_NONE },
        { "4096, more than allowed", ", \"key\": {\"rsa_max_bits\": 3072}",
          SCEP_TEST_KEY_CLIENT_4096, REASON_KEY_SIZE },
        { "EC, RSA only", "", SCEP_TEST_KEY_CLIENT_EC, REASON_SIGNER_KEY_NOT_ALLOWED },
        { "P-256", EC, SCEP_TEST_KEY_CLIENT_EC, REASON_NONE },
        { "P-384", EC, SCEP_TEST_KEY_CLIENT_EC_384, REASON_NONE },
        { "P-521, not listed", EC, SCEP_TEST_KEY_CLIENT_EC_521, REASON_KEY_SIZE },
        { "P-521, listed", ", \"key\": {\"types\": \"ec\", \"curves\": \"P-521\"}",
          SCEP_TEST_KEY_CLIENT_EC_521, REASON_NONE },
        { "P-256, compat", COMPAT EC, SCEP_TEST_KEY_CLIENT_EC, REASON_NONE },
        { "RSA beside EC", EC, SCEP_TEST_KEY_CLIENT, REASON_NONE },
        { "RSA, EC only", ", \"key\": {\"types\": \"ec\"}", SCEP_TEST_KEY_CLIENT, REASON_KEY_TYPE },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i].settings, rows[i].key, rows[i].reason, rows[i].name);
    }
}

static void ec__certificate_and_answer__fit_the_key(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "ec", EC);
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    struct scep_client client;
    struct outcome o;

    (void)state;
    endpoint_world_client(&world, &client);
    client.key = key;
    client.signature = SCEP_CLIENT_ECDSA;
    client.cipher = "AES-256-CBC";
    send(endpoint, NULL, &client, &o);
    assert_int_equal(o.reason, REASON_NONE);
    assert_int_equal(o.kdf_nid, NID_dhSinglePass_stdDH_sha256kdf_scheme);
    assert_int_equal(o.cipher_nid, NID_aes_256_cbc);
    assert_int_equal(X509_get_key_usage(o.cert), KU_DIGITAL_SIGNATURE); /* no keyEncipherment */
    assert_int_equal(X509_verify(o.cert, X509_get0_pubkey(world.ras->chain[0])), 1);
    X509_free(o.cert);
    EVP_PKEY_free(key);
    endpoint_free(endpoint);
}

static void refusal__key__says_what_to_do(void **state)
{
    static const enum scep_test_key keys[] = { SCEP_TEST_KEY_CLIENT_1024, SCEP_TEST_KEY_CLIENT_EC };
    struct endpoint *endpoint = endpoint_world_template(&world, "text", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        EVP_PKEY *key = scep_test_key(keys[i]);
        struct scep_client client;
        struct outcome o;

        endpoint_world_client(&world, &client);
        client.key = key;
        client.signature = i == 0 ? SCEP_CLIENT_RSA : SCEP_CLIENT_ECDSA;
        send(endpoint, NULL, &client, &o);
        assert_int_equal(o.fail_info, 0); /* badAlg */
        assert_string_equal(o.fail_text,
                            "key not permitted by this endpoint, use RSA with 2048 bits or more");
        EVP_PKEY_free(key);
    }
    endpoint_free(endpoint);
}

static const struct endpoint *always(void *context, const struct csr *csr)
{
    (void)csr;
    return context;
}

/* A URL of several templates opens the message; whoever is chosen must take the key. */
static void face__ec_signer__the_chosen_template_decides(void **state)
{
    struct endpoint *asked = endpoint_world_template(&world, "asked", "");
    struct endpoint *rsa = endpoint_world_template(&world, "rsa", "");
    struct endpoint *ec = endpoint_world_template(&world, "curves", EC);
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct endpoint_face face = { .ra = RA_FORM_SINGLE,
                                      .caps = SCEP_CAPS_NDES,
                                      .level = ALGORITHM_LEVEL_MODERN,
                                      .choose = always,
                                      .context = i == 0 ? rsa : ec };
        struct scep_client client;
        struct outcome o;

        endpoint_world_client(&world, &client);
        client.key = key;
        client.signature = SCEP_CLIENT_ECDSA;
        send(asked, &face, &client, &o);

        assert_int_equal(o.reason, i == 0 ? REASON_SIGNER_KEY_NOT_ALLOWED : REASON_NONE);
        X509_free(o.cert);
    }
    EVP_PKEY_free(key);
    endpoint_free(asked);
    endpoint_free(rsa);
    endpoint_free(ec);
}

/* RSASSA-PSS as RFC 4055 recommends it: SHA-256, a salt of 32; the answer is in the same form. */
static void pss__request__answer_in_kind(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "pss", "");
    struct scep_client client;
    struct outcome o;

    (void)state;
    endpoint_world_client(&world, &client);
    client.signature = SCEP_CLIENT_PSS;
    send(endpoint, NULL, &client, &o);
    assert_int_equal(o.reason, REASON_NONE);
    assert_int_equal(o.signature_nid, NID_rsassaPss);
    assert_int_equal(o.digest_nid, NID_sha256);
    X509_free(o.cert);
    endpoint_free(endpoint);
}

static void assert_caps_silent(const struct endpoint *endpoint, enum algorithm_level level)
{
    static const enum scep_caps_style styles[] = { SCEP_CAPS_ENGINE, SCEP_CAPS_NDES,
                                                   SCEP_CAPS_NDES_STRICT };

    for (size_t i = 0; i < COUNT_OF(styles); i++) {
        struct endpoint_face face = { .ra = RA_FORM_SINGLE, .caps = styles[i], .level = level };
        struct endpoint_answer answer;
        struct bytes line;
        size_t pos = 0;

        endpoint_get_at(endpoint, &face, "operation=GetCACaps", &answer);
        assert_int_equal(answer.response.status, 200);
        while (text_next_item(buffer_bytes(&answer.response.body), '\n', &pos, &line)) {
            assert_false(bytes_equal(line, bytes_of_text("DES")));
            assert_false(bytes_equal(line, bytes_of_text("MD5")));
        }
        assert_true(pos > 0);
        endpoint_answer_clear(&answer);
    }
}

/* Only where a list says whose devices may; nobody is told that it would work. */
static void md5_and_des__only_at_legacy_with_a_list(void **state)
{
    static const struct {
        const char *settings;
        enum algorithm_level level;
        enum reason md5;
        enum reason des;
    } rows[] = {
        { "", ALGORITHM_LEVEL_MODERN, REASON_DIGEST_NOT_ALLOWED, REASON_CIPHER_NOT_ALLOWED },
        { COMPAT, ALGORITHM_LEVEL_COMPAT, REASON_DIGEST_NOT_ALLOWED, REASON_CIPHER_NOT_ALLOWED },
        { ", \"algorithms\": \"legacy\"" LIST, ALGORITHM_LEVEL_LEGACY, REASON_NONE, REASON_NONE },
    };
    static const char bare[] = "{\"enabled\": true, \"algorithms\": \"legacy\"}";
    struct template_config config;
    struct error err = ERROR_INIT;

    (void)state;
    if (!scep_legacy_start(&err)) {
        test_skip("this OpenSSL has no legacy provider");
    }
    assert_refused(config_parse_template("test.json", "x", bytes_of_text(bare), &config, &err),
                   &err, REASON_CONFIG_CONFLICT, "legacy without a list");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "old", rows[i].settings);

        for (int des = 0; des < 2; des++) {
            enum reason expected = des != 0 ? rows[i].des : rows[i].md5;
            struct scep_client client;
            struct outcome o;

            endpoint_world_client(&world, &client);
            client.digest = des != 0 ? "SHA256" : "MD5";
            client.cipher = des != 0 ? "DES-CBC" : "AES-128-CBC";
            client.cn = des != 0 ? "des" : "md5";
            send(endpoint, NULL, &client, &o);
            assert_int_equal(o.reason, expected);
            assert_int_equal(o.fail_info, expected == REASON_NONE ? -1 : 0);
            assert_int_equal(o.digest_nid,
                             expected == REASON_NONE && des == 0 ? NID_md5 : NID_sha256);
            if (expected == REASON_NONE) {
                assert_int_equal(o.cipher_nid, des != 0 ? NID_des_cbc : NID_aes_128_cbc);
            }
            X509_free(o.cert);
        }
        assert_caps_silent(endpoint, rows[i].level);
        endpoint_free(endpoint);
    }
}

/* The CA signs ECDSA, its RA is RSA: clients decrypt and sign as ever. */
static void ec_ca__rsa_and_ec_devices__enrol(void **state)
{
    struct endpoint_world usual = world;
    EVP_PKEY *ec = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    struct endpoint *endpoint = NULL;

    (void)state;
    endpoint_world_open_key(&world, CA_KEY_EC_P256);
    assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(world.ras->chain[0])), EVP_PKEY_EC);
    assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(world.ras->ra[0].cert)), EVP_PKEY_RSA);
    endpoint = endpoint_world_template(&world, "device", EC);
    for (int curve = 0; curve < 2; curve++) {
        struct scep_client client;
        struct outcome o;

        endpoint_world_client(&world, &client);
        if (curve != 0) {
            client.key = ec;
            client.signature = SCEP_CLIENT_ECDSA;
        }
        send(endpoint, NULL, &client, &o);
        assert_int_equal(o.reason, REASON_NONE);
        assert_int_equal(X509_get_signature_nid(o.cert), NID_ecdsa_with_SHA256);
        assert_int_equal(X509_verify(o.cert, X509_get0_pubkey(world.ras->chain[0])), 1);
        X509_free(o.cert);
    }
    endpoint_free(endpoint);
    endpoint_world_close(&world);
    EVP_PKEY_free(ec);
    world = usual;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys__sizes_and_kinds__as_the_template_says),
        cmocka_unit_test(ec__certificate_and_answer__fit_the_key),
        cmocka_unit_test(refusal__key__says_what_to_do),
        cmocka_unit_test(face__ec_signer__the_chosen_template_decides),
        cmocka_unit_test(pss__request__answer_in_kind),
        cmocka_unit_test(ec_ca__rsa_and_ec_devices__enrol),
        cmocka_unit_test(md5_and_des__only_at_legacy_with_a_list),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
