/* SPDX-License-Identifier: Apache-2.0 */
/* Every client of the table: it enrols, is refused, repeats itself and renews as it does. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "endpoint/client_messages.h"
#include "scep/scep_legacy.h"

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

/* MD5 and single DES are of the legacy provider, which not every OpenSSL has. */
static bool can_play(const struct client_kind *kind)
{
    struct error err = ERROR_INIT;

    if (!kind->legacy || scep_legacy_start(&err)) {
        return true;
    }
    print_message("skipped: %s: this OpenSSL has no legacy provider\n", kind->name);
    return false;
}

/* The client enrols, and again: a lost answer costs it nothing. */
static void enrol_twice(const struct endpoint *endpoint, const struct client_kind *kind)
{
    struct client client;
    struct client_outcome first;
    struct client_outcome again;

    client_init(&client, kind, &world, world.client_key, kind->name);
    client_send(&client, endpoint, &world, &first);
    client_assert_enrolled(&client, &world, &first, kind->name);
    assert_int_equal(first.reply.cert_count, 1);
    assert_string_equal(first.answer.report.result, "issued");

    /* encrypted and signed anew around the same PKCS#10: other bytes, the same request */
    client_send(&client, endpoint, &world, &again);
    client_assert_enrolled(&client, &world, &again, kind->name);
    assert_string_equal(again.answer.report.result, "repeated");
    assert_int_equal(X509_cmp(first.reply.cert, again.reply.cert), 0);
    /* jscep refuses a nonce that it has seen */
    assert_memory_not_equal(first.reply.sender_nonce.data, again.reply.sender_nonce.data, 16);
    client_outcome_clear(&first);
    client_outcome_clear(&again);
    client_clear(&client);
}

/* Its certificate, owned. */
static X509 *enrol_once(const struct endpoint *endpoint, const struct client_kind *kind)
{
    struct client client;
    struct client_outcome out;
    X509 *cert = NULL;

    client_init(&client, kind, &world, world.client_key, kind->name);
    client_send(&client, endpoint, &world, &out);
    client_assert_enrolled(&client, &world, &out, kind->name);
    cert = X509_dup(out.reply.cert);
    client_outcome_clear(&out);
    client_clear(&client);
    return cert;
}

static void refuse_wrong_challenge(const struct endpoint *endpoint, const struct client_kind *kind)
{
    static const struct {
        const char *challenge;
        enum reason reason;
    } rows[] = {
        { "not the passphrase at all", REASON_CHALLENGE_REJECTED },
        { "", REASON_CHALLENGE_MISSING },
        { NULL, REASON_CHALLENGE_MISSING },
    };

    /* the first row for all of them; that there is none looks the same whoever writes it */
    for (size_t i = 0; i < (kind == &client_kinds[0] ? sizeof(rows) / sizeof(rows[0]) : 1); i++) {
        struct client client;
        struct client_outcome out;

        client_init_challenge(&client, kind, &world, world.client_key, kind->name,
                              rows[i].challenge);
        client_send(&client, endpoint, &world, &out);
        client_assert_refused(&client, &out, rows[i].reason, 2, kind->name);
        client_outcome_clear(&out);
        client_clear(&client);
    }
}

static void client__each__enrols_repeats_and_is_refused_in_its_own_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < client_kind_count; i++) {
        const struct client_kind *kind = &client_kinds[i];
        struct endpoint *endpoint = NULL;

        if (!can_play(kind)) continue;
        endpoint = endpoint_world_template(&world, "device", kind->settings);
        enrol_twice(endpoint, kind);
        refuse_wrong_challenge(endpoint, kind);
        endpoint_free(endpoint);
    }
}

/* What the request asked for stands in the certificate, in whichever attribute it was asked for. */
static void client__asks_for_a_name__gets_it(void **state)
{
    static const char *const names[] = { "Apple", "Windows 7 and 8", "Cisco IOS 12", "FortiGate" };
    struct endpoint *endpoint = endpoint_world_template(&world, "names", "");

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct client_kind kind = *client_kind(names[i]);
        struct client client;
        struct client_outcome out;
        int found = 0;

        kind.digest = "SHA256";
        kind.cipher = "AES-128-CBC";
        client_init(&client, &kind, &world, world.client_key, kind.name);
        client_send(&client, endpoint, &world, &out);
        client_assert_enrolled(&client, &world, &out, kind.name);
        found = X509_check_host(out.reply.cert, client.host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                NULL);
        if ((found == 1) != (kind.extension_oid != NULL)) {
            fail_msg("%s: alternative name", kind.name);
        }
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/*
 * Apple, Windows, Cisco, sscep, jscep and certmonger renew with a PKCSReq that the old certificate
 * has signed, for a new key and with an empty challenge.
 */
static void client__renews_by_pkcs_req__gets_the_next_certificate(void **state)
{
    static const char *const names[] = { "Apple", "Windows",    "Cisco IOS 15", "sscep 0.10",
                                         "jscep", "certmonger", "strongSwan" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct client_kind *kind = client_kind(names[i]);
        char settings[256];
        struct endpoint *endpoint = NULL;
        struct client client;
        struct client_outcome out;
        X509 *old = NULL;

        (void)snprintf(settings, sizeof(settings),
                       "%s, \"renewal\": {\"enabled\": true, \"window_percent\": 100, "
                       "\"names\": \"equal\"}",
                       kind->settings);
        endpoint = endpoint_world_template(&world, "renewing", settings);
        old = enrol_once(endpoint, kind);
        client_init_renewal(&client, kind, &world, old, world.client_key, world.other_key,
                            kind->name);
        client_send(&client, endpoint, &world, &out);
        client_assert_enrolled(&client, &world, &out, kind->name);
        assert_int_not_equal(X509_cmp(out.reply.cert, old), 0);
        client_outcome_clear(&out);
        client_clear(&client);
        X509_free(old);
        endpoint_free(endpoint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client__each__enrols_repeats_and_is_refused_in_its_own_way),
        cmocka_unit_test(client__asks_for_a_name__gets_it),
        cmocka_unit_test(client__renews_by_pkcs_req__gets_the_next_certificate),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
