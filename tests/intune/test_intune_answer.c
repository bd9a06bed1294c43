/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_answer.h"
#include "intune/intune_codes.h"

#define SUFFIX "manage.microsoft.com"
#define REAL_SUCCESS                                                                               \
    "{\"code\":\"Success\",\"errorDescription\":\"\",\"@odata.context\":\"https://fef.example/"    \
    "$metadata#microsoft.management.services.scepRequestValidationService.api.scepActionResult\"}"
#define REAL_INTERNAL                                                                              \
    "{\"error\":{\"code\":\"InternalError\",\"message\":\"{\\\"_version\\\":3,\\\"Message\\\":"    \
    "\\\"An internal server error has occurred\\\"}\"}}"

static struct intune_answer answer_of(int status, const char *type, const char *body)
{
    return (struct intune_answer){ .status = status,
                                   .content_type = type,
                                   .body = bytes_of_text(body) };
}

/* ---- actions --------------------------------------------------------------------------------- */

struct action_case {
    const char *name;
    int status;
    const char *body;
    enum reason reason; /* REASON_NONE: yes */
    const char *said;   /* in the detail; NULL: anything */
};

static const struct action_case action_cases[] = {
    { "real success", 200, REAL_SUCCESS, REASON_NONE, NULL },
    { "success with 201", 201, "{\"code\":\"Success\"}", REASON_NONE, NULL },
    { "other case", 200, "{\"code\":\"success\"}", REASON_INTUNE_CODE_UNKNOWN, "success" },
    { "upper case", 200, "{\"code\":\"SUCCESS\"}", REASON_INTUNE_CODE_UNKNOWN, "SUCCESS" },
    { "blank behind", 200, "{\"code\":\"Success \"}", REASON_INTUNE_CODE_UNKNOWN, NULL },
    { "other key", 200, "{\"Code\":\"Success\"}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "missing", 200, "{\"errorDescription\":\"\"}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "null", 200, "{\"code\":null}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "number", 200, "{\"code\":0}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "true", 200, "{\"code\":true}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "list", 200, "{\"code\":[\"Success\"]}", REASON_INTUNE_ANSWER, "no \"code\"" },
    { "nested", 200, "{\"value\":{\"code\":\"Success\"}}", REASON_INTUNE_ANSWER, NULL },
    { "twice", 200, "{\"code\":\"ChallengeExpired\",\"code\":\"Success\"}", REASON_INTUNE_ANSWER,
      NULL },
    { "in a list", 200, "[{\"code\":\"Success\"}]", REASON_INTUNE_ANSWER, NULL },
    { "trailing", 200, "{\"code\":\"Success\"} x", REASON_INTUNE_ANSWER, NULL },
    { "half", 200, "{\"code\":\"Success\"", REASON_INTUNE_ANSWER, NULL },
    { "empty", 200, "", REASON_INTUNE_ANSWER, "is empty" },
    { "no content", 204, "", REASON_INTUNE_ANSWER, "is empty" },
    { "html", 200, "<html><body>Sign in</body></html>", REASON_INTUNE_ANSWER, "proxy" },
    { "deep", 200,
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"Success\"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
      REASON_INTUNE_ANSWER, NULL },
    { "unknown code", 200, "{\"code\":\"BrandNewCode\",\"errorDescription\":\"why not\"}",
      REASON_INTUNE_CODE_UNKNOWN, "BrandNewCode: why not" },
    { "expired", 200,
      "{\"code\":\"ChallengeExpired\",\"errorDescription\":\"challengeExpInterval=60\"}",
      REASON_INTUNE_CHALLENGE_EXPIRED, "challengeExpInterval=60" },
    { "a known code with another status", 400, "{\"code\":\"SubjectNameMismatch\"}",
      REASON_INTUNE_SUBJECT, NULL },
    { "success with 500", 500, "{\"code\":\"Success\"}", REASON_INTUNE_UNAVAILABLE, "500" },
    { "success with 302", 302, "{\"code\":\"Success\"}", REASON_INTUNE_ANSWER, "redirect" },
    { "success with 400", 400, "{\"code\":\"Success\"}", REASON_INTUNE_ANSWER, "400" },
    { "success with 100", 100, "{\"code\":\"Success\"}", REASON_INTUNE_ANSWER, NULL },
    { "real internal error", 500, REAL_INTERNAL, REASON_INTUNE_UNAVAILABLE,
      "InternalError: An internal server error has occurred" },
    { "nested that is no JSON", 500, "{\"error\":{\"code\":\"E\",\"message\":\"{broken\"}}",
      REASON_INTUNE_UNAVAILABLE, "E: {broken" },
    { "html with 502", 502, "<html>", REASON_INTUNE_UNAVAILABLE, "502" },
    { "unauthorized", 401, "", REASON_INTUNE_RIGHTS, "scep_challenge_provider" },
    { "forbidden", 403, "{\"error\":{\"code\":\"Forbidden\",\"message\":\"\"}}",
      REASON_INTUNE_RIGHTS, "Grant admin consent" },
    { "too many", 429, "", REASON_INTUNE_BUSY, "429" },
    { "gone", 410, "", REASON_INTUNE_DISCOVERY, "410" },
    { "proxy", 407, "", REASON_INTUNE_UNAVAILABLE, "proxy" },
};

static void action__any_answer__is_yes_only_for_success(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(action_cases) / sizeof(action_cases[0]); i++) {
        const struct action_case *c = &action_cases[i];
        struct intune_answer answer = answer_of(c->status, "text/plain", c->body);
        struct error err = ERROR_INIT;
        bool ok = intune_answer_action(&answer, &err);

        if (c->reason == REASON_NONE) {
            assert_done(ok, &err, c->name);
        } else {
            assert_refused(ok, &err, c->reason, c->name);
        }
        if (c->said != NULL && strstr(err.detail, c->said) == NULL) {
            fail_msg("%s: \"%s\" is not in \"%s\"", c->name, c->said, err.detail);
        }
    }
}

/* Hostile JSON takes many times its size once it is parsed, in as many threads as ask. */
static void action__larger_than_any_real_one__is_not_read(void **state)
{
    struct buffer body = BUFFER_INIT(200000);
    struct intune_answer answer;
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(&body, "{\"code\":\"Success\",\"a\":[{}", &err);

    (void)state;
    for (unsigned i = 0; ok && i < 30000; i++) {
        ok = buffer_append_text(&body, ",{}", &err);
    }
    assert_done(ok && buffer_append_text(&body, "]}", &err), &err, "");
    answer = answer_of(200, "application/json", buffer_text(&body));
    assert_refused(intune_answer_action(&answer, &err), &err, REASON_INTUNE_ANSWER, "success");
    assert_non_null(strstr(err.detail, "larger than 65536 bytes"));
    error_clear(&err);
    answer.status = 503;
    assert_refused(intune_answer_action(&answer, &err), &err, REASON_INTUNE_UNAVAILABLE, "503");
    buffer_clear(&body);
}

static void action__every_code_of_the_table__is_no_with_its_advice(void **state)
{
    const struct intune_code *row = NULL;

    (void)state;
    for (size_t i = 0; (row = intune_code_at(i)) != NULL; i++) {
        char body[200];
        struct intune_answer answer;
        struct error err = ERROR_INIT;

        assert_true(text_format(body, sizeof(body), "{\"code\":\"%s\"}", row->code));
        answer = answer_of(200, "", body);
        assert_refused(intune_answer_action(&answer, &err), &err, row->reason, row->code);
        assert_non_null(strstr(err.detail, row->advice));
        assert_non_null(strstr(err.detail, row->code));
    }
}

/* What the service echoes must not end up in a log. */
static void action__a_challenge_that_is_echoed__stays_out_of_the_detail(void **state)
{
    struct buffer body = BUFFER_INIT(16384);
    struct intune_answer answer;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&body,
                                   "{\"code\":\"ChallengeDecodingError\","
                                   "\"errorDescription\":\"cannot decode PENlcnRFbn",
                                   &err),
                &err, "");
    for (int i = 0; i < 100; i++) {
        assert_done(buffer_append_text(&body, "JvbGxUb2tlbj48RGF0YT4+/", &err), &err, "");
    }
    assert_done(buffer_append_text(&body, " there\"}", &err), &err, "");
    answer = (struct intune_answer){ 200, "", buffer_bytes(&body) };
    assert_refused(intune_answer_action(&answer, &err), &err, REASON_INTUNE_CHALLENGE_UNREADABLE,
                   "");
    assert_null(strstr(err.detail, "JvbGx"));
    assert_null(strstr(err.detail, "PENlcnRFbn"));
    assert_non_null(strstr(err.detail, "cannot decode [...] there"));
    buffer_clear(&body);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct token_case {
    const char *name;
    const char *body;
    const char *token; /* NULL: refused */
    int64_t seconds;
};

static const struct token_case token_cases[] = {
    { "real", "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"ey.J0.x-_~\"}",
      "ey.J0.x-_~", 3599 },
    { "blanks", "{ \"access_token\" :\r\n \"abc\" , \"token_type\":\"bearer\"}", "abc", 0 },
    { "text", "{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":\"60\"}", "abc",
      60 },
    { "negative", "{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":-1}", "abc",
      0 },
    { "huge", "{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":99999999999}",
      "abc", 86400 },
    { "in a text before",
      "{\"a\":\"\\\"access_token\\\":\\\"no\\\"\",\"access_token\":\"abc\","
      "\"token_type\":\"Bearer\"}",
      "abc", 0 },
    { "nested only", "{\"a\":{\"access_token\":\"abc\"},\"token_type\":\"Bearer\"}", NULL, 0 },
    { "nested first",
      "{\"a\":{\"access_token\":\"abc\"},\"access_token\":\"defg\",\"token_type\":\"Bearer\"}",
      NULL, 0 },
    { "as a value", "{\"a\":\"access_token\",\"token_type\":\"Bearer\"}", NULL, 0 },
    { "number", "{\"access_token\":5,\"token_type\":\"Bearer\"}", NULL, 0 },
    { "empty token", "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", NULL, 0 },
    { "line feed", "{\"access_token\":\"a\\nb\",\"token_type\":\"Bearer\"}", NULL, 0 },
    { "raw line feed", "{\"access_token\":\"a\r\nX: y\",\"token_type\":\"Bearer\"}", NULL, 0 },
    { "not closed", "{\"access_token\":\"abc", NULL, 0 },
    { "other type", "{\"access_token\":\"abc\",\"token_type\":\"pop\"}", NULL, 0 },
    { "no type", "{\"access_token\":\"abc\"}", NULL, 0 },
    { "twice", "{\"access_token\":\"abc\",\"access_token\":\"def\",\"token_type\":\"Bearer\"}",
      NULL, 0 },
    { "no JSON", "\"access_token\":\"abc\"", NULL, 0 },
    { "html", "<html>", NULL, 0 },
    { "nothing", "", NULL, 0 },
};

static void token__in_an_answer__is_taken_out_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(token_cases) / sizeof(token_cases[0]); i++) {
        const struct token_case *c = &token_cases[i];
        struct buffer body = BUFFER_INIT(4096);
        struct secret token = SECRET_INIT;
        struct error err = ERROR_INIT;
        int64_t seconds = -1;
        bool ok = false;

        assert_done(buffer_append_text(&body, c->body, &err), &err, c->name);
        ok = intune_answer_token(&body, &token, &seconds, &err);
        if (c->token == NULL) {
            assert_refused(ok, &err, REASON_INTUNE_ANSWER, c->name);
            assert_int_equal(token.len, 0);
        } else {
            assert_done(ok, &err, c->name);
            test_assert_bytes(secret_bytes(&token), bytes_of_text(c->token), c->name, __LINE__);
            assert_int_equal(seconds, c->seconds);
            assert_null(strstr(buffer_text(&body), c->token)); /* no copy stays */
        }
        secret_clear(&token);
        buffer_clear(&body);
    }
}

