/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint behind the HTTP server, and the bytes that devices really put on the wire. */
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/base64.h"
#include "endpoint/client_messages.h"
#include "config/config_net.h"
#include "http/http_server.h"
#include "http/raw_client.h"
#include "support/scep_asn1.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PATH "/scep/device/pkiclient.exe"

static struct endpoint_world world;
static struct endpoint *endpoint;
static struct worker_pool *pool;
static struct http_server *server;
static struct ip_address loopback;
static uint16_t port;

static enum http_admit on_admit(void *context, const struct http_request *request,
                                struct http_response *response)
{
    struct endpoint_report report;

    (void)context;
    endpoint_report_init(&report);
    return endpoint_admit(endpoint, request, response, &report) ? HTTP_ADMIT_HANDLE
                                                                : HTTP_ADMIT_ANSWERED;
}

static void on_handle(void *context, const struct http_request *request,
                      struct http_response *response)
{
    struct endpoint_report report;

    (void)context;
    endpoint_report_init(&report);
    endpoint_handle(endpoint, endpoint_own_face(endpoint), request, response, &report);
}

static int open_world(void **state)
{
    struct http_server_options options = { .server_token = "OpenNDES",
                                           .body_bytes = LIMIT_BODY_BYTES_DEFAULT,
                                           .connections = 50,
                                           .idle_seconds = 30,
                                           .admit = on_admit,
                                           .handle = on_handle };
    struct http_listen_options listen = { .faces = LISTEN_FACES_ALL };
    struct error err = ERROR_INIT;

    (void)state;
    endpoint_world_open(&world);
    endpoint = endpoint_world_template(&world, "device", ", \"algorithms\": \"compat\"");
    assert_done(sockets_start(&err), &err, "sockets");
    pool = worker_pool_create(2, 16, &err);
    assert_done(pool != NULL, &err, "workers");
    options.pool = pool;
    server = http_server_create(&options, &err);
    assert_done(server != NULL, &err, "server");
    assert_done(ip_address_parse(bytes_of_text("127.0.0.1"), &loopback, &err), &err, "address");
    listen.address = loopback;
    assert_done(http_server_listen(server, &listen, &port, &err), &err, "listen");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    http_server_free(server);
    worker_pool_free(pool);
    endpoint_free(endpoint);
    endpoint_world_close(&world);
    return 0;
}

static struct raw_client *connect_client(void)
{
    struct raw_client *raw = raw_client_connect(&loopback, port);

    assert_non_null(raw);
    return raw;
}

static void assert_plain_http(const struct raw_response *response, const char *name)
{
    struct bytes value;
    char length[24];

    /* old parsers cannot dechunk, and caches must not keep anything */
    (void)snprintf(length, sizeof(length), "%zu", response->body.len);
    if (raw_response_header(response, "Content-Length", &value) != 1
        || !bytes_equal(value, bytes_of_text(length))
        || raw_response_header(response, "Transfer-Encoding", &value) != 0
        || raw_response_header(response, "Set-Cookie", &value) != 0
        || raw_response_header(response, "Location", &value) != 0
        || raw_response_header(response, "Cache-Control", &value) != 1) {
        fail_msg("%s: headers", name);
    }
    /* cryptlib and RFC 8894 3.5.2: workarounds for NDES begin where this says Microsoft */
    assert_int_equal(raw_response_header(response, "Server", &value), 1);
    assert_bytes_text(value, "OpenNDES");
}

/* The CertRep in a response is SUCCESS for this client. */
static void assert_success(const struct raw_response *response, const struct client *client,
                           const char *name)
{
    struct scep_client_reply reply;
    struct bytes type;

    if (response->status != 200) {
        fail_msg("%s: %d", name, response->status);
    }
    assert_plain_http(response, name);
    assert_int_equal(raw_response_header(response, "Content-Type", &type), 1);
    assert_bytes_text(type, "application/x-pki-message");
    if (!scep_client_read(buffer_bytes(&response->body), world.ras->ra[0].cert, client->message.key,
                          client->cert, &reply)
        || reply.status != 0 || reply.cert == NULL) {
        fail_msg("%s: %s, failInfo %d", name, reply.problem, reply.fail_info);
    }
    scep_client_reply_clear(&reply);
}

