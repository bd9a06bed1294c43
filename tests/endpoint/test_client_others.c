/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings of messages that one client or another has: each enrols, or has its reason. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "endpoint/client_messages.h"
#include "support/scep_asn1.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

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

/* ---- the message ----------------------------------------------------------------------------- */

struct spelling {
    const char *name;
    void (*spell)(struct client *c);
    uint32_t faults;
    enum scep_client_order order;
    enum scep_client_signature signature;
    enum scep_client_transport transport;
    size_t ber_segment; /* 0: DER */
    enum reason reason; /* REASON_NONE: it enrols */
    int fail_info;
};

static void signer_by_key_id(struct client *c)
{
    c->message.signer_by_key_id = true;
}
static void recipient_by_key_id(struct client *c)
{
    c->message.recipient_by_key_id = true;
}
static void recipient_respelled(struct client *c)
{
    c->message.recipient_other_spelling = true;
}
static void recipients_all_of_the_list(struct client *c)
{
    /* micromdm's client encrypts to every certificate of GetCACert */
    c->message.recipients[0] = world.ras->chain[0];
    c->message.recipients[1] = world.ras->ra[0].cert;
    c->message.recipient_count = 2;
}
static void more_certificates(struct client *c)
{
    c->message.more_certs[0] = world.ras->chain[0];
    c->message.more_certs[1] = world.ras->ra[0].cert;
    c->message.more_cert_count = 2;
}
static void no_nonce(struct client *c)
{
    c->message.nonce = false;
    c->message.nonce_len = 0;
}
static void nonce_of_8(struct client *c)
{
    c->message.nonce_len = 8;
}
static void nonce_of_20(struct client *c)
{
    c->message.nonce_len = 20;
}
static void id_utf8(struct client *c)
{
    c->message.transaction_id = bytes_of_text("Ger\xc3\xa4t \xe2\x82\xac");
    c->message.transaction_id_tag = V_ASN1_UTF8STRING;
}
static void id_ia5(struct client *c)
{
    c->message.transaction_id = bytes_of_text("00:11:22:33:44:55");
    c->message.transaction_id_tag = V_ASN1_IA5STRING;
}
static void id_t61(struct client *c)
{
    c->message.transaction_id = bytes_of_text("Ger\xe4t");
    c->message.transaction_id_tag = V_ASN1_T61STRING;
}
static void id_bmp(struct client *c)
{
    c->message.transaction_id = bytes_of("\0A\0B\0C", 6);
    c->message.transaction_id_tag = V_ASN1_BMPSTRING;
}
static void id_constant(struct client *c)
{
    c->message.transaction_id = bytes_of_text("SSCEP transactionId");
}
static void id_path(struct client *c)
{
    c->message.transaction_id = bytes_of_text("../../%00\r\n<b>\"';--");
}
static void type_utf8(struct client *c)
{
    c->message.type_tag = V_ASN1_UTF8STRING;
}
static void type_ia5(struct client *c)
{
    c->message.type_tag = V_ASN1_IA5STRING;
}
static void type_number(struct client *c)
{
    c->message.type = "\x13";
    c->message.type_tag = V_ASN1_INTEGER;
}
static void type_number_18(struct client *c)
{
    c->message.type = "\x12";
    c->message.type_tag = V_ASN1_INTEGER;
}
static void time_none(struct client *c)
{
    c->message.signing_time_tag = 0;
}
static void time_1970(struct client *c)
{
    c->message.signing_time = "700101000000Z";
}
static void time_generalized(struct client *c)
{
    c->message.signing_time_tag = V_ASN1_GENERALIZEDTIME;
    c->message.signing_time = "20260131123456Z";
}
static void time_local(struct client *c)
{
    c->message.signing_time = "2601311234+0100";
}

