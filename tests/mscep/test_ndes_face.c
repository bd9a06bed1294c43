/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one NDES face with everything real behind it: which answer, which status, which
 *           password is made, and that nothing is made where nothing may be.
 * Not here: the page's bytes (test_ndes_page.c), sign-in itself (test_sign_in*.c), the whole
 *           program (tests/service/ndes.sh).
 * Owns:     see world_open.
 * Threads:  one.
 * Spec:     docs/ndes-compatibility.md, docs/challenge-api.md.
 */
#include "mscep/ndes_face.h"

#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "config/config_load.h"
#include "endpoint/endpoint_world.h"
#include "mscep/accounts.h"
#include "mscep/ndes_face_internal.h"
#include "mscep/ndes_page.h"
#include "platform/clock.h"
#include "store/store_passwords.h"

#define ACCOUNT_PASSWORD "correct horse battery"
#define UTF16_BOM "\xff\xfe"

static const uint8_t mac_key[32] = "0123456789abcdef0123456789abcde";

struct face_world {
    struct endpoint_world base;
    struct service_config config;
    struct endpoint *endpoint;
    struct ndes_face *face;
    struct sign_in *sign_in;
    struct http_connection *connection;
};

struct answer {
    struct http_response response;
    struct ndes_report report;
};

static void answer_clear(struct answer *a)
{
    buffer_clear(&a->response.body);
    buffer_clear(&a->response.headers);
}

static void add_account(struct face_world *w, const char *name, const char *scope)
{
    struct account account = { .scope_count = scope != NULL ? 1 : 0 };
    struct error err = ERROR_INIT;

    assert_true(text_copy(account.name, sizeof(account.name), name));
    if (scope != NULL) {
        assert_true(text_copy(account.scopes[0], sizeof(account.scopes[0]), scope));
    }
    assert_done(accounts_add(w->base.folder.path, &account, bytes_of_text(ACCOUNT_PASSWORD), &err),
                &err, name);
}

static struct ndes_password_source source_of(struct face_world *w)
{
    return (struct ndes_password_source){ .data_folder = w->base.folder.path,
                                          .store = w->base.store,
                                          .mac_key = bytes_of(mac_key, sizeof(mac_key)) };
}

static struct endpoint *make_endpoint(struct face_world *w, const char *name, const char *settings)
{
    struct ndes_password_source source = source_of(w);
    struct endpoint_options options = { .ca = w->base.ca, .store = w->base.store };
    struct template_config config;
    struct buffer json = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    struct endpoint *endpoint;

    assert_done(buffer_printf(&json, &err, "{\"challenge\": {\"type\": \"ndes\"}%s}", settings),
                &err, name);
    assert_done(config_parse_template("t.json", name, buffer_bytes(&json), &config, &err), &err,
                name);
    options.config = &config;
    if (config.enabled) {
        options.take_challenge =
            ndes_challenge_create(&source, name, &config.password, false, &err);
        assert_done(options.take_challenge != NULL, &err, name);
    }
    endpoint = endpoint_create(&options, &err);
    assert_done(endpoint != NULL, &err, name);
    template_config_clear(&config);
    buffer_clear(&json);
    return endpoint;
}

static struct ndes_face *make_face(struct face_world *w, const struct endpoint *general,
                                   const struct endpoint *signature, struct error *err)
{
    struct ndes_face_options options = {
        .scope = endpoint_name(general),
        .config = endpoint_ndes_face(general),
        .allowed_default = "S-1-5-32-544",
        .endpoints = { [NDES_USAGE_GENERAL] = general,
                       [NDES_USAGE_SIGNATURE] = signature,
                       [NDES_USAGE_ENCRYPTION] = general },
        .source = source_of(w),
        .public_url = "http://scep.example.test",
        .admin_url = "https://scep.example.test/scep/vpn/certsrv/mscep_admin/",
    };
    char unknown[64] = "";

    return ndes_face_create(&options, unknown, sizeof(unknown), err);
}

