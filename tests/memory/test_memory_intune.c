/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of Microsoft's cloud read with memory running out: whole, or refused. No row is left out
 * without a word, a token never stays behind in its body, and lack of memory is no "yes".
 */
#include <string.h>

#include "base/text.h"
#include "intune/intune_answer.h"
#include "support/alloc_fail.h"
#include "support/test_support.h"

#define TOKEN "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln"
#define SUFFIX "manage.microsoft.com"

struct stage {
    struct buffer body; /* of a token */
    struct secret token;
    int64_t seconds;
    struct intune_endpoints endpoints;
    unsigned revocations;
    int64_t secret_end;
};

static struct intune_answer answer_of(const char *body)
{
    return (struct intune_answer){ 200, "application/json", bytes_of_text(body) };
}

/* ---- a token --------------------------------------------------------------------------------- */

static void put_token(void *context)
{
    struct stage *s = context;
    struct error err = ERROR_INIT;

    buffer_reset(&s->body);
    assert_done(buffer_append_text(&s->body,
                                   "{\"token_type\":\"Bearer\",\"expires_in\":3599,"
                                   "\"access_token\":\"" TOKEN "\"}",
                                   &err),
                &err, "");
}

static bool read_token(void *context, struct error *err)
{
    struct stage *s = context;

    return intune_answer_token(&s->body, &s->token, &s->seconds, err);
}

static void token_read(void *context, bool done)
{
    struct stage *s = context;

    if (done) {
        assert_true(bytes_equal(secret_bytes(&s->token), bytes_of_text(TOKEN)));
        assert_int_equal(s->seconds, 3599);
        assert_null(strstr(buffer_text(&s->body), TOKEN));
    } else {
        assert_int_equal(s->token.len, 0);
    }
    secret_clear(&s->token);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool read_endpoints(void *context, struct error *err)
{
    static const char body[] =
        "{\"value\":[{\"providerName\":\"ScepRequestValidationFEService\",\"uri\":"
        "\"https://a." SUFFIX "/s\"},{\"providerName\":\"PkiConnectorFEService\",\"uri\":"
        "\"https://a." SUFFIX "/p\"}]}";
    struct stage *s = context;
    const struct intune_answer answer = answer_of(body);

    return intune_answer_endpoints(&answer, SUFFIX, &s->endpoints, err);
}

static void endpoints_read(void *context, bool done)
{
    const struct stage *s = context;

    if (done) {
        assert_string_equal(s->endpoints.scep, "https://a." SUFFIX "/s");
        assert_string_equal(s->endpoints.connector, "https://a." SUFFIX "/p");
    }
}

static bool see_row(void *context, const struct intune_revocation *row, struct error *err)
{
    struct stage *s = context;

    (void)err;
    s->revocations += strcmp(row->serial, "0a1b") == 0 ? 1u : 0u;
    return true;
}

#define REVOKE "{\"requestContext\":\"c\",\"serialNumber\":\"0A1B\",\"issuerName\":\"CN=x\"}"

static bool read_revocations(void *context, struct error *err)
{
    struct stage *s = context;
    const struct intune_answer answer = answer_of("{\"value\":[" REVOKE "," REVOKE "," REVOKE "]}");

    s->revocations = 0;
    return intune_answer_revocations(&answer, 500, see_row, s, err);
}

static void revocations_read(void *context, bool done)
{
    const struct stage *s = context;

    assert_true(!done || s->revocations == 3);
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool read_uploaded(void *context, struct error *err)
{
    const struct intune_answer answer = answer_of("{\"value\":true}");

    (void)context;
    return intune_answer_uploaded(&answer, err);
}

static bool read_not_uploaded(void *context, struct error *err)
{
    const struct intune_answer answer = answer_of("{\"value\":false}");

    (void)context;
    return intune_answer_uploaded(&answer, err);
}

/* 0 is "not known", which is no reason for an alarm. */
static bool read_secret_end(void *context, struct error *err)
{
    struct stage *s = context;
    const struct intune_answer answer =
        answer_of("{\"passwordCredentials\":[{\"hint\":\"kD~\",\"endDateTime\":"
                  "\"2027-05-31T10:11:12Z\"}]}");

    (void)err;
    s->secret_end = intune_answer_secret_end(&answer, bytes_of_text("kD~8Q~x"), 1767225600);
    return true;
}

static void secret_end_read(void *context, bool done)
{
    const struct stage *s = context;

    (void)done;
    assert_true(s->secret_end == 0 || s->secret_end == 1811758272);
}

static void answer__memory_runs_out__whole_or_refused(void **state)
{
    static const struct alloc_call calls[] = {
        { "Intune: token", read_token, put_token, token_read, REASON_NONE, 0 },
        { "Intune: services", read_endpoints, NULL, endpoints_read, REASON_NONE, 0 },
        { "Intune: revocations", read_revocations, NULL, revocations_read, REASON_NONE, 0 },
        { "Intune: uploaded", read_uploaded, NULL, NULL, REASON_NONE, 0 },
        { "Intune: not uploaded", read_not_uploaded, NULL, NULL, REASON_INTUNE_ANSWER, 0 },
        { "Intune: end of the secret", read_secret_end, NULL, secret_end_read, REASON_NONE, 0 },
    };
    struct stage s = { .body = BUFFER_INIT(4096), .token = SECRET_INIT };

    (void)state;
    alloc_fail_calls(calls, sizeof(calls) / sizeof(calls[0]), &s);
    buffer_clear(&s.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__memory_runs_out__whole_or_refused),
    };

    return cmocka_run_group_tests_name("memory Intune", tests, NULL, NULL);
}
