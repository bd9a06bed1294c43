/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  requests that two programs could read in two ways: each is refused, or read in the one
 *           way that is written down here, and a connection whose framing is in doubt ends.
 * Not here: requests that are in order (test_http_server.c).
 * Owns:     nothing.
 * Threads:  none of its own.
 * Spec:     RFC 9112 3.2, 5, 6.3, 7.1, 11.2.
 */
#include "http/http_world.h"

#include <string.h>

#include "base/text.h"

#define HOST "Host: test\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define POST "POST /p HTTP/1.1\r\n" HOST
#define SECOND "GET /second?2 HTTP/1.1\r\n" HOST "\r\n"

enum after {
    AFTER_CLOSED, /* refused, and nothing behind it was read as a request */
    AFTER_GOES_ON /* read in one way: what stands behind it is the next request */
};

/* libmicrohttpd 0.9.75 and 1.0 differ here and there: both may be right, but nothing else is. */
struct shape {
    const char *name;
    const char *request; /* SECOND follows */
    size_t len;          /* 0: of the text */
    int status;
    int or_status; /* 0: none; CLOSED: without a word */
    enum after after;
};

#define CLOSED (-1)
#define WITH_NUL(text) (text), sizeof(text) - 1

static const struct shape shapes[] = {
    /* where the body ends */
    { "CL and TE", POST "Content-Length: 6\r\n" CHUNKED "\r\n0\r\n\r\nG", 0, 400, 0, AFTER_CLOSED },
    { "TE and CL", POST CHUNKED "Content-Length: 6\r\n\r\n0\r\n\r\nG", 0, 400, 0, AFTER_CLOSED },
    { "two CL", POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", 0, 400, 0,
      AFTER_CLOSED },
    { "CL as a list", POST "Content-Length: 5, 5\r\n\r\nhello", 0, 400, 0, AFTER_CLOSED },
    { "CL with plus", POST "Content-Length: +5\r\n\r\nhello", 0, 400, 0, AFTER_CLOSED },
    { "CL negative", POST "Content-Length: -1\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "CL in hexadecimal", POST "Content-Length: 0x5\r\n\r\nhello", 0, 400, 0, AFTER_CLOSED },
    { "CL over 64 bits", POST "Content-Length: 99999999999999999999\r\n\r\n", 0, 400, 413,
      AFTER_CLOSED },
    { "CL of 63 bits", POST "Content-Length: 9223372036854775806\r\n\r\n", 0, 413, 0,
      AFTER_CLOSED },
    { "CL empty", POST "Content-Length:\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "TE identity", POST "Transfer-Encoding: identity\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "TE chunked, identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 0, 400,
      0, AFTER_CLOSED },
    { "TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "TE quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 0, 400, 0,
      AFTER_CLOSED },
    { "TE with vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 0, 400, 0,
      AFTER_CLOSED },
    { "TE twice", POST CHUNKED CHUNKED "\r\n0\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "TE in 1.0", "POST /p HTTP/1.0\r\nConnection: keep-alive\r\n" CHUNKED "\r\n0\r\n\r\n", 0, 400,
      0, AFTER_CLOSED },
    /* names */
    { "space before colon", POST "Content-Length : 5\r\n\r\nhello", 0, 400, 0, AFTER_CLOSED },
    { "tab before colon", POST "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 0, 400, 0,
      AFTER_CLOSED },
    { "no colon", POST "Content-Length 5\r\n\r\nhello", 0, 400, 0, AFTER_CLOSED },
    { "empty name", POST ": chunked\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    { "space in front of the first header", "POST /p HTTP/1.1\r\n Content-Length: 5\r\n\r\nhello",
      0, 400, 0, AFTER_CLOSED },
    { "NUL in a name", WITH_NUL(POST "Content\0-Length: 5\r\n\r\nhello"), 400, CLOSED,
      AFTER_CLOSED },
    { "NUL in a value", WITH_NUL(POST "Content-Length: 5\0\r\n\r\nhello"), 400, CLOSED,
      AFTER_CLOSED },
    { "NUL in the target", WITH_NUL("GET /p\0q HTTP/1.1\r\n" HOST "\r\n"), 400, CLOSED,
      AFTER_CLOSED },
    { "high bytes in a name", POST "Content-L\xc3\xa9ngth: 5\r\n\r\n", 0, 400, 0, AFTER_CLOSED },
    /* request lines */
    { "HTTP/0.9", "GET /p\r\n", 0, 400, 505, AFTER_CLOSED },
    { "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400, 505, AFTER_CLOSED },
    { "HTTP/1.2", "GET /p?1 HTTP/1.2\r\n" HOST "\r\n", 0, 200, 505, AFTER_GOES_ON },
    { "http in small letters", "GET /p http/1.1\r\n" HOST "\r\n", 0, 400, 505, AFTER_CLOSED },
    { "garbage", "\x16\x03\x01\x02\x01\x01\x01\xfc\r\n\r\n", 0, 400, 505, AFTER_CLOSED },
    { "method alone", "GET\r\n\r\n", 0, 400, 505, AFTER_CLOSED },
    { "method in small letters", "get /p?1 HTTP/1.1\r\n" HOST "\r\n", 0, 405, 0, AFTER_GOES_ON },
    { "absolute form", "GET http://other/p?1 HTTP/1.1\r\n" HOST "\r\n", 0, 200, 0, AFTER_GOES_ON },
    { "CONNECT", "CONNECT host:443 HTTP/1.1\r\n" HOST "\r\n", 0, 400, 0, AFTER_GOES_ON },
    /* harmless: read in one way, and the next request with it */
    { "Upgrade to h2c",
      "GET /p?1 HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
      0, 200, 0, AFTER_GOES_ON },
    { "two Host", "GET /p?1 HTTP/1.1\r\n" HOST "Host: other\r\n\r\n", 0, 200, 400, AFTER_GOES_ON },
    { "body of GET", "GET /p?1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nGET", 0, 200, 0,
      AFTER_GOES_ON },
    { "bare LF", "GET /p?1 HTTP/1.1\nHost: test\n\n", 0, 200, 0, AFTER_GOES_ON },
    { "empty lines in front", "\r\n\r\nGET /p?1 HTTP/1.1\r\n" HOST "\r\n", 0, 200, 0,
      AFTER_GOES_ON },
    /* chunks */
    { "chunk size is no number", POST CHUNKED "\r\nzz\r\nab\r\n0\r\n\r\n", 0, 400, CLOSED,
      AFTER_CLOSED },
    { "chunk size over 64 bits", POST CHUNKED "\r\nfffffffffffffffff\r\n", 0, 400, 413,
      AFTER_CLOSED },
    { "chunk size negative", POST CHUNKED "\r\n-1\r\nab\r\n0\r\n\r\n", 0, 400, CLOSED,
      AFTER_CLOSED },
    { "chunk size 0x", POST CHUNKED "\r\n0x2\r\nab\r\n0\r\n\r\n", 0, 400, CLOSED, AFTER_CLOSED },
    { "chunk longer than said", POST CHUNKED "\r\n2\r\nabcd\r\n0\r\n\r\n", 0, 400, CLOSED,
      AFTER_CLOSED },
    { "trailer that lies", POST CHUNKED "\r\n2\r\nab\r\n0\r\nContent-Length: 99\r\n\r\n", 0, 200, 0,
      AFTER_GOES_ON },
};

/* obs-fold (RFC 9112 5.2) is read as a space or refused: in no case does it hide a header. */
static const char *const folded[] = {
    POST "Content-Length: 5\r\n\tX: y\r\n\r\nhello",
    POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    POST "X-A: b\r\n Content-Length: 99\r\n\r\n",
};

static void ask(struct world *world, const struct shape *shape, struct raw_response *response)
{
    struct raw_client *client = world_connect(world);
    struct bytes request =
        bytes_of(shape->request, shape->len != 0 ? shape->len : strlen(shape->request));
    unsigned handled = 0;
    bool answered = false;

    assert_true(raw_client_send(client, request));
    (void)!raw_client_send_text(client, SECOND);
    answered = raw_client_receive(client, true, response);
    if (!(answered ? response->status == shape->status || response->status == shape->or_status
                   : shape->or_status == CLOSED)) {
        fail_msg("\"%s\": %d", shape->name, response->status);
    }
    if (shape->after == AFTER_GOES_ON && response->status < 500 && response->status != 400) {
        assert_true(raw_client_receive(client, true, response));
        assert_bytes_text(buffer_bytes(&response->body), "2");
    } else if (shape->after == AFTER_CLOSED && !raw_client_drain(client)) {
        fail_msg("\"%s\": not closed", shape->name);
    }
    raw_client_close(client);
    (void)pthread_mutex_lock(&world->lock);
    handled = world->handled;
    (void)pthread_mutex_unlock(&world->lock);
    if (shape->after == AFTER_CLOSED && handled != 0) {
        fail_msg("\"%s\": something was read as a request", shape->name);
    }
}

static void http_server__each_shape__refused_or_read_in_one_way(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        world.handled = 0;
        ask(&world, &shapes[i], &response);
    }
    assert_int_equal(world_ask(&world, SECOND), 200);
    raw_response_clear(&response);
    world_destroy(&world);
}

static void http_server__folded_headers__hide_nothing(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    for (size_t i = 0; i < sizeof(folded) / sizeof(folded[0]); i++) {
        struct raw_client *client = world_connect(&world);

        assert_true(raw_client_send_text(client, folded[i]));
        (void)!raw_client_send_text(client, SECOND);
        assert_true(raw_client_receive(client, true, &response));
        if (response.status == 200) { /* as one line: no body, or the whole of it */
            assert_true(raw_client_receive(client, true, &response));
            assert_bytes_text(buffer_bytes(&response.body), "2");
        } else {
            assert_int_equal(response.status, 400);
            assert_true(raw_client_drain(client));
        }
        raw_client_close(client);
    }
    raw_response_clear(&response);
    world_destroy(&world);
}

/* ---- much in one segment --------------------------------------------------------------------- */

static void http_server__hundred_in_one_segment__answered_in_order(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct buffer requests = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    struct raw_client *client = NULL;
    struct world world;
    char expected[16];

    (void)state;
    world_create(&world, NULL);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(buffer_printf(&requests, &err, "GET /p?%u HTTP/1.1\r\n" HOST "\r\n", i));
    }
    client = world_connect(&world);
    assert_true(raw_client_send(client, buffer_bytes(&requests)));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(raw_client_receive(client, true, &response));
        assert_int_equal(response.status, 200);
        assert_true(text_format(expected, sizeof(expected), "%u", i));
        assert_bytes_text(buffer_bytes(&response.body), expected);
    }
    raw_client_close(client);
    buffer_clear(&requests);
    raw_response_clear(&response);
    world_destroy(&world);
}

/* A connection has one request at a time: the others wait in its socket, not in our memory. */
static void http_server__pipelined_behind_a_slow_one__waits_in_order(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct world world;

    (void)state;
    world_create(&world, NULL);
    client = world_connect(&world);
    assert_true(
        raw_client_send_text(client, "GET /block?1 HTTP/1.1\r\n" HOST "\r\n" SECOND SECOND));
    world_wait_inside(&world, 1);
    assert_int_equal(world_ask(&world, "GET /p?3 HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_int_equal(world.handled, 1); /* the one beside it: none of those behind */
    world_open_gate(&world);
    assert_true(raw_client_receive(client, true, &response));
    assert_bytes_text(buffer_bytes(&response.body), "1");
    for (unsigned i = 0; i < 2; i++) {
        assert_true(raw_client_receive(client, true, &response));
        assert_bytes_text(buffer_bytes(&response.body), "2");
    }
    raw_client_close(client);
    raw_response_clear(&response);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__each_shape__refused_or_read_in_one_way),
        cmocka_unit_test(http_server__folded_headers__hide_nothing),
        cmocka_unit_test(http_server__hundred_in_one_segment__answered_in_order),
        cmocka_unit_test(http_server__pipelined_behind_a_slow_one__waits_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