static const struct spelling spellings[] = {
    { .name = "indefinite lengths, strings of one piece", .ber_segment = 65536 },
    { .name = "indefinite lengths, strings of 16 bytes", .ber_segment = 16 },
    { .name = "signer by key id", .spell = signer_by_key_id },
    { .name = "signer by key id, indefinite", .spell = signer_by_key_id, .ber_segment = 100 },
    { .name = "recipient by key id", .spell = recipient_by_key_id },
    { .name = "recipient's issuer in another spelling", .spell = recipient_respelled },
    { .name = "CA and RA as recipients", .spell = recipients_all_of_the_list },
    { .name = "signer's certificate last", .spell = more_certificates },
    { .name = "version 2 with issuer and serial", .faults = SCEP_CLIENT_ODD_VERSIONS },
    { .name = "digest algorithm without NULL", .faults = SCEP_CLIENT_DIGEST_NO_NULL },
    { .name = "unsigned attributes", .faults = SCEP_CLIENT_UNSIGNED_ATTRS },
    { .name = "empty crls", .faults = SCEP_CLIENT_EMPTY_CRLS },
    { .name = "attributes signed as sent", .order = SCEP_CLIENT_UNSORTED },
    { .name = "attributes signed sorted", .order = SCEP_CLIENT_UNSORTED_SIGN_SORTED },
    { .name = "sha256WithRSAEncryption", .signature = SCEP_CLIENT_RSA_WITH_DIGEST },
    { .name = "PSS", .signature = SCEP_CLIENT_PSS },
    { .name = "rsaEncryption without NULL", .transport = SCEP_CLIENT_PKCS1_NO_NULL },
    { .name = "OAEP, SHA-1", .transport = SCEP_CLIENT_OAEP_SHA1 },
    { .name = "OAEP without parameters", .transport = SCEP_CLIENT_OAEP_ABSENT },
    { .name = "OAEP, SHA-256", .transport = SCEP_CLIENT_OAEP_SHA256 },
    { .name = "OAEP, SHA-256 with MGF1 of SHA-1", .transport = SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1 },
    { .name = "no nonce", .spell = no_nonce },
    { .name = "nonce of 8 bytes", .spell = nonce_of_8 },
    { .name = "nonce of 20 bytes", .spell = nonce_of_20 },
    { .name = "transactionID UTF8String", .spell = id_utf8 },
    { .name = "transactionID IA5String", .spell = id_ia5 },
    { .name = "transactionID T61String", .spell = id_t61 },
    { .name = "transactionID BMPString", .spell = id_bmp },
    { .name = "transactionID constant", .spell = id_constant },
    { .name = "transactionID nobody should use as a name", .spell = id_path },
    { .name = "messageType UTF8String", .spell = type_utf8 },
    { .name = "messageType IA5String", .spell = type_ia5 },
    { .name = "messageType INTEGER", .spell = type_number },
    { .name = "no signingTime", .spell = time_none },
    { .name = "signingTime of 1970", .spell = time_1970 },
    { .name = "signingTime GeneralizedTime", .spell = time_generalized },
    { .name = "signingTime local", .spell = time_local },
    /* what is no harmless spelling */
    { .name = "messageType INTEGER 18",
      .spell = type_number_18,
      .reason = REASON_MESSAGE_TYPE_UNKNOWN,
      .fail_info = 2 },
    { .name = "no contentType attribute",
      .faults = SCEP_CLIENT_NO_CONTENT_TYPE_ATTR,
      .reason = REASON_SIGNATURE_WRONG,
      .fail_info = 1 },
    { .name = "OAEP, SHA-512",
      .transport = SCEP_CLIENT_OAEP_SHA512,
      .reason = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .fail_info = 0 },
};

