/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "intune/intune_credential.h"
#include "intune/intune_credential_files.h"
#include "model/certificate.h"
#include "platform/clock.h"

#define SECRET "Secret~Marker.4711"
#define TOKEN_URL "https://login.example.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
#define CLIENT_ID "11111111-2222-3333-4444-555555555555"
#define NOW INT64_C(1800000000)

/* ---- secrets --------------------------------------------------------------------------------- */

static void assert_not_in_file(const struct test_folder *folder, const char *name, const char *text)
{
    struct buffer content = BUFFER_INIT(1048576);
    size_t len = strlen(text);

    test_folder_read(folder, name, &content);
    assert_true(content.len > 0);
    for (size_t i = 0; i + len <= content.len; i++) {
        assert_memory_not_equal(content.data + i, text, len);
    }
    buffer_clear(&content);
}

static void secret__set_get_remove__sealed(void **state)
{
    static const enum intune_secret_kind kinds[] = { INTUNE_SECRET_CLIENT, INTUNE_SECRET_PROXY };
    static const char *const files[] = { INTUNE_FILE_SECRET, INTUNE_FILE_PROXY };
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    for (size_t i = 0; i < 2; i++) {
        struct secret got = SECRET_INIT;
        bool found = true;
        bool removed = true;

        assert_done(intune_secret_get(folder.path, kinds[i], &got, &found, &err), &err, "none");
        assert_false(found);
        assert_done(intune_secret_remove(folder.path, kinds[i], &removed, &err), &err, "none");
        assert_false(removed);
        assert_done(intune_secret_set(folder.path, kinds[i], bytes_of_text("first"), &err), &err,
                    "");
        assert_done(intune_secret_set(folder.path, kinds[i], bytes_of_text(SECRET), &err), &err,
                    "replaced");
        assert_done(intune_secret_get(folder.path, kinds[i], &got, &found, &err), &err, "");
        assert_true(found);
        assert_bytes_text(secret_bytes(&got), SECRET);
        assert_not_in_file(&folder, files[i], SECRET);
        secret_clear(&got);
    }
    for (size_t i = 0; i < 2; i++) {
        struct secret got = SECRET_INIT;
        bool found = true;
        bool removed = false;

        assert_done(intune_secret_remove(folder.path, kinds[i], &removed, &err), &err, "");
        assert_true(removed);
        assert_done(intune_secret_get(folder.path, kinds[i], &got, &found, &err), &err, "");
        assert_false(found);
    }
    test_folder_remove(&folder);
}

static void secret__empty_or_overlong__refused(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    char text[5000];

    (void)state;
    test_folder_create(&folder);
    memset(text, 's', sizeof(text));
    assert_refused(intune_secret_set(folder.path, INTUNE_SECRET_CLIENT, bytes_of_text(""), &err),
                   &err, REASON_USAGE, "empty");
    error_clear(&err);
    assert_refused(intune_secret_set(folder.path, INTUNE_SECRET_CLIENT, bytes_of(text, 4097), &err),
                   &err, REASON_USAGE, "overlong");
    error_clear(&err);
    assert_done(intune_secret_set(folder.path, INTUNE_SECRET_CLIENT, bytes_of(text, 4096), &err),
                &err, "longest");
    test_folder_remove(&folder);
}

static void damage(const struct test_folder *folder, const char *name)
{
    struct buffer content = BUFFER_INIT(1048576);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_read(folder, name, &content);
    content.data[content.len - 3] ^= 0x20;
    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, buffer_bytes(&content), true, &err), &err, name);
    buffer_clear(&content);
}

static void copy(const struct test_folder *folder, const char *from, const char *to)
{
    struct buffer content = BUFFER_INIT(1048576);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_read(folder, from, &content);
    test_folder_path(folder, to, path);
    assert_done(file_write_atomic(path, buffer_bytes(&content), true, &err), &err, to);
    buffer_clear(&content);
}

