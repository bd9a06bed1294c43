/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/eventlog.h"

static void message_id__of_each_level__has_its_severity_and_facility_0(void **state)
{
    (void)state;
    assert_int_equal(eventlog_message_id(EVENTLOG_INFO, 1), 0x40000001u);
    assert_int_equal(eventlog_message_id(EVENTLOG_WARNING, 140), 0x8000008cu);
    assert_int_equal(eventlog_message_id(EVENTLOG_ERROR, 65535), 0xc000ffffu);
}

struct clean_case {
    const char *text;
    const char *wanted;
};

static const struct clean_case clean_cases[] = {
    { "", "" },
    { "template \"ä\"", "template \"ä\"" },
    { "one\r\ntwo\tthree\x7f.", "one  two three ." },
    { "fe80::1%1, %12", "fe80::1% 1, % 12" },
    { "%%1", "% % 1" },
    { "%%%%", "% % % %" },
    { "100%", "100%" },
    { "%n %s%!d! %", "%n %s%!d! %" },
};

static void insert__of_each_kind__is_text_to_every_viewer(void **state)
{
    char out[EVENTLOG_INSERT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(clean_cases) / sizeof(clean_cases[0]); i++) {
        eventlog_clean_insert(out, clean_cases[i].text);
        assert_string_equal(out, clean_cases[i].wanted);
    }
}

/* Whatever the length, a cut leaves whole characters, and percent signs may double the text. */
static void insert__too_long__is_cut_at_a_character(void **state)
{
    char out[EVENTLOG_INSERT_BYTES];
    char big[2 * EVENTLOG_INSERT_BYTES + 1];

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(big); i += 2) {
        memcpy(big + i, "\xc3\xa4", 2);
    }
    big[sizeof(big) - 1] = '\0';
    for (size_t skip = 0; skip < 4; skip++) {
        memset(big, 'x', skip + skip % 2); /* characters begin at even places */
        eventlog_clean_insert(out, big + skip);
        assert_in_range(strlen(out), EVENTLOG_INSERT_BYTES - 4, EVENTLOG_INSERT_BYTES - 1);
        assert_true((unsigned char)out[strlen(out) - 1] == 0xa4);
    }
    memset(big, '%', sizeof(big) - 1);
    eventlog_clean_insert(out, big);
    assert_in_range(strlen(out), EVENTLOG_INSERT_BYTES - 4, EVENTLOG_INSERT_BYTES - 1);
    assert_null(strstr(out, "%%"));
}

static void report(struct eventlog *log, enum eventlog_level level, uint16_t number,
                   const char *text)
{
    struct eventlog_entry entry = {
        .level = level,
        .number = number,
        .inserts = { text, text, text, text },
        .text = text,
    };

    for (entry.insert_count = 0; entry.insert_count <= EVENTLOG_INSERTS_MAX; entry.insert_count++) {
        eventlog_report(log, &entry);
    }
}

/* There is nothing to look at afterwards; what counts is that nothing of this ends the program. */
static void eventlog__any_text__is_taken(void **state)
{
    struct eventlog *log = eventlog_open("OpenNDES test");
    char big[20001];

    (void)state;
    assert_non_null(log);
    report(log, EVENTLOG_INFO, 1, "text \xc3\xa4\n%s %d %n");
    report(log, EVENTLOG_WARNING, 2, "");
    report(log, EVENTLOG_ERROR, 3, "malformed \xff\xc3");
    /* cut inside a character */
    for (size_t i = 0; i < sizeof(big) - 2; i += 2) {
        memcpy(big + i, "\xc3\xa4", 2);
    }
    big[sizeof(big) - 1] = '\0';
    report(log, EVENTLOG_INFO, 4, big);
    report(log, EVENTLOG_INFO, 4, big + 1);
    report(NULL, EVENTLOG_INFO, 5, "nowhere");
    eventlog_close(log);
    eventlog_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_id__of_each_level__has_its_severity_and_facility_0),
        cmocka_unit_test(insert__of_each_kind__is_text_to_every_viewer),
        cmocka_unit_test(insert__too_long__is_cut_at_a_character),
        cmocka_unit_test(eventlog__any_text__is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
