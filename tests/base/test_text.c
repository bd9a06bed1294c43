/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Text literal with its length, NUL inside allowed. */
#define B(literal)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static void compare__without_case__only_ascii(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
        bool starts; /* a starts with b */
    } cases[] = {
        { "", "", true, true },       { "PKIOperation", "pkioperation", true, true },
        { "abc", "ab", false, true }, { "ab", "abc", false, false },
        { "@", "`", false, false }, /* 0x40 and 0x60: not letters */
        { "[", "{", false, false },   { "\xc3\x84", "\xc3\xa4", false, false }, /* Ä, ä */
        { "x", "", false, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(text_equal_nocase(cases[i].a, cases[i].b), cases[i].equal);
        assert_int_equal(text_starts_nocase(cases[i].a, cases[i].b), cases[i].starts);
    }
}

static void copy_and_format__too_small__say_so(void **state)
{
    char dst[4] = "xxx";

    (void)state;
    assert_true(text_copy(dst, sizeof(dst), "abc"));
    assert_string_equal(dst, "abc");
    assert_false(text_copy(dst, sizeof(dst), "abcd"));
    assert_string_equal(dst, "");
    assert_false(text_copy(dst, 0, ""));
    assert_true(text_format(dst, sizeof(dst), "%d", 123));
    assert_string_equal(dst, "123");
    assert_false(text_format(dst, sizeof(dst), "%d", 1234));
    assert_string_equal(dst, "123");
}

static void dup__bytes__end_in_nul(void **state)
{
    char *a = text_dup("");
    char *b = text_dup_bytes(bytes_of("abcd", 2));
    char *c = text_dup_bytes(bytes_of(NULL, 0));

    (void)state;
    assert_string_equal(a, "");
    assert_string_equal(b, "ab");
    assert_string_equal(c, "");
    free(a);
    free(b);
    free(c);
}

static void trim__white_space__at_both_ends(void **state)
{
    (void)state;
    assert_bytes_text(text_trim(bytes_of_text(" \t\r\n a b \v\f")), "a b");
    assert_bytes_text(text_trim(bytes_of_text("   ")), "");
    assert_bytes_text(text_trim(bytes_of(NULL, 0)), "");
    assert_bytes_text(text_trim(bytes_of_text("\xc2\xa0x")), "\xc2\xa0x");
}

struct utf8_case {
    const char *name;
    struct bytes text;
    bool valid;
};

static const struct utf8_case utf8_cases[] = {
    { "empty", B(""), true },
    { "ASCII", B("abc\x7f"), true },
    { "two bytes", B("\xc3\xa4"), true },
    { "three bytes", B("\xe2\x82\xac"), true },
    { "four bytes", B("\xf0\x9f\x98\x80"), true },
    { "first of each length", B("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80"), true },
    { "last of all", B("\xf4\x8f\xbf\xbf"), true },
    { "before and after the surrogates", B("\xed\x9f\xbf\xee\x80\x80"), true },
    { "NUL", B("a\0b"), false },
    { "overlong slash, two bytes", B("\xc0\xaf"), false },
    { "overlong slash, three bytes", B("\xe0\x80\xaf"), false },
    { "overlong slash, four bytes", B("\xf0\x80\x80\xaf"), false },
    { "overlong NUL (Java)", B("\xc0\x80"), false },
    { "overlong U+07FF", B("\xe0\x9f\xbf"), false },
    { "overlong U+FFFF", B("\xf0\x8f\xbf\xbf"), false },
    { "surrogate D800", B("\xed\xa0\x80"), false },
    { "surrogate DFFF", B("\xed\xbf\xbf"), false },
    { "surrogate pair (CESU-8)", B("\xed\xa0\xbd\xed\xb8\x80"), false },
    { "U+110000", B("\xf4\x90\x80\x80"), false },
    { "five bytes", B("\xf8\x88\x80\x80\x80"), false },
    { "FE FF", B("\xfe\xff"), false },
    { "continuation alone", B("\x80"), false },
    { "cut after one of two", B("a\xc3"), false },
    { "cut after two of three", B("\xe2\x82"), false },
    { "cut after three of four", B("\xf0\x9f\x98"), false },
    { "second byte is ASCII", B("\xc3("), false },
    { "third byte is a start", B("\xe2\x82\xc3"), false },
    { "Latin-1", B("M\xfcller"), false },
};