/* settings: JSON behind a comma, or "". */
static void world_open(struct face_world *w, const char *settings)
{
    struct error err = ERROR_INIT;
    struct sign_in_options options = { .config = &w->config };
    struct buffer json = BUFFER_INIT(4096);

    memset(w, 0, sizeof(*w));
    endpoint_world_open(&w->base);
    assert_done(buffer_printf(&json, &err, ", \"enabled\": true%s", settings), &err, "");
    w->endpoint = make_endpoint(w, "vpn", buffer_text(&json));
    buffer_clear(&json);
    add_account(w, "mdm", NULL);
    add_account(w, "other", "elsewhere");
    assert_done(config_parse_service("s.json",
                                     bytes_of_text("{\"signin\": {\"negotiate\": false, "
                                                   "\"basic\": true, \"failures\": 0}}"),
                                     &w->config, &err),
                &err, "config");
    options.data_folder = w->base.folder.path;
    w->sign_in = sign_in_create(&options, &err);
    assert_done(w->sign_in != NULL, &err, "sign-in");
    w->face = make_face(w, w->endpoint, w->endpoint, &err);
    assert_done(w->face != NULL, &err, "face");
}

static void world_close(struct face_world *w)
{
    ndes_face_free(w->face);
    endpoint_free(w->endpoint);
    sign_in_unref(w->sign_in);
    service_config_clear(&w->config);
    endpoint_world_close(&w->base);
}

/* user NULL: nobody signs in. */
static void ask(struct face_world *w, const char *path, struct http_request *request,
                const char *user, struct answer *answer)
{
    struct ndes_route route = ndes_route_find(path);
    struct buffer basic = BUFFER_INIT(512);
    struct error err = ERROR_INIT;
    char credentials[128];

    memset(answer, 0, sizeof(*answer));
    endpoint_report_init(&answer->report.scep);
    if (user != NULL) {
        assert_true(text_format(credentials, sizeof(credentials), "%s:" ACCOUNT_PASSWORD, user));
        assert_true(buffer_append_text(&basic, "Basic ", &err)
                    && base64_encode(bytes_of_text(credentials), &basic, &err));
        request->authorization = buffer_text(&basic);
    }
    request->tls = true;
    request->path = path;
    request->peer.octets[0] = 127;
    request->peer.octets[3] = 1;
    request->started_us = clock_monotonic_us();
    if (ndes_face_admit(w->face, &route, request, &answer->response, &answer->report.scep)) {
        ndes_face_handle(w->face, w->sign_in, &route, request, &answer->response, &answer->report);
    }
    buffer_clear(&basic);
}

static bool count_one(void *context, const struct store_password_row *row, struct error *err)
{
    (void)row;
    (void)err;
    ++*(int *)context;
    return true;
}

static int outstanding(struct face_world *w)
{
    struct store_password_filter filter = { .now = clock_now() };
    struct error err = ERROR_INIT;
    int count = 0;

    assert_done(store_password_list(w->base.store, &filter, count_one, &count, &err), &err, "");
    return count;
}

/* ---- who gets what --------------------------------------------------------------------------- */

