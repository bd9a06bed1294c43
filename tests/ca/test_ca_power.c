/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails, and the disk, in the middle of what administrators do to a CA's folder: it is
 * made or not, renewed or not, and opens with all its keys either way.
 */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "ca/ca_fixture.h"
#include "ca/ca_folder.h"
#include "ca/ca_key.h"
#include "ca/ra_sets.h"
#include "support/file_flow.h"
#include "support/scep_keys.h"

/* ---- keys, by the linker --------------------------------------------------------------------- */

struct evp_pkey_st *__real_ca_key_generate(enum ca_key_spec spec, struct error *err);
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

/* In turn, so that RAs of one CA differ, and those that replace them from what they replace. */
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    static const enum scep_test_key keys[] = { SCEP_TEST_KEY_CA, SCEP_TEST_KEY_RA,
                                               SCEP_TEST_KEY_OLD_RA, SCEP_TEST_KEY_CLIENT,
                                               SCEP_TEST_KEY_OTHER };
    static size_t next;

    return spec == CA_KEY_RSA_2048 ? scep_test_key(keys[next++ % (sizeof(keys) / sizeof(keys[0]))])
                                   : __real_ca_key_generate(spec, err);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* What belongs to the case and lies outside of the CA's data folder. */
static struct {
    struct test_folder folder;
    EVP_PKEY *root_keys[2];
    X509 *roots[2];   /* the second comes in place of the first */
    X509 *issuing[2]; /* the CA's certificates by them */
    X509 *ras[2];     /* single and enc before they are replaced */
} outside;

static struct ca_new_options options_of(const char *folder)
{
    struct test_folder place;

    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    struct ca_new_options options = fixture_options(&place);

    options.data_folder = folder;
    return options;
}

static X509 *read_cert(const char *folder, const char *file)
{
    struct test_folder place;

    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    return fixture_certificate(&place, file);
}

static enum ca_folder_state state_of(const char *data, const char *name)
{
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;
    struct error err = ERROR_INIT;
    struct ca_folder folder;

    assert_done(ca_folder_open(&folder, data, "issuing", &err)
                    && ca_folder_state(&folder, &state, &err),
                &err, name);
    return state;
}

/* As the service opens it, which makes nothing here: certificate, key, chain, and both forms of the
 * RA with their keys. */
static struct ca *open_whole(const char *data, struct ca_builtin **builtin, const char *name)
{
    const struct ca_builtin_options options = { .data_folder = data,
                                                .name = "issuing",
                                                .ra_keep_days = 30 };
    struct error err = ERROR_INIT;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    *builtin = ca_builtin_open(&options, &err);
    if (*builtin == NULL) {
        fail_msg("%s: the CA does not open: %s", name, err.detail);
    }
    if (ca_builtin_pair_error(*builtin) != NULL) {
        fail_msg("%s: the pair is lost: %s", name, ca_builtin_pair_error(*builtin)->detail);
    }
    ca = ca_builtin_as_ca(*builtin);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, name);
    for (size_t i = 0; i < ras->ra_count; i++) {
        assert_int_equal(X509_check_private_key(ras->ra[i].cert, ras->ra[i].key), 1);
    }
    ra_set_unref(ras);
    return ca;
}

/* ---- a new CA -------------------------------------------------------------------------------- */

static bool create(const char *folder, struct error *err)
{
    struct ca_new_options options = options_of(folder);

    return ca_files_create(&options, err);
}

static enum flow_rest look_new(const char *folder, const char *name)
{
    struct ca_builtin *builtin = NULL;

    if (state_of(folder, name) == CA_FOLDER_ABSENT) {
        return FLOW_OLD;
    }
    ca_free(open_whole(folder, &builtin, name));
    return FLOW_NEW;
}

/* ---- a request for an offline root, and its answer ------------------------------------------- */

static bool request(const char *folder, struct error *err)
{
    struct ca_new_options options = options_of(folder);
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = ca_files_request(&options, &pem, err);

    buffer_clear(&pem);
    return ok;
}

static enum flow_rest look_requested(const char *folder, const char *name)
{
    enum ca_folder_state state = state_of(folder, name);
    struct test_folder place;

    if (state == CA_FOLDER_ABSENT) {
        return FLOW_OLD;
    }
    assert_int_equal(state, CA_FOLDER_REQUEST);
    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    EVP_PKEY_free(fixture_key(&place, CA_FILE_REQUEST_KEY, CA_KEY_KIND_CA));
    return FLOW_NEW;
}

/* issuing<n>.pem: by root n, with the root behind it. */
static void sign(const char *folder, int n)
{
    struct test_folder place;
    EVP_PKEY *key = NULL;
    char file[32];

    (void)snprintf(place.path, sizeof(place.path), "%s", folder);
    key = fixture_key(&place, n == 0 ? CA_FILE_REQUEST_KEY : CA_FILE_KEY, CA_KEY_KIND_CA);
    X509_free(outside.issuing[n]);
    outside.issuing[n] = sample_cert(&(struct sample_cert){ .subject = "Issuing",
                                                            .key = key,
                                                            .issuer = outside.roots[n],
                                                            .issuer_key = outside.root_keys[n] });
    X509 *certs[] = { outside.issuing[n], outside.roots[n] };
    (void)snprintf(file, sizeof(file), "issuing%d.pem", n);
    sample_write_pem(&outside.folder, file, certs, 2, NULL, NULL, NULL);
    EVP_PKEY_free(key);
}

