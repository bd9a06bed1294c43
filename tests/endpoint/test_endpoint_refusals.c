/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused and how: HTTP status before the sender is known, signed CertRep FAILURE after. */
#include <openssl/x509.h>
#include <string.h>

#include "endpoint/endpoint_world.h"
#include "support/scep_ca.h"

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

/* One thing a client does wrong. http 200 means a CertRep with fail_info. */
struct refusal {
    const char *name;
    void (*spoil)(struct scep_client *client);
    uint32_t faults;
    int http;
    int fail_info;
    enum reason reason;
};

static void type_0(struct scep_client *c)
{
    c->type = "0";
}
static void type_3(struct scep_client *c)
{
    c->type = "3";
}
static void type_17(struct scep_client *c)
{
    c->type = "17";
}
static void type_18(struct scep_client *c)
{
    c->type = "18";
}
static void type_20(struct scep_client *c)
{
    c->type = "20";
}
static void type_21(struct scep_client *c)
{
    c->type = "21";
}
static void type_22(struct scep_client *c)
{
    c->type = "22";
}
static void type_255(struct scep_client *c)
{
    c->type = "255";
}
static void type_leading_zero(struct scep_client *c)
{
    c->type = "019";
}
static void type_space(struct scep_client *c)
{
    c->type = " 19";
}
static void type_missing(struct scep_client *c)
{
    c->type = NULL;
}
static void txid_missing(struct scep_client *c)
{
    c->transaction_id.data = NULL;
}
static void nonce_long(struct scep_client *c)
{
    c->nonce_len = LIMIT_NONCE_BYTES + 1;
}
static void sha1(struct scep_client *c)
{
    c->digest = "SHA1";
}
static void md5(struct scep_client *c)
{
    c->digest = "MD5";
}
static void des3(struct scep_client *c)
{
    c->cipher = "DES-EDE3-CBC";
}
static void gcm(struct scep_client *c)
{
    c->cipher_nid = NID_aes_128_gcm;
}
static void other_digest(struct scep_client *c)
{
    c->signature = SCEP_CLIENT_RSA_OTHER_DIGEST;
}
static void pss_other(struct scep_client *c)
{
    c->signature = SCEP_CLIENT_PSS_OTHER_DIGEST;
}
static void oaep_label(struct scep_client *c)
{
    c->transport = SCEP_CLIENT_OAEP_LABEL;
}
static void ecdh(struct scep_client *c)
{
    c->transport = SCEP_CLIENT_TRANSPORT_ECDH;
}
static void iv_short(struct scep_client *c)
{
    c->iv_len = 15;
}
static void cipher_0(struct scep_client *c)
{
    c->ciphertext_len = 0;
}
static void cipher_1(struct scep_client *c)
{
    c->ciphertext_len = 1;
}
static void cipher_15(struct scep_client *c)
{
    c->ciphertext_len = 15;
}
static void no_challenge(struct scep_client *c)
{
    c->challenge = NULL;
}
static void empty_challenge(struct scep_client *c)
{
    c->challenge = "";
}
static void wrong_challenge(struct scep_client *c)
{
    c->challenge = "not the passphrase at all";
}
static void other_csr_key(struct scep_client *c)
{
    c->csr_key = world.other_key;
}
static void third_order(struct scep_client *c)
{
    c->order = SCEP_CLIENT_SIGN_THIRD_ORDER;
}
static void not_our_ra(struct scep_client *c)
{
    c->recipients[0] = world.ras->chain[0];
}
static void cn_control(struct scep_client *c)
{
    c->cn = "a\nb";
}

