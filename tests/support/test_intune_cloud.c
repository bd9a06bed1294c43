/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_caller.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/text.h"

#define ANSWER_MAX 65536u
#define GUID_1 "0f8fad5b-d9cb-469f-a165-70867728950e"
#define VALIDATE "/ScepActions/validateRequest"
#define SUCCESS "/ScepActions/successNotification"
#define FAILURE "/ScepActions/failureNotification"
#define DOWNLOAD "/CertificateAuthorityRequests/downloadRevocationRequests"
#define UPLOAD "/CertificateAuthorityRequests/uploadRevocationResults"
#define DISCOVERY "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"
#define APPLICATION "/v1.0/applications(appId='" INTUNE_CLOUD_CLIENT "')"

/* ---- HTTPS ----------------------------------------------------------------------------------- */

/* Is the chain good for this host under the root of ca.pem? */
static bool is_trusted(struct caller *c, SSL *ssl, const char *host)
{
    struct buffer pem = BUFFER_INIT(ANSWER_MAX);
    struct error err = ERROR_INIT;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    BIO *in = NULL;
    X509 *root = NULL;
    bool good = false;

    assert_done(file_read(intune_cloud_ca_file(c->cloud), ANSWER_MAX, &pem, &err), &err, "ca.pem");
    in = BIO_new_mem_buf(pem.data, (int)pem.len);
    root = PEM_read_bio_X509(in, NULL, NULL, NULL);
    assert_non_null(root);
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, SSL_get0_peer_certificate(ssl),
                                         SSL_get_peer_cert_chain(ssl)),
                     1);
    assert_int_equal(X509_STORE_CTX_set_default(context, "ssl_server"), 1);
    assert_int_equal(
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(context), host, strlen(host)), 1);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    good = X509_verify_cert(context) == 1;
    X509_free(root);
    BIO_free(in);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    buffer_clear(&pem);
    return good;
}

static void https__chain__leads_to_its_root_for_localhost_only(void **state)
{
    struct caller *c = *state;
    struct raw_client *client =
        tls_client_connect(&c->address, intune_cloud_port(c->cloud), NULL, NULL);
    SSL *ssl = NULL;

    assert_non_null(client);
    ssl = raw_client_context(client);
    assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(ssl)), 2); /* leaf and intermediate */
    assert_true(is_trusted(c, ssl, "localhost"));
    assert_false(is_trusted(c, ssl, "login.microsoftonline.com"));
    raw_client_close(client);
}

static void https__requests_on_one_connection__each_answered(void **state)
{
    struct caller *c = *state;
    const struct caller_ask ask = { .target = DISCOVERY, .authorization = c->graph_token };
    struct raw_client *client = caller_send(c, &ask);
    struct raw_response response = RAW_RESPONSE_INIT;
    char again[512];
    struct bytes date;

    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 200);
    assert_int_equal(raw_response_header(&response, "Date", &date), 1);
    raw_response_clear(&response);
    assert_true(text_format(again, sizeof(again), "GET /v1.0/x HTTP/1.1\r\nHost: %s\r\n\r\n",
                            intune_cloud_url(c->cloud) + 8));
    assert_true(raw_client_send_text(client, again));
    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 404);
    raw_response_clear(&response);
    raw_client_close(client);
    caller_assert_objected(c, 1, "there is nothing");
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* The answer's error_description begins with this code. */
static void expect_entra(struct caller *c, const char *tenant, const char *form, int status,
                         const char *code)
{
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    char text[1024];

    assert_int_equal(caller_token(c, tenant, form, &body), status);
    assert_true(caller_member(buffer_bytes(&body), "error_description", text, sizeof(text)));
    if (strncmp(text, code, strlen(code)) != 0 || text[strlen(code)] != ':') {
        print_error("%s: %s\n", code, text);
        fail();
    }
    buffer_clear(&body);
}