static void utf8__forms__valid_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(utf8_cases) / sizeof(utf8_cases[0]); i++) {
        if (text_utf8_valid(utf8_cases[i].text) != utf8_cases[i].valid) {
            fail_msg("%s", utf8_cases[i].name);
        }
    }
}

static void utf8__every_code_point__comes_back(void **state)
{
    struct buffer b = BUFFER_INIT(8);
    struct error err = ERROR_INIT;

    (void)state;
    for (uint32_t cp = 0; cp <= 0x110000; cp++) {
        bool is_character = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
        uint32_t found = 0;
        size_t pos = 0;

        buffer_reset(&b);
        if (text_append_utf8(&b, cp, &err) != is_character) fail_msg("U+%04X", (unsigned)cp);
        if (!is_character) {
            assert_int_equal(err.reason, REASON_SYNTAX);
            error_clear(&err);
            continue;
        }
        if (!text_next_utf8(buffer_bytes(&b), &pos, &found) || found != cp || pos != b.len) {
            fail_msg("U+%04X", (unsigned)cp);
        }
    }
    assert_false(text_append_utf8(&b, UINT32_MAX, &err));
    buffer_clear(&b);
}

struct escape_case {
    const char *name;
    struct bytes text;
    const char *expected;
};

static const struct escape_case escape_cases[] = {
    { "plain", B("CN=vpn 01, O=A/B"), "CN=vpn 01, O=A/B" },
    { "letters of other scripts", B("Z\xc3\xbcrich \xe6\x97\xa5"), "Z\xc3\xbcrich \xe6\x97\xa5" },
    { "line feed forges a log line", B("a\r\nb"), "a\\x0d\\x0ab" },
    { "NUL", B("a\0b"), "a\\x00b" },
    { "escape sequence", B("\x1b[2J"), "\\x1b[2J" },
    { "quotes and backslash", B("\"'\\"), "\\x22\\x27\\x5c" },
    { "DEL", B("\x7f"), "\\x7f" },
    { "C1: CSI", B("\xc2\x9b"), "\\u{009B}" },
    { "bidi override",
      B("\xe2\x80\xae"
        "gpj.exe"),
      "\\u{202E}gpj.exe" },
    { "bidi isolate", B("\xe2\x81\xa6"), "\\u{2066}" },
    { "left-to-right mark", B("\xe2\x80\x8e"), "\\u{200E}" },
    { "Arabic letter mark", B("\xd8\x9c"), "\\u{061C}" },
    { "line separator", B("\xe2\x80\xa8"), "\\u{2028}" },
    { "paragraph separator", B("\xe2\x80\xa9"), "\\u{2029}" },
    { "zero width space", B("\xe2\x80\x8b"), "\\u{200B}" },
    { "byte order mark", B("\xef\xbb\xbf"), "\\u{FEFF}" },
    { "soft hyphen", B("\xc2\xad"), "\\u{00AD}" },
    { "tag character", B("\xf3\xa0\x81\x81"), "\\u{E0041}" },
    { "noncharacter", B("\xf4\x8f\xbf\xbf"), "\\u{10FFFF}" },
    { "malformed", B("\xff\xc0\xaf"), "\\xff\\xc0\\xaf" },
    { "cut character", B("\xe2\x82"), "\\xe2\\x82" },
};

static void escape__hostile_text__is_harmless(void **state)
{
    char out[128];

    (void)state;
    for (size_t i = 0; i < sizeof(escape_cases) / sizeof(escape_cases[0]); i++) {
        text_escape(out, sizeof(out), escape_cases[i].text);
        if (strcmp(out, escape_cases[i].expected) != 0) {
            fail_msg("%s: \"%s\"", escape_cases[i].name, out);
        }
    }
}

