/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_client_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/threads.h"

#include "openndes_version.h"

#define INTUNE_USER_AGENT "OpenNDES/" OPENNDES_VERSION

/* ---- time ------------------------------------------------------------------------------------ */

struct intune_budget intune_budget_start(const struct intune_client *client)
{
    int64_t now = clock_monotonic_us();

    return (struct intune_budget){ .begin_by_us = now + client->total_us,
                                   .end_us = now + 2 * client->total_us };
}

bool intune_budget_allows(const struct intune_budget *budget)
{
    return clock_monotonic_us() < budget->begin_by_us;
}

bool intune_client_pause(struct intune_client *client, const struct intune_budget *budget,
                         int64_t seconds)
{
    int64_t now = clock_monotonic_us();
    int64_t until = 0;
    bool stopped = false;

    if (seconds > (budget->begin_by_us - now) / INTUNE_SECOND_US) {
        return false;
    }
    until = now + seconds * INTUNE_SECOND_US;
    (void)pthread_mutex_lock(&client->lock);
    while (!client->stopped && (now = clock_monotonic_us()) < until) {
        (void)thread_cond_wait_ms(&client->changed, &client->lock, (until - now) / 1000 + 1);
    }
    stopped = client->stopped;
    (void)pthread_mutex_unlock(&client->lock);
    return !stopped && intune_budget_allows(budget);
}

bool intune_client_is_stopped(struct intune_client *client)
{
    bool stopped = false;

    (void)pthread_mutex_lock(&client->lock);
    stopped = client->stopped;
    (void)pthread_mutex_unlock(&client->lock);
    return stopped;
}

void intune_client_forget(struct intune_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < INTUNE_SCOPES; i++) {
        secret_clear(&client->tokens[i].value);
    }
    client->endpoints = (struct intune_endpoints){ .scep = "" };
    (void)pthread_mutex_unlock(&client->lock);
}

/* ---- one fetch at a time --------------------------------------------------------------------- */

bool intune_flight_wait(struct intune_client *client, struct intune_flight *flight,
                        const struct intune_budget *budget, struct error *err)
{
    uint64_t round = flight->round;

    while (!client->stopped && flight->running && flight->round == round) {
        int64_t left = budget->end_us - clock_monotonic_us();

        if (left <= 0) {
            return error_set(err, REASON_INTUNE_UNAVAILABLE,
                             "another request asks for a token or address, and "
                             "intune.total_seconds went by twice");
        }
        (void)thread_cond_wait_ms(&client->changed, &client->lock, left / 1000 + 1);
    }
    return !client->stopped || error_set(err, REASON_STOPPING, "the service stops");
}

void intune_flight_end(struct intune_client *client, struct intune_flight *flight,
                       const struct error *why)
{
    flight->running = false;
    flight->round++;
    flight->failed = why != NULL;
    error_clear(&flight->why);
    if (why != NULL) {
        flight->why = *why;
    }
    (void)pthread_cond_broadcast(&client->changed);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool read_credential(struct intune_client *client, struct error *err)
{
    bool found = false;

    if (client->credential == INTUNE_CREDENTIAL_CERTIFICATE) {
        if (!intune_certificate_get(client->data_folder, &client->cert, &client->key, &found,
                                    err)) {
            return false;
        }
        return found
               || error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                            "intune.credential is \"certificate\" and there is none: \"openndes "
                            "intune certificate\" makes or imports one");
    }
    if (!intune_secret_get(client->data_folder, INTUNE_SECRET_CLIENT, &client->secret, &found,
                           err)) {
        return false;
    }
    return (found && client->secret.len > 0)
           || error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                        "there is no client secret: set it with \"openndes intune secret\"");
}

bool intune_ca_file(const char *data_folder, const struct service_config *config,
                    char path[FILE_PATH_MAX], struct error *err)
{
    const char *setting = config->intune.ca_file;
    bool absolute =
        setting[0] == '/' || setting[0] == '\\' || (setting[0] != '\0' && setting[1] == ':');

    if (setting[0] != '\0' && !absolute) {
        return path_join(path, data_folder, setting, err);
    }
    return text_copy(path, FILE_PATH_MAX, setting)
           || error_set(err, REASON_LIMIT, "intune.ca_file is too long");
}

