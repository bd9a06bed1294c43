/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event_messages.h"

#define FILE_MAX (1u << 20)
#define EVENTS_MAX 256

/*
 * service/openndes.mc read as the message compiler reads it. Two files hold the English words, this
 * one and the catalogue: each is what its reader needs (windmc and translators; the compiler on
 * every platform), and a generator between them would be more than this comparison.
 */
struct message_file {
    struct buffer text;
    const char *place; /* behind what was read */
};

/* The next line without CR LF; fails where a line ends otherwise. False at the end. */
static bool next_line(struct message_file *file, struct bytes *line)
{
    const char *end = strstr(file->place, "\n");

    if (*file->place == '\0') {
        return false;
    }
    if (end == NULL || end == file->place || end[-1] != '\r') {
        fail_msg("openndes.mc: a line does not end in CR LF: %.60s", file->place);
        return false;
    }
    *line = (struct bytes){ (const uint8_t *)file->place, (size_t)(end - 1 - file->place) };
    file->place = end + 1;
    return true;
}

static bool line_is(struct bytes line, const char *text)
{
    return line.len == strlen(text) && memcmp(line.data, text, line.len) == 0;
}

static void expect_line(struct message_file *file, const char *wanted)
{
    struct bytes line = { NULL, 0 };

    if (!next_line(file, &line) || !line_is(line, wanted)) {
        fail_msg("openndes.mc: \"%.*s\" instead of \"%s\"", (int)line.len, line.data, wanted);
    }
}

/* Lines up to a lone dot. */
static void read_message(struct message_file *file, struct buffer *text)
{
    struct error err = ERROR_INIT;
    struct bytes line;

    buffer_reset(text);
    for (;;) {
        assert_true(next_line(file, &line));
        if (line_is(line, ".")) {
            return;
        }
        assert_done(buffer_append_bytes(text, line, &err), &err, "");
        assert_done(buffer_append_text(text, "\r\n", &err), &err, "");
    }
}

/* "EVENT_PASSWORD_REFUSED" of "    EVENT_PASSWORD_REFUSED = 29,". */
static void symbol_of(const char *events, unsigned id, char *symbol, size_t size)
{
    char wanted[32];
    const char *place = events;

    assert_true(text_format(wanted, sizeof(wanted), " = %u", id));
    while ((place = strstr(place, wanted)) != NULL) {
        const char *start = place;

        place += strlen(wanted);
        if (*place >= '0' && *place <= '9') {
            continue;
        }
        while (start > events && start[-1] != ' ') {
            start--;
        }
        assert_true(
            text_format(symbol, size, "%.*s", (int)(place - strlen(wanted) - start), start));
        return;
    }
    fail_msg("service/events.h has no number %u", id);
}

static const struct event_info *read_head(struct message_file *file, const char *events,
                                          struct bytes first)
{
    static const char *const severities[] = {
        [EVENTLOG_INFO] = "Severity=Informational",
        [EVENTLOG_WARNING] = "Severity=Warning",
        [EVENTLOG_ERROR] = "Severity=Error",
    };
    const struct event_info *info = NULL;
    char symbol[64];
    char wanted[96];
    uint64_t id = 0;

    assert_true(first.len > 10 && memcmp(first.data, "MessageId=", 10) == 0);
    assert_true(text_parse_u64((struct bytes){ first.data + 10, first.len - 10 }, 65535, &id));
    info = event_info((enum event_id)id);
    if (info == NULL) {
        fail_msg("openndes.mc: event %u is not in the catalogue", (unsigned)id);
        return NULL;
    }
    expect_line(file, severities[info->level]);
    expect_line(file, "Facility=None");
    symbol_of(events, (unsigned)id, symbol, sizeof(symbol));
    assert_true(text_format(wanted, sizeof(wanted), "SymbolicName=%s", symbol));
    expect_line(file, wanted);
    return info;
}

static void read_messages(struct message_file *file, const struct event_info *info,
                          struct buffer *text)
{
    static const char *const inserts[] = { "%1", "%2", "%3", "%4" };

    for (size_t i = 0; i < sizeof(message_languages) / sizeof(message_languages[0]); i++) {
        char wanted[32];

        assert_true(text_format(wanted, sizeof(wanted), "Language=%s", message_languages[i].name));
        expect_line(file, wanted);
        read_message(file, text);
        message_check(&message_languages[i], info, inserts, buffer_text(text));
    }
}

static void read_source(const char *name, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_true(text_format(path, sizeof(path), "%s/%s", OPENNDES_SOURCE_DIR, name));
    assert_done(file_read(path, FILE_MAX, out, &err), &err, name);
}

/* Comments and names first; windmc gives facility 0xfff to a message that says nothing. */
static void read_preamble(struct message_file *file)
{
    struct bytes line;

    do {
        assert_true(next_line(file, &line));
    } while (line.len == 0 || line.data[0] == ';');
    assert_true(line_is(line, "MessageIdTypedef=DWORD"));
    expect_line(file, "SeverityNames=(Informational=0x1:SEVERITY_INFORMATIONAL "
                      "Warning=0x2:SEVERITY_WARNING Error=0x3:SEVERITY_ERROR)");
    expect_line(file, "FacilityNames=(None=0x0:FACILITY_NONE)");
    expect_line(file, "LanguageNames=(English=0x409:MSG00409)");
    expect_line(file, "LanguageNames=(German=0x407:MSG00407)");
}

static void message_table__each_event__has_the_catalogues_words_and_german_ones(void **state)
{
    struct message_file file = { BUFFER_INIT(FILE_MAX), NULL };
    struct buffer events = BUFFER_INIT(FILE_MAX);
    struct buffer text = BUFFER_INIT(8192);
    struct bytes line;
    size_t count = 0;
    int last = 0;

    (void)state;
    read_source("service/openndes.mc", &file.text);
    read_source("service/events.h", &events);
    assert_true(text_utf8_valid(buffer_bytes(&file.text)));
    file.place = buffer_text(&file.text);
    read_preamble(&file);
    while (next_line(&file, &line)) {
        const struct event_info *info;

        if (line.len == 0) {
            continue;
        }
        info = read_head(&file, buffer_text(&events), line);
        assert_non_null(info);
        assert_true((int)info->id > last); /* none twice */
        last = (int)info->id;
        read_messages(&file, info, &text);
        count++;
    }
    assert_int_equal(count, event_info_count());
    buffer_clear(&text);
    buffer_clear(&events);
    buffer_clear(&file.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_table__each_event__has_the_catalogues_words_and_german_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
