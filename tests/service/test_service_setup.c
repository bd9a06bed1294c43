/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the texts around the service: its command line and back, firewall ports, the reason of
 *           a failed start in a log.
 * Not here: what Windows does with them (tests/service/service.sh).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     docs/service.md.
 */
#include <string.h>

#include "platform/clock.h"
#include "service/service_verbs.h"
#include "service/setup.h"
#include "service/start_failure.h"
#include "support/test_support.h"

/* 2026-01-31T12:00:00Z */
#define NOON_MS INT64_C(1769860800000)

static void command__folder__comes_back(void **state)
{
    static const char *const folders[] = {
        "C:\\ProgramData\\OpenNDES",
        "D:\\",
        "C:\\with space\\and --data in it",
        "\\\\server\\share\\x",
        "C:\\Ger\xc3\xa4te",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char command[SERVICE_COMMAND_MAX];
        char data[FILE_PATH_MAX];
        struct error err = ERROR_INIT;

        assert_true(setup_command("C:\\Program Files\\OpenNDES\\openndes.exe", folders[i], command,
                                  sizeof(command), &err));
        assert_int_equal(strncmp(command,
                                 "\"C:\\Program Files\\OpenNDES\\openndes.exe\" run --service ",
                                 strlen("\"C:\\Program Files\\OpenNDES\\openndes.exe\" run "
                                        "--service ")),
                         0);
        assert_true(service_data_folder(command, data));
        assert_string_equal(data, folders[i]);
    }
}

static void command__too_long__refused(void **state)
{
    char command[64];
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(setup_command("C:\\a.exe", "C:\\a folder with a name that is quite long indeed",
                               command, sizeof(command), &err));
    assert_int_equal(err.reason, REASON_LIMIT);
}

static void data_folder__other_command_lines__none(void **state)
{
    static const char *const lines[] = {
        "",
        "C:\\a.exe run --service",
        "\"C:\\a.exe\" run --data C:\\x",
        "\"a\" run --data \"",
        "\"a\" run --data \"\"",
    };
    char data[FILE_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_false(service_data_folder(lines[i], data));
    }
}

static void ports__table(void **state)
{
    static const struct {
        const char *listen, *https, *ports;
    } cases[] = {
        { "0.0.0.0:80,[::]:80", "0.0.0.0:443,[::]:443", "80,443" },
        { "0.0.0.0:8080", "", "8080" },
        { "127.0.0.1:80,[::1]:80", "192.0.2.1:443", "443" },
        { "127.0.0.1:80", "", "" },
        { "0.0.0.0:9000/scep+crl,192.0.2.1:80", "0.0.0.0:443/ui", "80,443,9000" },
        { "", "", "" },
    };
    char ports[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(setup_ports(cases[i].listen, cases[i].https, ports, sizeof(ports)));
        assert_string_equal(ports, cases[i].ports);
    }
    assert_false(setup_ports("0.0.0.0:80", "0.0.0.0:443", ports, 5));
}

static void start_failure__table__the_newest_since(void **state)
{
    static const struct {
        const char *log;
        enum reason reason; /* REASON_NONE: nothing found */
        const char *detail;
    } cases[] = {
        { "2026-01-31T12:00:01.000Z error start failed: port-in-use: port 80 is held\n",
          REASON_PORT_IN_USE, "port 80 is held" },
        { "2026-01-31T12:00:00.000Z error start failed: port-in-use: at the very moment\r\n",
          REASON_PORT_IN_USE, "at the very moment" },
        { "2026-01-31T11:59:59.999Z error start failed: port-in-use: an older start\n", REASON_NONE,
          "" },
        { "2026-01-31T12:00:01.000Z error start failed: port-in-use: first\n"
          "2026-01-31T12:00:02.000Z error start failed: config-syntax: second: with a colon\n"
          "2026-01-31T12:00:03.000Z info  something else\n",
          REASON_CONFIG_SYNTAX, "second: with a colon" },
        { "2026-01-31T12:00:01.000Z error start failed: no such reason: x\n", REASON_NONE, "" },
        { "2026-01-31T12:00:01.000Z error start failed: port-in-use", REASON_NONE, "" },
        { "2026-01-31T12:00:01.000Z error start failed: ", REASON_NONE, "" },
        { "tail of a line start failed: port-in-use: cut\n", REASON_NONE, "" },
        { "\n\n", REASON_NONE, "" },
        { "", REASON_NONE, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error why = ERROR_INIT;
        bool found = start_failure_in(bytes_of_text(cases[i].log), NOON_MS, &why);

        if (found != (cases[i].reason != REASON_NONE)) {
            fail_msg("case %zu: %d", i, found);
        }
        assert_int_equal(why.reason, cases[i].reason);
        assert_string_equal(why.detail, cases[i].detail);
    }
}

static void start_failure__no_log__not_found_and_says_where(void **state)
{
    struct error why = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    assert_false(start_failure_find("/no/such/folder", NOON_MS, path, &why));
    assert_string_equal(path, "/no/such/folder/logs/openndes.log");
    assert_int_equal(why.reason, REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command__folder__comes_back),
        cmocka_unit_test(command__too_long__refused),
        cmocka_unit_test(data_folder__other_command_lines__none),
        cmocka_unit_test(ports__table),
        cmocka_unit_test(start_failure__table__the_newest_since),
        cmocka_unit_test(start_failure__no_log__not_found_and_says_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
