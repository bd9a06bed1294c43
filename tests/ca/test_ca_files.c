/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/core_names.h>

#include "base/limits.h"
#include "ca/ca_key.h"
#include "ca/ca_set.h"
#include "model/certificate.h"
#include "platform/clock.h"

static const unsigned char root_constraints[] = { 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00 };
static const unsigned char root_usage[] = { 0x03, 0x02, 0x01, 0x86 };
static const unsigned char leaf_constraints[] = { 0x30, 0x00 };
static const unsigned char ra_usage[] = { 0x03, 0x02, 0x05, 0xa0 };
/* Certificate Request Agent, serverAuth */
static const unsigned char ra_eku[] = { 0x30, 0x16, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                        0x01, 0x82, 0x37, 0x14, 0x02, 0x01, 0x06, 0x08,
                                        0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01 };

struct spec_case {
    const char *name;
    enum ca_key_spec spec;
    int type;
    int bits;
    int signature;
    const char *curve;
    unsigned ra_bits;
};

static const struct spec_case spec_cases[] = {
    { "rsa2048", CA_KEY_RSA_2048, EVP_PKEY_RSA, 2048, NID_sha256WithRSAEncryption, NULL, 2048 },
    { "rsa3072", CA_KEY_RSA_3072, EVP_PKEY_RSA, 3072, NID_sha256WithRSAEncryption, NULL, 2048 },
    { "rsa4096", CA_KEY_RSA_4096, EVP_PKEY_RSA, 4096, NID_sha256WithRSAEncryption, NULL, 2048 },
    { "p256", CA_KEY_EC_P256, EVP_PKEY_EC, 256, NID_ecdsa_with_SHA256, "prime256v1", 2048 },
    { "p384", CA_KEY_EC_P384, EVP_PKEY_EC, 384, NID_ecdsa_with_SHA384, "secp384r1", 3072 },
};

static void check_serial(const X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not negative */
    assert_int_equal(ASN1_STRING_length(serial), 20);
    assert_true(ASN1_STRING_get0_data(serial)[0] < 0x80);
}

static void check_key(const X509 *cert, const struct spec_case *c)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    BIGNUM *exponent = NULL;
    char curve[64];
    size_t len = 0;

    assert_int_equal(EVP_PKEY_get_base_id(key), c->type);
    assert_int_equal(EVP_PKEY_get_bits(key), c->bits);
    if (c->type == EVP_PKEY_RSA) {
        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent), 1);
        assert_true(BN_is_word(exponent, 65537));
        BN_free(exponent);
        return;
    }
    assert_int_equal(EVP_PKEY_get_group_name(key, curve, sizeof(curve), &len), 1);
    assert_string_equal(curve, c->curve);
}

static void check_root(X509 *cert, const struct spec_case *c, int64_t now)
{
    struct error err = ERROR_INIT;
    struct certificate_info info;

    assert_done(certificate_info(cert, &info, &err), &err, c->name);
    assert_string_equal(info.subject, "CN=Test CA,O=Example");
    assert_string_equal(info.issuer, "CN=Test CA,O=Example");
    assert_in_range(info.not_before, now - DAY, now - DAY + 120);
    assert_in_range(info.not_after, now + 3650 * DAY, now + 3650 * DAY + 120);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(X509_get_signature_nid(cert), c->signature);
    check_serial(cert);
    check_key(cert, c);
    assert_int_equal(X509_get_ext_count(cert), 3);
    assert_extension(cert, NID_basic_constraints, true, root_constraints, sizeof(root_constraints));
    assert_extension(cert, NID_key_usage, true, root_usage, sizeof(root_usage));
    assert_key_ids(cert, NULL);
}

static void check_ra(X509 *cert, X509 *root, const struct spec_case *c, int64_t now)
{
    struct error err = ERROR_INIT;
    struct certificate_info info;

    assert_done(certificate_info(cert, &info, &err), &err, c->name);
    assert_string_equal(info.subject, "CN=Test CA RA,O=Example");
    assert_in_range(info.not_before, now - DAY, now - DAY + 120);
    assert_in_range(info.not_after, now + 730 * DAY, now + 730 * DAY + 120);
    assert_int_equal(X509_get_signature_nid(cert), c->signature);
    assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(cert)), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), c->ra_bits);
    check_serial(cert);
    assert_int_equal(X509_get_ext_count(cert), 5);
    assert_extension(cert, NID_basic_constraints, false, leaf_constraints,
                     sizeof(leaf_constraints));
    assert_extension(cert, NID_key_usage, true, ra_usage, sizeof(ra_usage));
    assert_extension(cert, NID_ext_key_usage, false, ra_eku, sizeof(ra_eku));
    assert_key_ids(cert, root);
    assert_verifies(cert, root, NULL);
}

