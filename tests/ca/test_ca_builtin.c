/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pkcs7.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"

/* A P-384 CA with an open store, an RSA client key and its request. */
struct world {
    struct test_folder folder;
    struct store *store;
    struct ca_builtin *builtin;
    struct ca *ca;
    X509 *root;
    EVP_PKEY *key;
    struct csr csr;
};

static int set_up(void **state)
{
    static struct world world; /* of this test program alone */
    struct world *w = &world;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_create(&w->folder);
    struct ca_new_options options = fixture_options(&w->folder);
    options.key = CA_KEY_EC_P384;
    assert_done(ca_files_create(&options, &err), &err, "create");
    test_folder_path(&w->folder, "openndes.db", path);
    w->store = store_open(&(struct store_options){ .path = path, .readers = 2 }, &err);
    assert_done(w->store != NULL, &err, "store");
    w->ca = fixture_open(&w->folder, w->store, &w->builtin);
    w->root = fixture_certificate(&w->folder, "ca.crt");
    w->key = sample_key_rsa();
    w->csr = (struct csr)CSR_INIT;
    sample_csr(&w->csr, w->key);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    csr_clear(&w->csr);
    EVP_PKEY_free(w->key);
    X509_free(w->root);
    ca_free(w->ca);
    store_close(w->store);
    test_folder_remove(&w->folder);
    return 0;
}

/* Issue and give the certificate, owned. */
static X509 *issue(struct ca *ca, const struct csr *csr, const struct cert_plan *plan)
{
    struct issuance issuance = ISSUANCE_INIT;
    struct certificate_info info;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    assert_done(ca_issue(ca, csr, plan, &issuance, &err), &err, "issue");
    assert_int_equal(issuance.state, ISSUANCE_ISSUED);
    cert = certificate_parse(buffer_bytes(&issuance.cert_der), &err);
    assert_done(cert != NULL, &err, "parse");
    assert_done(certificate_info(cert, &info, &err), &err, "info");
    assert_string_equal(info.serial, issuance.info.serial);
    assert_memory_equal(info.sha256, issuance.info.sha256, sizeof(info.sha256));
    assert_memory_equal(info.key_sha256, csr->key_sha256, sizeof(info.key_sha256));
    issuance_clear(&issuance);
    return cert;
}

/* ---- content --------------------------------------------------------------------------------- */

static void issue__plan__every_extension_as_planned(void **state)
{
    static const unsigned char constraints[] = { 0x30, 0x00 };
    static const unsigned char usage[] = { 0x03, 0x02, 0x05, 0xa0 };
    static const unsigned char eku[] = { 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                         0x01, 0x05, 0x05, 0x07, 0x03, 0x02 };
    static const char san[] = "\x30\x14\x82\x12"
                              "device.example.com";
    static const char aia[] = "\x30\x38\x30\x36\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x2a"
                              "http://scep.example.com/ca/issuing.crt";
    static const char cdp[] = "\x30\x31\x30\x2f\xa0\x2d\xa0\x2b\x86\x29"
                              "http://scep.example.com/crl/issuing.crl";
    struct world *w = *state;
    struct cert_plan plan;
    int64_t now = clock_now();
    struct certificate_info info;
    struct error err = ERROR_INIT;
    unsigned char aia_der[sizeof(aia)];
    unsigned char cdp_der[sizeof(cdp)];
    const ASN1_INTEGER *serial = NULL;
    X509 *cert = NULL;

    sample_plan(&plan, now - 600, now + 365 * DAY);
    cert = issue(w->ca, &w->csr, &plan);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA384);
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(cert), plan.subject), 0);
    serial = X509_get0_serialNumber(cert);
    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
    assert_int_equal(ASN1_STRING_length(serial), 20);
    assert_int_equal(X509_get_ext_count(cert), 8);
    assert_extension(cert, NID_basic_constraints, false, constraints, sizeof(constraints));
    assert_extension(cert, NID_key_usage, true, usage, sizeof(usage));
    assert_extension(cert, NID_ext_key_usage, false, eku, sizeof(eku));
    assert_extension(cert, NID_subject_alt_name, false, san, sizeof(san) - 1);
    /* the lengths stand four and one before the text */
    memcpy(aia_der, aia, sizeof(aia));
    aia_der[1] = (unsigned char)(sizeof(aia) - 1 - 2);
    aia_der[3] = (unsigned char)(sizeof(aia) - 1 - 4);
    aia_der[15] = (unsigned char)(sizeof(aia) - 1 - 16);
    assert_extension(cert, NID_info_access, false, aia_der, sizeof(aia) - 1);
    memcpy(cdp_der, cdp, sizeof(cdp));
    cdp_der[1] = (unsigned char)(sizeof(cdp) - 1 - 2);
    cdp_der[3] = (unsigned char)(sizeof(cdp) - 1 - 4);
    cdp_der[5] = (unsigned char)(sizeof(cdp) - 1 - 6);
    cdp_der[7] = (unsigned char)(sizeof(cdp) - 1 - 8);
    cdp_der[9] = (unsigned char)(sizeof(cdp) - 1 - 10);
    assert_extension(cert, NID_crl_distribution_points, false, cdp_der, sizeof(cdp) - 1);
    assert_key_ids(cert, w->root);
    assert_verifies(cert, w->root, NULL);
    assert_done(certificate_info(cert, &info, &err), &err, "info");
    assert_int_equal(info.not_before, plan.not_before);
    assert_int_equal(info.not_after, plan.not_after);
    X509_free(cert);
    cert_plan_clear(&plan);
}

