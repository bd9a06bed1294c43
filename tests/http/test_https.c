/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include <string.h>

#include <openssl/ssl.h>

#include "config/config_net.h"

#define HOST "Host: test\r\n"
#define GET_PLAIN "GET /p?p HTTP/1.1\r\n" HOST "\r\n"
#define TEXT_LIMIT 4194304u
#define KEEP_ALIVE_REQUESTS 200u

/* ---- versions, ciphers, protocols ------------------------------------------------------------ */

enum shown { SHOWN_EC, SHOWN_RSA };

static const struct {
    const char *name;
    enum shown identity;
    enum tls_version min_version;
    struct tls_client_options client;
    const char *version; /* NULL: refused */
    const char *found;   /* the cipher chosen, or a part of the reason to refuse */
} handshakes[] = {
    { "TLS 1.3",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { 0, 0, NULL, NULL },
      "TLSv1.3",
      "TLS_AES_256_GCM_SHA384" },
    { "TLS 1.3 RSA",
      SHOWN_RSA,
      TLS_VERSION_1_3,
      { TLS1_3_VERSION, 0, NULL, NULL },
      "TLSv1.3",
      "TLS_AES_256_GCM_SHA384" },
    { "TLS 1.2",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, NULL },
      "TLSv1.2",
      "ECDHE-ECDSA-AES256-GCM-SHA384" },
    { "TLS 1.2 RSA",
      SHOWN_RSA,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, NULL },
      "TLSv1.2",
      "ECDHE-RSA-AES256-GCM-SHA384" },
    { "the server prefers",
      SHOWN_RSA,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256" },
      "TLSv1.2",
      "ECDHE-RSA-AES128-GCM-SHA256" },
    { "TLS 1.1",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { TLS1_VERSION, TLS1_1_VERSION, NULL, NULL },
      NULL,
      "unsupported protocol" },
    { "TLS 1.2 where 1.3 is wanted",
      SHOWN_EC,
      TLS_VERSION_1_3,
      { 0, TLS1_2_VERSION, NULL, NULL },
      NULL,
      "unsupported protocol" },
    { "CBC",
      SHOWN_RSA,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA" },
      NULL,
      "no shared cipher" },
    { "no forward secrecy",
      SHOWN_RSA,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, "AES256-GCM-SHA384" },
      NULL,
      "no shared cipher" },
    { "finite field",
      SHOWN_RSA,
      TLS_VERSION_1_2,
      { 0, TLS1_2_VERSION, NULL, "DHE-RSA-AES256-GCM-SHA384" },
      NULL,
      "no shared cipher" },
    { "HTTP/1.1 by ALPN",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { 0, 0, "\x08http/1.1", NULL },
      "TLSv1.3",
      "TLS_AES_256_GCM_SHA384" },
    { "HTTP/2 or 1.1",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { 0, 0, "\x02h2\x08http/1.1", NULL },
      "TLSv1.3",
      "TLS_AES_256_GCM_SHA384" },
    { "HTTP/2 only",
      SHOWN_EC,
      TLS_VERSION_1_2,
      { 0, 0, "\x02h2", NULL },
      NULL,
      "no application protocol" },
};

static void expect_connected(struct world *world, size_t i, struct raw_client *client)
{
    struct raw_response response = RAW_RESPONSE_INIT;

    assert_string_equal(tls_client_version(client), handshakes[i].version);
    assert_string_equal(tls_client_cipher(client), handshakes[i].found);
    assert_bytes_text(tls_client_alpn(client), handshakes[i].client.alpn != NULL ? "http/1.1" : "");
    world_exchange(client, GET_PLAIN, &response);
    assert_int_equal(response.status, 200);
    world_assert_complete(&response);
    assert_false(tls_client_resumable(client));
    assert_int_equal(world->handshakes_failed, 0);
    raw_client_close(client);
    raw_response_clear(&response);
}

static void https__each_handshake__as_expected(void **state)
{
    const struct https_identities *made = *state;

    for (size_t i = 0; i < sizeof(handshakes) / sizeof(handshakes[0]); i++) {
        struct world_options options = WORLD_OPTIONS_DEFAULT;
        struct raw_client *client = NULL;
        const char *why = "";
        struct world world;

        options.tls = https_context(handshakes[i].identity == SHOWN_EC ? made->ec : made->rsa,
                                    handshakes[i].min_version);
        world_create(&world, &options);
        client = tls_client_connect(&world.address, world.tls_port, &handshakes[i].client, &why);
        if ((client != NULL) != (handshakes[i].version != NULL)) {
            print_error("case \"%s\": %s\n", handshakes[i].name, why);
        }
        if (handshakes[i].version != NULL) {
            assert_non_null(client);
            expect_connected(&world, i, client);
        } else {
            assert_null(client);
            assert_non_null(strstr(why, "alert")); /* not just closed: it is told why */
            world_wait_handshakes_failed(&world, 1);
            world_assert_why(&world, handshakes[i].found);
            assert_true(ip_address_equal(&world.failed_peer, &world.address));
        }
        https_world_destroy(&world, &options);
    }
}

