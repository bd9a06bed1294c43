/* SPDX-License-Identifier: Apache-2.0 */
#include "event_messages.h"

#include "support/test_support.h"

#include <string.h>

#include "base/text.h"

const struct message_language message_languages[2] = {
    { "English", 0x409,
      "Concerns: ", "Details: ", "Similar events in the last minute, not logged one by one: " },
    { "German", 0x407, "Betrifft: ", "Einzelheiten: ",
      "Gleichartige Ereignisse der letzten Minute, nicht einzeln protokolliert: " },
};

void message_middle(const struct message_language *language, enum event_kind kind,
                    const char *const inserts[EVENTLOG_INSERTS_MAX], char *text, size_t size)
{
    if (kind == EVENT_FAILURE) {
        assert_true(text_format(text, size,
                                "\r\n\r\n%s%s\r\nErrorCode: %s\r\nErrorMessage: %s\r\n\r\n",
                                language->subject, inserts[2], inserts[0], inserts[1]));
    } else {
        assert_true(text_format(text, size, "\r\n\r\n%s%s\r\n\r\n", language->details, inserts[0]));
    }
}

void message_end(const struct message_language *language, enum event_kind kind,
                 const char *const inserts[EVENTLOG_INSERTS_MAX], char *text, size_t size)
{
    assert_true(text_format(text, size, "\r\n%s%s\r\n", language->more,
                            kind == EVENT_FAILURE ? inserts[3] : inserts[1]));
}

/* Text that people read: one line, ends as a sentence, nothing that a viewer would replace. */
static void check_sentence(const struct event_info *info, struct bytes text)
{
    if (text.len < 10 || text.data[text.len - 1] != '.' || !text_utf8_valid(text)
        || memchr(text.data, '\n', text.len) != NULL || memchr(text.data, '\t', text.len) != NULL
        || memchr(text.data, '%', text.len) != NULL) {
        fail_msg("event %d: \"%.*s\" is no sentence", (int)info->id, (int)text.len, text.data);
    }
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

void message_check(const struct message_language *language, const struct event_info *info,
                   const char *const inserts[EVENTLOG_INSERTS_MAX], const char *text)
{
    char middle[1024];
    char end[512];
    struct bytes happened, advice;
    const char *place;
    size_t len = strlen(text);

    message_middle(language, info->kind, inserts, middle, sizeof(middle));
    message_end(language, info->kind, inserts, end, sizeof(end));
    place = strstr(text, middle);
    if (place == NULL || len < strlen(end) || strcmp(text + len - strlen(end), end) != 0) {
        fail_msg("event %d, %s: the frame is not as it should be:\n%s", (int)info->id,
                 language->name, text);
        return;
    }
    happened = (struct bytes){ (const uint8_t *)text, (size_t)(place - text) };
    place += strlen(middle);
    advice = (struct bytes){ (const uint8_t *)place, len - strlen(end) - (size_t)(place - text) };
    check_sentence(info, happened);
    check_sentence(info, advice);
    if (is_text(happened, info->happened) != (language == &message_languages[0])
        || is_text(advice, info->advice) != (language == &message_languages[0])) {
        fail_msg("event %d, %s: not the sentences of the catalogue, or not translated:\n%s",
                 (int)info->id, language->name, text);
    }
}