/* Neither the whole key nor its secret part may stand in the file. */
static void check_sealed(const struct test_folder *folder, const char *file, const char *kind)
{
    struct buffer content = BUFFER_INIT(CA_KEY_SEALED_MAX);
    struct secret pkcs8 = SECRET_INIT;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    EVP_PKEY *key = NULL;

    fixture_path(folder, file, path);
    assert_done(file_read(path, CA_KEY_SEALED_MAX, &content, &err), &err, file);
    assert_true(content.len > 5 && memcmp(content.data, "ONDP1", 5) == 0);
    key = ca_key_unseal(folder->path, kind, "issuing", buffer_bytes(&content), &err);
    assert_done(key != NULL, &err, file);
    assert_done(ca_key_pkcs8(key, &pkcs8, &err), &err, file);
    /* any 16 bytes of it */
    for (size_t i = 0; i + 16 <= pkcs8.len; i++) {
        for (size_t j = 0; j + 16 <= content.len; j++) {
            assert_true(memcmp(pkcs8.data + i, content.data + j, 16) != 0);
        }
    }
    EVP_PKEY_free(key);
    key = ca_key_unseal(folder->path, kind, "other", buffer_bytes(&content), &err);
    assert_refusal(key != NULL, &err, REASON_KEY_PROTECTION, "name of another CA");
    secret_clear(&pkcs8);
    buffer_clear(&content);
}

static void create__each_key_spec__certificates_as_specified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spec_cases) / sizeof(spec_cases[0]); i++) {
        const struct spec_case *c = &spec_cases[i];
        struct test_folder folder;
        struct error err = ERROR_INIT;
        int64_t now = clock_now();
        enum ca_key_spec parsed = CA_KEY_RSA_2048;
        X509 *root = NULL;
        X509 *ra = NULL;

        test_folder_create(&folder);
        struct ca_new_options options = fixture_options(&folder);
        assert_done(ca_key_spec_parse(c->name, &parsed, &err), &err, c->name);
        assert_int_equal(parsed, c->spec);
        options.key = parsed;
        options.ra_bits = c->ra_bits;
        assert_done(ca_files_create(&options, &err), &err, c->name);
        root = fixture_certificate(&folder, "ca.crt");
        ra = fixture_certificate(&folder, "ra.crt");
        check_root(root, c, now);
        check_ra(ra, root, c, now);
        assert_verifies(root, root, NULL);
        check_sealed(&folder, "ca.key", "ca-key");
        check_sealed(&folder, "ra.key", "ra-key");
        assert_false(fixture_has(&folder, "chain.pem"));
        X509_free(root);
        X509_free(ra);
        test_folder_remove(&folder);
    }
}

static void create__default_subject_beyond_2049__named_after_host(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct certificate_info info;
    X509 *root = NULL;
    X509 *ra = NULL;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    options.subject = NULL;
    options.validity_days = 36500;
    options.ra_validity_days = 36500;
    assert_done(ca_files_create(&options, &err), &err, "create");
    root = fixture_certificate(&folder, "ca.crt");
    ra = fixture_certificate(&folder, "ra.crt");
    assert_done(certificate_info(root, &info, &err), &err, "root");
    assert_true(strncmp(info.subject, "CN=OpenNDES CA on ", 18) == 0);
    /* RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime */
    assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(root)), V_ASN1_UTCTIME);
    assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(root)), V_ASN1_GENERALIZEDTIME);
    /* the RA does not outlive its CA */
    assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(ra), X509_get0_notAfter(root)), 0);
    X509_free(root);
    X509_free(ra);
    test_folder_remove(&folder);
}

struct option_case {
    const char *name;
    const char *ca_name;
    const char *subject;
    int64_t validity_days;
    unsigned ra_bits;
    int64_t ra_validity_days;
    enum reason reason;
};

