/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered and how: the reply mirrors the request; repeats; operations by GET. */
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/base64.h"
#include "endpoint/endpoint_world.h"
#include "model/csr_builder.h"
#include "platform/clock.h"

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

static const char compat[] = ", \"algorithms\": \"compat\"";

struct way {
    const char *digest;
    const char *cipher;
    enum scep_client_transport transport;
    enum scep_client_signature signature;
};

/* One enrolment; the certificate inside must be the one that is recorded. */
static void enrol(const struct endpoint *endpoint, const struct way *way, bool ber)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client_reply reply;
    struct endpoint_answer answer;
    struct scep_client client;
    X509 *cert = NULL;

    endpoint_world_client(&world, &client);
    client.digest = way->digest;
    client.cipher = way->cipher;
    client.transport = way->transport;
    client.signature = way->signature;
    client.ber = ber;
    scep_client_request(&client, &message, &cert);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    if (answer.report.error.reason != REASON_NONE
        || !scep_client_read(buffer_bytes(&answer.response.body), world.ras->ra[0].cert,
                             world.client_key, cert, &reply)) {
        fail_msg("%s %s %d: %s %s", way->digest, way->cipher, (int)way->transport,
                 reason_id(answer.report.error.reason),
                 answer.report.error.reason == REASON_NONE ? reply.problem
                                                           : answer.report.error.detail);
    }
    assert_string_equal(answer.response.content_type, "application/x-pki-message");
    assert_int_equal(reply.status, 0);
    assert_string_equal(reply.message_type, "3");
    assert_int_equal(reply.digest_nid, OBJ_txt2nid(way->digest));
    assert_int_equal(reply.cipher_nid, OBJ_txt2nid(way->cipher));
    assert_int_equal(reply.recipient_count, 1);
    assert_int_equal(reply.cert_count, 1);
    assert_true(reply.transport_nid
                == (way->transport == SCEP_CLIENT_PKCS1 ? NID_rsaEncryption : NID_rsaesOaep));
    assert_non_null(reply.cert);
    assert_int_equal(X509_verify(reply.cert, X509_get0_pubkey(world.ras->chain[0])), 1);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    buffer_clear(&message);
    X509_free(cert);
}

static void request__every_allowed_algorithm__is_answered_in_kind(void **state)
{
    static const char *const digests[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
    static const char *const ciphers[] = { "DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC",
                                           "AES-256-CBC" };
    static const enum scep_client_transport transports[] = { SCEP_CLIENT_PKCS1,
                                                             SCEP_CLIENT_OAEP_SHA1,
                                                             SCEP_CLIENT_OAEP_SHA256 };
    struct endpoint *endpoint = endpoint_world_template(&world, "matrix", compat);

    (void)state;
    for (size_t d = 0; d < 4; d++) {
        for (size_t c = 0; c < 4; c++) {
            for (size_t t = 0; t < 3; t++) {
                struct way way = { digests[d], ciphers[c], transports[t],
                                   SCEP_CLIENT_RSA_WITH_DIGEST };

                enrol(endpoint, &way, (d + c + t) % 2 == 1);
            }
        }
    }
    endpoint_free(endpoint);
}

static void request__every_signature_form__is_answered(void **state)
{
    static const enum scep_client_signature forms[] = { SCEP_CLIENT_RSA,
                                                        SCEP_CLIENT_RSA_WITH_DIGEST,
                                                        SCEP_CLIENT_PSS };
    struct endpoint *endpoint = endpoint_world_template(&world, "forms", "");

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct way way = { "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, forms[i] };

        enrol(endpoint, &way, false);
    }
    endpoint_free(endpoint);
}

/*
 * The same bytes again: the same certificate; after revocation none, and for another template a new
 * one.
 */
static void request__sent_again__gets_the_same_certificate_until_it_is_revoked(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "repeat", "");
    struct endpoint *other = endpoint_world_template(&world, "elsewhere", "");
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct endpoint_answer first;
    struct endpoint_answer again;
    struct scep_client client;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    (void)state;
    endpoint_world_client(&world, &client);
    client.cn = "repeated";
    scep_client_request(&client, &message, &cert);
    endpoint_post(endpoint, buffer_bytes(&message), &first);
    endpoint_post(endpoint, buffer_bytes(&message), &again);
    assert_string_equal(first.report.result, "issued");
    assert_string_equal(again.report.result, "repeated");
    assert_string_equal(first.report.certificate.serial, again.report.certificate.serial);
    endpoint_answer_clear(&again);

    endpoint_post(other, buffer_bytes(&message), &again);
    assert_string_equal(again.report.result, "issued");
    assert_string_not_equal(first.report.certificate.serial, again.report.certificate.serial);
    endpoint_answer_clear(&again);

    assert_done(store_revoke_certificate(world.store, "default", first.report.certificate.serial, 1,
                                         clock_now(), &err),
                &err, "revoke");
    endpoint_post(endpoint, buffer_bytes(&message), &again);
    assert_int_equal(again.report.error.reason, REASON_REQUEST_OF_REVOKED);
    endpoint_answer_clear(&again);
    endpoint_answer_clear(&first);
    X509_free(cert);
    buffer_clear(&message);
    endpoint_free(endpoint);
    endpoint_free(other);
}

