/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has gone wrong in SCEP servers, one case each, with the exact answer. Where a case is not
 * here it is in:
 *
 *   test_endpoint_refusals.c: signature, content, messageType, SignerInfos, digestAlgorithms,
 *     eContentType, AuthEnvelopedData, GCM, KeyAgree, lengths of ciphertext and IV, padding, random
 *     RSA ciphertext, signer and request of different keys, challenge missing, empty, wrong
 *   test_endpoint_success.c, test_scep_query.c: GET with spaces, %0a, without padding
 *   ../scep/test_scep_types.c: every messageType 0..255
 *   ../scep/test_scep_decrypt.c: RecipientInfo of an old and an unknown RA
 *   ../scep/test_scep_cacert.c: capabilities and certificates, byte for byte
 *   ../scep/test_ber.c, test_scep_message.c, test_scep_verify.c, ../model/test_csr*.c, test_key.c,
 *     ../http: limits, each at it and one more
 *   ../bench/oracle_timing.c: time of uniform failures
 *   ../mscep/test_ndes_redeem.c, test_ndes_password.c: one-time passwords used, expired, of another
 *     template, redeemed twice at the same time
 *   ../enroll/test_enroll_renewal.c: certificates of a foreign CA of the same name, ended, revoked,
 *     a CA's, another template's, self-signed
 *   ../service/http.sh: POST chunked, without a type, HTTP/1.0
 */
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/base64.h"
#include "endpoint/endpoint_world.h"
#include "model/csr_builder.h"
#include "platform/clock.h"
#include "support/scep_asn1.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BAD_ALG 0
#define BAD_MESSAGE_CHECK 1
#define BAD_REQUEST 2
#define UNIFORM_TEXT "message could not be processed"
#define CHALLENGE_TEXT "challenge rejected"

static struct endpoint_world world;
static struct endpoint *endpoint;

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    endpoint = endpoint_world_template(&world, "device", "");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_free(endpoint);
    endpoint_world_close(&world);
    return 0;
}

/* What has to come back. */
struct expected {
    int http;
    enum reason reason; /* REASON_NONE: a certificate, fail_info and text do not count */
    int fail_info;
    const char *text; /* of the CertRep: in words, so that a change of them is noticed */
};

/* Compare; *cert gets the certificate, if there is one and somebody wants it. */
static void check(const char *name, const struct expected *e, const struct scep_client *c,
                  X509 *signer, struct endpoint_answer *answer, X509 **cert)
{
    struct scep_client_reply reply;

    if (answer->response.status != e->http || answer->report.error.reason != e->reason) {
        fail_msg("%s: %d %s (%s)", name, answer->response.status,
                 reason_id(answer->report.error.reason), answer->report.error.detail);
    }
    if (e->http != 200) {
        assert_int_equal(answer->report.certificate.serial[0], '\0');
        return;
    }
    if (!scep_client_read(buffer_bytes(&answer->response.body), world.ras->ra[0].cert, c->key,
                          signer, &reply)) {
        fail_msg("%s: %s", name, reply.problem);
    }
    assert_string_equal(reply.message_type, "3");
    assert_true(bytes_equal(buffer_bytes(&reply.transaction_id), c->transaction_id));
    if (e->reason == REASON_NONE) {
        assert_int_equal(reply.status, 0);
        assert_int_equal(reply.fail_info, -1);
        assert_int_equal(reply.cert_count, 1);
        if (cert != NULL) *cert = X509_dup(reply.cert);
    } else {
        if (reply.status != 2 || reply.fail_info != e->fail_info
            || strcmp(reply.fail_text, e->text) != 0 || reply.has_content) {
            fail_msg("%s: pkiStatus %d failInfo %d \"%s\"", name, reply.status, reply.fail_info,
                     reply.fail_text);
        }
        assert_int_equal(answer->report.certificate.serial[0], '\0');
    }
    scep_client_reply_clear(&reply);
}

/* The client's message around this PKCS#10; NULL: the client's own. */
static void ask(const char *name, const struct expected *e, const struct scep_client *c,
                const struct buffer *request, X509 **cert)
{
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct buffer message = ASN1_BUFFER_INIT;
    struct endpoint_answer answer;
    X509 *signer = NULL;

    scep_client_csr(c, &csr);
    scep_client_envelope(c, buffer_bytes(request != NULL ? request : &csr), &envelope);
    scep_client_sign(c, buffer_bytes(&envelope), &message, &signer);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    check(name, e, c, signer, &answer, cert);
    endpoint_answer_clear(&answer);
    X509_free(signer);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&message);
}