struct no_token_case {
    const char *name;
    int status;
    const char *body;
    enum reason reason;
    uint32_t aadsts;
    const char *said;
};

#define ENTRA(code, text) "{\"error\":\"" code "\",\"error_description\":\"" text "\"}"

static const struct no_token_case no_token_cases[] = {
    { "wrong secret", 401,
      ENTRA("invalid_client", "AADSTS7000215: Invalid client secret provided. Trace ID: abc"),
      REASON_INTUNE_CREDENTIAL, 7000215, "value, not its id" },
    { "expired secret", 401, ENTRA("invalid_client", "AADSTS7000222: expired"),
      REASON_INTUNE_CREDENTIAL, 7000222, "has expired" },
    { "certificate", 401, ENTRA("invalid_client", "AADSTS700027: no key"), REASON_INTUNE_CREDENTIAL,
      700027, "upload" },
    { "application", 400, ENTRA("unauthorized_client", "AADSTS700016: not found"),
      REASON_INTUNE_CREDENTIAL, 700016, "intune.client_id" },
    { "tenant", 400, ENTRA("invalid_request", "AADSTS90002: Tenant not found"),
      REASON_INTUNE_CREDENTIAL, 90002, "intune.tenant" },
    { "resource", 400, ENTRA("invalid_resource", "AADSTS500011: no principal"),
      REASON_INTUNE_RIGHTS, INTUNE_AADSTS_NO_RESOURCE, "licence" },
    { "conditional access", 400, ENTRA("access_denied", "AADSTS53003: blocked"),
      REASON_INTUNE_RIGHTS, 53003, "Conditional Access" },
    { "unknown number", 400, ENTRA("invalid_grant", "AADSTS1234567: something new"),
      REASON_INTUNE_CREDENTIAL, 1234567, "something new" },
    { "no number", 400, ENTRA("invalid_grant", "no"), REASON_INTUNE_CREDENTIAL, 0,
      "invalid_grant" },
    { "busy", 400, ENTRA("temporarily_unavailable", "later"), REASON_INTUNE_UNAVAILABLE, 0,
      "later" },
    { "server error", 503, "", REASON_INTUNE_UNAVAILABLE, 0, "503" },
    { "too many", 429, "", REASON_INTUNE_BUSY, 0, "429" },
    { "redirect", 302, "", REASON_INTUNE_ANSWER, 0, "redirect" },
    { "html", 400, "<html>", REASON_INTUNE_ANSWER, 0, "proxy" },
    { "no error", 400, "{}", REASON_INTUNE_ANSWER, 0, NULL },
    { "number too large", 400, ENTRA("x", "AADSTS99999999999999999999"), REASON_INTUNE_CREDENTIAL,
      0, NULL },
    { "echoed secret in a server error", 500,
      "{\"error\":{\"code\":\"E\",\"message\":\"{\\\"Message\\\":\\\"kD~8Q~x!\\\"}\"}}",
      REASON_INTUNE_UNAVAILABLE, 0, "E: [...]!" },
    { "echoed secret in an error of a proxy", 400, "{\"error\":{\"message\":\"kD~8Q~x!\"}}",
      REASON_INTUNE_ANSWER, 0, "[...]!" },
    { "echoed secret", 401, ENTRA("invalid_client", "the secret kD~8Q~x is wrong"),
      REASON_INTUNE_CREDENTIAL, 0, "the secret [...] is wrong" },
};

