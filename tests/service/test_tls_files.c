/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_fixture.h"

#include <string.h>

#include <openssl/ec.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/csr.h"
#include "platform/clock.h"
#include "service/tls_pair.h"
#include "service/tls_report.h"

static int set_up(void **state)
{
    static struct tls_world world;

    tls_world_create(&world);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    tls_world_clear(*state);
    return 0;
}

/* ---- an administrator's files --------------------------------------------------------------- */

static void load__pem__every_form(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };
    char absolute[FILE_PATH_MAX];

    make_server(&made, &(struct wanted){ .eku = "serverAuth" });
    X509 *const mixed[] = { made.root, made.issuer, made.cert };

    write_key(world, "plain.key", made.key, NULL);
    write_key(world, "sealed.key", made.key, PASSWORD);
    write_chain(world, "chain.pem", &made, NULL, NULL);
    write_chain(world, "all.pem", &made, made.key, NULL);
    write_chain(world, "all-sealed.pem", &made, made.key, PASSWORD);
    sample_write_pem(&world->folder, "mixed.pem", mixed, 3, NULL, NULL, NULL);

    tls_world_set(world, "chain.pem", "plain.key");
    assert_loads(world, &made, TLS_SOURCE_FILES, "two files");
    tls_world_set(world, "mixed.pem", "plain.key");
    assert_loads(world, &made, TLS_SOURCE_FILES, "the certificate last");
    tls_world_set(world, "all.pem", "");
    assert_loads(world, &made, TLS_SOURCE_FILES, "one file");
    test_folder_path(&world->folder, "all.pem", absolute);
    tls_world_set(world, absolute, "");
    assert_loads(world, &made, TLS_SOURCE_FILES, "absolute");

    tls_world_set(world, "chain.pem", "sealed.key");
    assert_no_load(world, "openndes tls password -", "encrypted, no password");
    seal_password(world, "another password");
    assert_no_load(world, "does not open with this password", "encrypted, wrong password");
    seal_password(world, PASSWORD);
    assert_loads(world, &made, TLS_SOURCE_FILES, "encrypted");
    tls_world_set(world, "all-sealed.pem", "");
    assert_loads(world, &made, TLS_SOURCE_FILES, "encrypted, one file");
    tls_world_set(world, "all.pem", "");
    assert_loads(world, &made, TLS_SOURCE_FILES, "a password that is not needed");
    made_clear(&made);
}

static void load__pkcs12__every_form(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };

    make_server(&made, &(struct wanted){ .take_key = sample_key_rsa(), .eku = "serverAuth" });
    write_key(world, "plain.key", made.key, NULL);
    assert_true(write_pkcs12(world, "none.pfx", &made, "", false));
    assert_true(write_pkcs12(world, "modern.p12", &made, PASSWORD, false));
    /* Found by content: the name says nothing. */
    assert_true(write_pkcs12(world, "server.crt", &made, PASSWORD, false));

    tls_world_set(world, "none.pfx", "");
    assert_loads(world, &made, TLS_SOURCE_PKCS12, "no password");
    tls_world_set(world, "modern.p12", "");
    assert_no_load(world, "openndes tls password -", "no password kept");
    seal_password(world, "another password");
    assert_no_load(world, "does not open with this password", "wrong password");
    seal_password(world, PASSWORD);
    assert_loads(world, &made, TLS_SOURCE_PKCS12, "modern");
    tls_world_set(world, "server.crt", "");
    assert_loads(world, &made, TLS_SOURCE_PKCS12, "by content");
    tls_world_set(world, "none.pfx", "");
    assert_loads(world, &made, TLS_SOURCE_PKCS12, "a password that is not needed");
    tls_world_set(world, "none.pfx", "plain.key");
    assert_no_load(world, "holds its key", "with a key file");
    if (write_pkcs12(world, "legacy.pfx", &made, PASSWORD, true)) {
        tls_world_set(world, "legacy.pfx", "");
        assert_loads(world, &made, TLS_SOURCE_PKCS12, "as old Windows exports: RC2-40, 3DES");
    } else {
        print_message("skipped: legacy.pfx: no legacy provider\n");
    }
    made_clear(&made);
}

