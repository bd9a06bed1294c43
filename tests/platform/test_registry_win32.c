/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>
#include <wchar.h>

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

/* What a walk saw, one line a value: "KEY|NAME|TYPE|TEXT or NUMBER". */
struct seen {
    struct buffer lines;
    size_t count;
    size_t stop_at; /* 0: never */
};

static bool see(void *context, const struct registry_value *value, struct error *err)
{
    struct seen *seen = context;

    seen->count++;
    return buffer_printf(&seen->lines, err, "%s|%s|%d|%s|%u;", value->key, value->name,
                         (int)value->type, value->text, (unsigned)value->number)
           && (seen->count != seen->stop_at || error_set(err, REASON_SYNTAX, "enough"));
}

static void assert_seen(const struct seen *seen, const char *line)
{
    if (strstr(buffer_text(&seen->lines), line) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", line, buffer_text(&seen->lines));
    }
}

static void put_below(const wchar_t *below, const wchar_t *name, DWORD type, const void *data,
                      DWORD size)
{
    wchar_t path[256];

    (void)swprintf(path, 256, L"%ls\\walk%ls", wide_key, below);
    assert_int_equal(RegSetKeyValueW(HKEY_LOCAL_MACHINE, path, name, type, data, size), 0);
}

#define WALK_KEY "SOFTWARE\\OpenNDES test\\registry \xc3\xa4\\walk"

