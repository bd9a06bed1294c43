/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scep/ber.h"
#include "scep/scep_oid.h"
#include "scep/scep_preparse.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct scep_reply_options reply_options(const struct scep_fixture *f)
{
    return (struct scep_reply_options){ .ras = f->ca.set,
                                        .level = ALGORITHM_LEVEL_COMPAT,
                                        .hresult_attribute = true };
}

static void read_reply(const struct scep_fixture *f, const struct scep_client *c,
                       const struct scep_outcome *o, const struct buffer *out,
                       struct scep_client_reply *reply)
{
    if (!scep_client_read(buffer_bytes(out), f->ca.ra_certs[0], c->key,
                          c->cert != NULL ? c->cert : o->cert, reply)) {
        fail_msg("%s", reply->problem);
    }
    assert_string_equal("3", reply->message_type);
    assert_true(bytes_equal(c->transaction_id, buffer_bytes(&reply->transaction_id)));
    assert_int_equal(c->transaction_id_tag, reply->transaction_id_tag);
    assert_int_equal(c->nonce, reply->has_recipient_nonce);
    assert_true(bytes_equal(bytes_of(c->nonce_bytes, c->nonce ? c->nonce_len : 0),
                            buffer_bytes(&reply->recipient_nonce)));
    assert_int_equal(16, reply->sender_nonce.len);
    assert_true(reply->has_signing_time);
    assert_int_equal(1, reply->signer_cert_count);
}

static void failure__each_kind__fail_info(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        enum reason reason;
        int fail_info;
        const char *text;
    } cases[] = {
        { REASON_CIPHER_NOT_ALLOWED, 0, "algorithm not permitted by this endpoint" },
        { REASON_SIGNATURE_WRONG, 1, "signature verification failed" },
        { REASON_UNIFORM_FAILURE, 1, "message could not be processed" },
        { REASON_CHALLENGE_REJECTED, 2, "challenge rejected" },
        { REASON_CHALLENGE_MISSING, 2, "challenge rejected" },
        { REASON_UNKNOWN_RECIPIENT, 2,
          "encrypted to an unknown certificate; fetch GetCACert again" },
        { REASON_SIGNING_TIME, 3, "signing time too far from server time" },
        { REASON_CERT_NOT_FOUND, 4, "no such certificate" },
        { REASON_INTERNAL, 2, "internal error" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_reply_options options = reply_options(f);
        struct scep_client c = scep_fixture_client(f);
        struct buffer out = ASN1_BUFFER_INIT;
        struct scep_client_reply reply;
        struct error why = ERROR_INIT;
        struct error err = ERROR_INIT;
        struct scep_outcome o;
        char hresult[16];

        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        (void)error_set(&why, cases[i].reason, "detail with secret %s", "marker-4711");
        assert_done(scep_reply_failure(o.message, &options, &why, &out, &err), &err, "");
        read_reply(f, &c, &o, &out, &reply);
        assert_int_equal(2, reply.status);
        assert_int_equal(cases[i].fail_info, reply.fail_info);
        assert_string_equal(cases[i].text, reply.fail_text);
        (void)snprintf(hresult, sizeof(hresult), "%d", (int)(int32_t)error_hresult(&why));
        assert_string_equal(hresult, reply.hresult);
        assert_int_equal(11, reply.attribute_count);
        for (size_t at = 0; at + 11 < out.len; at++) {
            assert_memory_not_equal(out.data + at, "marker-4711", 11);
        }
        scep_client_reply_clear(&reply);

        options.hresult_attribute = false;
        buffer_clear(&out);
        assert_done(scep_reply_failure(o.message, &options, &why, &out, &err), &err, "");
        read_reply(f, &c, &o, &out, &reply);
        assert_string_equal("", reply.hresult);
        assert_int_equal(10, reply.attribute_count);
        scep_client_reply_clear(&reply);
        buffer_clear(&out);
        scep_outcome_clear(&o);
    }
}

