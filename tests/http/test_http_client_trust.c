/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/tls_trust.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct tls_peer_answer answers[] = { { "/", OK_ANSWER } };

/* ---- whom a client believes ------------------------------------------------------------------ */

static void call__certificates__judged(void **state)
{
    static const struct {
        const char *name;
        const char *names;
        long from_days, to_days;
        const char *host;
        int max_version;
        const char *sentence; /* NULL: trusted */
    } cases[] = {
        { "good", "DNS:localhost", -1, 2, "localhost", 0, NULL },
        { "by address", "IP:127.0.0.1", -1, 2, "127.0.0.1", 0, NULL },
        { "TLS 1.2", "DNS:localhost", -1, 2, "localhost", TLS1_2_VERSION, NULL },
        { "TLS 1.1", "DNS:localhost", -1, 2, "localhost", TLS1_1_VERSION, "TLS 1.2 or 1.3" },
        { "TLS 1.0", "DNS:localhost", -1, 2, "localhost", TLS1_VERSION, "TLS 1.2 or 1.3" },
        { "another name", "DNS:other.example", -1, 2, "localhost", 0, "is for another name" },
        { "another address", "IP:127.0.0.2", -1, 2, "127.0.0.1", 0, "is for another name" },
        { "name as a subdomain", "DNS:x.localhost", -1, 2, "localhost", 0, "is for another name" },
        { "expired", "DNS:localhost", -20, -2, "localhost", 0, "has expired" },
        { "not valid yet", "DNS:localhost", 3, 9, "localhost", 0, "not valid yet" },
    };
    const struct client_pki *pki = *state;
    const struct http_client_options options = client_options(pki);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tls_identity *identity =
            test_pki_server(pki->pki, cases[i].names, cases[i].from_days, cases[i].to_days);
        const struct tls_peer_options server = { identity, cases[i].max_version, answers, 1 };
        struct tls_peer *peer = tls_peer_start(&server);
        struct http_client *client = client_create(&options);
        char url[CLIENT_URL_MAX];

        client_url(url, cases[i].host, tls_peer_port(peer), "/");
        if (cases[i].sentence == NULL) {
            struct http_call call = { .url = url, .method = "GET" };
            struct http_answer answer = HTTP_ANSWER_INIT;
            struct error err = ERROR_INIT;

            assert_done(http_client_call(client, &call, &answer, &err), &err, cases[i].name);
            assert_string_equal(buffer_text(&answer.body), "ok");
            http_answer_clear(&answer);
        } else {
            client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, cases[i].sentence);
            assert_int_equal(tls_peer_requests(peer), 0);
        }
        http_client_free(client);
        tls_peer_stop(peer);
        test_pki_server_free(identity);
    }
}

static void call__other_ca__not_trusted(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    struct test_pki *other = test_pki_create("OpenNDES test root");
    struct buffer pem = BUFFER_INIT(65536);
    char url[CLIENT_URL_MAX];
    char file[FILE_PATH_MAX];

    client_url(url, "localhost", tls_peer_port(peer), "/");
    options.ca_file = ""; /* the system's CAs alone */
    client = client_create(&options);
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, "intune.ca_file");
    http_client_free(client);
    /* the same name, another key */
    test_pki_pem(other, &pem);
    test_folder_write(&pki->folder, "other.pem", buffer_text(&pem));
    test_folder_path(&pki->folder, "other.pem", file);
    options.ca_file = file;
    client = client_create(&options);
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, "intune.ca_file");
    http_client_free(client);
    assert_int_equal(tls_peer_requests(peer), 0);
    buffer_clear(&pem);
    test_pki_free(other);
    tls_peer_stop(peer);
}

/* A self-signed certificate is trusted when it is named itself, such as that of a test server. */
static void call__second_ca_of_the_file__trusted(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    struct test_pki *other = test_pki_create("OpenNDES other root");
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer pem = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    char file[FILE_PATH_MAX];

    assert_done(buffer_append_text(&pem, "# the proxy's CA, and text around it\n", &err), &err, "");
    test_pki_pem(other, &pem);
    test_pki_pem(pki->pki, &pem);
    test_folder_write(&pki->folder, "two.pem", buffer_text(&pem));
    test_folder_path(&pki->folder, "two.pem", file);
    options.ca_file = file;
    client = client_create(&options);
    client_get(client, tls_peer_port(peer), "/", &answer);
    http_answer_clear(&answer);
    http_client_free(client);
    buffer_clear(&pem);
    test_pki_free(other);
    tls_peer_stop(peer);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read__bad_files__refused(void **state)
{
    static const struct {
        const char *name;
        const char *content; /* NULL: no file */
        enum reason reason;
        const char *sentence;
    } cases[] = {
        { "missing", NULL, REASON_FILE_MISSING, "intune.ca_file" },
        { "empty", "", REASON_HTTP_CLIENT, "no certificate" },
        { "text", "hello\n", REASON_HTTP_CLIENT, "no certificate" },
        { "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
          REASON_HTTP_CLIENT, "no certificate" },
        { "damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          REASON_HTTP_CLIENT, "damaged" },
        { "cut", "-----BEGIN CERTIFICATE-----\nAAAA\n", REASON_HTTP_CLIENT, "damaged" },
    };
    const struct client_pki *pki = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_client_options options = client_options(pki);
        struct error err = ERROR_INIT;
        char file[FILE_PATH_MAX];

        test_folder_path(&pki->folder, cases[i].name, file);
        if (cases[i].content != NULL) {
            test_folder_write(&pki->folder, cases[i].name, cases[i].content);
        }
        options.ca_file = file;
        assert_refused(http_client_create(&options, &err) != NULL, &err, cases[i].reason,
                       cases[i].name);
        assert_non_null(strstr(err.detail, cases[i].sentence));
    }
}

/* What a context trusted before stays trusted: that is what "besides" means. */
static void apply__adds_to_what_is_there(void **state)
{
    const struct client_pki *pki = *state;
    struct error err = ERROR_INIT;
    struct tls_trust *trust = tls_trust_read(pki->ca_file, &err);
    struct tls_trust *none = tls_trust_read("", &err);
    struct test_pki *system_ca = test_pki_create("OpenNDES test system root");
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct buffer der = BUFFER_INIT(65536);
    const unsigned char *p = NULL;
    X509 *cert = NULL;

    assert_done(trust != NULL && none != NULL, &err, "");
    test_pki_der(system_ca, &der);
    p = der.data;
    cert = d2i_X509(NULL, &p, (long)der.len);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), cert), 1);
    assert_true(tls_trust_apply(none, context));
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context))),
                     1);
    assert_true(tls_trust_apply(trust, context));
    assert_true(tls_trust_apply(trust, context)); /* once more changes nothing */
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context))),
                     2);
    assert_null(SSL_CTX_get_keylog_callback(context));
    X509_free(cert);
    buffer_clear(&der);
    SSL_CTX_free(context);
    test_pki_free(system_ca);
    tls_trust_free(none);
    tls_trust_free(trust);
    tls_trust_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__certificates__judged),
        cmocka_unit_test(call__other_ca__not_trusted),
        cmocka_unit_test(call__second_ca_of_the_file__trusted),
        cmocka_unit_test(read__bad_files__refused),
        cmocka_unit_test(apply__adds_to_what_is_there),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