static void secret__damaged_or_of_another_kind__refused(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct secret got = SECRET_INIT;
    bool found = false;

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_secret_set(folder.path, INTUNE_SECRET_CLIENT, bytes_of_text(SECRET), &err),
                &err, "");
    copy(&folder, INTUNE_FILE_SECRET, INTUNE_FILE_PROXY);
    assert_refused(intune_secret_get(folder.path, INTUNE_SECRET_PROXY, &got, &found, &err), &err,
                   REASON_KEY_PROTECTION, "another purpose");
    error_clear(&err);
    damage(&folder, INTUNE_FILE_SECRET);
    assert_refused(intune_secret_get(folder.path, INTUNE_SECRET_CLIENT, &got, &found, &err), &err,
                   REASON_KEY_PROTECTION, "damaged");
    assert_null(strstr(err.detail, SECRET));
    assert_null(got.data);
    test_folder_remove(&folder);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void get_info(const char *data, struct certificate_info *info)
{
    struct error err = ERROR_INIT;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;

    assert_done(intune_certificate_get(data, &cert, &key, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_done(certificate_info(cert, info, &err), &err, "");
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void certificate__new__as_entra_wants_it(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct certificate_info info;
    struct buffer text = BUFFER_INIT(65536);
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = true;
    bool removed = false;
    int64_t now = clock_now();

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "none");
    assert_false(found);
    assert_done(intune_certificate_remove(folder.path, &removed, &err), &err, "none");
    assert_false(removed);
    assert_done(intune_certificate_new(folder.path, "OpenNDES Gr\xc3\xbc\xc3\x9f dich", 365, &err),
                &err, "");
    get_info(folder.path, &info);
    assert_string_equal(info.subject, info.issuer);
    assert_non_null(strstr(info.subject, "CN="));
    assert_true(info.not_before <= now && info.not_before > now - 7200);
    assert_true(info.not_after >= now + 364 * 86400 && info.not_after <= now + 366 * 86400);
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "");
    assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_get_bits(key), 2048);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_CLIENT);
    X509_free(cert);
    EVP_PKEY_free(key);
    test_folder_read(&folder, INTUNE_FILE_CERT, &text);
    assert_null(strstr(buffer_text(&text), "PRIVATE"));
    assert_not_in_file(&folder, INTUNE_FILE_KEY, "PRIVATE");
    buffer_clear(&text);
    assert_done(intune_certificate_remove(folder.path, &removed, &err), &err, "");
    assert_true(removed);
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "removed");
    assert_false(found);
    test_folder_remove(&folder);
}

static void certificate__days__bounded(void **state)
{
    static const int64_t wrong[] = { -1, 0, 3651, INT64_MAX };
    struct test_folder folder;

    (void)state;
    test_folder_create(&folder);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err = ERROR_INIT;

        assert_refused(intune_certificate_new(folder.path, "x", wrong[i], &err), &err, REASON_USAGE,
                       "");
    }
    test_folder_remove(&folder);
}

/* Every step of a replacement that could be the last one before a crash. */
static void certificate__replaced__whole_at_every_step(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct certificate_info first, second, seen;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;
    bool removed = false;

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_certificate_new(folder.path, "first", 100, &err), &err, "");
    get_info(folder.path, &first);
    copy(&folder, INTUNE_FILE_KEY, "first.key");
    copy(&folder, INTUNE_FILE_CERT, "first.crt");
    assert_done(intune_certificate_new(folder.path, "second", 100, &err), &err, "");
    get_info(folder.path, &second);
    assert_memory_not_equal(first.key_sha256, second.key_sha256, sizeof(first.key_sha256));
    copy(&folder, INTUNE_FILE_KEY, "second.key");
    /* the new key is written, the certificate is not */
    copy(&folder, "first.key", INTUNE_FILE_KEY);
    copy(&folder, "first.crt", INTUNE_FILE_CERT);
    copy(&folder, "second.key", INTUNE_FILE_NEW_KEY);
    get_info(folder.path, &seen);
    assert_memory_equal(seen.sha256, first.sha256, sizeof(seen.sha256));
    /* the certificate is, the key is not over the old one */
    assert_done(intune_certificate_new(folder.path, "third", 100, &err), &err, "");
    get_info(folder.path, &second);
    copy(&folder, INTUNE_FILE_KEY, INTUNE_FILE_NEW_KEY);
    copy(&folder, "first.key", INTUNE_FILE_KEY);
    get_info(folder.path, &seen);
    assert_memory_equal(seen.sha256, second.sha256, sizeof(seen.sha256));
    /* a replacement that fails from here on leaves that one, and one that is done counts */
    assert_done(intune_certificate_new(folder.path, "fourth", 100, &err), &err, "");
    get_info(folder.path, &seen);
    assert_memory_not_equal(seen.sha256, second.sha256, sizeof(seen.sha256));
    /* no key fits */
    copy(&folder, "first.key", INTUNE_FILE_KEY);
    assert_refused(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err,
                   REASON_KEY_MISMATCH, "");
    assert_null(cert);
    assert_null(key);
    error_clear(&err);
    damage(&folder, INTUNE_FILE_KEY);
    assert_refused(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err,
                   REASON_KEY_PROTECTION, "damaged key");
    error_clear(&err);
    test_folder_write(&folder, INTUNE_FILE_CERT, "nothing");
    assert_refused(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err,
                   REASON_CERT_UNREADABLE, "damaged certificate");
    error_clear(&err);
    assert_done(intune_certificate_remove(folder.path, &removed, &err), &err, "");
    assert_true(removed);
    test_folder_remove(&folder);
}