static void put(struct buffer *out, struct bytes bytes)
{
    scep_must(buffer_append_bytes(out, bytes, NULL));
}

/* ---- GET ------------------------------------------------------------------------------------- */

static void get__as_each_client_writes_it__enrols(void **state)
{
    static const struct {
        const char *name;
        const char *kind;
        const char *version; /* and headers */
    } rows[] = {
        { "Cisco: HTTP/1.0 without Host", "Cisco IOS 15",
          "HTTP/1.0\r\n"
          "User-Agent: Mozilla/4.0 (compatible; MSIE 5.0; Cisco PKI)\r\n\r\n" },
        { "sscep: HTTP/1.0 with nothing", "sscep 0.10", "HTTP/1.0\r\n\r\n" },
        { "strongSwan: HTTP/1.1 without Host", "strongSwan", "HTTP/1.1\r\nAccept: */*\r\n\r\n" },
        { "Apple", "Apple, iOS 9 and older",
          "HTTP/1.1\r\nHost: scep.example.test\r\nAccept-Language: de\r\n\r\n" },
        { "a proxy", "Digi routers",
          "HTTP/1.1\r\nHost: scep.example.test\r\nVia: 1.0 proxy\r\nX-Forwarded-For: 10.1.2.3\r\n"
          "Cookie: a=b\r\nIf-None-Match: \"x\"\r\nRange: bytes=0-9\r\n\r\n" },
        { "body where none belongs", "certmonger",
          "HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" },
    };
    static const enum client_way ways[] = { CLIENT_GET_LINES,      CLIENT_GET_LINES,
                                            CLIENT_GET_LINES_PLUS, CLIENT_GET_BARE,
                                            CLIENT_GET_SPACE,      CLIENT_GET };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct raw_response response = RAW_RESPONSE_INIT;
        struct buffer request = ASN1_BUFFER_INIT;
        struct buffer message = ASN1_BUFFER_INIT;
        struct raw_client *raw = connect_client();
        struct client client;

        client_init(&client, client_kind(rows[i].kind), &world, world.client_key, "get");
        client_message(&client, &message);
        put(&request, bytes_of_text("GET " PATH "?"));
        client_query(ways[i], buffer_bytes(&message), &request);
        put(&request, bytes_of_text(" "));
        put(&request, bytes_of_text(rows[i].version));
        assert_true(raw_client_send(raw, buffer_bytes(&request)));
        assert_true(raw_client_receive(raw, true, &response));
        assert_success(&response, &client, rows[i].name);
        if (strstr(rows[i].version, "HTTP/1.0") != NULL) {
            assert_true(raw_client_at_end(raw));
        }
        raw_client_close(raw);
        raw_response_clear(&response);
        client_clear(&client);
        buffer_clear(&message);
        buffer_clear(&request);
    }
}