static void face__table_of_requests__status_and_passwords(void **state)
{
    static const struct {
        const char *name;
        enum http_method method;
        const char *path, *query, *user;
        int status;
        enum reason reason;
        int made;
    } cases[] = {
        { "help", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep/", "", NULL, 200, REASON_NONE, 0 },
        { "help, HEAD", HTTP_METHOD_HEAD, "/scep/vpn/certsrv/mscep", "", NULL, 200, REASON_NONE,
          0 },
        { "misspelt operation", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep/mscep.dll",
          "operation=GetCACerts", NULL, 200, REASON_NONE, 0 },
        { "caps", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep/", "operation=GetCACaps", NULL, 200,
          REASON_NONE, 0 },
        { "caps, HEAD", HTTP_METHOD_HEAD, "/scep/vpn/certsrv/mscep/", "operation=GetCACaps", NULL,
          405, REASON_METHOD, 0 },
        { "PUT", HTTP_METHOD_OTHER, "/scep/vpn/certsrv/mscep/", "", NULL, 405, REASON_METHOD, 0 },
        { "POST without operation is a message", HTTP_METHOD_POST, "/scep/vpn/certsrv/mscep/", "",
          NULL, 400, REASON_MESSAGE_MISSING, 0 },
        { "page, nobody", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin/", "", NULL, 401,
          REASON_SIGN_IN_REQUIRED, 0 },
        { "page", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin/", "", "mdm", 200, REASON_NONE,
          1 },
        { "page by POST", HTTP_METHOD_POST, "/scep/vpn/certsrv/mscep_admin/", "", "mdm", 200,
          REASON_NONE, 1 },
        { "page, HEAD", HTTP_METHOD_HEAD, "/scep/vpn/certsrv/mscep_admin/", "", "mdm", 200,
          REASON_NONE, 0 },
        { "page, not allowed", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin/", "", "other", 200,
          REASON_NOT_ALLOWED, 0 },
        { "no slash", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin", "", "mdm", 301, REASON_NONE,
          0 },
        { "no slash, nobody", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin", "", NULL, 401,
          REASON_SIGN_IN_REQUIRED, 0 },
        { "operation at the page", HTTP_METHOD_GET, "/scep/vpn/certsrv/mscep_admin/mscep.dll",
          "operation=GetCACert&message=x", "mdm", 200, REASON_NONE, 0 },
        { "operation at the page, nobody", HTTP_METHOD_GET,
          "/scep/vpn/certsrv/mscep_admin/mscep.dll", "operation=GetCACert", NULL, 401,
          REASON_SIGN_IN_REQUIRED, 0 },
        { "API by GET", HTTP_METHOD_GET, "/scep/vpn/challenge", "", "mdm", 405, REASON_METHOD, 0 },
        { "API, nobody", HTTP_METHOD_POST, "/scep/vpn/challenge", "", NULL, 401,
          REASON_SIGN_IN_REQUIRED, 0 },
        { "API, not allowed", HTTP_METHOD_POST, "/scep/vpn/challenge", "", "other", 403,
          REASON_NOT_ALLOWED, 0 },
        { "API, no content type", HTTP_METHOD_POST, "/scep/vpn/challenge", "", "mdm", 400,
          REASON_SYNTAX, 0 },
    };
    struct face_world w;

    (void)state;
    world_open(&w, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .method = cases[i].method,
                                        .method_text = "GET",
                                        .raw_query = bytes_of_text(cases[i].query) };
        int before = outstanding(&w);
        struct answer answer;

        ask(&w, cases[i].path, &request, cases[i].user, &answer);
        if (answer.response.status != cases[i].status
            || answer.report.scep.error.reason != cases[i].reason
            || outstanding(&w) - before != cases[i].made
            || (answer.report.password_id != 0) != (cases[i].made != 0)) {
            fail_msg("%s: %d %s, %d passwords", cases[i].name, answer.response.status,
                     reason_id(answer.report.scep.error.reason), outstanding(&w) - before);
        }
        answer_clear(&answer);
    }
    world_close(&w);
}

static void page__sixth_password__says_that_the_cache_is_full(void **state)
{
    struct face_world w;
    struct answer answer;

    (void)state;
    world_open(&w, "");
    for (int i = 0; i < 6; i++) {
        struct http_request request = { .method = HTTP_METHOD_GET, .method_text = "GET" };

        ask(&w, "/scep/vpn/certsrv/mscep_admin/", &request, "mdm", &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.content_type, NDES_PAGE_MEDIA_TYPE);
        assert_memory_equal(answer.response.body.data, UTF16_BOM, 2);
        assert_int_equal(answer.report.scep.error.reason,
                         i < 5 ? REASON_NONE : REASON_PASSWORD_CACHE_FULL);
        assert_string_equal(answer.report.user, "mdm");
        answer_clear(&answer);
    }
    assert_int_equal(outstanding(&w), 5);
    world_close(&w);
}