static void prepare_request(const char *folder)
{
    struct error err = ERROR_INIT;

    assert_done(request(folder, &err), &err, "request");
    sign(folder, 0);
}

static bool install(const char *folder, const char *file, struct error *err)
{
    struct ca_new_options options = options_of(folder);
    char path[FILE_PATH_MAX];

    test_folder_path(&outside.folder, file, path);
    return ca_files_install(&options, path, NULL, err);
}

static bool install_first(const char *folder, struct error *err)
{
    return install(folder, "issuing0.pem", err);
}

static enum flow_rest look_installed(const char *folder, const char *name)
{
    struct ca_builtin *builtin = NULL;

    if (state_of(folder, name) == CA_FOLDER_REQUEST) {
        return FLOW_OLD;
    }
    ca_free(open_whole(folder, &builtin, name));
    return FLOW_NEW;
}

/* ---- a renewed certificate, by another root -------------------------------------------------- */

static void prepare_installed(const char *folder)
{
    struct error err = ERROR_INIT;

    prepare_request(folder);
    assert_done(install_first(folder, &err), &err, "install");
    sign(folder, 1);
}

static bool install_renewed(const char *folder, struct error *err)
{
    return install(folder, "issuing1.pem", err);
}

/* The certificate with its own parents, those or these. */
static enum flow_rest look_renewed(const char *folder, const char *name)
{
    struct ca_builtin *builtin = NULL;
    struct ca *ca = open_whole(folder, &builtin, name);
    const X509 *cert = ca_builtin_certificate(builtin);
    const X509 *parent = ca_builtin_parent(builtin, 0);
    int n = X509_cmp(cert, outside.issuing[1]) == 0 ? 1 : 0;

    if (X509_cmp(cert, outside.issuing[n]) != 0 || parent == NULL
        || X509_cmp(parent, outside.roots[n]) != 0) {
        fail_msg("%s: a certificate without its parents", name);
    }
    ca_free(ca);
    return n == 1 ? FLOW_NEW : FLOW_OLD;
}

/* ---- new RAs --------------------------------------------------------------------------------- */

static void prepare_ras(const char *folder)
{
    struct error err = ERROR_INIT;

    assert_done(create(folder, &err), &err, "create");
    X509_free(outside.ras[0]);
    X509_free(outside.ras[1]);
    outside.ras[0] = read_cert(folder, CA_FILE_RA_CERT);
    outside.ras[1] = read_cert(folder, CA_FILE_RA_ENC_CERT);
}

static bool renew_ras(const char *folder, struct error *err)
{
    struct ca_new_options options = options_of(folder);
    struct ca_ra_change change;

    options.ra_change = &change;
    options.ra_validity_days++;
    return ca_files_renew_ra(&options, err);
}

/* Whatever has happened, those whom devices know go on. */
static enum flow_rest look_ras(const char *folder, const char *name)
{
    struct ca_builtin *builtin = NULL;
    struct ca *ca = open_whole(folder, &builtin, name);
    struct error err = ERROR_INIT;
    struct ra_set *ras = ca_ra(ca, &err);
    unsigned known = 0;
    unsigned former = 0;

    for (size_t i = 0; i < ras->ra_count; i++) {
        for (size_t k = 0; k < 2; k++) {
            known += X509_cmp(ras->ra[i].cert, outside.ras[k]) == 0 && ras->ra[i].decrypts ? 1 : 0;
        }
    }
    if (known < 2) {
        fail_msg("%s: %u of 2 RAs are lost", name, 2 - known);
    }
    former += X509_cmp(ca_builtin_ra_certificate(builtin), outside.ras[0]) != 0 ? 1 : 0;
    former += X509_cmp(ca_builtin_ra_enc_certificate(builtin), outside.ras[1]) != 0 ? 1 : 0;
    ra_set_unref(ras);
    ca_free(ca);
    return former == 2 ? FLOW_NEW : FLOW_OLD;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static const struct file_flow flows[] = {
    { "ca create", NULL, create, look_new, REASON_CA_EXISTS, false },
    { "ca request", NULL, request, look_requested, REASON_NONE, false },
    { "ca install", prepare_request, install_first, look_installed, REASON_NONE, false },
    { "ca install, renewed", prepare_installed, install_renewed, look_renewed, REASON_NONE, false },
    { "ca renew-ra", prepare_ras, renew_ras, look_ras, REASON_NONE, false },
};

static void folder__power_fails_anywhere__old_or_new(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        file_flow_power(&flows[i]);
    }
}

static void folder__disk_fails_anywhere__old_or_new_and_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        file_flow_faults(&flows[i]);
    }
}

static int set_up(void **state)
{
    static const char *const roots[] = { "Root", "Another Root" };

    (void)state;
    test_folder_create(&outside.folder);
    for (size_t n = 0; n < 2; n++) {
        outside.root_keys[n] = sample_key_ec();
        outside.roots[n] =
            sample_cert(&(struct sample_cert){ .subject = roots[n], .key = outside.root_keys[n] });
    }
    file_flow_set_up();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        EVP_PKEY_free(outside.root_keys[n]);
        X509_free(outside.roots[n]);
        X509_free(outside.issuing[n]);
        X509_free(outside.ras[n]);
    }
    test_folder_remove(&outside.folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder__power_fails_anywhere__old_or_new),
        cmocka_unit_test(folder__disk_fails_anywhere__old_or_new_and_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
