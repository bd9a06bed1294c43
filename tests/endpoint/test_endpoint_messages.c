/* SPDX-License-Identifier: Apache-2.0 */
/* GetCert, GetCRL and CertPoll at a whole endpoint: what they give, and what they give away. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "endpoint/endpoint_world.h"
#include "platform/clock.h"
#include "store/store_outbox.h"
#include "support/scep_asn1.h"
#include "support/scep_ca.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct endpoint_world world;
static struct endpoint *device;
static X509 *issued; /* by the template "device", for the client's key */

/* ---- one exchange ---------------------------------------------------------------------------- */

struct exchange {
    struct endpoint_answer answer;
    struct scep_client_reply reply;
};

static void exchange_clear(struct exchange *e)
{
    scep_client_reply_clear(&e->reply);
    endpoint_answer_clear(&e->answer);
}

static void send_message(const struct endpoint *endpoint, const struct scep_client *client,
                         struct bytes message, X509 *cert, struct exchange *e)
{
    endpoint_post(endpoint, message, &e->answer);
    if (e->answer.response.status != 200
        || !scep_client_read(buffer_bytes(&e->answer.response.body), world.ras->ra[0].cert,
                             client->key, client->cert != NULL ? client->cert : cert, &e->reply)) {
        fail_msg("type %s: status %d, %s, %s (%s)", client->type, e->answer.response.status,
                 e->reply.problem, reason_id(e->answer.report.error.reason),
                 e->answer.report.error.detail);
    }
}

/* Any messageData in a message of client->type. */
static void ask(const struct endpoint *endpoint, const struct scep_client *client,
                struct bytes plain, struct exchange *e)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    X509 *cert = NULL;

    scep_client_message(client, plain, &message, &cert);
    send_message(endpoint, client, buffer_bytes(&message), cert, e);
    buffer_clear(&message);
    X509_free(cert);
}

static void ask_for(const struct endpoint *endpoint, const char *type, const X509 *cert,
                    struct exchange *e)
{
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;

    endpoint_world_client(&world, &client);
    client.key = world.other_key; /* anybody may ask */
    client.type = type;
    scep_client_cert_id(cert, &plain);
    ask(endpoint, &client, buffer_bytes(&plain), e);
    buffer_clear(&plain);
}

static void assert_not_found(const struct exchange *e, const char *name)
{
    if (e->reply.status != 2 || e->reply.fail_info != FAIL_INFO_BAD_CERT_ID
        || e->answer.report.error.reason != REASON_CERT_NOT_FOUND
        || strcmp(e->reply.fail_text, "no such certificate") != 0 || e->reply.has_content) {
        fail_msg("%s: status %d, failInfo %d, %s (%s)", name, e->reply.status, e->reply.fail_info,
                 e->reply.fail_text, e->answer.report.error.detail);
    }
}

static X509 *enrol(const struct endpoint *endpoint, const char *cn)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;
    struct exchange e;
    X509 *cert = NULL;
    X509 *got = NULL;

    endpoint_world_client(&world, &client);
    client.cn = cn;
    scep_client_request(&client, &message, &cert);
    send_message(endpoint, &client, buffer_bytes(&message), cert, &e);
    assert_int_equal(e.reply.status, 0);
    got = X509_dup(e.reply.cert);
    exchange_clear(&e);
    buffer_clear(&message);
    X509_free(cert);
    return got;
}

static void refresh_crl(struct ca_builtin *builtin)
{
    struct error err = ERROR_INIT;
    bool made = false;

    assert_done(ca_builtin_crl_refresh(builtin, clock_now(), &made, &err), &err, "CRL");
}

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    device = endpoint_world_template(&world, "device", "");
    issued = enrol(device, "laptop-17");
    refresh_crl(world.builtin);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    X509_free(issued);
    endpoint_free(device);
    endpoint_world_close(&world);
    return 0;
}

/* ---- GetCert --------------------------------------------------------------------------------- */

static void get_cert__issued_here__exactly_it(void **state)
{
    struct exchange e;

    (void)state;
    ask_for(device, "21", issued, &e);
    assert_int_equal(e.reply.status, 0);
    assert_int_equal(e.reply.cert_count, 1);
    assert_int_equal(e.reply.crl_count, 0);
    assert_int_equal(X509_cmp(e.reply.cert, issued), 0);
    assert_string_equal(e.answer.report.message_type, "GetCert");
    assert_string_equal(e.answer.report.result, "ok");
    assert_false(e.answer.report.unreadable);
    exchange_clear(&e);
}

