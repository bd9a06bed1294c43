/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "intune/intune_codes.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"

#define CSR_MAX 32768
#define ENDS 1812672672 /* 2027-06-11T00:11:12Z */

/* ---- what is sent ---------------------------------------------------------------------------- */

static void assert_text(const struct buffer *body, const char *words)
{
    if (strstr(buffer_text(body), words) == NULL) {
        fail_msg("not in the body: %s", words);
    }
}

/* The call has this id in its header, and this request in its body, byte for byte. */
static void check_call(struct intune_world *world, enum intune_cloud_path path, const char *id,
                       const struct buffer *csr)
{
    struct buffer wanted = BUFFER_INIT(65536);
    struct intune_cloud_call call;
    struct error err = ERROR_INIT;
    char value[200];

    assert_true(intune_cloud_call_at(world->cloud, path, 0, &call));
    assert_string_equal(call.method, "POST");
    assert_true(intune_cloud_header(&call, "client-request-id", value, sizeof(value)));
    assert_string_equal(value, id);
    assert_true(intune_cloud_header(&call, "api-version", value, sizeof(value)));
    assert_string_equal(value, "2018-02-20");
    assert_false(intune_cloud_header(&call, "Expect", value, sizeof(value)));
    assert_done(
        buffer_append_text(&wanted, "\"transactionId\":\"3F2A9C\",\"certificateRequest\":\"", &err),
        &err, "");
    assert_done(base64_encode(buffer_bytes(csr), &wanted, &err), &err, "");
    assert_done(buffer_append_byte(&wanted, '"', &err), &err, "");
    assert_text(&call.body, buffer_text(&wanted));
    assert_text(&call.body, "\"callerInfo\":\"OpenNDES/");
    buffer_clear(&wanted);
    intune_cloud_call_clear(&call);
}

static void validate__good_request__is_accepted(void **state)
{
    struct intune_world *world = *state;
    struct buffer csr = BUFFER_INIT(CSR_MAX);
    struct intune_cloud_enrolment enrolment;
    struct intune_request request = { "3F2A9C", { NULL, 0 } };
    char id[INTUNE_ID_MAX] = "", again[INTUNE_ID_MAX] = "";
    struct error err = ERROR_INIT;

    intune_world_csr(world, &csr);
    request.csr = buffer_bytes(&csr);
    assert_done(intune_validate(world->client, &request, id, &err), &err, "");
    check_call(world, INTUNE_CLOUD_VALIDATE, id, &csr);
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_string_equal(enrolment.transaction_id, "3F2A9C");
    assert_int_equal(enrolment.validations, 1);
    /* tokens and addresses are kept, ids are not */
    assert_done(intune_validate(world->client, &request, again, &err), &err, "");
    assert_string_not_equal(id, again);
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 1);
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 1);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 1);
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 2);
    buffer_clear(&csr);
}