static void message__each_spelling__enrols_or_has_its_reason(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "spelling", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        const struct spelling *s = &spellings[i];
        struct client client;
        struct client_outcome out;

        client_init(&client, client_kind("certmonger"), &world, world.client_key, s->name);
        client.message.faults = s->faults;
        client.message.order = s->order;
        client.message.signature = s->signature;
        client.message.transport = s->transport;
        client.message.ber = s->ber_segment != 0;
        client.message.segment = s->ber_segment;
        if (s->spell != NULL) {
            s->spell(&client);
        }
        client_send(&client, endpoint, &world, &out);
        if (s->reason == REASON_NONE) {
            client_assert_enrolled(&client, &world, &out, s->name);
        } else {
            client_assert_refused(&client, &out, s->reason, s->fail_info, s->name);
        }
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/* Behind the DER some clients send the end of a line or of a C string; anything else is refused. */
static void body__something_behind_the_message__line_ends_only(void **state)
{
    static const struct {
        const char *tail;
        size_t len;
        int status;
    } rows[] = { { "\r\n", 2, 200 },     { "\n", 1, 200 }, { "\0", 1, 200 },
                 { "\0\r\n\0", 4, 200 }, { " ", 1, 400 },  { "x", 1, 400 } };
    struct endpoint *endpoint = endpoint_world_template(&world, "tail", "");
    struct buffer message = ASN1_BUFFER_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client client;
        struct client_outcome out = { .message = ASN1_BUFFER_INIT };

        client_init(&client, client_kind("certmonger"), &world, world.client_key, "tail");
        client_message(&client, &message);
        scep_must(buffer_append(&message, rows[i].tail, rows[i].len, NULL));
        for (int way = 0; way < 2; way++) {
            client_send_message(&client, endpoint, &world, way == 0 ? CLIENT_POST : CLIENT_GET,
                                buffer_bytes(&message), &out);
            assert_int_equal(out.answer.response.status, rows[i].status);
            if (rows[i].status == 200) {
                client_assert_enrolled(&client, &world, &out, "tail");
            }
            client_outcome_clear(&out);
        }
        client_clear(&client);
    }
    buffer_clear(&message);
    endpoint_free(endpoint);
}

/* ---- the self-signed certificate ------------------------------------------------------------- */

static const struct scep_cert_extension odd_extensions[] = {
    /* authorityKeyIdentifier, critical against RFC 5280 4.2.1.1 */
    { "2.5.29.35", true, { (const uint8_t *)"\x30\x06\x80\x04\x01\x02\x03\x04", 8 } },
    { "2.5.29.37", true, { (const uint8_t *)"\x30\x06\x06\x04\x55\x1d\x25\x00", 8 } },
    { "1.2.3.4.5.6", true, { (const uint8_t *)"\x05\x00", 2 } },
    { "2.5.29.15", true, { (const uint8_t *)"\x03\x02\x01\x06", 4 } }, /* keyCertSign, cRLSign */
    { "2.5.29.19", false, { (const uint8_t *)"\xff\xff", 2 } },        /* nonsense */
    { "2.5.29.14", false, { (const uint8_t *)"\x04\x02\x01\x02", 4 } },
};

