/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_target.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 60L

struct load_connection {
    CURL *curl;
    struct curl_slist *headers;
    char url[1024];
    struct buffer get_url;
    char problem[CURL_ERROR_SIZE];
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct buffer *answer = context;
    return buffer_append(answer, data, size * count, &(struct error){ 0 }) ? size * count : 0;
}

struct load_connection *load_connection_open(const struct load_target *target, bool fresh)
{
    struct load_connection *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    snprintf(c->url, sizeof(c->url), "%s", target->url);
    c->get_url.max = LOAD_ANSWER_MAX;
    c->curl = curl_easy_init();
    c->headers = curl_slist_append(NULL, "Content-Type: application/x-pki-message");
    c->headers = curl_slist_append(c->headers, "Expect:");
    if (!c->curl || !c->headers) {
        load_connection_close(c);
        return NULL;
    }
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->problem);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, fresh ? 1L : 0L);
    return c;
}

void load_connection_close(struct load_connection *connection)
{
    if (!connection) {
        return;
    }
    curl_easy_cleanup(connection->curl);
    curl_slist_free_all(connection->headers);
    buffer_clear(&connection->get_url);
    free(connection);
}

const char *load_connection_problem(const struct load_connection *connection)
{
    return connection->problem;
}

static long perform(struct load_connection *c, struct buffer *answer)
{
    long status = 0;
    buffer_reset(answer);
    c->problem[0] = '\0';
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(c->curl);
    if (code != CURLE_OK) {
        if (!c->problem[0]) {
            snprintf(c->problem, sizeof(c->problem), "%s", curl_easy_strerror(code));
        }
        return 0;
    }
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* "&message=" and what follows. */
static bool append_message(struct buffer *url, struct bytes message)
{
    size_t room = (message.len + 2) / 3 * 4 + 1;
    unsigned char *text = malloc(room);
    if (!text) {
        return false;
    }
    EVP_EncodeBlock(text, message.data, (int)message.len);
    char *escaped = curl_easy_escape(NULL, (const char *)text, 0);
    free(text);
    struct error err = { 0 };
    bool done = escaped && buffer_append_text(url, "&message=", &err)
                && buffer_append_text(url, escaped, &err);
    curl_free(escaped);
    return done;
}

long load_exchange(struct load_connection *connection, const char *operation, struct bytes body,
                   bool get, struct buffer *answer)
{
    struct buffer *url = &connection->get_url;
    buffer_reset(url);
    struct error err = { 0 };
    bool built = buffer_printf(url, &err, "%s?operation=%s", connection->url, operation)
                 && (!get || !body.data || append_message(url, body));
    if (!built) {
        return 0;
    }
    curl_easy_setopt(connection->curl, CURLOPT_URL, buffer_text(url));
    if (get || !body.data) {
        curl_easy_setopt(connection->curl, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(connection->curl, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(connection->curl, CURLOPT_HTTPHEADER, connection->headers);
        curl_easy_setopt(connection->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(connection->curl, CURLOPT_POSTFIELDS, (const char *)body.data);
        curl_easy_setopt(connection->curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
    }
    return perform(connection, answer);
}

long load_get(struct load_connection *connection, const char *url, struct buffer *answer)
{
    curl_easy_setopt(connection->curl, CURLOPT_URL, url);
    curl_easy_setopt(connection->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(connection->curl, CURLOPT_HTTPGET, 1L);
    return perform(connection, answer);
}

/* One certificate, or a degenerate SignedData with several. */
static void read_certificates(struct load_target *target, struct bytes body)
{
    const unsigned char *at = body.data;
    X509 *single = d2i_X509(NULL, &at, (long)body.len);
    if (single) {
        target->certs[target->cert_count++] = single;
        return;
    }
    at = body.data;
    PKCS7 *bag = d2i_PKCS7(NULL, &at, (long)body.len);
    STACK_OF(X509) *certs = bag && PKCS7_type_is_signed(bag) ? bag->d.sign->cert : NULL;
    for (int i = 0; i < sk_X509_num(certs) && target->cert_count < LOAD_CACERT_MAX; i++) {
        X509 *cert = sk_X509_value(certs, i);
        X509_up_ref(cert);
        target->certs[target->cert_count++] = cert;
    }
    PKCS7_free(bag);
}

static X509 *choose(const struct load_target *target, uint32_t usage)
{
    X509 *authority = NULL;
    for (size_t i = 0; i < target->cert_count; i++) {
        X509 *cert = target->certs[i];
        if (X509_check_ca(cert) != 0) {
            authority = authority ? authority : cert;
        } else if ((X509_get_key_usage(cert) & usage) != 0) {
            return cert;
        }
    }
    return authority;
}

bool load_target_read(struct load_target *target, struct bytes answer)
{
    read_certificates(target, answer);
    target->recipient = choose(target, KU_KEY_ENCIPHERMENT);
    target->signer = choose(target, KU_DIGITAL_SIGNATURE);
    ERR_clear_error(); /* of what was no single certificate */
    return target->recipient && target->signer;
}

bool load_target_open(struct load_target *target, const char *url)
{
    *target = (struct load_target){ .cert_count = 0 };
    snprintf(target->url, sizeof(target->url), "%s", url);
    struct buffer answer = BUFFER_INIT(LOAD_ANSWER_MAX);
    struct load_connection *connection = load_connection_open(target, false);
    long status =
        connection ? load_exchange(connection, "GetCACert", (struct bytes){ 0 }, true, &answer) : 0;
    bool usable = status == 200 && load_target_read(target, buffer_bytes(&answer));
    if (!usable) {
        fprintf(stderr, "GetCACert of %s: HTTP %ld, no usable certificate%s%s\n", url, status,
                connection && status == 0 ? ": " : "",
                connection && status == 0 ? load_connection_problem(connection) : "");
    }
    load_connection_close(connection);
    buffer_clear(&answer);
    return usable;
}

void load_target_close(struct load_target *target)
{
    for (size_t i = 0; i < target->cert_count; i++) {
        X509_free(target->certs[i]);
    }
    *target = (struct load_target){ .cert_count = 0 };
}
