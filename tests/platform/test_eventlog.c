/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/eventlog.h"

/* There is nothing to look at afterwards; what counts is that nothing of this ends the program. */
static void eventlog__any_text__is_taken(void **state)
{
    struct eventlog *log = eventlog_open("OpenNDES test");
    char big[20001];

    (void)state;
    assert_non_null(log);
    eventlog_report(log, EVENTLOG_INFO, 1, "text \xc3\xa4\n%s %d %n");
    eventlog_report(log, EVENTLOG_WARNING, 2, "");
    eventlog_report(log, EVENTLOG_ERROR, 0xc0000003u, "malformed \xff\xc3");
    /* cut inside a character */
    for (size_t i = 0; i < sizeof(big) - 2; i += 2) {
        memcpy(big + i, "\xc3\xa4", 2);
    }
    big[sizeof(big) - 1] = '\0';
    eventlog_report(log, EVENTLOG_INFO, 4, big);
    eventlog_report(log, EVENTLOG_INFO, 4, big + 1);
    eventlog_report(NULL, EVENTLOG_INFO, 5, "nowhere");
    eventlog_close(log);
    eventlog_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eventlog__any_text__is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