static void self_signed__odd_in_any_way__enrols(void **state)
{
    static const struct {
        const char *name;
        struct scep_cert_options options;
    } rows[] = {
        { "version 1", { .version = 1 } },
        { "ended", { .days_from = -400, .days_to = -35 } },
        { "of 1970", { .from = "19700101000000Z", .to = "19700102000000Z" } },
        { "to the end of 2099", { .from = "20500101000000Z", .to = "20991231235959Z" } },
        { "backwards", { .from = "20300101000000Z", .to = "20200101000000Z" } },
        { "signed with SHA-1", { .digest = "SHA1" } },
        { "signed with MD5", { .digest = "MD5" } },
        { "odd extensions",
          { .extensions = odd_extensions, .extension_count = COUNT_OF(odd_extensions) } },
        { "a CA's", { .ca = true, .key_id = true } },
        { "another subject", { .cn = "somebody else" } },
        { "empty subject", { .name = { (const uint8_t *)"\x30\x00", 2 } } },
        { "signature wrong", { .break_signature = true } },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "self", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client client;
        struct client_outcome out;

        client_init(&client, client_kind("certmonger"), &world, world.client_key, rows[i].name);
        client_self_sign(&client, &rows[i].options);
        client_send(&client, endpoint, &world, &out);
        client_assert_enrolled(&client, &world, &out, rows[i].name);
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/* ---- the PKCS#10 ----------------------------------------------------------------------------- */

static void request__challenge_in_any_string_type__is_the_passphrase(void **state)
{
    static const struct {
        const char *name;
        uint8_t tag;
        const char *behind;
        size_t behind_len;
        enum reason reason;
    } rows[] = {
        { "PrintableString", TAG_PRINTABLE, "", 0, REASON_NONE },
        { "UTF8String", TAG_UTF8, "", 0, REASON_NONE },
        { "IA5String", TAG_IA5, "", 0, REASON_NONE },
        { "T61String", TAG_T61, "", 0, REASON_NONE },
        { "with a NUL", TAG_PRINTABLE, "\0", 1, REASON_NONE },
        { "with two", TAG_PRINTABLE, "\0\0", 2, REASON_UNIFORM_FAILURE },
        { "with a space", TAG_UTF8, " ", 1, REASON_CHALLENGE_REJECTED },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "strings", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer value = ASN1_BUFFER_INIT;
        struct client client;
        struct client_outcome out;

        scep_must(buffer_append_text(&value, WORLD_PASSPHRASE, NULL)
                  && buffer_append(&value, rows[i].behind, rows[i].behind_len, NULL));
        client_init_challenge(&client, client_kind("certmonger"), &world, world.client_key,
                              rows[i].name, NULL);
        csr_builder_challenge(&client.csr, rows[i].tag, buffer_bytes(&value));
        client_send(&client, endpoint, &world, &out);
        if (rows[i].reason == REASON_NONE) {
            client_assert_enrolled(&client, &world, &out, rows[i].name);
        } else {
            client_assert_refused(&client, &out, rows[i].reason,
                                  rows[i].reason == REASON_UNIFORM_FAILURE ? 1 : 2, rows[i].name);
        }
        client_outcome_clear(&out);
        client_clear(&client);
        buffer_clear(&value);
    }
    endpoint_free(endpoint);
}

static void without_values(struct client *c)
{
    csr_builder_attribute(&c->csr, OID_EXTENSION_REQUEST, bytes_of(NULL, 0));
}
static void challenge_without_values(struct client *c)
{
    csr_builder_attribute(&c->csr, OID_CHALLENGE, bytes_of(NULL, 0));
}
static void challenge_twice(struct client *c)
{
    for (int i = 0; i < 2; i++) {
        csr_builder_challenge(&c->csr, TAG_UTF8, bytes_of_text(WORLD_PASSPHRASE));
    }
}
static void unstructured_attributes(struct client *c)
{
    csr_builder_attribute(&c->csr, "1.2.840.113549.1.9.2", bytes_of("\x16\x02r1", 4));
    csr_builder_attribute(&c->csr, "1.2.840.113549.1.9.9", bytes_of("\x16\x02r1", 4));
}
static void nothing_but_a_name(struct client *c)
{
    c->csr.subject.len = 0;
    csr_builder_san(&c->csr, TAG_SAN_DNS, bytes_of_text("only.example.com"));
}
static void many_rdns(struct client *c)
{
    csr_builder_rdn_pair(&c->csr, "2.5.4.11", "Unit", OID_CN, "second");
    csr_builder_rdn(&c->csr, OID_CN, TAG_BMP, bytes_of("\0t\0h\0i\0r\0d", 10));
    csr_builder_rdn(&c->csr, OID_CN, TAG_T61, bytes_of_text("fourth"));
}
static void as_it_is(struct client *c)
{
    (void)c;
}

static void request__odd_parts__read_or_refused(void **state)
{
    static const struct {
        const char *name;
        void (*spell)(struct client *c);
        bool challenge; /* besides */
        enum reason reason;
        int fail_info;
        int rdns; /* attributes of the certificate's subject */
    } rows[] = {
        { "nothing odd", as_it_is, true, REASON_NONE, -1, 1 },
        { "extension request without values", without_values, true, REASON_NONE, -1, 1 },
        { "challenge without values", challenge_without_values, false, REASON_CHALLENGE_MISSING, 2,
          0 },
        { "challenge twice", challenge_twice, false, REASON_UNIFORM_FAILURE, 1, 0 },
        { "unstructuredName as an attribute", unstructured_attributes, true, REASON_NONE, -1, 1 },
        { "no subject", nothing_but_a_name, true, REASON_NONE, -1, 0 },
        { "several names, one RDN of two", many_rdns, true, REASON_NONE, -1, 5 },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "parts", "");
    struct client_kind kind = *client_kind("certmonger");

    (void)state;
    kind.extension_oid = NULL;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client client;
        struct client_outcome out;

        client_init_challenge(&client, &kind, &world, world.client_key, rows[i].name,
                              rows[i].challenge ? WORLD_PASSPHRASE : NULL);
        rows[i].spell(&client);
        client_send(&client, endpoint, &world, &out);
        if (rows[i].reason == REASON_NONE) {
            client_assert_enrolled(&client, &world, &out, rows[i].name);
            assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(out.reply.cert)),
                             rows[i].rdns);
        } else {
            client_assert_refused(&client, &out, rows[i].reason, rows[i].fail_info, rows[i].name);
        }
        client_outcome_clear(&out);
        client_clear(&client);
    }
    endpoint_free(endpoint);
}

