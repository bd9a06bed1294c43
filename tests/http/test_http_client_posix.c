/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/threads.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SLOW_NAME "slow.invalid"
#define SOON_US INT64_C(5000000) /* milliseconds, but for a machine that does much else */
#define WAIT_MS 20000

static const struct tls_peer_answer answers[] = { { "/", OK_ANSWER } };

/* ---- a name server that does not answer ------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two counts */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned asked;
static bool answering;
static unsigned answered;

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **result);

/* In front of the C library's: whoever asks for SLOW_NAME waits until the test lets it go on. */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    resolver *real = NULL;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");

    if (node == NULL || strcmp(node, SLOW_NAME) != 0) {
        memcpy(&real, &found, sizeof(real));
        return real(node, service, hints, result);
    }
    (void)pthread_mutex_lock(&lock);
    asked++;
    (void)pthread_cond_broadcast(&changed);
    while (!answering) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    answered++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

static void wait_asked(unsigned count)
{
    (void)pthread_mutex_lock(&lock);
    while (asked < count) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}

static void answer_all(void)
{
    (void)pthread_mutex_lock(&lock);
    answering = true;
    (void)pthread_cond_broadcast(&changed);
    while (answered < asked) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}

struct running {
    struct http_client *client;
    bool done;
    struct error err;
    int64_t ended_us;
};

static void *run(void *context)
{
    struct running *r = context;
    struct http_call call = { .url = "https://" SLOW_NAME "/", .method = "GET" };
    struct http_answer answer = HTTP_ANSWER_INIT;

    r->done = http_client_call(r->client, &call, &answer, &r->err);
    r->ended_us = clock_monotonic_us();
    http_answer_clear(&answer);
    return NULL;
}

static void call__name_server_silent__ends_all_the_same(void **state)
{
    const struct client_pki *pki = *state;
    struct http_client_options options = client_options(pki);
    struct running running;
    struct error err = ERROR_INIT;
    int64_t started_us = clock_monotonic_us();
    int64_t stopped_us = 0;
    pthread_t thread;

    memset(&running, 0, sizeof(running));
    options.connect_seconds = 1;
    running.client = client_create(&options);
    client_refused(running.client, "https://" SLOW_NAME "/", REASON_HTTP_CLIENT, HTTP_CALL_TIMEOUT,
                   "no connection to " SLOW_NAME " within 1 seconds");
    assert_true(clock_monotonic_us() - started_us < INT64_C(20000000));
    http_client_free(running.client);
    options.connect_seconds = 60;
    running.client = client_create(&options);
    assert_done(thread_start(&thread, "call", run, &running, &err), &err, "");
    wait_asked(2);
    stopped_us = clock_monotonic_us();
    http_client_stop(running.client);
    thread_join(thread);
    assert_refused(running.done, &running.err, REASON_STOPPING, "");
    print_message("ended %lld us after the stop\n", (long long)(running.ended_us - stopped_us));
    assert_true(running.ended_us - stopped_us < SOON_US);
    http_client_free(running.client);
    answer_all();
}

/* ---- the environment ------------------------------------------------------------------------- */

static void call__environment__decides_nothing(void **state)
{
    const struct client_pki *pki = *state;
    struct tls_peer *peer = client_peer(pki, answers, 1);
    const struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct http_client *client = NULL;
    struct buffer written = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    char key_log[FILE_PATH_MAX];

    test_folder_path(&pki->folder, "keys.log", key_log);
    assert_int_equal(setenv("SSLKEYLOGFILE", key_log, 1), 0);
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("SSL_CERT_FILE", "/nonexistent", 1), 0);
    client = client_create(&options);
    client_get(client, tls_peer_port(peer), "/", &answer);
    assert_string_equal(answer.proxy, "");
    http_answer_clear(&answer);
    http_client_free(client);
    if (file_exists(key_log)) { /* libcurl makes it; nothing may stand in it */
        assert_done(file_read(key_log, 65536, &written, &err), &err, "");
    }
    assert_int_equal(written.len, 0);
    assert_int_equal(unsetenv("SSLKEYLOGFILE"), 0);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    assert_int_equal(unsetenv("all_proxy"), 0);
    assert_int_equal(unsetenv("https_proxy"), 0);
    buffer_clear(&written);
    tls_peer_stop(peer);
}

/* intune.proxy=system, asked anew at each call. */
static void call__system_proxy__followed(void **state)
{
    const struct client_pki *pki = *state;
    const struct connect_proxy_options open_to_all = { NULL, 0, false };
    struct tls_peer *peer = client_peer(pki, answers, 1);
    struct connect_proxy *proxy = connect_proxy_start(&open_to_all);
    struct http_client_options options = client_options(pki);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct http_client *client = NULL;

    options.proxy = "system";
    client = client_create(&options);
    client_get(client, tls_peer_port(peer), "/", &answer);
    assert_string_equal(answer.proxy, "");
    assert_int_equal(setenv("https_proxy", connect_proxy_url(proxy), 1), 0);
    client_get(client, tls_peer_port(peer), "/", &answer);
    assert_string_equal(answer.proxy, connect_proxy_url(proxy));
    assert_int_equal(connect_proxy_tunnels(proxy), 1);
    assert_int_equal(setenv("no_proxy", "localhost", 1), 0);
    client_get(client, tls_peer_port(peer), "/", &answer);
    assert_string_equal(answer.proxy, "");
    assert_int_equal(unsetenv("no_proxy"), 0);
    assert_int_equal(setenv("https_proxy", "socks5://p:1", 1), 0);
    client_refused(client, "https://localhost/", REASON_HTTP_CLIENT, HTTP_CALL_PROXY,
                   "no HTTP proxy");
    assert_int_equal(unsetenv("https_proxy"), 0);
    http_answer_clear(&answer);
    http_client_free(client);
    connect_proxy_stop(proxy);
    tls_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__name_server_silent__ends_all_the_same),
        cmocka_unit_test(call__environment__decides_nothing),
        cmocka_unit_test(call__system_proxy__followed),
    };

    return cmocka_run_group_tests(tests, client_pki_create, client_pki_free);
}