static void success__of_a_certificate__tells_all_of_it(void **state)
{
    struct intune_world *world = *state;
    struct buffer csr = BUFFER_INIT(CSR_MAX);
    struct certificate_info info = { .serial = "0a1b2c",
                                     .issuer = "CN=Our \"CA\",O=Contoso",
                                     .not_after = ENDS };
    struct intune_success success = { &info, bytes_of_text("abc"), "openndes:default:0011" };
    struct intune_cloud_enrolment enrolment;
    struct intune_request request = { "3F2A9C", { NULL, 0 } };
    char id[INTUNE_ID_MAX] = "";
    struct error err = ERROR_INIT;

    intune_world_csr(world, &csr);
    request.csr = buffer_bytes(&csr);
    assert_done(intune_validate(world->client, &request, id, &err), &err, "");
    assert_done(intune_notify_success(world->client, &request, &success, id, &err), &err, "");
    check_call(world, INTUNE_CLOUD_SUCCESS, id, &csr);
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_int_equal(enrolment.confirmations, 1);
    assert_string_equal(enrolment.thumbprint, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_string_equal(enrolment.serial, "0a1b2c");
    assert_string_equal(enrolment.expiration, "2027-06-11T00:11:12.000Z");
    assert_string_equal(enrolment.issuing_authority, "CN=Our \"CA\",O=Contoso");
    assert_string_equal(enrolment.ca_configuration, "openndes:default:0011");
    assert_string_equal(enrolment.certificate_authority, "");
    buffer_clear(&csr);
}

static void failure__of_a_request__tells_number_and_words(void **state)
{
    struct intune_world *world = *state;
    struct buffer csr = BUFFER_INIT(CSR_MAX);
    struct buffer words = BUFFER_INIT(4096);
    struct intune_cloud_enrolment enrolment;
    struct intune_request request = { "3F2A9C", { NULL, 0 } };
    char id[INTUNE_ID_MAX] = "";
    struct error err = ERROR_INIT;

    intune_world_csr(world, &csr);
    request.csr = buffer_bytes(&csr);
    assert_done(intune_validate(world->client, &request, id, &err), &err, "");
    while (words.len < 1000) {
        assert_done(buffer_append_text(&words, "\xe2\x82\xac\"", &err), &err, "");
    }
    assert_done(
        intune_notify_failure(world->client, &request, 0xA0040001u, buffer_text(&words), id, &err),
        &err, "");
    check_call(world, INTUNE_CLOUD_FAILURE, id, &csr);
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_int_equal(enrolment.failures, 1);
    assert_int_equal(enrolment.hresult, -1610350591);
    assert_int_equal(strlen(enrolment.description), 128 * 3 + 127); /* 255 characters */
    assert_done(intune_notify_failure(world->client, &request, 0x80004005u, "short", id, &err),
                &err, "");
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_int_equal(enrolment.hresult, -2147467259);
    assert_string_equal(enrolment.description, "short");
    buffer_clear(&words);
    buffer_clear(&csr);
}

static void request__blank_parts__is_not_sent(void **state)
{
    struct intune_world *world = *state;
    struct intune_request no_id = { " ", bytes_of_text("x") };
    struct intune_request no_csr = { "id", { NULL, 0 } };
    char id[INTUNE_ID_MAX] = "before";
    struct error err = ERROR_INIT;

    assert_refused(intune_validate(world->client, &no_id, id, &err), &err, REASON_SYNTAX, "");
    assert_string_equal(id, "");
    error_clear(&err);
    assert_refused(intune_validate(world->client, &no_csr, id, &err), &err, REASON_SYNTAX, "");
    assert_calls(world, INTUNE_CLOUD_ANY, 0);
}

/* ---- what is answered ------------------------------------------------------------------------ */

/* One of the three actions, with a validated request for the notifications. */
static bool act(struct intune_world *world, enum intune_cloud_path path, char id[INTUNE_ID_MAX],
                struct error *err)
{
    struct buffer csr = BUFFER_INIT(CSR_MAX);
    struct certificate_info info = { .serial = "01", .issuer = "CN=CA", .not_after = ENDS };
    struct intune_success success = { &info, bytes_of_text("abc"), "openndes:default:0011" };
    struct intune_request request = { "3F2A9C", { NULL, 0 } };
    bool ok = false;

    intune_world_csr(world, &csr);
    request.csr = buffer_bytes(&csr);
    if (path == INTUNE_CLOUD_VALIDATE) {
        ok = intune_validate(world->client, &request, id, err);
    } else if (path == INTUNE_CLOUD_SUCCESS) {
        ok = intune_notify_success(world->client, &request, &success, id, err);
    } else {
        ok = intune_notify_failure(world->client, &request, 0xA0040001u, "no", id, err);
    }
    buffer_clear(&csr);
    return ok;
}

static const enum intune_cloud_path actions[] = { INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_SUCCESS,
                                                  INTUNE_CLOUD_FAILURE };
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* Notifications of requests that were never validated: only the answer is looked at. */
static void any_order(struct intune_world *world)
{
    struct intune_cloud_settings settings;

    intune_cloud_settings(world->cloud, &settings);
    settings.any_order = true;
    intune_cloud_set(world->cloud, &settings);
}

/* Intune has decided: asking again would be wrong, and is not done. */
static void code__each_of_the_table__is_no_and_final(void **state)
{
    struct intune_world *world = *state;
    const struct intune_code *row = NULL;

    any_order(world);
    for (size_t i = 0; (row = intune_code_at(i)) != NULL; i++) {
        enum intune_cloud_path path = actions[i % ACTIONS];
        unsigned before = intune_cloud_count(world->cloud, path);
        char id[INTUNE_ID_MAX] = "";
        struct error err = ERROR_INIT;

        assert_true(intune_cloud_code(world->cloud, path, row->code, 1));
        assert_refused(act(world, path, id, &err), &err, row->reason, row->code);
        assert_says(&err, row->code, row->code);
        assert_says(&err, id, row->code);
        assert_calls(world, path, before + 1);
    }
}

struct answer_case {
    const char *name;
    enum intune_cloud_how how;
    const char *value;
    int64_t number;
    enum reason reason;
};

static const struct answer_case answer_cases[] = {
    { "unknown code", INTUNE_CLOUD_CODE, "SomethingNew", 0, REASON_INTUNE_CODE_UNKNOWN },
    { "success in another case", INTUNE_CLOUD_CODE, "SUCCESS", 0, REASON_INTUNE_CODE_UNKNOWN },
    { "success with 500", INTUNE_CLOUD_CODE, "Success", 500, REASON_INTUNE_UNAVAILABLE },
    { "no code", INTUNE_CLOUD_NO_CODE, "", 0, REASON_INTUNE_ANSWER },
    { "code is a number", INTUNE_CLOUD_BODY, "{\"code\":0}", 0, REASON_INTUNE_ANSWER },
    { "HTML", INTUNE_CLOUD_HTML, "", 0, REASON_INTUNE_ANSWER },
    { "HTML with 502", INTUNE_CLOUD_HTML, "", 502, REASON_INTUNE_UNAVAILABLE },
    { "empty", INTUNE_CLOUD_BODY, "", 0, REASON_INTUNE_ANSWER },
    { "half JSON", INTUNE_CLOUD_BAD_JSON, "", 0, REASON_INTUNE_ANSWER },
    { "nested 500", INTUNE_CLOUD_INTERNAL, "", 0, REASON_INTUNE_UNAVAILABLE },
    { "400", INTUNE_CLOUD_STATUS, "", 400, REASON_INTUNE_ANSWER },
    { "503 without Retry-After", INTUNE_CLOUD_STATUS, "", 503, REASON_INTUNE_UNAVAILABLE },
    { "too large", INTUNE_CLOUD_HUGE, "", 0, REASON_INTUNE_ANSWER },
    { "cut", INTUNE_CLOUD_CUT, "", 0, REASON_INTUNE_UNAVAILABLE },
    { "redirect to another host", INTUNE_CLOUD_REDIRECT, "https://manage.attacker.example/", 0,
      REASON_INTUNE_ANSWER },
    { "redirect with 307", INTUNE_CLOUD_REDIRECT, "https://localhost/", 307, REASON_INTUNE_ANSWER },
};

static void answer__that_is_no_plain_yes__is_no(void **state)
{
    struct intune_world *world = *state;

    any_order(world);
    for (size_t i = 0; i < ACTIONS * sizeof(answer_cases) / sizeof(answer_cases[0]); i++) {
        const struct answer_case *c = &answer_cases[i / ACTIONS];
        enum intune_cloud_path path = actions[i % ACTIONS];
        unsigned before = intune_cloud_count(world->cloud, path);
        char id[INTUNE_ID_MAX] = "";
        struct error err = ERROR_INIT;

        intune_world_behave(world, path, c->how, c->value, c->number, 1);
        assert_refused(act(world, path, id, &err), &err, c->reason, c->name);
        assert_says(&err, id, c->name); /* what Microsoft's support asks for */
        assert_int_equal(strlen(id), 36);
        assert_calls(world, path, before + 1);
        assert_true(intune_cloud_count(world->cloud, INTUNE_CLOUD_ELSEWHERE) == 0);
    }
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct token_case {
    const char *name;
    enum intune_cloud_how how;
    const char *value;
    int64_t number;
    enum reason reason;
    const char *says;
};

static const struct token_case token_cases[] = {
    { "wrong secret", INTUNE_CLOUD_ENTRA, "AADSTS7000215", 0, REASON_INTUNE_CREDENTIAL,
      "openndes intune secret" },
    { "expired secret", INTUNE_CLOUD_ENTRA, "AADSTS7000222", 0, REASON_INTUNE_CREDENTIAL,
      "expired" },
    { "application", INTUNE_CLOUD_ENTRA, "AADSTS700016", 0, REASON_INTUNE_CREDENTIAL,
      "intune.client_id" },
    { "400", INTUNE_CLOUD_STATUS, "", 400, REASON_INTUNE_ANSWER, "400" },
    { "401", INTUNE_CLOUD_STATUS, "", 401, REASON_INTUNE_ANSWER, "401" },
    { "500", INTUNE_CLOUD_STATUS, "", 500, REASON_INTUNE_UNAVAILABLE, "500" },
    { "HTML", INTUNE_CLOUD_HTML, "", 0, REASON_INTUNE_ANSWER, "access_token" },
    { "half JSON", INTUNE_CLOUD_BAD_JSON, "", 0, REASON_INTUNE_ANSWER, "" },
    { "redirect", INTUNE_CLOUD_REDIRECT, "https://login.attacker.example/", 0, REASON_INTUNE_ANSWER,
      "redirect" },
    { "busy", INTUNE_CLOUD_RETRY, "3600", 0, REASON_INTUNE_BUSY, "429" },
    { "closed", INTUNE_CLOUD_CLOSE, "", 0, REASON_INTUNE_UNAVAILABLE, "" },
    { "huge", INTUNE_CLOUD_HUGE, "", 0, REASON_INTUNE_ANSWER, "" },
};

static void token__refused__says_what_to_do_and_is_asked_for_again_later(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(token_cases) / sizeof(token_cases[0]); i++) {
        const struct token_case *c = &token_cases[i];
        /* the first token is Graph's */
        enum intune_cloud_path path =
            i % 2 == 0 ? INTUNE_CLOUD_TOKEN_GRAPH : INTUNE_CLOUD_TOKEN_INTUNE;
        struct error err = ERROR_INIT;

        intune_world_client(world, "");
        intune_world_behave(world, path, c->how, c->value, c->number, 1);
        assert_refused(intune_world_validate(world, &err), &err, c->reason, c->name);
        assert_says(&err, c->says, c->name);
        assert_null(strstr(err.detail, INTUNE_CLOUD_SECRET));
        error_clear(&err);
        assert_done(intune_world_validate(world, &err), &err, c->name); /* nothing is remembered */
    }
}

/* Every detail that a token or secret could have got into. */
static void token__in_no_detail__whatever_goes_wrong(void **state)
{
    struct intune_world *world = *state;
    struct buffer token = BUFFER_INIT(CSR_MAX);
    char body[CSR_MAX];
    struct error err = ERROR_INIT;

    assert_done(intune_world_validate(world, &err), &err, "");
    assert_true(intune_cloud_token_at(world->cloud, 1, &token));
    assert_true(text_format(body, sizeof(body),
                            "{\"code\":\"ChallengeExpired\",\"errorDescription\":\"%s\"}",
                            buffer_text(&token)));
    intune_world_behave(world, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_BODY, body, 0, 1);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_CHALLENGE_EXPIRED, "");
    assert_null(strstr(err.detail, buffer_text(&token)));
    error_clear(&err);
    assert_true(text_format(body, sizeof(body),
                            "{\"error\":\"invalid_client\",\"error_description\":\"not %s\"}",
                            INTUNE_CLOUD_SECRET));
    intune_world_client(world, "");
    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_BODY, body, 401, 1);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_CREDENTIAL, "");
    assert_says(&err, "not [...]", "");
    assert_null(strstr(err.detail, INTUNE_CLOUD_SECRET));
    buffer_clear(&token);
}