static const struct option_case option_cases[] = {
    { "name with slash", "a/b", "CN=x", 1, 2048, 1, REASON_TEMPLATE_NAME },
    { "name goes up", "..", "CN=x", 1, 2048, 1, REASON_TEMPLATE_NAME },
    { "draft's name", ".x.new", "CN=x", 1, 2048, 1, REASON_TEMPLATE_NAME },
    { "device name", "nul", "CN=x", 1, 2048, 1, REASON_TEMPLATE_NAME },
    { "subject", "x", "CN", 1, 2048, 1, REASON_USAGE },
    { "subject empty", "x", "", 1, 2048, 1, REASON_USAGE },
    { "no days", "x", "CN=x", 0, 2048, 1, REASON_USAGE },
    { "too many days", "x", "CN=x", 36501, 2048, 1, REASON_USAGE },
    { "RA too small", "x", "CN=x", 1, 1024, 1, REASON_USAGE },
    { "RA too large", "x", "CN=x", 1, 4096, 1, REASON_USAGE },
    { "RA no days", "x", "CN=x", 1, 2048, 0, REASON_USAGE },
};

static bool count_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    size_t *count = context;

    (void)is_folder;
    (void)err;
    if (strcmp(name, ".lock") != 0) {
        (*count)++;
    }
    return true;
}

/* Entries of <data>/ca apart from the lock. */
static size_t entries(const struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    size_t count = 0;

    test_folder_path(folder, "ca", path);
    if (folder_exists(path)) {
        assert_done(folder_list(path, 100, count_entry, &count, &err), &err, "list");
    }
    return count;
}

static void create__option_out_of_range__refused_and_nothing_left(void **state)
{
    struct test_folder folder;

    (void)state;
    test_folder_create(&folder);
    for (size_t i = 0; i < sizeof(option_cases) / sizeof(option_cases[0]); i++) {
        const struct option_case *c = &option_cases[i];
        struct ca_new_options options = fixture_options(&folder);
        struct error err = ERROR_INIT;

        options.name = c->ca_name;
        options.subject = c->subject;
        options.validity_days = c->validity_days;
        options.ra_bits = c->ra_bits;
        options.ra_validity_days = c->ra_validity_days;
        assert_refusal(ca_files_create(&options, &err), &err, c->reason, c->name);
        assert_int_equal(entries(&folder), 0);
    }
    test_folder_remove(&folder);
}

static void key_spec_parse__unknown__lists_what_is_possible(void **state)
{
    struct error err = ERROR_INIT;
    enum ca_key_spec spec = CA_KEY_EC_P384;

    (void)state;
    assert_refused(ca_key_spec_parse("rsa1024", &spec, &err), &err, REASON_USAGE, "rsa1024");
    assert_non_null(strstr(err.detail, "rsa2048, rsa3072, rsa4096, p256, p384"));
    assert_int_equal(spec, CA_KEY_EC_P384);
}

/* What lies in the CA's folder when create is called, and what must be said of it. */
struct leftover_case {
    const char *name;
    const char *folder;
    const char *file;
    bool created;
};

static const struct leftover_case leftover_cases[] = {
    { "draft with files", "ca/.issuing.new", "ca.crt", true },
    { "draft, empty", "ca/.issuing.new", NULL, true },
    { "folder, empty", "ca/issuing", NULL, true },
    { "a CA", "ca/issuing", "ca.crt", false },
    { "a CA that lost its certificate", "ca/issuing", "ca.key", false },
    { "a request", "ca/issuing", "request.csr", false },
};

static void create__something_there__drafts_go_everything_else_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(leftover_cases) / sizeof(leftover_cases[0]); i++) {
        const struct leftover_case *c = &leftover_cases[i];
        struct test_folder folder;
        struct error err = ERROR_INIT;
        struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
        char path[FILE_PATH_MAX];
        char file[FILE_PATH_MAX];

        test_folder_create(&folder);
        struct ca_new_options options = fixture_options(&folder);
        test_folder_path(&folder, c->folder, path);
        assert_done(folder_create(path, true, &err), &err, c->name);
        if (c->file != NULL) {
            assert_done(path_join(file, path, c->file, &err)
                            && file_write_atomic(file, bytes_of_text("precious"), true, &err),
                        &err, c->name);
        }
        if (c->created) {
            assert_done(ca_files_create(&options, &err), &err, c->name);
            ca_free(fixture_open(&folder, NULL, NULL));
        } else {
            assert_refusal(ca_files_create(&options, &err), &err, REASON_CA_EXISTS, c->name);
            assert_done(file_read(file, 100, &content, &err), &err, c->name);
            assert_bytes_text(buffer_bytes(&content), "precious");
        }
        assert_int_equal(entries(&folder), 1);
        buffer_clear(&content);
        test_folder_remove(&folder);
    }
}

