/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/eventlog.h"

uint32_t eventlog_message_id(enum eventlog_level level, uint16_t number)
{
    static const uint32_t severities[] = {
        [EVENTLOG_INFO] = 1,
        [EVENTLOG_WARNING] = 2,
        [EVENTLOG_ERROR] = 3,
    };

    return severities[level] << 30 | number;
}

/* Would a viewer take this percent sign for the start of a placeholder? */
static bool is_placeholder(const char *percent)
{
    return percent[0] == '%' && (percent[1] == '%' || (percent[1] >= '0' && percent[1] <= '9'));
}

void eventlog_clean_insert(char out[EVENTLOG_INSERT_BYTES], const char *text)
{
    size_t len = 0;

    for (; *text != '\0' && len + 2 < EVENTLOG_INSERT_BYTES; text++) {
        unsigned char byte = (unsigned char)*text;

        out[len++] = byte < ' ' || byte == 0x7f ? ' ' : *text;
        if (is_placeholder(text)) {
            out[len++] = ' ';
        }
    }
    if (((unsigned char)*text & 0xc0) == 0x80) { /* cut inside a character: none of it */
        while (len > 0 && ((unsigned char)out[len - 1] & 0xc0) == 0x80) {
            len--;
        }
        len -= len > 0 ? 1 : 0;
    }
    out[len] = '\0';
}