/* A token that lives no longer than the margin is good for one use only. */
static void token__short_life__is_asked_for_each_time(void **state)
{
    struct intune_world *world = *state;
    struct intune_cloud_settings settings;
    struct error err = ERROR_INIT;

    intune_cloud_settings(world->cloud, &settings);
    settings.token_life = 60;
    intune_cloud_set(world->cloud, &settings);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 2);
    settings.token_life = 120;
    intune_cloud_set(world->cloud, &settings);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 3);
}

/* ---- creation -------------------------------------------------------------------------------- */

static void create__what_is_missing__is_named_with_its_command(void **state)
{
    struct intune_world *world = *state;
    static const struct {
        const char *more;
        const char *says;
    } cases[] = {
        { "\"tenant\":\"\"", "openndes config set intune.tenant" },
        { "\"credential\":\"certificate\"", "openndes intune certificate" },
        { "\"proxy_user\":\"svc\"", "openndes intune proxy-password" },
    };
    struct intune_client_options elsewhere = { .config = &world->config };
    char empty[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        intune_world_config(world, cases[i].more);
        error_clear(&err);
        assert_null(intune_world_open(world, &err));
        assert_refused(false, &err, REASON_INTUNE_NOT_CONFIGURED, cases[i].more);
        assert_says(&err, cases[i].says, cases[i].more);
    }
    intune_world_config(world, "");
    free(world->config.intune.client_id); /* the settings' own check is stricter */
    world->config.intune.client_id = text_dup("");
    error_clear(&err);
    assert_null(intune_world_open(world, &err));
    assert_refused(false, &err, REASON_INTUNE_NOT_CONFIGURED, "client_id");
    assert_says(&err, "openndes config set intune.client_id", "client_id");
    intune_world_config(world, "");
    test_folder_path(&world->folder, "empty", empty);
    error_clear(&err);
    assert_done(folder_create(empty, true, &err), &err, "");
    elsewhere.data_folder = empty;
    error_clear(&err);
    assert_null(intune_client_create(&elsewhere, &err));
    assert_refused(false, &err, REASON_INTUNE_NOT_CONFIGURED, "no secret");
    assert_says(&err, "openndes intune secret", "no secret");
}

static void reference__last_one__frees(void **state)
{
    struct intune_world *world = *state;
    struct intune_client *same = intune_client_ref(world->client);

    assert_ptr_equal(same, world->client);
    intune_client_unref(same);
    intune_client_unref(NULL);
    intune_client_stop(world->client); /* still there */
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(validate__good_request__is_accepted),
        WORLD_TEST(success__of_a_certificate__tells_all_of_it),
        WORLD_TEST(failure__of_a_request__tells_number_and_words),
        WORLD_TEST(request__blank_parts__is_not_sent),
        WORLD_TEST(code__each_of_the_table__is_no_and_final),
        WORLD_TEST(answer__that_is_no_plain_yes__is_no),
        WORLD_TEST(token__refused__says_what_to_do_and_is_asked_for_again_later),
        WORLD_TEST(token__in_no_detail__whatever_goes_wrong),
        WORLD_TEST(token__short_life__is_asked_for_each_time),
        WORLD_TEST(create__what_is_missing__is_named_with_its_command),
        WORLD_TEST(reference__last_one__frees),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