static const struct refusal refusals[] = {
    { "not signed data", NULL, SCEP_CLIENT_NOT_SIGNED_DATA, 400, 0, REASON_NOT_CMS },
    { "no signed attributes", NULL, SCEP_CLIENT_NO_SIGNED_ATTRS, 400, 0,
      REASON_CMS_NO_SIGNED_ATTRS },
    { "two signers", NULL, SCEP_CLIENT_TWO_SIGNERS, 400, 0, REASON_CMS_SIGNER_COUNT },
    { "no signer", NULL, SCEP_CLIENT_NO_SIGNER, 400, 0, REASON_CMS_SIGNER_COUNT },
    { "no certificates", NULL, SCEP_CLIENT_NO_CERTS, 400, 0, REASON_CMS_NO_SIGNER_CERT },
    { "empty digestAlgorithms", NULL, SCEP_CLIENT_EMPTY_DIGEST_ALGS, 400, 0,
      REASON_CMS_NO_DIGEST_ALGS },
    { "eContentType", NULL, SCEP_CLIENT_CONTENT_TYPE, 400, 0, REASON_CMS_CONTENT_TYPE },
    { "two values", NULL, SCEP_CLIENT_ATTR_TWO_VALUES, 400, 0, REASON_CMS_ATTRIBUTE_VALUES },
    { "no value", NULL, SCEP_CLIENT_ATTR_NO_VALUE, 400, 0, REASON_CMS_ATTRIBUTE_VALUES },
    { "no messageType", type_missing, 0, 400, 0, REASON_NO_MESSAGE_TYPE },
    { "no transactionID", txid_missing, 0, 400, 0, REASON_NO_TRANSACTION_ID },
    { "nonce over the limit", nonce_long, 0, 400, 0, REASON_NONCE_SIZE },
    { "type 0", type_0, 0, 200, 2, REASON_MESSAGE_TYPE_UNKNOWN },
    { "type 3", type_3, 0, 200, 2, REASON_MESSAGE_TYPE_DISABLED },
    { "type 17, self-signed", type_17, 0, 200, 2, REASON_RENEWAL_REFUSED },
    { "type 18", type_18, 0, 200, 2, REASON_MESSAGE_TYPE_UNKNOWN },
    { "type 20 for nothing", type_20, 0, 200, 4, REASON_POLL_UNKNOWN },
    { "type 21 with a CSR", type_21, 0, 200, 4, REASON_CERT_NOT_FOUND },
    { "type 22 with a CSR", type_22, 0, 200, 4, REASON_CERT_NOT_FOUND },
    { "type 255", type_255, 0, 200, 2, REASON_MESSAGE_TYPE_UNKNOWN },
    { "type 019", type_leading_zero, 0, 200, 2, REASON_MESSAGE_TYPE_UNKNOWN },
    { "type with a space", type_space, 0, 200, 2, REASON_MESSAGE_TYPE_UNKNOWN },
    { "SHA-1 at modern", sha1, 0, 200, 0, REASON_DIGEST_NOT_ALLOWED },
    { "MD5 at modern", md5, 0, 200, 0, REASON_DIGEST_NOT_ALLOWED },
    { "digests contradict", other_digest, 0, 200, 0, REASON_SIGNATURE_ALG_NOT_ALLOWED },
    { "PSS contradicts", pss_other, 0, 200, 0, REASON_SIGNATURE_ALG_NOT_ALLOWED },
    { "signature wrong", NULL, SCEP_CLIENT_BAD_SIGNATURE, 200, 1, REASON_SIGNATURE_WRONG },
    { "content changed", NULL, SCEP_CLIENT_BAD_CONTENT, 200, 1, REASON_SIGNATURE_WRONG },
    { "no messageDigest", NULL, SCEP_CLIENT_NO_MESSAGE_DIGEST, 200, 1, REASON_SIGNATURE_WRONG },
    { "signed in a third order", third_order, 0, 200, 1, REASON_SIGNATURE_WRONG },
    { "content left out", NULL, SCEP_CLIENT_NO_CONTENT, 200, 1, REASON_SIGNATURE_WRONG },
    { "3DES at modern", des3, 0, 200, 0, REASON_CIPHER_NOT_ALLOWED },
    { "GCM", gcm, 0, 200, 0, REASON_CIPHER_NOT_ALLOWED },
    { "key agreement", NULL, SCEP_CLIENT_KEY_AGREE, 200, 0, REASON_KEY_TRANSPORT_NOT_ALLOWED },
    { "AuthEnvelopedData", NULL, SCEP_CLIENT_AUTH_ENVELOPED, 200, 0, REASON_CIPHER_NOT_ALLOWED },
    { "OAEP with a label", oaep_label, 0, 200, 0, REASON_KEY_TRANSPORT_NOT_ALLOWED },
    { "no key transport", ecdh, 0, 200, 0, REASON_KEY_TRANSPORT_NOT_ALLOWED },
    { "IV of 15 bytes", iv_short, 0, 200, 2, REASON_ENVELOPE_MALFORMED },
    { "ciphertext of 0 bytes", cipher_0, 0, 200, 2, REASON_ENVELOPE_MALFORMED },
    { "ciphertext of 1 byte", cipher_1, 0, 200, 2, REASON_ENVELOPE_MALFORMED },
    { "ciphertext of 15 bytes", cipher_15, 0, 200, 2, REASON_ENVELOPE_MALFORMED },
    { "encrypted to the CA", not_our_ra, 0, 200, 2, REASON_UNKNOWN_RECIPIENT },
    { "random key ciphertext", NULL, SCEP_CLIENT_RANDOM_KEY, 200, 1, REASON_UNIFORM_FAILURE },
    { "padding 0", NULL, SCEP_CLIENT_BAD_PADDING_0, 200, 1, REASON_UNIFORM_FAILURE },
    { "padding 17", NULL, SCEP_CLIENT_BAD_PADDING_17, 200, 1, REASON_UNIFORM_FAILURE },
    { "short content key", NULL, SCEP_CLIENT_SHORT_KEY, 200, 1, REASON_UNIFORM_FAILURE },
    { "CSR of another key", other_csr_key, 0, 200, 1, REASON_UNIFORM_FAILURE },
    { "no challenge", no_challenge, 0, 200, 2, REASON_CHALLENGE_MISSING },
    { "empty challenge", empty_challenge, 0, 200, 2, REASON_CHALLENGE_MISSING },
    { "wrong challenge", wrong_challenge, 0, 200, 2, REASON_CHALLENGE_REJECTED },
    { "control character in CN", cn_control, 0, 200, 2, REASON_SUBJECT_CN },
};