static void token__scopes__each_with_its_path(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *scope;
        enum intune_cloud_path path;
    } cases[] = {
        { "https://graph.microsoft.com/.default", INTUNE_CLOUD_TOKEN_GRAPH },
        { "https://api.manage.microsoft.com//.default", INTUNE_CLOUD_TOKEN_INTUNE },
        { "https://api.manage.microsoft.com/.default", INTUNE_CLOUD_TOKEN_INTUNE },
    };
    char form[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned before = intune_cloud_count(c->cloud, cases[i].path);

        caller_form(form, sizeof(form), cases[i].scope);
        assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT_NAME, form, NULL), 200);
        assert_int_equal(intune_cloud_count(c->cloud, cases[i].path), before + 1);
    }
    assert_int_equal(intune_cloud_count(c->cloud, INTUNE_CLOUD_TOKEN), 5);
    caller_assert_objected(c, 0, "");
}

static void token__wrong_credentials__as_entra_says(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *tenant;
        const char *form;
        int status;
        const char *code;
    } cases[] = {
        { INTUNE_CLOUD_TENANT,
          "grant_type=client_credentials&client_id=" INTUNE_CLOUD_CLIENT
          "&client_secret=wrong&scope=https://graph.microsoft.com/.default",
          401, "AADSTS7000215" },
        { INTUNE_CLOUD_TENANT,
          "grant_type=client_credentials&client_id=someone"
          "&client_secret=wrong&scope=https://graph.microsoft.com/.default",
          400, "AADSTS700016" },
        { "11111111-1111-1111-1111-111111111111",
          "grant_type=client_credentials&client_id=" INTUNE_CLOUD_CLIENT
          "&client_secret=wrong&scope=https://graph.microsoft.com/.default",
          400, "AADSTS90002" },
        { INTUNE_CLOUD_TENANT,
          "grant_type=client_credentials&client_id=" INTUNE_CLOUD_CLIENT
          "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
          "&client_assertion=a.b&scope=https://graph.microsoft.com/.default",
          400, "AADSTS50027" },
    };
    char form[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_entra(c, cases[i].tenant, cases[i].form, cases[i].status, cases[i].code);
    }
    caller_form(form, sizeof(form), "https://elsewhere.example/.default");
    expect_entra(c, INTUNE_CLOUD_TENANT, form, 400, "AADSTS500011");
    caller_form(form, sizeof(form), "https://graph.microsoft.com/Application.Read.All");
    expect_entra(c, INTUNE_CLOUD_TENANT, form, 400, "AADSTS1002012");
    caller_assert_objected(c, 0, "");
}

static void token__malformed_forms__objected(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *form;
        const char *why;
    } cases[] = {
        { "client_id=x&client_secret=x&scope=x", "grant_type" },
        { "grant_type=password&client_id=x&client_secret=x&scope=x", "grant_type" },
        { "grant_type=client_credentials&client_secret=x&scope=x", "client_id or scope" },
        { "grant_type=client_credentials&client_id=x&scope=x", "not one of" },
        { "grant_type=client_credentials&client_id=x&scope=x&client_secret=x&client_assertion=x",
          "not one of" },
        { "grant_type=client_credentials&client_id=x&scope=x&client_assertion=x",
          "client_assertion_type" },
        { "grant_type=client_credentials&client_id=x&scope=x&client_secret=x&scope=x", "twice" },
        { "grant_type=client_credentials&client_id=x&scope=x&client_secret=%zz", "malformed" },
        { "grant_type=client_credentials&client_id=x&scope=x&client_secret=x&resource=x",
          "no use" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT, cases[i].form, NULL), 400);
        caller_assert_objected(c, (unsigned)i + 1, cases[i].why);
    }
}

/* ---- Graph ----------------------------------------------------------------------------------- */