static void page__no_password_is_asked_for__none_is_made(void **state)
{
    struct http_request request = { .method = HTTP_METHOD_GET, .method_text = "GET" };
    struct face_world w;
    struct answer answer;

    (void)state;
    world_open(&w, ", \"ndes\": {\"EnforcePassword\": false}, \"ip_acl\": {\"enabled\": true, "
                   "\"allowed\": \"127.0.0.1\"}");
    ask(&w, "/scep/vpn/certsrv/mscep_admin/", &request, "mdm", &answer);
    assert_int_equal(answer.response.status, 200);
    assert_int_equal(outstanding(&w), 0);
    answer_clear(&answer);
    world_close(&w);
}

/* ---- the API --------------------------------------------------------------------------------- */

static void api__table_of_bodies__taken_or_refused(void **state)
{
    static const struct {
        const char *type, *body;
        int status;
    } cases[] = {
        { "application/json", "", 201 },
        { "application/json", "{}", 201 },
        { "APPLICATION/JSON; charset=utf-8", "{}", 201 },
        { "application/json", "{\"subject\": \"CN=a,O=b\"}", 201 },
        { "application/json", "{\"address\": \"2001:db8::/32\", \"validity_minutes\": 525600}",
          201 },
        { NULL, "{}", 400 },
        { "text/plain", "{}", 400 },
        { "application/jsonx", "{}", 400 },
        { "application/x-www-form-urlencoded", "subject=CN%3Da", 400 },
        { "application/json", "[]", 400 },
        { "application/json", "{", 400 },
        { "application/json", "{\"subject\": 1}", 400 },
        { "application/json", "{\"subject\": \"\"}", 400 },
        { "application/json", "{\"subject\": \"no name\"}", 400 },
        { "application/json", "{\"address\": \"10.0.0.1/8\"}", 400 },
        { "application/json", "{\"address\": null}", 400 },
        { "application/json", "{\"validity_minutes\": 0}", 400 },
        { "application/json", "{\"validity_minutes\": 525601}", 400 },
        { "application/json", "{\"validity_minutes\": 1.5}", 400 },
        { "application/json", "{\"validity_minutes\": \"5\"}", 400 },
        { "application/json", "{\"Subject\": \"CN=a\"}", 400 },
        { "application/json", "{\"subject\": \"CN=a\", \"subject\": \"CN=b\"}", 400 },
        { "application/json", "{\"subject\": {\"a\": {\"b\": {}}}}", 400 },
        { "application/json", "{} {}", 400 },
    };
    struct face_world w;

    (void)state;
    world_open(&w, ", \"ndes\": {\"PasswordMax\": 100}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .method = HTTP_METHOD_POST,
                                        .method_text = "POST",
                                        .content_type = cases[i].type,
                                        .body = bytes_of_text(cases[i].body) };
        int before = outstanding(&w);
        struct answer answer;
        struct json *root;
        struct error err = ERROR_INIT;

        ask(&w, "/scep/vpn/challenge", &request, "mdm", &answer);
        if (answer.response.status != cases[i].status
            || outstanding(&w) - before != (cases[i].status == 201 ? 1 : 0)) {
            fail_msg("%s: %d (%s)", cases[i].body, answer.response.status,
                     answer.report.scep.error.detail);
        }
        assert_string_equal(answer.response.content_type, "application/json");
        root = json_value_parse(buffer_bytes(&answer.response.body), 4096, 4, &err);
        assert_done(root != NULL, &err, cases[i].body);
        if (cases[i].status == 201) {
            assert_int_equal(strlen(json_value_text(json_value_get(root, "challenge"))), 16);
            assert_string_equal(json_value_text(json_value_get(root, "scep_url")),
                                "http://scep.example.test/scep/vpn/certsrv/mscep/mscep.dll");
        } else {
            assert_non_null(json_value_get(root, "error"));
        }
        json_value_free(root);
        answer_clear(&answer);
    }
    world_close(&w);
}