static void check_certrep(const struct refusal *r, const struct endpoint_answer *answer,
                          const struct scep_client *client, X509 *cert)
{
    struct scep_client_reply reply;

    if (!scep_client_read(buffer_bytes(&answer->response.body), world.ras->ra[0].cert,
                          world.client_key, cert, &reply)) {
        fail_msg("%s: %s", r->name, reply.problem);
    }
    if (reply.status != 2 || reply.fail_info != r->fail_info) {
        fail_msg("%s: status %d failInfo %d", r->name, reply.status, reply.fail_info);
    }
    assert_string_equal(reply.fail_text, reason_public_text(r->reason));
    assert_true(bytes_equal(buffer_bytes(&reply.transaction_id), client->transaction_id));
    assert_true(reply.has_recipient_nonce);
    assert_int_equal(reply.sender_nonce.len, 16);
    scep_client_reply_clear(&reply);
}

static void request__spoiled__is_refused_in_its_own_way(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct endpoint_answer answer;
        struct scep_client client;
        X509 *cert = NULL;

        endpoint_world_client(&world, &client);
        client.faults = r->faults;
        if (r->spoil != NULL) {
            r->spoil(&client);
        }
        scep_client_request(&client, &message, &cert);
        endpoint_post(endpoint, buffer_bytes(&message), &answer);
        if (answer.report.error.reason != r->reason || answer.response.status != r->http) {
            fail_msg("%s: status %d, reason %s (%s)", r->name, answer.response.status,
                     reason_id(answer.report.error.reason), answer.report.error.detail);
        }
        if (r->http == 200) {
            check_certrep(r, &answer, &client, cert);
        }
        assert_string_equal(answer.report.result, "refused");
        assert_string_equal(answer.report.certificate.serial, "");
        endpoint_answer_clear(&answer);
        buffer_clear(&message);
        X509_free(cert);
    }
    endpoint_free(endpoint);
}

/* Whoever wraps a captured envelope into a message of his own must not get the victim's answer. */
static void envelope__captured_and_signed_by_another_key__is_a_uniform_failure(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct endpoint_answer answer;
    struct scep_client victim;
    struct scep_client thief;
    X509 *cert = NULL;

    (void)state;
    endpoint_world_client(&world, &victim);
    scep_client_csr(&victim, &csr);
    scep_client_envelope(&victim, buffer_bytes(&csr), &envelope);
    thief = victim;
    thief.key = world.other_key;
    scep_client_sign(&thief, buffer_bytes(&envelope), &message, &cert);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    assert_int_equal(answer.report.error.reason, REASON_UNIFORM_FAILURE);
    endpoint_answer_clear(&answer);
    X509_free(cert);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&message);
    endpoint_free(endpoint);
}

