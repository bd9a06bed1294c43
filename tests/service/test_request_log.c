/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "service/request_log.h"

/* Where events go. */
struct sink {
    unsigned count;
    enum event_id id;
    char text[EVENT_TEXT_BYTES];
};

static void sink_write(void *context, const struct event_entry *entry)
{
    struct sink *sink = context;

    sink->count++;
    sink->id = entry->info->id;
    event_entry_text(entry, sink->text, sizeof(sink->text));
}

static int64_t sink_now(void *context)
{
    (void)context;
    return 0;
}

struct refusal_case {
    const char *name;
    const char *operation;
    const char *message_type;
    enum reason reason;
    int status;
    unsigned id; /* 0: no event */
};

static const struct refusal_case cases[] = {
    { "issued", "PKIOperation", "PKCSReq", REASON_NONE, 200, 0 },
    { "password", "PKIOperation", "PKCSReq", REASON_CHALLENGE_USED, 200, 29 },
    { "policy", "PKIOperation", "PKCSReq", REASON_KEY_SIZE, 200, 31 },
    { "garbage", "PKIOperation", NULL, REASON_NOT_CMS, 400, 16 },
    { "scanner", "GET", NULL, REASON_OPERATION_MISSING, 400, 0 },
    { "RA for a request", "PKIOperation", "PKCSReq", REASON_RA_EXPIRED, 503, 10 },
    { "RA for GetCACert", "GetCACert", NULL, REASON_RA_EXPIRED, 503, 7 },
    { "CA for GetCACert", "GetCACert", NULL, REASON_CA_MISSING, 503, 7 },
    { "address for GetCACert", "GetCACert", NULL, REASON_ADDRESS_DENIED, 403, 0 },
    { "certificate not signed", "PKIOperation", "PKCSReq", REASON_SIGN_FAILED, 200, 31 },
    { "answer not made", "PKIOperation", "PKCSReq", REASON_SIGN_FAILED, 500, 13 },
};

static void run_case(const struct refusal_case *c, struct dispatch *dispatch, struct sink *sink)
{
    struct http_request request = { .id = "r1", .method_text = "GET", .path = "/scep/device" };
    struct http_response response = { .status = c->status };
    struct route route = { .kind = ROUTE_SCEP, .name = "device" };
    struct ndes_report report = { .scheme = NULL };
    struct error err = ERROR_INIT;

    *sink = (struct sink){ 0 };
    request.started_us = clock_monotonic_us();
    assert_done(ip_address_parse(bytes_of_text("192.0.2.7"), &request.peer, &err), &err, c->name);
    endpoint_report_init(&report.scep);
    report.scep.operation = c->operation;
    report.scep.message_type = c->message_type;
    if (c->reason != REASON_NONE) {
        error_set(&report.scep.error, c->reason, "why");
    }
    request_log(dispatch, &request, &response, &route, &report);
    if (sink->count != (c->id == 0 ? 0 : 1) || (unsigned)sink->id != c->id) {
        fail_msg("%s: %u events, the last %u, instead of %u", c->name, sink->count,
                 (unsigned)sink->id, c->id);
    }
    if (c->id != 0
        && strstr(sink->text, "Client 192.0.2.7, template device, request r1. ") == NULL) {
        fail_msg("%s: \"%s\" does not say who", c->name, sink->text);
    }
}

static void refusal__of_each_kind__is_the_event_of_ndes(void **state)
{
    struct test_folder folder;
    struct sink sink = { 0 };
    struct event_log_output output = { sink_write, sink_now, &sink };
    struct audit_options options = { .file_mb = 1, .files = 1 };
    struct dispatch dispatch = { 0 };
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    options.folder = folder.path;
    dispatch.audit = audit_open(&options, &err);
    assert_done(dispatch.audit != NULL, &err, "");
    dispatch.events = event_log_create_to(&output);
    assert_non_null(dispatch.events);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_case(&cases[i], &dispatch, &sink);
    }
    event_log_free(dispatch.events);
    audit_close(dispatch.audit);
    test_folder_remove(&folder);
}