static void get_cert__own_certificates__given(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.ras->ra_count + world.ras->chain_count; i++) {
        X509 *own = i < world.ras->ra_count ? world.ras->ra[i].cert
                                            : world.ras->chain[i - world.ras->ra_count];
        struct exchange e;

        ask_for(device, "21", own, &e);
        assert_int_equal(e.reply.status, 0);
        assert_int_equal(X509_cmp(e.reply.cert, own), 0);
        exchange_clear(&e);
    }
}

/* Bound to the CA, as a repository would be: what one template has issued is asked for anywhere. */
static void get_cert__of_another_template_of_the_ca__given_without_chain(void **state)
{
    struct endpoint *other =
        endpoint_world_template(&world, "other", ", \"reply\": {\"chain\": true}");
    struct exchange e;

    (void)state;
    ask_for(other, "21", issued, &e);
    assert_int_equal(e.reply.status, 0);
    assert_int_equal(e.reply.cert_count, 1);
    assert_int_equal(X509_cmp(e.reply.cert, issued), 0);
    exchange_clear(&e);
    endpoint_free(other);
}

static void get_cert__revoked__still_given(void **state)
{
    X509 *cert = enrol(device, "revoked-1");
    struct certificate_info info;
    struct error err = ERROR_INIT;
    struct exchange e;

    (void)state;
    assert_done(certificate_info(cert, &info, &err), &err, "");
    assert_done(store_revoke_certificate(world.store, "default", info.serial, 1, 0, &err), &err,
                "");
    ask_for(device, "21", cert, &e);
    assert_int_equal(e.reply.status, 0);
    assert_int_equal(X509_cmp(e.reply.cert, cert), 0);
    exchange_clear(&e);
    X509_free(cert);
}

/* A certificate of this CA that is recorded without having been handed out. */
static X509 *record_provisional(int64_t *id, const char *ca)
{
    static const struct store_refusal interrupted = { .reason = "r", .detail = "d" };
    struct scep_cert_options options = { .key = world.client_key,
                                         .cn = "nobody has it",
                                         .issuer = world.ras->chain[0],
                                         .issuer_key = (EVP_PKEY *)ca_builtin_key(world.builtin),
                                         .serial = (const unsigned char *)"\x41\x42\x43",
                                         .serial_len = 3 };
    X509 *cert = scep_cert_make(&options);
    struct store_request_key key = { .template_name = "device",
                                     .ca_name = ca,
                                     .transaction_id = bytes_of_text("provisional") };
    struct buffer der = BUFFER_INIT(65536);
    struct certificate_info info;
    struct error err = ERROR_INIT;
    struct store_certificate row = { .request = &key,
                                     .info = &info,
                                     .peer = "127.0.0.1",
                                     .challenge_type = "intune",
                                     .request_id = "r-1",
                                     .issued_at = clock_now() };

    assert_done(certificate_info(cert, &info, &err), &err, "");
    assert_done(certificate_der(cert, &der, &err), &err, "");
    row.der = buffer_bytes(&der);
    assert_done(store_provisional_record(world.store, &row, bytes_of_text("ticket"), &interrupted,
                                         id, &err),
                &err, "");
    buffer_clear(&der);
    return cert;
}

static void get_cert__never_handed_out__not_found(void **state)
{
    static const struct store_refusal refusal = { .reason = "r", .detail = "d" };
    struct error err = ERROR_INIT;
    int64_t id = 0;
    X509 *cert = record_provisional(&id, "default");
    struct exchange e;

    (void)state;
    assert_true(ca_is_issuer_of(world.ca, cert));
    ask_for(device, "21", cert, &e);
    assert_not_found(&e, "provisional");
    exchange_clear(&e);
    ask_for(device, "22", cert, &e);
    assert_not_found(&e, "its CRL");
    exchange_clear(&e);
    assert_done(store_provisional_withhold(world.store, id, clock_now(), &refusal, &err), &err, "");
    ask_for(device, "21", cert, &e);
    assert_not_found(&e, "withheld");
    exchange_clear(&e);
    X509_free(cert);
}