/* ---- the message ----------------------------------------------------------------------------- */

static void type_1(struct scep_client *c)
{
    c->type = "1";
}
static void type_2(struct scep_client *c)
{
    c->type = "2";
}
static void type_18(struct scep_client *c)
{
    c->type = "18";
}
static void type_empty(struct scep_client *c)
{
    c->type = "";
}
static void type_double(struct scep_client *c)
{
    c->extra[c->extra_count++] =
        (struct scep_client_attribute){ "2.16.840.1.113733.1.9.2", V_ASN1_PRINTABLESTRING,
                                        bytes_of_text("19") };
}
static void txid_double(struct scep_client *c)
{
    c->extra[c->extra_count++] =
        (struct scep_client_attribute){ "2.16.840.1.113733.1.9.7", V_ASN1_PRINTABLESTRING,
                                        bytes_of_text("another") };
}
static void no_nonce(struct scep_client *c)
{
    c->nonce = false;
}
static void by_key_id(struct scep_client *c)
{
    c->signer_by_key_id = true;
}
static void cipher_7(struct scep_client *c)
{
    c->ciphertext_len = 7;
}
static void iv_none(struct scep_client *c)
{
    c->iv_len = 0;
}
static void iv_17(struct scep_client *c)
{
    c->iv_len = 17;
}
static void oaep_absent(struct scep_client *c)
{
    c->transport = SCEP_CLIENT_OAEP_ABSENT;
}
static void recipients(struct scep_client *c, size_t count, size_t own)
{
    for (size_t i = 0; i < count; i++) {
        c->recipients[i] = i == own ? world.ras->ra[0].cert : world.ras->chain[0];
    }
    c->recipient_count = count;
}
static void recipients_5(struct scep_client *c)
{
    recipients(c, 5, 4);
}
static void recipients_6(struct scep_client *c)
{
    recipients(c, 6, 0);
}
static void certificates_10(struct scep_client *c)
{
    for (c->more_cert_count = 0; c->more_cert_count < LIMIT_CMS_CERTIFICATES - 1;) {
        c->more_certs[c->more_cert_count++] = world.ras->chain[0];
    }
}
static void certificates_11(struct scep_client *c)
{
    certificates_10(c);
    c->more_certs[c->more_cert_count++] = world.ras->chain[0];
}
static void digests_4(struct scep_client *c)
{
    c->digest_more = LIMIT_CMS_DIGEST_ALGS - 1;
}
static void digests_5(struct scep_client *c)
{
    c->digest_more = LIMIT_CMS_DIGEST_ALGS;
}
static void indefinite(struct scep_client *c)
{
    c->ber = true;
    c->segment = 100;
}

struct message_case {
    const char *name;
    void (*spoil)(struct scep_client *c);
    uint32_t faults;
    struct expected expected;
};

#define ISSUED                                                                                     \
    {                                                                                              \
        200, REASON_NONE, 0, NULL                                                                  \
    }
#define STATUS_400(reason)                                                                         \
    {                                                                                              \
        400, reason, 0, NULL                                                                       \
    }

