/* SPDX-License-Identifier: Apache-2.0 */
/* What iOS, iPadOS and macOS want besides what every client wants (test_client_table.c). */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "endpoint/client_messages.h"

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

/* Who in a GetCACert list has these bits of key usage, was issued by the CA in it and is RSA. */
static X509 *find_ra(STACK_OF(X509) * certs, uint32_t bits)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        bool is_ra = (X509_get_extension_flags(cert) & EXFLAG_KUSAGE) != 0
                     && (X509_get_key_usage(cert) & bits) == bits
                     && EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) == EVP_PKEY_RSA;

        for (int c = 0; is_ra && c < sk_X509_num(certs); c++) {
            X509 *ca = sk_X509_value(certs, c);

            if (X509_check_ca(ca) == 1 && X509_verify(cert, X509_get0_pubkey(ca)) == 1) {
                return cert;
            }
        }
    }
    return NULL;
}

/*
 * SecSCEP: one RA certificate with digitalSignature and keyEncipherment, or one for each, found by
 * explicit key usage; without it errSecKeyUsageIncorrect (-67731). The CertRep's signer must be it.
 */
static void get_ca_cert__each_form__has_ras_that_key_usage_finds(void **state)
{
    static const char *const forms[] = { "", ", \"ra\": \"pair\"" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "device", forms[i]);
        struct endpoint_answer answer;
        const unsigned char *at = NULL;
        PKCS7 *list = NULL;
        X509 *signer = NULL;
        X509 *recipient = NULL;

        endpoint_get(endpoint, "operation=GetCACert&message=CAIdentifier", &answer);
        assert_string_equal(answer.response.content_type, "application/x-x509-ca-ra-cert");
        at = answer.response.body.data;
        list = d2i_PKCS7(NULL, &at, (long)answer.response.body.len);
        assert_non_null(list);
        signer = find_ra(list->d.sign->cert, KU_DIGITAL_SIGNATURE);
        recipient = find_ra(list->d.sign->cert, KU_KEY_ENCIPHERMENT);
        assert_non_null(signer);
        assert_non_null(recipient);
        assert_int_equal(signer == recipient, i == 0);

        /* encrypted to the one, answered by the other */
        struct client client;
        struct client_outcome out;
        client_init(&client, client_kind("Apple"), &world, world.client_key,
                    i == 0 ? "single" : "pair");
        client.message.recipients[0] = recipient;
        client_send(&client, endpoint, &world, &out);
        scep_client_reply_clear(&out.reply);
        assert_true(scep_client_read(buffer_bytes(&out.answer.response.body), signer,
                                     world.client_key, client.cert, &out.reply));
        assert_int_equal(out.reply.status, 0);
        client_outcome_clear(&out);
        client_clear(&client);
        PKCS7_free(list);
        endpoint_answer_clear(&answer);
        endpoint_free(endpoint);
    }
}

/* macOS 10.11 and 10.12: a PKIOperation without anything first, then the real one. */
static void pki_operation__empty_at_first__real_one_is_served(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct endpoint_answer answer;
    struct client client;
    struct client_outcome out;

    (void)state;
    for (int i = 0; i < 3; i++) {
        endpoint_post(endpoint, bytes_of(NULL, 0), &answer);
        assert_int_equal(answer.response.status, 400);
        assert_int_equal(answer.report.error.reason, REASON_MESSAGE_MISSING);
        endpoint_answer_clear(&answer);
        endpoint_get(endpoint, "operation=PKIOperation&message=", &answer);
        assert_int_equal(answer.response.status, 400);
        endpoint_answer_clear(&answer);
    }
    client_init(&client, client_kind("Apple"), &world, world.client_key, "behind an empty one");
    client_send(&client, endpoint, &world, &out);
    client_assert_enrolled(&client, &world, &out, "Apple");
    client_outcome_clear(&out);
    client_clear(&client);
    endpoint_free(endpoint);
}

/*
 * A profile that says nothing of Keysize makes a key of 1024 bits. What is wrong has to be readable
 * at the first look, on the device and in the log; at the level compat it may be allowed.
 */