/* The records of another CA in the same store are another CA's. */
static void get_cert__of_another_ca_of_this_server__not_found(void **state)
{
    struct ca_builtin *builtin = NULL;
    struct ca *foreign_ca =
        endpoint_world_ca(&world, "foreign", CA_KEY_EC_P256, "CN=Foreign CA", &builtin);
    struct ca *own = world.ca;
    struct ra_set *own_ras = world.ras;
    struct endpoint *foreign = NULL;
    struct error err = ERROR_INIT;
    struct exchange e;

    (void)state;
    world.ca = foreign_ca;
    world.ras = ca_ra(foreign_ca, &err);
    foreign = endpoint_world_template(&world, "foreign", "");
    ask_for(foreign, "22", world.ras->ra[0].cert, &e);
    assert_not_found(&e, "its own, of which there is none yet");
    exchange_clear(&e);
    refresh_crl(builtin);
    ask_for(foreign, "22", world.ras->ra[0].cert, &e);
    assert_int_equal(e.reply.crl_count, 1);
    exchange_clear(&e);
    ask_for(foreign, "21", issued, &e);
    assert_not_found(&e, "certificate");
    exchange_clear(&e);
    ask_for(foreign, "22", issued, &e);
    assert_not_found(&e, "CRL");
    exchange_clear(&e);
    ask_for(foreign, "21", own_ras->ra[0].cert, &e);
    assert_not_found(&e, "RA");
    exchange_clear(&e);
    ra_set_unref(world.ras);
    world.ca = own;
    world.ras = own_ras;
    endpoint_free(foreign);
    ca_free(foreign_ca);
}

/* ---- GetCRL ---------------------------------------------------------------------------------- */

static void get_crl__certificate_of_this_ca__the_current_crl_alone(void **state)
{
    X509 *subjects[] = { issued, world.ras->chain[0], world.ras->ra[0].cert };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct buffer expected = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;
        unsigned char *der = NULL;
        struct exchange e;
        int len = 0;

        ask_for(device, "22", subjects[i], &e);
        assert_int_equal(e.reply.status, 0);
        assert_int_equal(e.reply.cert_count, 0);
        assert_int_equal(e.reply.crl_count, 1);
        assert_string_equal(e.answer.report.result, "ok");
        assert_done(ca_crl(world.ca, &expected, &err), &err, "CRL");
        len = i2d_X509_CRL(e.reply.crl, &der);
        assert_true(bytes_equal(bytes_of(der, (size_t)len), buffer_bytes(&expected)));
        OPENSSL_free(der);
        buffer_clear(&expected);
        exchange_clear(&e);
    }
}

/* ---- one answer for everything that is not there --------------------------------------------- */

static void put_id(struct buffer *out, const char *cn, const char *serial, size_t serial_len)
{
    X509_NAME *name = X509_NAME_new();
    struct buffer content = ASN1_BUFFER_INIT;
    unsigned char *der = NULL;
    int len = 0;

    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0),
        1);
    len = i2d_X509_NAME(name, &der);
    assert_true(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
    asn1_tlv(&content, 0x02, bytes_of(serial, serial_len));
    buffer_clear(out);
    asn1_take(out, 0x30, false, &content);
    OPENSSL_free(der);
    X509_NAME_free(name);
}

/* What a plaintext is made of, for both types. */
static void make_plain(const char *what, struct buffer *out)
{
    buffer_clear(out);
    if (strcmp(what, "unknown serial") == 0) {
        put_id(out, "Endpoint Test CA", "\x12\x34", 2);
    } else if (strcmp(what, "unknown issuer") == 0) {
        put_id(out, "Somebody Else", "\x12\x34", 2);
    } else if (strcmp(what, "serial of 60 bytes") == 0) {
        static const char serial[60] = "\x01serial";

        put_id(out, "Endpoint Test CA", serial, sizeof(serial));
    } else if (strcmp(what, "empty sequence") == 0) {
        assert_true(buffer_append(out, "\x30\x00", 2, NULL));
    } else if (strcmp(what, "garbage") == 0) {
        assert_true(buffer_append(out, "this is no ASN.1 at all", 23, NULL));
    } else if (strcmp(what, "CSR") == 0) {
        struct scep_client client;

        endpoint_world_client(&world, &client);
        scep_client_csr(&client, out);
    } else {
        scep_client_cert_id(issued, out);
        if (strcmp(what, "byte behind") == 0) {
            assert_true(buffer_append(out, "\x00", 1, NULL));
        } else if (strcmp(what, "field behind") == 0) {
            out->data[1] += 2;
            assert_true(buffer_append(out, "\x05\x00", 2, NULL));
        } else if (strcmp(what, "serial changed") == 0) {
            out->data[out->len - 1] ^= 1;
        } else if (strcmp(what, "cut") == 0) {
            out->len--;
        }
    }
}