static void graph__calls__answered_or_refused(void **state)
{
    struct caller *c = *state;
    const struct {
        struct caller_ask ask;
        int status;
        const char *why; /* NULL: no objection */
    } cases[] = {
        { { .target = DISCOVERY, .authorization = c->graph_token }, 200, NULL },
        { { .target = "/v1.0/servicePrincipals(appId=%270000000a-0000-0000-c000-000000000000%27)"
                      "/endpoints",
            .authorization = c->graph_token },
          200,
          NULL },
        { { .target = APPLICATION "?$select=passwordCredentials,keyCredentials",
            .authorization = c->graph_token },
          200,
          NULL },
        { { .target = DISCOVERY, .authorization = "Bearer unknown" }, 401, NULL },
        { { .target = DISCOVERY, .authorization = c->intune_token }, 400, "another service" },
        { { .target = DISCOVERY }, 400, "Authorization is there 0 times" },
        { { .target = DISCOVERY, .authorization = "Basic eDp5" }, 400, "not Bearer" },
        { { .target = DISCOVERY, .authorization = c->graph_token, .request_id = "" },
          400,
          "client-request-id is there 0 times" },
        { { .target = APPLICATION, .authorization = c->graph_token }, 400, "$select" },
        { { .target = "/v1.0/servicePrincipals/appId=other/endpoints",
            .authorization = c->graph_token },
          400,
          "no such service principal" },
    };
    unsigned objected = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        objected += cases[i].why != NULL ? 1 : 0;
        assert_int_equal(caller_ask(c, &cases[i].ask, NULL), cases[i].status);
        if (cases[i].why != NULL) {
            caller_assert_objected(c, objected, cases[i].why);
        } else {
            char text[INTUNE_CLOUD_TEXT];

            assert_int_equal(intune_cloud_protocol_errors(c->cloud, text), objected);
        }
    }
}

static void graph__without_rights__denied_until_a_new_token(void **state)
{
    struct caller *c = *state;
    const struct caller_ask ask = { .target = DISCOVERY, .authorization = c->graph_token };
    struct intune_cloud_settings settings;
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    char form[1024];

    intune_cloud_settings(c->cloud, &settings);
    settings.graph_right = false;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(caller_ask(c, &ask, NULL), 200); /* the token of before still has it */
    caller_form(form, sizeof(form), "https://graph.microsoft.com/.default");
    assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT, form, &body), 200);
    assert_true(text_copy(c->graph_token, 8, "Bearer "));
    assert_true(caller_member(buffer_bytes(&body), "access_token", c->graph_token + 7,
                              sizeof(c->graph_token) - 7));
    buffer_clear(&body);
    assert_int_equal(caller_ask(c, &ask, &body), 403);
    assert_non_null(strstr(buffer_text(&body), "Authorization_RequestDenied"));
    assert_non_null(
        strstr(buffer_text(&body), "Insufficient privileges to complete the operation."));
    buffer_clear(&body);
    caller_assert_objected(c, 0, "");
}

static void graph__without_intune_right__no_row(void **state)
{
    struct caller *c = *state;
    const struct caller_ask ask = { .target = DISCOVERY, .authorization = c->graph_token };
    struct intune_cloud_settings settings;
    struct buffer body = BUFFER_INIT(ANSWER_MAX);

    intune_cloud_settings(c->cloud, &settings);
    settings.intune_right = false;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(caller_ask(c, &ask, &body), 200);
    assert_null(strstr(buffer_text(&body), "ScepRequestValidationFEService"));
    assert_non_null(strstr(buffer_text(&body), "PkiConnectorFEService"));
    buffer_clear(&body);
}

/* ---- SCEP actions ---------------------------------------------------------------------------- */

static void actions__right_order__enrolment_kept(void **state)
{
    struct caller *c = *state;
    struct buffer csr = BUFFER_INIT(0);
    struct intune_cloud_enrolment e;
    char *bodies[3];

    caller_csr(c, NULL, &csr);
    bodies[0] = caller_body(c, VALIDATE, buffer_bytes(&csr), "T1");
    bodies[1] = caller_body(c, SUCCESS, buffer_bytes(&csr), "T1");
    bodies[2] = caller_body(c, FAILURE, buffer_bytes(&csr), "T1");
    assert_int_equal(caller_action(c, VALIDATE, bodies[0], NULL), 200);
    assert_int_equal(caller_action(c, SUCCESS, bodies[1], NULL), 200);
    assert_int_equal(caller_action(c, FAILURE, bodies[2], NULL), 200);
    assert_int_equal(intune_cloud_enrolment_count(c->cloud), 1);
    assert_true(intune_cloud_enrolment_at(c->cloud, 0, &e));
    assert_string_equal(e.transaction_id, "T1");
    assert_int_equal(e.validations, 1);
    assert_int_equal(e.confirmations, 1);
    assert_int_equal(e.failures, 1);
    assert_string_equal(e.serial, "0a1b");
    assert_string_equal(e.thumbprint, "00112233445566778899aabbccddeeff00112233");
    assert_string_equal(e.ca_configuration, "openndes:ca");
    assert_int_equal(e.hresult, -1610350591);
    assert_string_equal(e.description, "refused");
    assert_false(intune_cloud_enrolment_at(c->cloud, 1, &e));
    caller_assert_objected(c, 0, "");
    for (size_t i = 0; i < 3; i++) {
        free(bodies[i]);
    }
    buffer_clear(&csr);
}