/* Whoever got a password stands in the audit, even if nobody knows how he is called. */
static void password__for_somebody_without_name__is_audited(void **state)
{
    struct http_request request = { .id = "r1", .method_text = "GET" };
    struct http_response response = { .status = 200 };
    struct route route = { .kind = ROUTE_NDES };
    struct ndes_report report = { .scheme = "Kerberos", .password_id = 17 };
    struct audit_options options = { .file_mb = 1, .files = 1 };
    struct dispatch dispatch = { 0 };
    struct buffer text = BUFFER_INIT(65536);
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    options.folder = folder.path;
    dispatch.audit = audit_open(&options, &err);
    assert_done(dispatch.audit != NULL, &err, "");
    endpoint_report_init(&report.scep);
    report.scep.operation = "mscep_admin";
    request.started_us = clock_monotonic_us();
    request_log(&dispatch, &request, &response, &route, &report);
    audit_close(dispatch.audit);
    test_folder_read(&folder, "audit.jsonl", &text);
    assert_non_null(strstr(buffer_text(&text), "\"event\":\"password\""));
    assert_non_null(strstr(buffer_text(&text), "\"actor\":\"(unknown)\""));
    assert_non_null(strstr(buffer_text(&text), "\"target\":\"password #17\""));
    buffer_clear(&text);
    test_folder_remove(&folder);
}

/* A refusal of Intune's, as people read it: no escapes where none are needed, nothing twice. */
static void refusal__with_quotes_and_an_id__is_readable(void **state)
{
    static const char id[] = "4a83fa7c-4f25-422e-9abe-6e765ae1a27a";
    struct http_request request = { .id = "r1", .method_text = "POST" };
    struct http_response response = { .status = 200 };
    struct route route = { .kind = ROUTE_SCEP, .name = "corp" };
    struct ndes_report report = { .scheme = NULL };
    struct audit_options options = { .file_mb = 1, .files = 1 };
    struct log_options log = {
        .file_name = "openndes.log", .level = LOG_LEVEL_INFO, .file_mb = 1, .files = 1
    };
    struct dispatch dispatch = { 0 };
    struct buffer text = BUFFER_INIT(65536);
    struct test_folder folder;
    struct error err = ERROR_INIT;
    const char *first = NULL;

    (void)state;
    test_folder_create(&folder);
    options.folder = log.folder = folder.path;
    dispatch.audit = audit_open(&options, &err);
    assert_done(dispatch.audit != NULL, &err, "");
    dispatch.log = log_open(&log, &err);
    assert_done(dispatch.log != NULL, &err, "");
    endpoint_report_init(&report.scep);
    report.scep.operation = "PKIOperation";
    report.scep.message_type = "PKCSReq";
    assert_true(text_copy(report.scep.decision.correlation_id,
                          sizeof(report.scep.decision.correlation_id), id));
    error_set(&report.scep.error, REASON_INTUNE_CREDENTIAL,
              "app \\x22a\\x22: set the secret's value with \"openndes intune secret\" "
              "(client-request-id %s)",
              id);
    request.started_us = clock_monotonic_us();
    request_log(&dispatch, &request, &response, &route, &report);
    audit_close(dispatch.audit);
    log_close(dispatch.log);
    test_folder_read(&folder, "openndes.log", &text);
    assert_non_null(strstr(buffer_text(&text),
                           " detail=\"app \\x22a\\x22: set the secret's value with \\\"openndes "
                           "intune secret\\\"\"\n"));
    first = strstr(buffer_text(&text), id);
    assert_non_null(first);
    assert_null(strstr(first + 1, id));
    buffer_reset(&text);
    test_folder_read(&folder, "audit.jsonl", &text);
    assert_non_null(strstr(buffer_text(&text), "openndes intune secret\\\"\""));
    first = strstr(buffer_text(&text), id);
    assert_non_null(first);
    assert_null(strstr(first + 1, id));
    buffer_clear(&text);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal__of_each_kind__is_the_event_of_ndes),
        cmocka_unit_test(password__for_somebody_without_name__is_audited),
        cmocka_unit_test(refusal__with_quotes_and_an_id__is_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