/* A PKCS#10 that nobody has encrypted shows its challenge to the whole network: never accepted. */
static void request__not_enveloped__refused(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "bare", "");
    struct client_outcome out = { .message = ASN1_BUFFER_INIT };
    struct buffer csr = ASN1_BUFFER_INIT;
    struct client client;

    (void)state;
    client_init(&client, client_kind("certmonger"), &world, world.client_key, "bare");
    csr_builder_der(&client.csr, &csr);
    scep_client_sign(&client.message, buffer_bytes(&csr), &out.message, NULL);
    client_send_message(&client, endpoint, &world, CLIENT_POST, buffer_bytes(&out.message), &out);
    client_assert_refused(&client, &out, REASON_ENVELOPE_MALFORMED, 2, "bare");
    client_outcome_clear(&out);
    client_clear(&client);
    buffer_clear(&csr);
    endpoint_free(endpoint);
}

/* ---- ways of single clients ------------------------------------------------------------------ */

/* certmonger walks message=0 to 32 and asks GetCAChain as well: never an error, no new answer. */
static void certmonger__walks_the_chain__same_answer_each_time(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "walk", "");
    struct endpoint_answer first;

    (void)state;
    endpoint_get(endpoint, "operation=GetCACert&message=0", &first);
    assert_int_equal(first.response.status, 200);
    for (int i = 1; i <= 33; i++) {
        struct endpoint_answer answer;
        char query[64];

        (void)snprintf(
            query, sizeof(query),
            i == 33 ? "operation=GetCAChain&message=0" : "operation=GetCACert&message=%d", i);
        endpoint_get(endpoint, query, &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.content_type, first.response.content_type);
        assert_true(
            bytes_equal(buffer_bytes(&answer.response.body), buffer_bytes(&first.response.body)));
        endpoint_answer_clear(&answer);
    }
    endpoint_answer_clear(&first);
    endpoint_free(endpoint);
}

/*
 * certmonger uses one senderNonce for a request and whatever follows it; jscep's counters and
 * sscep's constant make strangers' transactions the same: the signer's key tells them apart.
 */