static void actions__notifications_out_of_order__objected_unless_allowed(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_settings settings;
    struct buffer csr = BUFFER_INIT(0);
    char *body = NULL;

    caller_csr(c, NULL, &csr);
    body = caller_body(c, SUCCESS, buffer_bytes(&csr), "T1");
    assert_int_equal(caller_action(c, SUCCESS, body, NULL), 400);
    caller_assert_objected(c, 1, "never validated");
    intune_cloud_settings(c->cloud, &settings);
    settings.any_order = true;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(caller_action(c, SUCCESS, body, NULL), 200);
    free(body);
    buffer_clear(&csr);
}

/* The headers, one after the other wrong. */
static void actions__wrong_headers__objected(void **state)
{
    struct caller *c = *state;
    struct buffer csr = BUFFER_INIT(0);
    char target[1024];
    struct caller_ask good = { .target = target,
                               .authorization = c->intune_token,
                               .api_version = "2018-02-20",
                               .content_type = "application/json; charset=utf-8" };
    struct caller_ask cases[8];
    static const char *const why[] = { "api-version is there 0",
                                       "api-version is 2018-02-21",
                                       "content-type is text/plain",
                                       "content-type is there 0",
                                       "no GUID",
                                       "of another call",
                                       "api-version is there 2",
                                       "method PUT" };
    char *body = NULL;

    caller_csr(c, NULL, &csr);
    body = caller_body(c, VALIDATE, buffer_bytes(&csr), NULL);
    assert_true(text_format(target, sizeof(target), "%s" VALIDATE, c->scep));
    good.body = body;
    for (size_t i = 0; i < 8; i++) {
        cases[i] = good;
    }
    cases[0].api_version = NULL;
    cases[1].api_version = "2018-02-21";
    cases[2].content_type = "text/plain";
    cases[3].content_type = NULL;
    cases[4].request_id = "{" GUID_1 "}";
    cases[5].request_id = GUID_1;
    cases[6].more = "API-Version: 2018-02-20\r\n";
    cases[7].method = "PUT";
    good.request_id = GUID_1;
    assert_int_equal(caller_ask(c, &good, NULL), 200);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(caller_ask(c, &cases[i], NULL), 400);
        caller_assert_objected(c, (unsigned)i + 1, why[i]);
    }
    free(body);
    buffer_clear(&csr);
}

