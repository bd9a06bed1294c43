/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_caller.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

#define BODY_MAX 16777216u
#define JSON_DEPTH 8

/* ---- one call -------------------------------------------------------------------------------- */

static void new_guid(char text[40])
{
    struct error err = ERROR_INIT;
    uint8_t bytes[16];
    char hex[33];

    assert_true(secret_random(bytes, sizeof(bytes), &err));
    text_hex(hex, sizeof(hex), bytes_of(bytes, sizeof(bytes)));
    assert_true(text_format(text, 40, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13,
                            hex + 17, hex + 20));
}

static void add_header(struct buffer *out, const char *name, const char *value)
{
    struct error err = ERROR_INIT;

    if (value == NULL || value[0] == '\0') return;
    assert_true(buffer_printf(out, &err, "%s: %s\r\n", name, value));
}

static void write_call(const struct caller *c, const struct caller_ask *ask, struct buffer *out)
{
    const char *body = ask->body != NULL ? ask->body : "";
    const char *method = ask->body != NULL ? "POST" : "GET";
    struct error err = ERROR_INIT;
    char guid[40];

    new_guid(guid);
    assert_true(buffer_printf(out, &err, "%s %s HTTP/1.1\r\nHost: %s\r\n",
                              ask->method != NULL ? ask->method : method, ask->target,
                              intune_cloud_url(c->cloud) + strlen("https://")));
    add_header(out, "Authorization", ask->authorization);
    add_header(out, "client-request-id", ask->request_id != NULL ? ask->request_id : guid);
    add_header(out, "api-version", ask->api_version);
    add_header(out, "content-type", ask->content_type);
    assert_true(buffer_printf(out, &err, "%sContent-Length: %zu\r\n\r\n%s",
                              ask->more != NULL ? ask->more : "", strlen(body), body));
}

struct raw_client *caller_send(struct caller *c, const struct caller_ask *ask)
{
    struct buffer text = BUFFER_INIT(BODY_MAX);
    const char *why = "";
    struct raw_client *client =
        tls_client_connect(&c->address, intune_cloud_port(c->cloud), NULL, &why);

    if (client == NULL) {
        print_error("no TLS connection: %s\n", why);
    }
    assert_non_null(client);
    write_call(c, ask, &text);
    assert_true(raw_client_send(client, buffer_bytes(&text)));
    buffer_clear(&text);
    return client;
}

int caller_ask(struct caller *c, const struct caller_ask *ask, struct buffer *body)
{
    struct raw_client *client = caller_send(c, ask);
    struct raw_response response = RAW_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    int status = 0;

    response.body.max = BODY_MAX;
    if (raw_client_receive(client, true, &response)) {
        status = response.status;
        if (body != NULL) {
            assert_true(buffer_append_bytes(body, buffer_bytes(&response.body), &err));
        }
    }
    raw_response_clear(&response);
    raw_client_close(client);
    return status;
}

bool caller_member(struct bytes text, const char *name, char *value, size_t size)
{
    struct error err = ERROR_INIT;
    struct json *root = json_value_parse(text, BODY_MAX, JSON_DEPTH, &err);
    struct json *member = NULL;
    bool found = false;

    value[0] = '\0';
    if (root != NULL && json_value_kind(root) == JSON_KIND_OBJECT) {
        member = json_value_get(root, name);
    }
    found = member != NULL && json_value_text(member) != NULL
            && text_copy(value, size, json_value_text(member));
    json_value_free(root);
    return found;
}

/* ---- signing in ------------------------------------------------------------------------------ */

int caller_token(struct caller *c, const char *tenant, const char *form, struct buffer *out)
{
    char target[512];
    const struct caller_ask ask = { .target = target,
                                    .request_id = "",
                                    .content_type = "application/x-www-form-urlencoded",
                                    .body = form };

    assert_true(text_format(target, sizeof(target), "/%s/oauth2/v2.0/token", tenant));
    return caller_ask(c, &ask, out);
}