static void transaction__shared_by_strangers__each_has_its_own(void **state)
{
    static const char *const ids[] = { "1", "2", "SSCEP transactionId" };
    struct endpoint *endpoint = endpoint_world_template(&world, "shared", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        EVP_PKEY *keys[] = { world.client_key, world.other_key };
        struct client_outcome outs[2];

        for (size_t k = 0; k < 2; k++) {
            struct client client;

            client_init(&client, client_kind("jscep"), &world, keys[k], ids[i]);
            client.message.transaction_id = bytes_of_text(ids[i]);
            memset(client.message.nonce_bytes, 0x4e, sizeof(client.message.nonce_bytes));
            client_send(&client, endpoint, &world, &outs[k]);
            client_assert_enrolled(&client, &world, &outs[k], ids[i]);
            assert_string_equal(outs[k].answer.report.result, "issued");
            client_clear(&client);
        }
        assert_int_not_equal(X509_cmp(outs[0].reply.cert, outs[1].reply.cert), 0);
        client_outcome_clear(&outs[0]);
        client_outcome_clear(&outs[1]);
    }
    endpoint_free(endpoint);
}

/* certmonger's rekey: signed by the old key, for a new one, with the passphrase it has. */
static void init_rekey(struct client *client, X509 *signer, EVP_PKEY *signer_key, const char *cn)
{
    client_init(client, client_kind("certmonger"), &world, world.other_key, cn);
    X509_free(client->cert);
    client->cert = X509_dup(signer);
    client->message.cert = client->cert;
    client->message.key = signer_key;
}

/*
 * The challenge may be anybody's, out of a recorded envelope: for another key than the signer's it
 * has no say, and is not spent. The certificate vouches, or nobody does.
 */
static void rekey__with_the_stored_passphrase__certificate_decides_alone(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(
        &world, "rekey", ", \"renewal\": {\"enabled\": true, \"window_percent\": 100}");
    struct endpoint *closed =
        endpoint_world_template(&world, "closed", ", \"renewal\": {\"enabled\": false}");
    struct scep_cert_options forged = { .key = world.client_key,
                                        .cn = "rekeyed",
                                        .issuer = world.ras->chain[0],
                                        .issuer_key = world.client_key };
    X509 *foreign = scep_cert_make(&forged);
    struct client client;
    struct client_outcome first;
    struct client_outcome out;

    (void)state;
    client_init(&client, client_kind("certmonger"), &world, world.client_key, "rekeyed");
    client_send(&client, endpoint, &world, &first);
    client_assert_enrolled(&client, &world, &first, "first");
    client_clear(&client);

    init_rekey(&client, foreign, world.client_key, "rekeyed");
    client_send(&client, endpoint, &world, &out);
    client_assert_refused(&client, &out, REASON_RENEWAL_REFUSED, 2, "forged certificate");
    client_outcome_clear(&out);
    client_clear(&client);

    init_rekey(&client, first.reply.cert, world.client_key, "rekeyed");
    client_send(&client, closed, &world, &out);
    client_assert_refused(&client, &out, REASON_RENEWAL_NOT_ENABLED, 2, "renewal switched off");
    client_outcome_clear(&out);
    client_send(&client, endpoint, &world, &out);
    client_assert_enrolled(&client, &world, &out, "rekey");
    assert_string_equal(out.answer.report.decision.challenge_type, "renewal");
    client_outcome_clear(&out);
    client_clear(&client);
    client_outcome_clear(&first);
    X509_free(foreign);
    endpoint_free(closed);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__each_spelling__enrols_or_has_its_reason),
        cmocka_unit_test(body__something_behind_the_message__line_ends_only),
        cmocka_unit_test(self_signed__odd_in_any_way__enrols),
        cmocka_unit_test(request__challenge_in_any_string_type__is_the_passphrase),
        cmocka_unit_test(request__odd_parts__read_or_refused),
        cmocka_unit_test(request__not_enveloped__refused),
        cmocka_unit_test(certmonger__walks_the_chain__same_answer_each_time),
        cmocka_unit_test(transaction__shared_by_strangers__each_has_its_own),
        cmocka_unit_test(rekey__with_the_stored_passphrase__certificate_decides_alone),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
