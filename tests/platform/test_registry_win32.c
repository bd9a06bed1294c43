/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/registry.h"

#include <windows.h>

static const char key[] = "SOFTWARE\\OpenNDES test\\registry \xc3\xa4";
static const wchar_t wide_key[] = L"SOFTWARE\\OpenNDES test\\registry \u00e4";

static void put(const wchar_t *name, DWORD type, const void *data, DWORD size)
{
    assert_int_equal(RegSetKeyValueW(HKEY_LOCAL_MACHINE, wide_key, name, type, data, size), 0);
}

static int remove_key(void **state)
{
    (void)state;
    (void)RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\OpenNDES test");
    return 0;
}

static int probe(void **state)
{
    DWORD one = 1;

    (void)state;
    /* only administrators write there; under Wine everybody does */
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, wide_key, L"probe", REG_DWORD, &one, sizeof(one))
                   == 0
               ? 0
               : -1;
}

static void text__types__read_expanded_or_refused(void **state)
{
    static const wchar_t plain[] = L"abc\u00e4";
    static const wchar_t expand[] = L"%SystemRoot%\\x";
    struct buffer b = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    DWORD number = 7;
    bool found = false;

    (void)state;
    put(L"plain", REG_SZ, plain, sizeof(plain));
    put(L"unterminated", REG_SZ, plain, sizeof(plain) - 2);
    put(L"expand", REG_EXPAND_SZ, expand, sizeof(expand));
    put(L"empty", REG_SZ, L"", 2);
    put(L"number", REG_DWORD, &number, sizeof(number));
    assert_done(registry_read_text(key, "plain", &b, &found, &err), &err, "");
    assert_true(found);
    assert_string_equal(buffer_text(&b), "abc\xc3\xa4");
    buffer_reset(&b);
    assert_done(registry_read_text(key, "unterminated", &b, &found, &err), &err, "");
    assert_string_equal(buffer_text(&b), "abc\xc3\xa4");
    buffer_reset(&b);
    assert_done(registry_read_text(key, "expand", &b, &found, &err), &err, "");
    assert_null(strchr(buffer_text(&b), '%'));
    assert_non_null(strstr(buffer_text(&b), "\\x"));
    buffer_reset(&b);
    assert_done(registry_read_text(key, "empty", &b, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(b.len, 0);
    assert_refused(registry_read_text(key, "number", &b, &found, &err), &err,
                   REASON_CONFIG_WRONG_TYPE, "");
    assert_false(found);
    buffer_clear(&b);
}

static void number__types__read_or_refused(void **state)
{
    struct error err = ERROR_INIT;
    DWORD value = 0xfffffffeu;
    uint32_t number = 0;
    bool found = false;

    (void)state;
    put(L"number", REG_DWORD, &value, sizeof(value));
    put(L"text", REG_SZ, L"7", 4);
    assert_done(registry_read_u32(key, "number", &number, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(number, 0xfffffffeu);
    assert_refused(registry_read_u32(key, "text", &number, &found, &err), &err,
                   REASON_CONFIG_WRONG_TYPE, "");
    error_clear(&err);
    assert_done(registry_read_u32(key, "missing", &number, &found, &err), &err, "");
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__types__read_expanded_or_refused),
        cmocka_unit_test(number__types__read_or_refused),
    };

    if (probe(NULL) != 0) {
        print_message("skipped: needs the right to write below HKLM\\SOFTWARE\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, remove_key);
}