static const struct message_case message_cases[] = {
    { "messageType 1",
      type_1,
      0,
      { 200, REASON_MESSAGE_TYPE_UNKNOWN, BAD_REQUEST, "message type not supported" } },
    { "messageType 2",
      type_2,
      0,
      { 200, REASON_MESSAGE_TYPE_UNKNOWN, BAD_REQUEST, "message type not supported" } },
    { "messageType 18, with a right challenge",
      type_18,
      0,
      { 200, REASON_MESSAGE_TYPE_UNKNOWN, BAD_REQUEST, "message type not supported" } },
    { "messageType empty",
      type_empty,
      0,
      { 200, REASON_MESSAGE_TYPE_UNKNOWN, BAD_REQUEST, "message type not supported" } },
    { "messageType twice", type_double, 0, STATUS_400(REASON_CMS_DUPLICATE_ATTR) },
    { "transactionID twice", txid_double, 0, STATUS_400(REASON_CMS_DUPLICATE_ATTR) },
    { "no senderNonce", no_nonce, 0, ISSUED },
    { "signer by subjectKeyIdentifier", by_key_id, 0, ISSUED },
    { "ten certificates", certificates_10, 0, ISSUED },
    { "eleven certificates", certificates_11, 0, STATUS_400(REASON_CMS_TOO_MANY_CERTS) },
    { "four digestAlgorithms", digests_4, 0, ISSUED },
    { "five digestAlgorithms", digests_5, 0, STATUS_400(REASON_LIMIT) },
    { "indefinite lengths and segments", indefinite, 0, ISSUED },
    { "ciphertext of 7 bytes", cipher_7, 0, { 200, REASON_ENVELOPE_MALFORMED, BAD_REQUEST, NULL } },
    { "no IV", iv_none, 0, { 200, REASON_ENVELOPE_MALFORMED, BAD_REQUEST, NULL } },
    { "IV of 17 bytes", iv_17, 0, { 200, REASON_ENVELOPE_MALFORMED, BAD_REQUEST, NULL } },
    { "OAEP without parameters", oaep_absent, 0, ISSUED },
    { "five recipients, ours the last", recipients_5, 0, ISSUED },
    { "six recipients", recipients_6, 0, { 200, REASON_ENVELOPE_MALFORMED, BAD_REQUEST, NULL } },
    { "AuthEnvelopedData",
      NULL,
      SCEP_CLIENT_AUTH_ENVELOPED,
      { 200, REASON_CIPHER_NOT_ALLOWED, BAD_ALG, "algorithm not permitted by this endpoint" } },
    { "random RSA ciphertext",
      NULL,
      SCEP_CLIENT_RANDOM_KEY,
      { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
};

static void message__each_case__exact_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(message_cases); i++) {
        const struct message_case *m = &message_cases[i];
        struct expected expected = m->expected;
        struct scep_client c;

        endpoint_world_client(&world, &c);
        c.cn = m->name;
        c.faults = m->faults;
        if (m->spoil != NULL) {
            m->spoil(&c);
        }
        if (expected.text == NULL) {
            expected.text = reason_public_text(expected.reason);
        }
        ask(m->name, &expected, &c, NULL, NULL);
    }
}

/* RFC 8894 3.1 wants the request encrypted: one in clear would show its challenge to everybody. */
static void request__not_encrypted__refused(void **state)
{
    struct expected expected = { 200, REASON_ENVELOPE_MALFORMED, BAD_REQUEST, NULL };
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer message = ASN1_BUFFER_INIT;
    struct endpoint_answer answer;
    struct scep_client c;
    X509 *signer = NULL;

    (void)state;
    expected.text = reason_public_text(expected.reason);
    endpoint_world_client(&world, &c);
    scep_client_csr(&c, &csr);
    scep_client_sign(&c, buffer_bytes(&csr), &message, &signer);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    check("in clear", &expected, &c, signer, &answer, NULL);
    endpoint_answer_clear(&answer);
    X509_free(signer);
    buffer_clear(&csr);
    buffer_clear(&message);
}

/* ---- the request inside ---------------------------------------------------------------------- */

/* ASCII as BMPString. */
static void bmp_challenge(struct csr_builder *b, const char *text)
{
    struct buffer wide = ASN1_BUFFER_INIT;

    for (; *text != '\0'; text++) {
        assert_true(buffer_append_byte(&wide, 0, NULL));
        assert_true(buffer_append_byte(&wide, (uint8_t)*text, NULL));
    }
    csr_builder_challenge(b, TAG_BMP, buffer_bytes(&wide));
    buffer_clear(&wide);
}

static void long_challenge(struct csr_builder *b, size_t len)
{
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, 'x', len);
    csr_builder_challenge(b, TAG_PRINTABLE, bytes_of(text, len));
    free(text);
}

static void right(struct csr_builder *b)
{
    csr_builder_challenge(b, TAG_UTF8, bytes_of_text(WORLD_PASSPHRASE));
}
static void bmp_right(struct csr_builder *b)
{
    bmp_challenge(b, WORLD_PASSPHRASE);
}
static void bmp_wrong(struct csr_builder *b)
{
    bmp_challenge(b, WORLD_PASSPHRASE "?");
}
static void right_with_nul(struct csr_builder *b)
{
    csr_builder_challenge(b, TAG_UTF8, bytes_of(WORLD_PASSPHRASE "\0", sizeof(WORLD_PASSPHRASE)));
}
static void nul_inside(struct csr_builder *b)
{
    csr_builder_challenge(b, TAG_UTF8,
                          bytes_of(WORLD_PASSPHRASE "\0more", sizeof(WORLD_PASSPHRASE) + 4));
}
static void none(struct csr_builder *b)
{
    (void)b;
}
static void empty_text(struct csr_builder *b)
{
    csr_builder_challenge(b, TAG_UTF8, bytes_of_text(""));
}
static void empty_set(struct csr_builder *b)
{
    csr_builder_attribute(b, OID_CHALLENGE, bytes_of(NULL, 0));
}
static void two_right(struct csr_builder *b)
{
    right(b);
    right(b);
}
static void nine_kilobytes(struct csr_builder *b)
{
    long_challenge(b, 9216);
}
static void limit_and_one(struct csr_builder *b)
{
    long_challenge(b, LIMIT_CHALLENGE_BYTES + 1);
}
static void signed_by_another(struct csr_builder *b)
{
    right(b);
    b->signer = world.other_key;
}
static void of_another_key(struct csr_builder *b)
{
    right(b);
    b->key = world.other_key;
}