/* A request with a challenge of Intune's size, or a long chain: 20 KB and more in the URL. */
static void get__of_20_kb__is_read_whole(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    struct buffer message = ASN1_BUFFER_INIT;
    struct raw_client *raw = connect_client();
    struct client client;
    static uint8_t filler[12000];

    (void)state;
    memset(filler, 0x5a, sizeof(filler));
    client_init(&client, client_kind("Windows"), &world, world.client_key, "long");
    csr_builder_tlv(&request, 0x04, bytes_of(filler, sizeof(filler)));
    csr_builder_attribute(&client.csr, "1.3.6.1.4.1.311.21.20", buffer_bytes(&request));
    buffer_reset(&request);
    client_message(&client, &message);
    put(&request, bytes_of_text("GET " PATH "?"));
    client_query(CLIENT_GET, buffer_bytes(&message), &request);
    assert_true(request.len > 20000);
    put(&request, bytes_of_text(" HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_true(raw_client_send(raw, buffer_bytes(&request)));
    assert_true(raw_client_receive(raw, true, &response));
    assert_success(&response, &client, "20 KB");
    raw_client_close(raw);
    raw_response_clear(&response);
    client_clear(&client);
    buffer_clear(&message);
    buffer_clear(&request);
}

/* ---- POST ------------------------------------------------------------------------------------ */

enum body { BODY_LENGTH, BODY_CHUNKED, BODY_CHUNKED_SMALL, BODY_EXPECT, BODY_BASE64, BODY_TAIL };

static void put_chunks(struct buffer *out, struct bytes body, size_t size)
{
    for (size_t at = 0; at < body.len; at += size) {
        size_t len = body.len - at < size ? body.len - at : size;

        scep_must(buffer_printf(out, NULL, "%zx\r\n", len));
        put(out, bytes_of(body.data + at, len));
        put(out, bytes_of_text("\r\n"));
    }
    put(out, bytes_of_text("0\r\n\r\n"));
}

/* Head and body of a POST; with BODY_EXPECT only the head, the body goes to `rest`. */
static void put_post(struct buffer *out, const char *head, enum body form, struct bytes message,
                     struct buffer *rest)
{
    struct buffer body = ASN1_BUFFER_INIT;

    put(out, bytes_of_text(head));
    if (form == BODY_BASE64) {
        scep_must(base64_encode(message, &body, NULL));
    } else {
        put(&body, message);
    }
    if (form == BODY_TAIL || form == BODY_BASE64) {
        put(&body, bytes_of_text("\r\n"));
    }
    if (form == BODY_CHUNKED || form == BODY_CHUNKED_SMALL) {
        put(out, bytes_of_text("Transfer-Encoding: chunked\r\n\r\n"));
        put_chunks(out, buffer_bytes(&body), form == BODY_CHUNKED ? 65536 : 100);
    } else {
        scep_must(buffer_printf(out, NULL, "Content-Length: %zu\r\n\r\n", body.len));
        put(form == BODY_EXPECT ? rest : out, buffer_bytes(&body));
    }
    buffer_clear(&body);
}

static void post__as_each_client_writes_it__enrols(void **state)
{
    static const struct {
        const char *name;
        const char *kind;
        const char *head;
        enum body body;
    } rows[] = {
        { "jscep, scepclient: octet-stream", "jscep",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n"
          "Content-Type: application/octet-stream\r\n",
          BODY_LENGTH },
        { "strongSwan: empty type", "strongSwan",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nContent-Type:\r\n",
          BODY_LENGTH },
        { "sscep: HTTP/1.0, no type", "sscep 0.10",
          "POST " PATH "?operation=PKIOperation HTTP/1.0\r\n", BODY_LENGTH },
        { "a form's type", "Android, Knox",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n"
          "Content-Type: application/x-www-form-urlencoded\r\n",
          BODY_LENGTH },
        { "type with a parameter", "Windows",
          "POST " PATH "?operation=PKIOperation&message=default HTTP/1.1\r\nHost: x\r\n"
          "Content-Type: application/x-pki-message; charset=utf-8\r\n",
          BODY_LENGTH },
        { "no operation", "cryptlib", "POST " PATH " HTTP/1.1\r\nHost: x\r\n", BODY_LENGTH },
        { "operation in capitals", "ChromeOS",
          "POST " PATH "?OPERATION=PKIOPERATION HTTP/1.1\r\nHost: x\r\n", BODY_LENGTH },
        { "one chunk", "Apple", "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n",
          BODY_CHUNKED },
        { "chunks of 100 bytes", "Apple",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n", BODY_CHUNKED_SMALL },
        { "Expect: 100-continue", "micromdm scepclient, newer",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n",
          BODY_EXPECT },
        { "base64", "base64 everywhere",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n", BODY_BASE64 },
        { "a line end behind it", "FortiGate",
          "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n", BODY_TAIL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct raw_response response = RAW_RESPONSE_INIT;
        struct buffer request = ASN1_BUFFER_INIT;
        struct buffer rest = ASN1_BUFFER_INIT;
        struct buffer message = ASN1_BUFFER_INIT;
        struct raw_client *raw = connect_client();
        struct client client;

        client_init(&client, client_kind(rows[i].kind), &world, world.client_key, "post");
        client_message(&client, &message);
        put_post(&request, rows[i].head, rows[i].body, buffer_bytes(&message), &rest);
        assert_true(raw_client_send(raw, buffer_bytes(&request)));
        if (rows[i].body == BODY_EXPECT) {
            assert_true(raw_client_receive(raw, true, &response));
            assert_int_equal(response.status, 100);
            assert_true(raw_client_send(raw, buffer_bytes(&rest)));
        }
        assert_true(raw_client_receive(raw, true, &response));
        assert_success(&response, &client, rows[i].name);
        raw_client_close(raw);
        raw_response_clear(&response);
        client_clear(&client);
        buffer_clear(&message);
        buffer_clear(&rest);
        buffer_clear(&request);
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

/* All of an enrolment on one connection, without waiting for answers; they come in order. */
static void connection__whole_enrolment_pipelined__answered_in_order(void **state)
{
    static const char *const types[] = { "text/plain", "application/x-x509-ca-ra-cert", NULL };
    struct raw_response response = RAW_RESPONSE_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    struct buffer message = ASN1_BUFFER_INIT;
    struct raw_client *raw = connect_client();
    struct client client;

    (void)state;
    client_init(&client, client_kind("Windows"), &world, world.client_key, "pipelined");
    client_message(&client, &message);
    put(&request, bytes_of_text("GET " PATH "?operation=GetCACaps&message=default HTTP/1.1\r\n"
                                "Host: x\r\n\r\n"
                                "GET " PATH "?operation=GetCACert&message=default HTTP/1.1\r\n"
                                "Host: x\r\n\r\n"));
    put_post(&request, "POST " PATH "?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n", BODY_LENGTH,
             buffer_bytes(&message), NULL);
    assert_true(raw_client_send(raw, buffer_bytes(&request)));
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct bytes type;

        assert_true(raw_client_receive(raw, true, &response));
        if (types[i] == NULL) {
            assert_success(&response, &client, "pipelined");
            continue;
        }
        /* sscep and certmonger compare the whole value: no parameter */
        assert_int_equal(raw_response_header(&response, "Content-Type", &type), 1);
        assert_bytes_text(type, types[i]);
        assert_plain_http(&response, types[i]);
    }
    /* what it gets wrong does not end the connection */
    assert_true(raw_client_send_text(raw,
                                     "GET " PATH "?operation=PKIOperation&message= HTTP/1.1\r\n"
                                     "Host: x\r\n\r\n"));
    assert_true(raw_client_receive(raw, true, &response));
    assert_int_equal(response.status, 400);
    assert_plain_http(&response, "empty message");
    assert_true(raw_client_send_text(raw, "GET " PATH "?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n"
                                          "Connection: close\r\n\r\n"));
    assert_true(raw_client_receive(raw, true, &response));
    assert_int_equal(response.status, 200);
    assert_true(raw_client_at_end(raw));
    raw_client_close(raw);
    raw_response_clear(&response);
    client_clear(&client);
    buffer_clear(&message);
    buffer_clear(&request);
}

/* HTTP/1.0 with Connection: keep-alive, as old gateways ask for it. */
static void connection__http_1_0_keep_alive__answered(void **state)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *raw = connect_client();

    (void)state;
    assert_true(raw_client_send_text(raw, "GET " PATH "?operation=GetCACaps HTTP/1.0\r\n"
                                          "Connection: Keep-Alive\r\n\r\n"));
    assert_true(raw_client_receive(raw, true, &response));
    assert_int_equal(response.status, 200);
    assert_plain_http(&response, "HTTP/1.0");
    raw_client_close(raw);
    raw_response_clear(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get__as_each_client_writes_it__enrols),
        cmocka_unit_test(get__of_20_kb__is_read_whole),
        cmocka_unit_test(post__as_each_client_writes_it__enrols),
        cmocka_unit_test(connection__whole_enrolment_pipelined__answered_in_order),
        cmocka_unit_test(connection__http_1_0_keep_alive__answered),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
