/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/pem.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/asn1_time.h"
#include "ca/ca_set.h"
#include "model/certificate.h"
#include "platform/clock.h"

struct ca_new_options fixture_options(const struct test_folder *folder)
{
    return (struct ca_new_options){
        .data_folder = folder->path,
        .name = "issuing",
        .key = CA_KEY_EC_P256,
        .subject = "CN=Test CA,O=Example",
        .validity_days = 3650,
        .ra_bits = 2048,
        .ra_validity_days = 730,
    };
}

void fixture_path(const struct test_folder *folder, const char *file, char out[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;
    char ca[FILE_PATH_MAX];
    char name[FILE_PATH_MAX];

    assert_done(path_join(ca, folder->path, "ca", &err) && path_join(name, ca, "issuing", &err)
                    && path_join(out, name, file, &err),
                &err, file);
}

bool fixture_has(const struct test_folder *folder, const char *file)
{
    char path[FILE_PATH_MAX];

    fixture_path(folder, file, path);
    return file_exists(path);
}

struct ca *fixture_open(const struct test_folder *folder, struct store *store,
                        struct ca_builtin **builtin)
{
    const struct ca_builtin_options options = {
        .data_folder = folder->path,
        .name = "issuing",
        .public_url = "http://scep.example.com/",
        .store = store,
        .crl_validity_hours = 168,
        .crl_renew_hours = 24,
    };
    struct error err = ERROR_INIT;
    struct ca_builtin *b = ca_builtin_open(&options, &err);
    struct ca *ca = NULL;

    assert_done(b != NULL, &err, "ca_builtin_open");
    ca = ca_builtin_as_ca(b);
    assert_non_null(ca);
    if (builtin != NULL) {
        *builtin = b;
    }
    return ca;
}

X509 *fixture_certificate(const struct test_folder *folder, const char *file)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    BIO *bio = NULL;
    X509 *cert = NULL;

    fixture_path(folder, file, path);
    assert_done(file_read(path, LIMIT_PEM_FILE_BYTES, &content, &err), &err, file);
    bio = BIO_new_mem_buf(content.data, (int)content.len);
    cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(cert);
    BIO_free(bio);
    buffer_clear(&content);
    return cert;
}

EVP_PKEY *fixture_key(const struct test_folder *folder, const char *file, const char *kind)
{
    struct error err = ERROR_INIT;
    struct ca_folder place;
    EVP_PKEY *key = NULL;

    assert_done(ca_folder_open(&place, folder->path, "issuing", &err), &err, "folder");
    key = ca_set_load_key(&place, file, kind, &err);
    assert_done(key != NULL, &err, file);
    return key;
}

EVP_PKEY *sample_key_rsa(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);

    assert_non_null(key);
    return key;
}

EVP_PKEY *sample_key_ec(void)
{
    EVP_PKEY *key = EVP_EC_gen("prime256v1");

    assert_non_null(key);
    return key;
}

static void add_constraints(X509 *cert, const struct sample_cert *wanted)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

    assert_non_null(constraints);
    constraints->ca = wanted->not_ca ? 0 : 0xff;
    if (wanted->pathlen > 0) {
        constraints->pathlen = ASN1_INTEGER_new();
        assert_int_equal(ASN1_INTEGER_set(constraints->pathlen, wanted->pathlen - 1), 1);
    }
    assert_int_equal(X509_add1_ext_i2d(cert, NID_basic_constraints, constraints, 1, 0), 1);
    BASIC_CONSTRAINTS_free(constraints);
}

static void add_key_usage(X509 *cert, uint32_t usage)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    for (int i = 0; i < 9; i++) {
        if ((usage & (1u << i)) != 0) {
            assert_int_equal(ASN1_BIT_STRING_set_bit(bits, i, 1), 1);
        }
    }
    assert_int_equal(X509_add1_ext_i2d(cert, NID_key_usage, bits, 1, 0), 1);
    ASN1_BIT_STRING_free(bits);
}

X509 *sample_cert(const struct sample_cert *wanted)
{
    struct error err = ERROR_INIT;
    int64_t now = clock_now();
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    uint64_t serial = 0;

    assert_done(secret_random((uint8_t *)&serial, sizeof(serial), &err), &err, "serial");
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), (serial >> 1) + 1), 1);
    if (wanted->subject[0] != 0) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                    (const uint8_t *)wanted->subject, -1, -1, 0),
                         1);
    }
    X509_set_issuer_name(cert,
                         wanted->issuer != NULL ? X509_get_subject_name(wanted->issuer) : name);
    assert_true(asn1_time_set(X509_getm_notBefore(cert),
                              wanted->not_before != 0 ? wanted->not_before : now - DAY, &err));
    assert_true(asn1_time_set(X509_getm_notAfter(cert),
                              wanted->not_after != 0 ? wanted->not_after : now + 3650 * DAY, &err));
    assert_int_equal(X509_set_pubkey(cert, wanted->key), 1);
    if (!wanted->no_constraints) {
        add_constraints(cert, wanted);
    }
    if (!wanted->no_key_usage) {
        add_key_usage(cert, wanted->key_usage != 0 ? wanted->key_usage
                                                   : KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN);
    }
    assert_true(X509_sign(cert, wanted->issuer_key != NULL ? wanted->issuer_key : wanted->key,
                          wanted->digest != NULL ? wanted->digest : EVP_sha256())
                > 0);
    return cert;
}

