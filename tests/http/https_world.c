/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include "platform/clock.h"

#define WAIT_US INT64_C(20000000)

int https_identities_create(void **state)
{
    static struct https_identities made;

    made.ec = test_identity_create(TEST_KEY_EC, "ec.test", "SHA256");
    made.rsa = test_identity_create(TEST_KEY_RSA_2048, "rsa.test", "SHA384");
    assert_non_null(made.ec);
    assert_non_null(made.rsa);
    *state = &made;
    return 0;
}

int https_identities_free(void **state)
{
    struct https_identities *made = *state;

    test_identity_free(made->ec);
    test_identity_free(made->rsa);
    return 0;
}

struct tls_context *https_context(const struct tls_identity *identity, enum tls_version min_version)
{
    struct error err = ERROR_INIT;
    struct tls_context *context = tls_context_create(min_version, &err);

    assert_done(context != NULL, &err, "TLS");
    if (identity != NULL) {
        assert_done(tls_context_set(context, identity, &err), &err, "identity");
    }
    return context;
}

void https_world_destroy(struct world *world, const struct world_options *options)
{
    world_destroy(world);
    tls_context_free(options->tls);
}

struct raw_client *https_connect(struct world *world)
{
    const char *why = "";
    struct raw_client *client = tls_client_connect(&world->address, world->tls_port, NULL, &why);

    if (client == NULL) {
        print_error("no TLS connection: %s\n", why);
    }
    assert_non_null(client);
    return client;
}

struct raw_client *https_connect_raw(struct world *world)
{
    struct raw_client *client = raw_client_connect(&world->address, world->tls_port);

    assert_non_null(client);
    return client;
}

struct raw_client *https_connect_when_room(struct world *world)
{
    int64_t until_us = clock_monotonic_us() + WAIT_US;
    struct raw_client *client = NULL;

    while (client == NULL && clock_monotonic_us() < until_us) {
        client = tls_client_connect(&world->address, world->tls_port, NULL, NULL);
    }
    assert_non_null(client);
    return client;
}

void https_expect(struct raw_client *client, int status, const char *body)
{
    struct raw_response response = RAW_RESPONSE_INIT;

    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, status);
    if (body != NULL) {
        assert_bytes_text(buffer_bytes(&response.body), body);
    }
    raw_response_clear(&response);
}

void https_ask(struct raw_client *client, const char *request, const char *body)
{
    assert_true(raw_client_send_text(client, request));
    https_expect(client, 200, body);
}
