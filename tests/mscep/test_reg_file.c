/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mscep/reg_file.h"

#define HEAD "Windows Registry Editor Version 5.00\r\n\r\n"
#define KEY "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\r\n"

/* "KEY|NAME|TYPE|TEXT|NUMBER;" for each value. */
static bool see(void *context, const struct registry_value *value, struct error *err)
{
    return buffer_printf(context, err, "%s|%s|%d|%s|%u;", value->key, value->name, (int)value->type,
                         value->text, (unsigned)value->number);
}

static bool walk(struct bytes file, struct buffer *seen, bool *found, struct error *err)
{
    return reg_file_walk(file, "software\\TEST", see, seen, found, err);
}

static void reg_file__values__read(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *seen;
    } cases[] = {
        { "empty key", HEAD KEY, "" },
        { "text", HEAD KEY "\"a\"=\"b c\"\r\n", "|a|0|b c|0;" },
        { "text with escapes", HEAD KEY "\"a\\\"b\"=\"c\\\\d\\\"\"\r\n", "|a\"b|0|c\\d\"|0;" },
        { "text of two lines", HEAD KEY "\"a\"=\"b\nc\"\r\n", "|a|0|b\nc|0;" },
        { "empty text", HEAD KEY "\"a\"=\"\"\r\n", "|a|0||0;" },
        { "unnamed", HEAD KEY "@=\"x\"\r\n", "||0|x|0;" },
        { "number", HEAD KEY "\"n\"=dword:0000003C\r\n", "|n|1||60;" },
        { "largest number", HEAD KEY "\"n\"=dword:ffffffff\r\n", "|n|1||4294967295;" },
        { "number as bytes", HEAD KEY "\"n\"=hex(4):3c,00,00,00\r\n", "|n|1||60;" },
        { "binary", HEAD KEY "\"b\"=hex:01,02\r\n", "|b|3||0;" },
        { "no bytes", HEAD KEY "\"b\"=hex:\r\n", "|b|3||0;" },
        { "QWORD", HEAD KEY "\"q\"=hex(b):01,00,00,00,00,00,00,00\r\n", "|q|3||0;" },
        { "expand", HEAD KEY "\"e\"=hex(2):25,00,78,00,25,00,00,00\r\n", "|e|0|%x%|0;" },
        { "text as bytes, unterminated", HEAD KEY "\"e\"=hex(1):78,00\r\n", "|e|0|x|0;" },
        { "list", HEAD KEY "\"l\"=hex(7):61,00,00,00,62,00,63,00,00,00,00,00\r\n",
          "|l|2|a\nbc|0;" },
        { "list over lines",
          HEAD KEY "\"l\"=hex(7):61,00,00,00,\\\r\n  62,00,00,00,\\\r\n  00,00\r\n",
          "|l|2|a\nb|0;" },
        { "list that begins in the next line",
          HEAD KEY "\"l\"=hex(7):\\\r\n  62,00,00,00,00,00\r\n", "|l|2|b|0;" },
        { "list without end", HEAD KEY "\"l\"=hex(7):61,00,00,00,62,00\r\n", "|l|2|a\nb|0;" },
        { "empty list", HEAD KEY "\"l\"=hex(7):00,00\r\n", "|l|2||0;" },
        { "below", HEAD "[HKEY_LOCAL_MACHINE\\Software\\test\\A\\B]\r\n\"n\"=dword:1\r\n",
          "A\\B|n|1||1;" },
        { "a key that only begins alike",
          HEAD KEY "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Tester]\r\n\"n\"=dword:1\r\n", "" },
        { "another hive", HEAD KEY "[HKEY_CURRENT_USER\\SOFTWARE\\Test]\r\n\"n\"=dword:1\r\n", "" },
        { "surrogate alone elsewhere", HEAD KEY "[HKEY_LOCAL_MACHINE\\X]\r\n\"n\"=hex(7):00,d8\r\n",
          "" },
        { "bracket in a key", HEAD "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test\\a]b]\r\n\"n\"=dword:1\r\n",
          "a]b|n|1||1;" },
        { "comments and blanks", HEAD "; note\r\n  \r\n" KEY " ; \"x\"=1\r\n \"n\" = dword:2 \r\n",
          "|n|1||2;" },
        { "LF alone, no end of line at the end",
          "Windows Registry Editor Version 5.00\n"
          "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\n\"n\"=dword:3",
          "|n|1||3;" },
        { "byte order mark", "\xef\xbb\xbf" HEAD KEY "\"\xc3\xa4\"=\"\xe2\x82\xac\"\r\n",
          "|\xc3\xa4|0|\xe2\x82\xac|0;" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer seen = BUFFER_INIT(10000);
        struct error err = ERROR_INIT;
        bool found = false;

        assert_done(walk(bytes_of_text(cases[i].text), &seen, &found, &err), &err, cases[i].name);
        assert_true(found);
        if (strcmp(buffer_text(&seen), cases[i].seen) != 0) {
            fail_msg("%s: %s", cases[i].name, buffer_text(&seen));
        }
        buffer_clear(&seen);
    }
}

