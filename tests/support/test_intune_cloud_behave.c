/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_caller.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

#define ANSWER_MAX 16777216u
#define VALIDATE "/ScepActions/validateRequest"
#define DISCOVERY "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"

static void behave(struct caller *c, enum intune_cloud_path path, enum intune_cloud_how how,
                   const char *value, int64_t number)
{
    const struct intune_cloud_behaviour b = { path, how, value, number, 1 };
    struct error err = ERROR_INIT;

    assert_done(intune_cloud_behave(c->cloud, &b, &err), &err, "behave");
}

/* A right call of validateRequest, and what came; 0: no answer. */
static int validate(struct caller *c, struct buffer *answer)
{
    struct buffer csr = BUFFER_INIT(0);
    char *body = NULL;
    int status = 0;

    caller_csr(c, NULL, &csr);
    body = caller_body(c, VALIDATE, buffer_bytes(&csr), NULL);
    status = caller_action(c, VALIDATE, body, answer);
    free(body);
    buffer_clear(&csr);
    return status;
}

static void behave__whole_answers__as_asked_for_once(void **state)
{
    struct caller *c = *state;
    static const struct {
        enum intune_cloud_how how;
        const char *value;
        int64_t number;
        int status;
        const char *text; /* in the body */
    } cases[] = {
        { INTUNE_CLOUD_CODE, "ChallengeExpired", 0, 200, "\"code\":\"ChallengeExpired\"" },
        { INTUNE_CLOUD_CODE, "NeverHeardOf", 0, 200, "\"code\":\"NeverHeardOf\"" },
        { INTUNE_CLOUD_CODE, "success", 0, 200, "\"code\":\"success\"" },
        { INTUNE_CLOUD_CODE, "Success", 500, 500, "\"code\":\"Success\"" },
        { INTUNE_CLOUD_NO_CODE, NULL, 0, 200, "{\"errorDescription\":\"\"}" },
        { INTUNE_CLOUD_BODY, "[1]", 202, 202, "[1]" },
        { INTUNE_CLOUD_HTML, NULL, 0, 200, "<html>" },
        { INTUNE_CLOUD_BAD_JSON, NULL, 0, 200, "\"code\":\"Success\"" },
        { INTUNE_CLOUD_INTERNAL, NULL, 0, 500, "{\\\"_version\\\":3" },
        { INTUNE_CLOUD_STATUS, NULL, 401, 401, "InvalidAuthenticationToken" },
        { INTUNE_CLOUD_STATUS, NULL, 403, 403, "Authorization_RequestDenied" },
        { INTUNE_CLOUD_STATUS, NULL, 410, 410, "Gone" },
        { INTUNE_CLOUD_RETRY, "7", 0, 429, "TooManyRequests" },
        { INTUNE_CLOUD_RETRY, "7", 503, 503, "ServiceUnavailable" },
        { INTUNE_CLOUD_REDIRECT, "https://elsewhere.example/", 307, 307, "elsewhere" },
        { INTUNE_CLOUD_CLOSE, NULL, 0, 0, "" },
        { INTUNE_CLOUD_CUT, NULL, 0, 0, "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer answer = BUFFER_INIT(ANSWER_MAX);

        behave(c, INTUNE_CLOUD_VALIDATE, cases[i].how, cases[i].value, cases[i].number);
        assert_int_equal(validate(c, &answer), cases[i].status);
        assert_non_null(strstr(buffer_text(&answer), cases[i].text));
        buffer_clear(&answer);
        assert_int_equal(validate(c, &answer), 200);
        assert_non_null(strstr(buffer_text(&answer), "\"code\":\"Success\""));
        buffer_clear(&answer);
    }
    caller_assert_objected(c, 0, "");
}

static void behave__several__one_after_the_other(void **state)
{
    struct caller *c = *state;

    assert_true(intune_cloud_status(c->cloud, INTUNE_CLOUD_VALIDATE, 503, 2));
    assert_true(intune_cloud_code(c->cloud, INTUNE_CLOUD_ANY, "Unknown", 1));
    assert_true(intune_cloud_status(c->cloud, INTUNE_CLOUD_SUCCESS, 500, 0));
    assert_int_equal(validate(c, NULL), 503);
    assert_int_equal(validate(c, NULL), 503);
    assert_int_equal(validate(c, NULL), 200);
    assert_int_equal(intune_cloud_enrolment_count(c->cloud), 0);
    assert_int_equal(validate(c, NULL), 200);
    assert_int_equal(intune_cloud_enrolment_count(c->cloud), 1);
}

static void behave__wrong_call__uses_nothing_up(void **state)
{
    struct caller *c = *state;

    assert_true(intune_cloud_code(c->cloud, INTUNE_CLOUD_VALIDATE, "Unknown", 1));
    assert_int_equal(caller_action(c, VALIDATE, "{}", NULL), 400);
    caller_assert_objected(c, 1, "lacks request");
    assert_int_equal(validate(c, NULL), 200);
    assert_int_equal(intune_cloud_enrolment_count(c->cloud), 0);
}

/* ---- time ------------------------------------------------------------------------------------ */

static struct raw_client *send_discovery(struct caller *c)
{
    const struct caller_ask ask = { .target = DISCOVERY, .authorization = c->graph_token };

    return caller_send(c, &ask);
}

static void behave__slow__waits_for_the_latch(void **state)
{
    struct caller *c = *state;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    unsigned before = intune_cloud_count(c->cloud, INTUNE_CLOUD_ENDPOINTS);
    struct intune_cloud_call call;

    behave(c, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_SLOW, NULL, 0);
    client = send_discovery(c);
    assert_true(intune_cloud_wait(c->cloud, INTUNE_CLOUD_ENDPOINTS, before + 1, CALLER_WAIT_MS));
    assert_false(intune_cloud_wait_answered(c->cloud, INTUNE_CLOUD_ENDPOINTS, before + 1, 50));
    assert_true(intune_cloud_call_at(c->cloud, INTUNE_CLOUD_ENDPOINTS, before, &call));
    assert_int_equal(call.status, 0);
    intune_cloud_call_clear(&call);
    intune_cloud_open_latch(c->cloud);
    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 200);
    assert_true(
        intune_cloud_wait_answered(c->cloud, INTUNE_CLOUD_ENDPOINTS, before + 1, CALLER_WAIT_MS));
    raw_response_clear(&response);
    raw_client_close(client);
}

