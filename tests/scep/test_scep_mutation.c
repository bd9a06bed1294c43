/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every truncation and many changed bytes of good messages: nothing crashes (sanitizers watch), and
 * nothing is accepted as another transaction than the one that was signed.
 */
#include "scep/scep_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/base64.h"
#include "platform/clock.h"
#include "scep/scep_preparse.h"
#include "scep/scep_preparse_envelope.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct sample {
    struct buffer request;
    struct buffer envelope;
    X509 *cert;
    struct bytes transaction_id;
};

static void sample_make(const struct scep_fixture *f, bool ber, struct sample *s)
{
    struct scep_client c = scep_fixture_client(f);
    struct buffer csr = ASN1_BUFFER_INIT;

    *s = (struct sample){ .request = ASN1_BUFFER_INIT, .envelope = ASN1_BUFFER_INIT };
    c.ber = ber;
    scep_client_csr(&c, &csr);
    scep_client_envelope(&c, buffer_bytes(&csr), &s->envelope);
    scep_client_sign(&c, buffer_bytes(&s->envelope), &s->request, &s->cert);
    s->transaction_id = c.transaction_id;
    buffer_clear(&csr);
}

static void sample_clear(struct sample *s)
{
    buffer_clear(&s->request);
    buffer_clear(&s->envelope);
    X509_free(s->cert);
}

/* In memory of exactly this size, so that one byte too far is seen. */
static struct scep_message *parse_exactly(struct bytes data)
{
    uint8_t *copy = malloc(data.len == 0 ? 1 : data.len);
    struct scep_message *message = NULL;

    assert_non_null(copy);
    if (data.len > 0) {
        memcpy(copy, data.data, data.len);
    }
    message = scep_message_parse(bytes_of(copy, data.len), NULL);
    free(copy);
    return message;
}

static void truncation__every_length__refused(void **state)
{
    const struct scep_fixture *f = *state;

    for (int ber = 0; ber < 2; ber++) {
        struct sample s;

        sample_make(f, ber != 0, &s);
        for (size_t len = 0; len < s.request.len; len++) {
            assert_null(parse_exactly(bytes_of(s.request.data, len)));
        }
        for (size_t len = 0; len < s.envelope.len; len++) {
            struct scep_envelope_outline outline;

            assert_false(scep_preparse_envelope(bytes_of(s.envelope.data, len), &outline, NULL));
        }
        sample_clear(&s);
    }
}

/* What is accepted although a byte differs must still be the signed transaction. */
static bool still_the_same(const struct scep_fixture *f, struct bytes data,
                           struct bytes transaction_id)
{
    struct scep_message *message = parse_exactly(data);
    struct csr csr = CSR_INIT;
    size_t ra_index = 0;
    bool ok = true;

    if (message != NULL && scep_message_verify(message, ALGORITHM_LEVEL_LEGACY, NULL)) {
        const struct scep_message_facts *facts = scep_message_facts(message);

        ok = bytes_equal(facts->transaction_id, transaction_id) && facts->type == SCEP_TYPE_PKCS_REQ
             && scep_message_decrypt(message, ALGORITHM_LEVEL_LEGACY, f->ca.set, &ra_index, &csr,
                                     NULL)
             && bytes_equal(secret_bytes(&csr.challenge), bytes_of_text("secret"));
    }
    csr_clear(&csr);
    scep_message_free(message);
    return ok;
}

static void mutation__single_bytes__never_another_transaction(void **state)
{
    static const uint8_t changes[] = { 0x01, 0x80, 0xff };
    const struct scep_fixture *f = *state;

    for (int ber = 0; ber < 2; ber++) {
        struct sample s;
        int64_t end = clock_monotonic_us() + 4000000; /* bounded: a loaded machine does fewer */
        size_t done = 0;

        sample_make(f, ber != 0, &s);
        for (size_t c = 0; c < COUNT_OF(changes); c++) {
            for (size_t i = 0; i < s.request.len && clock_monotonic_us() < end; i++) {
                uint8_t old = s.request.data[i];

                s.request.data[i] ^= changes[c];
                if (!still_the_same(f, buffer_bytes(&s.request), s.transaction_id)) {
                    fail_msg("byte %u ^ %02x", (unsigned)i, changes[c]);
                }
                s.request.data[i] = old;
                done++;
            }
        }
        print_message("%u changed bytes, %s\n", (unsigned)done, ber != 0 ? "BER" : "DER");
        sample_clear(&s);
    }
}

