/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_world.h"

#include <string.h>

#include "base/text.h"

#define ROWS 8

struct rows {
    unsigned count;
    char context[ROWS][256];
    char serial[ROWS][128];
    char issuer[ROWS][128];
    char ca[ROWS][128];
};

static bool visit(void *context, const struct intune_revocation *row, struct error *err)
{
    struct rows *rows = context;
    unsigned n = rows->count;

    return (n < ROWS && text_copy(rows->context[n], 256, row->context)
            && text_copy(rows->serial[n], 128, row->serial)
            && text_copy(rows->issuer[n], 128, row->issuer)
            && text_copy(rows->ca[n], 128, row->ca_configuration) && ++rows->count > 0)
           || error_set(err, REASON_LIMIT, "too many rows");
}

static void download__rows__come_unfiltered_and_at_most_so_many(void **state)
{
    struct intune_world *world = *state;
    struct rows rows = { .count = 0 };
    struct intune_cloud_call call;
    struct error err = ERROR_INIT;
    char value[64];

    assert_true(intune_cloud_revoke(world->cloud, "0A1B", "openndes:default:00", "CN=Our CA"));
    assert_true(intune_cloud_revoke(world->cloud, "FFF", NULL, NULL));
    assert_done(intune_download_revocations(world->client, 1000, visit, &rows, &err), &err, "");
    assert_int_equal(rows.count, 2);
    assert_string_equal(rows.serial[0], "0a1b");
    assert_string_equal(rows.issuer[0], "CN=Our CA");
    assert_string_equal(rows.ca[0], "openndes:default:00");
    assert_string_equal(rows.serial[1], "0fff");
    assert_string_equal(rows.ca[1], "");
    assert_true(intune_cloud_call_at(world->cloud, INTUNE_CLOUD_DOWNLOAD, 0, &call));
    assert_string_equal(buffer_text(&call.body),
                        "{\"downloadParameters\":{\"maxRequests\":500,\"issuerName\":null}}");
    assert_true(intune_cloud_header(&call, "api-version", value, sizeof(value)));
    assert_string_equal(value, "5019-05-05");
    intune_cloud_call_clear(&call);
    rows.count = 0;
    assert_done(intune_download_revocations(world->client, 1, visit, &rows, &err), &err, "");
    assert_int_equal(rows.count, 1);
    intune_world_behave(world, INTUNE_CLOUD_DOWNLOAD, INTUNE_CLOUD_EMPTY, "", 0, 1);
    rows.count = 0;
    assert_done(intune_download_revocations(world->client, 500, visit, &rows, &err), &err, "");
    assert_int_equal(rows.count, 0);
}

struct result_case {
    enum intune_revocation_error error;
    const char *message;
    const char *code;
};

static const struct result_case result_cases[] = {
    { INTUNE_REVOKED, "not sent", "None" },
    { INTUNE_REVOCATION_NOT_FOUND, "no such \"certificate\"", "CertificateNotFoundError" },
    { INTUNE_REVOCATION_CONFLICT, "revoked by somebody else", "ConflictError" },
    { INTUNE_REVOCATION_RETRYABLE, "the database is busy", "RetryableServiceException" },
    { INTUNE_REVOCATION_NON_RETRYABLE, "no", "NonRetryableServiceException" },
};
#define RESULTS (sizeof(result_cases) / sizeof(result_cases[0]))

static void upload__results__reach_their_requests(void **state)
{
    struct intune_world *world = *state;
    struct intune_revocation_result results[RESULTS];
    struct rows rows = { .count = 0 };
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < RESULTS; i++) {
        assert_true(intune_cloud_revoke(world->cloud, "01", "ours", "CN=CA"));
    }
    assert_done(intune_download_revocations(world->client, 500, visit, &rows, &err), &err, "");
    assert_int_equal(rows.count, RESULTS);
    for (size_t i = 0; i < RESULTS; i++) {
        results[i] = (struct intune_revocation_result){ rows.context[i], result_cases[i].error,
                                                        result_cases[i].message };
    }
    assert_done(intune_upload_revocations(world->client, results, RESULTS, &err), &err, "");
    for (unsigned i = 0; i < RESULTS; i++) {
        struct intune_cloud_revocation told;
        bool done = result_cases[i].error == INTUNE_REVOKED;

        assert_true(intune_cloud_revocation_at(world->cloud, i, &told));
        assert_true(told.answered);
        assert_int_equal(told.succeeded, done);
        assert_string_equal(told.error_code, result_cases[i].code);
        assert_string_equal(told.error_message, done ? "" : result_cases[i].message);
    }
}

