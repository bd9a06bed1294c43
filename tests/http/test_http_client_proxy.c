/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <string.h>

#include "base/text.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BASIC "cHJveHktdXNlcjpQcm94eSBQYXNzd29yZCA0NzEx" /* proxy-user:Proxy Password 4711 */

static const struct tls_peer_answer answers[] = { { "/", OK_ANSWER } };

/* A call for cloud.example, a name that only the proxy knows. */
static void get_cloud(struct http_client *client, uint16_t port, struct http_answer *answer)
{
    char url[CLIENT_URL_MAX];
    struct http_call call = { .url = url,
                              .method = "GET",
                              .headers = { "Authorization: Bearer secret-token" } };
    struct error err = ERROR_INIT;

    client_url(url, "cloud.example", port, "/");
    assert_done(http_client_call(client, &call, answer, &err), &err, "");
    assert_string_equal(buffer_text(&answer->body), "ok");
    assert_int_equal(answer->retry_after, -1); /* the proxy's header is not the server's */
}

static void call__proxy__by_connect(void **state)
{
    const struct client_pki *pki = *state;
    const struct connect_proxy_options open_to_all = { NULL, 0, false };
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct connect_proxy *proxy = connect_proxy_start(&open_to_all);
    struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer seen = BUFFER_INIT(0);
    struct http_client *client = NULL;

    options.proxy = connect_proxy_url(proxy);
    client = client_create(&options);
    get_cloud(client, tls_peer_port(peer), &answer);
    assert_string_equal(answer.proxy, connect_proxy_url(proxy));
    get_cloud(client, tls_peer_port(peer), &answer);
    assert_int_equal(connect_proxy_tunnels(proxy), 1); /* kept */
    connect_proxy_seen(proxy, &seen);
    assert_int_equal(strncmp(buffer_text(&seen), "CONNECT cloud.example:", 22), 0);
    /* what is for the server stays inside the tunnel */
    assert_null(strstr(buffer_text(&seen), "secret-token"));
    assert_null(strstr(buffer_text(&seen), "Proxy-Authorization"));
    tls_peer_seen(peer, &seen);
    assert_non_null(strstr(buffer_text(&seen), "secret-token"));
    buffer_clear(&seen);
    http_answer_clear(&answer);
    http_client_free(client);
    connect_proxy_stop(proxy);
    tls_peer_stop(peer);
}

static void call__proxy_with_password__basic(void **state)
{
    const struct client_pki *pki = *state;
    const struct connect_proxy_options wants_basic = { BASIC, 0, false };
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct connect_proxy *proxy = connect_proxy_start(&wants_basic);
    struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer seen = BUFFER_INIT(0);
    struct http_client *client = NULL;

    options.proxy = connect_proxy_url(proxy);
    options.proxy_user = "proxy-user";
    options.proxy_password = bytes_of_text("Proxy Password 4711");
    client = client_create(&options);
    get_cloud(client, tls_peer_port(peer), &answer);
    assert_string_equal(answer.proxy, connect_proxy_url(proxy)); /* without user and password */
    tls_peer_seen(peer, &seen);
    assert_null(strstr(buffer_text(&seen), BASIC));
    buffer_clear(&seen);
    http_answer_clear(&answer);
    http_client_free(client);
    connect_proxy_stop(proxy);
    tls_peer_stop(peer);
}