static void no_token__entra_says_why__becomes_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(no_token_cases) / sizeof(no_token_cases[0]); i++) {
        const struct no_token_case *c = &no_token_cases[i];
        struct intune_answer answer = answer_of(c->status, "application/json", c->body);
        struct error err = ERROR_INIT;
        uint32_t number = intune_answer_no_token(&answer, bytes_of_text("kD~8Q~x"), &err);

        assert_refused(false, &err, c->reason, c->name);
        assert_int_equal(number, c->aadsts);
        if (c->said != NULL && strstr(err.detail, c->said) == NULL) {
            fail_msg("%s: \"%s\" is not in \"%s\"", c->name, c->said, err.detail);
        }
        assert_null(strstr(err.detail, "kD~8Q~x"));
        assert_null(strstr(err.detail, "Trace ID"));
    }
}

/* ---- services -------------------------------------------------------------------------------- */

#define ROW(key, name, uri) "{\"" key "\":\"" name "\",\"uri\":\"" uri "\"}"
#define VALUE(rows) "{\"value\":[" rows "]}"

struct endpoints_case {
    const char *name;
    const char *body;
    const char *scep;
    const char *connector;
    const char *odd; /* in the reason why a row was not usable; "" none */
};

static const struct endpoints_case endpoints_cases[] = {
    { "both",
      VALUE(ROW("providerName", "ScepRequestValidationFEService",
                "https://a.manage.microsoft.com/s/") "," ROW("providerName",
                                                             "PkiConnectorFEService",
                                                             "https://a.manage.microsoft.com/p")),
      "https://a.manage.microsoft.com/s", "https://a.manage.microsoft.com/p", "" },
    { "other case, old key",
      VALUE(
          ROW("serviceName", "SCEPREQUESTVALIDATIONFESERVICE", "https://a.manage.microsoft.com/s")),
      "https://a.manage.microsoft.com/s", "", "" },
    { "two rows",
      VALUE(ROW("providerName", "ScepRequestValidationFEService",
                "https://a.manage.microsoft.com/1") "," ROW("providerName",
                                                            "ScepRequestValidationFEService",
                                                            "https://a.manage.microsoft.com/2")),
      "https://a.manage.microsoft.com/1", "", "" },
    { "the first is not usable",
      VALUE(ROW("providerName", "ScepRequestValidationFEService",
                "http://a.manage.microsoft.com") "," ROW("providerName",
                                                         "ScepRequestValidationFEService",
                                                         "https://a.manage.microsoft.com/2")),
      "https://a.manage.microsoft.com/2", "", "https" },
    { "outside",
      VALUE(ROW("providerName", "ScepRequestValidationFEService",
                "https://manage.attacker.example/s")),
      "", "", "manage.attacker.example" },
    { "others", VALUE("{},5,null,[]," ROW("providerName", "OtherService", "https://x")), "", "",
      "" },
    { "no uri", VALUE("{\"providerName\":\"PkiConnectorFEService\"}"), "", "", "none of https" },
    { "empty", VALUE(""), "", "", "" },
};