static void failure__given_hresult__signed_decimal(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer out = ASN1_BUFFER_INIT;
    struct scep_client_reply reply;
    struct error why = ERROR_INIT;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    (void)error_set(&why, REASON_CHALLENGE_REJECTED, "x");
    why.hresult = 0x80070057u;
    assert_done(scep_reply_failure(o.message, &options, &why, &out, &err), &err, "");
    read_reply(f, &c, &o, &out, &reply);
    assert_string_equal("-2147024809", reply.hresult); /* NDES: observed */
    scep_client_reply_clear(&reply);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

static void pending__attributes__no_fail_info(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer out = ASN1_BUFFER_INIT;
    struct scep_client_reply reply;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_done(scep_reply_pending(o.message, &options, &out, &err), &err, "");
    read_reply(f, &c, &o, &out, &reply);
    assert_int_equal(3, reply.status);
    assert_int_equal(-1, reply.fail_info);
    assert_string_equal("", reply.fail_text);
    assert_string_equal("", reply.hresult);
    assert_int_equal(8, reply.attribute_count);
    scep_client_reply_clear(&reply);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

static void echo__ids_and_nonces_of_all_forms__same_bytes(void **state)
{
    const struct scep_fixture *f = *state;
    static char long_text[LIMIT_TRANSACTION_ID_BYTES];
    static const struct {
        const char *text;
        size_t len;
        int tag;
        int nonce; /* -1: none */
    } cases[] = {
        { "1", 1, V_ASN1_PRINTABLESTRING, -1 },
        { "\xc3\xa9", 2, V_ASN1_UTF8STRING, 0 },
        { "SSCEP transactionId", 19, V_ASN1_IA5STRING, 8 },
        { "\xff\xfe", 2, V_ASN1_T61STRING, 20 },
        { "+qV88AnBTUZJJXR5vGvuUkT2zrc=", 28, V_ASN1_VISIBLESTRING, 16 },
        { long_text, sizeof(long_text), V_ASN1_PRINTABLESTRING, 64 },
    };

    memset(long_text, 'f', sizeof(long_text));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_reply_options options = reply_options(f);
        struct scep_client c = scep_fixture_client(f);
        struct buffer out = ASN1_BUFFER_INIT;
        struct scep_client_reply reply;
        struct error err = ERROR_INIT;
        struct scep_outcome o;

        c.transaction_id = bytes_of(cases[i].text, cases[i].len);
        c.transaction_id_tag = cases[i].tag;
        c.nonce = cases[i].nonce >= 0;
        c.nonce_len = c.nonce ? (size_t)cases[i].nonce : 0;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_opened(&o, "echo");
        assert_done(scep_reply_pending(o.message, &options, &out, &err), &err, "");
        read_reply(f, &c, &o, &out, &reply);
        scep_client_reply_clear(&reply);
        buffer_clear(&out);
        scep_outcome_clear(&o);
    }
}

/* jscep refuses a nonce that it has seen. */
static void sender_nonce__two_replies__differ(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct scep_client_reply replies[2];
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    for (size_t i = 0; i < 2; i++) {
        struct buffer out = ASN1_BUFFER_INIT;

        assert_done(scep_reply_pending(o.message, &options, &out, &err), &err, "");
        read_reply(f, &c, &o, &out, &replies[i]);
        buffer_clear(&out);
    }
    assert_memory_not_equal(replies[0].sender_nonce.data, replies[1].sender_nonce.data, 16);
    assert_memory_not_equal(replies[0].sender_nonce.data, c.nonce_bytes, 16);
    scep_client_reply_clear(&replies[0]);
    scep_client_reply_clear(&replies[1]);
    scep_outcome_clear(&o);
}

static void algorithms__below_the_level__raised(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        const char *digest;
        enum scep_client_signature signature;
        enum algorithm_level level;
        int digest_nid;
        int signature_nid;
    } cases[] = {
        { "SHA1", SCEP_CLIENT_RSA, ALGORITHM_LEVEL_MODERN, NID_sha256, NID_rsaEncryption },
        { "SHA1", SCEP_CLIENT_RSA, ALGORITHM_LEVEL_COMPAT, NID_sha1, NID_rsaEncryption },
        { "MD5", SCEP_CLIENT_RSA, ALGORITHM_LEVEL_COMPAT, NID_sha256, NID_rsaEncryption },
        { "MD5", SCEP_CLIENT_RSA, ALGORITHM_LEVEL_LEGACY, NID_md5, NID_rsaEncryption },
        /* strongSwan 5.9.8 sends the long name and takes only the short one */
        { "SHA256", SCEP_CLIENT_RSA_WITH_DIGEST, ALGORITHM_LEVEL_MODERN, NID_sha256,
          NID_rsaEncryption },
        { "SHA512", SCEP_CLIENT_PSS, ALGORITHM_LEVEL_MODERN, NID_sha512, NID_rsassaPss },
        { "SHA1", SCEP_CLIENT_PSS, ALGORITHM_LEVEL_MODERN, NID_sha256, NID_rsassaPss },
        { "SHA1", SCEP_CLIENT_PSS, ALGORITHM_LEVEL_COMPAT, NID_sha1, NID_rsassaPss },
        { "SHA256", SCEP_CLIENT_DSA_OID, ALGORITHM_LEVEL_MODERN, NID_sha256, NID_rsaEncryption },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_reply_options options = reply_options(f);
        struct scep_client c = scep_fixture_client(f);
        struct buffer out = ASN1_BUFFER_INIT;
        struct scep_client_reply reply;
        struct error why = ERROR_INIT;
        struct error err = ERROR_INIT;
        struct scep_outcome o;

        options.level = cases[i].level;
        c.digest = cases[i].digest;
        c.signature = cases[i].signature;
        scep_fixture_send(f, &c, cases[i].level, &o);
        assert_non_null(o.message);
        (void)error_set(&why, REASON_DIGEST_NOT_ALLOWED, "x");
        assert_done(scep_reply_failure(o.message, &options, &why, &out, &err), &err, "");
        read_reply(f, &c, &o, &out, &reply);
        assert_int_equal(cases[i].digest_nid, reply.digest_nid);
        assert_int_equal(cases[i].signature_nid, reply.signature_nid);
        scep_client_reply_clear(&reply);
        buffer_clear(&out);
        scep_outcome_clear(&o);
    }
}

