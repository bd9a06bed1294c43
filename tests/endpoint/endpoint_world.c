/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/endpoint_world.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/text.h"
#include "challenge/challenge_static.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "policy/policy_gate.h"

static const uint8_t mac_key[32] = "0123456789abcdef0123456789abcde";

static struct ca_new_options ca_options(const struct endpoint_world *world, const char *name,
                                        enum ca_key_spec key, const char *subject)
{
    return (struct ca_new_options){ .data_folder = world->folder.path,
                                    .name = name,
                                    .key = key,
                                    .subject = subject,
                                    .validity_days = 100,
                                    .ra_bits = 2048,
                                    .ra_validity_days = 50 };
}

static struct ca *load_ca(struct endpoint_world *world, const char *name,
                          struct ca_builtin **builtin)
{
    struct error err = ERROR_INIT;
    struct ca_builtin_options options = { .data_folder = world->folder.path,
                                          .name = name,
                                          .public_url = "http://scep.example.test",
                                          .store = world->store,
                                          .crl_validity_hours = 24,
                                          .crl_renew_hours = 6 };
    struct ca *ca = NULL;

    *builtin = ca_builtin_open(&options, &err);
    assert_done(*builtin != NULL, &err, name);
    ca = ca_builtin_as_ca(*builtin);
    assert_non_null(ca);
    return ca;
}

struct ca *endpoint_world_ca(struct endpoint_world *world, const char *name, enum ca_key_spec key,
                             const char *subject, struct ca_builtin **builtin)
{
    struct ca_new_options options = ca_options(world, name, key, subject);
    struct error err = ERROR_INIT;

    assert_done(ca_files_create(&options, &err), &err, name);
    return load_ca(world, name, builtin);
}

static void take_ras(struct endpoint_world *world)
{
    struct error err = ERROR_INIT;

    world->ras = ca_ra(world->ca, &err);
    assert_done(world->ras != NULL, &err, "RA");
}

void endpoint_world_renew(struct endpoint_world *world)
{
    struct ca_new_options options = ca_options(world, "default", CA_KEY_RSA_2048, NULL);
    struct error err = ERROR_INIT;

    options.ra_validity_days = 60;
    assert_done(ca_files_renew_ra(&options, &err), &err, "renew");
    ra_set_unref(world->ras);
    ca_free(world->ca);
    world->ca = load_ca(world, "default", &world->builtin);
    take_ras(world);
}

void endpoint_world_open(struct endpoint_world *world)
{
    endpoint_world_open_key(world, CA_KEY_RSA_2048);
}

void endpoint_world_open_key(struct endpoint_world *world, enum ca_key_spec key)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = 2 };

    memset(world, 0, sizeof(*world));
    test_folder_create(&world->folder);
    test_folder_path(&world->folder, "openndes.db", path);
    world->store = store_open(&options, &err);
    assert_done(world->store != NULL, &err, "store");
    world->ca = endpoint_world_ca(world, "default", key, "CN=Endpoint Test CA", &world->builtin);
    take_ras(world);
    world->client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    world->other_key = scep_test_key(SCEP_TEST_KEY_OTHER);
}

void endpoint_world_close(struct endpoint_world *world)
{
    EVP_PKEY_free(world->client_key);
    EVP_PKEY_free(world->other_key);
    ra_set_unref(world->ras);
    ca_free(world->ca);
    rate_limit_free(world->rate);
    store_close(world->store);
    test_folder_remove(&world->folder);
}

static int64_t world_now(void *context)
{
    return ((const struct endpoint_world *)context)->now_us;
}

void endpoint_world_limit(struct endpoint_world *world)
{
    struct error err = ERROR_INIT;

    rate_limit_free(world->rate);
    world->rate = rate_limit_create(world_now, world, &err);
    assert_done(world->rate != NULL, &err, "rate limit");
}

struct endpoint *endpoint_world_template(struct endpoint_world *world, const char *name,
                                         const char *settings)
{
    return endpoint_world_copied(world, name, name, settings);
}

