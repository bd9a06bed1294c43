/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/endpoint_world.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/text.h"
#include "ca/ca_files.h"
#include "challenge/challenge_static.h"
#include "config/config_load.h"
#include "platform/clock.h"

static const uint8_t mac_key[32] = "0123456789abcdef0123456789abcde";

static struct ca_new_options ca_options(const struct endpoint_world *world)
{
    return (struct ca_new_options){ .data_folder = world->folder.path,
                                    .name = "default",
                                    .key = CA_KEY_RSA_2048,
                                    .subject = "CN=Endpoint Test CA",
                                    .validity_days = 100,
                                    .ra_bits = 2048,
                                    .ra_validity_days = 50 };
}

static void open_ca(struct endpoint_world *world)
{
    struct error err = ERROR_INIT;
    struct ca_builtin_options open_options = { .data_folder = world->folder.path,
                                               .name = "default",
                                               .public_url = "http://scep.example.test",
                                               .store = world->store,
                                               .crl_validity_hours = 24,
                                               .crl_renew_hours = 6 };
    struct ca_builtin *builtin = NULL;

    builtin = ca_builtin_open(&open_options, &err);
    assert_done(builtin != NULL, &err, "CA");
    world->ca = ca_builtin_as_ca(builtin);
    assert_non_null(world->ca);
    world->ras = ca_ra(world->ca, &err);
    assert_done(world->ras != NULL, &err, "RA");
}

void endpoint_world_renew(struct endpoint_world *world)
{
    struct ca_new_options options = ca_options(world);
    struct error err = ERROR_INIT;

    options.ra_validity_days = 60;
    assert_done(ca_files_renew_ra(&options, &err), &err, "renew");
    ra_set_unref(world->ras);
    ca_free(world->ca);
    open_ca(world);
}

void endpoint_world_open(struct endpoint_world *world)
{
    struct ca_new_options ca;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = 2 };

    memset(world, 0, sizeof(*world));
    test_folder_create(&world->folder);
    test_folder_path(&world->folder, "openndes.db", path);
    world->store = store_open(&options, &err);
    assert_done(world->store != NULL, &err, "store");
    ca = ca_options(world);
    assert_done(ca_files_create(&ca, &err), &err, "CA");
    open_ca(world);
    world->client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    world->other_key = scep_test_key(SCEP_TEST_KEY_OTHER);
}

void endpoint_world_close(struct endpoint_world *world)
{
    EVP_PKEY_free(world->client_key);
    EVP_PKEY_free(world->other_key);
    ra_set_unref(world->ras);
    ca_free(world->ca);
    store_close(world->store);
    test_folder_remove(&world->folder);
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
    struct endpoint_options options = { .config = &config, .ca = world->ca, .store = world->store };
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

static void ask(const struct endpoint *endpoint, const struct endpoint_face *face,
                struct http_request *request, struct endpoint_answer *answer)
{
    static const uint8_t loopback[4] = { 127, 0, 0, 1 };

    memset(answer, 0, sizeof(*answer));
    endpoint_report_init(&answer->report);
    assert_true(text_copy(request->id, sizeof(request->id), "test-1"));
    memcpy(request->peer.octets, loopback, sizeof(loopback));
    request->started_us = clock_monotonic_us();
    /* another face admits by itself: the lists that count are those of whoever is chosen */
    if (face != endpoint_own_face(endpoint)
        || endpoint_admit(endpoint, request, &answer->response, &answer->report)) {
        endpoint_handle(endpoint, face, request, &answer->response, &answer->report);
    }
}

void endpoint_post_at(const struct endpoint *endpoint, const struct endpoint_face *face,
                      struct bytes message, struct endpoint_answer *answer)
{
    struct http_request request = { .method = HTTP_METHOD_POST,
                                    .method_text = "POST",
                                    .path = "/scep/device",
                                    .raw_query = bytes_of_text("operation=PKIOperation"),
                                    .body = message };

    ask(endpoint, face, &request, answer);
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