static void behave__slow__some_ms_later(void **state)
{
    struct caller *c = *state;
    int64_t start_us = clock_monotonic_us();

    behave(c, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_SLOW, NULL, 150);
    assert_int_equal(validate(c, NULL), 200);
    assert_true(clock_monotonic_us() - start_us >= 150000);
}

/* A cloud of its own, which ends while a call hangs. */
static void behave__hang__until_the_cloud_ends(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_server *own = NULL;
    struct intune_cloud_options options = { .folder = c->folder.path };
    const struct intune_cloud_behaviour b = { INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_HANG, NULL, 0, 0 };
    struct caller other = *c;
    const struct caller_ask ask = { .target = "/x/oauth2/v2.0/token",
                                    .content_type = "application/x-www-form-urlencoded",
                                    .body = "grant_type=client_credentials&client_id=x&scope=x"
                                            "&client_secret=x" };
    struct raw_client *client = NULL;
    struct error err = ERROR_INIT;

    own = intune_cloud_create(&options, &err);
    assert_done(own != NULL, &err, "cloud");
    assert_done(intune_cloud_behave(own, &b, &err), &err, "hang");
    other.cloud = own;
    client = caller_send(&other, &ask);
    assert_true(intune_cloud_wait(own, INTUNE_CLOUD_TOKEN, 1, CALLER_WAIT_MS));
    intune_cloud_free(own);
    assert_true(raw_client_at_end(client));
    raw_client_close(client);
}

static void behave__date__off(void **state)
{
    struct caller *c = *state;
    struct raw_response response = RAW_RESPONSE_INIT;
    struct raw_client *client = NULL;
    struct bytes date;
    char year[8];
    char now[CLOCK_TEXT_MAX];

    behave(c, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_DATE, NULL, INT64_C(-10) * 366 * 86400);
    client = send_discovery(c);
    assert_true(raw_client_receive(client, true, &response));
    assert_int_equal(raw_response_header(&response, "Date", &date), 1);
    assert_int_equal(date.len, strlen("Sun, 06 Nov 1994 08:49:37 GMT"));
    clock_format(clock_now() - INT64_C(10) * 366 * 86400, now);
    assert_true(text_format(year, sizeof(year), "%.4s", now));
    assert_non_null(strstr((const char *)date.data, year));
    raw_response_clear(&response);
    raw_client_close(client);
}

static void behave__huge__over_five_megabytes(void **state)
{
    struct caller *c = *state;
    struct buffer answer = BUFFER_INIT(ANSWER_MAX);

    behave(c, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_HUGE, NULL, 0);
    assert_int_equal(validate(c, &answer), 200);
    assert_true(answer.len > 5u * 1024 * 1024);
    buffer_clear(&answer);
}

