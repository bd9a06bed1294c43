/* SPDX-License-Identifier: Apache-2.0 */
/* The responder as OpenSSL's own client sees it. */
#include "ca/ocsp_fixture.h"

#include <string.h>

#include "base/text.h"
#include "ca/cert_builder.h"
#include "ca/ocsp_cache.h"
#include "ca/ocsp_signer.h"
#include "model/certificate.h"

/* ---- the answer ------------------------------------------------------------------------------ */

static void answer__each_hash__good(void **state)
{
    const EVP_MD *const digests[] = { EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512() };
    struct world *w = *state;

    record(w, SERIAL);
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        struct asked a = ASKED_INIT;

        question_add(&a, id_of(SERIAL, w->root, digests[i]));
        ask(w, &a, w->now);
        asked_find(&a, id_of(SERIAL, w->root, digests[i]));
        assert_int_equal(a.status, V_OCSP_CERTSTATUS_GOOD);
        assert_int_equal(seconds(a.this_update), w->now - 600);
        assert_int_equal(seconds(a.next_update), w->now + 4 * HOUR);
        assert_int_equal(OCSP_resp_count(a.basic), 1);
        assert_false(a.answer.cached);
        assert_int_equal(a.answer.keep_until, w->now + 2 * HOUR);
        assert_string_equal(a.answer.serial, SERIAL);
        asked_clear(&a);
    }
}

static void answer__signer__short_lived_and_for_nothing_else(void **state)
{
    static const uint8_t digital_signature[] = { 0x03, 0x02, 0x07, 0x80 };
    static const uint8_t ocsp_signing[] = { 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                            0x01, 0x05, 0x05, 0x07, 0x03, 0x09 };
    static const uint8_t null[] = { 0x05, 0x00 };
    struct world *w = *state;
    struct asked a = ASKED_INIT;
    const STACK_OF(X509) *certs = NULL;
    const ASN1_OCTET_STRING *by_key = NULL;
    const X509_NAME *by_name = NULL;
    struct certificate_info info;
    struct error err = ERROR_INIT;
    X509 *signer = NULL;

    record(w, SERIAL);
    ask_one(w, &a, SERIAL, w->now);
    certs = OCSP_resp_get0_certs(a.basic);
    assert_int_equal(sk_X509_num(certs), 1);
    signer = sk_X509_value(certs, 0);
    assert_extension(signer, NID_key_usage, true, digital_signature, sizeof(digital_signature));
    assert_extension(signer, NID_ext_key_usage, false, ocsp_signing, sizeof(ocsp_signing));
    assert_extension(signer, NID_id_pkix_OCSP_noCheck, false, null, sizeof(null));
    assert_no_extension(signer, NID_crl_distribution_points);
    assert_no_extension(signer, NID_info_access);
    assert_done(certificate_info(signer, &info, &err), &err, "signer");
    assert_string_equal(info.subject, "CN=Test CA OCSP,O=Example");
    assert_int_equal(info.not_after, w->now + SIGNER_DAYS * DAY);
    assert_int_equal(ca_ocsp_end(w->ocsp), info.not_after);
    assert_int_equal(OCSP_resp_get0_id(a.basic, &by_key, &by_name), 1);
    assert_non_null(by_key);
    assert_int_equal(OBJ_obj2nid(OCSP_resp_get0_tbs_sigalg(a.basic)->algorithm),
                     NID_ecdsa_with_SHA256);
    /* It is on record as every certificate is, so that it is good itself. */
    assert_status(w, info.serial, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    asked_clear(&a);
}

static bool see_template(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)err;
    assert_string_equal(row->template_name, OCSP_TEMPLATE_NAME);
    assert_string_equal(row->ca_name, "issuing");
    (*(unsigned *)context)++;
    return true;
}

static void answer__never_a_row_missing__signers_are_recorded(void **state)
{
    struct store_list_filter filter = { .template_name = OCSP_TEMPLATE_NAME };
    struct world *w = *state;
    struct error err = ERROR_INIT;
    unsigned before = 0;
    unsigned after = 0;

    assert_done(store_list_certificates(w->store, &filter, see_template, &before, &err), &err, "");
    assert_true(refresh(w, ca_ocsp_end(w->ocsp)));
    assert_done(store_list_certificates(w->store, &filter, see_template, &after, &err), &err, "");
    assert_int_equal(after, before + 1);
}

