/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "http/https_world.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define THREADS 8u
#define CALLS_PER_THREAD 12u

static const struct tls_peer_answer answers[] = {
    { "/plain", OK_HEAD "Content-Type: application/json; charset=utf-8\r\n"
                        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello" },
    { "/empty", "HTTP/1.1 204 No Content\r\n\r\n" },
    { "/chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
    { "/interim",
      "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\nok" },
    { "/moved", "HTTP/1.1 302 Found\r\nLocation: /plain\r\nSet-Cookie: a=b\r\n"
                "Content-Length: 0\r\n\r\n" },
    { "/cookie", OK_HEAD "Set-Cookie: secret=crumb; Path=/\r\nContent-Length: 0\r\n\r\n" },
    { "/unavailable", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n"
                      "Content-Length: 4\r\n\r\nwait" },
    { "/huge", OK_HEAD "Content-Length: 99999999999\r\n\r\nx" },
    { "/exact", OK_HEAD "Content-Length: 16\r\n\r\n0123456789abcdef" },
    { "/over", OK_HEAD "Content-Length: 17\r\n\r\n0123456789abcdefg" },
    { "/no-http", "SSH-2.0-OpenSSH\r\n\r\n" },
    { "/odd-status", "HTTP/1.1 777 What\r\nContent-Length: 0\r\n\r\n" },
    { "/long-type",
      OK_HEAD "Content-Length: 0\r\nContent-Type: "
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "\r\n\r\n" },
    /* Retry-After: RFC 9110 10.2.3, dates in the three forms of 5.6.7 */
    { "/retry/number", OK_HEAD "Content-Length: 0\r\nRetry-After: 7\r\n\r\n" },
    { "/retry/blank", OK_HEAD "Content-Length: 0\r\nRetry-After:   8  \r\n\r\n" },
    { "/retry/zero", OK_HEAD "Content-Length: 0\r\nRetry-After: 0\r\n\r\n" },
    { "/retry/huge", OK_HEAD "Content-Length: 0\r\nRetry-After: 18446744073709551615\r\n\r\n" },
    { "/retry/over", OK_HEAD "Content-Length: 0\r\nRetry-After: 99999999999999999999\r\n\r\n" },
    { "/retry/negative", OK_HEAD "Content-Length: 0\r\nRetry-After: -5\r\n\r\n" },
    { "/retry/word", OK_HEAD "Content-Length: 0\r\nRetry-After: soon\r\n\r\n" },
    { "/retry/date", OK_HEAD "Content-Length: 0\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                             "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n\r\n" },
    { "/retry/rfc850", OK_HEAD "Content-Length: 0\r\nDate: Sunday, 06-Nov-94 08:49:37 GMT\r\n"
                               "Retry-After: Sunday, 06-Nov-94 08:49:40 GMT\r\n\r\n" },
    { "/retry/asctime", OK_HEAD "Content-Length: 0\r\nDate: Sun Nov  6 08:49:37 1994\r\n"
                                "Retry-After: Sun Nov  6 08:49:39 1994\r\n\r\n" },
    { "/retry/past", OK_HEAD "Content-Length: 0\r\n"
                             "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n\r\n" },
};

#define ANSWER_COUNT (sizeof(answers) / sizeof(answers[0]))

/* ---- what comes ------------------------------------------------------------------------------ */

static void call__answers__arrive_as_sent(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *body;
        const char *type;
        int64_t retry_after;
        int64_t date;
    } cases[] = {
        { "/plain", 200, "hello", "application/json; charset=utf-8", -1, 784111777 },
        { "/empty", 204, "", "", -1, 0 },
        { "/chunked", 200, "abcde", "", -1, 0 },
        { "/interim", 200, "ok", "", -1, 0 },
        { "/moved", 302, "", "", -1, 0 },
        { "/unavailable", 503, "wait", "", 120, 0 },
        { "/nowhere", 404, "", "", -1, 0 },
        { "/exact", 200, "0123456789abcdef", "", -1, 0 },
        { "/long-type", 200, "", "", -1, 0 },
        { "/retry/number", 200, "", "", 7, 0 },
        { "/retry/blank", 200, "", "", 8, 0 },
        { "/retry/zero", 200, "", "", 0, 0 },
        { "/retry/huge", 200, "", "", 31536000, 0 },
        { "/retry/over", 200, "", "", -1, 0 },
        { "/retry/negative", 200, "", "", -1, 0 },
        { "/retry/word", 200, "", "", -1, 0 },
        { "/retry/date", 200, "", "", 60, 784111777 },
        { "/retry/rfc850", 200, "", "", 3, 784111777 },
        { "/retry/asctime", 200, "", "", 2, 784111777 },
        { "/retry/past", 200, "", "", 0, 0 },
    };
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct http_client *client = NULL;

    options.max_answer = 16;
    client = client_create(&options);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        client_get(client, tls_peer_port(peer), cases[i].path, &answer);
        if (answer.status != cases[i].status || answer.retry_after != cases[i].retry_after
            || answer.date != cases[i].date) {
            print_error("%s: %d, %lld, %lld\n", cases[i].path, answer.status,
                        (long long)answer.retry_after, (long long)answer.date);
        }
        assert_int_equal(answer.status, cases[i].status);
        assert_string_equal(buffer_text(&answer.body), cases[i].body);
        assert_string_equal(answer.content_type, cases[i].type);
        assert_true(answer.retry_after == cases[i].retry_after);
        assert_true(answer.date == cases[i].date);
        assert_string_equal(answer.proxy, "");
    }
    /* all on one connection, and the redirect was not followed */
    assert_int_equal(tls_peer_connections(peer), 1);
    assert_int_equal(tls_peer_requests(peer), sizeof(cases) / sizeof(cases[0]));
    http_answer_clear(&answer);
    assert_int_equal(answer.status, 0);
    http_client_free(client);
    tls_peer_stop(peer);
}

static void call__bad_answers__refused_with_a_sentence(void **state)
{
    static const struct {
        const char *path;
        enum reason reason;
        enum http_call_failure failure;
        const char *sentence;
    } cases[] = {
        { "/huge", REASON_LIMIT, HTTP_CALL_TOO_LARGE, "larger than 16 bytes" },
        { "/over", REASON_LIMIT, HTTP_CALL_TOO_LARGE, "larger than 16 bytes" },
        { "/endless", REASON_LIMIT, HTTP_CALL_TOO_LARGE, "larger than 16 bytes" },
        { "/endless-head", REASON_LIMIT, HTTP_CALL_TOO_LARGE,
          "headers of the answer of localhost:" },
        { "/no-http", REASON_HTTP_CLIENT, HTTP_CALL_OTHER, "localhost:" },
        { "/odd-status", REASON_HTTP_CLIENT, HTTP_CALL_OTHER, "impossible status 777" },
        { "/hang-up", REASON_HTTP_CLIENT, HTTP_CALL_OTHER, "localhost:" },
    };
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    char url[CLIENT_URL_MAX];

    options.max_answer = 16;
    client = client_create(&options);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        client_url(url, "localhost", tls_peer_port(peer), cases[i].path);
        client_refused(client, url, cases[i].reason, cases[i].failure, cases[i].sentence);
    }
    http_client_free(client);
    tls_peer_stop(peer);
}