void caller_form(char *form, size_t size, const char *scope)
{
    assert_true(text_format(form, size,
                            "grant_type=client_credentials&client_id=%s&client_secret="
                            "kD%%7E8Q%%7Etest.client-secret_of%%2Bthe%%2Fstand%%3Din%%26here"
                            "&scope=%s",
                            INTUNE_CLOUD_CLIENT, scope));
}

static void take_token(struct caller *c, const char *scope, char token[CALLER_TOKEN_MAX])
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    char text[CALLER_TOKEN_MAX - 8];
    char form[1024];

    caller_form(form, sizeof(form), scope);
    assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT, form, &body), 200);
    assert_true(caller_member(buffer_bytes(&body), "access_token", text, sizeof(text)));
    assert_true(text_format(token, CALLER_TOKEN_MAX, "Bearer %s", text));
    buffer_clear(&body);
}

/* The path of the first row of this name. */
static void find_row(struct caller *c, struct bytes text, const char *name, char *path, size_t size)
{
    struct error err = ERROR_INIT;
    struct json *root = json_value_parse(text, BODY_MAX, JSON_DEPTH, &err);
    struct json *rows = NULL;
    size_t base = strlen(intune_cloud_url(c->cloud));
    bool found = false;

    assert_non_null(root);
    rows = json_value_get(root, "value");
    assert_non_null(rows);
    for (size_t i = 0; !found && i < json_value_count(rows); i++) {
        const struct json *row = json_value_at(rows, i);
        const char *row_name = json_value_text(json_value_get(row, "providerName"));

        if (strcmp(row_name, name) != 0) continue;
        assert_true(text_copy(path, size, json_value_text(json_value_get(row, "uri")) + base));
        found = true;
    }
    assert_true(found);
    json_value_free(root);
}

void caller_sign_in(struct caller *c)
{
    static const char target[] =
        "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints";
    const struct caller_ask ask = { .target = target, .authorization = c->graph_token };
    struct buffer body = BUFFER_INIT(BODY_MAX);

    take_token(c, "https%3A%2F%2Fgraph.microsoft.com%2F.default", c->graph_token);
    take_token(c, "https%3A%2F%2Fapi.manage.microsoft.com%2F%2F.default", c->intune_token);
    assert_int_equal(caller_ask(c, &ask, &body), 200);
    find_row(c, buffer_bytes(&body), "ScepRequestValidationFEService", c->scep, sizeof(c->scep));
    find_row(c, buffer_bytes(&body), "PkiConnectorFEService", c->pki, sizeof(c->pki));
    buffer_clear(&body);
}

/* ---- actions --------------------------------------------------------------------------------- */

int caller_action(struct caller *c, const char *action, const char *body, struct buffer *out)
{
    bool scep = strncmp(action, "/ScepActions/", 13) == 0;
    char target[1024];
    const struct caller_ask ask = { .target = target,
                                    .authorization = c->intune_token,
                                    .api_version = scep ? "2018-02-20" : "5019-05-05",
                                    .content_type = "application/json",
                                    .body = body };

    assert_true(text_format(target, sizeof(target), "%s%s", scep ? c->scep : c->pki, action));
    return caller_ask(c, &ask, out);
}

