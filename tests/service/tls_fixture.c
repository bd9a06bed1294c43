/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/text.h"
#include "model/legacy_crypto.h"
#include "config/config_load.h"
#include "model/csr.h"
#include "platform/protect.h"
#include "service/tls_pair.h"

void tls_world_create(struct tls_world *world)
{
    struct error err = ERROR_INIT;

    test_folder_create(&world->folder);
    assert_done(config_parse_service("openndes.json", bytes_of_text("{}"), &world->config, &err),
                &err, "defaults");
}

void tls_world_clear(struct tls_world *world)
{
    service_config_clear(&world->config);
    test_folder_remove(&world->folder);
}

void tls_world_set(struct tls_world *world, const char *certificate, const char *key)
{
    free(world->config.https.certificate);
    free(world->config.https.key);
    world->config.https.certificate = text_dup(certificate);
    world->config.https.key = text_dup(key);
    assert_non_null(world->config.https.certificate);
    assert_non_null(world->config.https.key);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension = NULL;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

void make_server(struct made *made, const struct wanted *wanted)
{
    EVP_PKEY *root_key = sample_key_ec();
    EVP_PKEY *issuer_key = sample_key_ec();

    made->key = wanted->take_key != NULL ? wanted->take_key : sample_key_ec();
    made->root = sample_cert(&(struct sample_cert){ .subject = "Root", .key = root_key });
    made->issuer = sample_cert(&(struct sample_cert){
        .subject = "Issuer", .key = issuer_key, .issuer = made->root, .issuer_key = root_key });
    made->cert = sample_cert(&(struct sample_cert){
        .subject = "scep.example.com",
        .key = made->key,
        .issuer = made->issuer,
        .issuer_key = issuer_key,
        .not_ca = !wanted->is_ca,
        .key_usage = wanted->key_usage != 0 ? wanted->key_usage : KEY_USAGE_DIGITAL_SIGNATURE,
        .not_before = wanted->not_before,
        .not_after = wanted->not_after,
    });
    add_extension(made->cert, made->issuer, NID_subject_alt_name,
                  wanted->san != NULL ? wanted->san : "DNS:scep.example.com");
    if (wanted->eku != NULL) {
        add_extension(made->cert, made->issuer, NID_ext_key_usage, wanted->eku);
    }
    assert_true(X509_sign(made->cert, issuer_key, EVP_sha256()) > 0);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(issuer_key);
}

void made_clear(struct made *made)
{
    EVP_PKEY_free(made->key);
    X509_free(made->cert);
    X509_free(made->issuer);
    X509_free(made->root);
    *made = (struct made){ .key = NULL };
}

void write_chain(const struct tls_world *world, const char *name, const struct made *made,
                 EVP_PKEY *key, const char *password)
{
    X509 *const certs[] = { made->cert, made->issuer, made->root };

    sample_write_pem(&world->folder, name, certs, 3, key,
                     password != NULL ? EVP_aes_256_cbc() : NULL, password);
}

void write_key(const struct tls_world *world, const char *name, EVP_PKEY *key, const char *password)
{
    sample_write_pem(&world->folder, name, NULL, 0, key,
                     password != NULL ? EVP_aes_256_cbc() : NULL, password);
}

bool write_pkcs12(const struct tls_world *world, const char *name, const struct made *made,
                  const char *password, bool legacy)
{
    struct legacy_crypto crypto = { NULL, NULL, NULL };
    STACK_OF(X509) *parents = sk_X509_new_null();
    PKCS12 *p12 = NULL;
    unsigned char *der = NULL;
    int len = 0;
    bool done = false;

    assert_true(sk_X509_push(parents, made->root) > 0);
    assert_true(sk_X509_push(parents, made->issuer) > 0);
    if (!legacy || legacy_crypto_open(&crypto)) {
        p12 = PKCS12_create_ex(password, "server", made->key, made->cert, parents,
                               legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : 0,
                               legacy ? NID_pbe_WithSHA1And40BitRC2_CBC : 0, 2048, 0, 0,
                               crypto.context, NULL);
        assert_non_null(p12);
        len = i2d_PKCS12(p12, &der);
        assert_true(len > 0);
        sample_write(&world->folder, name, der, (size_t)len);
        done = true;
    }
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(parents);
    legacy_crypto_close(&crypto);
    return done;
}

void assert_loads(const struct tls_world *world, const struct made *made, enum tls_source source,
                  const char *name)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error err = ERROR_INIT;

    assert_done(tls_files_load(world->folder.path, &world->config, &files, &err), &err, name);
    assert_int_equal(X509_cmp(files.server.cert, made->cert), 0);
    assert_int_equal(EVP_PKEY_eq(files.server.key, made->key), 1);
    assert_int_equal(files.source, source);
    /* The root stays at home. */
    assert_int_equal(sk_X509_num(files.server.chain), 1);
    assert_int_equal(X509_cmp(sk_X509_value(files.server.chain, 0), made->issuer), 0);
    tls_files_clear(&files);
}

void assert_no_load(const struct tls_world *world, const char *text, const char *name)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error err = ERROR_INIT;

    assert_refused(tls_files_load(world->folder.path, &world->config, &files, &err), &err,
                   REASON_TLS_CERTIFICATE, name);
    if (strstr(err.detail, text) == NULL) {
        fail_msg("%s: \"%s\" is not in \"%s\"", name, text, err.detail);
    }
    assert_null(strstr(err.detail, PASSWORD));
    assert_null(files.server.cert);
}

void seal_password(const struct tls_world *world, const char *password)
{
    struct buffer sealed = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    assert_done(
        protect_seal(world->folder.path, TLS_PASSWORD_PURPOSE, bytes_of_text(password), &sealed,
                     &err)
            && tls_pair_write(world->folder.path, TLS_FILE_PASSWORD, buffer_bytes(&sealed), &err),
        &err, "password");
    buffer_clear(&sealed);
}

void install(const struct tls_world *world, const struct made *made)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    const struct server_cert server = { made->cert, made->key, chain };
    struct error err = ERROR_INIT;

    assert_true(sk_X509_push(chain, made->issuer) > 0);
    assert_done(tls_files_install(world->folder.path, &server, &err), &err, "install");
    sk_X509_free(chain);
}

void copy_file(const struct tls_world *world, const char *from, const char *to)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);

    test_folder_read(&world->folder, from, &content);
    sample_write(&world->folder, to, content.data, content.len);
    buffer_clear(&content);
}
