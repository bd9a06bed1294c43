/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_client.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/limits.h"
#include "base/text.h"
#include "http/http_client_internal.h"
#include "platform/clock.h"
#include "platform/proxy_text.h"
#include "platform/sockets.h"

#define IDLE_MAX 8u     /* kept pairs of handles; calls beyond use one of their own */
#define CONNECTIONS 4L  /* of one pair: token, Graph, Intune, and one that has moved */
#define SECONDS_MAX 600 /* of one call */
#define US_PER_SECOND INT64_C(1000000)
/*
 * How long an address is used without asking for it again: a name server that fails for a moment is
 * not noticed.
 */
#define ADDRESS_SECONDS 60L

/* ---- libcurl --------------------------------------------------------------------------------- */

/*
 * Whoever links another libcurl than ours hears of it here, not by a call that verifies with
 * another library than the one tls_trust.c speaks to.
 */
static bool check_library(struct error *err)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    if ((info->features & CURL_VERSION_THREADSAFE) == 0) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "this libcurl (%s) cannot be started by several threads", info->version);
    }
    if (info->ssl_version == NULL || strncmp(info->ssl_version, "OpenSSL/", 8) != 0) {
        return error_set(err, REASON_HTTP_CLIENT, "this libcurl (%s) is not built with OpenSSL",
                         info->version);
    }
    return true;
}

static struct http_slot *slot_create(struct error *err)
{
    struct http_slot *slot = calloc(1, sizeof(*slot));

    if (slot != NULL) {
        slot->multi = curl_multi_init();
        slot->easy = curl_easy_init();
    }
    if (slot == NULL || slot->multi == NULL || slot->easy == NULL
        || curl_multi_setopt(slot->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS) != CURLM_OK) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an HTTPS call");
        if (slot != NULL) {
            curl_easy_cleanup(slot->easy);
            (void)curl_multi_cleanup(slot->multi);
        }
        free(slot);
        return NULL;
    }
    return slot;
}