static void actions__wrong_bodies__objected(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *action;
        const char *body;
        const char *why;
    } cases[] = {
        { VALIDATE, "", "no JSON object" },
        { VALIDATE, "[]", "no JSON object" },
        { VALIDATE, "{}", "body lacks request" },
        { VALIDATE, "{\"request\":1}", "request is no object" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":\"t\",\"transactionId\":\"t\",\"certificateRequest\":"
          "\"AA==\",\"callerInfo\":\"x\"}}",
          "no JSON object" },
        { VALIDATE, "{\"request\":{\"certificateRequest\":\"AA==\",\"callerInfo\":\"x\"}}",
          "request lacks transactionId" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\",\"callerInfo\":"
          "\" \"}}",
          "request.callerInfo is blank" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\",\"callerInfo\":"
          "\"x\",\"more\":1}}",
          "has a member more" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":1,\"certificateRequest\":\"AA==\",\"callerInfo\":"
          "\"x\"}}",
          "transactionId is no text" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA\\nAA\","
          "\"callerInfo\":\"x\"}}",
          "white space" },
        { VALIDATE,
          "{\"request\":{\"transactionId\":\"t\",\"certificateRequest\":\"AAA\",\"callerInfo\":"
          "\"x\"}}",
          "no base64" },
        { FAILURE,
          "{\"notification\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\",\"hResult\":"
          "\"-1\",\"errorDescription\":\"d\",\"callerInfo\":\"x\"}}",
          "hResult" },
        { FAILURE,
          "{\"notification\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\",\"hResult\":"
          "2684616705,\"errorDescription\":\"d\",\"callerInfo\":\"x\"}}",
          "hResult" },
        { SUCCESS,
          "{\"notification\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\","
          "\"certificateThumbprint\":\"00112233445566778899aabbccddeeff00112233\","
          "\"certificateSerialNumber\":\"a1b\","
          "\"certificateExpirationDateUtc\":\"2027-06-11T16:11:20.090Z\","
          "\"issuingCertificateAuthority\":\"CN=x\",\"callerInfo\":\"x\"}}",
          "certificateSerialNumber" },
        { SUCCESS,
          "{\"notification\":{\"transactionId\":\"t\",\"certificateRequest\":\"AA==\","
          "\"certificateThumbprint\":\"00112233445566778899aabbccddeeff00112233\","
          "\"certificateSerialNumber\":\"0a1b\","
          "\"certificateExpirationDateUtc\":\"2027-06-11 16:11:20\","
          "\"issuingCertificateAuthority\":\"CN=x\",\"callerInfo\":\"x\"}}",
          "certificateExpirationDateUtc" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(caller_action(c, cases[i].action, cases[i].body, NULL), 400);
        caller_assert_objected(c, (unsigned)i + 1, cases[i].why);
    }
}

/* ---- revocation ------------------------------------------------------------------------------ */

static unsigned rows_of(struct caller *c, const char *body)
{
    struct buffer answer = BUFFER_INIT(ANSWER_MAX);
    unsigned rows = 0;

    assert_int_equal(caller_action(c, DOWNLOAD, body, &answer), 200);
    for (const char *at = buffer_text(&answer); (at = strstr(at, "requestContext")) != NULL; at++) {
        rows++;
    }
    buffer_clear(&answer);
    return rows;
}

static void revocation__filter__compares_the_configuration_and_starves(void **state)
{
    struct caller *c = *state;

    assert_true(intune_cloud_revoke(c->cloud, "01", "theirs", "CN=Ours"));
    assert_true(intune_cloud_revoke(c->cloud, "02", "ours", "CN=Ours"));
    assert_int_equal(
        rows_of(c, "{\"downloadParameters\":{\"maxRequests\":500,\"issuerName\":null}}"), 2);
    assert_int_equal(rows_of(c, "{\"downloadParameters\":{\"maxRequests\":1,\"issuerName\":null}}"),
                     1);
    assert_int_equal(
        rows_of(c, "{\"downloadParameters\":{\"maxRequests\":500,\"issuerName\":\"CN=Ours\"}}"), 0);
    assert_int_equal(
        rows_of(c, "{\"downloadParameters\":{\"maxRequests\":500,\"issuerName\":\"ours\"}}"), 1);
    assert_int_equal(
        rows_of(c, "{\"downloadParameters\":{\"maxRequests\":1,\"issuerName\":\"ours\"}}"), 0);
    caller_assert_objected(c, 0, "");
}

static int upload(struct caller *c, const char *context, const char *rest, struct buffer *answer)
{
    char body[1024];

    assert_true(text_format(body, sizeof(body), "{\"results\":[{\"requestContext\":\"%s\",%s}]}",
                            context, rest));
    return caller_action(c, UPLOAD, body, answer);
}