static void issue__no_public_url_no_store__no_addresses(void **state)
{
    struct world *w = *state;
    const struct ca_builtin_options no_url = { .data_folder = w->folder.path,
                                               .name = "issuing",
                                               .public_url = "",
                                               .store = w->store,
                                               .crl_validity_hours = 1 };
    struct error err = ERROR_INIT;
    struct cert_plan plan;
    int64_t now = clock_now();
    struct ca *ca = fixture_open(&w->folder, NULL, NULL);
    X509 *cert = NULL;

    sample_plan(&plan, now, now + DAY);
    cert = issue(ca, &w->csr, &plan);
    assert_no_extension(cert, NID_crl_distribution_points); /* no store, no CRL */
    assert_true(X509_get_ext_by_NID(cert, NID_info_access, -1) >= 0);
    X509_free(cert);
    ca_free(ca);
    ca = ca_builtin_as_ca(ca_builtin_open(&no_url, &err));
    cert = issue(ca, &w->csr, &plan);
    assert_no_extension(cert, NID_crl_distribution_points);
    assert_no_extension(cert, NID_info_access);
    X509_free(cert);
    ca_free(ca);
    cert_plan_clear(&plan);
}

static void issue__optional_parts_missing__left_out_or_critical(void **state)
{
    struct world *w = *state;
    struct cert_plan plan;
    int64_t now = clock_now();
    X509 *cert = NULL;
    int critical = 0;
    GENERAL_NAMES *san = NULL;

    sample_plan(&plan, now, now + DAY);
    X509_NAME_free(plan.subject);
    plan.subject = X509_NAME_new(); /* empty: the SAN must be critical, RFC 5280 4.2.1.6 */
    cert = issue(w->ca, &w->csr, &plan);
    san = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    assert_non_null(san);
    assert_int_equal(critical, 1);
    GENERAL_NAMES_free(san);
    X509_free(cert);
    cert_plan_clear(&plan);

    sample_plan(&plan, now, now + DAY);
    GENERAL_NAMES_free(plan.san);
    plan.san = NULL;
    sk_ASN1_OBJECT_pop_free(plan.eku, ASN1_OBJECT_free);
    plan.eku = NULL;
    cert = issue(w->ca, &w->csr, &plan);
    assert_no_extension(cert, NID_subject_alt_name);
    assert_no_extension(cert, NID_ext_key_usage);
    X509_free(cert);
    cert_plan_clear(&plan);
}