static void slot_free(struct http_slot *slot)
{
    if (slot == NULL) return;
    curl_easy_cleanup(slot->easy);
    (void)curl_multi_cleanup(slot->multi);
    free(slot);
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* One to run on, listed as running: the one used last, whose connections are likeliest alive. */
static struct http_slot *take_slot(struct http_client *client, struct error *err)
{
    struct http_slot *slot = NULL;
    bool stopping = false;

    (void)pthread_mutex_lock(&client->lock);
    if (client->idle != NULL) {
        slot = client->idle;
        client->idle = slot->next;
        client->idle_count--;
        slot->next = client->running;
        client->running = slot;
    }
    (void)pthread_mutex_unlock(&client->lock);
    if (slot != NULL) return slot;
    slot = slot_create(err);
    if (slot == NULL) return NULL;
    (void)pthread_mutex_lock(&client->lock);
    stopping = client->stopping;
    if (!stopping) {
        slot->next = client->running;
        client->running = slot;
    }
    (void)pthread_mutex_unlock(&client->lock);
    if (stopping) {
        slot_free(slot);
        (void)error_set(err, REASON_STOPPING, "the service is stopping");
        return NULL;
    }
    return slot;
}

static void give_back(struct http_client *client, struct http_slot *slot)
{
    struct http_slot **at = NULL;

    (void)pthread_mutex_lock(&client->lock);
    at = &client->running;
    while (*at != slot) {
        at = &(*at)->next;
    }
    *at = slot->next;
    if (client->idle_count < IDLE_MAX && !client->stopping) {
        slot->next = client->idle;
        client->idle = slot;
        client->idle_count++;
        slot = NULL;
    }
    (void)pthread_mutex_unlock(&client->lock);
    slot_free(slot);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool copy_text(char **to, const char *from, struct error *err)
{
    *to = text_dup(from != NULL ? from : "");
    return *to != NULL || error_set(err, REASON_NO_MEMORY, "out of memory for the HTTPS client");
}

static bool copy_proxy(struct http_client *client, const char *setting, struct error *err)
{
    char proxy[PROXY_TEXT_MAX] = "";

    if (strcmp(setting, "system") == 0) return copy_text(&client->proxy, setting, err);
    return (strcmp(setting, "none") == 0 || proxy_of_list(setting, "intune.proxy", proxy, err))
           && copy_text(&client->proxy, proxy, err);
}

static bool copy_proxy_account(struct http_client *client,
                               const struct http_client_options *options, struct error *err)
{
    struct bytes password = options->proxy_password;

    if (!copy_text(&client->proxy_user, options->proxy_user, err)
        || !secret_set(&client->proxy_password, password.data, password.len, err)) {
        return false;
    }
    /* RFC 7617 2: the first colon ends the user, and neither holds control characters */
    for (const char *c = client->proxy_user; *c != '\0'; c++) {
        if (*c == ':' || (unsigned char)*c < ' ') {
            return error_set(err, REASON_HTTP_CLIENT,
                             "intune.proxy_user holds a colon or a control character");
        }
    }
    for (size_t i = 0; i < password.len; i++) {
        if (password.data[i] < ' ') {
            return error_set(err, REASON_HTTP_CLIENT,
                             "the proxy's password holds a control character; set it anew: "
                             "openndes intune proxy-password");
        }
    }
    return true;
}

static bool fill(struct http_client *client, const struct http_client_options *options,
                 struct error *err)
{
    client->connect_seconds = options->connect_seconds;
    client->total_seconds = options->total_seconds;
    client->max_answer = options->max_answer != 0 ? options->max_answer : LIMIT_HTTP_CLIENT_BODY;
    if (options->connect_seconds < 1 || options->total_seconds < 1
        || options->connect_seconds > SECONDS_MAX || options->total_seconds > SECONDS_MAX) {
        return error_set(err, REASON_INTERNAL, "HTTPS client: time limits of %lld and %lld seconds",
                         (long long)options->connect_seconds, (long long)options->total_seconds);
    }
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the HTTPS client");
    }
    client->locked = true;
    if (!sockets_start(err) || !check_library(err)) return false;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return error_set(err, REASON_HTTP_CLIENT, "libcurl does not start");
    }
    client->global = true;
    if (!copy_text(&client->user_agent, options->user_agent, err)
        || !copy_proxy(client, options->proxy, err) || !copy_proxy_account(client, options, err)
        || !copy_text(&client->no_proxy, options->no_proxy, err)) {
        return false;
    }
    client->trust = tls_trust_read(options->ca_file != NULL ? options->ca_file : "", err);
    return client->trust != NULL || error_context(err, "intune.ca_file");
}

