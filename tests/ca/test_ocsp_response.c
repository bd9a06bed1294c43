/* SPDX-License-Identifier: Apache-2.0 */
/* OCSP answers of any content, compared with what OpenSSL reads, writes and signs of them. */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/ocsp.h>

#include "ca/ocsp_response.h"

#define NOW INT64_C(1700000000)

struct stage {
    struct ocsp_signer signer;
    struct buffer cert_ids[3];
    struct ocsp_statement statements[3];
    struct ocsp_response_plan plan;
};

static void make_cert_id(X509 *issuer, long number, struct buffer *out)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    unsigned char *der = NULL;
    struct error err = ERROR_INIT;
    OCSP_CERTID *id = NULL;
    int len = 0;

    assert_int_equal(ASN1_INTEGER_set(serial, number), 1);
    id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(issuer),
                          X509_get0_pubkey_bitstr(issuer), serial);
    len = i2d_OCSP_CERTID(id, &der);
    assert_true(len > 0);
    assert_done(buffer_append(out, der, (size_t)len, &err), &err, "id");
    OPENSSL_free(der);
    OCSP_CERTID_free(id);
    ASN1_INTEGER_free(serial);
}

static void open_stage(struct stage *s, EVP_PKEY *take_key)
{
    static const struct ocsp_status states[] = { { OCSP_GOOD, 0, 0 },
                                                 { OCSP_REVOKED, NOW - 60, 4 },
                                                 { OCSP_UNKNOWN, 0, 0 } };

    *s = (struct stage){ .signer = { .key = take_key, .digest = EVP_sha256() } };
    s->signer.cert = sample_cert(&(struct sample_cert){ .subject = "OCSP", .key = take_key });
    for (size_t i = 0; i < 3; i++) {
        s->cert_ids[i].max = 1024;
        make_cert_id(s->signer.cert, (long)(100 + i), &s->cert_ids[i]);
        s->statements[i] = (struct ocsp_statement){ buffer_bytes(&s->cert_ids[i]), states[i] };
    }
    s->plan = (struct ocsp_response_plan){ .statements = s->statements,
                                           .count = 3,
                                           .produced_at = NOW,
                                           .this_update = NOW - 600,
                                           .next_update = NOW + 3600 };
}

static void close_stage(struct stage *s)
{
    for (size_t i = 0; i < 3; i++) {
        buffer_clear(&s->cert_ids[i]);
    }
    ocsp_signer_clear(&s->signer);
}

static ASN1_TIME *time_of(int64_t seconds)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)seconds);

    assert_non_null(time);
    return time;
}

static void add_status(OCSP_BASICRESP *basic, const struct stage *s, size_t i)
{
    const struct ocsp_statement *statement = &s->statements[i];
    const unsigned char *at = statement->cert_id.data;
    OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &at, (long)statement->cert_id.len);
    bool revoked = statement->status.status == OCSP_REVOKED;
    ASN1_TIME *revoked_at = revoked ? time_of(statement->status.revoked_at) : NULL;
    ASN1_TIME *this_update = time_of(s->plan.this_update);
    ASN1_TIME *next_update = time_of(s->plan.next_update);

    assert_non_null(
        OCSP_basic_add1_status(basic, id, (int)statement->status.status,
                               revoked ? statement->status.reason : OCSP_REVOKED_STATUS_NOSTATUS,
                               revoked_at, this_update, next_update));
    ASN1_TIME_free(next_update);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(revoked_at);
    OCSP_CERTID_free(id);
}

/* The same by OpenSSL, which takes the time from the clock: the plan gets it. */
static int sign_by_openssl(struct stage *s, unsigned char **der)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_RESPONSE *response = NULL;
    int days = 0;
    int rest = 0;
    int len = 0;
    ASN1_TIME *epoch = time_of(0);

    for (size_t i = 0; i < s->plan.count; i++) {
        add_status(basic, s, i);
    }
    if (s->plan.nonce.len > 0) {
        assert_int_equal(OCSP_basic_add1_nonce(basic, (unsigned char *)s->plan.nonce.data,
                                               (int)s->plan.nonce.len),
                         1);
    }
    assert_int_equal(OCSP_basic_sign(basic, s->signer.cert, s->signer.key, s->signer.digest, NULL,
                                     OCSP_RESPID_KEY),
                     1);
    assert_int_equal(ASN1_TIME_diff(&days, &rest, epoch, OCSP_resp_get0_produced_at(basic)), 1);
    s->plan.produced_at = days * DAY + rest;
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    len = i2d_OCSP_RESPONSE(response, der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(epoch);
    return len;
}

static void check_signature(const struct buffer *der, size_t count)
{
    const unsigned char *at = der->data;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der->len);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);

    assert_ptr_equal(at, der->data + der->len);
    assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    assert_int_equal(OCSP_basic_verify(basic, NULL, NULL, OCSP_NOVERIFY), 1);
    assert_int_equal(OCSP_resp_count(basic), count);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
}

/* With RSA even the signature is the same; with ECDSA it verifies. */
static void response__any_content_any_key__as_openssl_signs_it(void **state)
{
    EVP_PKEY *keys[] = { sample_key_ec(), sample_key_rsa() };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct stage s;

        open_stage(&s, keys[k]);
        for (unsigned i = 0; i < 6; i++) {
            struct buffer der = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
            struct error err = ERROR_INIT;
            unsigned char *expected = NULL;
            int len = 0;

            s.plan.count = 1 + i % 3;
            s.plan.nonce = i % 2 == 0 ? bytes_of(NULL, 0) : bytes_of_text("nonce of 16 byte");
            len = sign_by_openssl(&s, &expected);
            assert_done(ocsp_response_sign(&s.signer, &s.plan, &der, &err), &err, "sign");
            check_signature(&der, s.plan.count);
            if (EVP_PKEY_get_base_id(keys[k]) == EVP_PKEY_RSA) {
                assert_int_equal(der.len, len);
                assert_memory_equal(der.data, expected, der.len);
            }
            OPENSSL_free(expected);
            buffer_clear(&der);
        }
        close_stage(&s);
    }
}

/* Sixteen certificates with everything are below the bound; what is above is refused whole. */
static void response__no_room__nothing_appended(void **state)
{
    struct buffer der = BUFFER_INIT(200);
    struct error err = ERROR_INIT;
    struct stage s;

    (void)state;
    open_stage(&s, sample_key_ec());
    assert_refusal(ocsp_response_sign(&s.signer, &s.plan, &der, &err), &err, REASON_LIMIT, "");
    assert_true(der.len < 10);
    close_stage(&s);
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response__any_content_any_key__as_openssl_signs_it),
        cmocka_unit_test(response__no_room__nothing_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