static void endpoints__rows__first_usable_one_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endpoints_cases) / sizeof(endpoints_cases[0]); i++) {
        const struct endpoints_case *c = &endpoints_cases[i];
        struct intune_answer answer = answer_of(200, "application/json", c->body);
        struct intune_endpoints found;
        struct error err = ERROR_INIT;

        assert_done(intune_answer_endpoints(&answer, SUFFIX, &found, &err), &err, c->name);
        assert_string_equal(found.scep, c->scep);
        assert_string_equal(found.connector, c->connector);
        if ((c->odd[0] == '\0') != (found.odd[0] == '\0') || strstr(found.odd, c->odd) == NULL) {
            fail_msg("%s: \"%s\"", c->name, found.odd);
        }
    }
}

static void endpoints__no_list__is_refused(void **state)
{
    static const char *const bodies[] = { "",      "{}", "[]", "{\"value\":{}}", "{\"value\":null}",
                                          "<html>" };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct intune_answer answer = answer_of(200, "", bodies[i]);
        struct intune_endpoints found;
        struct error err = ERROR_INIT;

        assert_refused(intune_answer_endpoints(&answer, SUFFIX, &found, &err), &err,
                       REASON_INTUNE_ANSWER, bodies[i]);
    }
}

/* ---- revocation ------------------------------------------------------------------------------ */