/* A removal between the steps of a replacement would leave a certificate without its key. */
static void certificate__while_another_command_changes_it__is_left_alone(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct certificate_info first, seen;
    struct file_lock *lock = NULL;
    char path[FILE_PATH_MAX];
    bool removed = false;
    bool held = false;

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_certificate_new(folder.path, "first", 100, &err), &err, "");
    get_info(folder.path, &first);
    assert_done(path_join(path, folder.path, INTUNE_FILE_LOCK, &err), &err, "");
    assert_done(file_lock_try(path, &lock, &held, &err), &err, "");
    assert_true(held);
    assert_refused(intune_certificate_remove(folder.path, &removed, &err), &err,
                   REASON_DATA_FOLDER_IN_USE, "remove");
    assert_false(removed);
    error_clear(&err);
    assert_refused(intune_certificate_new(folder.path, "second", 100, &err), &err,
                   REASON_DATA_FOLDER_IN_USE, "new");
    error_clear(&err);
    file_lock_release(lock);
    get_info(folder.path, &seen);
    assert_memory_equal(seen.sha256, first.sha256, sizeof(seen.sha256));
    assert_done(intune_certificate_remove(folder.path, &removed, &err), &err, "");
    assert_true(removed);
    test_folder_remove(&folder);
}

static void stamps__each_part__noticed(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct file_stamp before[INTUNE_CREDENTIAL_STAMPS], after[INTUNE_CREDENTIAL_STAMPS];
    const struct file_stamp zero = { 0, 0, 0, 0 };

    (void)state;
    test_folder_create(&folder);
    intune_credential_stamps(folder.path, before);
    for (size_t i = 0; i < INTUNE_CREDENTIAL_STAMPS; i++) {
        assert_true(file_stamp_equal(&before[i], &zero));
    }
    assert_done(intune_secret_set(folder.path, INTUNE_SECRET_PROXY, bytes_of_text("p"), &err), &err,
                "");
    assert_done(intune_certificate_new(folder.path, "x", 1, &err), &err, "");
    intune_credential_stamps(folder.path, after);
    assert_true(file_stamp_equal(&after[0], &zero));
    for (size_t i = 1; i < INTUNE_CREDENTIAL_STAMPS; i++) {
        assert_false(file_stamp_equal(&after[i], &zero));
    }
    intune_credential_stamps(folder.path, before);
    assert_memory_equal(before, after, sizeof(before));
    test_folder_remove(&folder);
}

/* ---- the assertion --------------------------------------------------------------------------- */

/* Decode base64url without padding. */
static void decode(struct bytes text, struct buffer *out)
{
    struct error err = ERROR_INIT;

    buffer_clear(out);
    out->max = 8192;
    for (size_t i = 0; i < text.len; i++) {
        assert_null(memchr("+/=", text.data[i], 3));
    }
    assert_done(base64_decode(text, BASE64_TOLERANT, out, &err), &err, "");
}

static struct json *decode_json(struct bytes text)
{
    struct buffer plain = BUFFER_INIT(8192);
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    decode(text, &plain);
    json = json_value_parse(buffer_bytes(&plain), 8192, 4, &err);
    assert_done(json != NULL, &err, "");
    buffer_clear(&plain);
    return json;
}

static const char *text_of(const struct json *object, const char *key)
{
    const struct json *value = json_value_get(object, key);

    assert_non_null(value);
    assert_int_equal(json_value_kind(value), JSON_KIND_TEXT);
    return json_value_text(value);
}

static int64_t number_of(const struct json *object, const char *key)
{
    const struct json *value = json_value_get(object, key);

    assert_non_null(value);
    return json_value_integer(value);
}

