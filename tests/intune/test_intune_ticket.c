/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "intune/intune_challenge.h"
#include "model/csr_builder.h"
#include "platform/protect.h"

/* ---- tickets --------------------------------------------------------------------------------- */

struct world {
    struct test_folder folder;
};

static int world_open(void **state)
{
    static struct world world;

    test_folder_create(&world.folder);
    *state = &world;
    return 0;
}

static int world_close(void **state)
{
    test_folder_remove(&((struct world *)*state)->folder);
    return 0;
}

static void ticket__sealed_and_opened__is_what_it_was(void **state)
{
    struct world *world = *state;
    static const uint8_t der[] = { 0x30, 0x03, 0x0a, 0x00, '\n' };
    struct intune_request request = { "3F2A 9c", bytes_of(der, sizeof(der)) };
    struct buffer ticket = BUFFER_INIT(98304);
    struct intune_ticket opened;
    struct error err = ERROR_INIT;

    assert_done(intune_ticket_seal(world->folder.path, &request, &ticket, &err), &err, "");
    assert_done(intune_ticket_open(world->folder.path, buffer_bytes(&ticket), &opened, &err), &err,
                "");
    assert_string_equal(opened.transaction_id, "3F2A 9c");
    assert_true(bytes_equal(buffer_bytes(&opened.csr), request.csr));
    intune_ticket_clear(&opened);
    intune_ticket_clear(NULL);
    ticket.data[ticket.len - 1] ^= 1;
    assert_refused(intune_ticket_open(world->folder.path, buffer_bytes(&ticket), &opened, &err),
                   &err, REASON_KEY_PROTECTION, "changed");
    buffer_clear(&ticket);
}

/* The ticket holds the challenge: it must not be seen in what is stored. */
static void ticket__largest_request__fits_a_grant_and_shows_nothing(void **state)
{
    struct world *world = *state;
    struct buffer csr = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct buffer ticket = BUFFER_INIT(98304);
    struct intune_ticket opened;
    struct error err = ERROR_INIT;
    static const char secret[] = "a challenge that nobody may read";

    assert_done(buffer_append_text(&csr, secret, &err), &err, "");
    while (csr.len < LIMIT_CSR_BYTES) {
        assert_done(buffer_append_byte(&csr, 'x', &err), &err, "");
    }
    assert_done(intune_ticket_seal(world->folder.path,
                                   &(struct intune_request){ "id", buffer_bytes(&csr) }, &ticket,
                                   &err),
                &err, "");
    for (size_t i = 0; i + sizeof(secret) <= ticket.len; i++) {
        assert_memory_not_equal(ticket.data + i, secret, sizeof(secret) - 1);
    }
    assert_done(intune_ticket_open(world->folder.path, buffer_bytes(&ticket), &opened, &err), &err,
                "");
    assert_true(bytes_equal(buffer_bytes(&opened.csr), buffer_bytes(&csr)));
    intune_ticket_clear(&opened);
    buffer_clear(&ticket);
    buffer_clear(&csr);
}

static void ticket__id_with_a_line_feed__is_refused(void **state)
{
    struct world *world = *state;
    struct buffer ticket = BUFFER_INIT(98304);
    struct error err = ERROR_INIT;

    assert_refused(intune_ticket_seal(world->folder.path,
                                      &(struct intune_request){ "a\nb", bytes_of_text("x") },
                                      &ticket, &err),
                   &err, REASON_SYNTAX, "");
    buffer_clear(&ticket);
}

struct plain_case {
    const char *name;
    const char *plain;
};

static const struct plain_case plain_cases[] = {
    { "nothing", "" },
    { "another version", "openndes intune ticket 2\nid\nx" },
    { "no id", "openndes intune ticket 1\n" },
    { "no end of the id", "openndes intune ticket 1\nid" },
    { "JSON", "{\"transactionId\":\"id\"}" },
};

/* Sealed by this machine and still not ours: a later or damaged version. */
static void ticket__of_another_form__is_refused(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(plain_cases) / sizeof(plain_cases[0]); i++) {
        struct buffer ticket = BUFFER_INIT(98304);
        struct intune_ticket opened;
        struct error err = ERROR_INIT;

        assert_done(protect_seal(world->folder.path, "intune-ticket",
                                 bytes_of_text(plain_cases[i].plain), &ticket, &err),
                    &err, plain_cases[i].name);
        assert_refused(intune_ticket_open(world->folder.path, buffer_bytes(&ticket), &opened, &err),
                       &err, REASON_SYNTAX, plain_cases[i].name);
        buffer_clear(&ticket);
    }
}

/* ---- our CA's name --------------------------------------------------------------------------- */

static void add_key_id(X509 *cert, const char *value)
{
    X509_EXTENSION *extension = NULL;
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();

    assert_non_null(authority);
    authority->keyid = ASN1_OCTET_STRING_new();
    assert_int_equal(
        ASN1_OCTET_STRING_set(authority->keyid, (const unsigned char *)value, (int)strlen(value)),
        1);
    extension = X509V3_EXT_i2d(NID_authority_key_identifier, 0, authority);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
    AUTHORITY_KEYID_free(authority);
}

static void certificate_of(const char *key_id, EVP_PKEY *key, struct buffer *out)
{
    X509 *cert = X509_new();
    struct error err = ERROR_INIT;

    assert_non_null(cert);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 5);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"the CA", -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    if (key_id != NULL) {
        add_key_id(cert, key_id);
    }
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_done(certificate_der(cert, out, &err), &err, "");
    X509_free(cert);
}

static void ca_configuration__of_a_certificate__names_ca_and_its_key(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    struct buffer der = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    char found[160], again[160];

    (void)state;
    certificate_of("ABCDEFGHIJKLMNOPQRST", key, &der);
    assert_done(intune_ca_configuration("default", buffer_bytes(&der), found, &err), &err, "");
    assert_string_equal(found, "openndes:default:4142434445464748");
    buffer_clear(&der);
    certificate_of(NULL, key, &der); /* by name: stable, too */
    assert_done(intune_ca_configuration("default", buffer_bytes(&der), found, &err), &err, "");
    assert_done(intune_ca_configuration("default", buffer_bytes(&der), again, &err), &err, "");
    assert_string_equal(found, again);
    assert_int_equal(strlen(found), strlen("openndes:default:") + 16);
    assert_refused(intune_ca_configuration("default", bytes_of_text("no certificate"), found, &err),
                   &err, REASON_CERT_UNREADABLE, "");
    buffer_clear(&der);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ticket__sealed_and_opened__is_what_it_was, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(ticket__largest_request__fits_a_grant_and_shows_nothing,
                                        world_open, world_close),
        cmocka_unit_test_setup_teardown(ticket__id_with_a_line_feed__is_refused, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(ticket__of_another_form__is_refused, world_open,
                                        world_close),
        cmocka_unit_test(ca_configuration__of_a_certificate__names_ca_and_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
