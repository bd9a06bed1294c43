/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "http/client_world.h"
#include "platform/clock.h"

#include <windows.h>
#include <wincrypt.h>

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct tls_peer_answer answers[] = { { "/", OK_ANSWER } };

/* The machine's trusted roots; only administrators write there, under Wine everybody. */
static HCERTSTORE open_roots(void)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"ROOT");
}

static bool add_root(struct bytes der)
{
    HCERTSTORE roots = open_roots();
    bool added =
        roots != NULL
        && CertAddEncodedCertificateToStore(roots, X509_ASN_ENCODING, der.data, (DWORD)der.len,
                                            CERT_STORE_ADD_REPLACE_EXISTING, NULL);

    if (roots != NULL) (void)CertCloseStore(roots, 0);
    return added;
}

static void remove_root(struct bytes der)
{
    HCERTSTORE roots = open_roots();
    PCCERT_CONTEXT wanted =
        CertCreateCertificateContext(X509_ASN_ENCODING, der.data, (DWORD)der.len);
    PCCERT_CONTEXT found = NULL;

    assert_non_null(roots);
    assert_non_null(wanted);
    found =
        CertFindCertificateInStore(roots, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, wanted, NULL);
    if (found != NULL) (void)CertDeleteCertificateFromStore(found);
    (void)CertFreeCertificateContext(wanted);
    (void)CertCloseStore(roots, 0);
}

/* One server under a root of Windows, one under the root of the file: a client trusts both. */
static void call__windows_roots__besides_the_file(void **state)
{
    const struct client_pki *pki = *state;
    struct test_pki *system_pki = NULL;
    struct tls_identity *identity = NULL;
    struct tls_peer_options server = { NULL, 0, answers, 1 };
    struct tls_peer *under_windows = NULL;
    struct tls_peer *under_file = client_peer(pki, answers, 1);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer der = BUFFER_INIT(65536);
    char url[CLIENT_URL_MAX];
    char name[64];
    bool added = false;

    /* never that of a root which a run that was cut off has left there */
    assert_true(text_format(name, sizeof(name), "OpenNDES test Windows root %lld",
                            (long long)clock_now_ms()));
    system_pki = test_pki_create(name);
    identity = test_pki_server(system_pki, "DNS:localhost", -1, 2);
    server.identity = identity;
    under_windows = tls_peer_start(&server);
    test_pki_der(system_pki, &der);
    client_url(url, "localhost", tls_peer_port(under_windows), "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, "is not trusted");
    added = add_root(buffer_bytes(&der));
    if (added) {
        client_get(client, tls_peer_port(under_windows), "/", &answer);
        client_get(client, tls_peer_port(under_file), "/", &answer);
        remove_root(buffer_bytes(&der));
    }
    http_answer_clear(&answer);
    http_client_free(client);
    tls_peer_stop(under_windows);
    tls_peer_stop(under_file);
    test_pki_server_free(identity);
    test_pki_free(system_pki);
    buffer_clear(&der);
    if (!added) test_skip("the machine's root certificates are not ours to change");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__windows_roots__besides_the_file),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
