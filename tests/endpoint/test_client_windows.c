/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows (CertEnroll, the MDM client) and Intune's profiles want besides what all want. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "endpoint/client_messages.h"

#define INTUNE_CHALLENGE_BYTES 5376 /* as in the public sample of a request */

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

static void enrol(const struct endpoint *endpoint, struct client *client, const char *name)
{
    struct client_outcome out;

    client_send(client, endpoint, &world, &out);
    client_assert_enrolled(client, &world, &out, name);
    client_outcome_clear(&out);
}

/*
 * CertEnroll's self-signed certificate has any serial: negative, 0, of 21 octets; Go 1.23's parser
 * refuses such certificates, and with them the request. The reply names it by its own bytes.
 */
static void self_signed__any_serial__answered_by_its_own_bytes(void **state)
{
    static const unsigned char negative[] = { 0x80 };
    static const unsigned char zero[] = { 0x00 };
    static const unsigned char octets_21[] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const struct {
        const char *name;
        const unsigned char *serial;
        size_t len;
    } rows[] = {
        { "negative", negative, sizeof(negative) },
        { "zero", zero, sizeof(zero) },
        { "of 21 octets", octets_21, sizeof(octets_21) },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scep_cert_options options = { .serial = rows[i].serial, .serial_len = rows[i].len };
        struct client client;

        client_init(&client, client_kind("Windows"), &world, world.client_key, rows[i].name);
        client_self_sign(&client, &options);
        enrol(endpoint, &client, rows[i].name);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/* What Windows adds to the PKCS#10 and to the signed attributes: known to nobody, harmless. */
static void request__with_microsofts_attributes__they_are_ignored(void **state)
{
    static const char *const scep_oids[] = {
        "1.3.6.1.4.1.311.21.34", "1.3.6.1.4.1.311.21.35", "1.3.6.1.4.1.311.21.37",
        "1.3.6.1.4.1.311.21.38", "1.3.6.1.4.1.311.21.40", "1.3.6.1.4.1.311.21.42",
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct client client;

    (void)state;
    client_init(&client, client_kind("Windows"), &world, world.client_key, "attributes");
    csr_builder_attribute(&client.csr, "1.3.6.1.4.1.311.13.2.3", /* version of the system */
                          bytes_of("\x16\x0c"
                                   "10.0.26100.2",
                                   14));
    csr_builder_attribute(&client.csr, "1.3.6.1.4.1.311.21.20", /* who asks, with what */
                          bytes_of("\x30\x0f\x02\x01\x09\x0c\x03"
                                   "pc1"
                                   "\x0c\x00\x0c\x03"
                                   "mdm",
                                   17));
    csr_builder_attribute(&client.csr, "1.3.6.1.4.1.311.13.2.2", /* key store */
                          bytes_of("\x30\x0a\x02\x01\x00\x1e\x02\0K\x03\x01\x00", 12));
    csr_builder_pair_text(&client.csr, "ValidityPeriod", "Years");
    csr_builder_pair_text(&client.csr, "ValidityPeriodUnits", "9");
    for (size_t i = 0; i < sizeof(scep_oids) / sizeof(scep_oids[0]); i++) {
        client.message.extra[client.message.extra_count++] =
            (struct scep_client_attribute){ scep_oids[i], V_ASN1_OCTET_STRING,
                                            bytes_of_text("any") };
    }
    enrol(endpoint, &client, "Microsoft's attributes");
    client_clear(&client);
    endpoint_free(endpoint);
}

/*
 * The request of an Intune profile: a challenge of some kilobytes, all extensions critical, a
 * validity, an object identifier of Microsoft's that nobody knows. It is read whole and fails at
 * nothing but the challenge, which is none of this template's.
 */
static void request__of_an_intune_profile__only_its_challenge_is_wrong(void **state)
{
    struct endpoint *endpoint =
        endpoint_world_template(&world, "device", ", \"san\": {\"types\": \"dns,uri,upn\"}");
    struct client_kind kind = *client_kind("Windows");
    char challenge[INTUNE_CHALLENGE_BYTES + 1];

    (void)state;
    memset(challenge, 'M', INTUNE_CHALLENGE_BYTES);
    challenge[INTUNE_CHALLENGE_BYTES] = '\0';
    kind.extension_oid = NULL;
    for (size_t way = 0; way < 2; way++) {
        struct client client;
        struct client_outcome out;

        kind.way = way == 0 ? CLIENT_POST : CLIENT_GET;
        client_init_challenge(&client, &kind, &world, world.client_key, "intune", challenge);
        client.csr.extension_oid = OID_EXTENSION_REQUEST;
        csr_builder_extension(&client.csr, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
        csr_builder_eku(&client.csr, true, "1.3.6.1.5.5.7.3.2");
        csr_builder_extension(&client.csr, "1.3.6.1.4.1.311.21.8.1.2.3", true,
                              bytes_of("\x04\x00", 2));
        csr_builder_san(&client.csr, TAG_SAN_URI, bytes_of_text("ms-device-id:4711"));
        csr_builder_san_other(&client.csr, OID_UPN, TAG_UTF8, bytes_of_text("a@example.com"));
        csr_builder_pair_text(&client.csr, "ValidityPeriod", "Days");
        csr_builder_pair_text(&client.csr, "ValidityPeriodUnits", "30");
        client_send(&client, endpoint, &world, &out);
        client_assert_refused(&client, &out, REASON_CHALLENGE_REJECTED, 2, "Intune");
        assert_true(out.message.len > INTUNE_CHALLENGE_BYTES);
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/*
 * IX509SCEPEnrollment::Initialize: the root of the profile stands in the list, and the RA has key
 * usage and an EKU that says what it is for; else 0x8010002c before any PKIOperation.
 */
static void get_ca_cert__default_message__root_and_ra_with_eku(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct endpoint_face ndes = { .ra = RA_FORM_PAIR, .caps = SCEP_CAPS_NDES };
    const struct endpoint_face *faces[] = { endpoint_own_face(endpoint), &ndes };

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct endpoint_answer answer;
        const unsigned char *at = NULL;
        PKCS7 *list = NULL;
        int roots = 0;

        endpoint_get_at(endpoint, faces[f], "operation=GetCACert&message=default", &answer);
        at = answer.response.body.data;
        list = d2i_PKCS7(NULL, &at, (long)answer.response.body.len);
        assert_non_null(list);
        for (int i = 0; i < sk_X509_num(list->d.sign->cert); i++) {
            X509 *cert = sk_X509_value(list->d.sign->cert, i);

            if (X509_cmp(cert, world.ras->chain[world.ras->chain_count - 1]) == 0) {
                roots++;
                /* a CA with an EKU is refused by verifiers that look for it in the whole chain */
                assert_int_equal(X509_get_ext_by_NID(cert, NID_ext_key_usage, -1), -1);
                continue;
            }
            assert_true((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) != 0);
            assert_true(X509_get_ext_by_NID(cert, NID_ext_key_usage, -1) >= 0);
            assert_true(X509_get_ext_by_NID(cert, NID_authority_key_identifier, -1) >= 0);
        }
        assert_int_equal(roots, 1);
        PKCS7_free(list);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

/*
 * After a change of its profile Intune lets the device ask again within seconds, for the same
 * subject with a new key; Jamf does so before an end. That is a new request and no repetition.
 */
static void request__same_subject_with_a_new_key__a_certificate_of_its_own(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct client_outcome outs[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct client client;

        client_init(&client, client_kind("Windows"), &world,
                    i == 0 ? world.client_key : world.other_key, "redistributed");
        client_send(&client, endpoint, &world, &outs[i]);
        client_assert_enrolled(&client, &world, &outs[i], "profile");
        assert_string_equal(outs[i].answer.report.result, "issued");
        client_clear(&client);
    }
    assert_string_not_equal(outs[0].answer.report.certificate.serial,
                            outs[1].answer.report.certificate.serial);
    client_outcome_clear(&outs[0]);
    client_outcome_clear(&outs[1]);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_signed__any_serial__answered_by_its_own_bytes),
        cmocka_unit_test(request__with_microsofts_attributes__they_are_ignored),
        cmocka_unit_test(request__of_an_intune_profile__only_its_challenge_is_wrong),
        cmocka_unit_test(get_ca_cert__default_message__root_and_ra_with_eku),
        cmocka_unit_test(request__same_subject_with_a_new_key__a_certificate_of_its_own),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
