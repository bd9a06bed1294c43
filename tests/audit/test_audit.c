/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "support/test_support.h"

#define NAME "audit.jsonl"
#define FILE_MAX_BYTES (64u * 1024 * 1024)

static int set_up(void **state)
{
    static struct test_folder folder;

    test_folder_create(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    return 0;
}

static struct audit *open_audit(const struct test_folder *folder)
{
    struct audit_options options = { folder->path, 1, 40 };
    struct error err = ERROR_INIT;
    struct audit *audit = audit_open(&options, &err);

    assert_done(audit != NULL, &err, "");
    return audit;
}

/* Write one record; *line gets it without its time and line end. */
static void write_one(const struct audit_record *record, struct buffer *line)
{
    void *folder = NULL;
    struct error err = ERROR_INIT;
    struct buffer found = BUFFER_INIT(FILE_MAX_BYTES);
    char time[CLOCK_TEXT_MAX];
    int64_t seconds = 0;

    set_up(&folder);
    struct audit *audit = open_audit(folder);
    assert_done(audit_write(audit, record, &err), &err, "");
    audit_close(audit);
    test_folder_read(folder, NAME, &found);

    assert_memory_equal(found.data, "{\"time\":\"", 9);
    (void)snprintf(time, sizeof time, "%.19sZ", buffer_text(&found) + 9);
    assert_true(clock_parse(time, &seconds));
    assert_in_range(clock_now() - seconds, 0, 60);
    assert_memory_equal(found.data + 32, "Z\"", 2);
    assert_memory_equal(found.data + found.len - 2, "}\n", 2);
    buffer_reset(line);
    assert_done(buffer_append(line, found.data + 34, found.len - 36, &err), &err, "");

    /* Another implementation reads it as well. */
    struct json *json = json_value_parse(buffer_bytes(&found), FILE_MAX_BYTES, 4, &err);
    assert_done(json != NULL, &err, buffer_text(&found));
    json_value_free(json);
    buffer_clear(&found);
    tear_down(&folder);
}

static void write__every_field__named_as_documented(void **state)
{
    struct audit_record record = {
        .event = "enroll",
        .result = "issued",
        .request_id = "r-1",
        .template_name = "devices",
        .peer = "192.0.2.1",
        .operation = "PKIOperation",
        .message_type = "PKCSReq",
        .transaction_id = bytes_of_text("4F 3a"),
        .challenge_type = "static",
        .subject = "CN=a",
        .requested_subject = "CN=b",
        .serial = "0a1b",
        .ca_name = "issuing",
        .actor = "EXAMPLE\\admin",
        .target = "devices",
        .reason = REASON_CHALLENGE_REJECTED,
        .detail = "no \"match\"",
        .algorithms = "sha256 aes128 pkcs1",
        .http_status = 200,
        .not_after = 1700000000,
        .duration_us = 12345,
        .cert_sha256 = { 0xab, 0xcd },
        .has_cert_sha256 = true,
    };
    struct buffer line = BUFFER_INIT(FILE_MAX_BYTES);
    (void)state;

    write_one(&record, &line);
    assert_string_equal(
        buffer_text(&line),
        ",\"event\":\"enroll\",\"result\":\"issued\",\"reason\":\"challenge-rejected\","
        "\"request_id\":\"r-1\",\"template\":\"devices\",\"ca\":\"issuing\",\"peer\":\"192.0.2.1\","
        "\"operation\":\"PKIOperation\",\"message_type\":\"PKCSReq\",\"transaction_id\":\"4F 3a\","
        "\"challenge_type\":\"static\",\"subject\":\"CN=a\",\"requested_subject\":\"CN=b\","
        "\"serial\":\"0a1b\",\"not_after\":\"2023-11-14T22:13:20Z\",\"cert_sha256\":\"abcd"
        "000000000000000000000000000000000000000000000000000000000000\","
        "\"algorithms\":\"sha256 aes128 pkcs1\",\"actor\":\"EXAMPLE\\\\admin\","
        "\"target\":\"devices\",\"detail\":\"no \\\"match\\\"\",\"http_status\":200,"
        "\"duration_us\":12345");
    buffer_clear(&line);
}

static void write__nothing_set__only_the_time(void **state)
{
    struct audit_record record = { .subject = "", .cert_sha256 = { 1 } };
    struct buffer line = BUFFER_INIT(FILE_MAX_BYTES);
    (void)state;

    write_one(&record, &line);
    assert_string_equal(buffer_text(&line), "");
    buffer_clear(&line);
}

struct text_case {
    const char *name;
    struct bytes text;
    const char *json; /* after ,"subject": */
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static const struct text_case text_cases[] = {
    { "quotes and backslash", BYTES("\"a\\b"), "\"\\\"a\\\\b\"" },
    { "line end ends no record", BYTES("a\r\nb"), "\"a\\u000d\\u000ab\"" },
    { "injected record", BYTES("\"}\n{\"event\":\"x"), "\"\\\"}\\u000a{\\\"event\\\":\\\"x\"" },
    { "terminal", BYTES("\x1b[0m\x7f"), "\"\\u001b[0m\\u007f\"" },
    { "letters", BYTES("Gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80"),
      "\"Gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80\"" },
    { "C1", BYTES("\xc2\x9b"), "\"\\u009b\"" },
    { "bidi and separators", BYTES("a\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6"),
      "\"a\\u202e\\u2028\\u2066\"" },
    { "tag", BYTES("\xf3\xa0\x80\xa1"), "\"\\udb40\\udc21\"" },
    { "malformed",
      BYTES("a\xff"
            "b\xc3"),
      "\"a\\ufffdb\\ufffd\"" },
    { "surrogate", BYTES("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"" },
};

static void write__peers_text__escaped(void **state)
{
    struct buffer line = BUFFER_INIT(FILE_MAX_BYTES);
    (void)state;

    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        const struct text_case *c = &text_cases[i];
        struct audit_record record = { .subject = (const char *)c->text.data };

        write_one(&record, &line);
        if (strncmp(buffer_text(&line), ",\"subject\":", 11) != 0
            || strcmp(buffer_text(&line) + 11, c->json) != 0) {
            fail_msg("%s: %s", c->name, buffer_text(&line));
        }
    }
    buffer_clear(&line);
}

static const struct text_case transaction_cases[] = {
    { "text", BYTES("abc"), "\"abc\"" },
    { "quote", BYTES("a\"c"), "\"a\\\"c\"" },
    { "NUL", BYTES("a\0c"), "{\"hex\":\"610063\"}" },
    { "control", BYTES("\n"), "{\"hex\":\"0a\"}" },
    { "not ASCII", BYTES("\xc3\xbc"), "{\"hex\":\"c3bc\"}" },
};

static void write__transaction_id__text_or_hex(void **state)
{
    struct buffer line = BUFFER_INIT(FILE_MAX_BYTES);
    (void)state;

    for (size_t i = 0; i < sizeof transaction_cases / sizeof transaction_cases[0]; i++) {
        const struct text_case *c = &transaction_cases[i];
        struct audit_record record = { .transaction_id = c->text };

        write_one(&record, &line);
        if (strncmp(buffer_text(&line), ",\"transaction_id\":", 18) != 0
            || strcmp(buffer_text(&line) + 18, c->json) != 0) {
            fail_msg("%s: %s", c->name, buffer_text(&line));
        }
    }
    buffer_clear(&line);
}

static void write__endless_texts__cut(void **state)
{
    static char text[100000];
    struct buffer line = BUFFER_INIT(FILE_MAX_BYTES);
    (void)state;

    memset(text, '\x01', sizeof text - 1); /* six bytes each in JSON */
    struct audit_record record = {
        .event = text,
        .result = text,
        .request_id = text,
        .template_name = text,
        .peer = text,
        .operation = text,
        .message_type = text,
        .transaction_id = bytes_of(text, sizeof text),
        .challenge_type = text,
        .subject = text,
        .requested_subject = text,
        .serial = text,
        .ca_name = text,
        .actor = text,
        .target = text,
        .detail = text,
        .algorithms = text,
    };
    write_one(&record, &line);
    assert_in_range(line.len, 16 * 4096 * 6, 16 * 4096 * 6 + 4096 * 2 + 1000);
    buffer_clear(&line);
}

/* ---- many threads ------------------------------------------------------------------------- */

#define THREADS 8
#define RECORDS 1250 /* of each: 10 000 */

struct recorder {
    struct audit *audit;
    int failures;
    pthread_t thread;
};

static void *write_records(void *context)
{
    struct recorder *r = context;

    for (int i = 0; i < RECORDS; i++) {
        struct audit_record record = { .event = "enroll",
                                       .result = "issued",
                                       .subject = "CN=Device,O=\"Example\"",
                                       .duration_us = i + 1 };
        struct error err = ERROR_INIT;
        r->failures += !audit_write(r->audit, &record, &err);
    }
    return NULL;
}

static int64_t sum_of_file(const struct test_folder *folder, const char *name, int *records)
{
    struct buffer found = BUFFER_INIT(FILE_MAX_BYTES);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;
    int64_t sum = 0;

    test_folder_read(folder, name, &found);
    while (text_next_item(buffer_bytes(&found), '\n', &pos, &item)) {
        struct error err = ERROR_INIT;
        struct json *json = json_value_parse(item, 10000, 4, &err);

        assert_done(json != NULL, &err, "");
        sum += json_value_integer(json_value_get(json, "duration_us"));
        json_value_free(json);
        (*records)++;
    }
    buffer_clear(&found);
    return sum;
}

static void write__10000_from_8_threads_with_rotation__all_whole(void **state)
{
    const struct test_folder *folder = *state;
    struct recorder recorders[THREADS];
    struct error err = ERROR_INIT;
    struct audit *audit = open_audit(folder);
    int records = 0;

    for (int i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){ .audit = audit };
        assert_done(
            thread_start(&recorders[i].thread, "recorder", write_records, &recorders[i], &err),
            &err, "");
    }
    for (int i = 0; i < THREADS; i++) {
        thread_join(recorders[i].thread);
        assert_int_equal(recorders[i].failures, 0);
    }
    audit_close(audit);
    int64_t sum = sum_of_file(folder, NAME, &records) + sum_of_file(folder, NAME ".1", &records);
    assert_int_equal(records, THREADS * RECORDS);
    assert_int_equal(sum, (int64_t)THREADS * RECORDS * (RECORDS + 1) / 2);
}

static void close__null__allowed(void **state)
{
    (void)state;
    audit_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__every_field__named_as_documented),
        cmocka_unit_test(write__nothing_set__only_the_time),
        cmocka_unit_test(write__peers_text__escaped),
        cmocka_unit_test(write__transaction_id__text_or_hex),
        cmocka_unit_test(write__endless_texts__cut),
        TEST(write__10000_from_8_threads_with_rotation__all_whole),
        cmocka_unit_test(close__null__allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
