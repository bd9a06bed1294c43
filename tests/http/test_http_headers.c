/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <string.h>

#include "config/config_net.h"

#define HOST "Host: test\r\n"
#define TEXT_LIMIT 4194304u

/* ---- headers that handlers see --------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *headers;
    const char *seen; /* Authorization|Content-Type|X-Forwarded-For|X-Forwarded-Proto */
} kept[] = {
    { "none", "", "(none)|(none)|(none)|(none)" },
    { "each once",
      "Authorization: Negotiate YII=\r\nContent-Type: application/x-pki-message\r\n"
      "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n",
      "Negotiate YII=|application/x-pki-message|192.0.2.1|https" },
    { "names without regard to case",
      "AUTHORIZATION: a\r\ncontent-type: b\r\nx-forwarded-FOR: c\r\nX-FORWARDED-PROTO: d\r\n",
      "a|b|c|d" },
    { "several X-Forwarded-For in order",
      "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nX-Other: x\r\nX-Forwarded-For:  2001:db8::1 \r\n",
      "(none)|(none)|192.0.2.1, 192.0.2.2,2001:db8::1|(none)" },
    { "the first of the others", "Content-Type: a\r\nContent-Type: b\r\n",
      "(none)|a|(none)|(none)" },
    { "empty is there", "Authorization:\r\nX-Forwarded-For:\r\n", "|(none)||(none)" },
};

static void expect_headers(struct world *world, const char *path, size_t i)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = world_connect(world);
    struct error err = ERROR_INIT;

    assert_true(
        buffer_printf(&request, &err, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, kept[i].headers));
    world_exchange(client, buffer_text(&request), &response);
    if (response.status != 200) {
        print_error("case \"%s\"\n", kept[i].name);
    }
    assert_int_equal(response.status, 200);
    assert_bytes_text(buffer_bytes(&response.body), kept[i].seen);
    raw_client_close(client);
    raw_response_clear(&response);
    buffer_clear(&request);
}

static void http_server__headers__seen_in_both_phases(void **state)
{
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        expect_headers(&world, "/admitted", i);
        expect_headers(&world, "/headers", i);
    }
    world_destroy(&world);
}

/* The second request of a connection has none of the first one's. */
static void http_server__next_request__has_its_own_headers(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client, "GET /headers HTTP/1.1\r\n" HOST "Authorization: Basic x\r\n\r\n",
                   &response);
    assert_bytes_text(buffer_bytes(&response.body), "Basic x|(none)|(none)|(none)");
    world_exchange(client, "GET /headers HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_bytes_text(buffer_bytes(&response.body), "(none)|(none)|(none)|(none)");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* A request with a header whose value has `len` bytes; returns the status. */
static int ask_header(struct world *world, const char *name, size_t len)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct error err = ERROR_INIT;
    int status = 0;

    assert_true(buffer_printf(&request, &err, "GET /p HTTP/1.1\r\n" HOST "%s: ", name));
    for (size_t i = 0; i < len; i++) {
        assert_true(buffer_append_byte(&request, 'A', &err));
    }
    assert_true(buffer_append_text(&request, "\r\n\r\n", &err));
    status = world_ask(world, buffer_text(&request));
    buffer_clear(&request);
    return status;
}

static void http_server__header_sizes__limited(void **state)
{
    static const struct {
        const char *name;
        size_t len;
        int status;
    } cases[] = {
        { "Authorization", 49152, 200 },
        { "Authorization", LIMIT_AUTHORIZATION_BYTES, 200 },
        { "Authorization", LIMIT_AUTHORIZATION_BYTES + 1, 400 },
        { "Content-Type", LIMIT_FORWARDED_BYTES, 200 },
        { "Content-Type", LIMIT_FORWARDED_BYTES + 1, 400 },
        { "X-Forwarded-For", LIMIT_FORWARDED_BYTES, 200 },
        { "X-Forwarded-For", LIMIT_FORWARDED_BYTES + 1, 400 },
        { "X-Forwarded-Proto", LIMIT_FORWARDED_BYTES + 1, 400 },
    };
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = ask_header(&world, cases[i].name, cases[i].len);

        if (status != cases[i].status) {
            print_error("%s of %lu bytes\n", cases[i].name, (unsigned long)cases[i].len);
        }
        assert_int_equal(status, cases[i].status);
        world_wait_answered(&world, (unsigned)i + 1);
        assert_int_equal(world.seen[i].refused,
                         cases[i].status == 400 ? REASON_LIMIT : REASON_NONE);
    }
    world_destroy(&world);
}

/* The limit counts all lines together, with the commas between them. */
static void http_server__forwarded_in_many_lines__limited_together(void **state)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct error err = ERROR_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    assert_true(buffer_append_text(&request, "GET /p HTTP/1.1\r\n" HOST, &err));
    for (size_t bytes = 0; bytes <= LIMIT_FORWARDED_BYTES; bytes += 26) {
        assert_true(
            buffer_append_text(&request, "X-Forwarded-For: 2001:db8:1111:2222:3333::4\r\n", &err));
    }
    assert_true(buffer_append_text(&request, "\r\n", &err));
    assert_int_equal(world_ask(&world, buffer_text(&request)), 400);
    assert_int_equal(world.seen[0].refused, REASON_LIMIT);
    buffer_clear(&request);
    world_destroy(&world);
}