/* Base64 with what devices do to it: escapes, line breaks, '+' turned into a space, no padding. */
static void append_query(struct buffer *query, const struct buffer *message, size_t line)
{
    struct buffer text = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);

    assert_true(base64_encode(buffer_bytes(message), &text, NULL));
    assert_true(buffer_append_text(query, "operation=PKIOperation&message=", NULL));
    for (size_t i = 0; i < text.len; i++) {
        const char *as = NULL;
        char c = (char)text.data[i];

        if (line != 0 && i != 0 && i % line == 0) {
            assert_true(buffer_append_text(query, "%0a", NULL));
        }
        if (c == '+') as = line == 0 ? "%2B" : " ";
        if (c == '/') as = "%2f";
        if (c == '=') as = line == 0 ? "%3D" : "";
        assert_true(as != NULL ? buffer_append_text(query, as, NULL)
                               : buffer_append_byte(query, (uint8_t)c, NULL));
    }
    buffer_clear(&text);
}

static void message__by_get_in_two_spellings__enrols(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "get", "");

    (void)state;
    for (size_t line = 0; line <= 64; line += 64) {
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct buffer query = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct endpoint_answer answer;
        struct scep_client client;
        X509 *cert = NULL;

        endpoint_world_client(&world, &client);
        client.cn = line == 0 ? "one line" : "many lines";
        scep_client_request(&client, &message, &cert);
        append_query(&query, &message, line);
        endpoint_get(endpoint, buffer_text(&query), &answer);
        assert_string_equal(answer.report.result, "issued");
        endpoint_answer_clear(&answer);
        X509_free(cert);
        buffer_clear(&message);
        buffer_clear(&query);
    }
    endpoint_free(endpoint);
}