static void call__endless_body__bounded_by_the_default(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    char url[CLIENT_URL_MAX];
    char sentence[64];

    client_url(url, "localhost", tls_peer_port(peer), "/endless");
    assert_true(
        text_format(sentence, sizeof(sentence), "larger than %u bytes", LIMIT_HTTP_CLIENT_BODY));
    client_refused(client, url, REASON_LIMIT, HTTP_CALL_TOO_LARGE, sentence);
    http_client_free(client);
    tls_peer_stop(peer);
}

static void call__silence__ends_in_time(void **state)
{
    static const char *const paths[] = { "/silent", "/slow-body" };
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    struct http_client_options options = client_options(pki);
    struct http_client *client = NULL;
    char url[CLIENT_URL_MAX];

    options.total_seconds = 6; /* the handshake comes about in this time, too */
    client = client_create(&options);
    for (size_t i = 0; i < 2; i++) {
        int64_t started_us = clock_monotonic_us();

        client_url(url, "localhost", tls_peer_port(peer), paths[i]);
        client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_TIMEOUT,
                       "no complete answer from localhost:");
        assert_true(clock_monotonic_us() - started_us >= INT64_C(5900000));
        assert_true(clock_monotonic_us() - started_us < INT64_C(20000000));
    }
    http_client_free(client);
    tls_peer_stop(peer);
}