static void load__der__certificate_and_key(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };
    struct buffer der = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error err = ERROR_INIT;

    make_server(&made, &(struct wanted){ .eku = NULL });
    assert_done(certificate_der(made.cert, &der, &err), &err, "DER");
    sample_write(&world->folder, "server.cer", der.data, der.len);
    write_key(world, "plain.key", made.key, NULL);
    tls_world_set(world, "server.cer", "plain.key");
    assert_done(tls_files_load(world->folder.path, &world->config, &files, &err), &err, "");
    assert_int_equal(server_cert_chain_length(&files.server), 0);
    tls_files_clear(&files);
    buffer_clear(&der);
    made_clear(&made);
}

static void load__unfit_certificate__refused_with_advice(void **state)
{
    static const struct {
        const char *name;
        struct wanted wanted;
        const char *text; /* NULL: loads */
    } cases[] = {
        { "a CA's", { .is_ca = true }, "CA:TRUE" },
        { "for clients", { .eku = "clientAuth" }, "serverAuth" },
        { "for clients and servers", { .eku = "clientAuth,serverAuth" }, NULL },
        { "for everything", { .eku = "anyExtendedKeyUsage" }, NULL },
        { "no extended key usage", { .eku = NULL }, NULL },
        /* An ended certificate is better than no service. */
        { "ended", { .not_before = 1000000000, .not_after = 1100000000 }, NULL },
        { "not yet valid", { .not_before = 3000000000, .not_after = 3100000000 }, NULL },
    };
    struct tls_world *world = *state;

    tls_world_set(world, "all.pem", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made made = { .key = NULL };

        make_server(&made, &cases[i].wanted);
        write_chain(world, "all.pem", &made, made.key, NULL);
        if (cases[i].text == NULL) {
            assert_loads(world, &made, TLS_SOURCE_FILES, cases[i].name);
        } else {
            assert_no_load(world, cases[i].text, cases[i].name);
        }
        made_clear(&made);
    }
}

static void load__kinds_of_keys__rsa_2048_and_three_curves(void **state)
{
    struct {
        const char *name;
        EVP_PKEY *key;
        const char *text; /* NULL: loads */
    } cases[] = {
        { "RSA 1024", EVP_RSA_gen(1024), "1024 bits" },
        { "RSA 2048", EVP_RSA_gen(2048), NULL },
        { "P-256", EVP_EC_gen("prime256v1"), NULL },
        { "P-384", EVP_EC_gen("secp384r1"), NULL },
        { "P-521", EVP_EC_gen("secp521r1"), NULL },
        { "secp256k1", EVP_EC_gen("secp256k1"), "named curve" },
        { "Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "neither RSA nor EC" },
    };
    struct tls_world *world = *state;

    tls_world_set(world, "all.pem", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made made = { .key = NULL };

        assert_non_null(cases[i].key);
        make_server(&made, &(struct wanted){ .take_key = cases[i].key });
        write_chain(world, "all.pem", &made, made.key, NULL);
        if (cases[i].text == NULL) {
            assert_loads(world, &made, TLS_SOURCE_FILES, cases[i].name);
        } else {
            assert_no_load(world, cases[i].text, cases[i].name);
        }
        made_clear(&made);
    }
}

static void load__files_missing_or_wrong__refused(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };
    struct made other = { .key = NULL };
    char *large = NULL;

    make_server(&made, &(struct wanted){ .eku = NULL });
    make_server(&other, &(struct wanted){ .eku = NULL });
    write_chain(world, "chain.pem", &made, NULL, NULL);
    write_key(world, "other.key", other.key, NULL);
    test_folder_write(&world->folder, "garbage", "not a certificate");
    large = test_calloc(1, LIMIT_PEM_FILE_BYTES + 1);
    sample_write(&world->folder, "large", large, LIMIT_PEM_FILE_BYTES + 1);
    test_free(large);

    assert_no_load(world, "openndes tls issue", "nothing at all");
    tls_world_set(world, "", "other.key");
    assert_no_load(world, "https.certificate is not", "a key alone");
    tls_world_set(world, "nowhere.pem", "");
    assert_no_load(world, "nowhere.pem", "missing certificate");
    tls_world_set(world, "chain.pem", "nowhere.key");
    assert_no_load(world, "nowhere.key", "missing key");
    tls_world_set(world, "chain.pem", "");
    assert_no_load(world, "https.key", "no key named");
    tls_world_set(world, "chain.pem", "other.key");
    assert_no_load(world, "no certificate in it belongs to the key", "swapped pair");
    tls_world_set(world, "garbage", "other.key");
    assert_no_load(world, "garbage", "garbage as certificate");
    tls_world_set(world, "chain.pem", "garbage");
    assert_no_load(world, "garbage", "garbage as key");
    tls_world_set(world, "large", "other.key");
    assert_no_load(world, "large", "too large");
    made_clear(&made);
    made_clear(&other);
}

