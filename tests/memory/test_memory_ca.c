/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CA with memory running out: it opens whole or not at all, signs what was planned or nothing,
 * leaves nobody out of a CRL, and says "good" of nobody who is revoked.
 */
#include "ca/ocsp_fixture.h"

#include <string.h>

#include "ca/ca_fixture.h"
#include "model/certificate.h"
#include "support/alloc_fail.h"

struct stage {
    struct world *world;
    struct buffer der;
    bool made;
    int64_t now;
    struct asked asked;
    struct ca_ocsp_answer answer;
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
    /* a time of its own each time: nothing that was signed before is given again */
    return ca_ocsp_answer(s->world->ocsp, buffer_bytes(&s->asked.request), s->now++, NULL,
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
        assert_int_equal(OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, NULL),
                         V_OCSP_CERTSTATUS_REVOKED);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
    }
    ca_ocsp_answer_clear(&s->answer);
}

static void ca__memory_runs_out__opens_whole_or_not(void **state)
{
    static const struct alloc_call call = { "CA: open", open_ca, NULL, NULL, REASON_NONE, 40 };
    struct stage s = { .world = *state };

    alloc_fail_calls(&call, 1, &s);
}

static void ocsp__memory_runs_out__never_good(void **state)
{
    static const struct alloc_call call = { "OCSP: revoked",  answer,      NULL,
                                            answered_revoked, REASON_NONE, 40 };
    struct world *w = *state;
    struct stage s = { .world = w, .asked = ASKED_INIT, .now = w->now };

    record(w, SERIAL);
    revoke(w->store, SERIAL, 1, w->now);
    question_add(&s.asked, id_of(SERIAL, w->root, EVP_sha1()));
    question_finish(&s.asked);
    alloc_fail_calls(&call, 1, &s);
    asked_clear(&s.asked);
}

/* ---- the CRL --------------------------------------------------------------------------------- */

static bool make_crl(void *context, struct error *err)
{
    struct stage *s = context;

    s->now += 86400; /* due */
    s->made = false;
    return ca_builtin_crl_refresh(s->world->builtin, s->now, &s->made, err);
}

static void crl_complete(void *context, bool done)
{
    struct stage *s = context;
    struct error err = ERROR_INIT;
    const unsigned char *at = NULL;
    X509_CRL *crl = NULL;
    int64_t next = 0;

    /* of an earlier round that could not finish, the CRL may lie in the database already */
    assert_true(!done || ca_builtin_crl_end(s->world->builtin) > s->now);
    if (ca_builtin_crl(s->world->builtin, &s->der, &next, &err)) {
        at = s->der.data;
        crl = d2i_X509_CRL(NULL, &at, (long)s->der.len);
        assert_non_null(crl);
        assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 1);
        X509_CRL_free(crl);
    }
    buffer_clear(&s->der);
}

/* The library's own fault (ca/ca_sign.h): no failure while it signs a CRL. */
int __real_X509_CRL_sign(X509_CRL *crl, EVP_PKEY *key, const EVP_MD *digest);
int __wrap_X509_CRL_sign(X509_CRL *crl, EVP_PKEY *key, const EVP_MD *digest);

int __wrap_X509_CRL_sign(X509_CRL *crl, EVP_PKEY *key, const EVP_MD *digest)
{
    bool was = alloc_fail_pause();
    int result = __real_X509_CRL_sign(crl, key, digest);

    alloc_fail_resume(was);
    return result;
}

static void crl__memory_runs_out__leaves_nobody_out(void **state)
{
    static const struct alloc_call call = { "CRL", make_crl, NULL, crl_complete, REASON_NONE, 40 };
    struct world *w = *state;
    struct stage s = { .world = w, .der = BUFFER_INIT(1048576), .now = w->now };

    record(w, SERIAL);
    record(w, OTHER_SERIAL);
    revoke(w->store, SERIAL, 1, w->now);
    alloc_fail_calls(&call, 1, &s);
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
    };

    return cmocka_run_group_tests_name("memory CA", tests, ocsp_set_up_group, ocsp_tear_down_group);
}