static void answer__revoked__time_and_reason(void **state)
{
    static const struct {
        int reason;
        int told;
    } cases[] = { { 0, -1 }, { 1, 1 }, { 4, 4 }, { 6, 6 }, { 9, 9 } };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char serial[SERIAL_TEXT_MAX];
        struct asked a = ASKED_INIT;

        assert_true(text_format(serial, sizeof(serial), "51%02x", (unsigned)i));
        record(w, serial);
        revoke(w->store, serial, cases[i].reason, w->now - 60);
        ask_one(w, &a, serial, w->now);
        assert_int_equal(a.status, V_OCSP_CERTSTATUS_REVOKED);
        assert_int_equal(a.reason, cases[i].told);
        assert_int_equal(seconds(a.revoked_at), w->now - 60);
        /* Not before what it tells of. */
        assert_int_equal(seconds(a.this_update), w->now - 60);
        asked_clear(&a);
    }
}

static void answer__never_recorded__unknown_and_not_kept(void **state)
{
    struct world *w = *state;
    struct asked a = ASKED_INIT;

    ask_one(w, &a, SERIAL, w->now);
    assert_int_equal(a.status, V_OCSP_CERTSTATUS_UNKNOWN);
    assert_int_equal(a.answer.keep_until, 0);
    record(w, SERIAL);
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    asked_clear(&a);
}

static void answer__certificates_of_the_house__good(void **state)
{
    static const char *const files[] = { "ca.crt", "ra.crt", "ra-sign.crt", "ra-enc.crt" };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        X509 *cert = fixture_certificate(&w->folder, files[i]);
        struct certificate_info info;
        struct error err = ERROR_INIT;

        assert_done(certificate_info(cert, &info, &err), &err, files[i]);
        assert_status(w, info.serial, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
        X509_free(cert);
    }
}

/* ---- other issuers --------------------------------------------------------------------------- */

static X509 *other_ca(const X509 *root, bool same_name)
{
    EVP_PKEY *key = sample_key_ec();
    struct sample_cert wanted = { .subject = "Another CA", .key = key, .issuer_key = key };
    X509 *cert = sample_cert(&wanted);

    if (same_name) {
        assert_int_equal(X509_set_subject_name(cert, X509_get_subject_name(root)), 1);
    }
    EVP_PKEY_free(key);
    return cert;
}

static void answer__another_issuer__unauthorized(void **state)
{
    struct world *w = *state;

    record(w, SERIAL);
    for (int i = 0; i < 4; i++) {
        X509 *other = other_ca(w->root, i == 1);
        struct asked a = ASKED_INIT;

        /* Another name and key, another key, a digest that proves nothing; one of ours first. */
        if (i == 3) {
            question_add(&a, id_of(SERIAL, w->root, EVP_sha1()));
        }
        question_add(&a,
                     i == 2 ? id_of(SERIAL, w->root, EVP_md5()) : id_of(SERIAL, other, EVP_sha1()));
        ask(w, &a, w->now);
        assert_null(a.basic);
        assert_int_equal(OCSP_response_status(a.response), OCSP_RESPONSE_STATUS_UNAUTHORIZED);
        assert_false(a.answer.authorized);
        assert_int_equal(a.answer.keep_until, 0);
        asked_clear(&a);
        X509_free(other);
    }
}