void sample_write(const struct test_folder *folder, const char *name, const void *data, size_t len)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, bytes_of(data, len), true, &err), &err, name);
}

void sample_write_pem(const struct test_folder *folder, const char *name, X509 *const *certs,
                      size_t count, EVP_PKEY *key, const EVP_CIPHER *cipher, const char *password)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(PEM_write_bio_X509(bio, certs[i]), 1);
    }
    if (key != NULL) {
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, password,
                                                       password != NULL ? (int)strlen(password) : 0,
                                                       NULL, NULL),
                         1);
    }
    len = BIO_get_mem_data(bio, &text);
    sample_write(folder, name, text, (size_t)len);
    BIO_free(bio);
}

void sample_csr(struct csr *csr, EVP_PKEY *key)
{
    struct error err = ERROR_INIT;
    X509_REQ *req = X509_REQ_new();
    unsigned char *der = NULL;
    int len = 0;

    assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8,
                                                (const uint8_t *)"device", -1, -1, 0),
                     1);
    assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    assert_done(csr_parse(bytes_of(der, (size_t)len), csr, &err), &err, "csr_parse");
    OPENSSL_free(der);
    X509_REQ_free(req);
}

void sample_plan(struct cert_plan *plan, int64_t not_before, int64_t not_after)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    *plan = (struct cert_plan){
        .subject = X509_NAME_new(),
        .san = sk_GENERAL_NAME_new_null(),
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT,
        .eku = sk_ASN1_OBJECT_new_null(),
        .not_before = not_before,
        .not_after = not_after,
    };
    assert_int_equal(X509_NAME_add_entry_by_txt(plan->subject, "CN", MBSTRING_UTF8,
                                                (const uint8_t *)"device", -1, -1, 0),
                     1);
    assert_int_equal(ASN1_STRING_set(text, "device.example.com", -1), 1);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    assert_true(sk_GENERAL_NAME_push(plan->san, name) > 0);
    assert_true(sk_ASN1_OBJECT_push(plan->eku, OBJ_nid2obj(NID_client_auth)) > 0);
}

void assert_extension(const X509 *cert, int nid, bool critical, const void *der, size_t len)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);
    X509_EXTENSION *extension = at >= 0 ? X509_get_ext(cert, at) : NULL;
    const ASN1_OCTET_STRING *value = NULL;
    char found[600];
    char expected[600];

    if (extension == NULL) {
        fail_msg("%s is missing", OBJ_nid2sn(nid));
        return;
    }
    assert_int_equal(X509_get_ext_by_NID(cert, nid, at), -1);
    assert_int_equal(X509_EXTENSION_get_critical(extension), critical ? 1 : 0);
    value = X509_EXTENSION_get_data(extension);
    text_hex(found, sizeof(found),
             bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
    text_hex(expected, sizeof(expected), bytes_of(der, len));
    assert_string_equal(found, expected);
}

void assert_no_extension(const X509 *cert, int nid)
{
    assert_int_equal(X509_get_ext_by_NID(cert, nid, -1), -1);
}

void assert_key_ids(X509 *cert, X509 *issuer)
{
    unsigned char own[22] = { 0x04, 0x14 };
    unsigned char authority[24] = { 0x30, 0x16, 0x80, 0x14 };
    unsigned len = 0;

    assert_int_equal(X509_pubkey_digest(cert, EVP_sha1(), own + 2, &len), 1);
    assert_extension(cert, NID_subject_key_identifier, false, own, sizeof(own));
    if (issuer != NULL) {
        assert_int_equal(X509_pubkey_digest(issuer, EVP_sha1(), authority + 4, &len), 1);
        assert_extension(cert, NID_authority_key_identifier, false, authority, sizeof(authority));
    }
}

void assert_verifies(X509 *cert, X509 *root, STACK_OF(X509) * parents)
{
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result = 0;

    assert_int_equal(X509_STORE_add_cert(roots, root), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, roots, cert, parents), 1);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
    result = X509_verify_cert(ctx);
    if (result != 1) {
        fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(roots);
}