static void escape__sentence__keeps_apostrophes_alone(void **state)
{
    char out[128];

    (void)state;
    text_escape_sentence(out, sizeof(out), bytes_of_text("app's \"id\" \\ \n"));
    assert_string_equal(out, "app's \\x22id\\x22 \\x5c \\x0a");
}

static void escape__too_long__is_cut_between_pieces(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *expected;
    } cases[] = {
        { "1234567", 8, "1234567" },
        { "12345678", 8, "1234..." },
        { "123\n\n", 8, "123..." }, /* no half escape */
        { "1\n\n", 8, "1..." },
        { "\n\n", 8, "\\x0a..." },
        { "12\xe2\x82\xac\xe2\x82\xac", 8, "12..." }, /* no half character; 8 bytes would fit */
        { "\xe2\x82\xac\xe2\x82\xac", 8, "\xe2\x82\xac\xe2\x82\xac" },
        { "1234567", 7, "" },
        { "1", 0, "?" },
        { "", 8, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[9] = "?";

        text_escape(out, cases[i].size, bytes_of_text(cases[i].text));
        if (strcmp(out, cases[i].expected) != 0) fail_msg("case %u: \"%s\"", (unsigned)i, out);
    }
}

/* Whatever goes in: NUL at the end, no control character, valid UTF-8, all sizes. */
static void escape__any_bytes_any_size__stay_clean(void **state)
{
    uint8_t data[64];
    char out[80];
    uint32_t seed = 12345;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t size = 8 + (size_t)round % (sizeof(out) - 8);

        for (size_t i = 0; i < sizeof(data); i++) {
            seed = seed * 1664525u + 1013904223u;
            data[i] = (uint8_t)(seed >> 24);
        }
        memset(out, 'Z', sizeof(out));
        text_escape(out, size, bytes_of(data, sizeof(data)));
        assert_non_null(memchr(out, 0, size));
        assert_true(text_utf8_valid(bytes_of_text(out)));
        for (const char *c = out; *c != '\0'; c++) {
            assert_false((unsigned char)*c < 0x20 || *c == 0x7f || *c == '"');
        }
    }
}

static void parse_u64__texts__whole_numbers_only(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } cases[] = {
        { "0", 10, true, 0 },
        { "10", 10, true, 10 },
        { "11", 10, false, 0 },
        { "007", 10, true, 7 },
        { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
        { "18446744073709551616", UINT64_MAX, false, 0 },
        { "99999999999999999999", UINT64_MAX, false, 0 },
        { "184467440737095516150", UINT64_MAX, false, 0 },
        { "", 10, false, 0 },
        { "-1", 10, false, 0 },
        { "+1", 10, false, 0 },
        { " 1", 10, false, 0 },
        { "1 ", 10, false, 0 },
        { "0x1", 10, false, 0 },
        { "1e3", 10000, false, 0 },
        { "\xd9\xa1", 10, false, 0 }, /* Arabic digit one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;
        bool ok = text_parse_u64(bytes_of_text(cases[i].text), cases[i].max, &value);

        if (ok != cases[i].ok || value != cases[i].value) fail_msg("\"%s\"", cases[i].text);
    }
}

static void hex__bytes__and_back(void **state)
{
    static const char *const bad[] = { "0", "0g", "0x", " 00", "00 ", "\xc3\xa4" };
    uint8_t all[256];
    uint8_t back[256];
    char text[2 * sizeof(all) + 1];
    char small[6];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (uint8_t)i;
    }
    text_hex(text, sizeof(text), bytes_of(all, sizeof(all)));
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102030405060708090a0b", 24);
    assert_true(text_unhex(back, sizeof(back), &len, bytes_of_text(text)));
    assert_int_equal(len, 256);
    assert_memory_equal(all, back, sizeof(all));
    assert_true(text_unhex(back, 2, &len, bytes_of_text("aBCd")));
    assert_int_equal(back[0], 0xab);
    assert_int_equal(back[1], 0xcd);
    assert_false(text_unhex(back, 1, &len, bytes_of_text("aBCd")));
    assert_true(text_unhex(back, 0, &len, bytes_of_text("")));
    assert_int_equal(len, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(text_unhex(back, sizeof(back), &len, bytes_of_text(bad[i])));
    }
    text_hex(small, sizeof(small), bytes_of(all, 3));
    assert_string_equal(small, "0001");
    text_hex(small, 1, bytes_of(all, 3));
    assert_string_equal(small, "");
}

struct glob_case {
    const char *pattern;
    const char *text;
    bool match;
};

static const struct glob_case glob_cases[] = {
    { "", "", true },
    { "", "a", false },
    { "*", "", true },
    { "**", "", true },
    { "*", "anything", true },
    { "?", "", false },
    { "?", "a", true },
    { "?", "ab", false },
    { "?", "\xe6\x97\xa5", true }, /* one character of three bytes */
    { "??", "\xe6\x97\xa5", false },
    { "*??", "\xe6\x97\xa5", false },
    { "*?", "\xe6\x97\xa5", true },
    { "a*c", "abbbc", true },
    { "a*c", "abbbcd", false },
    { "*.Example.COM", "host.example.com", true },
    { "*.example.com", "example.com", false },
    { "a*b*c", "axxbyybzzc", true },
    { "a*b*c", "axxcyyb", false },
    { "*a?", "aab", true },
    { "*ab", "aaab", true },
    { "abc", "abc", true },
    { "abc*", "abc", true },
    { "[ab]", "a", false }, /* no character classes */
    { "[ab]", "[ab]", true },
    { "\\*", "\\x", true }, /* no escapes */
};

static void glob__patterns__match_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(glob_cases) / sizeof(glob_cases[0]); i++) {
        const struct glob_case *c = &glob_cases[i];

        if (text_glob(c->pattern, bytes_of_text(c->text)) != c->match) {
            fail_msg("\"%s\" and \"%s\"", c->pattern, c->text);
        }
    }
    assert_true(text_glob("a?b", bytes_of("a\0b", 3)));
}