static void answer__several__each_told(void **state)
{
    struct world *w = *state;
    struct asked a = ASKED_INIT;

    record(w, SERIAL);
    record(w, OTHER_SERIAL);
    revoke(w->store, OTHER_SERIAL, 1, w->now - DAY);
    question_add(&a, id_of(SERIAL, w->root, EVP_sha1()));
    question_add(&a, id_of("77", w->root, EVP_sha1()));
    question_add(&a, id_of(OTHER_SERIAL, w->root, EVP_sha256()));
    ask(w, &a, w->now);
    assert_int_equal(OCSP_resp_count(a.basic), 3);
    asked_find(&a, id_of(SERIAL, w->root, EVP_sha1()));
    assert_int_equal(a.status, V_OCSP_CERTSTATUS_GOOD);
    asked_find(&a, id_of("77", w->root, EVP_sha1()));
    assert_int_equal(a.status, V_OCSP_CERTSTATUS_UNKNOWN);
    asked_find(&a, id_of(OTHER_SERIAL, w->root, EVP_sha256()));
    assert_int_equal(a.status, V_OCSP_CERTSTATUS_REVOKED);
    assert_int_equal(a.answer.count, 3);
    assert_int_equal(a.answer.keep_until, 0);
    asked_clear(&a);
}

/* ---- nonce and kept answers ------------------------------------------------------------------ */

static void answer__nonce__echoed_and_signed_anew(void **state)
{
    struct world *w = *state;
    int sizes[] = { 1, 16, 32 };

    record(w, SERIAL);
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1); /* now one is kept */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct asked a = ASKED_INIT;

        question_add(&a, id_of(SERIAL, w->root, EVP_sha1()));
        assert_int_equal(OCSP_request_add1_nonce(a.form, NULL, sizes[i]), 1);
        ask(w, &a, w->now);
        assert_int_equal(OCSP_check_nonce(a.form, a.basic), 1); /* there, and equal */
        assert_false(a.answer.cached);
        assert_int_equal(a.answer.keep_until, 0);
        asked_clear(&a);
    }
}

/* Is the second of two answers the first one again? */
static bool same_answer(struct world *w, int64_t first, int64_t second)
{
    struct asked a = ASKED_INIT;
    struct asked b = ASKED_INIT;
    bool same = false;

    ask_one(w, &a, SERIAL, first);
    ask_one(w, &b, SERIAL, second);
    same = bytes_equal(buffer_bytes(&a.answer.der), buffer_bytes(&b.answer.der));
    assert_int_equal(b.answer.cached, same);
    assert_true(seconds(b.next_update) > second);
    asked_clear(&a);
    asked_clear(&b);
    return same;
}

static void kept__until_half_of_its_time__then_a_new_one(void **state)
{
    struct world *w = *state;

    record(w, SERIAL);
    assert_true(same_answer(w, w->now, w->now));
    assert_true(same_answer(w, w->now, w->now + 2 * HOUR - 1));
    assert_false(same_answer(w, w->now, w->now + 2 * HOUR));
    /* A clock that was ahead and has been put right. */
    assert_false(same_answer(w, w->now + 2 * HOUR, w->now + HOUR));
}

static void kept__revoked_elsewhere__told_at_once(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;

    record(w, SERIAL);
    record(w, OTHER_SERIAL);
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    assert_status(w, OTHER_SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    revoke(w->elsewhere, SERIAL, STORE_REASON_HOLD, w->now);
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_REVOKED, 6);
    /* Nobody else has to be signed for again. */
    struct asked other = ASKED_INIT;
    ask_one(w, &other, OTHER_SERIAL, w->now);
    assert_true(other.answer.cached);
    asked_clear(&other);
    assert_done(store_release_certificate(w->elsewhere, "issuing", SERIAL, &err), &err, "");
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    revoke(w->elsewhere, SERIAL, STORE_REASON_HOLD, w->now);
    revoke(w->elsewhere, SERIAL, 1, w->now + 5);
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_REVOKED, 1);
}

/* ---- the signer's time ----------------------------------------------------------------------- */

static void signer__near_its_end__replaced_without_a_gap(void **state)
{
    struct world *w = *state;
    int64_t first = ca_ocsp_end(w->ocsp);
    int64_t due = first - SIGNER_DAYS * DAY / 3;
    struct asked a = ASKED_INIT;

    record(w, SERIAL);
    assert_false(refresh(w, w->now));
    assert_false(refresh(w, due - 1));
    assert_true(refresh(w, due));
    assert_int_equal(ca_ocsp_end(w->ocsp), due + SIGNER_DAYS * DAY);
    assert_false(refresh(w, due));
    ask_one(w, &a, SERIAL, due);
    assert_int_equal(seconds(a.next_update), due + 4 * HOUR);
    asked_clear(&a);
}