static void path__relative_and_absolute__of_both_systems(void **state)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        { "server.pem", "data/server.pem" },
        { "certs/server.pem", "data/certs/server.pem" },
        { "/etc/ssl/server.pem", "/etc/ssl/server.pem" },
        { "C:\\certs\\server.pfx", "C:\\certs\\server.pfx" },
        { "d:/certs/server.pfx", "d:/certs/server.pfx" },
        { "\\\\files\\certs\\server.pfx", "\\\\files\\certs\\server.pfx" },
        { "//files/certs/server.pfx", "//files/certs/server.pfx" },
        { "c:server.pfx", "data/c:server.pfx" }, /* of whatever folder drive C: is in: never */
    };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_done(tls_files_path("data", cases[i].name, path, &err), &err, cases[i].name);
        assert_string_equal(path, cases[i].path);
    }
}

static void put_password__only_one_that_opens(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };
    struct secret right = SECRET_INIT;
    struct secret wrong = SECRET_INIT;
    struct secret kept = SECRET_INIT;
    struct buffer sealed = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    bool found = false;

    make_server(&made, &(struct wanted){ .eku = NULL });
    assert_true(write_pkcs12(world, "server.pfx", &made, PASSWORD, false));
    assert_done(secret_set(&right, PASSWORD, strlen(PASSWORD), &err), &err, "");
    assert_done(secret_set(&wrong, "wrong", 5, &err), &err, "");
    assert_refusal(tls_files_put_password(world->folder.path, &world->config, &right, &err), &err,
                   REASON_USAGE, "no file named");
    tls_world_set(world, "server.pfx", "");
    assert_refusal(tls_files_put_password(world->folder.path, &world->config, &wrong, &err), &err,
                   REASON_TLS_CERTIFICATE, "wrong");
    assert_done(tls_files_password(world->folder.path, &kept, &found, &err), &err, "");
    assert_false(found);
    assert_done(tls_files_put_password(world->folder.path, &world->config, &right, &err), &err, "");
    assert_done(tls_files_password(world->folder.path, &kept, &found, &err), &err, "");
    assert_true(found);
    assert_true(secret_equal(secret_bytes(&kept), secret_bytes(&right)));
    assert_loads(world, &made, TLS_SOURCE_PKCS12, "");
    test_folder_read(&world->folder, TLS_FILE_PASSWORD, &sealed);
    assert_null(strstr(buffer_text(&sealed), PASSWORD));
    buffer_clear(&sealed);
    secret_clear(&right);
    secret_clear(&wrong);
    secret_clear(&kept);
    made_clear(&made);
}

/* ---- the pair in the data folder ------------------------------------------------------------ */

static bool exists(const struct tls_world *world, const char *name)
{
    char path[FILE_PATH_MAX];

    test_folder_path(&world->folder, name, path);
    return file_exists(path);
}

static void install__twice__the_key_is_sealed(void **state)
{
    struct tls_world *world = *state;
    struct made first = { .key = NULL };
    struct made second = { .key = NULL };
    struct buffer key = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    bool removed = false;

    make_server(&first, &(struct wanted){ .eku = "serverAuth" });
    make_server(&second, &(struct wanted){ .take_key = sample_key_rsa() });
    assert_false(tls_files_configured(world->folder.path, &world->config));
    install(world, &first);
    assert_true(tls_files_configured(world->folder.path, &world->config));
    assert_loads(world, &first, TLS_SOURCE_OWN, "first");
    install(world, &second);
    assert_loads(world, &second, TLS_SOURCE_OWN, "second");
    assert_false(exists(world, TLS_FILE_NEW_KEY));
    test_folder_read(&world->folder, TLS_FILE_KEY, &key);
    assert_int_equal(memcmp(key.data, "ONDP1", 5), 0);
    buffer_clear(&key);
    assert_done(tls_files_remove(world->folder.path, &removed, &err), &err, "");
    assert_true(removed);
    assert_no_load(world, "openndes tls issue", "removed");
    assert_done(tls_files_remove(world->folder.path, &removed, &err), &err, "");
    assert_false(removed);
    made_clear(&first);
    made_clear(&second);
}