/* ---- what goes ------------------------------------------------------------------------------- */

static void call__request__nothing_but_what_was_asked(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer seen = BUFFER_INIT(0);
    struct error err = ERROR_INIT;
    char expected[512];
    char url[CLIENT_URL_MAX];
    struct http_call call = { .url = url,
                              .method = "POST",
                              .headers = { "Authorization: Bearer token",
                                           "Content-Type: application/json",
                                           "Accept: application/json" },
                              .body = bytes_of_text("{\"a\":1}") };

    client_url(url, "localhost", tls_peer_port(peer), "/plain");
    assert_done(http_client_call(client, &call, &answer, &err), &err, "");
    tls_peer_seen(peer, &seen);
    assert_true(text_format(expected, sizeof(expected),
                            "POST /plain HTTP/1.1\r\nHost: localhost:%u\r\n"
                            "User-Agent: OpenNDES-test/1\r\nAuthorization: Bearer token\r\n"
                            "Content-Type: application/json\r\nAccept: application/json\r\n"
                            "Content-Length: 7\r\n\r\n{\"a\":1}",
                            (unsigned)tls_peer_port(peer)));
    assert_string_equal(buffer_text(&seen), expected);
    buffer_clear(&seen);
    http_answer_clear(&answer);
    http_client_free(client);
    tls_peer_stop(peer);
}

/* Larger than what makes libcurl send "Expect: 100-continue". */
static void call__large_post__sent_at_once(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer seen = BUFFER_INIT(0);
    struct error err = ERROR_INIT;
    size_t size = 1000000;
    char *body = calloc(1, size);
    char url[CLIENT_URL_MAX];
    struct http_call call = { .url = url, .method = "POST" };

    assert_non_null(body);
    memset(body, 'p', size);
    call.body = bytes_of(body, size);
    client_url(url, "localhost", tls_peer_port(peer), "/plain");
    assert_done(http_client_call(client, &call, &answer, &err), &err, "");
    tls_peer_seen(peer, &seen);
    assert_true(seen.len > size);
    assert_memory_equal(seen.data + seen.len - size, body, size);
    assert_null(strstr(buffer_text(&seen), "Expect"));
    free(body);
    buffer_clear(&seen);
    http_answer_clear(&answer);
    http_client_free(client);
    tls_peer_stop(peer);
}

static void call__cookies__never_sent_back(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct buffer seen = BUFFER_INIT(0);

    client_get(client, tls_peer_port(peer), "/cookie", &answer);
    client_get(client, tls_peer_port(peer), "/plain", &answer);
    tls_peer_seen(peer, &seen);
    assert_non_null(strstr(buffer_text(&seen), "GET /plain "));
    assert_null(strstr(buffer_text(&seen), "Cookie"));
    buffer_clear(&seen);
    http_answer_clear(&answer);
    http_client_free(client);
    tls_peer_stop(peer);
}