/* Lengths too: an answer that is longer for one cause than for another tells them apart. */
static void uniform_failures__all_causes__look_the_same(void **state)
{
    static const uint32_t causes[] = { SCEP_CLIENT_RANDOM_KEY, SCEP_CLIENT_BAD_PADDING_0,
                                       SCEP_CLIENT_BAD_PADDING_17, SCEP_CLIENT_SHORT_KEY };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct endpoint_answer answer;
        struct scep_client client;
        X509 *cert = NULL;

        endpoint_world_client(&world, &client);
        client.faults = causes[i];
        scep_client_request(&client, &message, &cert);
        endpoint_post(endpoint, buffer_bytes(&message), &answer);
        assert_int_equal(answer.response.status, 200);
        assert_true(len == 0 || len == answer.response.body.len);
        len = answer.response.body.len;
        endpoint_answer_clear(&answer);
        buffer_clear(&message);
        X509_free(cert);
    }
    endpoint_free(endpoint);
}

static void message__cut_or_changed_anywhere__never_enrols(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct endpoint_answer answer;
    struct scep_client client;
    X509 *cert = NULL;

    (void)state;
    endpoint_world_client(&world, &client);
    client.challenge = "wrong on purpose, so that nothing can be issued";
    scep_client_request(&client, &message, &cert);
    for (size_t i = 0; i < message.len; i += 7) {
        endpoint_post(endpoint, bytes_of(message.data, i), &answer);
        assert_int_equal(answer.response.status, 400);
        endpoint_answer_clear(&answer);
        message.data[i] ^= 0x41;
        endpoint_post(endpoint, buffer_bytes(&message), &answer);
        assert_true(answer.report.error.reason != REASON_NONE);
        endpoint_answer_clear(&answer);
        message.data[i] ^= 0x41;
    }
    X509_free(cert);
    buffer_clear(&message);
    endpoint_free(endpoint);
}

/* Ask one endpoint with a good request; the reason it gives. */
static enum reason ask_well(const struct endpoint *endpoint)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct endpoint_answer answer;
    struct scep_client client;
    enum reason reason;
    X509 *cert = NULL;

    endpoint_world_client(&world, &client);
    scep_client_request(&client, &message, &cert);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    reason = answer.report.error.reason;
    endpoint_answer_clear(&answer);
    X509_free(cert);
    buffer_clear(&message);
    return reason;
}

static void mac__copied_from_another_template__opens_nothing(void **state)
{
    struct endpoint *alpha = endpoint_world_template(&world, "alpha", "");
    struct endpoint *beta = endpoint_world_copied(&world, "beta", "alpha", "");

    (void)state;
    assert_int_equal(ask_well(beta), REASON_CHALLENGE_REJECTED);
    assert_int_equal(ask_well(alpha), REASON_NONE);
    endpoint_free(alpha);
    endpoint_free(beta);
}

static void template__with_a_rule_or_a_list__refuses_by_it(void **state)
{
    static const struct {
        const char *name;
        const char *settings;
        enum reason reason;
    } cases[] = {
        { "key size", ", \"key\": {\"rsa_min_bits\": 3072}", REASON_KEY_SIZE },
        { "cn pattern", ", \"subject\": {\"cn_patterns\": \"*.example.com\"}", REASON_SUBJECT_CN },
        { "cn not listed", ", \"subject\": {\"attributes\": \"O\"}", REASON_SUBJECT_ATTRIBUTE },
        { "address", ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"192.0.2.0/24\"}",
          REASON_ADDRESS_DENIED },
        { "address listed", ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"127.0.0.0/8\"}",
          REASON_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint *endpoint = endpoint_world_template(&world, "ruled", cases[i].settings);
        enum reason reason = ask_well(endpoint);

        if (reason != cases[i].reason) {
            fail_msg("%s: %s", cases[i].name, reason_id(reason));
        }
        endpoint_free(endpoint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__spoiled__is_refused_in_its_own_way),
        cmocka_unit_test(envelope__captured_and_signed_by_another_key__is_a_uniform_failure),
        cmocka_unit_test(uniform_failures__all_causes__look_the_same),
        cmocka_unit_test(message__cut_or_changed_anywhere__never_enrols),
        cmocka_unit_test(mac__copied_from_another_template__opens_nothing),
        cmocka_unit_test(template__with_a_rule_or_a_list__refuses_by_it),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