/* The envelope changed and signed again by whoever changed it: refused, or opened as it was. */
static void mutation__envelope_signed_again__never_another_request(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct sample s;
    struct buffer request = ASN1_BUFFER_INIT;
    int64_t end = clock_monotonic_us() + 4000000;

    sample_make(f, false, &s);
    c.cert = s.cert;
    for (size_t i = 0; i < s.envelope.len && clock_monotonic_us() < end; i++) {
        struct scep_outcome o;

        s.envelope.data[i] ^= 0x01;
        scep_client_sign(&c, buffer_bytes(&s.envelope), &request, NULL);
        scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
        assert_true(o.verified);
        if (o.opened) {
            assert_bytes_text(secret_bytes(&o.csr.challenge), "secret");
        } else {
            enum fail_info info = error_fail_info(&o.err);

            assert_true(info == FAIL_INFO_BAD_ALG || info == FAIL_INFO_BAD_MESSAGE_CHECK
                        || info == FAIL_INFO_BAD_REQUEST);
        }
        scep_outcome_clear(&o);
        s.envelope.data[i] ^= 0x01;
    }
    buffer_clear(&request);
    sample_clear(&s);
}

/* A CertRep of NDES on Server 2012: no certificates, one byte of content, Microsoft's attribute. */
static void ndes_sample__preparse__attributes_read(void **state)
{
    struct buffer text = ASN1_BUFFER_INIT;
    struct buffer der = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct scep_outline outline;
    char path[FILE_PATH_MAX];
    FILE *file = NULL;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/ndes-2012-certrep-failure.b64", OPENNDES_SHARED_DATA);
    file = fopen(path, "rb");
    if (file == NULL) {
        test_skip("the folder with captured samples is missing");
    }
    assert_true(buffer_reserve(&text, 65536, NULL));
    text.len = fread(text.data, 1, 65536, file);
    (void)fclose(file);
    assert_done(base64_decode(buffer_bytes(&text), BASE64_TOLERANT, &der, &err), &err, "base64");
    assert_done(scep_preparse(buffer_bytes(&der), &outline, &err), &err, "pre-parse");
    assert_true(outline.has_content);
    assert_int_equal(1, outline.content.content.len);
    assert_int_equal(0, outline.certificate_count);
    assert_true(scep_oid_is(outline.signature.oid, SCEP_OID_RSA));
    assert_int_equal(9, outline.attribute_count);
    assert_bytes_text(scep_outline_attribute(&outline, SCEP_OID_MESSAGE_TYPE)->value.content, "3");
    assert_bytes_text(scep_outline_attribute(&outline, SCEP_OID_PKI_STATUS)->value.content, "2");
    assert_bytes_text(scep_outline_attribute(&outline, SCEP_OID_FAIL_INFO)->value.content, "2");
    assert_bytes_text(scep_outline_attribute(&outline, SCEP_OID_MS_ERROR)->value.content,
                      "-2147024809");
    assert_int_equal(16,
                     scep_outline_attribute(&outline, SCEP_OID_SENDER_NONCE)->value.content.len);
    assert_null(scep_outline_attribute(&outline, SCEP_OID_SIGNING_TIME));
    /* a reply is no request: it has no signer's certificate */
    assert_refused(scep_message_parse(buffer_bytes(&der), &err) != NULL, &err,
                   REASON_CMS_NO_SIGNER_CERT, "as a request");
    buffer_clear(&text);
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncation__every_length__refused),
        cmocka_unit_test(mutation__single_bytes__never_another_transaction),
        cmocka_unit_test(mutation__envelope_signed_again__never_another_request),
        cmocka_unit_test(ndes_sample__preparse__attributes_read),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