static void signer__answer_beyond_its_end__cut(void **state)
{
    struct world *w = *state;
    int64_t end = ca_ocsp_end(w->ocsp);
    struct asked a = ASKED_INIT;

    record(w, SERIAL);
    question_add(&a, id_of(SERIAL, w->root, EVP_sha1()));
    ask(w, &a, end - HOUR);
    asked_find(&a, id_of(SERIAL, w->root, EVP_sha1()));
    assert_int_equal(seconds(a.next_update), end);
    assert_int_equal(a.answer.keep_until, end - HOUR / 2);
    asked_clear(&a);
}

static void assert_no_signer(struct world *w, int64_t now, const char *words)
{
    static const uint8_t try_later[] = { 0x30, 0x03, 0x0a, 0x01, OCSP_TRY_LATER };
    struct buffer der = BUFFER_INIT(64);
    struct error err = ERROR_INIT;
    struct error ignored = ERROR_INIT;
    struct asked a = ASKED_INIT;

    question_add(&a, id_of(SERIAL, w->root, EVP_sha1()));
    question_finish(&a);
    assert_refused(ca_ocsp_answer(w->ocsp, buffer_bytes(&a.request), now, NULL, &a.answer, &err),
                   &err, REASON_OCSP_SIGNER, "");
    assert_non_null(strstr(err.detail, words));
    assert_done(ca_ocsp_refuse(&err, &der, &ignored), &ignored, "refuse");
    assert_true(bytes_equal(buffer_bytes(&der), bytes_of(try_later, sizeof(try_later))));
    buffer_clear(&der);
    asked_clear(&a);
}

static void signer__none_or_ended__try_later(void **state)
{
    struct world *w = *state;

    record(w, SERIAL);
    assert_int_equal(ca_ocsp_end(w->ocsp), 0);
    assert_no_signer(w, w->now, "issuing");
    assert_true(refresh(w, w->now));
    assert_status(w, SERIAL, w->now, V_OCSP_CERTSTATUS_GOOD, -1);
    assert_no_signer(w, ca_ocsp_end(w->ocsp), "issuing");
}

/* A CA that has ended stands for every way in which its key can be out of reach. */
static void signer__ca_cannot_sign__told_once_and_tried_again(void **state)
{
    struct world *w = *state;
    int64_t late = w->now + 4000 * DAY;
    struct error err = ERROR_INIT;
    bool made = true;

    assert_refusal(ca_ocsp_refresh(w->ocsp, late, &made, &err), &err, REASON_CA_EXPIRED, "");
    assert_false(made);
    assert_false(refresh(w, late + 1));  /* waits */
    assert_false(refresh(w, late + 60)); /* has tried, and says nothing new */
    assert_no_signer(w, late + 61, "ended");
    assert_true(refresh(w, w->now)); /* the clock is right again */
    assert_false(refresh(w, w->now + 1));
    assert_refusal(ca_ocsp_refresh(w->ocsp, late, &made, &err), &err, REASON_CA_EXPIRED, "");
}

/* ---- what stands in certificates ------------------------------------------------------------- */

static void builder__ocsp_signing_for_a_device__refused(void **state)
{
    struct world *w = *state;
    struct csr csr = CSR_INIT;
    struct cert_plan plan;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    EVP_PKEY *key = sample_key_ec();

    sample_csr(&csr, key);
    sample_plan(&plan, w->now, w->now + DAY);
    assert_true(sk_ASN1_OBJECT_push(plan.eku, OBJ_nid2obj(NID_OCSP_sign)) > 0);
    assert_refused(ca_issue(w->ca, &csr, &plan, &out, &err), &err, REASON_INTERNAL, "");
    cert_plan_clear(&plan);
    csr_clear(&csr);
    issuance_clear(&out);
    EVP_PKEY_free(key);
}