struct seen_rows {
    unsigned count;
    unsigned stop_at;
    char serials[256];
};

static bool see_row(void *context, const struct intune_revocation *row, struct error *err)
{
    struct seen_rows *seen = context;
    size_t len = strlen(seen->serials);

    assert_true(row->context[0] != '\0');
    assert_true(text_format(seen->serials + len, sizeof(seen->serials) - len, "%s;", row->serial));
    seen->count++;
    return seen->count != seen->stop_at || error_set(err, REASON_STORE_FAILED, "stop");
}

#define REVOKE(context, serial)                                                                    \
    "{\"requestContext\":\"" context "\",\"serialNumber\":\"" serial "\"}"

static void revocations__rows__have_serials_as_the_store_writes_them(void **state)
{
    static const char body[] = VALUE(REVOKE("1", "0A1b") "," REVOKE("2", "abc") "," REVOKE(
        "3", "0x0A:1B 2c-3D") "," REVOKE("4", "no hex") "," REVOKE("", "11") ",5,{},"
                                                                             "{\"requestContext\":"
                                                                             "\"5\"}");
    struct intune_answer answer = answer_of(200, "", body);
    struct seen_rows seen = { 0, 0, "" };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(intune_answer_revocations(&answer, 500, see_row, &seen, &err), &err, "");
    assert_string_equal(seen.serials, "0a1b;0abc;0a1b2c3d;;;");
    seen = (struct seen_rows){ 0, 0, "" };
    assert_done(intune_answer_revocations(&answer, 2, see_row, &seen, &err), &err, "at most two");
    assert_int_equal(seen.count, 2);
    seen = (struct seen_rows){ 0, 1, "" };
    assert_refused(intune_answer_revocations(&answer, 500, see_row, &seen, &err), &err,
                   REASON_STORE_FAILED, "the visit says no");
    assert_int_equal(seen.count, 1);
    error_clear(&err);
    answer = answer_of(500, "", REAL_INTERNAL);
    assert_refused(intune_answer_revocations(&answer, 500, see_row, &seen, &err), &err,
                   REASON_INTUNE_UNAVAILABLE, "");
}