/* The extension of strong mapping: only when the plan says so, whatever the request asks for. */
static void issue__sid__only_from_the_plan(void **state)
{
    static const uint8_t head[] = { 0x30, 0x24, 0xa0, 0x22, 0x06, 0x0a, 0x2b, 0x06,
                                    0x01, 0x04, 0x01, 0x82, 0x37, 0x19, 0x02, 0x01,
                                    0xa0, 0x14, 0x04, 0x12, 'S',  '-',  '1',  '-' };
    struct world *w = *state;
    struct cert_plan plan;
    int64_t now = clock_now();
    ASN1_OBJECT *type = OBJ_txt2obj(SID_EXTENSION_OID, 1);
    X509_EXTENSION *extension = NULL;
    const ASN1_OCTET_STRING *content = NULL;
    X509 *cert = NULL;
    int at = -1;

    sample_plan(&plan, now, now + DAY);
    cert = issue(w->ca, &w->csr, &plan);
    assert_int_equal(X509_get_ext_by_OBJ(cert, type, -1), -1);
    X509_free(cert);

    assert_true(text_copy(plan.sid, sizeof(plan.sid), "S-1-5-21-1-2-3-500"));
    cert = issue(w->ca, &w->csr, &plan);
    at = X509_get_ext_by_OBJ(cert, type, -1);
    assert_true(at >= 0);
    assert_int_equal(X509_get_ext_by_OBJ(cert, type, at), -1);
    extension = X509_get_ext(cert, at);
    assert_int_equal(X509_EXTENSION_get_critical(extension), 0);
    content = X509_EXTENSION_get_data(extension);
    assert_int_equal(ASN1_STRING_length(content), 0x26);
    assert_memory_equal(ASN1_STRING_get0_data(content), head, sizeof(head));
    assert_memory_equal(ASN1_STRING_get0_data(content) + 20, "S-1-5-21-1-2-3-500", 18);
    X509_free(cert);
    ASN1_OBJECT_free(type);
    cert_plan_clear(&plan);
}

static void issue__plan_not_for_an_end_entity__refused(void **state)
{
    struct world *w = *state;
    struct issuance issuance = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    struct cert_plan plan;
    int64_t now = clock_now();

    sample_plan(&plan, now, now + DAY);
    plan.key_usage = 0;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "0");
    plan.key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_CERT_SIGN;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "CA");
    plan.key_usage = KEY_USAGE_CRL_SIGN;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "CRL");
    plan.key_usage = KEY_USAGE_DIGITAL_SIGNATURE;
    plan.not_after = plan.not_before - 1;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "time");
    plan.not_after = now + DAY;
    assert_true(text_copy(plan.sid, sizeof(plan.sid), "S-1-5-18")); /* the system itself */
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "SID");
    plan.sid[0] = '\0';
    X509_NAME_free(plan.subject);
    plan.subject = NULL;
    GENERAL_NAMES_free(plan.san);
    plan.san = NULL;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_INTERNAL, "name");
    assert_int_equal(issuance.state, ISSUANCE_NONE);
    assert_int_equal(issuance.cert_der.len, 0);
    cert_plan_clear(&plan);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void issue__beyond_the_ca__times_are_cut(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct issuance issuance = ISSUANCE_INIT;
    struct certificate_info ca;
    struct certificate_info info;
    struct cert_plan plan;
    X509 *cert = NULL;

    assert_done(certificate_info(w->root, &ca, &err), &err, "root");
    sample_plan(&plan, ca.not_before - 30 * DAY, ca.not_after + 30 * DAY);
    cert = issue(w->ca, &w->csr, &plan);
    assert_done(certificate_info(cert, &info, &err), &err, "info");
    assert_int_equal(info.not_before, ca.not_before);
    assert_int_equal(info.not_after, ca.not_after);
    X509_free(cert);
    plan.not_before = ca.not_after + 1;
    plan.not_after = ca.not_after + 2;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_CA_EXPIRED,
                   "behind");
    plan.not_before = ca.not_before - 2;
    plan.not_after = ca.not_before - 1;
    assert_refusal(ca_issue(w->ca, &w->csr, &plan, &issuance, &err), &err, REASON_CA_NOT_YET_VALID,
                   "before");
    cert_plan_clear(&plan);
}