static void builder__new_certificate__names_the_responder(void **state)
{
    struct world *w = *state;
    struct csr csr = CSR_INIT;
    struct cert_plan plan;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    EVP_PKEY *key = sample_key_ec();
    STACK_OF(OPENSSL_STRING) *urls = NULL;
    X509 *cert = NULL;

    sample_csr(&csr, key);
    sample_plan(&plan, w->now, w->now + DAY);
    assert_done(ca_issue(w->ca, &csr, &plan, &out, &err), &err, "issue");
    cert = certificate_parse(buffer_bytes(&out.cert_der), &err);
    assert_non_null(cert);
    urls = X509_get1_ocsp(cert);
    assert_int_equal(sk_OPENSSL_STRING_num(urls), 1);
    assert_string_equal(sk_OPENSSL_STRING_value(urls, 0), "http://scep.example.com/ocsp/issuing");
    X509_email_free(urls);
    X509_free(cert);
    cert_plan_clear(&plan);
    csr_clear(&csr);
    issuance_clear(&out);
    EVP_PKEY_free(key);
}

/* ---- how many are kept ----------------------------------------------------------------------- */

static void cache__more_than_it_holds__the_oldest_go(void **state)
{
    static const uint8_t der[] = { 0x30, 0x00 };
    const struct ocsp_status good = { .status = OCSP_GOOD };
    const struct ocsp_times times = { .made_at = 100, .refresh_at = 200 };
    struct error err = ERROR_INIT;
    struct ocsp_cache *cache = ocsp_cache_create(&err);
    struct ocsp_times found;
    struct buffer out = BUFFER_INIT(64);
    uint32_t favourite = 7;
    size_t kept = 0;

    (void)state;
    assert_non_null(cache);
    for (uint32_t i = 0; i < 3 * OCSP_CACHE_ANSWERS; i++) {
        ocsp_cache_keep(cache, bytes_of(&i, sizeof(i)), &good, &times, bytes_of(der, sizeof(der)));
        if (i >= favourite) {
            buffer_reset(&out);
            assert_true(ocsp_cache_find(cache, bytes_of(&favourite, sizeof(favourite)), &good, 150,
                                        &found, &out));
        }
    }
    for (uint32_t i = 0; i < 3 * OCSP_CACHE_ANSWERS; i++) {
        buffer_reset(&out);
        kept += ocsp_cache_find(cache, bytes_of(&i, sizeof(i)), &good, 150, &found, &out) ? 1 : 0;
    }
    assert_in_range(kept, OCSP_CACHE_ANSWERS * 9 / 10, OCSP_CACHE_ANSWERS);
    buffer_clear(&out);
    ocsp_cache_free(cache);
    ocsp_cache_free(NULL);
    ca_ocsp_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ocsp_set_up, ocsp_tear_down)
#define CASE_NEW(name) cmocka_unit_test_setup_teardown(name, ocsp_set_up_new, ocsp_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(answer__each_hash__good),
        CASE(answer__signer__short_lived_and_for_nothing_else),
        CASE(answer__never_a_row_missing__signers_are_recorded),
        CASE(answer__revoked__time_and_reason),
        CASE(answer__never_recorded__unknown_and_not_kept),
        CASE(answer__certificates_of_the_house__good),
        CASE(answer__another_issuer__unauthorized),
        CASE(answer__several__each_told),
        CASE(answer__nonce__echoed_and_signed_anew),
        CASE(kept__until_half_of_its_time__then_a_new_one),
        CASE(kept__revoked_elsewhere__told_at_once),
        CASE(signer__near_its_end__replaced_without_a_gap),
        CASE(signer__answer_beyond_its_end__cut),
        CASE_NEW(signer__none_or_ended__try_later),
        CASE_NEW(signer__ca_cannot_sign__told_once_and_tried_again),
        CASE(builder__ocsp_signing_for_a_device__refused),
        CASE(builder__new_certificate__names_the_responder),
        cmocka_unit_test(cache__more_than_it_holds__the_oldest_go),
    };
    return cmocka_run_group_tests(tests, ocsp_set_up_group, ocsp_tear_down_group);
}