static void query__each_operation__answered_or_refused(void **state)
{
    static const struct {
        const char *query;
        int status;
        enum reason reason;
    } cases[] = {
        { "operation=GetCACaps", 200, REASON_NONE },
        { "operation=getcacaps&message=default", 200, REASON_NONE },
        { "message=x&OPERATION=GetCACert", 200, REASON_NONE },
        { "operation=GetCACertChain", 200, REASON_NONE },
        { "operation=GetCAChain", 200, REASON_NONE },
        { "operation=GetCACert&message=", 200, REASON_NONE },
        { "", 400, REASON_OPERATION_MISSING },
        { "operation", 400, REASON_OPERATION_UNKNOWN },
        { "operation=Nonsense", 400, REASON_OPERATION_UNKNOWN },
        { "operation=PKIOperation", 400, REASON_MESSAGE_MISSING },
        { "operation=PKIOperation&message=", 400, REASON_MESSAGE_MISSING },
        { "operation=PKIOperation&message=!!!!", 400, REASON_BASE64 },
        { "operation=PKIOperation&message=AAAA", 400, REASON_NOT_CMS },
        { "operation=PKIOperation&message=MAAA", 400, REASON_NOT_CMS },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "query", "");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint_answer answer;

        endpoint_get(endpoint, cases[i].query, &answer);
        if (answer.response.status != cases[i].status
            || (cases[i].reason != REASON_NOT_CMS
                && answer.report.error.reason != cases[i].reason)) {
            fail_msg("%s: %d %s", cases[i].query, answer.response.status,
                     reason_id(answer.report.error.reason));
        }
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

static void caps__each_level__are_exact(void **state)
{
    struct endpoint *modern = endpoint_world_template(&world, "modern", "");
    struct endpoint *old = endpoint_world_template(&world, "compat", compat);
    struct endpoint_answer answer;

    (void)state;
    endpoint_get(modern, "operation=GetCACaps", &answer);
    assert_bytes_text(buffer_bytes(&answer.response.body),
                      "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512");
    assert_string_equal(answer.response.content_type, "text/plain");
    endpoint_answer_clear(&answer);
    endpoint_get(old, "operation=GetCACaps", &answer);
    assert_bytes_text(
        buffer_bytes(&answer.response.body),
        "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512\nSHA-1\nDES3");
    endpoint_answer_clear(&answer);
    endpoint_free(modern);
    endpoint_free(old);
}

static const uint8_t *find_text(const uint8_t *data, int len, const char *text)
{
    int text_len = (int)strlen(text);

    for (int i = 0; i + text_len <= len; i++) {
        if (memcmp(data + i, text, (size_t)text_len) == 0) {
            return data + i;
        }
    }
    return NULL;
}

/* GeneralNames with one otherName 1.3.6.1.4.1.311.25.2.1 of S-1-5-21-1-2-3-500. */
static const uint8_t smuggled_sid[] = {
    0x30, 0x24, 0xa0, 0x22, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
    0x19, 0x02, 0x01, 0xa0, 0x14, 0x04, 0x12, 'S',  '-',  '1',  '-',  '5',  '-',
    '2',  '1',  '-',  '1',  '-',  '2',  '-',  '3',  '-',  '5',  '0',  '0',
};

/* A message around a built request; the certificate that comes back, owned. */
static X509 *enrol_built(const struct endpoint *endpoint, struct csr_builder *b)
{
    struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client_reply reply;
    struct endpoint_answer answer;
    struct scep_client client;
    X509 *signer = NULL;
    X509 *cert = NULL;

    endpoint_world_client(&world, &client);
    csr_builder_der(b, &csr);
    scep_client_envelope(&client, buffer_bytes(&csr), &envelope);
    scep_client_sign(&client, buffer_bytes(&envelope), &message, &signer);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    assert_int_equal(answer.report.error.reason, REASON_NONE);
    assert_true(scep_client_read(buffer_bytes(&answer.response.body), world.ras->ra[0].cert,
                                 world.client_key, signer, &reply));
    assert_int_equal(reply.status, 0);
    assert_non_null(reply.cert);
    cert = X509_dup(reply.cert);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    X509_free(signer);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&message);
    csr_builder_clear(b);
    return cert;
}

/*
 * The published attack on SCEP servers that copy what a request asks for: a SID as an extension
 * would sign its owner in as any account of the domain. Here it gets nobody anything, without any
 * policy, in whichever attribute it stands.
 */
static void request__with_a_sid_extension__certificate_has_none(void **state)
{
    static const char *const attributes[] = { OID_EXTENSION_REQUEST,
                                              OID_EXTENSION_REQUEST_MICROSOFT,
                                              OID_EXTENSION_REQUEST_VERISIGN };
    struct endpoint *endpoint = endpoint_world_template(&world, "smuggled", "");

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(attributes) / sizeof(attributes[0]); i++) {
        ASN1_OBJECT *sid = OBJ_txt2obj("1.3.6.1.4.1.311.25.2", 1);
        struct csr_builder b;
        X509 *cert = NULL;

        csr_builder_init(&b, world.client_key);
        b.extension_oid = attributes[i / 2];
        csr_builder_cn(&b, "device");
        csr_builder_challenge(&b, TAG_UTF8, bytes_of_text(WORLD_PASSPHRASE));
        csr_builder_extension(&b, "1.3.6.1.4.1.311.25.2", i % 2 == 1,
                              bytes_of(smuggled_sid, sizeof(smuggled_sid)));
        cert = enrol_built(endpoint, &b);
        assert_int_equal(X509_get_ext_by_OBJ(cert, sid, -1), -1);
        /* basicConstraints, keyUsage, EKU, two key identifiers, perhaps addresses: all ours */
        for (int at = 0; at < X509_get_ext_count(cert); at++) {
            const ASN1_OCTET_STRING *content = X509_EXTENSION_get_data(X509_get_ext(cert, at));

            assert_null(
                find_text(ASN1_STRING_get0_data(content), ASN1_STRING_length(content), "S-1-5-21"));
        }
        X509_free(cert);
        ASN1_OBJECT_free(sid);
    }
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__every_allowed_algorithm__is_answered_in_kind),
        cmocka_unit_test(request__every_signature_form__is_answered),
        cmocka_unit_test(request__sent_again__gets_the_same_certificate_until_it_is_revoked),
        cmocka_unit_test(message__by_get_in_two_spellings__enrols),
        cmocka_unit_test(query__each_operation__answered_or_refused),
        cmocka_unit_test(caps__each_level__are_exact),
        cmocka_unit_test(request__with_a_sid_extension__certificate_has_none),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