/* As a power failure leaves it: every file there, but the last rename never happened. */
static void create__interrupted_before_rename__no_ca(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    char whole[FILE_PATH_MAX];
    char draft[FILE_PATH_MAX];

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    const struct ca_builtin_options open = { .data_folder = folder.path, .name = "issuing" };
    assert_done(ca_files_create(&options, &err), &err, "create");
    test_folder_path(&folder, "ca/issuing", whole);
    test_folder_path(&folder, "ca/.issuing.new", draft);
    assert_done(file_rename(whole, draft, &err), &err, "rename");
    assert_refusal(ca_builtin_open(&open, &err) != NULL, &err, REASON_CA_MISSING, "open");
    assert_done(ca_files_create(&options, &err), &err, "again");
    assert_false(folder_exists(draft));
    test_folder_remove(&folder);
}

static void create__another_command_holds_the_lock__refused(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct ca_folder other;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    assert_done(ca_folder_open(&other, folder.path, "other", &err), &err, "open");
    assert_done(ca_folder_lock(&other, &err), &err, "lock");
    assert_refusal(ca_files_create(&options, &err), &err, REASON_DATA_FOLDER_IN_USE, "create");
    ca_folder_close(&other);
    assert_done(ca_files_create(&options, &err), &err, "create");
    test_folder_remove(&folder);
}

static bool note_name(void *context, const char *name, struct error *err)
{
    return buffer_append_text(context, name, err) && buffer_append_byte(context, ' ', err);
}

static bool stop_at_once(void *context, const char *name, struct error *err)
{
    (void)context;
    return error_set(err, REASON_USAGE, "stopped at %s", name);
}

static void list__cas_requests_and_others__sorted_names_of_ours(void **state)
{
    static const char *const files[] = { "ca/b/ca.crt",      "ca/a/request.csr", "ca/c/ca.key",
                                         "ca/.d.new/ca.crt", "ca/UPPER/ca.crt",  "ca/e/notes.txt" };
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct buffer names = BUFFER_INIT(100);

    (void)state;
    test_folder_create(&folder);
    assert_done(ca_files_list(folder.path, note_name, &names, &err), &err, "nothing there");
    assert_int_equal(names.len, 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[FILE_PATH_MAX];

        test_folder_path(&folder, files[i], path);
        *strrchr(path, '/') = 0;
        assert_done(folder_create(path, true, &err), &err, files[i]);
        test_folder_write(&folder, files[i], "x");
    }
    test_folder_write(&folder, "ca/file", "x");
    assert_done(ca_files_list(folder.path, note_name, &names, &err), &err, "list");
    assert_string_equal(buffer_text(&names), "a b ");
    assert_refusal(ca_files_list(folder.path, stop_at_once, NULL, &err), &err, REASON_USAGE,
                   "stop");
    buffer_clear(&names);
    test_folder_remove(&folder);
}

static void renew_ra__existing_ca__new_key_and_certificate(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    X509 *root = NULL;
    X509 *before = NULL;
    X509 *after = NULL;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    assert_refusal(ca_files_renew_ra(&options, &err), &err, REASON_CA_MISSING, "no CA");
    assert_done(ca_files_create(&options, &err), &err, "create");
    before = fixture_certificate(&folder, "ra.crt");
    assert_done(ca_files_renew_ra(&options, &err), &err, "renew");
    after = fixture_certificate(&folder, "ra.crt");
    root = fixture_certificate(&folder, "ca.crt");
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(before), X509_get0_pubkey(after)), 0);
    assert_verifies(after, root, NULL);
    ca_free(fixture_open(&folder, NULL, NULL));
    X509_free(before);
    X509_free(after);
    X509_free(root);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_key_spec__certificates_as_specified),
        cmocka_unit_test(create__default_subject_beyond_2049__named_after_host),
        cmocka_unit_test(create__option_out_of_range__refused_and_nothing_left),
        cmocka_unit_test(key_spec_parse__unknown__lists_what_is_possible),
        cmocka_unit_test(create__something_there__drafts_go_everything_else_stays),
        cmocka_unit_test(create__interrupted_before_rename__no_ca),
        cmocka_unit_test(create__another_command_holds_the_lock__refused),
        cmocka_unit_test(list__cas_requests_and_others__sorted_names_of_ours),
        cmocka_unit_test(renew_ra__existing_ca__new_key_and_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