/* The file as regedit writes it: UTF-16LE behind FF FE. */
static void to_utf16(const char *text, struct buffer *out)
{
    struct error err = ERROR_INIT;
    struct bytes in = bytes_of_text(text);
    size_t pos = 0;

    assert_true(buffer_append(out, "\xff\xfe", 2, &err));
    while (pos < in.len) {
        uint32_t cp = 0;

        assert_true(text_next_utf8(in, &pos, &cp));
        assert_true(cp < 0xd800);
        assert_true(buffer_append_byte(out, (uint8_t)cp, &err)
                    && buffer_append_byte(out, (uint8_t)(cp >> 8), &err));
    }
}

static void reg_file__utf16__read(void **state)
{
    struct buffer file = BUFFER_INIT(10000);
    struct buffer seen = BUFFER_INIT(10000);
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    to_utf16(HEAD KEY "\"\xc3\xa4\"=\"\xe2\x82\xac\"\r\n", &file);
    assert_done(walk(buffer_bytes(&file), &seen, &found, &err), &err, "");
    assert_true(found);
    assert_string_equal(buffer_text(&seen), "|\xc3\xa4|0|\xe2\x82\xac|0;");
    buffer_clear(&file);
    buffer_clear(&seen);
}

static void reg_file__other_keys__found_is_false(void **state)
{
    struct buffer seen = BUFFER_INIT(10000);
    struct error err = ERROR_INIT;
    bool found = true;

    (void)state;
    assert_done(walk(bytes_of_text(HEAD "[HKEY_LOCAL_MACHINE\\SOFTWARE]\r\n\"a\"=\"b\"\r\n"), &seen,
                     &found, &err),
                &err, "");
    assert_false(found);
    assert_int_equal(seen.len, 0);
}

