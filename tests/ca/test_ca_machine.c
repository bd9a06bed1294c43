/* SPDX-License-Identifier: Apache-2.0 */
/* CAs whose keys are in the machine's store, the store being a stand-in. */
#include "ca/machine_fixture.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/ca_key.h"
#include "ca/ca_key_reference.h"
#include "ca/ca_set.h"
#include "ca/crl_builder.h"
#include "model/certificate.h"
#include "model/machine_pkey.h"
#include "platform/clock.h"
#include "support/machine_key_stand_in.h"
#include "support/scep_keys.h"

static bool rights_unsafe;
static const char *unsafe_file = ""; /* this one alone; "": all */
static char rights_path[FILE_PATH_MAX];

bool __real_rights_check(const char *path, bool is_secret, struct error *err);
bool __wrap_rights_check(const char *path, bool is_secret, struct error *err);

bool __wrap_rights_check(const char *path, bool is_secret, struct error *err)
{
    assert_true(text_copy(rights_path, sizeof(rights_path), path));
    return rights_unsafe && strstr(path, unsafe_file) != NULL
               ? error_set(err, REASON_RIGHTS_UNSAFE, "%s: anybody may write it", path)
               : __real_rights_check(path, is_secret, err);
}

static X509 *make_ended_ra(const struct machine_world *w)
{
    return sample_cert(&(struct sample_cert){ .subject = "RA",
                                              .key = w->ra_key,
                                              .issuer = w->ca,
                                              .issuer_key = w->ca_key,
                                              .not_ca = true,
                                              .not_before = clock_now() - 9 * DAY,
                                              .not_after = clock_now() - DAY,
                                              .key_usage = KEY_USAGE_DIGITAL_SIGNATURE
                                                           | KEY_USAGE_KEY_ENCIPHERMENT });
}

/* The world, and every file's rights as they are. */
static int set_up(void **state)
{
    rights_unsafe = false;
    unsafe_file = "";
    return machine_world_open(state);
}

static void assert_sealed(const struct machine_world *w, const char *file)
{
    struct buffer text = BUFFER_INIT(65536);

    machine_world_read(w, file, &text);
    assert_false(ca_key_reference_is(buffer_bytes(&text)));
    buffer_clear(&text);
}

/* ---- import ---------------------------------------------------------------------------------- */

static void import__store__keeps_references_and_no_keys(void **state)
{
    struct machine_world *w = *state;

    machine_world_import(w);
    machine_world_assert_reference(w, "ca.key", w->ca_thumb);
    machine_world_assert_reference(w, "ra.key", w->ra_thumb);
    machine_world_assert_reference(w, "ra-sign.key", w->sign_thumb);
    machine_world_assert_reference(w, "ra-enc.key", w->enc_thumb);
}

static void import__ca_alone__has_sealed_ras_of_its_own(void **state)
{
    struct machine_world *w = *state;
    struct ca_import_options options = machine_world_import_options(w);
    struct error err = ERROR_INIT;
    struct ca *ca = NULL;

    options.base.machine_ras = (struct ca_machine_ras){ NULL, NULL, NULL };
    assert_done(ca_files_import(&options, &err), &err, "import");
    machine_world_assert_reference(w, "ca.key", w->ca_thumb);
    assert_sealed(w, "ra.key");
    assert_sealed(w, "ra-sign.key");
    ca = fixture_open(&w->folder, NULL, NULL);
    assert_done(ca_ready(ca, &err), &err, "ready");
    ca_free(ca);
}