/* Owned: the key without its private half. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *half = NULL;

    assert_true(len > 0);
    half = d2i_PUBKEY(NULL, &p, len);
    assert_non_null(half);
    OPENSSL_free(der);
    return half;
}

/* server.key, server.key.new and server.crt as a power failure after each step leaves them. */
static void install__cut_off_after_each_step__a_whole_pair_stays(void **state)
{
    struct tls_world *world = *state;
    struct made old = { .key = NULL };
    struct made new = { .key = NULL };
    struct made third = { .key = NULL };
    struct server_cert no_key = { .cert = NULL };
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error err = ERROR_INIT;

    make_server(&old, &(struct wanted){ .eku = NULL });
    make_server(&new, &(struct wanted){ .eku = NULL });
    make_server(&third, &(struct wanted){ .eku = NULL });
    install(world, &new);
    copy_file(world, TLS_FILE_CERT, "new.crt");
    copy_file(world, TLS_FILE_KEY, "new.key");
    install(world, &old);

    copy_file(world, "new.key", TLS_FILE_NEW_KEY);
    assert_loads(world, &old, TLS_SOURCE_OWN, "after the first step");
    copy_file(world, "new.crt", TLS_FILE_CERT);
    assert_loads(world, &new, TLS_SOURCE_OWN, "after the second step");

    /* The next replacement saves the key in use first: it fails here, the pair stays whole. */
    no_key = (struct server_cert){ third.cert, public_half(third.key), NULL };
    assert_refusal(tls_files_install(world->folder.path, &no_key, &err), &err,
                   REASON_KEY_UNREADABLE, "no private half");
    EVP_PKEY_free(no_key.key);
    assert_done(tls_files_load(world->folder.path, &world->config, &files, &err), &err, "");
    assert_false(files.key_waits);
    tls_files_clear(&files);
    assert_false(exists(world, TLS_FILE_NEW_KEY));
    assert_loads(world, &new, TLS_SOURCE_OWN, "settled");

    install(world, &third);
    assert_loads(world, &third, TLS_SOURCE_OWN, "third");
    made_clear(&old);
    made_clear(&new);
    made_clear(&third);
}

static void load__sealed_on_another_machine__says_so(void **state)
{
    struct tls_world *world = *state;
    struct made made = { .key = NULL };
    struct buffer key = BUFFER_INIT(65536);

    make_server(&made, &(struct wanted){ .eku = NULL });
    install(world, &made);
    test_folder_read(&world->folder, TLS_FILE_KEY, &key);
    key.data[key.len / 2] ^= 1;
    sample_write(&world->folder, TLS_FILE_KEY, key.data, key.len);
    assert_no_load(world, "openndes tls issue", "damaged");
    buffer_clear(&key);
    made_clear(&made);
}

static void lock__held__the_next_is_told(void **state)
{
    struct tls_world *world = *state;
    struct file_lock *lock = NULL;
    struct file_lock *second = NULL;
    struct error err = ERROR_INIT;

    assert_done(tls_files_lock(world->folder.path, &lock, &err), &err, "");
    assert_refusal(tls_files_lock(world->folder.path, &second, &err), &err,
                   REASON_DATA_FOLDER_IN_USE, "second");
    file_lock_release(lock);
    assert_done(tls_files_lock(world->folder.path, &second, &err), &err, "free again");
    file_lock_release(second);
}

/* ---- report --------------------------------------------------------------------------------- */

struct collected {
    size_t errors, warnings;
    char text[2048];
};

static bool collect(void *context, bool is_error, const char *text, struct error *err)
{
    struct collected *found = context;

    (void)err;
    found->errors += is_error ? 1 : 0;
    found->warnings += is_error ? 0 : 1;
    return text_format(found->text, sizeof(found->text), "%s", text);
}

