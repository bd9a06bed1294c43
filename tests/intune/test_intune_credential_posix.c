/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/x509.h>

#include "intune/intune_credential.h"
#include "intune/intune_credential_files.h"

/* Copy a file of one data folder into another one: another machine's, with a key of its own. */
static void carry(const struct test_folder *from, const struct test_folder *to, const char *name)
{
    struct buffer content = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_read(from, name, &content);
    test_folder_path(to, name, path);
    assert_done(file_write_atomic(path, buffer_bytes(&content), true, &err), &err, name);
    buffer_clear(&content);
}

static void credential__of_another_machine__refused(void **state)
{
    struct test_folder ours, theirs;
    struct secret got = SECRET_INIT;
    struct error err = ERROR_INIT;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;

    (void)state;
    test_folder_create(&ours);
    test_folder_create(&theirs);
    assert_done(
        intune_secret_set(theirs.path, INTUNE_SECRET_CLIENT, bytes_of_text("Marker-4711"), &err),
        &err, "");
    assert_done(intune_certificate_new(theirs.path, "theirs", 10, &err), &err, "");
    assert_done(intune_secret_set(ours.path, INTUNE_SECRET_PROXY, bytes_of_text("p"), &err), &err,
                "");
    carry(&theirs, &ours, INTUNE_FILE_SECRET);
    carry(&theirs, &ours, INTUNE_FILE_KEY);
    carry(&theirs, &ours, INTUNE_FILE_CERT);
    assert_refused(intune_secret_get(ours.path, INTUNE_SECRET_CLIENT, &got, &found, &err), &err,
                   REASON_KEY_PROTECTION, "secret");
    assert_null(strstr(err.detail, "Marker"));
    error_clear(&err);
    assert_refused(intune_certificate_get(ours.path, &cert, &key, &found, &err), &err,
                   REASON_KEY_PROTECTION, "key");
    error_clear(&err);
    /* a certificate of our own takes their place */
    assert_done(intune_certificate_new(ours.path, "ours", 10, &err), &err, "");
    assert_done(intune_certificate_get(ours.path, &cert, &key, &found, &err), &err, "");
    assert_true(found);
    X509_free(cert);
    EVP_PKEY_free(key);
    test_folder_remove(&ours);
    test_folder_remove(&theirs);
}

static void credential__files__private(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = { { INTUNE_FOLDER, 0700 },
                  { INTUNE_FILE_SECRET, 0600 },
                  { INTUNE_FILE_KEY, 0600 } };
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_secret_set(folder.path, INTUNE_SECRET_CLIENT, bytes_of_text("s"), &err),
                &err, "");
    assert_done(intune_certificate_new(folder.path, "x", 10, &err), &err, "");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[FILE_PATH_MAX];
        struct stat info;

        test_folder_path(&folder, files[i].name, path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, files[i].mode);
    }
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credential__of_another_machine__refused),
        cmocka_unit_test(credential__files__private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