char *caller_body(struct caller *c, const char *action, struct bytes csr, const char *transaction)
{
    static const char success[] =
        "\"certificateThumbprint\":\"00112233445566778899aabbccddeeff00112233\","
        "\"certificateSerialNumber\":\"0a1b\","
        "\"certificateExpirationDateUtc\":\"2027-06-11T16:11:20.090Z\","
        "\"issuingCertificateAuthority\":\"CN=Test CA\",\"caConfiguration\":\"openndes:ca\",";
    static const char failure[] = "\"hResult\":-1610350591,\"errorDescription\":\"refused\",";
    bool validate = strstr(action, "validateRequest") != NULL;
    const char *middle = strstr(action, "success") != NULL ? success : failure;
    struct buffer text = BUFFER_INIT(BODY_MAX);
    struct error err = ERROR_INIT;
    char fresh[32];

    assert_true(text_format(fresh, sizeof(fresh), "transaction-%u", ++c->transactions));
    assert_true(buffer_printf(&text, &err, "{\"%s\":{\"transactionId\":\"%s\",%s",
                              validate ? "request" : "notification",
                              transaction != NULL ? transaction : fresh, validate ? "" : middle));
    assert_true(buffer_append_text(&text, "\"certificateRequest\":\"", &err));
    assert_true(base64_encode(csr, &text, &err));
    assert_true(buffer_append_text(&text, "\",\"callerInfo\":\"Test/1.0\"}}", &err));
    return (char *)buffer_take(&text, NULL);
}

int caller_validate(struct caller *c, struct bytes csr, char code[INTUNE_CLOUD_TEXT])
{
    static const char action[] = "/ScepActions/validateRequest";
    struct buffer answer = BUFFER_INIT(BODY_MAX);
    char *body = caller_body(c, action, csr, NULL);
    int status = caller_action(c, action, body, &answer);

    (void)caller_member(buffer_bytes(&answer), "code", code, INTUNE_CLOUD_TEXT);
    buffer_clear(&answer);
    free(body);
    return status;
}

void caller_challenge(struct caller *c, const struct intune_cloud_challenge_spec *spec,
                      struct buffer *out)
{
    struct error err = ERROR_INIT;

    out->max = BODY_MAX;
    assert_done(intune_cloud_challenge(c->cloud, spec, out, &err), &err, "challenge");
}

void caller_csr(struct caller *c, const char *challenge, struct buffer *out)
{
    struct buffer made = BUFFER_INIT(0);
    struct csr_builder b;

    if (challenge == NULL) {
        caller_challenge(c, NULL, &made);
        challenge = buffer_text(&made);
    }
    csr_builder_init(&b, c->key);
    csr_builder_cn(&b, "device");
    csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text(challenge));
    csr_builder_der(&b, out);
    csr_builder_clear(&b);
    buffer_clear(&made);
}

/* ---- life ------------------------------------------------------------------------------------ */

int caller_setup(void **state)
{
    struct caller *c = calloc(1, sizeof(*c));
    struct intune_cloud_options options = { .folder = NULL };
    struct error err = ERROR_INIT;

    assert_non_null(c);
    test_folder_create(&c->folder);
    options.folder = c->folder.path;
    c->cloud = intune_cloud_create(&options, &err);
    assert_done(c->cloud != NULL, &err, "cloud");
    assert_true(ip_address_parse(bytes_of_text("127.0.0.1"), &c->address, &err));
    c->key = csr_builder_key("RSA-2048");
    *state = c;
    return 0;
}

int caller_teardown(void **state)
{
    struct caller *c = *state;

    intune_cloud_free(c->cloud);
    EVP_PKEY_free(c->key);
    test_folder_remove(&c->folder);
    free(c);
    return 0;
}

int caller_begin(void **state)
{
    struct caller *c = *state;

    intune_cloud_reset(c->cloud);
    caller_sign_in(c);
    return 0;
}

void caller_assert_objected(struct caller *c, unsigned count, const char *text)
{
    struct intune_cloud_call call;
    char first[INTUNE_CLOUD_TEXT];
    unsigned last = intune_cloud_count(c->cloud, INTUNE_CLOUD_ANY);

    assert_int_equal(intune_cloud_protocol_errors(c->cloud, first), count);
    if (count == 0) return;
    assert_true(intune_cloud_call_at(c->cloud, INTUNE_CLOUD_ANY, last - 1, &call));
    if (strstr(call.protocol_error, text) == NULL) {
        print_error("\"%s\" instead of \"%s\"\n", call.protocol_error, text);
    }
    assert_non_null(strstr(call.protocol_error, text));
    intune_cloud_call_clear(&call);
}