static void api__single_password__cannot_be_bound(void **state)
{
    static const char *const bodies[] = { "{}", "{\"subject\": \"CN=a\"}",
                                          "{\"validity_minutes\": 5}" };
    struct face_world w;

    (void)state;
    world_open(&w, ", \"ndes\": {\"UseSinglePassword\": true}");
    for (size_t i = 0; i < 3; i++) {
        struct http_request request = { .method = HTTP_METHOD_POST,
                                        .method_text = "POST",
                                        .content_type = "application/json",
                                        .body = bytes_of_text(bodies[i]) };
        struct answer answer;

        ask(&w, "/scep/vpn/challenge", &request, "mdm", &answer);
        assert_int_equal(answer.response.status, i == 0 ? 201 : 400);
        if (i == 0) {
            assert_non_null(strstr(buffer_text(&answer.response.body), "\"expires\":null"));
        }
        answer_clear(&answer);
    }
    world_close(&w);
}

/* ---- templates that cannot serve it ---------------------------------------------------------- */

static void create__template_switched_off__is_refused(void **state)
{
    struct face_world w;
    struct endpoint *off;
    struct error err = ERROR_INIT;

    (void)state;
    world_open(&w, "");
    off = make_endpoint(&w, "off", "");
    assert_null(make_face(&w, w.endpoint, off, &err));
    assert_int_equal(err.reason, REASON_NDES_FACE_BROKEN);
    assert_non_null(strstr(err.detail, "openndes template enable off"));
    endpoint_free(off);
    world_close(&w);
}

static void create__template_with_a_passphrase__is_refused(void **state)
{
    struct face_world w;
    struct endpoint *with_passphrase;
    struct error err = ERROR_INIT;

    (void)state;
    world_open(&w, "");
    with_passphrase = endpoint_world_template(&w.base, "passphrase", "");
    assert_null(make_face(&w, w.endpoint, with_passphrase, &err));
    assert_int_equal(err.reason, REASON_NDES_FACE_BROKEN);
    endpoint_free(with_passphrase);
    world_close(&w);
}

/* A poll names no template: the records do, and the face knows its own by name. */
static void named__each_template__only_the_faces_own(void **state)
{
    struct face_world w;
    struct endpoint *signature;
    struct endpoint *stranger;
    struct ndes_face *face;
    struct error err = ERROR_INIT;

    (void)state;
    world_open(&w, "");
    signature = make_endpoint(&w, "signature", ", \"enabled\": true");
    stranger = make_endpoint(&w, "stranger", ", \"enabled\": true");
    face = make_face(&w, w.endpoint, signature, &err);
    assert_done(face != NULL, &err, "face");
    assert_ptr_equal(face->scep.named(face->scep.context, "vpn"), w.endpoint);
    assert_ptr_equal(face->scep.named(face->scep.context, "signature"), signature);
    assert_null(face->scep.named(face->scep.context, "stranger"));
    assert_null(face->scep.named(face->scep.context, ""));
    ndes_face_free(face);
    endpoint_free(signature);
    endpoint_free(stranger);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(face__table_of_requests__status_and_passwords),
        cmocka_unit_test(page__sixth_password__says_that_the_cache_is_full),
        cmocka_unit_test(page__no_password_is_asked_for__none_is_made),
        cmocka_unit_test(api__table_of_bodies__taken_or_refused),
        cmocka_unit_test(api__single_password__cannot_be_bound),
        cmocka_unit_test(create__template_switched_off__is_refused),
        cmocka_unit_test(create__template_with_a_passphrase__is_refused),
        cmocka_unit_test(named__each_template__only_the_faces_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