/*
 * Bytes of every answer, but for nonce, time and signature: the answers are compared by what
 * scep_client_read gives and by their length.
 */
static void not_found__any_cause__one_answer(void **state)
{
    static const struct {
        const char *plain;
        uint32_t faults;
    } cases[] = {
        { "unknown serial", 0 },
        { "unknown issuer", 0 },
        { "serial changed", 0 },
        { "serial of 60 bytes", 0 },
        { "empty sequence", 0 },
        { "garbage", 0 },
        { "CSR", 0 },
        { "byte behind", 0 },
        { "field behind", 0 },
        { "cut", 0 },
        { "good", SCEP_CLIENT_RANDOM_KEY },
        { "good", SCEP_CLIENT_BAD_PADDING_0 },
        { "good", SCEP_CLIENT_BAD_PADDING_17 },
        { "good", SCEP_CLIENT_SHORT_KEY },
    };
    static const char *const types[] = { "21", "22" };
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    size_t len = 0;
    int attributes = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(types); i++) {
        const char *name = cases[i / COUNT_OF(types)].plain;
        struct scep_client client;
        struct exchange e;

        endpoint_world_client(&world, &client);
        client.type = types[i % COUNT_OF(types)];
        client.faults = cases[i / COUNT_OF(types)].faults;
        make_plain(name, &plain);
        ask(device, &client, buffer_bytes(&plain), &e);
        assert_not_found(&e, name);
        if ((len != 0 && len != e.answer.response.body.len)
            || (attributes != 0 && attributes != e.reply.attribute_count)
            || strcmp(e.reply.hresult, "") == 0) {
            fail_msg("%s: an answer of %zu bytes, others of %zu", name, e.answer.response.body.len,
                     len);
        }
        len = e.answer.response.body.len;
        attributes = e.reply.attribute_count;
        if (!e.answer.report.unreadable) {
            fail_msg("%s: is not counted as the others are", name);
        }
        exchange_clear(&e);
    }
    buffer_clear(&plain);
}

/* A recorded enrolment put into a question, with every octet of its tail changed in turn. */
static void captured_envelope__as_a_question__tells_nothing(void **state)
{
    static const char *const types[] = { "21", "22" };
    struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client victim;

    (void)state;
    endpoint_world_client(&world, &victim);
    scep_client_csr(&victim, &csr);
    scep_client_envelope(&victim, buffer_bytes(&csr), &envelope);
    for (size_t i = 0; i < 2 * 8; i++) {
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct scep_client thief = victim;
        struct exchange e;
        X509 *cert = NULL;

        thief.key = world.other_key;
        thief.type = types[i % 2];
        envelope.data[envelope.len - 1 - 3 * i] ^= 0x5a;
        scep_client_sign(&thief, buffer_bytes(&envelope), &message, &cert);
        send_message(device, &thief, buffer_bytes(&message), cert, &e);
        assert_not_found(&e, "captured");
        assert_true(e.answer.report.unreadable);
        envelope.data[envelope.len - 1 - 3 * i] ^= 0x5a;
        exchange_clear(&e);
        buffer_clear(&message);
        X509_free(cert);
    }
    buffer_clear(&csr);
    buffer_clear(&envelope);
}

/* Before decryption the usual refusals: they say nothing about what is inside. */
static void question__before_decryption__refused_as_any_message(void **state)
{
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;
    struct exchange e;

    (void)state;
    make_plain("good", &plain);
    endpoint_world_client(&world, &client);
    client.type = "21";
    client.cipher = "DES-EDE3-CBC";
    ask(device, &client, buffer_bytes(&plain), &e);
    assert_int_equal(e.answer.report.error.reason, REASON_CIPHER_NOT_ALLOWED);
    exchange_clear(&e);
    client.cipher = "AES-256-CBC";
    client.recipients[0] = world.ras->chain[0];
    ask(device, &client, buffer_bytes(&plain), &e);
    assert_int_equal(e.answer.report.error.reason, REASON_UNKNOWN_RECIPIENT);
    exchange_clear(&e);
    buffer_clear(&plain);
}