static void answers__that_are_no_yes__are_errors(void **state)
{
    struct intune_world *world = *state;
    struct intune_revocation_result result = { "context", INTUNE_REVOKED, "" };
    struct rows rows = { .count = 0 };
    struct error err = ERROR_INIT;

    for (int i = 0; i < 2; i++) {
        assert_true(intune_cloud_revoke(world->cloud, "01", "ours", "CN=CA"));
    }
    assert_done(intune_download_revocations(world->client, 500, visit, &rows, &err), &err, "");
    result.context = rows.context[0];
    intune_world_behave(world, INTUNE_CLOUD_UPLOAD, INTUNE_CLOUD_BODY, "{\"value\":false}", 0, 1);
    assert_refused(intune_upload_revocations(world->client, &result, 1, &err), &err,
                   REASON_INTUNE_ANSWER, "");
    assert_says(&err, "client-request-id", "");
    error_clear(&err);
    result.context = rows.context[1];
    rows.count = 0;
    intune_world_behave(world, INTUNE_CLOUD_UPLOAD, INTUNE_CLOUD_INTERNAL, "", 0, 1);
    assert_refused(intune_upload_revocations(world->client, &result, 1, &err), &err,
                   REASON_INTUNE_UNAVAILABLE, "");
    error_clear(&err);
    intune_world_behave(world, INTUNE_CLOUD_DOWNLOAD, INTUNE_CLOUD_HTML, "", 0, 1);
    assert_refused(intune_download_revocations(world->client, 500, visit, &rows, &err), &err,
                   REASON_INTUNE_ANSWER, "");
    assert_int_equal(rows.count, 0);
    error_clear(&err);
    assert_refused(intune_upload_revocations(world->client, &result, 501, &err), &err, REASON_LIMIT,
                   "more than the service takes");
}

/* The two services have addresses of their own, and second chances of their own. */
static void download__moved_service__is_found_again(void **state)
{
    struct intune_world *world = *state;
    struct rows rows = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_done(intune_download_revocations(world->client, 500, visit, &rows, &err), &err, "");
    intune_cloud_move(world->cloud, 410);
    intune_cloud_expire_tokens(world->cloud);
    assert_done(intune_download_revocations(world->client, 500, visit, &rows, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 3); /* the second one with the ended token */
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 2);
}

/* A tenant without revocation: what a fruitless look for it has found serves the other service. */
static void download__service_is_missing__requests_are_checked_all_the_same(void **state)
{
    static const char action[] = "/ScepActions/validateRequest";
    struct intune_world *world = *state;
    struct intune_cloud_call call;
    struct rows rows = { .count = 0 };
    struct error err = ERROR_INIT;
    char answer[512];
    size_t way = 0;

    assert_done(intune_world_validate(world, &err), &err, "");
    assert_true(intune_cloud_call_at(world->cloud, INTUNE_CLOUD_VALIDATE, 0, &call));
    way = call.target.len - (sizeof(action) - 1);
    assert_true(text_format(answer, sizeof(answer),
                            "{\"value\":[{\"providerName\":\"ScepRequestValidationFEService\","
                            "\"uri\":\"%s%.*s\"}]}",
                            intune_cloud_url(world->cloud), (int)way, buffer_text(&call.target)));
    intune_cloud_call_clear(&call);
    intune_world_client(world, "");
    intune_world_behave(world, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_BODY, answer, 0, 2);
    assert_refused(intune_download_revocations(world->client, 500, visit, &rows, &err), &err,
                   REASON_INTUNE_DISCOVERY, "");
    assert_says(&err, "PkiConnectorFEService", "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 3); /* with a newer token, too */
    error_clear(&err);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 3);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(download__rows__come_unfiltered_and_at_most_so_many),
        WORLD_TEST(upload__results__reach_their_requests),
        WORLD_TEST(answers__that_are_no_yes__are_errors),
        WORLD_TEST(download__moved_service__is_found_again),
        WORLD_TEST(download__service_is_missing__requests_are_checked_all_the_same),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
