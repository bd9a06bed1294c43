/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_world.h"

#include <string.h>

#define TEXT_LIMIT 4194304u

/* ---- one request, one answer ----------------------------------------------------------------- */

struct ask_case {
    const char *name;
    const char *request;
    int status;
    const char *body; /* NULL: not looked at */
};

#define HOST "Host: test\r\n"

static const struct ask_case asked[] = {
    { "GET", "GET /p?a=b HTTP/1.1\r\n" HOST "\r\n", 200, "a=b" },
    { "raw query", "GET /p?m=%2B+%2f%00&&x HTTP/1.1\r\n" HOST "\r\n", 200, "m=%2B+%2f%00&&x" },
    { "HTTP/1.0", "GET /p?1 HTTP/1.0\r\n\r\n", 200, "1" },
    { "HTTP/1.1 without Host", "GET /p?2 HTTP/1.1\r\n\r\n", 200, "2" },
    { "POST without Host", "POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 200, "abc" },
    { "absolute form", "GET http://other/p?3 HTTP/1.1\r\n" HOST "\r\n", 200, "3" },
    { "POST", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 200, "hello" },
    { "POST HTTP/1.0", "POST /p HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 200, "hello" },
    { "POST empty", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, "" },
    { "POST without length", "POST /p HTTP/1.1\r\n" HOST "\r\n", 200, "" },
    { "chunked",
      "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
      200, "abcde" },
    { "chunked upper case",
      "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
      "a" },
    { "GET with body", "GET /p?4 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy", 200, "4" },
    { "empty answer", "GET /empty HTTP/1.1\r\n" HOST "\r\n", 200, "" },
    { "handler forgets", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 500, NULL },
    { "admit refuses", "GET /denied HTTP/1.1\r\n" HOST "\r\n", 403, "" },
    { "admit answers", "GET /cached HTTP/1.1\r\n" HOST "\r\n", 200, "cached" },
    { "admit answers POST", "POST /cached HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 200,
      "cached" },
    { "HEAD", "HEAD /p?5 HTTP/1.1\r\n" HOST "\r\n", 405, "" },
    { "OPTIONS", "OPTIONS /p HTTP/1.1\r\n" HOST "\r\n", 405, "no" },
    { "OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405, "no" },
    { "DELETE with body", "DELETE /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy", 405, "no" },
    { "lower-case method", "get /p HTTP/1.1\r\n" HOST "\r\n", 405, "no" },
    { "escaped NUL", "GET /p%00 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
    { "broken escape", "GET /p%4 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
    { "authority form", "CONNECT host:443 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
};

static void http_server__each_request__answered_as_expected(void **state)
{
    struct world world;
    struct raw_response response = RAW_RESPONSE_INIT;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct raw_client *client = world_connect(&world);

        world_exchange(client, asked[i].request, &response);
        if (response.status != asked[i].status) {
            print_error("case \"%s\"\n", asked[i].name);
        }
        assert_int_equal(response.status, asked[i].status);
        world_assert_complete(&response);
        if (asked[i].body != NULL) {
            assert_bytes_text(buffer_bytes(&response.body), asked[i].body);
        }
        raw_client_close(client);
    }
    world_wait_answered(&world, sizeof(asked) / sizeof(asked[0]));
    raw_response_clear(&response);
    world_destroy(&world);
}

/* ---- what two programs could read in two ways ------------------------------------------------ */

static const struct {
    const char *name;
    const char *request;
} smuggled[] = {
    { "length and chunked", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
    { "two lengths", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" },
    { "same length twice",
      "POST /p HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na" },
    { "other encoding", "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n" },
    { "two encodings", "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                       "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" },
    { "chunked in 1.0", "POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
    { "length not a number", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 1x\r\n\r\na" },
    { "signed length", "POST /p HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\na" },
    { "space before colon", "POST /p HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello" },
};

static void http_server__ambiguous_framing__refused_and_closed(void **state)
{
    struct world world;
    struct raw_response response = RAW_RESPONSE_INIT;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(smuggled) / sizeof(smuggled[0]); i++) {
        struct raw_client *client = world_connect(&world);

        /* a second request, which must not be read */
        assert_true(raw_client_send_text(client, smuggled[i].request));
        (void)!raw_client_send_text(client, "GET /p?smuggled HTTP/1.1\r\n" HOST "\r\n");
        assert_true(raw_client_receive(client, true, &response));
        if (response.status != 400) {
            print_error("case \"%s\"\n", smuggled[i].name);
        }
        assert_int_equal(response.status, 400);
        if (!raw_client_drain(client)) { /* 0.9.75 sends some of its own heads twice */
            print_error("case \"%s\": not closed\n", smuggled[i].name);
            fail();
        }
        raw_client_close(client);
    }
    assert_int_equal(world_handled(&world), 0);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* libmicrohttpd 1.0.1 miscounts chunk extensions, which no client sends: no wrong body may come. */
static void http_server__chunk_extension__whole_or_refused(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client,
                   "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                   "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                   &response);
    if (response.status == 200) {
        assert_bytes_text(buffer_bytes(&response.body), "abcde");
    } else {
        assert_int_equal(response.status, 400);
        assert_true(raw_client_drain(client));
        assert_int_equal(world_handled(&world), 0);
    }
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__too_many_headers__refused(void **state)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct error err = ERROR_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (unsigned count = LIMIT_HEADERS; count <= LIMIT_HEADERS + 1; count++) {
        buffer_reset(&request);
        assert_true(buffer_append_text(&request, "GET /p HTTP/1.1\r\n" HOST, &err));
        for (unsigned i = 1; i < count; i++) {
            assert_true(buffer_printf(&request, &err, "X-%u: 1\r\n", i));
        }
        assert_true(buffer_append_text(&request, "\r\n", &err));
        assert_int_equal(world_ask(&world, buffer_text(&request)),
                         count <= LIMIT_HEADERS ? 200 : 400);
    }
    buffer_clear(&request);
    world_destroy(&world);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void append_run(struct buffer *to, size_t len)
{
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < len; i++) {
        assert_true(buffer_append_byte(to, (uint8_t)("ab%2B+=/"[i % 8]), &err));
    }
}

/* GET with a query of `len` bytes; the answer is left in response. */
static void ask_query(struct world *world, size_t len, struct buffer *query,
                      struct raw_response *response)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_client *client = world_connect(world);
    struct error err = ERROR_INIT;

    buffer_reset(query);
    append_run(query, len);
    assert_true(buffer_append_text(&request, "GET /p?", &err));
    assert_true(buffer_append_bytes(&request, buffer_bytes(query), &err));
    assert_true(buffer_append_text(&request, " HTTP/1.1\r\n" HOST "\r\n", &err));
    (void)!raw_client_send(client, buffer_bytes(&request));
    assert_true(raw_client_receive(client, true, response));
    raw_client_close(client);
    buffer_clear(&request);
}

static void http_server__query_at_limit__arrives_untouched(void **state)
{
    struct buffer query = BUFFER_INIT(TEXT_LIMIT);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    ask_query(&world, LIMIT_QUERY_BYTES, &query, &response);
    assert_int_equal(response.status, 200);
    assert_true(bytes_equal(buffer_bytes(&response.body), buffer_bytes(&query)));
    buffer_clear(&query);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__query_over_limit__414(void **state)
{
    struct buffer query = BUFFER_INIT(TEXT_LIMIT);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    ask_query(&world, LIMIT_QUERY_BYTES + 1, &query, &response);
    assert_int_equal(response.status, 414);
    world_wait_answered(&world, 1);
    assert_int_equal(world.seen[0].refused, REASON_URI_TOO_LONG);
    /* over the connection's memory libmicrohttpd refuses by itself */
    ask_query(&world, LIMIT_CONNECTION_MEMORY, &query, &response);
    assert_true(response.status == 414 || response.status == 431);
    buffer_clear(&query);
    raw_response_clear(&response);
    world_destroy(&world);
}

/*
 * libmicrohttpd keeps each argument of a query beside the text: thousands do not fit. No memory may
 * be lost then.
 */
static void http_server__thousands_of_arguments__closed_or_refused(void **state)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    assert_true(buffer_append_text(&request, "GET /p?", &err));
    for (unsigned i = 0; i < LIMIT_QUERY_BYTES / 2; i++) {
        assert_true(buffer_append_text(&request, "a&", &err));
    }
    assert_true(buffer_append_text(&request, " HTTP/1.1\r\n" HOST "\r\n", &err));
    for (unsigned i = 0; i < 3; i++) {
        client = world_connect(&world);
        (void)!raw_client_send(client, buffer_bytes(&request));
        assert_true(raw_client_drain(client));
        raw_client_close(client);
    }
    assert_int_equal(world_handled(&world), 0);
    buffer_clear(&request);
    world_destroy(&world);
}

static void http_server__path_over_limit__414(void **state)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct error err = ERROR_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    assert_true(buffer_append_text(&request, "GET /", &err));
    for (unsigned i = 0; i < LIMIT_PATH_BYTES; i++) {
        assert_true(buffer_append_byte(&request, 'p', &err));
    }
    assert_true(buffer_append_text(&request, " HTTP/1.1\r\n" HOST "\r\n", &err));
    assert_int_equal(world_ask(&world, buffer_text(&request)), 414);
    buffer_clear(&request);
    world_destroy(&world);
}

/* POST with a body of `len` bytes in one of three shapes. */
enum body_shape { BODY_LENGTH, BODY_CHUNKED, BODY_LENGTH_ONLY_HEADERS };

static void ask_body(struct world *world, size_t len, enum body_shape shape,
                     struct raw_response *response)
{
    struct buffer request = BUFFER_INIT(TEXT_LIMIT);
    struct raw_client *client = world_connect(world);
    struct error err = ERROR_INIT;

    assert_true(buffer_append_text(&request, "POST /p HTTP/1.1\r\n" HOST, &err));
    if (shape == BODY_CHUNKED) {
        assert_true(buffer_printf(&request, &err, "Transfer-Encoding: chunked\r\n\r\n%lx\r\n",
                                  (unsigned long)len));
    } else {
        assert_true(
            buffer_printf(&request, &err, "Content-Length: %lu\r\n\r\n", (unsigned long)len));
    }
    if (shape != BODY_LENGTH_ONLY_HEADERS) {
        append_run(&request, len);
    }
    if (shape == BODY_CHUNKED) {
        assert_true(buffer_append_text(&request, "\r\n0\r\n\r\n", &err));
    }
    assert_true(raw_client_send(client, buffer_bytes(&request)));
    assert_true(raw_client_receive(client, true, response));
    raw_client_close(client);
    buffer_clear(&request);
}

static void http_server__body_at_limit__arrives(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct buffer body = BUFFER_INIT(TEXT_LIMIT);
    struct world world;

    (void)state;
    world_create(&world, NULL);
    append_run(&body, LIMIT_BODY_BYTES_DEFAULT);
    for (unsigned shape = BODY_LENGTH; shape <= BODY_CHUNKED; shape++) {
        ask_body(&world, LIMIT_BODY_BYTES_DEFAULT, (enum body_shape)shape, &response);
        assert_int_equal(response.status, 200);
        assert_true(bytes_equal(buffer_bytes(&response.body), buffer_bytes(&body)));
    }
    buffer_clear(&body);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__body_over_limit__413(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct bytes value;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    ask_body(&world, LIMIT_BODY_BYTES_DEFAULT + 1, BODY_CHUNKED, &response);
    assert_int_equal(response.status, 413);
    ask_body(&world, LIMIT_BODY_BYTES_DEFAULT + 1, BODY_LENGTH_ONLY_HEADERS, &response);
    assert_int_equal(response.status, 413);
    assert_int_equal(raw_response_header(&response, "Connection", &value), 1);
    assert_bytes_text(value, "close");
    world_wait_answered(&world, 2);
    assert_int_equal(world.seen[0].refused, REASON_BODY_TOO_LARGE);
    assert_int_equal(world.seen[1].refused, REASON_BODY_TOO_LARGE);
    assert_int_equal(world_handled(&world), 0);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__endless_chunks__connection_closed(void **state)
{
    struct buffer piece = BUFFER_INIT(TEXT_LIMIT);
    struct error err = ERROR_INIT;
    struct raw_client *client = NULL;
    struct world world;
    bool open = true;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, "POST /p HTTP/1.1\r\n" HOST
                                             "Transfer-Encoding: chunked\r\n\r\n"));
    assert_true(buffer_append_text(&piece, "10000\r\n", &err));
    append_run(&piece, 65536);
    assert_true(buffer_append_text(&piece, "\r\n", &err));
    for (unsigned i = 0; i < 4096 && open; i++) {
        open = raw_client_send(client, buffer_bytes(&piece));
    }
    assert_false(open);
    raw_client_close(client);
    buffer_clear(&piece);
    assert_int_equal(world_handled(&world), 0);
    world_destroy(&world);
}

static void http_server__big_answer__arrives_whole(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client, "GET /big HTTP/1.1\r\n" HOST "\r\n", &response);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.len, 1048576);
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* ---- headers of the answer ------------------------------------------------------------------- */

static void http_server__method_refused__allow_and_exact_type(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct bytes value;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client, "PUT /p HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", &response);
    assert_int_equal(response.status, 405);
    assert_int_equal(raw_response_header(&response, "Allow", &value), 1);
    assert_bytes_text(value, "GET, POST");
    assert_int_equal(raw_response_header(&response, "Content-Type", &value), 1);
    assert_bytes_text(value, "application/x-test");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__expect_continue__asked_for_the_body(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client,
                   "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
                   &response);
    assert_int_equal(response.status, 100);
    world_exchange(client, "hello", &response);
    assert_int_equal(response.status, 200);
    assert_bytes_text(buffer_bytes(&response.body), "hello");
    /* what is refused is not asked for */
    world_exchange(client,
                   "POST /denied HTTP/1.1\r\n" HOST
                   "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
                   &response);
    assert_int_equal(response.status, 403);
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void http_server__keep_alive__same_connection(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    for (unsigned i = 0; i < 20; i++) {
        world_exchange(client, "GET /p?k HTTP/1.1\r\n" HOST "\r\n", &response);
        assert_bytes_text(buffer_bytes(&response.body), "k");
        world_exchange(client, "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
                       &response);
        assert_int_equal(response.status, 403);
    }
    world_exchange(client, "GET /p?k HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", &response);
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__pipelined__answered_in_order(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client,
                                     "GET /p?1 HTTP/1.1\r\n" HOST "\r\n"
                                     "POST /p HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n2"
                                     "GET /cached HTTP/1.1\r\n" HOST "\r\n"
                                     "GET /p?4 HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "1");
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "2");
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "cached");
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "4");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__byte_by_byte__understood(void **state)
{
    static const char request[] = "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        assert_true(raw_client_send(client, bytes_of(request + i, 1)));
    }
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "abc");
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__request__addresses_and_id_are_known(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    world_exchange(client, "GET /p?x HTTP/1.1\r\n" HOST "\r\n", &response);
    world_exchange(client, "GET /p HTTP/1.1\r\n" HOST "\r\n", &response);
    world_wait_answered(&world, 2);
    assert_string_equal(world.seen[0].method, "GET");
    assert_string_equal(world.seen[0].path, "/p");
    assert_int_equal(world.seen[0].body_len, 1);
    assert_true(ip_address_equal(&world.seen[0].peer, &world.address));
    assert_int_equal(world.seen[0].peer_port, raw_client_port(client));
    assert_true(world.seen[0].local_known);
    assert_true(ip_address_equal(&world.seen[0].local, &world.address));
    assert_int_equal(world.seen[0].local_port, world.port);
    assert_string_not_equal(world.seen[0].id, "");
    assert_string_not_equal(world.seen[0].id, world.seen[1].id);
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__ipv6_listener__serves_ipv6(void **state)
{
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct world world;

    (void)state;
    options.v6 = true;
    world_create(&world, &options);
    assert_int_equal(world_ask(&world, "GET /p HTTP/1.1\r\n" HOST "\r\n"), 200);
    world_wait_answered(&world, 1);
    assert_true(world.seen[0].peer.v6);
    assert_true(ip_address_is_loopback(&world.seen[0].peer));
    world_destroy(&world);
}

/* A request line, then what is no HTTP: libmicrohttpd answers, we are told. */
static void http_server__garbage_headers__told_as_refused(void **state)
{
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(raw_client_send_text(client, "GET /p HTTP/1.1\r\nno colon here\r\n\r\n"));
    world_wait_answered(&world, 1);
    assert_int_equal(world.seen[0].status, 400);
    assert_string_equal(world.seen[0].path, "/p");
    raw_client_close(client);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__each_request__answered_as_expected),
        cmocka_unit_test(http_server__ambiguous_framing__refused_and_closed),
        cmocka_unit_test(http_server__chunk_extension__whole_or_refused),
        cmocka_unit_test(http_server__too_many_headers__refused),
        cmocka_unit_test(http_server__query_at_limit__arrives_untouched),
        cmocka_unit_test(http_server__query_over_limit__414),
        cmocka_unit_test(http_server__thousands_of_arguments__closed_or_refused),
        cmocka_unit_test(http_server__path_over_limit__414),
        cmocka_unit_test(http_server__body_at_limit__arrives),
        cmocka_unit_test(http_server__body_over_limit__413),
        cmocka_unit_test(http_server__endless_chunks__connection_closed),
        cmocka_unit_test(http_server__big_answer__arrives_whole),
        cmocka_unit_test(http_server__method_refused__allow_and_exact_type),
        cmocka_unit_test(http_server__expect_continue__asked_for_the_body),
        cmocka_unit_test(http_server__keep_alive__same_connection),
        cmocka_unit_test(http_server__pipelined__answered_in_order),
        cmocka_unit_test(http_server__byte_by_byte__understood),
        cmocka_unit_test(http_server__request__addresses_and_id_are_known),
        cmocka_unit_test(http_server__ipv6_listener__serves_ipv6),
        cmocka_unit_test(http_server__garbage_headers__told_as_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