static void import__what_does_not_fit__is_refused_and_leaves_nothing(void **state)
{
    struct machine_world *w = *state;
    EVP_PKEY *other_key = scep_test_key(SCEP_TEST_KEY_OTHER);
    X509 *other = sample_cert(&(struct sample_cert){ .subject = "Other CA", .key = other_key });
    X509 *foreign = sample_cert(&(struct sample_cert){ .subject = "NDES RA",
                                                       .key = other_key,
                                                       .issuer = other,
                                                       .issuer_key = other_key,
                                                       .not_ca = true,
                                                       .key_usage = KEY_USAGE_DIGITAL_SIGNATURE
                                                                    | KEY_USAGE_KEY_ENCIPHERMENT });
    X509 *ended = make_ended_ra(w);
    X509 *mute =
        machine_world_ra(w, other_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    X509 *secret =
        machine_world_ra(w, other_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    char foreign_thumb[MACHINE_THUMBPRINT_MAX], ended_thumb[MACHINE_THUMBPRINT_MAX];
    char mute_thumb[MACHINE_THUMBPRINT_MAX], secret_thumb[MACHINE_THUMBPRINT_MAX];
    const char *const nobody = "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 00 11 22 33";

    machine_stand_in_add(foreign, other_key, 0, foreign_thumb);
    machine_stand_in_add(ended, w->ra_key, 0, ended_thumb);
    machine_stand_in_add(mute, other_key, MACHINE_NO_DECRYPT | MACHINE_NO_RAW, mute_thumb);
    machine_stand_in_add(secret, other_key, MACHINE_DENIED, secret_thumb);
    const struct {
        const char *name;
        const char *ca, *single, *sign, *decrypt;
        enum reason reason;
    } cases[] = {
        { "no such CA", nobody, NULL, NULL, NULL, REASON_MACHINE_KEY_MISSING },
        { "no thumbprint", "CN=Issuing", NULL, NULL, NULL, REASON_USAGE },
        { "no CA", w->ra_thumb, NULL, NULL, NULL, REASON_CA_UNSUITABLE },
        { "no such RA", w->ca_thumb, nobody, NULL, NULL, REASON_MACHINE_KEY_MISSING },
        { "NDES's RA of another CA", w->ca_thumb, foreign_thumb, NULL, NULL, REASON_RA_UNSUITABLE },
        { "RA has ended", w->ca_thumb, ended_thumb, NULL, NULL, REASON_RA_EXPIRED },
        { "RA does not decrypt", w->ca_thumb, mute_thumb, NULL, NULL, REASON_MACHINE_KEY_UNUSABLE },
        { "RA may not be read", w->ca_thumb, secret_thumb, NULL, NULL, REASON_NOT_PERMITTED },
        { "half a pair", w->ca_thumb, NULL, w->sign_thumb, NULL, REASON_USAGE },
        { "pair the wrong way round", w->ca_thumb, NULL, w->enc_thumb, w->sign_thumb,
          REASON_RA_UNSUITABLE },
        { "half of a pair as the single one", w->ca_thumb, w->sign_thumb, NULL, NULL,
          REASON_RA_UNSUITABLE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ca_import_options options = machine_world_import_options(w);
        struct error err = ERROR_INIT;

        options.machine_store = cases[i].ca;
        options.base.machine_ras =
            (struct ca_machine_ras){ cases[i].single, cases[i].sign, cases[i].decrypt };
        assert_refusal(ca_files_import(&options, &err), &err, cases[i].reason, cases[i].name);
        assert_false(fixture_has(&w->folder, "ca.crt"));
        assert_false(fixture_has(&w->folder, "ca.key"));
    }
    X509_free(other);
    X509_free(foreign);
    X509_free(ended);
    X509_free(mute);
    X509_free(secret);
    EVP_PKEY_free(other_key);
}

static void import__files_beside_the_store__is_refused(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_import_options options = machine_world_import_options(w);

    options.key_file = "ca.pem";
    assert_refusal(ca_files_import(&options, &err), &err, REASON_USAGE, "key file");
    options = machine_world_import_options(w);
    options.machine_store = NULL;
    options.pkcs12_file = "ca.p12";
    options.chain_file = "chain.pem";
    assert_refusal(ca_files_import(&options, &err), &err, REASON_USAGE, "chain file");
}

/* ---- use ------------------------------------------------------------------------------------- */

static void ca__of_store__issues_and_signs_crls(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct cert_plan plan;
    struct csr csr = CSR_INIT;
    struct issuance issued = ISSUANCE_INIT;
    struct buffer der = BUFFER_INIT(65536);
    struct cert_issuer issuer = { .cert = NULL };
    struct crl_builder *crl = NULL;
    struct ra_set *ras = NULL;
    X509 *cert = NULL;
    struct ca *ca = NULL;
    char text[200];

    machine_world_import(w);
    ca = fixture_open(&w->folder, NULL, &builtin);
    assert_done(ca_ready(ca, &err), &err, "ready");
    sample_csr(&csr, w->client_key);
    sample_plan(&plan, clock_now() - 60, clock_now() + 30 * DAY);
    assert_done(ca_issue(ca, &csr, &plan, &issued, &err), &err, "issue");
    cert = certificate_parse(buffer_bytes(&issued.cert_der), &err);
    assert_non_null(cert);
    assert_int_equal(X509_verify(cert, w->ca_key), 1);
    assert_true(ca_is_issuer_of(ca, cert));

    crl = crl_builder_create(0, &err);
    assert_non_null(crl);
    assert_done(cert_issuer_init(&issuer, w->ca, (EVP_PKEY *)(uintptr_t)ca_builtin_key(builtin),
                                 "ca", &err),
                &err, "issuer");
    assert_done(crl_builder_sign(crl, &issuer, 1, clock_now(), clock_now() + DAY, &der, &err), &err,
                "CRL");
    assert_true(crl_builder_made_by(buffer_bytes(&der), &issuer));
    cert_issuer_clear(&issuer);
    crl_builder_free(crl);
    buffer_clear(&der);

    ras = ca_ra(ca, &err);
    assert_non_null(ras);
    assert_int_equal(ras->ra_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(machine_pkey_place(ras->ra[i].key));
    }
    ca_key_reference_describe(ca_builtin_key(builtin), text, sizeof(text));
    assert_non_null(strstr(text, w->ca_thumb));
    assert_non_null(strstr(text, "stand-in"));
    ca_key_reference_describe(w->ca_key, text, sizeof(text));
    assert_string_equal(text, "data folder, sealed");

    ra_set_unref(ras);
    X509_free(cert);
    issuance_clear(&issued);
    cert_plan_clear(&plan);
    csr_clear(&csr);
    ca_free(ca);
}

static void ca__whose_provider_fails__says_so(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct cert_plan plan;
    struct csr csr = CSR_INIT;
    struct issuance issued = ISSUANCE_INIT;
    struct ca *ca = NULL;

    machine_world_import(w);
    ca = fixture_open(&w->folder, NULL, NULL);
    sample_csr(&csr, w->client_key);
    sample_plan(&plan, clock_now() - 60, clock_now() + 30 * DAY);
    machine_stand_in_break(true);
    assert_refused(ca_issue(ca, &csr, &plan, &issued, &err), &err, REASON_SIGN_FAILED, "broken");
    assert_non_null(strstr(err.detail, "device unplugged"));
    machine_stand_in_break(false);
    error_clear(&err);
    assert_done(ca_issue(ca, &csr, &plan, &issued, &err), &err, "mended");
    issuance_clear(&issued);
    cert_plan_clear(&plan);
    csr_clear(&csr);
    ca_free(ca);
}

/* ---- references on disk ---------------------------------------------------------------------- */

static EVP_PKEY *load(const struct machine_world *w, struct error *err)
{
    struct ca_folder place;

    assert_done(ca_folder_open(&place, w->folder.path, "issuing", err), err, "folder");
    return ca_set_load_key(&place, CA_FILE_KEY, CA_KEY_KIND_CA, err);
}

static void write_key_file(const struct machine_world *w, const char *content, size_t len)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    fixture_path(&w->folder, "ca.key", path);
    assert_done(file_write_atomic(path, bytes_of(content, len), true, &err), &err, path);
}

static void reference__every_form__opens(void **state)
{
    struct machine_world *w = *state;
    const char *const forms[] = { "ONDK1 container - device ca key",
                                  "ONDK1 container - device ca key\n",
                                  "ONDK1 container \"Some Vendor CSP\" device ca key\r\n" };

    machine_world_import(w);
    machine_stand_in_add_container("device ca key", w->ca_key, 0);
    for (size_t i = 0; i < 3; i++) {
        struct error err = ERROR_INIT;
        EVP_PKEY *key = NULL;

        write_key_file(w, forms[i], strlen(forms[i]));
        key = load(w, &err);
        assert_done(key != NULL, &err, forms[i]);
        assert_int_equal(EVP_PKEY_eq(key, w->ca_key), 1);
        EVP_PKEY_free(key);
    }
}

static void reference__to_another_key__is_refused(void **state)
{
    struct machine_world *w = *state;
    struct ca_builtin_options options = { .data_folder = w->folder.path, .name = "issuing" };
    struct error err = ERROR_INIT;
    char text[80];
    int len = snprintf(text, sizeof(text), "ONDK1 store %s\n", w->ra_thumb);

    machine_world_import(w);
    write_key_file(w, text, (size_t)len);
    assert_refused(ca_builtin_open(&options, &err) != NULL, &err, REASON_KEY_MISMATCH, "RA's key");
}

/* What makes a file unsafe is rights_check's own test. */
static void reference__that_others_may_write__is_refused(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;

    machine_world_import(w);
    rights_unsafe = true;
    assert_refused(load(w, &err) != NULL, &err, REASON_RIGHTS_UNSAFE, "others");
    assert_string_equal(rights_path + strlen(rights_path) - 6, "ca.key");
}

static void key__of_store__is_neither_written_nor_sealed(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct secret pkcs8 = SECRET_INIT;
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    EVP_PKEY *key = NULL;

    machine_world_import(w);
    key = load(w, &err);
    assert_done(key != NULL, &err, "load");
    assert_done(ca_key_check_pair(key, &err), &err, "tried, not looked into");
    assert_refusal(ca_key_pkcs8(key, &pkcs8, &err), &err, REASON_KEY_UNREADABLE, "pkcs8");
    assert_refusal(ca_key_seal(w->folder.path, "ca-key", "issuing", key, &sealed, &err), &err,
                   REASON_KEY_UNREADABLE, "seal");
    machine_stand_in_break(true);
    assert_refusal(ca_key_check_pair(key, &err), &err, REASON_MACHINE_KEY_UNUSABLE, "broken");
    EVP_PKEY_free(key);
}

/* ---- renewal --------------------------------------------------------------------------------- */

static void renew_ra__of_store__is_refused_unless_named_or_sealed(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_new_options options = machine_world_import_options(w).base;
    X509 *next =
        machine_world_ra(w, w->ra_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    char thumb[MACHINE_THUMBPRINT_MAX];

    machine_world_import(w);
    machine_stand_in_add(next, w->ra_key, 0, thumb);
    options.machine_ras = (struct ca_machine_ras){ NULL, NULL, NULL };
    assert_refusal(ca_files_renew_ra(&options, &err), &err, REASON_RA_UNSUITABLE, "nothing said");
    options.machine_ras.single = thumb;
    assert_refusal(ca_files_renew_ra(&options, &err), &err, REASON_RA_UNSUITABLE, "half of it");
    machine_world_assert_reference(w, "ra.key", w->ra_thumb); /* as it was */

    options.machine_ras = (struct ca_machine_ras){ thumb, w->sign_thumb, w->enc_thumb };
    assert_done(ca_files_renew_ra(&options, &err), &err, "named");
    machine_world_assert_reference(w, "ra.key", thumb);
    machine_world_assert_reference(w, "ra-enc.key", w->enc_thumb);

    options.machine_ras = (struct ca_machine_ras){ thumb, NULL, NULL };
    options.seal_ra = true;
    assert_done(ca_files_renew_ra(&options, &err), &err, "sealed");
    machine_world_assert_reference(w, "ra.key", thumb);
    assert_sealed(w, "ra-sign.key");
    assert_sealed(w, "ra-enc.key");
    X509_free(next);
}

static void install__renewed_certificate__follows_it_in_the_store_and_keeps_ras(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_new_options options = machine_world_import_options(w).base;
    X509 *next = sample_cert(&(struct sample_cert){
        .subject = "Issuing", .key = w->ca_key, .not_after = clock_now() + 5000 * DAY });
    char thumb[MACHINE_THUMBPRINT_MAX];
    char path[FILE_PATH_MAX];
    struct ca *ca = NULL;

    machine_world_import(w);
    sample_write_pem(&w->folder, "next.pem", &next, 1, NULL, NULL, NULL);
    test_folder_path(&w->folder, "next.pem", path);
    assert_done(ca_files_install(&options, path, NULL, &err), &err, "not in the store yet");
    machine_world_assert_reference(w, "ca.key", w->ca_thumb);
    machine_world_assert_reference(w, "ra.key", w->ra_thumb);

    machine_stand_in_add(next, w->ca_key, MACHINE_NO_RAW | MACHINE_NO_SIGN, thumb);
    assert_done(ca_files_install(&options, path, NULL, &err), &err, "there, but does not sign");
    machine_world_assert_reference(w, "ca.key", w->ca_thumb);

    machine_stand_in_remove(thumb);
    machine_stand_in_add(next, w->ca_key, 0, thumb);
    assert_done(ca_files_install(&options, path, NULL, &err), &err, "in the store");
    machine_world_assert_reference(w, "ca.key", thumb);
    machine_world_assert_reference(w, "ra-sign.key", w->sign_thumb);
    ca = fixture_open(&w->folder, NULL, NULL);
    assert_done(ca_ready(ca, &err), &err, "ready");
    ca_free(ca);
    X509_free(next);
}

/* RAs end with their CA, whose renewal comes first: it must not wait for them. */
static void install__renewed_certificate__does_not_ask_the_ras_of_the_store(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_new_options options = machine_world_import_options(w).base;
    X509 *next = sample_cert(&(struct sample_cert){
        .subject = "Issuing", .key = w->ca_key, .not_after = clock_now() + 5000 * DAY });
    X509 *ended = make_ended_ra(w);
    X509 *found = NULL;
    char path[FILE_PATH_MAX];

    machine_world_import(w);
    sample_write_pem(&w->folder, "next.pem", &next, 1, NULL, NULL, NULL);
    sample_write_pem(&w->folder, "ca/issuing/ra.crt", &ended, 1, NULL, NULL, NULL);
    machine_stand_in_clear(); /* the RAs' keys are gone from the store */
    machine_stand_in_add(w->ca, w->ca_key, MACHINE_NO_RAW, w->ca_thumb);
    test_folder_path(&w->folder, "next.pem", path);
    assert_done(ca_files_install(&options, path, NULL, &err), &err, "install");
    machine_world_assert_reference(w, "ra.key", w->ra_thumb);
    machine_world_assert_reference(w, "ra-sign.key", w->sign_thumb);
    found = fixture_certificate(&w->folder, "ca.crt");
    assert_int_equal(X509_cmp(found, next), 0);
    X509_free(found);
    found = fixture_certificate(&w->folder, "ra.crt");
    assert_int_equal(X509_cmp(found, ended), 0);
    X509_free(found);
    X509_free(ended);
    X509_free(next);
}

/* What a power failure in renew-ra leaves: a sealed key must not take the place of an HSM's. */
static void pair__of_store_without_certificate__is_not_made_anew(void **state)
{
    struct machine_world *w = *state;
    const bool makes[] = { true, false }; /* the service, and "openndes check" */
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    machine_world_import(w);
    fixture_path(&w->folder, "ra-sign.crt", path);
    assert_done(file_remove(path, &err), &err, path);
    for (size_t i = 0; i < 2; i++) {
        struct ca_builtin_options options = { .data_folder = w->folder.path,
                                              .name = "issuing",
                                              .make_missing_ra = makes[i] };
        struct ca_builtin *ca = ca_builtin_open(&options, &err);

        assert_done(ca != NULL, &err, "the single RA serves");
        assert_non_null(ca_builtin_pair_error(ca));
        assert_int_equal(ca_builtin_pair_error(ca)->reason, REASON_RA_UNSUITABLE);
        assert_non_null(strstr(ca_builtin_pair_error(ca)->detail, "--ra-sign-machine-store"));
        machine_world_assert_reference(w, "ra-sign.key", w->sign_thumb);
        assert_false(fixture_has(&w->folder, "ra-sign.crt"));
        ca_free(ca_builtin_as_ca(ca));
    }
}

/* Not taken for a sealed one, which renew-ra would replace. */
static void renew_ra__reference_with_unsafe_rights__is_still_one(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_import_options options = machine_world_import_options(w);

    options.base.machine_ras = (struct ca_machine_ras){ w->ra_thumb, NULL, NULL };
    assert_done(ca_files_import(&options, &err), &err, "import");
    options.base.machine_ras.single = NULL;
    rights_unsafe = true; /* looked at when a key is used, not when it is asked what it is */
    unsafe_file = "/ra.key";
    assert_refusal(ca_files_renew_ra(&options.base, &err), &err, REASON_RA_UNSUITABLE, "rights");
    machine_world_assert_reference(w, "ra.key", w->ra_thumb);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, machine_world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(import__store__keeps_references_and_no_keys),
        CASE(import__ca_alone__has_sealed_ras_of_its_own),
        CASE(import__what_does_not_fit__is_refused_and_leaves_nothing),
        CASE(import__files_beside_the_store__is_refused),
        CASE(ca__of_store__issues_and_signs_crls),
        CASE(ca__whose_provider_fails__says_so),
        CASE(reference__every_form__opens),
        CASE(reference__to_another_key__is_refused),
        CASE(reference__that_others_may_write__is_refused),
        CASE(key__of_store__is_neither_written_nor_sealed),
        CASE(renew_ra__of_store__is_refused_unless_named_or_sealed),
        CASE(install__renewed_certificate__follows_it_in_the_store_and_keeps_ras),
        CASE(install__renewed_certificate__does_not_ask_the_ras_of_the_store),
        CASE(pair__of_store_without_certificate__is_not_made_anew),
        CASE(renew_ra__reference_with_unsafe_rights__is_still_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