static void report__each_flaw__one_sentence(void **state)
{
    static const struct {
        const char *name;
        struct wanted wanted;
        const char *url;
        size_t errors, warnings;
        const char *text;
    } cases[] = {
        { "fine", { .eku = "serverAuth" }, "https://scep.example.com", 0, 0, "" },
        { "ended", { .not_after = 1100000000, .not_before = 1 }, "", 1, 0, "ended at 2004" },
        { "begins later", { .not_before = 3000000000 }, "", 1, 0, "clock" },
        { "names",
          { .san = "DNS:other.example" },
          "https://scep.example.com:8443",
          0,
          1,
          "scep.example.com" },
        { "names, http", { .san = "DNS:other.example" }, "http://scep.example.com", 0, 0, "" },
        { "wildcard", { .san = "DNS:*.example.com" }, "https://scep.example.com", 0, 0, "" },
        { "address", { .san = "IP:192.0.2.1" }, "https://192.0.2.1", 0, 0, "" },
        { "address, IPv6", { .san = "IP:2001:db8::1" }, "https://[2001:db8::1]:443", 0, 0, "" },
        { "another address", { .san = "IP:192.0.2.1" }, "https://192.0.2.2", 0, 1, "192.0.2.2" },
        { "no names", { .san = "URI:http://x" }, "", 0, 1, "alternative name" },
        { "key usage", { .key_usage = KEY_USAGE_KEY_ENCIPHERMENT }, "", 0, 1, "digitalSignature" },
    };
    struct tls_world *world = *state;
    struct error err = ERROR_INIT;

    tls_world_set(world, "all.pem", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collected found = { .errors = 0 };
        struct tls_files files = { .source = TLS_SOURCE_OWN };
        struct service_config with_url = world->config;
        struct made made = { .key = NULL };
        char url[128];

        assert_true(text_copy(url, sizeof(url), cases[i].url));
        with_url.public_url = url;
        make_server(&made, &cases[i].wanted);
        write_chain(world, "all.pem", &made, made.key, NULL);
        assert_done(tls_files_load(world->folder.path, &world->config, &files, &err), &err,
                    cases[i].name);
        assert_done(tls_report(&files, &with_url, clock_now(), collect, &found, &err), &err,
                    cases[i].name);
        if (found.errors != cases[i].errors || found.warnings != cases[i].warnings
            || strstr(found.text, cases[i].text) == NULL) {
            fail_msg("%s: %zu errors, %zu warnings, \"%s\"", cases[i].name, found.errors,
                     found.warnings, found.text);
        }
        tls_files_clear(&files);
        made_clear(&made);
    }
}

static void report__times__thirty_days(void **state)
{
    struct certificate_info info = { .not_before = 1000 * DAY, .not_after = 2000 * DAY };
    char text[256];

    (void)state;
    assert_int_equal(tls_report_times(&info, 1970 * DAY, text, sizeof(text)), TLS_TIMES_FINE);
    assert_int_equal(tls_report_times(&info, 1970 * DAY + 1, text, sizeof(text)),
                     TLS_TIMES_END_SOON);
    assert_int_equal(tls_report_times(&info, 2000 * DAY, text, sizeof(text)), TLS_TIMES_END_SOON);
    assert_int_equal(tls_report_times(&info, 2000 * DAY + 1, text, sizeof(text)), TLS_TIMES_ENDED);
    assert_int_equal(tls_report_times(&info, 1000 * DAY - 1, text, sizeof(text)),
                     TLS_TIMES_NOT_YET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(load__pem__every_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__pkcs12__every_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__der__certificate_and_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__unfit_certificate__refused_with_advice, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(load__kinds_of_keys__rsa_2048_and_three_curves, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(load__files_missing_or_wrong__refused, set_up, tear_down),
        cmocka_unit_test(path__relative_and_absolute__of_both_systems),
        cmocka_unit_test_setup_teardown(put_password__only_one_that_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(install__twice__the_key_is_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(install__cut_off_after_each_step__a_whole_pair_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__sealed_on_another_machine__says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lock__held__the_next_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(report__each_flaw__one_sentence, set_up, tear_down),
        cmocka_unit_test(report__times__thirty_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
