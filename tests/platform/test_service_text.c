/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  command lines that Windows takes apart as they were meant, and what account names mean.
 * Not here: the service control manager (tests/service/service.sh).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     CommandLineToArgvW.
 */
#include "platform/service_text.h"

#include <string.h>

#include "support/test_support.h"

static void quote__table__as_windows_reads_it(void **state)
{
    static const struct {
        const char *argument;
        const char *quoted; /* NULL: refused */
    } cases[] = {
        { "C:\\Program Files\\OpenNDES\\openndes.exe",
          "\"C:\\Program Files\\OpenNDES\\openndes.exe\"" },
        { "D:\\", "\"D:\\\\\"" },             /* else the quote would be part of the name */
        { "D:\\a\\\\", "\"D:\\a\\\\\\\\\"" }, /* each one at the end twice, the others once */
        { "\\\\server\\share", "\"\\\\server\\share\"" },
        { "", "\"\"" },
        { "C:\\Ger\xc3\xa4te", "\"C:\\Ger\xc3\xa4te\"" },
        { "C:\\a\"b", NULL },
        { "C:\\%TEMP%", NULL },
        { "C:\\a\nb", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(100);
        struct error err = ERROR_INIT;
        bool ok = service_text_quote(&out, cases[i].argument, &err);

        assert_int_equal(ok, cases[i].quoted != NULL);
        if (ok) {
            assert_string_equal(buffer_text(&out), cases[i].quoted);
        } else {
            assert_int_equal(err.reason, REASON_USAGE);
        }
        buffer_clear(&out);
    }
}

static void quote__too_long__refused(void **state)
{
    struct buffer out = BUFFER_INIT(8);
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(service_text_quote(&out, "C:\\longer", &err));
    assert_int_equal(err.reason, REASON_LIMIT);
    buffer_clear(&out);
}

static void account__table__kind(void **state)
{
    static const struct {
        const char *name;
        int kind; /* -1: refused */
    } cases[] = {
        { "NT SERVICE\\OpenNDES", SERVICE_ACCOUNT_VIRTUAL },
        { "nt service\\openndes", SERVICE_ACCOUNT_VIRTUAL },
        { "LocalSystem", SERVICE_ACCOUNT_SYSTEM },
        { "nt authority\\system", SERVICE_ACCOUNT_SYSTEM },
        { "NT AUTHORITY\\LocalService", SERVICE_ACCOUNT_BUILTIN },
        { "NT AUTHORITY\\Network Service", SERVICE_ACCOUNT_BUILTIN },
        { "CORP\\scep$", SERVICE_ACCOUNT_MANAGED },
        { "corp.example\\scep$", SERVICE_ACCOUNT_MANAGED },
        { "CORP\\scep", SERVICE_ACCOUNT_USER },
        { "scep@corp.example", SERVICE_ACCOUNT_USER },
        { ".\\scep", SERVICE_ACCOUNT_USER },
        { "CORP\\sc$ep", SERVICE_ACCOUNT_USER },
        { "", -1 },
        { "scep", -1 },
        { "scep$", -1 },
        { "\\scep", -1 },
        { "CORP\\", -1 },
        { "CORP\\a\\b", -1 },
        { "@corp.example", -1 },
        { "scep@", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum service_account_kind kind = SERVICE_ACCOUNT_SYSTEM;
        struct error err = ERROR_INIT;
        bool ok = service_text_account(cases[i].name, &kind, &err);

        if (ok != (cases[i].kind >= 0) || (ok && (int)kind != cases[i].kind)) {
            fail_msg("\"%s\": %d %d", cases[i].name, ok, (int)kind);
        }
        assert_int_equal(err.reason, ok ? REASON_NONE : REASON_USAGE);
    }
}

static void account__longer_than_windows_allows__refused(void **state)
{
    enum service_account_kind kind = SERVICE_ACCOUNT_SYSTEM;
    struct error err = ERROR_INIT;
    char name[300];

    (void)state;
    memset(name, 'a', sizeof(name));
    memcpy(name, "CORP\\", 5);
    name[256] = '\0';
    assert_false(service_text_account(name, &kind, &err));
    error_clear(&err);
    name[255] = '\0';
    assert_true(service_text_account(name, &kind, &err));
}

static void same_account__names_of_one__are(void **state)
{
    (void)state;
    assert_true(service_text_same_account("LocalSystem", "NT AUTHORITY\\SYSTEM"));
    assert_true(
        service_text_same_account("NT AUTHORITY\\NetworkService", "nt authority\\network service"));
    assert_true(service_text_same_account("corp\\SCEP", "CORP\\scep"));
    assert_false(service_text_same_account("CORP\\scep", "CORP\\scep$"));
    assert_false(
        service_text_same_account("NT AUTHORITY\\LocalService", "NT AUTHORITY\\NetworkService"));
    assert_false(service_text_same_account(".\\scep", "HOST\\scep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote__table__as_windows_reads_it),
        cmocka_unit_test(quote__too_long__refused),
        cmocka_unit_test(account__table__kind),
        cmocka_unit_test(account__longer_than_windows_allows__refused),
        cmocka_unit_test(same_account__names_of_one__are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