static void https__renegotiation__refused(void **state)
{
    const struct tls_client_options old = { 0, TLS1_2_VERSION, NULL, NULL };
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    client = tls_client_connect(&world.address, world.tls_port, &old, NULL);
    assert_non_null(client);
    assert_false(tls_client_renegotiate(client));
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

/* ---- what handlers see ----------------------------------------------------------------------- */

static void expect_seen(const struct world *world, const struct raw_client *client,
                        const char *digest)
{
    const struct world_seen *seen = &world->seen[0];
    struct tls_binding expected;

    tls_client_binding(client, digest, &expected);
    assert_int_not_equal(expected.len, 0);
    assert_true(seen->tls);
    assert_int_equal(seen->faces, LISTEN_FACE_SCEP);
    assert_true(ip_address_equal(&seen->peer, &world->address));
    assert_int_equal(seen->peer_port, raw_client_port(client));
    assert_true(seen->local_known);
    assert_true(ip_address_equal(&seen->local, &world->address));
    assert_int_equal(seen->local_port, world->tls_port);
    assert_int_equal(seen->channel_binding_len, expected.len);
    assert_memory_equal(seen->channel_binding, expected.digest, expected.len);
}

static void see(const struct tls_identity *identity, const char *digest, bool v6)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = https_context(identity, TLS_VERSION_1_2);
    options.v6 = v6;
    world_create(&world, &options);
    client = https_connect(&world);
    world_exchange(client, GET_PLAIN, &response);
    assert_int_equal(response.status, 200);
    world_wait_answered(&world, 1);
    expect_seen(&world, client, digest);
    /* the plain listener beside it knows nothing of it */
    assert_int_equal(world_ask(&world, GET_PLAIN), 200);
    world_wait_answered(&world, 2);
    assert_false(world.seen[1].tls);
    assert_int_equal(world.seen[1].faces, LISTEN_FACES_ALL);
    assert_int_equal(world.seen[1].channel_binding_len, 0);
    raw_client_close(client);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

static void https__request__ends_faces_and_binding_of_the_client(void **state)
{
    const struct https_identities *made = *state;

    see(made->ec, "SHA256", false);
    see(made->rsa, "SHA384", false);
}

static void https__request_over_ipv6__ends_of_the_client(void **state)
{
    const struct https_identities *made = *state;

    see(made->ec, "SHA256", true);
}

/* A sign-in over several requests needs its connection, over HTTPS as well. */
static void https__401_and_state__connection_goes_on(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct bytes value;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    client = https_connect(&world);
    for (unsigned i = 0; i < 3; i++) {
        world_exchange(client, "POST /sign-in HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
                       &response);
        assert_int_equal(response.status, 401);
        assert_int_equal(raw_response_header(&response, "WWW-Authenticate", &value), 2);
        world_exchange(client, "GET /count HTTP/1.1\r\n" HOST "\r\n", &response);
        assert_int_equal(response.body.len, 1);
        assert_int_equal(response.body.data[0], '1' + i);
    }
    raw_client_close(client);
    world_wait_counters_freed(&world, 1);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void https__megabyte_both_ways__untouched(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;
    struct world world;
    size_t head = 0;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    options.body_bytes = LIMIT_BODY_BYTES_MAX;
    world_create(&world, &options);
    client = https_connect(&world);
    assert_true(buffer_printf(&request, &err,
                              "POST /p HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n",
                              LIMIT_BODY_BYTES_MAX));
    head = request.len;
    for (unsigned i = 0; i < LIMIT_BODY_BYTES_MAX; i++) {
        assert_true(buffer_append_byte(&request, (uint8_t)(i * 7 + i / 256), &err));
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_true(raw_client_send(client, buffer_bytes(&request)));
        assert_true(raw_client_receive(client, true, &response));
        assert_int_equal(response.status, 200);
        assert_true(bytes_equal(buffer_bytes(&response.body),
                                bytes_of(request.data + head, request.len - head)));
    }
    raw_client_close(client);
    raw_response_clear(&response);
    buffer_clear(&request);
    https_world_destroy(&world, &options);
}

static void https__many_requests__one_connection(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    client = https_connect(&world);
    for (unsigned i = 0; i < KEEP_ALIVE_REQUESTS; i++) {
        world_exchange(client, GET_PLAIN, &response);
        assert_int_equal(response.status, 200);
        assert_bytes_text(buffer_bytes(&response.body), "p");
    }
    world_wait_answered(&world, KEEP_ALIVE_REQUESTS); /* told behind the answer */
    assert_int_equal(world_answered(&world), KEEP_ALIVE_REQUESTS);
    raw_client_close(client);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

/* Several requests in one record, and one request in many records. */
static void https__records_and_requests__independent(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    client = https_connect(&world);
    assert_true(raw_client_send_text(client, GET_PLAIN GET_PLAIN GET_PLAIN));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(raw_client_receive(client, true, &response));
        assert_int_equal(response.status, 200);
    }
    for (const char *c = GET_PLAIN; *c != '\0'; c++) {
        assert_true(raw_client_send(client, bytes_of(c, 1)));
    }
    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 200);
    raw_client_close(client);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

/* The whole answer comes, and behind it an orderly end. */
static void https__connection_close__answer_then_close_notify(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    options.tls = https_context(made->rsa, TLS_VERSION_1_2);
    world_create(&world, &options);
    client = https_connect(&world);
    world_exchange(client, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", &response);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.len, LIMIT_BODY_BYTES_MAX);
    assert_true(raw_client_at_end(client));
    assert_true(tls_client_was_told(client));
    raw_client_close(client);
    raw_response_clear(&response);
    https_world_destroy(&world, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https__each_handshake__as_expected),
        cmocka_unit_test(https__renegotiation__refused),
        cmocka_unit_test(https__request__ends_faces_and_binding_of_the_client),
        cmocka_unit_test(https__request_over_ipv6__ends_of_the_client),
        cmocka_unit_test(https__401_and_state__connection_goes_on),
        cmocka_unit_test(https__megabyte_both_ways__untouched),
        cmocka_unit_test(https__many_requests__one_connection),
        cmocka_unit_test(https__records_and_requests__independent),
        cmocka_unit_test(https__connection_close__answer_then_close_notify),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