/* ---- a recorded request under another's name ------------------------------------------------- */

/*
 * The victim's challenge is good and its envelope whole; the thief has a certificate of this very
 * template. What he must not get: the victim's challenge spent or checked.
 */
static void
captured_request__signed_with_an_issued_certificate__challenge_does_not_count(void **state)
{
    static const struct {
        const char *type;
        enum reason reason;
    } cases[] = { { "19", REASON_RENEWAL_REFUSED }, { "17", REASON_RENEWAL_REFUSED } };
    struct endpoint *endpoint =
        endpoint_world_template(&world, "both", ", \"renewal\": {\"challenge\": \"both\"}");
    X509 *thiefs = enrol(endpoint, "thief");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct scep_client victim;
        struct scep_client thief;
        struct exchange e;

        endpoint_world_client(&world, &victim);
        victim.key = world.other_key;
        victim.cn = "victim";
        scep_client_csr(&victim, &csr);
        scep_client_envelope(&victim, buffer_bytes(&csr), &envelope);
        endpoint_world_client(&world, &thief);
        thief.type = cases[i].type;
        thief.cert = thiefs;
        scep_client_sign(&thief, buffer_bytes(&envelope), &message, NULL);
        send_message(endpoint, &thief, buffer_bytes(&message), NULL, &e);
        assert_int_equal(e.answer.report.error.reason, cases[i].reason);
        assert_int_equal(e.reply.status, 2);
        assert_null(e.answer.report.decision.challenge_type); /* nobody was asked about it */
        exchange_clear(&e);
        buffer_clear(&csr);
        buffer_clear(&envelope);
        buffer_clear(&message);
    }
    X509_free(thiefs);
    endpoint_free(endpoint);
}

/* ---- the list of types ----------------------------------------------------------------------- */

static void type__any_number__refused_unless_in_the_table(void **state)
{
    static const char *const odd[] = {
        "255", "019", " 19", "19 ", "1919", "+20", "0x15", "\n22", ""
    };
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    char number[8];

    (void)state;
    make_plain("good", &plain);
    /* every value there is: test_scep_types.c; here the way of those around ours */
    for (size_t i = 0; i < 24 + COUNT_OF(odd); i++) {
        struct scep_client client;
        struct exchange e;
        enum reason reason;
        bool known = i == 17 || (i >= 19 && i <= 22);

        endpoint_world_client(&world, &client);
        (void)snprintf(number, sizeof(number), "%zu", i);
        client.type = i < 24 ? number : odd[i - 24];
        ask(device, &client, buffer_bytes(&plain), &e);
        reason = e.answer.report.error.reason;
        if ((reason == REASON_MESSAGE_TYPE_UNKNOWN) != (!known && i != 3)
            || (reason == REASON_MESSAGE_TYPE_DISABLED) != (i == 3)) {
            fail_msg("type \"%s\": %s", client.type, reason_id(reason));
        }
        if (!known) {
            assert_int_equal(e.reply.status, 2);
            assert_int_equal(e.reply.fail_info, 2);
        }
        exchange_clear(&e);
    }
    buffer_clear(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_cert__issued_here__exactly_it),
        cmocka_unit_test(get_cert__own_certificates__given),
        cmocka_unit_test(get_cert__of_another_template_of_the_ca__given_without_chain),
        cmocka_unit_test(get_cert__revoked__still_given),
        cmocka_unit_test(get_cert__never_handed_out__not_found),
        cmocka_unit_test(get_cert__of_another_ca_of_this_server__not_found),
        cmocka_unit_test(get_crl__certificate_of_this_ca__the_current_crl_alone),
        cmocka_unit_test(not_found__any_cause__one_answer),
        cmocka_unit_test(captured_envelope__as_a_question__tells_nothing),
        cmocka_unit_test(question__before_decryption__refused_as_any_message),
        cmocka_unit_test(
            captured_request__signed_with_an_issued_certificate__challenge_does_not_count),
        cmocka_unit_test(type__any_number__refused_unless_in_the_table),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