static void call__cannot_be_sent__usage(void **state)
{
    static const struct {
        const char *name;
        const char *url;
        const char *method;
        const char *header;
    } cases[] = {
        { "http", "http://localhost/", "GET", NULL },
        { "file", "file:///etc/passwd", "GET", NULL },
        { "no scheme", "localhost/", "GET", NULL },
        { "user", "https://user:secret-word@localhost/", "GET", NULL },
        { "no URL", "", "GET", NULL },
        { "line end in the URL", "https://localhost/a\r\nb", "GET", NULL },
        { "method", "https://localhost/", "DELETE", NULL },
        { "method in small letters", "https://localhost/", "get", NULL },
        { "header without a colon", "https://localhost/", "GET", "secret-word" },
        { "header without a value", "https://localhost/", "GET", "secret-word:" },
        { "line end in a header", "https://localhost/", "GET", "A: b\r\nsecret-word: c" },
        { "blank in a header's name", "https://localhost/", "GET", "secret-word b: c" },
    };
    const struct client_pki *pki = *state;
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_call call = { .url = cases[i].url,
                                  .method = cases[i].method,
                                  .headers = { cases[i].header } };
        struct http_answer answer = HTTP_ANSWER_INIT;
        struct error err = ERROR_INIT;

        assert_refused(http_client_call(client, &call, &answer, &err), &err, REASON_USAGE,
                       cases[i].name);
        assert_null(strstr(err.detail, "secret-word"));
        assert_int_equal(answer.failure, HTTP_CALL_OTHER);
    }
    http_client_free(client);
}

/* ---- nobody there ---------------------------------------------------------------------------- */

static void call__no_such_name__says_dns(void **state)
{
    const struct client_pki *pki = *state;
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);

    client_refused(client, "https://nonexistent.invalid/x", REASON_HTTP_CLIENT, HTTP_CALL_NAME,
                   "the name nonexistent.invalid is not known to DNS");
    http_client_free(client);
}

static void call__dead_port__says_connection(void **state)
{
    const struct client_pki *pki = *state;
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct error err = ERROR_INIT;
    struct ip_address address;
    socket_handle s = SOCKET_HANDLE_NONE;
    uint16_t port = 0;
    char url[CLIENT_URL_MAX];

    peer_loopback(&address);
    assert_done(socket_listen(&address, 0, 1, &s, &port, &err), &err, "listen");
    socket_close(s);
    client_url(url, "127.0.0.1", port, "/");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_CONNECT,
                   "no connection to 127.0.0.1:");
    http_client_free(client);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Our own server: several calls on one connection, and a POST. */
static void call__our_server__keeps_the_connection(void **state)
{
    const struct client_pki *pki = *state;
    struct world_options server = WORLD_OPTIONS_DEFAULT;
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error err = ERROR_INIT;
    struct world world;
    char url[CLIENT_URL_MAX];
    struct http_call call = { .url = url, .method = "POST", .body = bytes_of_text("posted") };

    server.tls = https_context(pki->identity, TLS_VERSION_1_3);
    world_create(&world, &server);
    client_get(client, world.tls_port, "/count", &answer);
    assert_string_equal(buffer_text(&answer.body), "1");
    client_get(client, world.tls_port, "/count", &answer);
    assert_string_equal(buffer_text(&answer.body), "2");
    client_url(url, "localhost", world.tls_port, "/echo");
    assert_done(http_client_call(client, &call, &answer, &err), &err, "POST");
    assert_string_equal(buffer_text(&answer.body), "posted");
    client_get(client, world.tls_port, "/big", &answer);
    assert_int_equal(answer.body.len, 1048576);
    http_answer_clear(&answer);
    http_client_free(client);
    https_world_destroy(&world, &server);
}