/* ---- discovery and tokens -------------------------------------------------------------------- */

static unsigned occurrences(const char *text, const char *part)
{
    unsigned count = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        count++;
    }
    return count;
}

static void discovery__misbehaving__as_asked_for(void **state)
{
    struct caller *c = *state;
    static const struct {
        enum intune_cloud_how how;
        unsigned rows; /* of the SCEP service */
        const char *there;
        const char *not_there;
    } cases[] = {
        { INTUNE_CLOUD_EMPTY, 0, "\"value\":[]", "uri" },
        { INTUNE_CLOUD_NO_ROW, 0, "PkiConnectorFEService", "StatelessScep" },
        { INTUNE_CLOUD_TWO_ROWS, 2, "-b\"", "attacker" },
        { INTUNE_CLOUD_OUTSIDE, 1, "https://manage.attacker.example/", "-b\"" },
        { INTUNE_CLOUD_PLAIN, 1, "\"http://localhost/", "-b\"" },
        { INTUNE_CLOUD_OLD_NAME, 1, "\"serviceName\":\"scepRequest", "\"providerName\":\"Scep" },
        { INTUNE_CLOUD_SLASH, 1, "/\",\"providerResourceId\"", "-b\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct caller_ask ask = { .target = DISCOVERY, .authorization = c->graph_token };
        struct buffer answer = BUFFER_INIT(ANSWER_MAX);

        behave(c, INTUNE_CLOUD_ENDPOINTS, cases[i].how, NULL, 0);
        assert_int_equal(caller_ask(c, &ask, &answer), 200);
        assert_int_equal(occurrences(buffer_text(&answer), "StatelessScep"), cases[i].rows);
        assert_non_null(strstr(buffer_text(&answer), cases[i].there));
        assert_null(strstr(buffer_text(&answer), cases[i].not_there));
        buffer_clear(&answer);
    }
}

static void discovery__two_rows__both_work(void **state)
{
    struct caller *c = *state;
    size_t len = strlen(c->scep);

    assert_true(text_format(c->scep + len, sizeof(c->scep) - len, "-b"));
    assert_int_equal(validate(c, NULL), 200);
    assert_true(text_format(c->scep + len, sizeof(c->scep) - len, "-c"));
    assert_int_equal(validate(c, NULL), 404);
}

static void move__old_address__status_until_discovered_anew(void **state)
{
    struct caller *c = *state;

    assert_int_equal(validate(c, NULL), 200);
    intune_cloud_move(c->cloud, 410);
    assert_int_equal(validate(c, NULL), 410);
    assert_int_equal(intune_cloud_count(c->cloud, INTUNE_CLOUD_VALIDATE), 2);
    caller_sign_in(c);
    assert_int_equal(validate(c, NULL), 200);
    caller_assert_objected(c, 0, "");
}

static void tokens__expired__401_until_a_new_one(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_settings settings;

    intune_cloud_expire_tokens(c->cloud);
    assert_int_equal(validate(c, NULL), 401);
    caller_sign_in(c);
    assert_int_equal(validate(c, NULL), 200);
    intune_cloud_settings(c->cloud, &settings);
    settings.token_life = -1;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(intune_cloud_count(c->cloud, INTUNE_CLOUD_ENDPOINTS), 2);
    settings.intune_right = false;
    settings.token_life = 60;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(validate(c, NULL), 200); /* the right of before */
    caller_assert_objected(c, 0, "");
}

static void tokens__entra_errors__as_asked_for(void **state)
{
    struct caller *c = *state;
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    char form[1024];

    caller_form(form, sizeof(form), "https://api.manage.microsoft.com//.default");
    behave(c, INTUNE_CLOUD_TOKEN_INTUNE, INTUNE_CLOUD_ENTRA, "AADSTS7000222", 0);
    assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT, form, &body), 401);
    assert_non_null(strstr(buffer_text(&body), "\"error\":\"invalid_client\""));
    assert_non_null(strstr(buffer_text(&body), "\"error_codes\":[7000222]"));
    buffer_clear(&body);
    behave(c, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_NOT_SCOPE,
           "https://api.manage.microsoft.com//.default", 0);
    assert_int_equal(caller_token(c, INTUNE_CLOUD_TENANT, form, &body), 400);
    assert_non_null(strstr(buffer_text(&body), "AADSTS500011: The resource principal named "
                                               "https://api.manage.microsoft.com//.default"));
    buffer_clear(&body);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void record__calls__without_the_token(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_call call;
    struct buffer token = BUFFER_INIT(ANSWER_MAX);
    char value[128];

    assert_int_equal(validate(c, NULL), 200);
    assert_true(intune_cloud_call_at(c->cloud, INTUNE_CLOUD_VALIDATE, 0, &call));
    assert_string_equal(call.method, "POST");
    assert_non_null(strstr(buffer_text(&call.target), VALIDATE));
    assert_non_null(strstr(buffer_text(&call.body), "\"callerInfo\":\"Test/1.0\""));
    assert_true(intune_cloud_header(&call, "API-Version", value, sizeof(value)));
    assert_string_equal(value, "2018-02-20");
    assert_true(intune_cloud_header(&call, "authorization", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_false(intune_cloud_header(&call, "x-none", value, sizeof(value)));
    assert_true(intune_cloud_token_at(c->cloud, 1, &token));
    assert_string_equal(buffer_text(&token), c->intune_token + strlen("Bearer "));
    assert_null(strstr(buffer_text(&call.headers), buffer_text(&token)));
    intune_cloud_call_clear(&call);
    assert_false(intune_cloud_call_at(c->cloud, INTUNE_CLOUD_VALIDATE, 1, &call));
    assert_false(intune_cloud_wait(c->cloud, INTUNE_CLOUD_VALIDATE, 2, 20));
    buffer_clear(&token);
}

static void control__orders__the_same_as_the_functions(void **state)
{
    struct caller *c = *state;
    struct caller_ask ask = { .request_id = "" };
    struct buffer answer = BUFFER_INIT(ANSWER_MAX);
    char challenge[8192];

    ask.target = "/_control/behave";
    ask.body = "{\"path\":\"validateRequest\",\"how\":\"status\",\"number\":503,\"times\":1}";
    assert_int_equal(caller_ask(c, &ask, NULL), 200);
    assert_int_equal(validate(c, NULL), 503);
    assert_int_equal(validate(c, NULL), 200);
    ask.body = "{\"path\":\"validateRequest\",\"how\":\"nonsense\"}";
    assert_int_equal(caller_ask(c, &ask, NULL), 400);
    ask.target = "/_control/revoke";
    ask.body = "{\"serial\":\"0a\",\"caConfiguration\":\"ours\"}";
    assert_int_equal(caller_ask(c, &ask, NULL), 200);
    assert_int_equal(intune_cloud_revocation_count(c->cloud), 1);
    ask.body = NULL;
    ask.target = "/_control/enrolments";
    assert_int_equal(caller_ask(c, &ask, &answer), 200);
    assert_non_null(strstr(buffer_text(&answer), "\"validations\":1"));
    buffer_clear(&answer);
    ask.target = "/_control/calls";
    assert_int_equal(caller_ask(c, &ask, &answer), 200);
    assert_non_null(strstr(buffer_text(&answer), "\"path\":\"validateRequest\""));
    assert_null(strstr(buffer_text(&answer), "client_secret"));
    assert_null(strstr(buffer_text(&answer), "_control"));
    buffer_clear(&answer);
    ask.target = "/_control/challenge?subject=CN=device&bits=2048&san=dns:a.example";
    assert_int_equal(caller_ask(c, &ask, &answer), 200);
    assert_true(caller_member(buffer_bytes(&answer), "challenge", challenge, sizeof(challenge)));
    assert_in_range(strlen(challenge), 4800, 5600);
    buffer_clear(&answer);
    ask.target = "/_control/reset";
    ask.body = "";
    assert_int_equal(caller_ask(c, &ask, NULL), 200);
    assert_int_equal(intune_cloud_count(c->cloud, INTUNE_CLOUD_ANY), 0);
    caller_assert_objected(c, 0, "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, caller_begin)
    const struct CMUnitTest tests[] = {
        CASE(behave__whole_answers__as_asked_for_once),
        CASE(behave__several__one_after_the_other),
        CASE(behave__wrong_call__uses_nothing_up),
        CASE(behave__slow__waits_for_the_latch),
        CASE(behave__slow__some_ms_later),
        CASE(behave__hang__until_the_cloud_ends),
        CASE(behave__date__off),
        CASE(behave__huge__over_five_megabytes),
        CASE(discovery__misbehaving__as_asked_for),
        CASE(discovery__two_rows__both_work),
        CASE(move__old_address__status_until_discovered_anew),
        CASE(tokens__expired__401_until_a_new_one),
        CASE(tokens__entra_errors__as_asked_for),
        CASE(record__calls__without_the_token),
        CASE(control__orders__the_same_as_the_functions),
    };

    return cmocka_run_group_tests(tests, caller_setup, caller_teardown);
}