struct endpoint *endpoint_world_copied(struct endpoint_world *world, const char *name,
                                       const char *mac_of, const char *settings)
{
    struct template_config config;
    struct buffer json = BUFFER_INIT(8192);
    struct error err = ERROR_INIT;
    char mac[2 * SECRET_MAC_BYTES + 1];
    struct endpoint_options options = { .config = &config,
                                        .ca = world->ca,
                                        .next = world->next,
                                        .previous = world->previous,
                                        .store = world->store,
                                        .rate = world->rate };
    struct endpoint *endpoint = NULL;

    assert_done(challenge_static_mac(mac_of, bytes_of_text(WORLD_PASSPHRASE), false,
                                     bytes_of(mac_key, sizeof(mac_key)), mac, &err),
                &err, name);
    assert_done(buffer_printf(&json, &err,
                              "{\"enabled\": true, \"challenge\": {\"type\": \"static\", "
                              "\"passphrase_mac\": \"%s\"}%s}",
                              mac, settings),
                &err, name);
    assert_done(config_parse_template("test.json", name, buffer_bytes(&json), &config, &err), &err,
                name);
    if (config.enabled) {
        options.take_challenge =
            challenge_static_create(name, mac, bytes_of(mac_key, sizeof(mac_key)), &err);
        assert_done(options.take_challenge != NULL, &err, name);
    }
    options.take_policy =
        policy_gate_create(&(struct policy_gate_options){ .folder = world->folder.path,
                                                          .config = &config,
                                                          .store = world->store,
                                                          .url_path = "/scep/device" },
                           &err);
    assert_done(!error_is_set(&err), &err, name);
    endpoint = endpoint_create(&options, &err);
    assert_done(endpoint != NULL, &err, name);
    template_config_clear(&config);
    buffer_clear(&json);
    return endpoint;
}

struct endpoint *endpoint_world_off(struct endpoint_world *world, const char *name)
{
    struct template_config config;
    struct endpoint_options options = { .config = &config, .ca = world->ca, .store = world->store };
    struct error err = ERROR_INIT;
    struct endpoint *endpoint = NULL;

    assert_done(config_parse_template("test.json", name, bytes_of_text("{\"enabled\": false}"),
                                      &config, &err),
                &err, name);
    endpoint = endpoint_create(&options, &err);
    assert_done(endpoint != NULL, &err, name);
    template_config_clear(&config);
    return endpoint;
}

void endpoint_world_client(const struct endpoint_world *world, struct scep_client *client)
{
    scep_client_init(client, world->client_key, world->ras->ra[0].cert);
    client->challenge = WORLD_PASSPHRASE;
}

static void ask_from(const struct endpoint *endpoint, const struct endpoint_face *face,
                     const char *peer, struct http_request *request, struct endpoint_answer *answer)
{
    struct error err = ERROR_INIT;

    memset(answer, 0, sizeof(*answer));
    endpoint_report_init(&answer->report);
    assert_true(text_copy(request->id, sizeof(request->id), "test-1"));
    assert_done(ip_address_parse(bytes_of_text(peer), &request->peer, &err), &err, peer);
    request->started_us = clock_monotonic_us();
    /* another face admits by itself: the lists that count are those of whoever is chosen */
    if (face != endpoint_own_face(endpoint)
        || endpoint_admit(endpoint, request, &answer->response, &answer->report)) {
        endpoint_handle(endpoint, face, request, &answer->response, &answer->report);
    }
}

static void ask(const struct endpoint *endpoint, const struct endpoint_face *face,
                struct http_request *request, struct endpoint_answer *answer)
{
    ask_from(endpoint, face, "127.0.0.1", request, answer);
}

void endpoint_post_from(const struct endpoint *endpoint, const struct endpoint_face *face,
                        const char *peer, struct bytes message, struct endpoint_answer *answer)
{
    struct http_request request = { .method = HTTP_METHOD_POST,
                                    .method_text = "POST",
                                    .path = "/scep/device",
                                    .raw_query = bytes_of_text("operation=PKIOperation"),
                                    .body = message };

    ask_from(endpoint, face == NULL ? endpoint_own_face(endpoint) : face, peer, &request, answer);
}

void endpoint_post_at(const struct endpoint *endpoint, const struct endpoint_face *face,
                      struct bytes message, struct endpoint_answer *answer)
{
    endpoint_post_from(endpoint, face, "127.0.0.1", message, answer);
}

void endpoint_post(const struct endpoint *endpoint, struct bytes message,
                   struct endpoint_answer *answer)
{
    endpoint_post_at(endpoint, endpoint_own_face(endpoint), message, answer);
}

void endpoint_get_at(const struct endpoint *endpoint, const struct endpoint_face *face,
                     const char *query, struct endpoint_answer *answer)
{
    struct http_request request = { .method = HTTP_METHOD_GET,
                                    .method_text = "GET",
                                    .path = "/scep/device",
                                    .raw_query = bytes_of_text(query) };

    ask(endpoint, face, &request, answer);
}

void endpoint_get(const struct endpoint *endpoint, const char *query,
                  struct endpoint_answer *answer)
{
    endpoint_get_at(endpoint, endpoint_own_face(endpoint), query, answer);
}

void endpoint_answer_clear(struct endpoint_answer *answer)
{
    buffer_clear(&answer->response.body);
}