/* Exponential matchers need longer than the universe for this one. */
static void glob__many_stars__end_in_time(void **state)
{
    char pattern[401];
    char text[20001];

    (void)state;
    for (size_t i = 0; i < sizeof(pattern) - 1; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    pattern[sizeof(pattern) - 2] = 'b';
    pattern[sizeof(pattern) - 1] = '\0';
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(text_glob(pattern, bytes_of_text(text)));
}

static void items__list__trimmed_and_without_empty_ones(void **state)
{
    static const char *const expected[] = { "10.0.0.0/8", "b c", "d" };
    struct bytes list = bytes_of_text(" 10.0.0.0/8 ,, \t,b c\n,d,");
    struct bytes item;
    size_t pos = 0;
    size_t count = 0;

    (void)state;
    while (text_next_item(list, ',', &pos, &item)) {
        assert_true(count < 3);
        assert_bytes_text(item, expected[count]);
        count++;
    }
    assert_int_equal(count, 3);
    assert_false(text_next_item(list, ',', &pos, &item));
    pos = 0;
    assert_false(text_next_item(bytes_of_text(" , ,"), ',', &pos, &item));
    pos = 0;
    assert_false(text_next_item(bytes_of(NULL, 0), ',', &pos, &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare__without_case__only_ascii),
        cmocka_unit_test(copy_and_format__too_small__say_so),
        cmocka_unit_test(dup__bytes__end_in_nul),
        cmocka_unit_test(trim__white_space__at_both_ends),
        cmocka_unit_test(utf8__forms__valid_or_not),
        cmocka_unit_test(utf8__every_code_point__comes_back),
        cmocka_unit_test(escape__hostile_text__is_harmless),
        cmocka_unit_test(escape__sentence__keeps_apostrophes_alone),
        cmocka_unit_test(escape__too_long__is_cut_between_pieces),
        cmocka_unit_test(escape__any_bytes_any_size__stay_clean),
        cmocka_unit_test(parse_u64__texts__whole_numbers_only),
        cmocka_unit_test(hex__bytes__and_back),
        cmocka_unit_test(glob__patterns__match_or_not),
        cmocka_unit_test(glob__many_stars__end_in_time),
        cmocka_unit_test(items__list__trimmed_and_without_empty_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
