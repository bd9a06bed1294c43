/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CA with memory running out: it opens whole or not at all, signs what was planned or nothing,
 * leaves nobody out of a CRL, and says "good" of nobody who is revoked.
 */
#include "ca/ocsp_fixture.h"

#include <string.h>

#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ca_fixture.h"
#include "ca/ca_sign.h"
#include "ca/crl_builder.h"
#include "support/alloc_fail.h"

struct stage {
    struct world *world;
    struct buffer der;
    bool made;
    int revoked; /* certificates so far */
    struct asked asked;
    struct ca_ocsp_answer answer;
    struct cert_issuer issuer;
    struct ocsp_signer signer;
    struct ocsp_statement statement;
};

static bool open_ca(void *context, struct error *err)
{
    const struct stage *s = context;
    struct ca_builtin_options options = { .data_folder = s->world->folder.path,
                                          .name = "issuing",
                                          .public_url = "http://scep.example.test",
                                          .store = s->world->store,
                                          .crl_validity_hours = 24,
                                          .crl_renew_hours = 6 };
    struct ca_builtin *builtin = ca_builtin_open(&options, err);

    ca_builtin_free(builtin);
    return builtin != NULL;
}

static bool answer(void *context, struct error *err)
{
    struct stage *s = context;

    s->answer = (struct ca_ocsp_answer)CA_OCSP_ANSWER_INIT;
    return ca_ocsp_answer(s->world->ocsp, buffer_bytes(&s->asked.request), s->world->now, NULL,
                          &s->answer, err);
}

static void answered_revoked(void *context, bool done)
{
    struct stage *s = context;

    if (done) {
        const unsigned char *at = s->answer.der.data;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)s->answer.der.len);
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);

        assert_non_null(basic);
        assert_false(s->answer.cached);
        assert_int_equal(OCSP_basic_verify(basic, NULL, NULL, OCSP_NOVERIFY), 1);
        assert_int_equal(OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, NULL),
                         V_OCSP_CERTSTATUS_REVOKED);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
    }
    ca_ocsp_answer_clear(&s->answer);
}

static void ca__memory_runs_out__opens_whole_or_not(void **state)
{
    static const struct alloc_call call = { "CA: open", open_ca, NULL, NULL, REASON_NONE, 12 };
    struct stage s = { .world = *state };

    alloc_fail_calls(&call, 1, &s);
}

static void ocsp__memory_runs_out__never_good(void **state)
{
    static const struct alloc_call call = { "OCSP: revoked",  answer,      NULL,
                                            answered_revoked, REASON_NONE, 40 };
    struct world *w = *state;
    struct stage s = { .world = w, .asked = ASKED_INIT };

    record(w, SERIAL);
    revoke(w->store, SERIAL, 1, w->now);
    question_add(&s.asked, id_of(SERIAL, w->root, EVP_sha1()));
    /* nothing that was signed before is given again */
    assert_int_equal(OCSP_request_add1_nonce(s.asked.form, NULL, 16), 1);
    question_finish(&s.asked);
    alloc_fail_calls(&call, 1, &s);
    asked_clear(&s.asked);
}

/* ---- the CRL --------------------------------------------------------------------------------- */

/* One more is revoked, so that a CRL is due each time. */
static void revoke_next(void *context)
{
    struct stage *s = context;
    char serial[SERIAL_TEXT_MAX];

    assert_true(text_format(serial, sizeof(serial), "1c%08x", (unsigned)s->revoked));
    record(s->world, serial);
    revoke(s->world->store, serial, 1, s->world->now);
    s->revoked++;
}

static bool make_crl(void *context, struct error *err)
{
    struct stage *s = context;

    s->made = false;
    return ca_builtin_crl_refresh(s->world->builtin, s->world->now, &s->made, err);
}

static void check_crl(const struct buffer *der, EVP_PKEY *key, int fewest, int most)
{
    const unsigned char *at = der->data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der->len);
    int entries;

    assert_non_null(crl);
    assert_int_equal(X509_CRL_verify(crl, key), 1);
    entries = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
    assert_true(entries >= fewest && entries <= most);
    X509_CRL_free(crl);
}

/* The one that is served is whole, and the last one unless making it was refused. */
static void crl_complete(void *context, bool done)
{
    struct stage *s = context;
    struct error err = ERROR_INIT;
    int64_t next = 0;

    assert_int_equal(s->made, done);
    if (ca_builtin_crl(s->world->builtin, &s->der, &next, &err)) {
        check_crl(&s->der, X509_get0_pubkey(s->world->root), done ? s->revoked : 0, s->revoked);
    } else {
        assert_false(done);
    }
    buffer_clear(&s->der);
}

static void crl__memory_runs_out__leaves_nobody_out(void **state)
{
    static const struct alloc_call call = { "CRL",        make_crl,    revoke_next,
                                            crl_complete, REASON_NONE, 40 };
    struct world *w = *state;
    struct stage s = { .world = w, .der = BUFFER_INIT(1048576) };

    record(w, SERIAL);
    alloc_fail_calls(&call, 1, &s);
}