static void uploaded__only_true__is_yes(void **state)
{
    static const char *const yes[] = { "{\"value\":true}", "{\"value\":\"true\"}",
                                       "{\"value\":\"True\"}" };
    static const char *const no[] = { "{\"value\":false}",
                                      "{\"value\":\"false\"}",
                                      "{\"value\":1}",
                                      "{\"value\":null}",
                                      "{}",
                                      "true",
                                      "" };

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        struct intune_answer answer = answer_of(200, "", yes[i]);
        struct error err = ERROR_INIT;

        assert_done(intune_answer_uploaded(&answer, &err), &err, yes[i]);
        answer.status = 500;
        assert_refused(intune_answer_uploaded(&answer, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        struct intune_answer answer = answer_of(200, "", no[i]);
        struct error err = ERROR_INIT;

        assert_refused(intune_answer_uploaded(&answer, &err), &err, REASON_INTUNE_ANSWER, no[i]);
    }
}

/* ---- the secret's end ------------------------------------------------------------------------ */

#define SECRET_ROW(hint, end) "{\"hint\":\"" hint "\",\"endDateTime\":\"" end "\"}"

#define NEXT SECRET_ROW("kD~", "2027-01-01T00:00:00Z")
#define OVER SECRET_ROW("kD~", "2020-01-01T00:00:00Z")
#define OTHER SECRET_ROW("abc", "2026-06-01T00:00:00Z")

struct end_case {
    const char *name;
    const char *rows;
    int64_t end;
};

static const struct end_case end_cases[] = {
    { "fraction", SECRET_ROW("kD~", "2027-05-31T10:11:12.1234567Z"), 1811758272 },
    { "the next one after now",
      SECRET_ROW("kD~", "2028-01-01T00:00:00Z") "," NEXT "," OVER "," OTHER, 1798761600 },
    { "all over", OVER "," SECRET_ROW("kD~", "2021-01-01T00:00:00Z"), 1609459200 },
    { "another secret", SECRET_ROW("abc", "2027-05-31T10:11:12Z"), 0 },
    { "no hint", SECRET_ROW("", "2027-05-31T10:11:12Z"), 0 },
    { "no time", SECRET_ROW("kD~", "soon") ",{},5", 0 },
    { "none", "", 0 },
};

static void secret_end__rows_of_graph__the_one_that_begins_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(end_cases) / sizeof(end_cases[0]); i++) {
        char body[1024];
        struct intune_answer answer;
        int64_t end = 0;

        assert_true(
            text_format(body, sizeof(body), "{\"passwordCredentials\":[%s]}", end_cases[i].rows));
        answer = answer_of(200, "", body);
        end = intune_answer_secret_end(&answer, bytes_of_text("kD~8Q~x"), 1767225600);
        if (end != end_cases[i].end) {
            fail_msg("%s: %" PRId64, end_cases[i].name, end);
        }
        answer.status = 403;
        assert_int_equal(intune_answer_secret_end(&answer, bytes_of_text("kD~8Q~x"), 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(action__any_answer__is_yes_only_for_success),
        cmocka_unit_test(action__larger_than_any_real_one__is_not_read),
        cmocka_unit_test(action__every_code_of_the_table__is_no_with_its_advice),
        cmocka_unit_test(action__a_challenge_that_is_echoed__stays_out_of_the_detail),
        cmocka_unit_test(token__in_an_answer__is_taken_out_of_it),
        cmocka_unit_test(no_token__entra_says_why__becomes_what_to_do),
        cmocka_unit_test(endpoints__rows__first_usable_one_counts),
        cmocka_unit_test(endpoints__no_list__is_refused),
        cmocka_unit_test(revocations__rows__have_serials_as_the_store_writes_them),
        cmocka_unit_test(uploaded__only_true__is_yes),
        cmocka_unit_test(secret_end__rows_of_graph__the_one_that_begins_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