#define B(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static void reg_file__malformed__refused_with_line(void **state)
{
    static const struct {
        const char *name;
        struct bytes file;
        const char *detail;
    } cases[] = {
        { "nothing", B(""), "line 1" },
        { "old format", B("REGEDIT4\r\n\r\n" KEY), "line 1" },
        { "header with a tail", B("Windows Registry Editor Version 5.00x\r\n"), "line 1" },
        { "value before a key", B(HEAD "\"a\"=\"b\"\r\n"), "line 3" },
        { "key not closed", B(HEAD "[HKEY_LOCAL_MACHINE\\SOFTWARE\r\n"), "line 3" },
        { "nothing in a key's line", B(HEAD "[\r\n"), "line 3" },
        { "something behind a key", B(HEAD "[HKEY_LOCAL_MACHINE\\A] x\r\n"), "line 3" },
        { "key removed", B(HEAD "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\r\n"), "removes a key" },
        { "value removed", B(HEAD KEY "\"a\"=-\r\n"), "removes a value" },
        { "name not closed", B(HEAD KEY "\"a=\"b\"\r\n"), "line 4" },
        { "name to the end", B(HEAD KEY "\"a"), "line 4" },
        { "text not closed", B(HEAD KEY "\"a\"=\"b\r\n"), "ends inside a text" },
        { "escape", B(HEAD KEY "\"a\"=\"\\n\"\r\n"), "backslash" },
        { "escape at the end", B(HEAD KEY "\"a\"=\"\\"), "backslash" },
        { "no data", B(HEAD KEY "\"a\"=\r\n"), "line 4" },
        { "no equals", B(HEAD KEY "\"a\"\r\n"), "line 4" },
        { "unknown data", B(HEAD KEY "\"a\"=qword:1\r\n"), "line 4" },
        { "two values", B(HEAD KEY "\"a\"=dword:1 \"b\"=dword:2\r\n"), "more than one" },
        { "number without digits", B(HEAD KEY "\"a\"=dword:\r\n"), "no digits" },
        { "number too long", B(HEAD KEY "\"a\"=dword:123456789\r\n"), "eight digits" },
        { "number with a letter", B(HEAD KEY "\"a\"=dword:12g\r\n"), "line 4" },
        { "negative number", B(HEAD KEY "\"a\"=dword:-1\r\n"), "no digits" },
        { "half a byte", B(HEAD KEY "\"a\"=hex:1\r\n"), "hexadecimal" },
        { "byte of three digits", B(HEAD KEY "\"a\"=hex:123\r\n"), "commas" },
        { "two commas", B(HEAD KEY "\"a\"=hex:01,,02\r\n"), "hexadecimal" },
        { "type not closed", B(HEAD KEY "\"a\"=hex(7:01\r\n"), "not closed" },
        { "type missing", B(HEAD KEY "\"a\"=hex():01\r\n"), "no digits" },
        { "no colon", B(HEAD KEY "\"a\"=hex 01\r\n"), "line 4" },
        { "continuation with a tail", B(HEAD KEY "\"a\"=hex:01,\\ x\r\n02\r\n"), "line 4" },
        { "odd bytes of a list", B(HEAD KEY "\"a\"=hex(7):61,00,62\r\n"), "line 4" },
        { "lone surrogate", B(HEAD KEY "\"a\"=hex(1):00,d8\r\n"), "line 4" },
        { "number of three bytes", B(HEAD KEY "\"a\"=hex(4):01,00,00\r\n"), "four bytes" },
        { "words", B(HEAD KEY "hello\r\n"), "line 4" },
        { "NUL", B(HEAD KEY "\"a\"=\"b\0c\"\r\n"), "UTF-8" },
        { "not UTF-8", B(HEAD KEY "\"a\"=\"\xff\"\r\n"), "UTF-8" },
        { "UTF-16, half a character", B("\xff\xfeW\0i"), "UTF-16" },
        { "UTF-16 without byte order mark", B("W\0i\0n\0"), "UTF-8" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer seen = BUFFER_INIT(10000);
        struct error err = ERROR_INIT;
        bool found = false;

        assert_refused(walk(cases[i].file, &seen, &found, &err), &err, REASON_SYNTAX,
                       cases[i].name);
        if (strstr(err.detail, cases[i].detail) == NULL) {
            fail_msg("%s: %s", cases[i].name, err.detail);
        }
        buffer_clear(&seen);
    }
}

static void reg_file__limits__hold(void **state)
{
    struct buffer file = BUFFER_INIT(REG_FILE_BYTES_MAX + 10);
    struct buffer seen = BUFFER_INIT(1u << 20);
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    /* a text one byte over what a value may have */
    assert_true(buffer_append_text(&file, HEAD KEY "\"a\"=\"", &err));
    for (size_t i = 0; i <= 2 * REGISTRY_VALUE_BYTES; i++) {
        assert_true(buffer_append_byte(&file, 'x', &err));
    }
    assert_true(buffer_append_text(&file, "\"\r\n", &err));
    assert_refused(walk(buffer_bytes(&file), &seen, &found, &err), &err, REASON_LIMIT, "text");
    error_clear(&err);
    /* one value too many */
    buffer_reset(&file);
    buffer_reset(&seen);
    assert_true(buffer_append_text(&file, HEAD KEY, &err));
    for (size_t i = 0; i < REGISTRY_WALK_VALUES; i++) {
        assert_true(buffer_printf(&file, &err, "\"%zu\"=dword:1\r\n", i));
    }
    assert_done(walk(buffer_bytes(&file), &seen, &found, &err), &err, "as many as may be");
    assert_true(buffer_append_text(&file, "\"more\"=dword:1\r\n", &err));
    assert_refused(walk(buffer_bytes(&file), &seen, &found, &err), &err, REASON_SYNTAX, "values");
    error_clear(&err);
    /* a file over the limit */
    while (file.len <= REG_FILE_BYTES_MAX) {
        assert_true(buffer_append_byte(&file, '\n', &err));
    }
    assert_refused(walk(buffer_bytes(&file), &seen, &found, &err), &err, REASON_LIMIT, "file");
    buffer_clear(&file);
    buffer_clear(&seen);
}

static bool refuse(void *context, const struct registry_value *value, struct error *err)
{
    size_t *visits = context;

    (void)value;
    *visits += 1;
    return error_set(err, REASON_CONFIG_BAD_VALUE, "enough");
}

static void reg_file__visitor_refuses__ends_with_its_reason(void **state)
{
    struct error err = ERROR_INIT;
    size_t visits = 0;
    bool found = false;

    (void)state;
    assert_refused(reg_file_walk(bytes_of_text(HEAD KEY "\"a\"=\"b\"\r\n\"c\"=\"d\"\r\n"),
                                 "SOFTWARE\\Test", refuse, &visits, &found, &err),
                   &err, REASON_CONFIG_BAD_VALUE, "");
    assert_int_equal(visits, 1);
}

/* Cut anywhere, a good file is read or refused, never more. */
static void reg_file__cut_anywhere__survives(void **state)
{
    struct buffer file = BUFFER_INIT(65536);

    (void)state;
    test_fixture_read("ndes/tuned.reg", &file);
    for (size_t len = 0; len < file.len; len++) {
        struct buffer seen = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;
        bool found = false;
        uint8_t *exact = malloc(len > 0 ? len : 1); /* a sanitizer sees a read behind it */

        memcpy(exact, file.data, len);
        if (!reg_file_walk(bytes_of(exact, len), "SOFTWARE", see, &seen, &found, &err)) {
            assert_true(err.reason == REASON_SYNTAX);
        }
        free(exact);
        buffer_clear(&seen);
    }
    buffer_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reg_file__values__read),
        cmocka_unit_test(reg_file__utf16__read),
        cmocka_unit_test(reg_file__other_keys__found_is_false),
        cmocka_unit_test(reg_file__malformed__refused_with_line),
        cmocka_unit_test(reg_file__limits__hold),
        cmocka_unit_test(reg_file__visitor_refuses__ends_with_its_reason),
        cmocka_unit_test(reg_file__cut_anywhere__survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