static void success__chain__issued_first(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer cert = ASN1_BUFFER_INIT;
    struct buffer out = ASN1_BUFFER_INIT;
    struct scep_client_reply reply;
    struct error err = ERROR_INIT;
    struct scep_outcome o;
    unsigned char *der = NULL;
    int len = 0;

    /* odd serial and somebody else's certificates in the message: none of them is a recipient */
    c.more_certs[0] = f->ca.cert;
    c.more_certs[1] = f->ca.ra_certs[1];
    c.more_cert_count = 2;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "chain");
    scep_test_ca_issue(&f->ca, f->client_key, "issued with a name that makes it longer", &cert);
    options.include_chain = true;
    assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err), &err, "");
    read_reply(f, &c, &o, &out, &reply);
    assert_int_equal(0, reply.status);
    assert_int_equal(-1, reply.fail_info);
    assert_int_equal(8, reply.attribute_count);
    assert_int_equal(2, reply.cert_count);
    assert_int_equal(1, reply.recipient_count);
    len = i2d_X509(reply.cert, &der);
    assert_true(bytes_equal(buffer_bytes(&cert), bytes_of(der, (size_t)len)));
    OPENSSL_free(der);
    scep_client_reply_clear(&reply);
    buffer_clear(&cert);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

/* RFC 5652 6.2.1: issuer and serial of the signer's certificate, whatever they look like. */
static void success__odd_signer__named_by_its_own_bytes(void **state)
{
    static const unsigned char negative[] = { 0x80, 0x00, 0x01 };
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_cert_options cert_options = { .key = f->client_key,
                                              .cn = "\xc3\xa9",
                                              .cn_type = V_ASN1_UTF8STRING,
                                              .serial = negative,
                                              .serial_len = sizeof(negative),
                                              .version = 1 };
    struct scep_client c = scep_fixture_client(f);
    struct buffer cert = ASN1_BUFFER_INIT;
    struct buffer out = ASN1_BUFFER_INIT;
    struct scep_client_reply reply;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    c.cert = scep_cert_make(&cert_options);
    c.ber = true;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "odd signer");
    scep_test_ca_issue(&f->ca, f->client_key, "x", &cert);
    assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err), &err, "");
    read_reply(f, &c, &o, &out, &reply);
    assert_int_equal(1, reply.cert_count);
    scep_client_reply_clear(&reply);
    X509_free(c.cert);
    buffer_clear(&cert);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