static void request__each_case__exact_answer(void **state)
{
    static const struct {
        const char *name;
        void (*fill)(struct csr_builder *b);
        struct expected expected;
    } cases[] = {
        { "as it should be", right, ISSUED },
        { "BMPString", bmp_right, ISSUED },
        { "one NUL behind it", right_with_nul, ISSUED },
        { "no attribute", none, { 200, REASON_CHALLENGE_MISSING, BAD_REQUEST, CHALLENGE_TEXT } },
        { "empty text",
          empty_text,
          { 200, REASON_CHALLENGE_MISSING, BAD_REQUEST, CHALLENGE_TEXT } },
        { "BMPString, wrong",
          bmp_wrong,
          { 200, REASON_CHALLENGE_REJECTED, BAD_REQUEST, CHALLENGE_TEXT } },
        { "9 KB", nine_kilobytes, { 200, REASON_CHALLENGE_REJECTED, BAD_REQUEST, CHALLENGE_TEXT } },
        { "NUL inside",
          nul_inside,
          { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
        { "empty SET", empty_set, { 200, REASON_CHALLENGE_MISSING, BAD_REQUEST, CHALLENGE_TEXT } },
        { "two attributes",
          two_right,
          { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
        { "16 KB and one byte",
          limit_and_one,
          { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
        { "signature of another key",
          signed_by_another,
          { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
        { "another key",
          of_another_key,
          { 200, REASON_UNIFORM_FAILURE, BAD_MESSAGE_CHECK, UNIFORM_TEXT } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer csr = ASN1_BUFFER_INIT;
        struct csr_builder b;
        struct scep_client c;

        endpoint_world_client(&world, &c);
        csr_builder_init(&b, world.client_key);
        csr_builder_cn(&b, cases[i].name);
        cases[i].fill(&b);
        csr_builder_der(&b, &csr);
        ask(cases[i].name, &cases[i].expected, &c, &csr, NULL);
        csr_builder_clear(&b);
        buffer_clear(&csr);
    }
}

/* Whatever is wrong with a challenge, a client sees one text, one failInfo, one number. */
static void challenge__every_refusal__looks_the_same(void **state)
{
    static const enum reason reasons[] = { REASON_CHALLENGE_REJECTED, REASON_CHALLENGE_EXPIRED,
                                           REASON_CHALLENGE_USED, REASON_CHALLENGE_BINDING };
    struct error first = ERROR_INIT;

    (void)state;
    error_set(&first, reasons[0], "first");
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        struct error err = ERROR_INIT;

        error_set(&err, reasons[i], "another detail");
        assert_string_equal(reason_public_text(reasons[i]), CHALLENGE_TEXT);
        assert_int_equal(error_fail_info(&err), error_fail_info(&first));
        assert_int_equal(error_hresult(&err), error_hresult(&first));
    }
    /* nobody learns from it: whoever sends none knows */
    assert_string_equal(reason_public_text(REASON_CHALLENGE_MISSING), CHALLENGE_TEXT);
}

/* What other servers have copied into certificates: none of it, and no refusal either. */
static void request__asks_for_powers__certificate_has_none(void **state)
{
    static const struct expected issued = ISSUED;
    static const struct {
        const char *oid;
        const char *der;
        size_t len;
    } greedy[] = {
        { OID_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\xff", 5 },      /* CA:TRUE */
        { OID_EKU, "\x30\x06\x06\x04\x55\x1d\x25\x00", 8 },        /* anyExtendedKeyUsage */
        { "1.3.6.1.4.1.311.20.2", "\x1e\x04\0C\0A", 6 },           /* template name */
        { "1.3.6.1.4.1.311.21.7", "\x30\x04\x06\x02\x2a\x03", 6 }, /* template */
        { "1.3.6.1.4.1.311.25.2", "\x30\x00", 2 },                 /* account SID */
        { "2.5.29.30", "\x30\x00", 2 },                            /* name constraints */
        { "2.5.29.32", "\x30\x06\x30\x04\x06\x02\x2a\x03", 8 },    /* policies */
    };
    struct buffer csr = ASN1_BUFFER_INIT;
    struct csr_builder b;
    struct scep_client c;
    X509 *cert = NULL;

    (void)state;
    endpoint_world_client(&world, &c);
    csr_builder_init(&b, world.client_key);
    csr_builder_cn(&b, "greedy");
    right(&b);
    for (size_t i = 0; i < COUNT_OF(greedy); i++) {
        csr_builder_extension(&b, greedy[i].oid, true, bytes_of(greedy[i].der, greedy[i].len));
    }
    csr_builder_der(&b, &csr);
    ask("greedy", &issued, &c, &csr, &cert);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_true((X509_get_extension_flags(cert) & EXFLAG_CA) == 0);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_CLIENT);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    for (size_t i = 2; i < COUNT_OF(greedy); i++) {
        ASN1_OBJECT *oid = OBJ_txt2obj(greedy[i].oid, 1);

        assert_int_equal(X509_get_ext_by_OBJ(cert, oid, -1), -1);
        ASN1_OBJECT_free(oid);
    }
    X509_free(cert);
    csr_builder_clear(&b);
    buffer_clear(&csr);
}

/* ---- replay, size ---------------------------------------------------------------------------- */

static void message__replayed__same_certificate_then_none(void **state)
{
    static const struct expected issued = ISSUED;
    static const struct expected revoked = { 200, REASON_REQUEST_OF_REVOKED, BAD_REQUEST,
                                             "the certificate of this request was revoked; use a "
                                             "new key" };
    struct buffer message = ASN1_BUFFER_INIT;
    struct endpoint_answer answer;
    struct scep_client c;
    struct error err = ERROR_INIT;
    X509 *signer = NULL;
    X509 *certs[2] = { NULL, NULL };

    (void)state;
    endpoint_world_client(&world, &c);
    c.cn = "replayed";
    scep_client_request(&c, &message, &signer);
    for (size_t i = 0; i < 2; i++) {
        endpoint_post(endpoint, buffer_bytes(&message), &answer);
        check("replay", &issued, &c, signer, &answer, &certs[i]);
        if (i == 0) {
            endpoint_answer_clear(&answer);
        }
    }
    assert_int_equal(X509_cmp(certs[0], certs[1]), 0);
    assert_done(store_revoke_certificate(world.store, "default", answer.report.certificate.serial,
                                         1, clock_now(), &err),
                &err, "revoke");
    endpoint_answer_clear(&answer);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    check("replay after revocation", &revoked, &c, signer, &answer, NULL);
    endpoint_answer_clear(&answer);
    X509_free(certs[0]);
    X509_free(certs[1]);
    X509_free(signer);
    buffer_clear(&message);
}

/* More than most proxies pass on, and no reason to refuse: the challenge is the problem. */
static void get__of_20_kilobytes__answered(void **state)
{
    static const struct expected refused = { 200, REASON_CHALLENGE_REJECTED, BAD_REQUEST,
                                             CHALLENGE_TEXT };
    struct buffer message = ASN1_BUFFER_INIT;
    struct buffer query = ASN1_BUFFER_INIT;
    struct endpoint_answer answer;
    struct scep_client c;
    char *challenge = calloc(1, 14001);
    X509 *signer = NULL;

    (void)state;
    assert_non_null(challenge);
    memset(challenge, 'y', 14000);
    endpoint_world_client(&world, &c);
    c.challenge = challenge;
    scep_client_request(&c, &message, &signer);
    assert_true(buffer_append_text(&query, "operation=PKIOperation&message=", NULL));
    {
        struct buffer text = ASN1_BUFFER_INIT;

        assert_true(base64_encode(buffer_bytes(&message), &text, NULL));
        for (size_t i = 0; i < text.len; i++) {
            char byte = (char)text.data[i];

            assert_true(byte == '+' ? buffer_append_text(&query, "%2B", NULL)
                                    : buffer_append_byte(&query, (uint8_t)byte, NULL));
        }
        buffer_clear(&text);
    }
    assert_true(query.len > 20000);
    endpoint_get(endpoint, buffer_text(&query), &answer);
    check("GET", &refused, &c, signer, &answer, NULL);
    endpoint_answer_clear(&answer);
    X509_free(signer);
    free(challenge);
    buffer_clear(&message);
    buffer_clear(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__each_case__exact_answer),
        cmocka_unit_test(request__not_encrypted__refused),
        cmocka_unit_test(request__each_case__exact_answer),
        cmocka_unit_test(challenge__every_refusal__looks_the_same),
        cmocka_unit_test(request__asks_for_powers__certificate_has_none),
        cmocka_unit_test(message__replayed__same_certificate_then_none),
        cmocka_unit_test(get__of_20_kilobytes__answered),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