static bool open_http(struct intune_client *client, const struct service_config *config,
                      struct error *err)
{
    char ca_file[FILE_PATH_MAX];
    struct secret password = SECRET_INIT;
    struct http_client_options options = { .user_agent = INTUNE_USER_AGENT,
                                           .proxy = config->intune.proxy,
                                           .proxy_user = config->intune.proxy_user,
                                           .no_proxy = config->intune.no_proxy,
                                           .ca_file = ca_file,
                                           .connect_seconds = config->intune.connect_seconds,
                                           .total_seconds = config->intune.total_seconds };
    bool found = false;
    bool ok = false;

    if (!intune_ca_file(client->data_folder, config, ca_file, err)) goto out;
    if (config->intune.proxy_user[0] != '\0') {
        if (!intune_secret_get(client->data_folder, INTUNE_SECRET_PROXY, &password, &found, err)) {
            goto out;
        }
        if (!found) {
            (void)error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                            "intune.proxy_user is set and its password is not: \"openndes intune "
                            "proxy-password\"");
            goto out;
        }
        options.proxy_password = secret_bytes(&password);
    }
    client->http = http_client_create(&options, err);
    ok = client->http != NULL;
out:
    secret_clear(&password);
    return ok;
}

static bool take_settings(struct intune_client *client, const struct intune_client_options *options,
                          struct error *err)
{
    const struct service_config *config = options->config;

    if (config->intune.tenant[0] == '\0') {
        return error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                         "intune.tenant is not set: \"openndes config set "
                         "intune.tenant=contoso.onmicrosoft.com\" with the tenant of the devices");
    }
    if (config->intune.client_id[0] == '\0') {
        return error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                         "intune.client_id is not set: \"openndes config set "
                         "intune.client_id=ID\" with the application (client) id of the app "
                         "registration");
    }
    client->credential = config->intune.credential;
    client->total_us = config->intune.total_seconds * INTUNE_SECOND_US;
    if (!text_copy(client->data_folder, sizeof(client->data_folder), options->data_folder)
        || !text_copy(client->client_id, sizeof(client->client_id), config->intune.client_id)
        || !text_copy(client->secret_expires, sizeof(client->secret_expires),
                      config->intune.secret_expires)) {
        return error_set(err, REASON_LIMIT, "a setting of intune.* is too long");
    }
    return intune_urls_of(config, &client->urls, err);
}

/* Everything but the lock. */
static void client_close(struct intune_client *client)
{
    http_client_free(client->http);
    secret_clear(&client->secret);
    X509_free(client->cert);
    EVP_PKEY_free(client->key);
    for (size_t i = 0; i < INTUNE_SCOPES; i++) {
        secret_clear(&client->tokens[i].value);
    }
}

struct intune_client *intune_client_create(const struct intune_client_options *options,
                                           struct error *err)
{
    struct intune_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for Intune");
        return NULL;
    }
    client->references = 1;
    client->stats = options->stats;
    if (!take_settings(client, options, err) || !read_credential(client, err)
        || !open_http(client, options->config, err) || !thread_cond_init(&client->changed, err)) {
        client_close(client);
        free(client);
        return NULL;
    }
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        (void)error_set(err, REASON_NO_MEMORY, "no lock for Intune");
        (void)pthread_cond_destroy(&client->changed);
        client_close(client);
        free(client);
        return NULL;
    }
    return client;
}

struct intune_client *intune_client_ref(struct intune_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->references++;
    (void)pthread_mutex_unlock(&client->lock);
    return client;
}

bool intune_client_is_shared(struct intune_client *client)
{
    bool shared = false;

    (void)pthread_mutex_lock(&client->lock);
    shared = client->references > 1;
    (void)pthread_mutex_unlock(&client->lock);
    return shared;
}

void intune_client_unref(struct intune_client *client)
{
    bool last = false;

    if (client == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&client->lock);
    last = --client->references == 0;
    (void)pthread_mutex_unlock(&client->lock);
    if (!last) {
        return;
    }
    client_close(client);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void intune_client_stop(struct intune_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->stopped = true;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
    http_client_stop(client->http);
}