/* The structure of RFC 5652 5.1 by hand: strict DER, sorted attributes, an empty eContent. */
static void layout__failure__byte_for_byte(void **state)
{
    static const enum scep_oid order[] = {
        SCEP_OID_MESSAGE_TYPE,   SCEP_OID_PKI_STATUS,      SCEP_OID_FAIL_INFO,
        SCEP_OID_CONTENT_TYPE,   SCEP_OID_MS_ERROR,        SCEP_OID_SIGNING_TIME,
        SCEP_OID_SENDER_NONCE,   SCEP_OID_RECIPIENT_NONCE, SCEP_OID_TRANSACTION_ID,
        SCEP_OID_FAIL_INFO_TEXT, SCEP_OID_MESSAGE_DIGEST,
    };
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer out = ASN1_BUFFER_INIT;
    struct error why = ERROR_INIT;
    struct error err = ERROR_INIT;
    struct scep_outline outline;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    (void)error_set(&why, REASON_UNIFORM_FAILURE, "x");
    assert_done(scep_reply_failure(o.message, &options, &why, &out, &err), &err, "");
    assert_done(scep_preparse(buffer_bytes(&out), &outline, &err), &err, "own reply");
    assert_int_equal(out.len, outline.message_bytes);
    assert_true(outline.has_content);
    assert_int_equal(0, outline.content.content.len);
    assert_false(outline.content.constructed);
    assert_int_equal(1, outline.certificate_count);
    assert_false(outline.sid_is_key_id);
    assert_int_equal(COUNT_OF(order), outline.attribute_count);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (!scep_oid_is(outline.attributes[i].oid, order[i])) {
            fail_msg("attribute %u is another", (unsigned)i);
        }
    }
    /* OpenSSL would write the same: definite and minimal lengths, sorted */
    {
        const unsigned char *at = out.data;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)out.len);
        unsigned char *der = NULL;
        int len = i2d_CMS_ContentInfo(cms, &der);

        assert_true(bytes_equal(buffer_bytes(&out), bytes_of(der, (size_t)len)));
        OPENSSL_free(der);
        CMS_ContentInfo_free(cms);
    }
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

static void reply__no_ra_with_that_index__internal(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    options.ra_index = 2;
    assert_refused(scep_reply_pending(o.message, &options, &out, &err), &err, REASON_INTERNAL, "");
    assert_int_equal(0, out.len);
    scep_outcome_clear(&o);
}

static void reply__out_too_small__unchanged(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_reply_options options = reply_options(f);
    struct scep_client c = scep_fixture_client(f);
    struct buffer out = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_true(buffer_append_text(&out, "before", NULL));
    assert_refused(scep_reply_pending(o.message, &options, &out, &err), &err, REASON_LIMIT, "");
    assert_bytes_text(buffer_bytes(&out), "before");
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure__each_kind__fail_info),
        cmocka_unit_test(failure__given_hresult__signed_decimal),
        cmocka_unit_test(pending__attributes__no_fail_info),
        cmocka_unit_test(echo__ids_and_nonces_of_all_forms__same_bytes),
        cmocka_unit_test(sender_nonce__two_replies__differ),
        cmocka_unit_test(algorithms__below_the_level__raised),
        cmocka_unit_test(success__chain__issued_first),
        cmocka_unit_test(success__odd_signer__named_by_its_own_bytes),
        cmocka_unit_test(layout__failure__byte_for_byte),
        cmocka_unit_test(reply__no_ra_with_that_index__internal),
        cmocka_unit_test(reply__out_too_small__unchanged),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