static void key__of_1024_bits__refused_with_a_plain_word_or_allowed(void **state)
{
    static const struct {
        const char *settings;
        enum reason reason;
        int fail_info;
    } rows[] = {
        { "", REASON_SIGNER_KEY_NOT_ALLOWED, 0 },
        { ", \"algorithms\": \"compat\"", REASON_KEY_SIZE, 2 },
        { ", \"algorithms\": \"compat\", \"key\": {\"rsa_min_bits\": 1024}", REASON_NONE, -1 },
    };
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_1024);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "device", rows[i].settings);
        struct client client;
        struct client_outcome out;

        client_init(&client, client_kind("Apple"), &world, key, "no Keysize");
        client_send(&client, endpoint, &world, &out);
        if (rows[i].reason == REASON_NONE) {
            client_assert_enrolled(&client, &world, &out, "1024 bits");
        } else {
            client_assert_refused(&client, &out, rows[i].reason, rows[i].fail_info, "1024 bits");
            assert_non_null(strstr(out.reply.fail_text, "key"));
            assert_non_null(strstr(out.answer.report.error.detail, "1024"));
        }
        client_outcome_clear(&out);
        client_clear(&client);
        endpoint_free(endpoint);
    }
    EVP_PKEY_free(key);
}

/* Apple's profile asks for signing (1), encryption (4) or both (5) in the PKCS#10's key usage. */
static void key_usage__of_the_profile__granted_where_the_template_lets_it(void **state)
{
    static const struct {
        const char *bits;
        uint32_t usage;
    } rows[] = {
        { "\x03\x02\x07\x80", KU_DIGITAL_SIGNATURE },
        { "\x03\x02\x05\x20", KU_KEY_ENCIPHERMENT },
        { "\x03\x02\x05\xa0", KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT },
    };
    struct endpoint *endpoint =
        endpoint_world_template(&world, "device", ", \"key_usage\": {\"source\": \"csr\"}");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client_kind kind = *client_kind("Apple");
        struct client client;
        struct client_outcome out;

        kind.extension_oid = NULL;
        client_init(&client, &kind, &world, world.client_key, "profile");
        client.csr.extension_oid = OID_EXTENSION_REQUEST;
        csr_builder_extension(&client.csr, OID_KEY_USAGE, true, bytes_of(rows[i].bits, 4));
        client_send(&client, endpoint, &world, &out);
        client_assert_enrolled(&client, &world, &out, "key usage");
        assert_int_equal(X509_get_key_usage(out.reply.cert), rows[i].usage);
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/* Apple's published tool cuts at LF and compares whole lines; iOS 10 and later want a SHA-2. */
static void caps__each_level__whole_lines(void **state)
{
    static const char *const wanted[] = { "POSTPKIOperation", "SHA-256",     "SHA-512", "AES",
                                          "Renewal",          "SCEPStandard" };
    struct endpoint *endpoint =
        endpoint_world_template(&world, "device", ", \"renewal\": {\"enabled\": true}");
    struct endpoint_face ndes = { .caps = SCEP_CAPS_NDES, .level = ALGORITHM_LEVEL_COMPAT };
    const struct endpoint_face *faces[] = { endpoint_own_face(endpoint), &ndes };

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct endpoint_answer answer;
        char text[1024] = "\n";

        endpoint_get_at(endpoint, faces[f], "operation=GetCACaps&message=", &answer);
        assert_string_equal(answer.response.content_type, "text/plain");
        assert_in_range(answer.response.body.len, 1, sizeof(text) - 3);
        memcpy(text + 1, answer.response.body.data, answer.response.body.len);
        text[1 + answer.response.body.len] = '\n';
        assert_null(strchr(text, '\r'));
        assert_null(strchr(text, ' '));
        assert_null(strstr(text, "\n\n"));
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            char line[32];

            (void)snprintf(line, sizeof(line), "\n%s\n", wanted[i]);
            if (strstr(text, line) == NULL) {
                fail_msg("%s is missing in: %s", wanted[i], text);
            }
        }
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_ca_cert__each_form__has_ras_that_key_usage_finds),
        cmocka_unit_test(pki_operation__empty_at_first__real_one_is_served),
        cmocka_unit_test(key__of_1024_bits__refused_with_a_plain_word_or_allowed),
        cmocka_unit_test(key_usage__of_the_profile__granted_where_the_template_lets_it),
        cmocka_unit_test(caps__each_level__whole_lines),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