static void http_server__authorization_twice__refused(void **state)
{
    struct world world;

    (void)state;
    world_create(&world, NULL);
    assert_int_equal(world_ask(&world, "GET /p HTTP/1.1\r\n" HOST "Authorization: Basic a\r\n"
                                       "authorization: Basic b\r\n\r\n"),
                     400);
    world_wait_answered(&world, 1);
    assert_int_equal(world.seen[0].refused, REASON_SYNTAX);
    assert_int_equal(world_handled(&world), 0);
    world_destroy(&world);
}

static void http_server__plain_listener__faces_and_no_binding(void **state)
{
    struct world world;

    (void)state;
    world_create(&world, NULL);
    assert_int_equal(world_ask(&world, "GET /p HTTP/1.1\r\n" HOST "\r\n"), 200);
    world_wait_answered(&world, 1);
    assert_int_equal(world.seen[0].faces, LISTEN_FACES_ALL);
    assert_false(world.seen[0].tls);
    assert_int_equal(world.seen[0].channel_binding_len, 0);
    world_destroy(&world);
}

/* ---- headers of answers ---------------------------------------------------------------------- */

static void assert_sign_in(const struct raw_response *response)
{
    struct bytes value;

    assert_int_equal(response->status, 401);
    world_assert_complete(response);
    assert_int_equal(raw_response_header(response, "WWW-Authenticate", &value), 2);
    assert_bytes_text(value, "NTLM"); /* the last one: they keep their order */
    assert_int_equal(raw_response_header(response, "Connection", &value), 0);
}

static const struct {
    const char *name;
    const char *before; /* of the path, whose end follows */
    const char *after;
} legs[] = {
    { "GET", "GET ", " HTTP/1.1\r\n" HOST "\r\n" },
    { "POST with a body", "POST ", " HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" },
    { "POST without one", "POST ", " HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
    { "chunked", "POST ",
      " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
};

/* NTLM needs several requests on one connection (RFC 4559 6). */
static void http_server__401__connection_goes_on(void **state)
{
    static const char *const paths[] = { "/sign-in", "/sign-in-handle" };
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    for (size_t i = 0; i < 2 * sizeof(legs) / sizeof(legs[0]); i++) {
        buffer_reset(&request);
        assert_true(buffer_printf(&request, &err, "%s%s%s", legs[i / 2].before, paths[i % 2],
                                  legs[i / 2].after));
        world_exchange(client, buffer_text(&request), &response);
        assert_sign_in(&response);
        assert_bytes_text(buffer_bytes(&response.body), "sign in");
    }
    world_exchange(client, "GET /count HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_bytes_text(buffer_bytes(&response.body), "1");
    raw_client_close(client);
    raw_response_clear(&response);
    buffer_clear(&request);
    world_destroy(&world);
}

/* Who waits for 100 before the body is let send it: otherwise the connection could not go on. */
static void http_server__401_with_expect__body_read_and_connection_goes_on(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, "POST /sign-in HTTP/1.1\r\n" HOST
                                             "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    assert_true(raw_client_receive(client, false, &response));
    assert_int_equal(response.status, 100);
    assert_true(raw_client_send_text(client, "hello"));
    assert_true(raw_client_receive(client, true, &response));
    assert_sign_in(&response);
    world_exchange(client, "GET /p?on HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_bytes_text(buffer_bytes(&response.body), "on");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__head__headers_and_length_without_body(void **state)
{
    static const char *const requests[] = {
        "HEAD /sign-in HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /cached HTTP/1.1\r\n" HOST "\r\n",
    };
    static const char *const lengths[] = { "7", "6" };
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct bytes value;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    for (size_t i = 0; i < 2; i++) {
        world_exchange(client, requests[i], &response);
        world_assert_complete(&response);
        assert_int_equal(raw_response_header(&response, "Content-Length", &value), 1);
        assert_bytes_text(value, lengths[i]);
        assert_int_equal(raw_response_header(&response, "Content-Type", &value), 1);
        assert_int_equal(raw_response_header(&response, "WWW-Authenticate", &value),
                         i == 0 ? 2 : 0);
    }
    /* nothing of a body stands before the next answer */
    world_exchange(client, "GET /p?next HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_int_equal(response.status, 200);
    assert_bytes_text(buffer_bytes(&response.body), "next");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* What the server answers by itself has nothing of the handler's answer. */
static void http_server__own_answer__without_the_handlers_headers(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct bytes value;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_int_equal(response.status, 500);
    world_assert_complete(&response);
    assert_int_equal(raw_response_header(&response, "WWW-Authenticate", &value), 0);
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__headers__seen_in_both_phases),
        cmocka_unit_test(http_server__next_request__has_its_own_headers),
        cmocka_unit_test(http_server__header_sizes__limited),
        cmocka_unit_test(http_server__forwarded_in_many_lines__limited_together),
        cmocka_unit_test(http_server__authorization_twice__refused),
        cmocka_unit_test(http_server__plain_listener__faces_and_no_binding),
        cmocka_unit_test(http_server__401__connection_goes_on),
        cmocka_unit_test(http_server__401_with_expect__body_read_and_connection_goes_on),
        cmocka_unit_test(http_server__head__headers_and_length_without_body),
        cmocka_unit_test(http_server__own_answer__without_the_handlers_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