/* ---- signing, with an RSA key: OpenSSL keeps numbers of it from one signature to the next ---- */

static bool sign_crl(void *context, struct error *err)
{
    struct stage *s = context;
    struct crl_builder *builder = crl_builder_create(0, err);
    bool ok = builder != NULL && crl_builder_add(builder, "5a", s->world->now, 1, err)
              && crl_builder_sign(builder, &s->issuer, 1, s->world->now, s->world->now + DAY,
                                  &s->der, err);

    crl_builder_free(builder);
    return ok;
}

static void crl_verifies(void *context, bool done)
{
    struct stage *s = context;

    if (done) {
        check_crl(&s->der, s->issuer.key, 1, 1);
    }
    buffer_clear(&s->der);
}

static bool sign_response(void *context, struct error *err)
{
    struct stage *s = context;
    const struct ocsp_response_plan plan = { .statements = &s->statement,
                                             .count = 1,
                                             .produced_at = s->world->now,
                                             .this_update = s->world->now,
                                             .next_update = s->world->now + HOUR };

    return ocsp_response_sign(&s->signer, &plan, &s->der, err);
}

static void response_verifies(void *context, bool done)
{
    struct stage *s = context;

    if (done) {
        const unsigned char *at = s->der.data;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)s->der.len);
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);

        assert_int_equal(OCSP_basic_verify(basic, NULL, NULL, OCSP_NOVERIFY), 1);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
    }
    buffer_clear(&s->der);
}

/* A certificate for its own key: signed by whatever CA. */
static bool sign_certificate(void *context, struct error *err)
{
    const struct stage *s = context;

    return ca_sign_certificate(s->signer.cert, s->signer.key, s->signer.digest)
           || ca_error_openssl(err, REASON_SIGN_FAILED, "not signed");
}

static void certificate_verifies(void *context, bool done)
{
    const struct stage *s = context;

    assert_true(!done || X509_verify(s->signer.cert, s->signer.key) == 1);
}

static void certificate__memory_runs_out__verifies_or_is_not_signed(void **state)
{
    static const struct alloc_call call = { "certificate: sign",  sign_certificate, NULL,
                                            certificate_verifies, REASON_NONE,      40 };
    EVP_PKEY *keys[] = { sample_key_ec(), sample_key_rsa() };
    struct stage s = { .world = *state };

    for (size_t i = 0; i < 2; i++) {
        s.signer.key = keys[i];
        s.signer.cert = sample_cert(&(struct sample_cert){ .subject = "x", .key = keys[i] });
        s.signer.digest = EVP_sha256();
        alloc_fail_calls(&call, 1, &s);
        ocsp_signer_clear(&s.signer);
    }
}

static void sign__memory_runs_out__verifies_or_is_not_there(void **state)
{
    static const struct alloc_call calls[] = {
        { "CRL: sign with RSA", sign_crl, NULL, crl_verifies, REASON_NONE, 40 },
        { "OCSP: sign with RSA", sign_response, NULL, response_verifies, REASON_NONE, 40 },
    };
    struct world *w = *state;
    struct stage s = { .world = w, .der = BUFFER_INIT(65536) };
    EVP_PKEY *key = sample_key_rsa();
    X509 *cert = sample_cert(&(struct sample_cert){ .subject = "x", .key = key });
    OCSP_CERTID *id = id_of("5a", cert, EVP_sha1());
    unsigned char *id_der = NULL;
    int id_len = i2d_OCSP_CERTID(id, &id_der);
    struct error err = ERROR_INIT;

    assert_done(cert_issuer_init(&s.issuer, cert, key, "x", &err), &err, "issuer");
    s.signer = (struct ocsp_signer){ .cert = cert, .key = key, .digest = s.issuer.digest };
    assert_true(id_len > 0);
    s.statement.cert_id = bytes_of(id_der, (size_t)id_len);
    alloc_fail_calls(calls, sizeof(calls) / sizeof(calls[0]), &s);
    cert_issuer_clear(&s.issuer);
    ocsp_signer_clear(&s.signer);
    OCSP_CERTID_free(id);
    OPENSSL_free(id_der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ca__memory_runs_out__opens_whole_or_not, ocsp_set_up,
                                        ocsp_tear_down),
        cmocka_unit_test_setup_teardown(crl__memory_runs_out__leaves_nobody_out, ocsp_set_up,
                                        ocsp_tear_down),
        cmocka_unit_test_setup_teardown(ocsp__memory_runs_out__never_good, ocsp_set_up,
                                        ocsp_tear_down),
        cmocka_unit_test(certificate__memory_runs_out__verifies_or_is_not_signed),
        cmocka_unit_test_setup_teardown(sign__memory_runs_out__verifies_or_is_not_there,
                                        ocsp_set_up, ocsp_tear_down),
    };

    return cmocka_run_group_tests_name("memory CA", tests, ocsp_set_up_group, ocsp_tear_down_group);
}