static bool verify(X509 *cert, struct bytes text, struct bytes signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    bool fits = false;

    assert_int_equal(
        EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, X509_get0_pubkey(cert)), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()), 1);
    fits = EVP_DigestVerify(context, signature.data, signature.len, text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

/* Parts of HEADER.CLAIMS.SIGNATURE; signed_part: the first two with their dot. */
struct parts {
    struct bytes header, claims, signature, signed_part;
};

static void split(const struct buffer *jwt, struct parts *out)
{
    const uint8_t *first = memchr(jwt->data, '.', jwt->len);
    const uint8_t *second = NULL;
    const uint8_t *end = jwt->data + jwt->len;

    assert_non_null(first);
    second = memchr(first + 1, '.', (size_t)(end - first - 1));
    assert_non_null(second);
    assert_null(memchr(second + 1, '.', (size_t)(end - second - 1)));
    out->header = bytes_of(jwt->data, (size_t)(first - jwt->data));
    out->claims = bytes_of(first + 1, (size_t)(second - first - 1));
    out->signature = bytes_of(second + 1, (size_t)(end - second - 1));
    out->signed_part = bytes_of(jwt->data, (size_t)(second - jwt->data));
}

static void assertion__verified_with_the_certificate(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct buffer jwt = BUFFER_INIT(16384);
    struct buffer other = BUFFER_INIT(16384);
    struct buffer bytes = BUFFER_INIT(8192);
    struct certificate_info info;
    struct parts parts, other_parts;
    struct json *header = NULL, *claims = NULL, *other_claims = NULL;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;

    (void)state;
    test_folder_create(&folder);
    assert_done(intune_certificate_new(folder.path, "x", 30, &err), &err, "");
    assert_done(intune_certificate_get(folder.path, &cert, &key, &found, &err), &err, "");
    assert_done(certificate_info(cert, &info, &err), &err, "");
    assert_done(intune_assertion(cert, key, TOKEN_URL, CLIENT_ID, NOW, &jwt, &err), &err, "");
    split(&jwt, &parts);
    header = decode_json(parts.header);
    assert_int_equal(json_value_count(header), 3);
    assert_string_equal(text_of(header, "alg"), "PS256");
    assert_string_equal(text_of(header, "typ"), "JWT");
    decode(bytes_of_text(text_of(header, "x5t#S256")), &bytes);
    assert_int_equal(bytes.len, sizeof(info.sha256));
    assert_memory_equal(bytes.data, info.sha256, sizeof(info.sha256));
    claims = decode_json(parts.claims);
    assert_int_equal(json_value_count(claims), 7);
    assert_string_equal(text_of(claims, "aud"), TOKEN_URL);
    assert_string_equal(text_of(claims, "iss"), CLIENT_ID);
    assert_string_equal(text_of(claims, "sub"), CLIENT_ID);
    assert_true(number_of(claims, "nbf") == NOW);
    assert_true(number_of(claims, "iat") == NOW);
    assert_true(number_of(claims, "exp") == NOW + 600);
    decode(parts.signature, &bytes);
    assert_int_equal(bytes.len, 256);
    assert_true(verify(cert, parts.signed_part, buffer_bytes(&bytes)));
    /* another text does not fit the signature */
    assert_false(verify(cert, parts.claims, buffer_bytes(&bytes)));
    /* appended behind what is there, with a jti of its own */
    assert_done(buffer_append_text(&other, "client_assertion=", &err), &err, "");
    assert_done(intune_assertion(cert, key, TOKEN_URL, CLIENT_ID, NOW, &other, &err), &err, "");
    assert_int_equal(strncmp(buffer_text(&other), "client_assertion=eyJ", 20), 0);
    split(&other, &other_parts);
    other_claims = decode_json(other_parts.claims);
    assert_string_not_equal(text_of(claims, "jti"), text_of(other_claims, "jti"));
    assert_true(strlen(text_of(claims, "jti")) >= 32);
    json_value_free(header);
    json_value_free(claims);
    json_value_free(other_claims);
    buffer_clear(&jwt);
    buffer_clear(&other);
    buffer_clear(&bytes);
    X509_free(cert);
    EVP_PKEY_free(key);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret__set_get_remove__sealed),
        cmocka_unit_test(secret__empty_or_overlong__refused),
        cmocka_unit_test(secret__damaged_or_of_another_kind__refused),
        cmocka_unit_test(certificate__new__as_entra_wants_it),
        cmocka_unit_test(certificate__days__bounded),
        cmocka_unit_test(certificate__replaced__whole_at_every_step),
        cmocka_unit_test(certificate__while_another_command_changes_it__is_left_alone),
        cmocka_unit_test(stamps__each_part__noticed),
        cmocka_unit_test(assertion__verified_with_the_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