static void ready__ca_out_of_its_time__opens_and_refuses_to_issue(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    const struct {
        int64_t not_before, not_after;
        enum reason reason;
    } cases[] = {
        { now - 100 * DAY, now - 1, REASON_CA_EXPIRED },
        { now + 3600, now + 100 * DAY, REASON_CA_NOT_YET_VALID },
    };

    for (size_t i = 0; i < 2; i++) {
        struct test_folder folder;
        struct error err = ERROR_INIT;
        struct issuance issuance = ISSUANCE_INIT;
        struct buffer p7b = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
        struct cert_plan plan;
        struct ca_builtin *builtin = NULL;
        bool made = true;

        test_folder_create(&folder);
        struct ca_new_options options = fixture_options(&folder);
        options.subject = "CN=Test CA";
        assert_done(ca_files_create(&options, &err), &err, "create");
        EVP_PKEY *key = fixture_key(&folder, "ca.key", "ca-key");
        X509 *cert = sample_cert(&(struct sample_cert){ .subject = "Test CA",
                                                        .key = key,
                                                        .not_before = cases[i].not_before,
                                                        .not_after = cases[i].not_after });
        sample_write_pem(&folder, "ca/issuing/ca.crt", &cert, 1, NULL, NULL, NULL);
        struct ca *ca = fixture_open(&folder, w->store, &builtin);
        sample_plan(&plan, now, now + DAY);
        assert_refusal(ca_issue(ca, &w->csr, &plan, &issuance, &err), &err, cases[i].reason, "i");
        assert_refusal(ca_ready(ca, &err), &err, cases[i].reason, "ready");
        assert_refusal(ca_builtin_crl_refresh(builtin, now, &made, &err), &err, cases[i].reason,
                       "crl");
        assert_refusal(ca_files_renew_ra(&options, &err), &err, cases[i].reason, "renew-ra");
        /* clients may still fetch what there is */
        assert_done(ca_builtin_chain_p7b(builtin, &p7b, &err), &err, "p7b");
        cert_plan_clear(&plan);
        buffer_clear(&p7b);
        X509_free(cert);
        EVP_PKEY_free(key);
        ca_free(ca);
        test_folder_remove(&folder);
    }
}

/* ---- issuer, chain --------------------------------------------------------------------------- */

static void is_issuer_of__only_what_its_key_signed(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct cert_plan plan;
    int64_t now = clock_now();
    EVP_PKEY *key = sample_key_ec();
    X509 *ours = NULL;
    X509 *tampered = NULL;
    /* the CA's name, another key */
    X509 *forged = sample_cert(&(struct sample_cert){
        .subject = "x", .key = w->key, .issuer = w->root, .issuer_key = key });

    sample_plan(&plan, now, now + DAY);
    ours = issue(w->ca, &w->csr, &plan);
    assert_true(ca_is_issuer_of(w->ca, ours));
    assert_true(ca_is_issuer_of(w->ca, w->root));
    assert_false(ca_is_issuer_of(w->ca, forged));
    assert_done(certificate_der(ours, &der, &err), &err, "der");
    der.data[der.len - 1] ^= 1;
    tampered = certificate_parse(buffer_bytes(&der), &err);
    assert_true(tampered == NULL || !ca_is_issuer_of(w->ca, tampered));
    X509_free(tampered);
    X509_free(ours);
    X509_free(forged);
    EVP_PKEY_free(key);
    buffer_clear(&der);
    cert_plan_clear(&plan);
}

static void chain__p7b_der_and_pem__the_ca_first(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    const unsigned char *p = NULL;
    PKCS7 *p7 = NULL;

    assert_done(ca_builtin_chain_p7b(w->builtin, &out, &err), &err, "p7b");
    p = out.data;
    p7 = d2i_PKCS7(NULL, &p, (long)out.len);
    assert_non_null(p7);
    assert_ptr_equal(p, out.data + out.len);
    assert_true(PKCS7_type_is_signed(p7));
    assert_null(p7->d.sign->contents->d.ptr); /* certs-only: no content */
    assert_int_equal(sk_X509_num(p7->d.sign->cert), 1);
    assert_int_equal(X509_cmp(sk_X509_value(p7->d.sign->cert, 0), w->root), 0);
    PKCS7_free(p7);
    buffer_reset(&out);
    assert_done(ca_builtin_certificate_der(w->builtin, &out, &err), &err, "der");
    X509 *cert = certificate_parse(buffer_bytes(&out), &err);
    assert_int_equal(X509_cmp(cert, w->root), 0);
    X509_free(cert);
    buffer_reset(&out);
    assert_done(ca_builtin_chain_pem(w->builtin, true, &out, &err), &err, "pem");
    assert_non_null(strstr(buffer_text(&out), "-----BEGIN CERTIFICATE-----"));
    buffer_clear(&out);
}

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS 64
#define PER_THREAD 4