struct http_client *http_client_create(const struct http_client_options *options, struct error *err)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTPS client");
        return NULL;
    }
    if (!fill(client, options, err)) {
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) return;
    while (client->idle != NULL) {
        struct http_slot *slot = client->idle;

        client->idle = slot->next;
        slot_free(slot);
    }
    tls_trust_free(client->trust);
    free(client->user_agent);
    free(client->proxy);
    free(client->proxy_user);
    secret_clear(&client->proxy_password);
    free(client->no_proxy);
    if (client->global) curl_global_cleanup();
    if (client->locked) (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void http_client_stop(struct http_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->stopping = true;
    for (struct http_slot *slot = client->running; slot != NULL; slot = slot->next) {
        (void)curl_multi_wakeup(slot->multi);
    }
    (void)pthread_mutex_unlock(&client->lock);
}

bool http_client_is_stopping(struct http_client *client)
{
    bool stopping = false;

    (void)pthread_mutex_lock(&client->lock);
    stopping = client->stopping;
    (void)pthread_mutex_unlock(&client->lock);
    return stopping;
}

/* ---- a call ---------------------------------------------------------------------------------- */

void http_answer_clear(struct http_answer *answer)
{
    if (answer == NULL) return;
    buffer_clear(&answer->body);
    *answer = (struct http_answer)HTTP_ANSWER_INIT;
}

/* libcurl's own reading of the URL, so that what is judged here is where the call will go. */
static bool read_place(struct http_transfer *transfer, struct error *err)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool usual = false;
    bool ok = false;

    if (url == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory for a URL");
    if (curl_url_set(url, CURLUPART_URL, transfer->call->url, CURLU_DISALLOW_USER) != CURLUE_OK
        || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK
        || curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK
        || curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK
        || strcmp(scheme, "https") != 0) {
        (void)error_set(err, REASON_USAGE, "the address of a call is no https URL");
        goto out;
    }
    usual = strcmp(port, "443") == 0;
    if (!text_copy(transfer->host, sizeof(transfer->host), host)
        || !text_format(transfer->place, sizeof(transfer->place), "%s%s%s", host, usual ? "" : ":",
                        usual ? "" : port)) {
        (void)error_set(err, REASON_USAGE, "the host in the address of a call is too long");
        goto out;
    }
    ok = true;
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return ok;
}

static bool choose_proxy(struct http_transfer *transfer, struct error *err)
{
    const struct http_client *client = transfer->client;
    char *proxy = transfer->answer->proxy;

    proxy[0] = '\0';
    if (proxy_bypassed(client->no_proxy, transfer->host)) return true;
    if (strcmp(client->proxy, "system") == 0) {
        _Static_assert(sizeof(transfer->answer->proxy) >= PROXY_TEXT_MAX, "room for a proxy");
        if (proxy_of_system(transfer->host, proxy, err)) return true;
        transfer->answer->failure = HTTP_CALL_PROXY;
        return false;
    }
    return text_copy(proxy, sizeof(transfer->answer->proxy), client->proxy)
           || error_set(err, REASON_INTERNAL, "the proxy's address is too long");
}

/*
 * Addresses from before the last failure are not used again: whoever has moved is found at the next
 * call.
 */
long http_client_address_seconds(const struct http_client *client)
{
    int64_t since = (clock_monotonic_us() - atomic_load(&client->failed_us)) / US_PER_SECOND;

    return since < ADDRESS_SECONDS ? (long)since : ADDRESS_SECONDS;
}

static void note_failure(struct http_client *client, enum http_call_failure failure)
{
    if (failure == HTTP_CALL_CONNECT || failure == HTTP_CALL_TIMEOUT || failure == HTTP_CALL_TLS) {
        atomic_store(&client->failed_us, clock_monotonic_us());
    }
}

bool http_client_call(struct http_client *client, const struct http_call *call,
                      struct http_answer *answer, struct error *err)
{
    struct http_transfer transfer = { .client = client, .call = call, .answer = answer };
    int64_t started_us = clock_monotonic_us();
    bool ok = false;

    http_answer_clear(answer);
    answer->body.max = client->max_answer;
    answer->failure = HTTP_CALL_OTHER;
    if (!read_place(&transfer, err)) goto out;
    if (!choose_proxy(&transfer, err)) goto out;
    if (http_client_is_stopping(client)) {
        answer->failure = HTTP_CALL_STOPPED;
        (void)error_set(err, REASON_STOPPING, "the service is stopping");
        goto out;
    }
    transfer.slot = take_slot(client, err);
    if (transfer.slot == NULL) {
        /* stopped since it was looked at */
        if (http_client_is_stopping(client)) answer->failure = HTTP_CALL_STOPPED;
        goto out;
    }
    ok = http_transfer_run(&transfer, err) && http_transfer_judge(&transfer, err);
    give_back(client, transfer.slot);
    note_failure(client, answer->failure);
out:
    if (!ok) {
        buffer_clear(&answer->body);
        answer->status = 0;
    }
    answer->duration_us = clock_monotonic_us() - started_us;
    return ok;
}