static void call__proxy_refuses__says_what_to_set(void **state)
{
    static const struct {
        const char *name;
        struct connect_proxy_options proxy;
        const char *user;
        const char *password;
        const char *sentence;
    } cases[] = {
        { "407", { BASIC, 0, false }, "", "", "answers 407: set intune.proxy_user" },
        { "407, wrong password", { BASIC, 0, false }, "proxy-user", "secret-word", "set it anew" },
        { "407, no password", { BASIC, 0, false }, "proxy-user", "", "set it anew" },
        { "403", { NULL, 403, false }, "", "", "answers 403 to CONNECT cloud.example:" },
        { "503", { NULL, 503, false }, "", "", "answers 503 to CONNECT cloud.example:" },
        { "redirect", { NULL, 302, false }, "", "", "answers 302 to CONNECT cloud.example:" },
        { "hangs up", { NULL, 0, true }, "", "", "through the proxy http://127.0.0.1:" },
    };
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, 1);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct connect_proxy *proxy = connect_proxy_start(&cases[i].proxy);
        struct http_client_options options = client_options(pki);
        struct http_client *client = NULL;
        struct error err = ERROR_INIT;
        char url[CLIENT_URL_MAX];
        struct http_call call = { .url = url, .method = "GET" };
        struct http_answer answer = HTTP_ANSWER_INIT;

        options.proxy = connect_proxy_url(proxy);
        options.proxy_user = cases[i].user;
        options.proxy_password = bytes_of_text(cases[i].password);
        client = client_create(&options);
        client_url(url, "cloud.example", tls_peer_port(peer), "/");
        client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_PROXY, cases[i].sentence);
        assert_refused(http_client_call(client, &call, &answer, &err), &err, REASON_HTTP_CLIENT,
                       cases[i].name);
        assert_null(strstr(err.detail, "secret-word"));
        http_answer_clear(&answer);
        http_client_free(client);
        connect_proxy_stop(proxy);
    }
    assert_int_equal(tls_peer_connections(peer), 0);
    tls_peer_stop(peer);
}

static void call__no_proxy_there__says_so(void **state)
{
    const struct client_pki *pki = *state;
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    struct ip_address address;
    socket_handle s = SOCKET_HANDLE_NONE;
    struct error err = ERROR_INIT;
    uint16_t port = 0;
    char dead[PROXY_URL_MAX];

    peer_loopback(&address);
    assert_done(socket_listen(&address, 0, 1, &s, &port, &err), &err, "listen");
    socket_close(s);
    assert_true(text_format(dead, sizeof(dead), "http://127.0.0.1:%u", (unsigned)port));
    options.proxy = dead;
    client = client_create(&options);
    client_refused(client, "https://cloud.example/", REASON_HTTP_CLIENT, HTTP_CALL_PROXY,
                   "no connection to cloud.example through the proxy http://127.0.0.1:");
    http_client_free(client);
    options.proxy = "http://nonexistent.invalid:8080";
    client = client_create(&options);
    client_refused(client, "https://cloud.example/", REASON_HTTP_CLIENT, HTTP_CALL_PROXY,
                   "the name of the proxy http://nonexistent.invalid:8080 is not known to DNS");
    http_client_free(client);
}

/* A certificate that does not fit is no matter of the proxy's. */
static void call__through_proxy__server_is_verified(void **state)
{
    const struct client_pki *pki = *state;
    const struct connect_proxy_options open_to_all = { NULL, 0, false };
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct connect_proxy *proxy = connect_proxy_start(&open_to_all);
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    char url[CLIENT_URL_MAX];

    options.proxy = connect_proxy_url(proxy);
    client = client_create(&options);
    client_url(url, "other.example", tls_peer_port(peer), "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, "is for another name");
    http_client_free(client);
    options.ca_file = "";
    client = client_create(&options);
    client_url(url, "cloud.example", tls_peer_port(peer), "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TLS, "intune.ca_file");
    http_client_free(client);
    assert_int_equal(tls_peer_requests(peer), 0);
    connect_proxy_stop(proxy);
    tls_peer_stop(peer);
}

static void call__no_proxy_list__goes_past_the_proxy(void **state)
{
    const struct client_pki *pki = *state;
    const struct connect_proxy_options refuses = { NULL, 403, false };
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct connect_proxy *proxy = connect_proxy_start(&refuses);
    struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct http_client *client = NULL;
    char url[CLIENT_URL_MAX];

    options.proxy = connect_proxy_url(proxy);
    options.no_proxy = ".example.org,localhost";
    client = client_create(&options);
    client_get(client, tls_peer_port(peer), "/", &answer);
    assert_string_equal(answer.proxy, "");
    client_url(url, "cloud.example", tls_peer_port(peer), "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_PROXY, "answers 403");
    http_answer_clear(&answer);
    http_client_free(client);
    connect_proxy_stop(proxy);
    tls_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__proxy__by_connect),
        cmocka_unit_test(call__proxy_with_password__basic),
        cmocka_unit_test(call__proxy_refuses__says_what_to_set),
        cmocka_unit_test(call__no_proxy_there__says_so),
        cmocka_unit_test(call__through_proxy__server_is_verified),
        cmocka_unit_test(call__no_proxy_list__goes_past_the_proxy),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