struct job {
    const struct world *w;
    const struct cert_plan *plan; /* shared, like the CSR */
    pthread_t thread;
    char serials[PER_THREAD][SERIAL_TEXT_MAX];
    bool ok;
};

/* No assertions here: cmocka jumps out of them, which must not leave a thread. */
static void *run_job(void *context)
{
    struct job *job = context;
    struct error err = ERROR_INIT;
    bool ok = true;

    for (size_t i = 0; ok && i < PER_THREAD; i++) {
        struct issuance issuance = ISSUANCE_INIT;
        struct ra_set *set = ca_ra(job->w->ca, &err);
        X509 *cert = NULL;

        ok = set != NULL && ca_issue(job->w->ca, &job->w->csr, job->plan, &issuance, &err);
        cert = ok ? certificate_parse(buffer_bytes(&issuance.cert_der), &err) : NULL;
        ok = cert != NULL && ca_is_issuer_of(job->w->ca, cert);
        memcpy(job->serials[i], issuance.info.serial, SERIAL_TEXT_MAX);
        X509_free(cert);
        issuance_clear(&issuance);
        ra_set_unref(set);
    }
    job->ok = ok;
    return NULL;
}

static int compare_serials(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void issue__64_threads__unique_serials_all_verify(void **state)
{
    static struct job jobs[THREADS];
    static char serials[THREADS * PER_THREAD][SERIAL_TEXT_MAX];
    struct world *w = *state;
    struct cert_plan plan;
    int64_t now = clock_now();

    sample_plan(&plan, now, now + DAY);
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i].w = w;
        jobs[i].plan = &plan;
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
        assert_true(jobs[i].ok);
        memcpy(serials[i * PER_THREAD], jobs[i].serials, sizeof(jobs[i].serials));
    }
    qsort(serials, THREADS * PER_THREAD, SERIAL_TEXT_MAX, compare_serials);
    for (size_t i = 1; i < (size_t)(THREADS * PER_THREAD); i++) {
        assert_string_not_equal(serials[i - 1], serials[i]);
    }
    cert_plan_clear(&plan);
}

/* ---- what a struct ca does without a backend's help ------------------------------------------ */

static void free_flag(void *state)
{
    *(bool *)state = true;
}

static void ca__backend_without_verbs__not_ready(void **state)
{
    static const struct ca_ops ops = { .name = "empty", .free = free_flag };
    struct world *w = *state;
    struct issuance issuance = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    struct cert_plan plan;
    bool freed = false;
    struct ca *ca = ca_create("none", &ops, &freed);

    sample_plan(&plan, 0, 1);
    assert_string_equal(ca_name(ca), "none");
    assert_refusal(ca_issue(ca, &w->csr, &plan, &issuance, &err), &err, REASON_CA_NOT_READY, "i");
    assert_refusal(ca_ra(ca, &err) != NULL, &err, REASON_CA_NOT_READY, "ra");
    assert_false(ca_is_issuer_of(ca, w->root));
    assert_done(ca_ready(ca, &err), &err, "ready");
    ca_free(ca);
    assert_true(freed);
    ca_free(NULL);
    ca_builtin_free(NULL);
    cert_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issue__plan__every_extension_as_planned),
        cmocka_unit_test(issue__no_public_url_no_store__no_addresses),
        cmocka_unit_test(issue__optional_parts_missing__left_out_or_critical),
        cmocka_unit_test(issue__sid__only_from_the_plan),
        cmocka_unit_test(issue__plan_not_for_an_end_entity__refused),
        cmocka_unit_test(issue__beyond_the_ca__times_are_cut),
        cmocka_unit_test(ready__ca_out_of_its_time__opens_and_refuses_to_issue),
        cmocka_unit_test(is_issuer_of__only_what_its_key_signed),
        cmocka_unit_test(chain__p7b_der_and_pem__the_ca_first),
        cmocka_unit_test(issue__64_threads__unique_serials_all_verify),
        cmocka_unit_test(ca__backend_without_verbs__not_ready),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
