/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include "base/limits.h"
#include "platform/clock.h"

static void ra__out_of_its_time__refused_until_renewed(void **state)
{
    int64_t now = clock_now();
    const struct sample_cert times[] = {
        { .not_before = now - 10 * DAY, .not_after = now - 1 },
        { .not_before = now + 3600 },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct test_folder folder;
        struct error err = ERROR_INIT;

        test_folder_create(&folder);
        struct ca_new_options options = fixture_options(&folder);
        assert_done(ca_files_create(&options, &err), &err, "create");
        EVP_PKEY *ca_key = fixture_key(&folder, "ca.key", "ca-key");
        EVP_PKEY *ra_key = fixture_key(&folder, "ra.key", "ra-key");
        X509 *root = fixture_certificate(&folder, "ca.crt");
        struct sample_cert wanted = times[i];
        wanted.subject = "RA";
        wanted.key = ra_key;
        wanted.issuer = root;
        wanted.issuer_key = ca_key;
        wanted.not_ca = true;
        wanted.key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT;
        X509 *cert = sample_cert(&wanted);
        sample_write_pem(&folder, "ca/issuing/ra.crt", &cert, 1, NULL, NULL, NULL);
        struct ca *ca = fixture_open(&folder, NULL, NULL);
        assert_null(ca_ra(ca, &err));
        assert_non_null(strstr(err.detail, "ca/issuing/ra.crt"));
        assert_refusal(error_is_set(&err) == false, &err, REASON_RA_EXPIRED, "ra");
        assert_refusal(ca_ready(ca, &err), &err, REASON_RA_EXPIRED, "ready");
        assert_done(ca_files_renew_ra(&options, &err), &err, "renew");
        struct ca *renewed = fixture_open(&folder, NULL, NULL);
        assert_done(ca_ready(renewed, &err), &err, "renewed");
        assert_true(ca_is_same(ca, renewed) && ca_is_same(renewed, ca));
        ca_free(renewed);
        ca_free(ca);
        X509_free(cert);
        X509_free(root);
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(ra_key);
        test_folder_remove(&folder);
    }
}

static void is_same__two_loads_of_one_ca__not_two_cas_of_one_name(void **state)
{
    struct test_folder folders[2];
    struct ca *cas[2];
    struct ca *again = NULL;
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        test_folder_create(&folders[i]);
        struct ca_new_options options = fixture_options(&folders[i]);
        assert_done(ca_files_create(&options, &err), &err, "create");
        cas[i] = fixture_open(&folders[i], NULL, NULL);
    }
    again = fixture_open(&folders[0], NULL, NULL);
    assert_true(ca_is_same(cas[0], cas[0]));
    assert_true(ca_is_same(cas[0], again) && ca_is_same(again, cas[0]));
    assert_string_equal(ca_name(cas[0]), ca_name(cas[1]));
    assert_false(ca_is_same(cas[0], cas[1]) || ca_is_same(cas[1], cas[0]));
    ca_free(again);
    for (size_t i = 0; i < 2; i++) {
        ca_free(cas[i]);
        test_folder_remove(&folders[i]);
    }
}

struct damage_case {
    const char *name;
    const char *file;
    const char *content; /* NULL: removed */
    enum reason reason;
};

static const struct damage_case damage_cases[] = {
    { "certificate gone", "ca.crt", NULL, REASON_CA_MISSING },
    { "certificate empty", "ca.crt", "", REASON_CERT_UNREADABLE },
    { "certificate is text", "ca.crt", "hello", REASON_CERT_UNREADABLE },
    { "key gone", "ca.key", NULL, REASON_KEY_UNREADABLE },
    { "key empty", "ca.key", "", REASON_KEY_PROTECTION },
    { "key is text", "ca.key", "-----BEGIN PRIVATE KEY-----", REASON_KEY_PROTECTION },
    { "chain is text", "chain.pem", "hello", REASON_CERT_UNREADABLE },
    { "RA certificate gone", "ra.crt", NULL, REASON_RA_MISSING },
    { "RA certificate empty", "ra.crt", "", REASON_RA_UNSUITABLE },
    { "RA key gone", "ra.key", NULL, REASON_RA_MISSING },
    { "RA key damaged", "ra.key", "ONDP1", REASON_RA_UNSUITABLE },
};

static void copy_file(const struct test_folder *folder, const char *from, const char *to)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct error err = ERROR_INIT;
    char source[FILE_PATH_MAX];
    char target[FILE_PATH_MAX];

    fixture_path(folder, from, source);
    fixture_path(folder, to, target);
    assert_done(file_read(source, LIMIT_PEM_FILE_BYTES, &content, &err), &err, from);
    assert_done(file_write_atomic(target, buffer_bytes(&content), true, &err), &err, to);
    buffer_clear(&content);
}

