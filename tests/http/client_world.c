/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_world.h"

#include <string.h>

#include "base/text.h"

int client_pki_create(void **state)
{
    static struct client_pki made;
    struct buffer pem = BUFFER_INIT(65536);

    made.pki = test_pki_create("OpenNDES test root");
    made.identity =
        test_pki_server(made.pki, "DNS:localhost,DNS:cloud.example,IP:127.0.0.1", -1, 2);
    test_folder_create(&made.folder);
    test_folder_path(&made.folder, "ca.pem", made.ca_file);
    test_pki_pem(made.pki, &pem);
    test_folder_write(&made.folder, "ca.pem", buffer_text(&pem));
    buffer_clear(&pem);
    *state = &made;
    return 0;
}

int client_pki_free(void **state)
{
    struct client_pki *made = *state;

    test_pki_server_free(made->identity);
    test_pki_free(made->pki);
    test_folder_remove(&made->folder);
    return 0;
}

struct http_client_options client_options(const struct client_pki *pki)
{
    const struct http_client_options options = {
        .user_agent = "OpenNDES-test/1",
        .proxy = "none",
        .proxy_user = "",
        .no_proxy = "",
        .ca_file = pki->ca_file,
        .connect_seconds = 30,
        .total_seconds = 60,
    };

    return options;
}

struct http_client *client_create(const struct http_client_options *options)
{
    struct error err = ERROR_INIT;
    struct http_client *client = http_client_create(options, &err);

    assert_done(client != NULL, &err, "client");
    return client;
}

struct tls_peer *client_peer(const struct client_pki *pki, const struct tls_peer_answer *answers,
                             size_t count)
{
    static struct tls_peer_options options;

    options = (struct tls_peer_options){ pki->identity, 0, answers, count };
    return tls_peer_start(&options);
}

void client_url(char url[CLIENT_URL_MAX], const char *host, uint16_t port, const char *path)
{
    assert_true(text_format(url, CLIENT_URL_MAX, "https://%s:%u%s", host, (unsigned)port, path));
}

void client_get(struct http_client *client, uint16_t port, const char *path,
                struct http_answer *answer)
{
    char url[CLIENT_URL_MAX];
    struct http_call call = { .url = url, .method = "GET" };
    struct error err = ERROR_INIT;

    client_url(url, "localhost", port, path);
    assert_done(http_client_call(client, &call, answer, &err), &err, path);
    assert_int_equal(answer->failure, HTTP_CALL_NONE);
    assert_true(answer->duration_us > 0);
}

void client_refused(struct http_client *client, const char *url, enum reason reason,
                    enum http_call_failure failure, const char *sentence)
{
    struct http_call call = { .url = url, .method = "GET" };
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error err = ERROR_INIT;

    assert_refused(http_client_call(client, &call, &answer, &err), &err, reason, url);
    if (answer.failure != failure || strstr(err.detail, sentence) == NULL) {
        print_error("%s: failure %d, \"%s\"\n", url, (int)answer.failure, err.detail);
    }
    assert_int_equal(answer.failure, failure);
    assert_non_null(strstr(err.detail, sentence));
    assert_int_equal(answer.status, 0);
    assert_int_equal(answer.body.len, 0);
    http_answer_clear(&answer);
}