/* The server has gone and come back: the call after that opens a new connection by itself. */
static void call__connection_died__opened_anew(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct http_answer answer = HTTP_ANSWER_INIT;
    char url[CLIENT_URL_MAX];

    client_get(client, tls_peer_port(peer), "/plain", &answer);
    client_url(url, "localhost", tls_peer_port(peer), "/hang-up");
    client_refused(client, url, REASON_HTTP_CLIENT, HTTP_CALL_OTHER, "localhost:");
    client_get(client, tls_peer_port(peer), "/plain", &answer);
    assert_string_equal(buffer_text(&answer.body), "hello");
    http_answer_clear(&answer);
    http_client_free(client);
    tls_peer_stop(peer);
}

struct many {
    struct http_client *client;
    char url[CLIENT_URL_MAX];
    unsigned done;
};

static void *call_often(void *context)
{
    struct many *many = context;

    for (unsigned i = 0; i < CALLS_PER_THREAD; i++) {
        struct http_call call = { .url = many->url, .method = "GET" };
        struct http_answer answer = HTTP_ANSWER_INIT;
        struct error err = ERROR_INIT;

        if (http_client_call(many->client, &call, &answer, &err) && answer.status == 200
            && strcmp(buffer_text(&answer.body), "hello") == 0) {
            many->done++;
        }
        http_answer_clear(&answer);
    }
    return NULL;
}

static void call__many_threads__share_a_client(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, ANSWER_COUNT);
    const struct http_client_options options = client_options(pki);
    struct http_client *client = client_create(&options);
    struct many many[THREADS];
    pthread_t threads[THREADS];
    struct error err = ERROR_INIT;

    for (unsigned i = 0; i < THREADS; i++) {
        many[i] = (struct many){ .client = client };
        client_url(many[i].url, "localhost", tls_peer_port(peer), "/plain");
        assert_done(thread_start(&threads[i], "caller", call_often, &many[i], &err), &err, "");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(many[i].done, CALLS_PER_THREAD);
    }
    assert_true(tls_peer_connections(peer) < THREADS * CALLS_PER_THREAD / 2);
    http_client_free(client);
    tls_peer_stop(peer);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void create__bad_options__refused(void **state)
{
    static const struct {
        const char *name;
        const char *proxy;
        const char *user;
        const char *password;
        const char *sentence;
    } cases[] = {
        { "no port", "http://proxy.example", "", "", "HOST:PORT" },
        { "another kind", "socks5://proxy.example:1080", "", "", "no HTTP proxy" },
        { "password in it", "http://u:secret-word@proxy.example:80", "", "", "proxy_user" },
        { "colon in the user", "none", "a:b", "", "proxy_user" },
        { "line end in the password", "none", "a", "secret-word\r\nX: y", "control character" },
    };
    const struct client_pki *pki = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_client_options options = client_options(pki);
        struct error err = ERROR_INIT;

        options.proxy = cases[i].proxy;
        options.proxy_user = cases[i].user;
        options.proxy_password = bytes_of_text(cases[i].password);
        assert_refused(http_client_create(&options, &err) != NULL, &err, REASON_HTTP_CLIENT,
                       cases[i].name);
        assert_non_null(strstr(err.detail, cases[i].sentence));
        assert_null(strstr(err.detail, "secret-word"));
    }
    http_client_free(NULL);
    http_answer_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__answers__arrive_as_sent),
        cmocka_unit_test(call__bad_answers__refused_with_a_sentence),
        cmocka_unit_test(call__endless_body__bounded_by_the_default),
        cmocka_unit_test(call__silence__ends_in_time),
        cmocka_unit_test(call__request__nothing_but_what_was_asked),
        cmocka_unit_test(call__large_post__sent_at_once),
        cmocka_unit_test(call__cookies__never_sent_back),
        cmocka_unit_test(call__cannot_be_sent__usage),
        cmocka_unit_test(call__no_such_name__says_dns),
        cmocka_unit_test(call__dead_port__says_connection),
        cmocka_unit_test(call__our_server__keeps_the_connection),
        cmocka_unit_test(call__connection_died__opened_anew),
        cmocka_unit_test(call__many_threads__share_a_client),
        cmocka_unit_test(create__bad_options__refused),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
