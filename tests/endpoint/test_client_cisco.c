/* SPDX-License-Identifier: Apache-2.0 */
/* What Cisco IOS, Juniper, Fortinet and their kind want besides what all want. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

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

/* A subject of unstructuredName and serialNumber in one RDN, no CN: it stays what it is. */
static void subject__without_cn__kept(void **state)
{
    struct endpoint *endpoint =
        endpoint_world_template(&world, "router", ", \"algorithms\": \"compat\"");
    struct client client;
    struct client_outcome out;
    const X509_NAME *subject = NULL;
    char text[128] = "";

    (void)state;
    client_init(&client, client_kind("Cisco IOS 15"), &world, world.client_key, "r1");
    client_send(&client, endpoint, &world, &out);
    client_assert_enrolled(&client, &world, &out, "router");
    subject = X509_get_subject_name(out.reply.cert);
    assert_int_equal(X509_NAME_entry_count(subject), 2);
    assert_int_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(subject, 0)),
                     X509_NAME_ENTRY_set(X509_NAME_get_entry(subject, 1)));
    assert_true(X509_NAME_get_text_by_NID((X509_NAME *)subject, NID_pkcs9_unstructuredName, text,
                                          sizeof(text))
                > 0);
    assert_string_equal(text, "r1.example.com");
    client_outcome_clear(&out);
    client_clear(&client);
    endpoint_free(endpoint);
}

/*
 * The VPN client wants the CA beside its certificate, Junos refuses an answer with it: a switch,
 * off by default; the certificate that was asked for always comes first.
 */
static void reply__chain_switched_on_or_off__ca_inside_or_not(void **state)
{
    static const struct {
        const char *client;
        const char *settings;
        size_t certs;
    } rows[] = {
        { "Juniper SRX", ", \"algorithms\": \"compat\"", 1 },
        { "Cisco IOS 15", ", \"algorithms\": \"compat\", \"reply\": {\"chain\": true}", 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "vpn", rows[i].settings);
        struct client client;
        struct client_outcome out;

        client_init(&client, client_kind(rows[i].client), &world, world.client_key, "vpn");
        client_send(&client, endpoint, &world, &out);
        client_assert_enrolled(&client, &world, &out, rows[i].client);
        assert_int_equal(out.reply.cert_count, rows[i].certs);
        client_outcome_clear(&out);
        client_clear(&client);
        endpoint_free(endpoint);
    }
}

/*
 * Cisco cannot verify SHA-256 where it has used SHA-1, nor decrypt AES: also what refuses it is in
 * its own algorithms, as far as the level goes. Never below: at modern it cannot read the word.
 */
static void refusal__of_sha1_and_3des__in_the_same_or_never_below_the_level(void **state)
{
    static const struct {
        const char *settings;
        enum reason reason;
        int fail_info;
        int digest;
    } rows[] = {
        { ", \"algorithms\": \"compat\"", REASON_CHALLENGE_REJECTED, 2, NID_sha1 },
        { "", REASON_DIGEST_NOT_ALLOWED, 0, NID_sha256 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "router", rows[i].settings);
        struct client client;
        struct client_outcome out;

        client_init_challenge(&client, client_kind("Cisco IOS 15"), &world, world.client_key, "r2",
                              "not the passphrase at all");
        client_send(&client, endpoint, &world, &out);
        client_assert_refused(&client, &out, rows[i].reason, rows[i].fail_info, "router");
        assert_int_equal(out.reply.digest_nid, rows[i].digest);
        assert_int_equal(out.reply.signature_nid, NID_rsaEncryption);
        client_outcome_clear(&out);
        client_clear(&client);
        endpoint_free(endpoint);
    }
}

/* GetCACert and GetCACaps with a trustpoint's name, a number, nothing, or what nobody would ask. */
static void ca_identifier__any_text__same_answer(void **state)
{
    static const char *const queries[] = {
        "operation=GetCACert",
        "operation=GetCACert&message=",
        "operation=GetCACert&message=MY-TRUSTPOINT",
        "operation=GetCACert&message=0",
        "operation=GetCACert&message=CA%20Ident%2F%3C%00",
        "operation=GetCACert&message=1&message=2&unknown=parameter",
        "message=scep&operation=GetCACertChain",
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "router", "");
    struct endpoint_answer first;

    (void)state;
    endpoint_get(endpoint, queries[0], &first);
    for (size_t i = 1; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct endpoint_answer answer;

        endpoint_get(endpoint, queries[i], &answer);
        if (answer.response.status != 200
            || !bytes_equal(buffer_bytes(&answer.response.body),
                            buffer_bytes(&first.response.body))) {
            fail_msg("%s", queries[i]);
        }
        endpoint_answer_clear(&answer);
    }
    endpoint_answer_clear(&first);
    endpoint_free(endpoint);
}

/*
 * Appliances keep the passphrase and renew with it, signed by the old certificate: FortiGate's
 * auto-regenerate, Junos's auto-re-enrollment. A static passphrase decides as for the first time.
 */
static void renewal__with_the_stored_passphrase__challenge_decides(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "appliance", "");
    const struct client_kind *kind = client_kind("FortiGate");
    struct client client;
    struct client_outcome first;
    struct client_outcome out;

    (void)state;
    client_init(&client, kind, &world, world.client_key, "gate");
    client_send(&client, endpoint, &world, &first);
    client_assert_enrolled(&client, &world, &first, "first");
    client_clear(&client);

    client_init(&client, kind, &world, world.client_key, "gate, next");
    X509_free(client.cert);
    client.cert = X509_dup(first.reply.cert);
    client.message.cert = client.cert;
    client_send(&client, endpoint, &world, &out);
    client_assert_enrolled(&client, &world, &out, "next");
    assert_string_equal(out.answer.report.decision.challenge_type, "static");
    client_outcome_clear(&out);
    client_clear(&client);
    client_outcome_clear(&first);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject__without_cn__kept),
        cmocka_unit_test(reply__chain_switched_on_or_off__ca_inside_or_not),
        cmocka_unit_test(refusal__of_sha1_and_3des__in_the_same_or_never_below_the_level),
        cmocka_unit_test(ca_identifier__any_text__same_answer),
        cmocka_unit_test(renewal__with_the_stored_passphrase__challenge_decides),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