/* Damage, open, mend. */
static void check_damage(const struct test_folder *folder, const struct damage_case *c)
{
    const struct ca_builtin_options options = { .data_folder = folder->path, .name = "issuing" };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    bool had_file = fixture_has(folder, c->file);

    if (had_file) {
        copy_file(folder, c->file, "kept");
    }
    fixture_path(folder, c->file, path);
    if (c->content == NULL) {
        assert_done(file_remove(path, &err), &err, c->name);
    } else {
        assert_done(file_write_atomic(path, bytes_of_text(c->content), true, &err), &err, c->name);
    }
    assert_null(ca_builtin_open(&options, &err));
    /* the sentence names the file, or the folder when what is in it does not fit together */
    if (strstr(err.detail, c->file) == NULL && strstr(err.detail, folder->path) == NULL) {
        fail_msg("%s: \"%s\" names no file", c->name, err.detail);
    }
    assert_refusal(!error_is_set(&err), &err, c->reason, c->name);
    if (had_file) {
        copy_file(folder, "kept", c->file);
    } else {
        assert_done(file_remove(path, &err), &err, c->name);
    }
}

static void open__damaged_folder__reason_and_file(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    const struct ca_builtin_options nothing = { .data_folder = folder.path, .name = "issuing" };
    assert_refusal(ca_builtin_open(&nothing, &err) != NULL, &err, REASON_CA_MISSING, "no CA");
    assert_done(ca_files_create(&options, &err), &err, "create");
    for (size_t i = 0; i < sizeof(damage_cases) / sizeof(damage_cases[0]); i++) {
        check_damage(&folder, &damage_cases[i]);
    }
    ca_free(fixture_open(&folder, NULL, NULL));
    test_folder_remove(&folder);
}

static void open__files_that_do_not_fit__reason(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    EVP_PKEY *other = sample_key_rsa();
    X509 *stranger = sample_cert(&(struct sample_cert){ .subject = "x", .key = other });
    EVP_PKEY *ca_key = NULL;
    EVP_PKEY *ra_key = NULL;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    const struct ca_builtin_options open = { .data_folder = folder.path, .name = "issuing" };
    assert_done(ca_files_create(&options, &err), &err, "create");
    ca_key = fixture_key(&folder, "ca.key", "ca-key");
    ra_key = fixture_key(&folder, "ra.key", "ra-key");
    X509 *root = fixture_certificate(&folder, "ca.crt");
    X509 *usage = sample_cert(&(struct sample_cert){ .subject = "RA",
                                                     .key = ra_key,
                                                     .issuer = root,
                                                     .issuer_key = ca_key,
                                                     .not_ca = true,
                                                     .key_usage = KEY_USAGE_DIGITAL_SIGNATURE });
    X509 *foreign = sample_cert(&(struct sample_cert){ .subject = "RA",
                                                       .key = ra_key,
                                                       .issuer = root,
                                                       .issuer_key = other,
                                                       .key_usage = KEY_USAGE_DIGITAL_SIGNATURE
                                                                    | KEY_USAGE_KEY_ENCIPHERMENT });
    X509 *other_key = sample_cert(&(struct sample_cert){
        .subject = "RA",
        .key = other,
        .issuer = root,
        .issuer_key = ca_key,
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT });
    X509 *ras[] = { usage, foreign, other_key };

    for (size_t i = 0; i < 3; i++) {
        sample_write_pem(&folder, "ca/issuing/ra.crt", &ras[i], 1, NULL, NULL, NULL);
        assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_RA_UNSUITABLE, "RA");
    }
    sample_write_pem(&folder, "ca/issuing/ca.crt", &usage, 1, NULL, NULL, NULL);
    assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_CA_UNSUITABLE, "no CA");
    sample_write_pem(&folder, "ca/issuing/ca.crt", &stranger, 1, NULL, NULL, NULL);
    assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_KEY_MISMATCH, "key");
    sample_write_pem(&folder, "ca/issuing/ca.crt", &root, 1, NULL, NULL, NULL);
    sample_write_pem(&folder, "ca/issuing/chain.pem", &stranger, 1, NULL, NULL, NULL);
    assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_CA_UNSUITABLE, "chain");
    copy_file(&folder, "ra.key", "ca.key"); /* sealed for something else */
    assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_KEY_PROTECTION, "purpose");
    for (size_t i = 0; i < 3; i++) {
        X509_free(ras[i]);
    }
    X509_free(root);
    X509_free(stranger);
    EVP_PKEY_free(other);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(ra_key);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ra__out_of_its_time__refused_until_renewed),
        cmocka_unit_test(is_same__two_loads_of_one_ca__not_two_cas_of_one_name),
        cmocka_unit_test(open__damaged_folder__reason_and_file),
        cmocka_unit_test(open__files_that_do_not_fit__reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