static void walk__tree__every_value_once(void **state)
{
    static const wchar_t list[] = L"SHA-256\0SHA-512\0";
    struct seen seen = { .lines = BUFFER_INIT(65536) };
    struct error err = ERROR_INIT;
    DWORD number = 60;
    bool found = false;

    (void)state;
    put_below(L"", L"Template", REG_SZ, L"IPSec", 12);
    put_below(L"", NULL, REG_SZ, L"unnamed", 16);
    put_below(L"\\PasswordValidity", L"PasswordValidity", REG_DWORD, &number, sizeof(number));
    put_below(L"\\Caps", L"Caps", REG_MULTI_SZ, list, sizeof(list));
    put_below(L"\\Caps", L"unended", REG_MULTI_SZ, list, sizeof(list) - 4);
    put_below(L"\\Caps", L"none", REG_MULTI_SZ, L"", 2);
    put_below(L"\\Secret", L"Secret", REG_BINARY, "\x01\x02\x03", 3);
    put_below(L"\\Secret", L"short", REG_DWORD, "\x01\x00", 2);
    put_below(L"\\Secret", L"long", REG_DWORD, "\x01\x00\x00\x00\x00\x00\x00\x00", 8);
    put_below(L"\\Modules\\NDESPolicy", L"expand", REG_EXPAND_SZ, L"%SystemRoot%", 26);
    assert_done(registry_walk(WALK_KEY, see, &seen, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(seen.count, 10);
    assert_seen(&seen, "|Template|0|IPSec|0;");
    assert_seen(&seen, "||0|unnamed|0;");
    assert_seen(&seen, "PasswordValidity|PasswordValidity|1||60;");
    assert_seen(&seen, "Caps|Caps|2|SHA-256\nSHA-512|0;");
    assert_seen(&seen, "Caps|unended|2|SHA-256\nSHA-512|0;");
    assert_seen(&seen, "Caps|none|2||0;");
    assert_seen(&seen, "Secret|Secret|3||0;");
    assert_seen(&seen, "Secret|short|3||0;");
    assert_seen(&seen, "Secret|long|3||0;");
    assert_seen(&seen, "Modules\\NDESPolicy|expand|0|");
    assert_null(strstr(buffer_text(&seen.lines), "%SystemRoot%"));
    buffer_clear(&seen.lines);
}

static void walk__visitor_refuses__ends_with_its_reason(void **state)
{
    struct seen seen = { .lines = BUFFER_INIT(65536), .stop_at = 2 };
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    assert_refused(registry_walk(WALK_KEY, see, &seen, &found, &err), &err, REASON_SYNTAX, "");
    assert_int_equal(seen.count, 2);
    buffer_clear(&seen.lines);
}

static void walk__too_deep_or_missing__told(void **state)
{
    struct seen seen = { .lines = BUFFER_INIT(65536) };
    struct error err = ERROR_INIT;
    DWORD number = 1;
    bool found = true;

    (void)state;
    assert_done(registry_walk(WALK_KEY "\\nothing", see, &seen, &found, &err), &err, "");
    assert_false(found);
    assert_int_equal(seen.count, 0);
    put_below(L"\\1\\2\\3\\4", L"deepest", REG_DWORD, &number, sizeof(number));
    assert_done(registry_walk(WALK_KEY, see, &seen, &found, &err), &err, "");
    put_below(L"\\1\\2\\3\\4\\5", L"too deep", REG_DWORD, &number, sizeof(number));
    assert_refused(registry_walk(WALK_KEY, see, &seen, &found, &err), &err, REASON_LIMIT, "");
    buffer_clear(&seen.lines);
}

static void walk__huge_value__refused(void **state)
{
    static wchar_t huge[REGISTRY_VALUE_BYTES];
    struct seen seen = { .lines = BUFFER_INIT(1u << 20) };
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    for (size_t i = 0; i + 1 < REGISTRY_VALUE_BYTES; i++) {
        huge[i] = L'x';
    }
    put(L"huge", REG_SZ, huge, sizeof(huge));
    assert_refused(registry_walk(key, see, &seen, &found, &err), &err, REASON_LIMIT, "");
    buffer_clear(&seen.lines);
}

static void write__key_and_values__read_back_and_removed(void **state)
{
    static const char below[] = "SOFTWARE\\OpenNDES test\\written\\deep";
    struct buffer b = BUFFER_INIT(200);
    struct error err = ERROR_INIT;
    uint32_t number = 0;
    bool found = false;

    (void)state;
    assert_done(registry_make_key(below, &err), &err, "");
    assert_done(registry_make_key(below, &err), &err, "again");
    assert_done(registry_write_text(below, "plain", "a %SystemRoot% \xc3\xa4", false, &err), &err,
                "");
    assert_done(registry_write_text(below, "file", "%SystemRoot%\\x", true, &err), &err, "");
    assert_done(registry_write_u32(below, "number", 0xfffffff0u, &err), &err, "");
    assert_done(registry_read_text(below, "plain", &b, &found, &err), &err, "");
    assert_true(found);
    assert_string_equal(buffer_text(&b), "a %SystemRoot% \xc3\xa4");
    buffer_reset(&b);
    assert_done(registry_read_text(below, "file", &b, &found, &err), &err, "");
    assert_null(strchr(buffer_text(&b), '%')); /* expanded by whoever reads */
    assert_done(registry_read_u32(below, "number", &number, &found, &err), &err, "");
    assert_int_equal(number, 0xfffffff0u);
    assert_done(registry_remove_empty_key(below, &err), &err, "with values");
    assert_done(registry_remove_value(below, "plain", &err), &err, "");
    assert_done(registry_remove_value(below, "plain", &err), &err, "again");
    buffer_reset(&b);
    assert_done(registry_read_text(below, "plain", &b, &found, &err), &err, "");
    assert_false(found);
    assert_done(registry_read_u32(below, "number", &number, &found, &err), &err, "");
    assert_true(found); /* the key was not empty, and stayed */
    assert_done(registry_remove_key(below, &err), &err, "");
    assert_done(registry_remove_key(below, &err), &err, "again");
    assert_done(registry_read_u32(below, "number", &number, &found, &err), &err, "");
    assert_false(found);
    assert_done(registry_remove_empty_key("SOFTWARE\\OpenNDES test\\written", &err), &err, "");
    buffer_clear(&b);
}

static void write__no_such_key__refused(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(registry_write_u32("SOFTWARE\\OpenNDES test\\nowhere", "x", 1, &err));
    assert_int_equal(err.reason, REASON_FILE_NOT_WRITABLE);
}

static void stamp__value_set_changed_removed__differs_each_time(void **state)
{
    struct registry_stamp stamp[4];
    struct error err = ERROR_INIT;
    DWORD number = 1;

    (void)state;
    assert_done(registry_stamp("SOFTWARE\\OpenNDES test\\not there", &stamp[0], &err), &err, "");
    assert_int_equal(stamp[0].written_100ns, 0);
    assert_int_equal(stamp[0].values, 0);
    put(L"stamped", REG_DWORD, &number, sizeof(number));
    assert_done(registry_stamp(key, &stamp[0], &err), &err, "");
    assert_done(registry_stamp(key, &stamp[1], &err), &err, "");
    assert_true(registry_stamp_equal(&stamp[0], &stamp[1]));
    assert_true(stamp[0].written_100ns / 10000000 > 1700000000);
    stamp[2] = stamp[1];
    /* the clock of the registry moves in steps */
    while (number < 1000000 && registry_stamp_equal(&stamp[1], &stamp[2])) {
        number++;
        put(L"stamped", REG_DWORD, &number, sizeof(number));
        assert_done(registry_stamp(key, &stamp[2], &err), &err, "");
    }
    assert_false(registry_stamp_equal(&stamp[1], &stamp[2]));
    assert_int_equal(stamp[1].values, stamp[2].values);
    assert_int_equal(RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, wide_key, L"stamped"), 0);
    assert_done(registry_stamp(key, &stamp[3], &err), &err, "");
    assert_int_equal(stamp[3].values + 1, stamp[2].values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__key_and_values__read_back_and_removed),
        cmocka_unit_test(write__no_such_key__refused),
        cmocka_unit_test(text__types__read_expanded_or_refused),
        cmocka_unit_test(number__types__read_or_refused),
        cmocka_unit_test(walk__tree__every_value_once),
        cmocka_unit_test(walk__visitor_refuses__ends_with_its_reason),
        cmocka_unit_test(walk__too_deep_or_missing__told),
        cmocka_unit_test(walk__huge_value__refused),
        cmocka_unit_test(stamp__value_set_changed_removed__differs_each_time),
    };

    if (probe(NULL) != 0) {
        print_message("skipped: needs the right to write below HKLM\\SOFTWARE\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, remove_key);
}