static void revocation__result__ends_the_request(void **state)
{
    struct caller *c = *state;
    static const char all[] = "{\"downloadParameters\":{\"maxRequests\":500,\"issuerName\":null}}";
    struct buffer answer = BUFFER_INIT(ANSWER_MAX);
    struct intune_cloud_revocation r;

    assert_true(intune_cloud_revoke(c->cloud, "01", "ours", "CN=Ours"));
    assert_int_equal(rows_of(c, all), 1);
    assert_int_equal(rows_of(c, all), 1); /* until it is answered */
    assert_true(intune_cloud_revocation_at(c->cloud, 0, &r));
    assert_false(r.answered);
    assert_int_equal(upload(c, r.context,
                            "\"succeeded\":true,\"errorCode\":\"None\",\"errorMessage\":\"\"",
                            &answer),
                     200);
    assert_non_null(strstr(buffer_text(&answer), "\"value\":true"));
    buffer_clear(&answer);
    assert_int_equal(rows_of(c, all), 0);
    assert_true(intune_cloud_revocation_at(c->cloud, 0, &r));
    assert_true(r.answered);
    assert_true(r.succeeded);
    caller_assert_objected(c, 0, "");
}

static void revocation__wrong_calls__objected(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *rest;
        const char *why;
    } cases[] = {
        { "\"succeeded\":true,\"errorCode\":\"ConflictError\",\"errorMessage\":\"\"",
          "contradict" },
        { "\"succeeded\":true,\"errorCode\":\"None\",\"errorMessage\":\"x\"", "contradict" },
        { "\"succeeded\":false,\"errorCode\":\"None\",\"errorMessage\":\"x\"", "contradict" },
        { "\"succeeded\":false,\"errorCode\":\"4005\",\"errorMessage\":\"x\"", "errorCode 4005" },
        { "\"succeeded\":\"true\",\"errorCode\":\"None\",\"errorMessage\":\"\"", "no boolean" },
        { "\"succeeded\":true,\"errorCode\":\"None\"", "errorMessage is missing" },
    };
    struct intune_cloud_revocation r;
    unsigned count = (unsigned)(sizeof(cases) / sizeof(cases[0]));

    assert_true(intune_cloud_revoke(c->cloud, "01", "ours", NULL));
    assert_true(intune_cloud_revocation_at(c->cloud, 0, &r));
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(upload(c, r.context, cases[i].rest, NULL), 400);
        caller_assert_objected(c, i + 1, cases[i].why);
    }
    assert_int_equal(upload(c, "unknown",
                            "\"succeeded\":true,\"errorCode\":\"None\",\"errorMessage\":\"\"",
                            NULL),
                     400);
    caller_assert_objected(c, count + 1, "not waiting");
    assert_int_equal(caller_action(c, DOWNLOAD,
                                   "{\"downloadParameters\":{\"maxRequests\":501,"
                                   "\"issuerName\":null}}",
                                   NULL),
                     400);
    caller_assert_objected(c, count + 2, "maxRequests");
    assert_int_equal(
        caller_action(c, DOWNLOAD, "{\"downloadParameters\":{\"maxRequests\":5}}", NULL), 400);
    caller_assert_objected(c, count + 3, "lacks issuerName");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(https__chain__leads_to_its_root_for_localhost_only, caller_begin),
        cmocka_unit_test_setup(https__requests_on_one_connection__each_answered, caller_begin),
        cmocka_unit_test_setup(token__scopes__each_with_its_path, caller_begin),
        cmocka_unit_test_setup(token__wrong_credentials__as_entra_says, caller_begin),
        cmocka_unit_test_setup(token__malformed_forms__objected, caller_begin),
        cmocka_unit_test_setup(graph__calls__answered_or_refused, caller_begin),
        cmocka_unit_test_setup(graph__without_rights__denied_until_a_new_token, caller_begin),
        cmocka_unit_test_setup(graph__without_intune_right__no_row, caller_begin),
        cmocka_unit_test_setup(actions__right_order__enrolment_kept, caller_begin),
        cmocka_unit_test_setup(actions__notifications_out_of_order__objected_unless_allowed,
                               caller_begin),
        cmocka_unit_test_setup(actions__wrong_headers__objected, caller_begin),
        cmocka_unit_test_setup(actions__wrong_bodies__objected, caller_begin),
        cmocka_unit_test_setup(revocation__filter__compares_the_configuration_and_starves,
                               caller_begin),
        cmocka_unit_test_setup(revocation__result__ends_the_request, caller_begin),
        cmocka_unit_test_setup(revocation__wrong_calls__objected, caller_begin),
    };

    return cmocka_run_group_tests(tests, caller_setup, caller_teardown);
}
